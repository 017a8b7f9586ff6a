# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSL orders: list orders, request fulfillment emails again, find certificates in mailboxes, pair certificates with private keys, and report.

Begin with `run_list`, `run_request`, and `run_collect`: the modules `ssl_order_info`, `ssl_fulfillment_email`, and
`ssl_fulfillment_email_info`. `plan_request` selects the emails to request, `plan_collect` the orders' certificates in a mailbox, and
`import_files` the orders to import; `messages` has the sentences. `mailbox` and `imap` read mailboxes, and `message` finds certificates in the
bytes of a message. Rotations need only the sources of kind `mail` from this room.
"""
