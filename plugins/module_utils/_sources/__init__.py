# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates in files of ACME clients and in directories: one small file for each ACME client or kind of directory, from a path to bundles.

`source` lists them and pairs certificates with keys; `files` reads; `messages` has the texts about unusable files and how to renew a
certificate of each source. To add an ACME client, copy `lego`. Mailboxes and IBM Cloud Secrets Manager are read by their own rooms, and become
sources in `_rotation/read_sources`.
"""
