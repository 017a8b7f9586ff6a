# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotate, deploy, adopt, clean up: from the bundles of the sources to listeners that serve them.

`run_rotate` and `run_deploy` are the modules `ssl_certificate_rotate` and `ssl_certificate_deploy`, from top to bottom. `read` and `read_sources`
read a `World`. Each phase has its decisions (`plan_import`, `plan_deploy`, `plan_adopt`, `plan_clean_up`), its steps (`apply_import`,
`apply_deploy`, `apply_verify`, `apply_clean_up`), and its sentences (`messages_import`, `messages_deploy`); `attention` decides what needs
attention. A `Target` is a listener or an endpoint: only `switch` changes listeners, and only `watch` probes them. No other room imports this one.
"""
