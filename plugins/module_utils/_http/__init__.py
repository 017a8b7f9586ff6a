# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only HTTP client: one deadline for an exchange, proxy and CA bundle, an adaptive rate, retries, answers of limited size, cached downloads.

It knows no service. `_softlayer` and `_secrets_manager` send their SDK's requests through `caller`; `_probe` uses the sockets of
`connection`. Begin with `caller`; what an unanswered call means is in `faults`.
"""
