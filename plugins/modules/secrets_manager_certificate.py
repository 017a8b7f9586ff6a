#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put certificates into IBM Cloud Secrets Manager, from files or from the certificate store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secrets_manager_certificate
short_description: Put certificates into IBM Cloud Secrets Manager, from files or from the certificate store
version_added: 1.0.0
description:
  - Puts certificates, with their private keys and intermediate certificates, into an instance of IBM Cloud Secrets Manager, as imported
    certificates (C(imported_cert)). They come from files, or from the certificate store of a SoftLayer (IBM Cloud Classic
    Infrastructure) account.
  - First, everything that can be checked locally is checked, also in check mode, as in M(softlayer.certificates.ssl_certificate_import).
  - A secret that is not there is created. One that holds another certificate, other intermediate certificates or another private key, or
    no private key, gets a new version. Certificates are compared by their DER encoding, and keys by their public keys.
  - A certificate only becomes a secret's current version if it may stand in for the one that is, by the same rule by which listeners get
    certificates. It is valid now, newer, of the same organization and type of key, has all names of the other one, and clients trust it no
    less. All others fail, unless O(force) is V(true). The same certificate may get a private key or intermediate certificates that are
    missing, and loses none that clients need. What has expired may also be replaced by one that began earlier. Of a version that cannot be
    read, only the names count.
  - The metadata of the secrets is listed once for all. Of a secret that is there, the certificate and the private key are read, to compare
    them.
  - Nothing is sent twice. Only one run at a time changes an instance, see O(ledger_url). If the response to a call was lost, the module
    looks what is there. If it is not known then whether a version was added, the next run waits half a minute before it looks again. Before
    it adds a version, it reads the secret again, as another run may have been faster.
  - Use the options at top level for one certificate, and O(certificates) for several. If one fails, the others are still dealt with. The
    module then fails at its end, and its result reports each certificate.
  - It needs an API key of IBM Cloud whose user has the roles Reader, SecretsReader and Writer for the instance, or for the group of the
    secret. The login for the SoftLayer API is only needed for O(certificate_id), or to take the API key from there.
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
      - Sends nothing that changes anything. Private keys are read in order to compare and to check them, as in a real run.
  diff_mode:
    support: full
    details:
      - Shows public facts only, never a key.
  idempotent:
    support: full
