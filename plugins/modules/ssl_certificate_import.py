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
    Classic Infrastructure) account. Load balancers use them from there by id. The certificates may come from any certificate authority.
  - First, everything that can be checked locally is checked, also in check mode. A certificate is stored only if its parts fit together.
  - Certificates are compared by their DER encoding. The same certificate in another encoding or with other line endings is not imported
    again. A certificate in the store that cannot be read is not compared; a warning names it.
  - Concurrent runs, for several hosts or from several controllers, store a certificate only once; see O(ledger_url).
  - Use the options at top level for one certificate, and O(certificates) for several. If one fails, the others are still imported. The
    module then fails at its end, and its result reports each certificate.
  - Whether the store keeps more than one intermediate certificate is not documented, so each import looks at what it has kept. If that is
    less than clients need, the import fails as V(chain_truncated). If they do not need what is left out, a warning names it.
  - A record that a service uses cannot be given intermediate certificates. If it lacks some that clients need, the certificate is stored
    once more with them, and V(imported). Then M(softlayer.certificates.ssl_certificate_deploy) switches the listeners to the
    complete record, and with O(remove_superseded), the next import deletes the incomplete one. There is no other case of two records of
    one certificate.
  - Each record is read again right before it is deleted. It is kept if a service uses it by then, or if it holds another certificate by
    then.
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.ledger
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.action_group
  - softlayer.certificates.attributes.progress
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
      - Several certificates, each with the options of the top level. Do not combine it with those. An empty list means no
        certificate.
      - All of them share one login and one listing of the store.
    type: list
    elements: dict
    suboptions: &one_certificate
      state:
        description:
          - Whether the certificate should be in the store.
        type: str
        choices: [present, absent]
        default: present
      certificate_path:
        description:
          - Path of a file with the certificate, and optionally its chain, as PEM, DER or PKCS#7.
          - PEM may have CRLF line endings, indentation and surrounding text. Its certificates may be in any order.
        type: path
      certificate_content:
        description:
          - The certificate, and optionally its chain, as PEM text.
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
          - Passphrase of the private key. The key is decrypted locally, because the store does not accept encrypted keys. It is ignored if
            the key is not encrypted.
        type: str
      intermediate_path:
        description:
          - Path of a file with the intermediate certificates as PEM, DER or PKCS#7. They are sorted, and a root is left out.
        type: path
      intermediate_content:
        description:
          - The intermediate certificates as PEM text.
        type: str
      csr_path:
        description:
          - Path of a file with the certificate signing request (CSR). It must have the certificate's public key. It is stored with the
            certificate.
        type: path
      csr_content:
        description:
          - The CSR as PEM text.
        type: str
      pkcs12_path:
        description:
          - Path of a PKCS#12 file with certificate, private key and chain, instead of separate options for them.
        type: path
      pkcs12_passphrase:
        description:
          - Passphrase of the PKCS#12 file. If it has none, this is ignored.
        type: str
      notes:
        description:
          - Notes to store with the certificate. If not set, existing notes are kept. Trailing line endings are ignored. Control characters
            are refused.
        type: str
      order_id:
        description:
          - Id of an SSL order. The certificate must have the public key of that order's CSR.
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
          - A name of the certificate to delete, the common name or a DNS name. If the store has more than one certificate with this name,
            nothing is deleted.
        type: str
      allow_expired:
        description:
          - Whether to import a certificate that has expired, or whose chain has expired.
        type: bool
        default: false
      verify_chain:
        description:
          - Whether to check that the intermediate certificates issued the certificate, and to sort them. Certificates that the chain does
            not need are left out with a warning, for example roots, or expired cross-signed certificates if there is a valid path without
            them.
        type: bool
        default: true
      remove_superseded:
        description:
          - Whether to delete the certificates that the new one may stand in for, after it is stored, if no service uses them. They are
            listed in RV(certificates[].superseded).
          - What may stand in for what is said in M(softlayer.certificates.ssl_certificate_deploy). The new one must be valid now, be newer,
            of the same organization and key type, have all of their names, be on no lower level of trust with the roots of O(trusted_ca_path), and
            not be about to end before they do. One that ends later is kept.
        type: bool
        default: false
      trust:
        description:
          - What to do with a certificate whose chain does not lead to a trusted root with valid signatures and dates throughout.
          - V(require) refuses it, V(warn) stores it with a warning, V(ignore) does not check.
        type: str
        choices: [require, warn, ignore]
        default: warn
      trusted_ca_path:
        description:
          - File, or folder of files, with the trusted certificates as PEM. They do not have to be roots. They are used for O(trust) and
            O(remove_superseded).
          - They are added to the machine's roots - those of the file of E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), of the folder of
            E(SSL_CERT_DIR), or else of its trust store. A file that one of these names replaces the trust store, so it must contain the
            public roots, too.
        type: path
  <<: *one_certificate
  orders:
    description:
      - SSL orders, as M(softlayer.certificates.ssl_order_info) returns them with C(gather_imported). The certificate of each is taken from
        O(collected) or O(certificate_dir), and its key from O(privatekey_dir). Orders whose certificate or key is not there yet, or whose
        certificate, or one that may stand in for it, is in the store already, are in RV(skipped_items) with the reason.
      - O(privatekey_passphrase), O(trust), O(trusted_ca_path), O(remove_superseded), O(allow_expired) and O(verify_chain) hold of all of
        them. An empty list means no order.
    type: list
    elements: dict
  collected:
    description:
      - The certificates that M(softlayer.certificates.ssl_fulfillment_email_info) has found in emails. Without O(orders), all of them are
        imported whose key is in O(privatekey_dir). An empty list means no certificate.
    type: list
    elements: dict
  certificate_dir:
    description:
      - Folder with the certificates of O(orders), saved from their emails, as C(<common_name>.crt), with the intermediate certificates in
        C(<common_name>.ca-bundle) or C(<common_name>.chain.pem). A C(*) is written C(_).
      - The names of files may be in upper or lower case, with composed or decomposed letters (NFC, NFD), and in the Unicode or the ASCII form
        of an internationalised name. Of several, the one counts that has exactly the order's name. If none has, the order is in
        RV(skipped_items).
    type: path
  privatekey_dir:
    description:
      - Folder with the private keys for O(orders) or O(collected), as C(<common_name>.key). A C(*) is written C(_). For the
        spelling of names see O(certificate_dir).
    type: path
  force:
    description:
      - Whether to import certificates of O(orders) even if the store has ones that may stand in for them.
    type: bool
    default: false
  concurrency:
    description:
      - Maximum number of concurrent API calls, V(1) to V(256).
    type: int
    default: 8
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger. A certificate is claimed there before it is created, so that concurrent runs store it only once. See
        O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url); both modules use the same ledger.
      - If not set, the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL) is used. The default is the file
        C(softlayer.certificates/ledger.sqlite3) under the user's state directory, E(XDG_STATE_HOME) or C(~/.local/state).
      - It is used only if something is to be created. If it cannot be used, nothing is created.
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

