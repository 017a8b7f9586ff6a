#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import certificates into the account's certificate store, or delete stored certificates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_import
short_description: Import certificates into the certificate store, or delete them
version_added: 1.0.0
description:
  - Imports certificates, with their private keys and intermediate certificates, into the certificate store of a SoftLayer (IBM Cloud Classic
    Infrastructure) account. Load balancers refer to a certificate in the store by its ID. The certificates can come from any CA.
  - The module first checks the certificate locally, also in check mode. A certificate is stored only if the certificate, its private key, and its
    chain belong together.
  - Certificates are compared by their DER encoding. The same certificate in another encoding or with other line endings is not imported again. If
    a certificate in the store cannot be read, the module issues a warning.
  - Concurrent runs, for several hosts or from several control nodes, store a certificate only once (see O(ledger_url)).
  - Use the options at top level for one certificate, and O(certificates) for several. If one certificate fails, the module still imports the
    others. The module then fails at its end, and its result contains each certificate.
  - SoftLayer does not document whether the store keeps more than one intermediate certificate, so each import compares the intermediate
    certificates in the store with the chain. If the store kept fewer intermediate certificates than TLS clients need, the import fails with the
    reason V(chain_truncated). If TLS clients do not need the missing certificates, the module issues a warning.
  - The API cannot add intermediate certificates to a record that a service uses. If such a record lacks intermediate certificates that TLS
    clients need, the module stores the certificate a second time with its complete chain. M(softlayer.certificates.ssl_certificate_deploy) then
    switches the listeners to the complete record, and with O(remove_superseded), the next import deletes the incomplete record.
  - The module reads each record again immediately before it deletes the record. If a service uses the record, or if the record contains another
    certificate, the module keeps the record.
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
      - The differences contain public facts only, never a private key.
  idempotent:
    support: full
