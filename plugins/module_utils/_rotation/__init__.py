# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotate, deploy, adopt, clean up: from the bundles of the sources to listeners that serve them.

`run_rotate` and `run_deploy` are the modules `ssl_certificate_rotate` and `ssl_certificate_deploy`, from top to bottom; the steps of the former
are in `apply`. `read` and `read_sources` read a `World`; each phase has its decisions (`plan_import`, `plan_deploy`, `plan_adopt`,
`plan_clean_up`), and what a person must know is decided in `attention`. A `Target` is a listener or an endpoint. Listeners are changed only
in `switch`, and seen in `verify`. No other room imports this one.
"""
