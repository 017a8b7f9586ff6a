#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write certificates of the store and their private keys to a directory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_export
short_description: Write certificates of the store and their private keys to a directory
version_added: 1.0.0
description:
  - Writes certificates of the certificate store of a SoftLayer (IBM Cloud Classic Infrastructure) account to a directory, with their private keys
    and intermediate certificates. Run the module on the host that should contain the files, which is usually the control node.
  - The module writes three files for each certificate. The C(.crt) file contains the certificate followed by its intermediate certificates, the
    C(.ca-bundle) file contains only the intermediate certificates, and the C(.key) file contains the private key. If the certificate has no
    intermediate certificates, the module writes no C(.ca-bundle) file. The source V(folder) of M(softlayer.certificates.ssl_certificate_rotate)
    reads these files.
  - For nginx, use the C(.crt) and the C(.key) file. For HAProxy, set C(ssl-load-extra-del-ext) in the section C(global), and specify each
    certificate with C(crt dest/NAME.crt) or in a C(crt-list). Do not specify the whole directory with C(crt dest/), because HAProxy would load
    the C(.ca-bundle) files as certificates.
  - The file name is the common name, or else the first DNS name, in ASCII and lower case, with V(_) instead of V(*) and of other characters that
    are unsafe in file names. If the store contains several certificates with the same name, C(+) and the ID are appended, such as
    C(www.example.com+4711.crt), regardless of the selection. If a name changes because the store gets or loses a second certificate with this
    name, the files with the previous name are kept, and the module issues a warning.
  - The module writes only files whose content differs, compared by the DER encoding of the certificates and the public key of the private key.
    The module requests a private key from the API only if it must be written.
  - All files have mode 0600 and are written atomically. The module replaces the private key first and the certificate last. If a file cannot be
    replaced, the module restores the previous files. Reload the services that use the files after the run.
  - The module overwrites only regular files that belong to the user.
  - The module requires the permission C(SECURITY_CERTIFICATE_MANAGE).
