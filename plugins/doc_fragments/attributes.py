# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attributes that several modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of all modules, and of those that only read."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: In check mode, the module returns what it would change, and changes nothing.
  diff_mode:
    description: In diff mode, the module returns the differences. They contain public facts only, never a private key or a password.
  idempotent:
    description: If the module runs a second time immediately after the first, the second run changes nothing.
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
  idempotent:
    support: full
    details:
      - This action does not modify state.
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use the action group in C(module_defaults) to set the options of the API for all modules at once.
    support: full
    membership:
      - softlayer.certificates.softlayer
"""

    PROGRESS = r"""
options: {}
attributes:
  progress:
    description: On Linux, the module reports its progress on your terminal every 15 seconds.
    support: partial
    details:
      - The module reports no progress in jobs of AWX and ansible-runner, in a pipe, in a cron job, with the callback
        P(softlayer.certificates.quiet#callback), in check mode, on a remote host, or if the user cannot write to the terminal (for example after
        C(su)).
      - The environment variable C(SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS) sets the interval in seconds. V(0) disables progress reports.
"""
