#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put certificates into, or take them out of, the account's certificate store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_import
short_description: Put certificates into, or take them out of, the certificate store
version_added: 1.0.0
description:
  - Imports certificates, with their private keys and intermediate certificates, into the certificate store of a SoftLayer (IBM Cloud
    Classic Infrastructure) account, from where load balancers use them by id. The certificates may come from any certificate authority.
  - All that can be checked locally is checked first, in check mode as well. Nothing is stored that does not fit together.
  - A certificate is recognised by its DER encoding, so the same one in another encoding or with other line ends is not imported again.
    With one of the store that cannot be read nothing is compared; a warning names it.
  - Runs at the same time, for several hosts, from several controllers, store a certificate once; see O(ledger_url).
  - One certificate is given by the options at top level, several by O(certificates). One that fails does not keep the others
    from being imported; the module then fails at its end, and its result tells of each.
  - Right before a record is deleted it is read once more. It is kept if a service uses it by now, or if it has been given another certificate.
author:
  - softlayer.certificates contributors (!UNKNOWN)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.ledger
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows public facts only, never a key.
  idempotent:
    support: full
options:
  certificates:
    description:
      - Several certificates, each with the options that one has at top level. It excludes those. None if it is empty or null.
      - One login and one listing of the store serve all of them.
    type: list
    elements: dict
    suboptions: &one_certificate
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
          - Notes to keep with the certificate. Those that are there stay as they are if this is not given. Line ends at their end
            do not count, and control characters are refused.
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
          - Whether to check that the intermediate certificates issued the certificate, and to put them in order. What the chain does not
            need, such as roots and expired cross-signed certificates beside a valid path, is left out with a warning.
        type: bool
        default: true
      remove_superseded:
        description:
          - Whether to delete older certificates once the new one is stored that has all of their names, the DNS names and the common name.
          - Only those are deleted that no service uses and that have the same organization and key type. A certificate that is not valid now
            takes nothing's place.
        type: bool
        default: false
      trust:
        description:
          - What to do about a certificate whose chain does not lead to a root that is trusted, with every signature and date right.
          - V(require) refuses it, V(warn) stores it with a warning, V(ignore) does not look.
        type: str
        choices: [require, warn, ignore]
        default: warn
      trusted_ca_path:
        description:
          - File, or folder of files, with the certificates that are trusted, as PEM. That need not be roots.
          - By default those of the machine are, where OpenSSL finds them (E(SSL_CERT_FILE), E(SSL_CERT_DIR), or the distribution's).
        type: path
  <<: *one_certificate
  concurrency:
    description:
      - How many API calls may be under way at the same time, V(1) to V(256).
    type: int
    default: 8
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger, in which a certificate is claimed before it is created, so that runs at the same time store it
        once. See O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url); both modules use the same one.
      - Taken from the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL) if not given, else it is the file
        C(softlayer.certificates/ledger.sqlite3) under the user's state directory, E(XDG_STATE_HOME) or C(~/.local/state).
      - It is used only where something is to be created. Without it nothing is.
    type: str
"""

EXAMPLES = r"""
- name: Import a certificate from files
  softlayer.certificates.ssl_certificate_import:
    certificate_path: /etc/ssl/example.com.crt
    privatekey_path: /etc/ssl/private/example.com.key
    intermediate_path: /etc/ssl/example.com.ca-bundle
    notes: web frontend

- name: Import the certificate of an SSL order, and make sure that it is that order's
  softlayer.certificates.ssl_certificate_import:
    order_id: 1234
    certificate_content: "{{ lookup('ansible.builtin.file', 'www_example_com.pem') }}"
    privatekey_content: "{{ vault_www_example_com_key }}"
    privatekey_passphrase: "{{ vault_www_example_com_passphrase }}"
    intermediate_content: "{{ lookup('ansible.builtin.file', 'bundle.pem') }}"
    csr_path: www_example_com.csr
  no_log: true

- name: Import a renewed certificate and delete the older ones that nothing uses
  softlayer.certificates.ssl_certificate_import:
    pkcs12_path: renewed.p12
    pkcs12_passphrase: "{{ vault_pkcs12_passphrase }}"
    remove_superseded: true

- name: Import several certificates with one login and one listing of the store
  softlayer.certificates.ssl_certificate_import:
    certificates:
      - certificate_path: a.example.com.crt
        privatekey_path: a.example.com.key
      - certificate_path: b.example.com.crt
        privatekey_path: b.example.com.key
        csr_content: "{{ lookup('ansible.builtin.file', 'b.example.com.csr') }}"
        verify_chain: false
        allow_expired: true
        trust: ignore
    concurrency: 4

- name: Import a certificate of an authority of one's own, and no other
  softlayer.certificates.ssl_certificate_import:
    certificate_path: /etc/ssl/www.example.com.crt
    privatekey_path: /etc/ssl/private/www.example.com.key
    intermediate_path: /etc/ssl/www.example.com.ca-bundle
    trust: require
    trusted_ca_path: /etc/ssl/authority/root.pem

