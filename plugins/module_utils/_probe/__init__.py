# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe endpoints: TLS handshakes, their evaluation, revocation checks, and the module `ssl_endpoint_info`.

`handshake` is the only file that connects to an endpoint over TLS; `evaluate` evaluates a result for a TLS client, and `revocation` queries CAs.
Begin with `run`; `messages` contains the messages.
"""
