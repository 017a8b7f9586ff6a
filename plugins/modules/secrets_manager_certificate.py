#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import certificates into IBM Cloud Secrets Manager, from files or from the certificate store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secrets_manager_certificate
short_description: Import certificates into IBM Cloud Secrets Manager, from files or from the certificate store
version_added: 1.0.0
description:
  - Imports certificates, with their private keys and intermediate certificates, into an instance of IBM Cloud Secrets Manager, as secrets of the
    type C(imported_cert). The certificates come from files, or from the certificate store of a SoftLayer (IBM Cloud Classic Infrastructure)
    account.
  - The module first checks the certificate locally, also in check mode, like M(softlayer.certificates.ssl_certificate_import).
  - If the secret does not exist, the module creates the secret. If the certificate, the intermediate certificates, or the private key differ, or
    if the secret has no private key, the module adds a version. Certificates are compared by their DER encoding, and private keys by their public
    keys.
  - The module adds a version only if the new certificate can replace the current version, by the same rule as in
    M(softlayer.certificates.ssl_certificate_deploy). The new certificate must be valid now, be newer, have the same organization and key type,
    cover all names of the current version, and be trusted at least as much. Other certificates fail, unless O(force=true).
  - A version with the same certificate can add a missing private key or missing intermediate certificates, but cannot remove intermediate
    certificates that TLS clients need. If the current version has expired, a certificate that became valid earlier can replace it. If the current
    version cannot be read, only the names are compared.
  - The module lists the metadata of the secrets once. The module reads the certificate and the private key of existing secrets to compare them.
  - Only one run at a time changes an instance (see O(ledger_url)). If the API does not respond, the module reads the current state instead of
    repeating the call. If the state is still unknown, the next run waits for 30 seconds before it reads the state. Before the module adds a
    version, it reads the secret again.
  - Use the options at top level for one certificate, and O(certificates) for several. If one certificate fails, the module still imports the
    others. The module then fails at its end, and its result contains each certificate.
  - The module requires an IBM Cloud API key or an IAM token whose owner has the roles Reader, SecretsReader, and Writer for the instance or for the group
    of the secret. O(username) and O(api_key), or O(iam_token), are required only for O(certificate_id), or if O(iam_api_key) is not set.
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.secrets_manager
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
    details:
      - In check mode, the module makes only requests that change nothing. The module reads private keys to compare and check them, as in a real
        run.
  diff_mode:
    support: full
    details:
      - The differences contain public facts only, never a private key.
  idempotent:
    support: full
