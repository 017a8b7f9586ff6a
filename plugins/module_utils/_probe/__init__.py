# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What endpoints serve: the TLS handshake, what its result means, which certificates are revoked, and the module `ssl_endpoint_info`.

`handshake` is the only place that speaks TLS to an endpoint; `evaluate` says what a result means for a TLS client, and
`revocation` asks CAs. Begin with `run`; `messages` has the sentences.
"""