options:
  certificates:
    description:
      - Certificates to process, each with the options of the top level. This option cannot be combined with the options at top level. With an
        empty list, the module processes no certificates.
      - All certificates share one login and one listing of the store.
    type: list
    elements: dict
    suboptions: &one_certificate
      state:
        description:
          - Whether the certificate must be in the store. V(absent) deletes the certificate.
        type: str
        choices: [present, absent]
        default: present
      certificate_path:
        description:
          - Path of a file with the certificate, and optionally its chain, in PEM, DER, or PKCS#7 format.
          - A PEM file can have CRLF line endings, indentation, and surrounding text. The certificates in the file can be in any order.
        type: path
      certificate_content:
        description:
          - The certificate, and optionally its chain, as PEM text.
        type: str
      privatekey_path:
        description:
          - Path of a file with the private key in PEM or DER format, either PKCS#8 or traditional.
        type: path
      privatekey_content:
        description:
          - The private key as PEM text.
        type: str
      privatekey_passphrase:
        description:
          - Passphrase of the private key. The module decrypts the private key locally, because the store does not accept encrypted private keys.
            If the private key is not encrypted, the module ignores the passphrase.
        type: str
      intermediate_path:
        description:
          - Path of a file with the intermediate certificates in PEM, DER, or PKCS#7 format. The module sorts the certificates and omits a root
            certificate.
        type: path
      intermediate_content:
        description:
          - The intermediate certificates as PEM text.
        type: str
      csr_path:
        description:
          - Path of a file with the certificate signing request (CSR). The CSR must have the public key of the certificate. The module stores the
            CSR with the certificate.
        type: path
      csr_content:
        description:
          - The CSR as PEM text.
        type: str
      pkcs12_path:
        description:
          - Path of a PKCS#12 file with the certificate, the private key, and the chain. This option replaces the separate options for the
            certificate, the private key, and the chain.
        type: path
      pkcs12_passphrase:
        description:
          - Passphrase of the PKCS#12 file. If the file is not encrypted, the module ignores the passphrase.
        type: str
      notes:
        description:
          - Notes to store with the certificate. If not set, the certificate keeps its notes. The module ignores trailing line endings. Control
            characters are invalid.
        type: str
      order_id:
        description:
          - ID of the SSL order of the certificate. The certificate must have the public key of the CSR of the SSL order.
        type: int
      certificate_id:
        description:
          - ID of the certificate to delete from the store.
        type: int
      fingerprint_sha256:
        description:
          - SHA-256 fingerprint of the certificate to delete, in hexadecimal, with or without colons.
        type: str
      common_name:
        description:
          - Common name or DNS name of the certificate to delete. If the store contains more than one certificate with the same name, the module
            deletes no certificate.
        type: str
      allow_expired:
        description:
          - Whether to import a certificate that has expired, or whose chain has expired.
        type: bool
        default: false
      verify_chain:
        description:
          - Whether to check that the intermediate certificates issued the certificate, and to sort the intermediate certificates. The module
            omits certificates that the chain does not need, and issues a warning. For example, the module omits root certificates, and expired
            cross-signed certificates if the chain is valid without them.
        type: bool
        default: true
      remove_superseded:
        description:
          - Whether to delete the certificates that the new certificate can replace. The module deletes a replaced certificate after the new
            certificate is stored, and only if no service uses the replaced certificate. RV(certificates[].superseded) lists the replaced
            certificates.
          - M(softlayer.certificates.ssl_certificate_deploy) defines the rule for replacements. The new certificate must be valid now, be newer,
            have the same organization and key type, cover all names of the old certificate, be trusted at least as much with the root
            certificates of O(trusted_ca_path), and not expire earlier while it is due for renewal. The module keeps an old certificate that
            expires later than the new certificate.
        type: bool
        default: false
      trust:
        description:
          - The action for a certificate whose chain does not lead to a trusted root certificate, or contains an invalid signature or date.
          - V(require) rejects the certificate. V(warn) stores the certificate and issues a warning. V(ignore) disables the check.
        type: str
        choices: [require, warn, ignore]
        default: warn
      trusted_ca_path:
        description:
          - Path of a file or directory with trusted certificates in PEM format, for O(trust) and O(remove_superseded). The certificates can be
            root certificates or intermediate certificates.
          - The module also trusts the root certificates of the host, which are in the file E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), in the
            directory E(SSL_CERT_DIR), or else in the trust store of the host. A file or directory in these environment variables replaces the
            trust store, so the file or directory must also contain the public root certificates.
        type: path
  <<: *one_certificate
  orders:
    description:
      - SSL orders for which to import certificates, in the format of M(softlayer.certificates.ssl_order_info) with C(gather_imported). The
        module reads the certificates from O(collected) or O(certificate_dir), and the private keys from O(privatekey_dir).
      - The module skips an order if its certificate or private key is not available, or if the store already contains the certificate or a
        certificate that can replace it. RV(skipped_items) lists the skipped orders with the reason.
      - O(privatekey_passphrase), O(trust), O(trusted_ca_path), O(remove_superseded), O(allow_expired), and O(verify_chain) apply to all orders.
        With an empty list, the module processes no orders.
    type: list
    elements: dict
  collected:
    description:
      - The certificates that M(softlayer.certificates.ssl_fulfillment_email_info) found in emails. Without O(orders), the module imports all
        certificates whose private key is in O(privatekey_dir). With an empty list, the module processes no certificates.
    type: list
    elements: dict
  certificate_dir:
    description:
      - Path of the directory with the certificates of O(orders) that you saved from emails. The name of a certificate file is
        C(<common_name>.crt), and the name of a file with intermediate certificates is C(<common_name>.ca-bundle) or C(<common_name>.chain.pem),
        with C(_) instead of C(*).
      - The file names can be in upper or lower case, with composed or decomposed letters (NFC, NFD), and in the Unicode or the ASCII form of an
        internationalized name. If several files match, the module uses the file with exactly the name of the order. If no file has exactly the
        name of the order, the module skips the order.
    type: path
  privatekey_dir:
    description:
      - Path of the directory with the private keys for O(orders) or O(collected). The name of a private key file is C(<common_name>.key), with
        C(_) instead of C(*). For the spelling of file names, see O(certificate_dir).
    type: path
  force:
    description:
      - Whether to import the certificates of O(orders) even if the store contains certificates that can replace the certificates of O(orders).
    type: bool
    default: false
  concurrency:
    description:
      - Maximum number of concurrent API calls, from 1 to 256.
    type: int
    default: 8
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger, the database that prevents concurrent runs from storing a certificate twice. All modules use the same
        ledger (see O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url)).
      - The default is the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL), or else the file C(softlayer.certificates/ledger.sqlite3)
        in the state directory of the user, E(XDG_STATE_HOME) or C(~/.local/state).
      - The ledger is used only if the run must store a certificate. If the ledger cannot be used, the module stores nothing.
    type: str
