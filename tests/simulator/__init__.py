# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A SoftLayer API, a Secrets Manager, a certificate authority and its mail, in one process, for tests and the demo.

What load balancers serve is served by that process, too, or by HAProxy.

``python -m tests.simulator --help`` starts it; ``tests.simulator.client.Simulator`` starts it from a test.
The collection itself never imports it.
"""

from __future__ import annotations
