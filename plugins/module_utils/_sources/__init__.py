# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that ACME clients and people keep in files: one small file for each client or kind of directory, from a path to bundles.

`source` knows all of them, and pairs certificates with keys; `files` reads; `messages` says what is wrong with files, and how people renew
what a source has. To add a client, copy
`lego`. Mailboxes and IBM Cloud Secrets Manager are read by their own rooms, and become sources in `_rotation/read_sources`.
"""
