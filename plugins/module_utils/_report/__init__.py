# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports (HTML, CSV, JSON), the last lines of a run, and metrics, made from the results of modules.

The room makes no decisions. `_orders` contains the report of SSL orders. Begin with `run`, then `report`; `summary` contains the last lines
of a rotation.
"""
