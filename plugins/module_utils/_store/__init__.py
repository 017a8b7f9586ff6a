# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates in the store: import, remove, list, and export them.

`run_import`, `run_export`, and `run_list` are the modules `ssl_certificate_import`, `ssl_certificate_export`, and
`ssl_certificate_info`. `plan_import` and `plan_export` decide; `apply` creates each certificate
only once, edits, and deletes. `messages` has the messages. Begin with `run_import`.
"""
