# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SoftLayer API: options, settings, SDK session, errors, and paging; SSL orders, the certificate store, and load balancers.

`orders`, `store`, and `load_balancers` return dataclasses with only the fields that the collection needs. Other rooms make all decisions
about certificates. Begin with `client`, then `store`.
"""