"""

EXAMPLES = r"""
- name: Import a certificate from files
  softlayer.certificates.ssl_certificate_import:
    certificate_path: /etc/ssl/example.com.crt
    privatekey_path: /etc/ssl/private/example.com.key
    intermediate_path: /etc/ssl/example.com.ca-bundle
    notes: web frontend

- name: Import the certificate of an SSL order, and check that it belongs to the order
  softlayer.certificates.ssl_certificate_import:
    order_id: 1234
    certificate_content: "{{ lookup('ansible.builtin.file', 'www_example_com.pem') }}"
    privatekey_content: "{{ vault_www_example_com_key }}"
    privatekey_passphrase: "{{ vault_www_example_com_passphrase }}"
    intermediate_content: "{{ lookup('ansible.builtin.file', 'bundle.pem') }}"
    csr_path: www_example_com.csr
  no_log: true

- name: Import a renewed certificate, and delete the certificates that it replaces and that no service uses
  softlayer.certificates.ssl_certificate_import:
    pkcs12_path: renewed.p12
    pkcs12_passphrase: "{{ vault_pkcs12_passphrase }}"
    remove_superseded: true

- name: Import the certificates that were found in emails, with the private keys in a directory
  softlayer.certificates.ssl_certificate_import:
    collected: "{{ mails.certificates }}"
    privatekey_dir: /srv/keys
    trust: require

- name: Import the certificates of orders that were saved from emails manually, even if the store contains newer ones
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

- name: Import a certificate only if a private CA or a public CA has issued it
  softlayer.certificates.ssl_certificate_import:
    certificate_path: /etc/ssl/www.example.com.crt
    privatekey_path: /etc/ssl/private/www.example.com.key
    intermediate_path: /etc/ssl/www.example.com.ca-bundle
    trust: require
    trusted_ca_path: /etc/ssl/authority/root.pem

- name: Import a certificate from one of several control nodes, which share a ledger
  softlayer.certificates.ssl_certificate_import:
    pkcs12_path: renewed.p12
    pkcs12_passphrase: "{{ vault_pkcs12_passphrase }}"
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"

- name: Delete a certificate by its fingerprint
  softlayer.certificates.ssl_certificate_import:
    state: absent
    fingerprint_sha256: 5f:0c:2d:61:b0:3e:9c:f5:3e:8a:a7:11:0b:7c:34:c1:52:90:aa:77:e1:ce:28:4d:f9:7b:a4:b0:66:1d:02:9e

- name: Delete certificates by ID and by common name
  softlayer.certificates.ssl_certificate_import:
    certificates:
      - state: absent
        certificate_id: 4711
      - state: absent
        common_name: old.example.com