options:
  iam_api_key:
    description:
      - IBM Cloud API key for the Secrets Manager instance.
      - Without O(iam_api_key), the module uses O(iam_token), or else O(api_key) if O(username=apikey), or else the environment variable
        E(IBMCLOUD_API_KEY), or else E(IBMCLOUD_IAM_TOKEN). With a token, the module does not call O(iam_url).
    type: str
  certificates:
    description:
      - Certificates to process, each with the options of the top level. This option cannot be combined with the options at top level. With an
        empty list, the module processes no certificates.
      - All certificates share one login and one listing of the secrets.
    type: list
    elements: dict
    suboptions: &one_certificate
      state:
        description:
          - State of the secret. The only value is V(present), because the module never deletes a secret.
        type: str
        choices: [present]
        default: present
      name:
        description:
          - Name of the secret. Each certificate requires a name.
          - According to the IBM reference, a name has 2 to 256 characters, which are the letters A to Z, digits, C(_), C(-), and C(.). The first
            character is a letter, a digit, or C(_), and the last character is a letter or a digit.
          - A secret group can contain a name only once. If the secret with the specified name is not an imported certificate, has a CSR that
            Secrets Manager manages, or is not active, the module does not change the secret, and the certificate fails. If the secret is
            inactive only because its certificate has expired, the module adds a version.
        type: str
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
          - Passphrase of the private key. The module decrypts the private key locally, because Secrets Manager does not accept encrypted private
            keys. If the private key is not encrypted, the module ignores the passphrase.
        type: str
      intermediate_path:
        description:
          - Path of a file with the intermediate certificates in PEM, DER, or PKCS#7 format. The module sorts the certificates and omits a root
            certificate.
          - If you specify no intermediate certificates, a secret with the same certificate keeps its intermediate certificates.
        type: path
      intermediate_content:
        description:
          - The intermediate certificates as PEM text.
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
      certificate_id:
        description:
          - ID of a certificate in the certificate store, to use instead of files. The module keeps the certificate and its private key only in
            memory. This option requires the permission C(SECURITY_CERTIFICATE_MANAGE).
        type: int
      secret_group:
        description:
          - Name or ID of the secret group. The group must exist.
        type: str
        default: default
      labels:
        description:
          - Labels of the secret, at most 30, each with 2 to 64 characters. If not set, an existing secret keeps its labels. An empty list removes
            all labels.
        type: list
        elements: str
      description:
        description:
          - Description of the secret, with at most 1024 characters. If not set, an existing secret keeps its description.
        type: str
      force:
        description:
          - Whether to add a version even if the new certificate cannot replace the current version, for example because the new certificate is
            older, lacks names, or is not trusted.
          - O(force) does not disable other checks.
        type: bool
        default: false
      allow_expired:
        description:
          - Whether to import a certificate that has expired, or whose chain has expired. To replace the current version with an expired
            certificate, also set O(force=true).
        type: bool
        default: false
      verify_chain:
        description:
          - Whether to check that the intermediate certificates issued the certificate, and to sort the intermediate certificates. The module
            omits certificates that the chain does not need, and issues a warning. For example, the module omits root certificates, and expired
            cross-signed certificates if the chain is valid without them.
        type: bool
        default: true
      trust:
        description:
          - The action for a certificate whose chain does not lead to a trusted root certificate, or contains an invalid signature or date.
          - V(require) rejects the certificate. V(warn) imports the certificate and issues a warning. V(ignore) disables the check.
          - Regardless of O(trust), a certificate that is trusted less than the current version requires O(force=true).
        type: str
        choices: [require, warn, ignore]
        default: warn
      trusted_ca_path:
        description:
          - Path of a file or directory with trusted certificates in PEM format, for O(trust) and for the comparison with the current version of
            a secret. The certificates can be root certificates or intermediate certificates.
          - The module also trusts the root certificates of the host, which are in the file E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), in the
            directory E(SSL_CERT_DIR), or else in the trust store of the host. A file or directory in these environment variables replaces the
            trust store, so the file or directory must also contain the public root certificates.
        type: path
  <<: *one_certificate
  concurrency:
    description:
      - Maximum number of concurrent API calls, from 1 to 256.
    type: int
    default: 8
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger, the database that prevents concurrent runs from changing the same instance. All modules use the same ledger
        (see O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url)).
      - A run that must change something holds the lock of the instance until the run ends. Another run issues a warning and waits for the lock
        for up to 15 minutes. If the lock is not released in time, the waiting run fails with V(locked) and changes nothing.
      - The default is the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL), or else the file C(softlayer.certificates/ledger.sqlite3)
        in the state directory of the user, E(XDG_STATE_HOME) or C(~/.local/state).
      - The ledger is used only if the run must change something. If the ledger cannot be used, the module changes nothing.
    type: str
"""

EXAMPLES = r"""
- name: Import a certificate from files into Secrets Manager
  softlayer.certificates.secrets_manager_certificate:
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    iam_api_key: "{{ vault_ibm_cloud_api_key }}"
    name: www.example.com
    certificate_path: /etc/ssl/example.com.crt
    privatekey_path: /etc/ssl/private/example.com.key
    intermediate_path: /etc/ssl/example.com.ca-bundle
    labels: [web, production]
    description: The web frontend
  register: imported

- name: Show the CRN of the secret for other services of IBM Cloud
  ansible.builtin.debug:
    var: imported.certificate.crn

