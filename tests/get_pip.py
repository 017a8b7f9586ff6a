# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put pip into the virtual environment that runs this: ansible-test's bootstrap, less the download.

It is the pip that Python brings along, whatever version ansible-test asks for: that installs its requirements as well.
"""

from __future__ import annotations

import ensurepip

ensurepip.bootstrap()