"""

RETURN = r"""
certificates:
  description: The result for each certificate, in the order of the input. In check mode, the value is the result that a real run would have.
  returned: when the options could be read
  type: list
  elements: dict
  contains:
    id:
      description:
        - ID of the certificate in the store. The value is null if the certificate is not in the store, and in check mode if it would be
          imported.
      type: int
      sample: 4711
    common_name:
      description: Common name of the certificate, or null if the certificate has none. Many certificates of ACME CAs have no common name.
      type: str
      sample: www.example.com
    fingerprint_sha256:
      description: SHA-256 fingerprint of the DER encoding of the certificate, in hexadecimal.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    public_key_sha256:
      description: SHA-256 digest of the public key (SubjectPublicKeyInfo), in hexadecimal.
      type: str
      sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
    serial_number:
      description: Serial number of the certificate.
      type: int
      sample: 305419896
    not_before:
      description: Time when the certificate becomes valid.
      type: str
      sample: "2026-02-01T00:00:00Z"
    not_after:
      description: Time when the certificate expires.
      type: str
      sample: "2027-01-31T23:59:59Z"
    subject_alt_names:
      description: Subject alternative names of the certificate.
      type: list
      elements: str
      sample: [www.example.com, example.com]
    key_type:
      description: Algorithm of the public key of the certificate, such as V(RSA).
      type: str
      sample: RSA
    key_size:
      description: Size of the public key in bits.
      type: int
      sample: 2048
    trust:
      description:
        - Level of trust of the certificate. V(trusted) - the chain of the certificate leads to a trusted root certificate.
        - V(incomplete) - an intermediate certificate is missing.
        - V(untrusted) - TLS clients reject the chain for another reason.
        - The value is null if the module did not check the chain.
      type: str
      sample: trusted
    notes:
      description: Notes of the certificate in the store.
      type: str
      sample: web frontend
    order_id:
      description: ID of the SSL order of the certificate, or null if no order was specified.
      type: int
      sample: 1234
    outcome:
      description:
        - Outcome for the certificate, V(imported), V(updated), V(unchanged), V(removed), or V(failed). In check mode, the value is the outcome
          that a real run would have.
      type: str
      sample: imported
    reason:
      description:
        - Code of the reason if the certificate failed, otherwise null.
        - V(invalid_pem) - the module cannot parse the input.
        - V(key_mismatch), V(csr_mismatch), or V(order_mismatch) - the private key, the CSR, or the order belongs to another certificate.
        - V(chain_invalid) - the intermediate certificates did not issue the certificate, or do not form a valid path.
        - V(chain_truncated) - the certificate was stored, but the store kept fewer intermediate certificates than TLS clients need.
          RV(certificates[].id) is the ID of the incomplete record. Do not deploy the incomplete record. The next run sends the chain again, and
          does not store a second record.
        - V(untrusted) or V(chain_incomplete) - with O(trust=require), the chain does not lead to a trusted root certificate, or an intermediate
          certificate is missing.
        - V(expired) or V(not_yet_valid) - the certificate has expired, or is not valid yet.
        - V(bad_passphrase) - the module cannot decrypt the private key or the PKCS#12 file.
        - V(in_use) - a service uses the certificate, so the store does not allow the change. V(in_use) also applies if the certificate should be
          deleted, and the API does not return the number of services that use the certificate.
        - V(not_found) - a file, the order, or the record does not exist.
        - V(ambiguous) - more than one certificate matches, or the record to delete contains another certificate than the module listed before.
        - V(refused) - the store rejected the certificate, is known to reject the certificate, or would be unreadable over XML-RPC because of
          O(notes) or the names of the certificate. SoftLayer does not document whether the store accepts a certificate without a common name. If
          the store rejected such a certificate, RV(certificates[].message) explains the problem.
        - V(api_error) - the API returned an error, or the ledger cannot be used. RV(certificates[].message) contains the error.
        - V(outcome_unknown) - the API did not respond or returned an unspecified error, so the store may have accepted the certificate. The next
          run waits until the call can no longer arrive, and then checks the store.
      type: str
      sample: key_mismatch
    superseded:
      description:
        - The certificates in the store that the new certificate can replace (see O(remove_superseded)). If a replaced certificate expires later
          than the new certificate, the module issues a warning.
      type: list
      elements: dict
      contains:
        id:
          description: ID of the certificate in the store.
          type: int
          sample: 4001
        not_after:
          description: Time when the certificate expires.
          type: str
          sample: "2026-02-11T23:59:59Z"
        associated_service_count:
          description:
            - Number of services that use the certificate. The value is null if the API does not return the number. Without the number, the
              module does not delete the certificate.
          type: int
          sample: 0
        removed:
          description: Whether the certificate was deleted. In check mode, the value shows whether the certificate would be deleted.
          type: bool
          sample: true
    message:
      description:
        - The outcome of the item as a sentence. In check mode, the value is the outcome that a real run would have, such as V(Would be
          imported.).
      type: str
      sample: Imported.
