# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates, private keys, CSRs, chains, and CRLs, in any encoding. All of it is pure: bytes in, facts out.

A `Bundle` is a certificate with its intermediate certificates and its key. Whether a TLS client accepts a chain, OpenSSL decides, in
`tls_client`. Begin with `certificate`, then `chain`; `messages` says what is wrong with bytes, and why it is not known whether something was revoked.
"""
