# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor of a search in a mailbox: messages that are known beforehand, downloaded by imap-tools, and nothing done with them.

Reads its options as JSON from standard input.
"""

from __future__ import annotations

import json
import ssl
import sys

import imap_tools


def main() -> None:
    """Download the messages and tell how many there were."""
    given = json.load(sys.stdin)
    imap = given["imap"]
    context = ssl.create_default_context(cafile=imap["ca_path"])
    with imap_tools.MailBox(imap["host"], imap["port"], ssl_context=context) as box:
        box.login(imap["username"], imap["password"], initial_folder=None)
        box.folder.set("INBOX", readonly=True)
        messages = box.fetch(imap_tools.AND(uid=given["uids"]), mark_seen=False, bulk=100)
        print(json.dumps({"done": sum(1 for _message in messages)}))


if __name__ == "__main__":
    main()