- name: Import what was found in emails, with the keys that are in a folder
  softlayer.certificates.ssl_certificate_import:
    collected: "{{ mails.certificates }}"
    privatekey_dir: /srv/keys
    trust: require

- name: Import the certificates of orders that were saved from their emails by hand, even if the store has newer ones
  softlayer.certificates.ssl_certificate_import:
    orders: "{{ listed.orders }}"
    certificate_dir: /srv/certificates
    privatekey_dir: /srv/keys
    force: true

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

- name: Import a certificate of a private certificate authority, and of no other
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
  description: What was done, or in check mode would be done, with each certificate, in the order of the input.
  returned: when the options could be read
  type: list
  elements: dict
  contains:
    id:
      description: Id in the store; null if it is not there, or in check mode would be created.
      type: int
      sample: 4711
    common_name:
      description: The subject's common name; null if it has none, as in many certificates of ACME authorities.
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
        - V(trusted) - its chain leads to a trusted root.
        - V(incomplete) - an issuer is missing.
        - V(untrusted) - every other case.
        - Null if this was not checked.
      type: str
      sample: trusted
    notes:
      description: The notes that the store holds with it.
      type: str
      sample: web frontend
    order_id:
      description: Id of the SSL order that it was checked against.
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
        - V(invalid_pem) - the input cannot be parsed.
        - V(key_mismatch), V(csr_mismatch) or V(order_mismatch) - its public key is not that of the private key, the CSR or the order.
        - V(chain_invalid) - the intermediate certificates did not issue it, or there is no valid path through them.
        - V(chain_truncated) - it is stored, but the store has not kept all of the intermediate certificates that clients need. RV(certificates[].id)
          is that record; nothing should serve it. The next run gives it its chain again, and stores it no second time.
        - V(untrusted) or V(chain_incomplete) - with O(trust=require), its chain does not lead to a trusted root, or an issuer is missing.
        - V(expired) or V(not_yet_valid) - it has expired, or is not valid yet.
        - V(bad_passphrase) - the private key or the PKCS#12 file cannot be decrypted.
        - V(in_use) - a service uses it, and the store does not allow the change. Also if it is to be deleted, and the API does not report
          whether a service uses it. One that only lacks intermediate certificates is stored once more instead.
        - V(not_found) - a file, the order or the record does not exist.
        - V(ambiguous) - more than one certificate matches; or the record to delete holds another certificate than when it was listed.
        - V(refused) - the store refused it or is known to refuse it, or could no longer be read over XML-RPC with such O(notes) or names.
          Whether the store takes a certificate without a common name is not documented; if it does not, the message says so.
        - V(api_error) - the API reported an error, or the ledger cannot be used. RV(certificates[].message) quotes the error.
        - V(outcome_unknown) - the API did not respond, or only reported an unspecified error, and it is not known whether the store took
          the certificate. The next run waits until the call can no longer arrive, and checks again.
      type: str
      sample: key_mismatch
    superseded:
      description:
        - The certificates in the store that this one may stand in for; see O(remove_superseded). If one of them expires later, a warning
          says so.
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
          description: Number of services that use it; null if the API does not report it. Then it is not deleted.
          type: int
          sample: 0
        removed:
          description: Whether it was deleted, or in check mode would be deleted.
          type: bool
          sample: true
    message:
      description: The outcome in words. In check mode it says what would be done, such as V(Would be imported.).
      type: str
      sample: Imported.