notes:
  - M(softlayer.certificates.ssl_certificate_rotate) imports only the newest of several certificates with the same name from the directory, and no
    expired ones. To import the others, use O(softlayer.certificates.ssl_certificate_import#module:certificates).
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.action_group
  - softlayer.certificates.attributes.progress
attributes:
  check_mode:
    support: full
    details:
      - In check mode, the module does not request private keys. Therefore it cannot detect that a private key is missing or belongs to another
        certificate.
  diff_mode:
    support: full
    details:
      - The differences contain public facts only, never a private key.
  idempotent:
    support: full
options:
  certificate_ids:
    description:
      - IDs of the certificates to export. An ID that does not exist fails, but the module still exports the other certificates. An empty list
        and null are invalid.
      - Set exactly one of O(certificate_ids), O(common_names), and O(all).
    type: list
    elements: int
  common_names:
    description:
      - Shell patterns of the names of the certificates to export. The module compares the patterns with common names and DNS names, ignoring
        case. A pattern that matches no certificate fails, but the module still exports the certificates of the other patterns. An empty list and
        null are invalid.
      - A pattern can contain an internationalized name in its Unicode form or in its ASCII form. V(*) also matches dots. To match the name of a
        wildcard certificate itself, write V([*].example.com).
    type: list
    elements: str
  all:
    description:
      - Whether to export all certificates in the store. V(false) is invalid, because it would select no certificates.
    type: bool
  dest:
    description:
      - Path of the directory for the files, as an absolute path or with C(~). If the directory does not exist and a file must be written, the
        module creates the directory with mode 0700. The parent directory must exist.
      - The module rejects the directory if it is a symbolic link, belongs to another user, or is accessible to other users. The module also
        rejects the directory if a parent directory belongs to a user other than the current user and root, or is writable by other users without
        the sticky bit. Other users could otherwise redirect the private keys.
      - Only one run at a time writes to the directory. Another run fails with V(locked). If the directory is moved or replaced during the run,
        the run fails with V(insecure_folder).
    type: path
    required: true
  passphrase:
    description:
      - Passphrase that encrypts the private keys, as PKCS#8 with AES-256. If not set, the private keys are not encrypted.
      - If a private key in the directory is not encrypted with the specified passphrase, the module writes the file again. If no passphrase is
        set, the module writes encrypted private keys again without encryption.
    type: str
  include_expired:
    description:
      - Whether to also export certificates that have expired, according to the clock of the host that runs the module.
    type: bool
    default: false
  concurrency:
    description:
      - Maximum number of concurrent API calls, from 1 to 256.
    type: int
    default: 8
seealso:
  - module: softlayer.certificates.ssl_certificate_info
  - module: softlayer.certificates.ssl_certificate_import
  - module: softlayer.certificates.ssl_certificate_rotate
"""

EXAMPLES = r"""
- name: Export all certificates in the store, including expired ones
  softlayer.certificates.ssl_certificate_export:
    all: true
    include_expired: true
    dest: ~/exported
    concurrency: 16

- name: Export the certificates of one domain with encrypted private keys
  softlayer.certificates.ssl_certificate_export:
    common_names:
      - example.com
      - "*.example.com"
    dest: ~/example.com
    passphrase: "{{ vault_key_passphrase }}"

- name: Export one certificate for a web server on this host
  softlayer.certificates.ssl_certificate_export:
    certificate_ids: [4711]
    dest: ~/tls
  register: exported

- name: Show the paths of the files
  ansible.builtin.debug:
    var: exported.certificates[0].paths
"""

RETURN = r"""
certificates:
  description: The selected certificates, sorted by ID, followed by the patterns that match no certificate.
  returned: when the store could be read
  type: list
  elements: dict
  contains:
    id:
      description: ID of the certificate in the store, or null for a pattern that matches no certificate.
      type: int
      sample: 4711
    common_name:
      description:
        - Common name of the certificate, or null if the certificate has none. For a pattern that matches no certificate, the value is the
          pattern.
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
    effective_not_after:
      description:
        - Time when TLS clients start to reject the certificate, because the certificate or one of its intermediate certificates expires.
      type: str
      sample: "2027-01-31T23:59:59Z"
    limited_by:
      description: Name of the intermediate certificate that sets C(effective_not_after), or null if the certificate itself sets it.
      type: str
      sample: null
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
    notes:
      description: Notes of the certificate in the store.
      type: str
      sample: web frontend
    organization_name:
      description: Organization of the subject, or null if the certificate has none.
      type: str
      sample: Example Inc.
    days_until_expiry:
      description: Whole days until the certificate expires, negative after the expiry.
      type: int
      sample: 68
    renewal_due:
      description:
        - Whether the certificate is due for renewal, or null if its expiry is not known. A certificate is due for renewal in the last quarter of
          its validity, at most 30 days before it expires, and after the expiry.
      type: bool
      sample: false
    associated_service_count:
      description:
        - Number of services that use the certificate, or the number of load balancer listeners that have the certificate, whichever is higher.
          The value is null if the API does not return the number.
      type: int
      sample: 1
    created_at:
      description: Time when the certificate was stored.
      type: str
      sample: "2026-02-02T09:30:00Z"
    modified_at:
      description: Time when the record was last changed.
      type: str
      sample: "2026-02-02T09:30:00Z"
    paths:
      description:
        - Paths of the files, even if the module wrote no file, or null if the certificate failed. The keys are the options of
          M(softlayer.certificates.ssl_certificate_import) and M(softlayer.certificates.secrets_manager_certificate) that accept the paths.
      type: dict
      contains:
        certificate_path:
          description: Path of the file with the certificate, followed by its intermediate certificates.
          type: str
          sample: /home/ansible/exported/www.example.com.crt
        intermediate_path:
          description: Path of the file with the intermediate certificates only, or null if the certificate has none.
          type: str
          sample: /home/ansible/exported/www.example.com.ca-bundle
        privatekey_path:
          description: Path of the file with the private key.
          type: str
          sample: /home/ansible/exported/www.example.com.key
    outcome:
      description:
        - Outcome for the certificate, V(exported), V(unchanged), or V(failed). In check mode, the value is the outcome that a real run would
          have.
      type: str
      sample: exported
    reason:
      description:
        - Code of the reason if the certificate failed, otherwise null.
        - V(no_permission) - the API user has only the permission to view the store.
        - V(no_private_key) - the store returns no private key for the certificate.
        - V(not_found) - the ID or the pattern matches no certificate, or matches only expired certificates without O(include_expired).
        - V(key_mismatch) - the private key in the store belongs to another certificate. The module wrote no file.
        - V(invalid_pem) - the module cannot parse the certificate or the private key in the store.
        - V(unsafe_file) - a file with this name is not a regular file, or belongs to another user. The module did not overwrite the file.
        - V(not_written) - the disk is full, read-only, or damaged, or the directory was moved or replaced during the run. The previous files are
          unchanged, unless RV(certificates[].message) reports that the module could not restore the files.
        - V(api_error) - the API returned an error, the certificate was changed during the run, or a signal stopped the run before this
          certificate. RV(certificates[].message) contains the error.
      type: str
      sample: unsafe_file
    message:
      description: The outcome of the item as a sentence. In check mode, the value is the outcome that a real run would have.
      type: str
      sample: "Exported: private key, intermediate certificates, certificate."
exported_count:
  description:
    - Number of certificates whose files the module wrote. In check mode, the value is the number of certificates whose files the module would
      write.
  returned: when the store could be read
  type: int
  sample: 1
unchanged_count:
  description: Number of certificates whose files were already in the directory.
  returned: when the store could be read
  type: int
  sample: 0
failed_count:
  description: Number of certificates that failed. If a certificate failed, the module fails.
  returned: when the store could be read
  type: int
  sample: 0
api_calls:
  description: Number of HTTP requests to the API, including repeated requests.
  returned: when the store could be read
  type: int
  sample: 2
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable code of the failure, such as V(certificates_failed), V(authentication_failed), V(insecure_folder), or V(locked).
      type: str
      sample: authentication_failed
    message:
      description: The cause of the failure and its fix, as in C(msg).
      type: str
      sample: "The API refused the credentials (Invalid API token): check username and api_key."
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
        certificates:
          description: The certificates that failed.
          returned: if certificates failed
          type: list
          elements: dict
          contains:
            id:
              description: ID of the certificate in the store, or null for a pattern that matches no certificate.
              type: int
              sample: 4711
            reason:
              description: Code of the cause, as in the result.
              type: str
              sample: key_mismatch
            message:
              description: The cause of the failure and its fix.
              type: str
              sample: The private key that the store holds belongs to another certificate.
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._store.run_export import LIBRARIES, SPEC, run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, LIBRARIES)


if __name__ == "__main__":
    main()
