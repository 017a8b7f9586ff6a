# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints nothing when all is well, and only why not when a task fails."""

from __future__ import annotations

DOCUMENTATION = r"""
name: quiet
type: stdout
short_description: Print nothing when all is well, and only the sentence when not
version_added: 1.0.0
description:
  - For hooks of C(certbot) and for cron. A run that succeeds prints nothing. Of one that fails, the C(msg) of the task that failed is written
    to the standard error, and C(ansible-playbook) ends with an error as ever.
  - With C(-i localhost,), Ansible itself has nothing to warn of either.
author:
  - softlayer.certificates contributors (!UNKNOWN)
seealso:
  - ref: ansible_collections.softlayer.certificates.docsite.guide_lets_encrypt
    description: Certificates that are renewed by themselves.
"""

EXAMPLES = r"""
# export ANSIBLE_STDOUT_CALLBACK=softlayer.certificates.quiet
# ansible-playbook -i localhost, softlayer.certificates.rotate -e @rotation.yml
"""

import typing as t

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Prints why tasks fail."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "softlayer.certificates.quiet"

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Print why a task has failed, unless that does not matter."""
        if not ignore_errors:
            self._tell(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Print why a host cannot be reached."""
        self._tell(result)

    def _tell(self, result: t.Any) -> None:
        # From ansible-core 2.19 on, `result` is what is to be read.
        told = result.result if hasattr(result, "result") else result._result
        said = [told, *(item for item in told.get("results") or () if item.get("failed"))]
        sentences = [str(each["msg"]) for each in said if each.get("msg")]
        if str(told.get("msg")).startswith("MODULE FAILURE"):  # the last line of a traceback says what it was
            sentences += str(told.get("module_stderr") or "").strip().splitlines()[-1:]
        for sentence in dict.fromkeys(sentences):
            self._display.display(sentence, stderr=True)