skipped_items:
  description: The items of O(orders) and O(collected) that the module skipped, each with the reason.
  returned: when the options could be read
  type: list
  elements: dict
  contains:
    order_id:
      description: ID of the order.
      type: int
      sample: 1234
    common_name:
      description: Common name of the order.
      type: str
      sample: www.example.com
    subject_alt_names:
      description: DNS names in the CSR of the order.
      type: list
      elements: str
      sample: [www.example.com]
    reason:
      description:
        - Code of the reason, one of V(already_imported), V(superseded), V(waiting_for_email), V(waiting_for_certificate), V(waiting_for_key),
          V(pending), V(canceled), V(expired), or V(unknown_status).
      type: str
      sample: waiting_for_key
    message:
      description: The reason as a sentence, and the fix.
      type: str
      sample: "Waiting for the private key of the order's CSR. The expected path is /srv/keys/www.example.com.key."
    needs_attention:
      description: Whether the order needs your attention because a file is wrong, or several files match. Waiting does not solve the problem.
      type: bool
      sample: false
certificate:
  description: The only item of RV(certificates), if you used the options at top level.
  returned: when the options at top level were used
  type: dict
  contains:
    id: {description: "ID of the certificate in the store, as in RV(certificates[].id).", type: int, sample: 4711}
    common_name: {description: "Common name of the certificate, as in RV(certificates[].common_name).", type: str, sample: "www.example.com"}
    fingerprint_sha256:
      description: SHA-256 fingerprint of the certificate, as in RV(certificates[].fingerprint_sha256).
      type: str
      sample: "5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e"
    public_key_sha256:
      description: SHA-256 digest of the public key, as in RV(certificates[].public_key_sha256).
      type: str
      sample: "3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718"
    serial_number: {description: "Serial number of the certificate, as in RV(certificates[].serial_number).", type: int, sample: 305419896}
    not_before: {description: "Time when the certificate becomes valid, as in RV(certificates[].not_before).", type: str, sample: "2026-02-01T00:00:00Z"}
    not_after: {description: "Time when the certificate expires, as in RV(certificates[].not_after).", type: str, sample: "2027-01-31T23:59:59Z"}
    subject_alt_names:
      description: Subject alternative names of the certificate, as in RV(certificates[].subject_alt_names).
      type: list
      elements: str
      sample: ["www.example.com", "example.com"]
    key_type: {description: "Algorithm of the key, as in RV(certificates[].key_type).", type: str, sample: "RSA"}
    key_size: {description: "Size of the key in bits, as in RV(certificates[].key_size).", type: int, sample: 2048}
    trust: {description: "Level of trust of the certificate, as in RV(certificates[].trust).", type: str, sample: "trusted"}
    notes: {description: "Notes of the certificate in the store, as in RV(certificates[].notes).", type: str, sample: "web frontend"}
    order_id: {description: "ID of the SSL order of the certificate, as in RV(certificates[].order_id).", type: int, sample: 1234}
    outcome: {description: "Outcome for the certificate, as in RV(certificates[].outcome).", type: str, sample: "imported"}
    reason: {description: "Code of the reason for the failure, as in RV(certificates[].reason).", type: str, sample: "key_mismatch"}
    superseded:
      description: The certificates in the store that the new certificate can replace, as in RV(certificates[].superseded).
      type: list
      elements: dict
      contains:
        id: {description: "ID of the certificate in the store, as in RV(certificates[].superseded[].id).", type: int, sample: 4001}
        not_after:
          description: Time when the replaced certificate expires, as in RV(certificates[].superseded[].not_after).
          type: str
          sample: "2026-02-11T23:59:59Z"
        associated_service_count:
          description: Number of services that use the certificate, as in RV(certificates[].superseded[].associated_service_count).
          type: int
          sample: 0
        removed: {description: "Whether the certificate was deleted, as in RV(certificates[].superseded[].removed).", type: bool, sample: true}
    message: {description: "The outcome as a sentence, as in RV(certificates[].message).", type: str, sample: "Imported."}
