# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IBM Cloud Secrets Manager and IAM's login, with the users of the simulated account; what they answer is what IBM's SDK reads."""

from __future__ import annotations