options:
  iam_api_key:
    description:
      - An API key of IBM Cloud. It is never logged.
      - If not set, O(api_key) is used if O(username) is V(apikey), or else the environment variable E(IBMCLOUD_API_KEY).
    type: str
  certificates:
    description:
      - Several certificates, each with the options of the top level. Do not combine it with those. An empty list means no
        certificate.
      - All of them share one login and one listing of the secrets.
    type: list
    elements: dict
    suboptions: &one_certificate
      state:
        description:
          - That the certificate should be there. This module deletes nothing.
        type: str
        choices: [present]
        default: present
      name:
        description:
          - Name of the secret. It is required for each certificate.
          - IBM's reference allows 2 to 256 characters, which are the letters A to Z, digits, C(_), C(-) and C(.). The first character is a
            letter, a digit or C(_), the last one a letter or a digit.
          - A name may be used once in a group. A secret of this name that is no imported certificate, that has a CSR managed by Secrets
            Manager, or that is not active, is left as it is, and the certificate fails. One that is only inactive because its certificate
            has expired gets a new version.
        type: str
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
          - Passphrase of the private key. The key is decrypted locally, because Secrets Manager does not accept encrypted keys. It is
            ignored if the key is not encrypted.
        type: str
      intermediate_path:
        description:
          - Path of a file with the intermediate certificates as PEM, DER or PKCS#7. They are sorted, and a root is left out.
          - If no intermediate certificates are given, those of a secret with the same certificate are kept.
        type: path
      intermediate_content:
        description:
          - The intermediate certificates as PEM text.
        type: str
      pkcs12_path:
        description:
          - Path of a PKCS#12 file with certificate, private key and chain, instead of separate options for them.
        type: path
      pkcs12_passphrase:
        description:
          - Passphrase of the PKCS#12 file. If it has none, this is ignored.
        type: str
      certificate_id:
        description:
          - Id of a certificate in the certificate store, instead of files. It is read with its private key into memory, and written to no
            disk. The API user needs the permission C(SECURITY_CERTIFICATE_MANAGE).
        type: int
      secret_group:
        description:
          - Name or id of the secret group. It must exist.
        type: str
        default: default
      labels:
        description:
          - Labels of the secret, at most 30, each of 2 to 64 characters. If not set, those of an existing secret are kept. An empty list
            removes them.
        type: list
        elements: str
      description:
        description:
          - Description of the secret, at most 1024 characters. If not set, that of an existing secret is kept.
        type: str
      force:
        description:
          - Whether the certificate becomes the secret's current version even if it may not stand in for the one that is, such as an older
            one, one that lacks names, or one that clients do not trust.
          - It loosens nothing else. A certificate that is refused for another reason, or a secret that is left as it is, still fails.
        type: bool
        default: false
      allow_expired:
        description:
          - Whether to accept a certificate that has expired, or whose chain has expired. To replace a secret's current version by one that
            has expired also needs O(force).
        type: bool
        default: false
      verify_chain:
        description:
          - Whether to check that the intermediate certificates issued the certificate, and to sort them. Certificates that the chain does
            not need are left out with a warning, for example roots, or expired cross-signed certificates if there is a valid path without
            them.
        type: bool
        default: true
      trust:
        description:
          - What to do with a certificate whose chain does not lead to a trusted root with valid signatures and dates throughout.
          - V(require) refuses it, V(warn) takes it with a warning, V(ignore) does not check.
          - Whatever is set here, a certificate that clients trust less than a secret's current version only replaces it with O(force).
        type: str
        choices: [require, warn, ignore]
        default: warn
      trusted_ca_path:
        description:
          - File, or folder of files, with the trusted certificates as PEM. They do not have to be roots. They are used for O(trust), and to
            compare a certificate with a secret's current version.
          - They are added to the machine's roots - those of the file of E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), of the folder of
            E(SSL_CERT_DIR), or else of its trust store. A file that one of these names replaces the trust store, so it must contain the
            public roots, too.
        type: path
  <<: *one_certificate
  concurrency:
    description:
      - Maximum number of concurrent API calls, V(1) to V(256).
    type: int
    default: 8
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger. A run that has something to change takes the turn of the instance there, and has it until its end.
        Another one waits for it, up to 15 minutes, with a warning. If the turn does not come in time, the run fails with V(locked), and
        nothing was changed. See O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url); the modules use the same ledger.
      - If not set, the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL) is used. The default is the file
        C(softlayer.certificates/ledger.sqlite3) under the user's state directory, E(XDG_STATE_HOME) or C(~/.local/state).
      - It is used only if something is to be changed. If it cannot be used, nothing is changed.
    type: str
"""

EXAMPLES = r"""
- name: Put a certificate from files into Secrets Manager
  softlayer.certificates.secrets_manager_certificate:
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    iam_api_key: "{{ vault_ibm_cloud_api_key }}"
    name: www.example.com
    certificate_path: /etc/ssl/example.com.crt
    privatekey_path: /etc/ssl/private/example.com.key
    intermediate_path: /etc/ssl/example.com.ca-bundle
    labels: [web, production]
    description: The web frontend
  register: kept

- name: Show the CRN, by which other services of IBM Cloud find it
  ansible.builtin.debug:
    var: kept.certificate.crn

- name: Put a PKCS#12 file into Secrets Manager, where clients do not trust the authority yet
  softlayer.certificates.secrets_manager_certificate:
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    iam_url: https://iam.cloud.ibm.com
    iam_api_key: "{{ vault_ibm_cloud_api_key }}"
    name: renewed
    pkcs12_path: renewed.p12
    pkcs12_passphrase: "{{ vault_pkcs12_passphrase }}"
    secret_group: default
    trust: ignore

- name: Go back to an older certificate, as the newer one was issued by mistake
  softlayer.certificates.secrets_manager_certificate:
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    iam_api_key: "{{ vault_ibm_cloud_api_key }}"
    name: www.example.com
    certificate_path: /etc/ssl/www.example.com.crt
    privatekey_path: /etc/ssl/private/www.example.com.key
    intermediate_path: /etc/ssl/www.example.com.ca-bundle
    force: true

- name: Take a certificate from the certificate store, with its private key on no disk
  softlayer.certificates.secrets_manager_certificate:
    username: apikey
    api_key: "{{ vault_ibm_cloud_api_key }}"
    instance_url: https://0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e.us-south.secrets-manager.appdomain.cloud
    name: from-the-store
    certificate_id: 4711

