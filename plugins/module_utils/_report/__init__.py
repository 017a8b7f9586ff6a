# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports (HTML, CSV, JSON), the last lines of a run, and metrics, made from the results of modules. It decides nothing.

The report of SSL orders is in `_orders`, and the module `ssl_certificate_report` gets it. Begin with `run`, then `report`; the last
lines of a rotation are in `summary`.
"""
