#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that does nothing but return a result from a file: what it costs Ansible to hand that over."""

from __future__ import annotations

import json

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Entry point."""
    module = AnsibleModule({"path": {"type": "path", "required": True}})
    with open(module.params["path"], encoding="utf-8") as file:
        result = json.load(file)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