- name: Import a PKCS#12 file into Secrets Manager without a check of its trust
  softlayer.certificates.secrets_manager_certificate:
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    iam_url: https://iam.cloud.ibm.com
    iam_api_key: "{{ vault_ibm_cloud_api_key }}"
    name: renewed
    pkcs12_path: renewed.p12
    pkcs12_passphrase: "{{ vault_pkcs12_passphrase }}"
    secret_group: default
    trust: ignore

- name: Replace a certificate that was issued by mistake with an older one
  softlayer.certificates.secrets_manager_certificate:
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    iam_api_key: "{{ vault_ibm_cloud_api_key }}"
    name: www.example.com
    certificate_path: /etc/ssl/www.example.com.crt
    privatekey_path: /etc/ssl/private/www.example.com.key
    intermediate_path: /etc/ssl/www.example.com.ca-bundle
    force: true

- name: Import a certificate from the certificate store, without writing its private key to a disk
  softlayer.certificates.secrets_manager_certificate:
    username: apikey
    api_key: "{{ vault_ibm_cloud_api_key }}"
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    name: from-the-store
    certificate_id: 4711

- name: Import several certificates from one of several control nodes, which share a ledger
  softlayer.certificates.secrets_manager_certificate:
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    iam_api_key: "{{ vault_ibm_cloud_api_key }}"
    certificates:
      - name: a.example.com
        certificate_path: a.example.com.crt
        privatekey_path: a.example.com.key
        verify_chain: false
        allow_expired: true
      - name: shop.example.com
        certificate_content: "{{ certificate_pem }}"
        privatekey_content: "{{ vault_key }}"
        privatekey_passphrase: "{{ vault_key_passphrase }}"
        state: present
    concurrency: 4
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"
  no_log: true

- name: Import a certificate of a private CA only if its chain is trusted
  softlayer.certificates.secrets_manager_certificate:
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    iam_api_key: "{{ vault_ibm_cloud_api_key }}"
    name: intranet
    certificate_path: /etc/ssl/www.example.com.crt
    privatekey_path: /etc/ssl/private/www.example.com.key
    intermediate_content: "{{ lookup('ansible.builtin.file', '/etc/ssl/www.example.com.ca-bundle') }}"
    trust: require
    trusted_ca_path: /etc/ssl/authority/root.pem
"""

RETURN = r"""
certificates:
  description: The result for each certificate, in the order of the input. In check mode, the value is the result that a real run would have.
  returned: when the options could be read
  type: list
  elements: dict
  contains:
    id:
      description: ID of the secret. The value is null if the secret does not exist, and in check mode if it would be created.
      type: str
      sample: 6ebb80d3-26d1-4e24-81d6-afb0d8e22f54
    crn:
      description:
        - CRN of the secret, which identifies the secret for other services of IBM Cloud. The value is null if RV(certificates[].id) is null.
      type: str
      sample: crn:v1:bluemix:public:secrets-manager:us-south:a/1234:5678:secret:6ebb80d3-26d1-4e24-81d6-afb0d8e22f54
    version_id:
      description:
        - ID of the current version of the secret. The value is null if the certificate failed, if the version cannot be read, and in check mode
          if it would be created.
      type: str
      sample: 4a0225e9-17a0-46c1-ace7-f25bcf4237d4
    name:
      description: Name of the secret, as in O(name).
      type: str
      sample: www.example.com
    secret_group:
      description: Name or ID of the secret group, as in O(secret_group).
      type: str
      sample: default
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
    outcome:
      description:
        - Outcome for the certificate, V(created), V(updated), V(unchanged), or V(failed). In check mode, the value is the outcome that a real
          run would have.
        - V(updated) - the secret has a new version, other labels, or another description. RV(certificates[].message) lists the changes.
      type: str
      sample: created
    reason:
      description:
        - Code of the reason if the certificate failed, otherwise null.
        - V(invalid_pem) - the module cannot parse the input.
        - V(key_mismatch) - the private key belongs to another certificate.
        - V(chain_invalid) - the intermediate certificates did not issue the certificate, or do not form a valid path.
        - V(untrusted) or V(chain_incomplete) - with O(trust=require), the chain does not lead to a trusted root certificate, or an intermediate
          certificate is missing. V(untrusted) or V(chain_incomplete) also applies if the certificate is trusted less than the current version,
          or if its chain lacks a certificate that the chain of the current version has.
        - V(names_not_covered), V(organization_differs), or V(key_type_differs) - the certificate does not cover all names of the current version,
          or has another organization or key type.
        - V(superseded) - the current version of the secret is newer.
        - V(expired) or V(not_yet_valid) - the certificate has expired, or is not valid yet.
        - V(expires_earlier) - the certificate is due for renewal, and expires before the current version of the secret.
        - V(bad_passphrase) - the module cannot decrypt the private key or the PKCS#12 file.
        - V(no_private_key) - the certificate store returns no private key for O(certificate_id).
        - V(not_found) - a file, the certificate O(certificate_id), or the secret group does not exist, or the secret was deleted during the run.
        - V(no_permission) - the API user does not have the permission to read private keys in the certificate store, or the user of the API key
          does not have the permission to read or change the secret.
        - V(ambiguous) - the same secret is specified more than once, several certificates match the private key, or the current version is
          another certificate with the same dates.
        - V(wrong_type) - the secret with the specified name is not an imported certificate.
        - V(managed_csr) - the secret has a CSR whose private key Secrets Manager generated.
        - V(not_active) - the secret is suspended or destroyed, or is inactive for another reason.
        - V(locked) - the run could not renew its lock in time. The module did not send the certificate.
        - V(refused) - Secrets Manager rejected the certificate, for example because of its O(name), or is known to reject it because it is larger
          than 100 KB.
        - V(api_error) - an API returned an error. RV(certificates[].message) contains the error.
        - V(outcome_unknown) - the API did not respond, so Secrets Manager may have accepted the certificate. The next run checks the state first.
      type: str
      sample: key_mismatch
    message:
      description:
        - The outcome of the item as a sentence. In check mode, the value is the outcome that a real run would have, such as V(Would be
          created.).
      type: str
      sample: Created.