skipped_items:
  description: The entries of O(orders) and O(collected) that have to wait, each with its reason.
  returned: when the options could be read
  type: list
  elements: dict
  contains:
    order_id:
      description: Id of the order.
      type: int
      sample: 1234
    common_name:
      description: Its common name.
      type: str
      sample: www.example.com
    subject_alt_names:
      description: The DNS names of its CSR.
      type: list
      elements: str
      sample: [www.example.com]
    reason:
      description:
        - V(already_imported), V(superseded), V(waiting_for_email), V(waiting_for_certificate), V(waiting_for_key), V(pending), V(canceled),
          V(expired) or V(unknown_status).
      type: str
      sample: waiting_for_key
    message:
      description: What it waits for.
      type: str
      sample: "Waiting for the private key that the order's CSR was made with. It is looked for as /srv/keys/www.example.com.key."
    needs_attention:
      description: Whether a file is there and is not the right one, or it is not clear which of several is, so that waiting does not help.
      type: bool
      sample: false
certificate:
  description: The only entry of RV(certificates), if the options at top level were used.
  returned: when the options at top level were used
  type: dict
api_calls:
  description: Number of HTTP requests that were made.
  returned: when the options could be read
  type: int
  sample: 3
failure:
  description: What went wrong, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - Stable name of the failure, such as V(certificates_failed) or V(authentication_failed).
        - V(interrupted) - a signal stopped the run. Calls in flight were finished.
      type: str
      sample: certificates_failed
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: Details of this failure.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._store.run_import import LIBRARIES, SPEC, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
