# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules of this collection have in common as modules."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of all modules, and of those that only read."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Shows what would be done, and does nothing.
  diff_mode:
    description: Shows what changes, as public facts only.
  idempotent:
    description: A second run right after the first changes nothing.
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
    description: Sets the API's options once, in C(module_defaults).
    support: full
    membership:
      - softlayer.certificates.softlayer
"""

    PROGRESS = r"""
options: {}
attributes:
  progress:
    description: On Linux, the module shows on your terminal every 15 seconds how much is done and what it waits for.
    support: partial
    details:
      - Nothing is shown in jobs of AWX and ansible-runner, in a pipe, by cron, with the callback P(softlayer.certificates.quiet#callback), in check
        mode, by a module that runs on another host, or by a user who may not write to the terminal, as after C(su).
      - The environment variable C(SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS) sets another interval. With V(0), nothing is shown.
"""