certificate:
  description: The only item of RV(certificates), if you used the options at top level.
  returned: when the options at top level were used
  type: dict
  contains:
    id: {description: "ID of the secret, as in RV(certificates[].id).", type: str, sample: "6ebb80d3-26d1-4e24-81d6-afb0d8e22f54"}
    crn:
      description: CRN of the secret, as in RV(certificates[].crn).
      type: str
      sample: "crn:v1:bluemix:public:secrets-manager:us-south:a/1234:5678:secret:6ebb80d3-26d1-4e24-81d6-afb0d8e22f54"
    version_id:
      description: ID of the current version of the secret, as in RV(certificates[].version_id).
      type: str
      sample: "4a0225e9-17a0-46c1-ace7-f25bcf4237d4"
    name: {description: "Name of the secret, as in RV(certificates[].name).", type: str, sample: "www.example.com"}
    secret_group: {description: "Name or ID of the secret group, as in RV(certificates[].secret_group).", type: str, sample: "default"}
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
    outcome: {description: "Outcome for the certificate, as in RV(certificates[].outcome).", type: str, sample: "created"}
    reason: {description: "Code of the reason for the failure, as in RV(certificates[].reason).", type: str, sample: "key_mismatch"}
    message: {description: "The outcome as a sentence, as in RV(certificates[].message).", type: str, sample: "Created."}
created_count:
  description: Number of created secrets. In check mode, the value is the number of secrets that would be created.
  returned: when the options could be read
  type: int
  sample: 1
updated_count:
  description: Number of updated secrets. In check mode, the value is the number of secrets that would be updated.
  returned: when the options could be read
  type: int
  sample: 0
unchanged_count:
  description: Number of certificates that the secrets already contained.
  returned: when the options could be read
  type: int
  sample: 0
failed_count:
  description: Number of certificates that failed.
  returned: when the options could be read
  type: int
  sample: 0
api_calls:
  description: Number of HTTP requests to IAM, to Secrets Manager, and to the SoftLayer API.
  returned: when the options could be read
  type: int
  sample: 4
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
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.run import LIBRARIES, SPEC, run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, LIBRARIES)


if __name__ == "__main__":
    main()
