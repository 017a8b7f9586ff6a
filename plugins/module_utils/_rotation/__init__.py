# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotate, deploy, adopt, and clean up certificates: import them from sources, and switch listeners to them.

`run_rotate` and `run_deploy` implement the modules `ssl_certificate_rotate` and `ssl_certificate_deploy`. `read` and `read_sources` read a
`World`. Each phase has its decisions (`plan_import`, `plan_deploy`, `plan_adopt`, `plan_clean_up`), its steps (`apply_import`, `apply_deploy`,
`apply_verify`, `apply_clean_up`), and its messages (`messages_import`, `messages_deploy`); `attention` finds the listeners that need attention.
A `Target` is a listener or an endpoint: only `switch` changes listeners, and only `watch` probes them. No other room imports this one.
"""