- name: Put several certificates into Secrets Manager, from any of several controllers, which share a ledger
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

- name: Take only a certificate of the own authority
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
  description: What was done, or in check mode would be done, with each certificate, in the order of the input.
  returned: when the options could be read
  type: list
  elements: dict
  contains:
    id:
      description: Id of the secret; null if it is not there, or in check mode would be created.
      type: str
      sample: 6ebb80d3-26d1-4e24-81d6-afb0d8e22f54
    crn:
      description: CRN of the secret, by which other services of IBM Cloud find it; null like RV(certificates[].id).
      type: str
      sample: crn:v1:bluemix:public:secrets-manager:us-south:a/1234:5678:secret:6ebb80d3-26d1-4e24-81d6-afb0d8e22f54
    version_id:
      description: Id of the secret's current version; null if it failed, if the version cannot be read, or in check mode would be created.
      type: str
      sample: 4a0225e9-17a0-46c1-ace7-f25bcf4237d4
    name:
      description: Name of the secret, as it was given.
      type: str
      sample: www.example.com
    secret_group:
      description: Name or id of the secret group, as it was given.
      type: str
      sample: default
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
    outcome:
      description:
        - V(created), V(updated), V(unchanged) or V(failed). In check mode, what the outcome would be.
        - V(updated) - it got a new version, other labels, or another description. RV(certificates[].message) says which.
      type: str
      sample: created
    reason:
      description:
        - Null unless it failed.
        - V(invalid_pem) - the input cannot be parsed.
        - V(key_mismatch) - its public key is not that of the private key.
        - V(chain_invalid) - the intermediate certificates did not issue it, or there is no valid path through them.
        - V(untrusted) or V(chain_incomplete) - with O(trust=require), its chain does not lead to a trusted root, or an issuer is missing.
          Or clients would trust it less than the secret's current version, or its chain lacks what that of the current version has.
        - V(names_not_covered), V(organization_differs) or V(key_type_differs) - it lacks names of the secret's current version, is of
          another organization, or has another type of key.
        - V(superseded) - the secret's current version is newer.
        - V(expired) or V(not_yet_valid) - it has expired, or is not valid yet.
        - V(expires_earlier) - the certificate is due for renewal, and expires before the secret's current version.
        - V(bad_passphrase) - the private key or the PKCS#12 file cannot be decrypted.
        - V(no_private_key) - the certificate store gives no private key for O(certificate_id).
        - V(not_found) - a file, the certificate of O(certificate_id) or the secret group does not exist, or the secret was removed
          meanwhile.
        - V(no_permission) - the API user may not read the certificate store with private keys, or the user of the API key may not read or
          change the secret.
        - V(ambiguous) - the same secret is given more than once, several certificates fit the private key, or the secret's current version
          is another certificate of the same dates.
        - V(wrong_type) - Secrets Manager has a secret of this name that is no imported certificate.
        - V(managed_csr) - the secret has a CSR whose private key Secrets Manager has made itself.
        - V(not_active) - the secret is suspended or destroyed, or inactive for another reason.
        - V(locked) - the run could not renew its turn in time. Nothing was sent.
        - V(refused) - Secrets Manager refused it, for example because of its O(name), or is known to refuse it, as it is larger than
          100 KB.
        - V(api_error) - an API reported an error. RV(certificates[].message) quotes it.
        - V(outcome_unknown) - the API did not respond, and it is not known whether it has taken the certificate. The next run looks first.
      type: str
      sample: key_mismatch
    message:
      description: The outcome in words. In check mode it says what would be done, such as V(Would be created.).
      type: str
      sample: Created.
certificate:
  description: The only entry of RV(certificates), if the options at top level were used.
  returned: when the options at top level were used
  type: dict
created_count:
  description: Number of certificates that were created, or in check mode would be.
  returned: when the options could be read
  type: int
  sample: 1
updated_count:
  description: Number of certificates that were updated, or in check mode would be.
  returned: when the options could be read
  type: int
  sample: 0
unchanged_count:
  description: Number of certificates that were there already.
  returned: when the options could be read
  type: int
  sample: 0
failed_count:
  description: Number of certificates that failed.
  returned: when the options could be read
  type: int
  sample: 0
api_calls:
  description: Number of HTTP requests that were made to the login, to Secrets Manager and to the SoftLayer API.
  returned: when the options could be read
  type: int
  sample: 4
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
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.run import LIBRARIES, SPEC, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
