# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTML, CSV, JSON, the table and the lines that a run ends with, and metrics, of what the modules returned. It decides nothing.

The report of SSL orders is in `_orders`, and the module `ssl_certificate_report` is given it. Begin with `run`, then `report`; the lines
that a rotation ends with are in `summary`.
"""