- name: Import a certificate from any of several controllers, which share a ledger
  softlayer.certificates.ssl_certificate_import:
    pkcs12_path: renewed.p12
    pkcs12_passphrase: "{{ vault_pkcs12_passphrase }}"
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"

- name: Delete a certificate by its fingerprint
  softlayer.certificates.ssl_certificate_import:
    state: absent
    fingerprint_sha256: 5f:0c:2d:61:b0:3e:9c:f5:3e:8a:a7:11:0b:7c:34:c1:52:90:aa:77:e1:ce:28:4d:f9:7b:a4:b0:66:1d:02:9e

- name: Delete certificates by id and by common name
  softlayer.certificates.ssl_certificate_import:
    certificates:
      - state: absent
        certificate_id: 4711
      - state: absent
        common_name: old.example.com
"""

RETURN = r"""
certificates:
  description: What was done, or in check mode would be done, about each certificate, in the order in which they were given.
  returned: when the options could be read
  type: list
  elements: dict
  contains:
    id:
      description: Id in the store; null if it is not there, or in check mode not there yet.
      type: int
      sample: 4711
    common_name:
      description: The subject's common name.
      type: str
      sample: www.example.com
    fingerprint_sha256:
      description: SHA-256 of the DER encoding, in hex.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    public_key_sha256:
      description: SHA-256 of the public key (SubjectPublicKeyInfo), in hex.
      type: str
      sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
    serial_number:
      description: The serial number.
      type: int
      sample: 305419896
    not_before:
      description: Start of validity.
      type: str
      sample: "2026-02-01T00:00:00Z"
    not_after:
      description: End of validity.
      type: str
      sample: "2027-01-31T23:59:59Z"
    subject_alt_names:
      description: The subject alternative names.
      type: list
      elements: str
      sample: [www.example.com, example.com]
    key_type:
      description: Algorithm of the key.
      type: str
      sample: RSA
    key_size:
      description: Size of the key in bits.
      type: int
      sample: 2048
    trust:
      description:
        - V(trusted), its chain leads to a root that is trusted. V(incomplete), an issuer is missing. V(untrusted), all else.
        - Null if that was not looked at.
      type: str
      sample: trusted
    notes:
      description: The notes that stand with it in the store.
      type: str
      sample: web frontend
    order_id:
      description: The SSL order that it was checked against.
      type: int
      sample: 1234
    outcome:
      description:
        - V(imported), V(updated), V(unchanged), V(removed) or V(failed). In check mode, what the outcome would be.
      type: str
      sample: imported
    reason:
      description:
        - Null unless it failed.
        - V(invalid_pem), what was given does not parse.
        - V(key_mismatch), V(csr_mismatch) or V(order_mismatch), its public key is not that of the key, the CSR or the order.
        - V(chain_invalid), the intermediate certificates did not issue it, or there is no valid path through them.
        - V(untrusted) or V(chain_incomplete), with O(trust=require), its chain does not lead to a root that is trusted, or an issuer is missing.
        - V(expired) or V(not_yet_valid).
        - V(bad_passphrase), the key or the PKCS#12 file cannot be decrypted.
        - V(in_use), a service uses it, and the store does not allow the change; or it is to be deleted, and the API does not tell whether
          one uses it.
        - V(not_found), a file, the order or the record is not there.
        - V(ambiguous), more than one certificate was meant; or the record to delete has been given another one since it was listed.
        - V(refused), the store said no, is known to, or could not be read any more over XML-RPC with such O(notes) or names.
        - V(api_error), the API reported an error, or the ledger cannot be used; RV(certificates[].message) quotes it.
        - V(outcome_unknown), no answer came, or only that something went wrong, and it could not be found out whether the store took it.
          The next run waits until it cannot arrive any more, and looks again.
      type: str
      sample: key_mismatch
    superseded:
      description:
        - Certificates in the store that were issued before it and whose names, DNS names and common name, it has all, and those of the same
          common name. None if it is not valid now. Where one of them ends later, a warning says so.
      type: list
      elements: dict
      contains:
        id:
          description: Id in the store.
          type: int
          sample: 4001
        not_after:
          description: End of its validity.
          type: str
          sample: "2026-02-11T23:59:59Z"
        associated_service_count:
          description: Number of services that use it; null if the API does not tell it. Then it is not deleted.
          type: int
          sample: 0
        removed:
          description: Whether it was, or in check mode would be, deleted.
          type: bool
          sample: true
    message:
      description: The outcome in words.
      type: str
      sample: Imported.
certificate:
  description: The one entry of RV(certificates), if the certificate was given at top level.
  returned: when the options at top level were used
  type: dict
api_calls:
  description: Number of HTTP requests that were made.
  returned: when the options could be read
  type: int
  sample: 3
failure:
  description: What went wrong, for programs.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - Stable name of the failure, such as V(certificates_failed) or V(authentication_failed).
        - V(interrupted), the run was told to stop by a signal; what had begun was finished.
      type: str
      sample: certificates_failed
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: What belongs to the case.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._run.certificate_import import LIBRARIES, SPEC, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
