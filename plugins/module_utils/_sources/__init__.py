# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates in files of ACME clients and in directories, with one module for each ACME client or kind of directory.

`source` lists the sources and pairs certificates with keys; `files` reads the files; `messages` has the messages about unusable files, and the
remedies for each source. To add an ACME client, copy `lego`. Other rooms read mailboxes and IBM Cloud Secrets Manager, which become sources in
`_rotation/read_sources`.
"""
