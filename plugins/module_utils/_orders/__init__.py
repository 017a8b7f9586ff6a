# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything about SSL orders: list them, request fulfillment emails again, find certificates in mailboxes, pair them with private keys, and report.

`run_list`, `run_request`, and `run_collect` are the modules `ssl_order_info`, `ssl_fulfillment_email`, and `ssl_fulfillment_email_info`; begin
there. Whether an email is requested is decided in `plan_request`, which certificate in a mailbox is an order's in `plan_collect`, and
which order can be imported in `import_files`; `messages` has the sentences about all of that. `mailbox` and `imap` read mailboxes, and
`message` finds certificates in the bytes of a message. Whoever works on rotations needs only the sources of kind `mail` from here.
"""