api_calls:
  description: Number of HTTP requests to the API, including repeated requests.
  returned: when the options could be read
  type: int
  sample: 3
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - Stable code of the failure, such as V(certificates_failed) or V(authentication_failed).
        - V(interrupted) - a signal stopped the run. The module finished the calls that it had sent.
      type: str
      sample: key_mismatch
    message:
      description: The cause of the failure and its fix, as in C(msg).
      type: str
      sample: The private key does not belong to the certificate.
    details:
      description: Facts about the failure. The keys depend on RV(failure.code).
      type: dict
      contains:
        call:
          description: The API method or other request that failed.
          returned: if a request failed
          type: str
          sample: SoftLayer_Account::getAllObjects
        http_status: {description: HTTP status code of the response., returned: if a server responded with an error, type: int, sample: 500}
        api_code: {description: Error code from the API., returned: if the API returned an error, type: str, sample: "SoftLayer_Exception_Public"}
        api_message: {description: Error message from the API., returned: if the API returned an error, type: str, sample: "Internal Error"}
        retry_after_seconds:
          description: Time in seconds after which the server accepts requests again.
          returned: if the server limits the rate of requests
          type: float
          sample: 30
        expected: {description: Number of items that the server announced., returned: if the listing is incomplete, type: int, sample: 120}
        received: {description: Number of items that the server returned., returned: if the listing is incomplete, type: int, sample: 100}
        missing:
          description: Names of the credentials that are missing.
          returned: if credentials are missing
          type: list
          elements: str
          sample: [api_key]
        host: {description: "Host name or IP address of the server.", returned: if a server cannot be used, type: str, sample: "api.example.com"}
        path:
          description: Path of the file or directory that cannot be used.
          returned: if a path cannot be used
          type: str
          sample: /etc/ssl/company-roots.pem
        variable:
          description: Environment variable whose value cannot be used.
          returned: if an environment variable cannot be used
          type: str
          sample: SSL_CERT_FILE
        libraries: {description: Python libraries that are missing., returned: if a library is missing, type: list, elements: str, sample: ["cryptography"]}
        type: {description: Type of the unexpected exception., returned: if an unexpected error occurred, type: str, sample: "KeyError"}
        place:
          description: Code locations in the collection where the exception occurred.
          returned: if an unexpected error occurred
          type: list
          elements: str
          sample: ["module_utils/_x509/chain.py, line 10 (build)"]
        ledger:
          description: Database file or host of the ledger.
          returned: if the ledger cannot be used
          type: str
          sample: /root/.local/state/softlayer.certificates/ledger.sqlite3
        library:
          description: Python library that the URL of the ledger requires.
          returned: if a library for the ledger is missing
          type: str
          sample: psycopg
        since:
          description: Time when the other run acquired the lock.
          returned: if another run holds the lock
          type: str
          sample: "2026-12-01T03:00:10Z"
        account_id:
          description: ID of the account to which the order does not belong.
          returned: if the order belongs to another account
          type: int
          sample: 307608
        accounts:
          description: IDs of the accounts to which the orders belong.
          returned: if the orders belong to another account
          type: list
          elements: int
          sample: [307600]
        failed_items:
          description: The certificates that failed.
          returned: if several certificates were specified and some failed
          type: list
          elements: dict
          contains:
            item:
              description: Position of the certificate in O(certificates), starting with 0.
              type: int
              sample: 0
            reason:
              description: Code of the cause, as in RV(certificates[].reason).
              type: str
              sample: key_mismatch
            message:
              description: The cause of the failure and its fix.
              type: str
              sample: The private key does not belong to the certificate.
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._store.run_import import LIBRARIES, SPEC, run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, LIBRARIES)


if __name__ == "__main__":
    main()
