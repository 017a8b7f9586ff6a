# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of C(ssl_certificate_import) that describe one certificate: at top level, and in its list."""

from __future__ import annotations

import textwrap

ONE_CERTIFICATE = r"""
state:
  description:
    - Whether the certificate is to be in the store or not.
  type: str
  choices: [present, absent]
  default: present
certificate_path:
  description:
    - Path of a file with the certificate, and possibly its chain, as PEM, DER or PKCS#7.
    - PEM may have CRLF line ends, indentation and text around it; the certificates in it may stand in any order.
  type: path
certificate_content:
  description:
    - The certificate, and possibly its chain, as PEM text.
  type: str
privatekey_path:
  description:
    - Path of a file with the private key as PEM or DER, PKCS#8 or traditional.
  type: path
privatekey_content:
  description:
    - The private key as PEM text.
  type: str
privatekey_passphrase:
  description:
    - Passphrase of the private key. The key is decrypted locally, as the store takes none with a passphrase. It does no harm
      if the key has none.
  type: str
intermediate_path:
  description:
    - Path of a file with the intermediate certificates as PEM, DER or PKCS#7. They are put in order, and a root is left out.
  type: path
intermediate_content:
  description:
    - The intermediate certificates as PEM text.
  type: str
csr_path:
  description:
    - Path of a file with the certificate signing request. It must be for the certificate's public key, and is stored beside it.
  type: path
csr_content:
  description:
    - The certificate signing request as PEM text.
  type: str
pkcs12_path:
  description:
    - Path of a PKCS#12 file with certificate, private key and chain, instead of giving them one by one.
  type: path
pkcs12_passphrase:
  description:
    - Passphrase of the PKCS#12 file.
  type: str
notes:
  description:
    - Notes to keep with the certificate. Those that are there stay as they are if this is not given.
  type: str
order_id:
  description:
    - Id of an SSL order. The certificate must carry the public key of that order's CSR.
  type: int
certificate_id:
  description:
    - Id, in the store, of the certificate to delete.
  type: int
fingerprint_sha256:
  description:
    - SHA-256 fingerprint of the certificate to delete, in hex, with or without colons.
  type: str
common_name:
  description:
    - Common name of the certificate to delete. If the store has more than one with it nothing is deleted.
  type: str
allow_expired:
  description:
    - Whether to import a certificate that has expired, or whose chain has.
  type: bool
  default: false
verify_chain:
  description:
    - Whether to check that the intermediate certificates issued the certificate, and to put them in order.
  type: bool
  default: true
remove_superseded:
  description:
    - Whether to delete older certificates of the same common name once the new one is stored.
    - Only those are deleted that no service uses, that have the same organization and key type, and that hold no name which the
      new one lacks.
  type: bool
  default: false
"""


class ModuleDocFragment:
    """The options, once at top level and once inside C(certificates); defined in C(module_utils/_argspec.py)."""

    DOCUMENTATION = "options:\n" + textwrap.indent(ONE_CERTIFICATE, "  ")

    MANY = r"""
options:
  certificates:
    description:
      - Several certificates, each with the options that one has at top level. It excludes those.
      - One login and one listing of the store serve all of them.
    type: list
    elements: dict
    suboptions:
""" + textwrap.indent(ONE_CERTIFICATE, "      ")
