# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse and verify certificates, private keys, CSRs, certificate chains, and CRLs. All functions are pure.

Start with `certificate` and `chain`. OpenSSL verifies chains in `tls_client`.
"""
