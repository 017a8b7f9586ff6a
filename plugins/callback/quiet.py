# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print only the error of a failed run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: quiet
type: stdout
short_description: Print only the error of a failed run
version_added: 1.0.0
description:
  - For schedulers and certbot hooks. A successful run prints nothing. At the end of a failed run, the C(msg) of the failed task is written to the
    standard error. For a task with C(no_log), the name of the task is written instead.
  - With C(-i localhost,), Ansible prints no warning about a missing inventory.
author:
  - softlayer.certificates contributors (@softlayer)
seealso:
  - plugin: softlayer.certificates.summary
    plugin_type: callback
  - ref: ansible_collections.softlayer.certificates.docsite.guide_lets_encrypt
    description: Certificates that are renewed automatically.
"""

EXAMPLES = r"""
# export ANSIBLE_STDOUT_CALLBACK=softlayer.certificates.quiet
# ansible-playbook -i localhost, softlayer.certificates.rotate -e @rotation.yml
"""

from ansible_collections.softlayer.certificates.plugins.plugin_utils._failures import FailuresCallback


class CallbackModule(FailuresCallback):
    """The callback plugin. Ansible requires this class name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "softlayer.certificates.quiet"
