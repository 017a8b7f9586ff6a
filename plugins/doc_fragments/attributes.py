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
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
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
    description: Use C(group/softlayer.certificates.softlayer) in C(module_defaults) to set the API options once for all modules.
    support: full
    membership:
      - softlayer.certificates.softlayer
"""

    PROGRESS = r"""
options: {}
attributes:
  progress:
    description: On a terminal, shows every 15 seconds how much is done. The output of jobs of AWX is a terminal, too.
    support: partial
    details:
      - The environment variable C(SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS) of Ansible itself sets another interval. With V(0), nothing is
        shown.
      - Nothing is shown in check mode, by tasks with C(async), and by tasks that run on another machine than Ansible.
"""
