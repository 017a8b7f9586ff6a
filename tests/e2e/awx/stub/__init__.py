# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of AWX's API as a setup playbook uses, with what it refuses. No job runs in it.

`options/` holds what AWX itself says that it accepts on POST (OPTIONS, `actions.POST`).
"""
