# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SoftLayer API: options, settings, the session of the SDK, what failed calls mean, paging; SSL orders, the certificate store, load balancers.

`orders`, `store`, and `load_balancers` return dataclasses with the fields that the collection needs, and nothing else leaves this room.
It decides nothing about certificates. Begin with `client`, then `store`.
"""
