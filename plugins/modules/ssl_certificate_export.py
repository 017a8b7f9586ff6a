#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write certificates of the store, with their private keys, to a folder."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_export
short_description: Write certificates of the store, with their private keys, to a folder
version_added: 1.0.0
description:
  - Writes certificates of the certificate store of a SoftLayer (IBM Cloud Classic Infrastructure) account to a folder, with their private
    keys and intermediate certificates. It runs where the files shall be, which is usually the controller.
  - Each certificate has three files. The name with C(.crt) has the certificate followed by its intermediate certificates; C(.ca-bundle) has
    the intermediate certificates alone; C(.key) has the private key. The source V(folder) of
    M(softlayer.certificates.ssl_certificate_rotate) reads them. Without intermediate certificates, there is no C(.ca-bundle).
  - nginx takes the C(.crt) and the C(.key). HAProxy takes the C(.crt) with C(crt dest/NAME.crt), or several by a C(crt-list) that names
    them, if C(ssl-load-extra-del-ext) is in its section C(global); it cannot take the whole folder with C(crt dest/), because it takes the
    C(.ca-bundle) for certificates.
  - The name is the common name, or the first DNS name, in ASCII and lower case, with V(_) for V(*) and for all that file names should not
    have. If the store holds several certificates of one name, all of them have C(+) and their id added, such as
    C(www.example.com+4711.crt). Which are selected and which have expired does not matter for this, so that a name changes only when
    the store gets its second certificate of a name, or loses it. The files of the former name are left as they are, and a warning names
    them.
  - Only what differs is written, compared by the DER encoding of the certificates and the public key of the private key. A private key is
    read from the API only if it is to be written.
  - All files are readable by this user only, and are written whole or not at all. The private key is put in place first and the certificate
    last, so that nobody finds a certificate with the key of the one before. If one of them cannot be put in place, what was there before
    is put back. What serves the files should load them after the run.
  - Nothing is overwritten that is not a plain file of this user.
  - Needs the permission C(SECURITY_CERTIFICATE_MANAGE).
notes:
  - Of several valid certificates of one name, M(softlayer.certificates.ssl_certificate_rotate) imports only the newest from the folder, and
    none that has expired; import such with O(softlayer.certificates.ssl_certificate_import#module:certificates).
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
      - Private keys are not read, so it does not foresee that one is missing or belongs to another certificate.
  diff_mode:
    support: full
    details:
      - Shows public facts only, never a key.
  idempotent:
    support: full
options:
  certificate_ids:
    description:
      - The certificates with these ids. A list that is empty or null is refused. An id that does not exist fails, and does not stop the others.
      - Give exactly one of O(certificate_ids), O(common_names) and O(all).
    type: list
    elements: int
  common_names:
    description:
      - The certificates with a name that matches one of these shell patterns, ignoring case. A list that is empty or null is refused. Both the
        common name and the DNS names are compared. A pattern that matches nothing fails, and does not stop the others.
      - An internationalised name matches in its Unicode form and in its ASCII form. V(*) also matches dots. To match the name of a wildcard
        certificate itself, write V([*].example.com).
    type: list
    elements: str
  all:
    description:
      - With V(true), all certificates of the store. V(false) is refused, because it selects nothing.
    type: bool
  dest:
    description:
      - The folder, as an absolute path or with C(~). If it does not exist, it is made for this user only, when there is something to write;
        the folder above it must exist.
      - It is refused if it is a symbolic link, belongs to another user, or is open to others; and if a folder on the way to it belongs to
        another user than this one and root, or others may write to it (unless it has the sticky bit, as C(/tmp)). Others could replace
        what is below such a folder, and so choose where the private keys go.
      - Only one run at a time writes to it; another one fails with V(locked). If it is moved away or replaced during the run, the run fails
        with V(insecure_folder).
    type: path
    required: true
  passphrase:
    description:
      - Encrypts the private keys with this passphrase, as PKCS#8 with AES-256. Without it, they are not encrypted.
      - A private key in the folder that it does not decrypt, or that is not encrypted, is written anew. So are encrypted ones if it is not
        given.
    type: str
  include_expired:
    description:
      - Whether to include certificates that have expired. The clock of the machine that runs the module decides.
    type: bool
    default: false
  concurrency:
    description:
      - Maximum number of concurrent API calls, V(1) to V(256).
    type: int
    default: 8
seealso:
  - module: softlayer.certificates.ssl_certificate_info
  - module: softlayer.certificates.ssl_certificate_import
  - module: softlayer.certificates.ssl_certificate_rotate
"""

EXAMPLES = r"""
- name: Take everything out of the store, also what has expired
  softlayer.certificates.ssl_certificate_export:
    all: true
    include_expired: true
    dest: ~/exported
    concurrency: 16

- name: Keep the certificates of one domain in a folder, with encrypted keys
  softlayer.certificates.ssl_certificate_export:
    common_names:
      - example.com
      - "*.example.com"
    dest: ~/example.com
    passphrase: "{{ vault_key_passphrase }}"

- name: Export one certificate for a web server on this machine
  softlayer.certificates.ssl_certificate_export:
    certificate_ids: [4711]
    dest: ~/tls
  register: exported

- name: Show where its files are
  ansible.builtin.debug:
    var: exported.certificates[0].paths
"""

RETURN = r"""
certificates:
  description: What was selected, sorted by id; then the patterns that match nothing.
  returned: when the store could be read
  type: list
  elements: dict
  contains:
    id:
      description: Id in the store; null for a pattern that matches nothing.
      type: int
      sample: 4711
    common_name:
      description: The subject's common name; null if it has none, as in many certificates of ACME authorities. Of a pattern that matches
        nothing, the pattern.
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
    effective_not_after:
      description: Until when clients take the certificate, which is the end of itself or of the issuer on its path to the root that ends first.
      type: str
      sample: "2027-01-31T23:59:59Z"
    limited_by:
      description: Name of that issuer; null if no issuer ends before the certificate does.
      type: str
      sample: null
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
    notes:
      description: The notes that the store holds with it.
      type: str
      sample: web frontend
    organization_name:
      description: The subject's organization.
      type: str
      sample: Example Inc.
    days_until_expiry:
      description: Whole days left, negative once it has expired.
      type: int
      sample: 68
    renewal_due:
      description:
        - Whether it should have been renewed by now. It is due in the last quarter of its life, at most 30 days before its end, and stays due
          after it. Null if its end is not known.
      type: bool
      sample: false
    associated_service_count:
      description: Number of services that use it, or number of load balancer listeners if that is higher; null if the API does not report
        it.
      type: int
      sample: 1
    created_at:
      description: When it was stored.
      type: str
      sample: "2026-02-02T09:30:00Z"
    modified_at:
      description: When the record was last changed.
      type: str
      sample: "2026-02-02T09:30:00Z"
    paths:
      description:
        - The files, also if nothing had to be written; null if it failed. They are named as the options that take them in
          M(softlayer.certificates.ssl_certificate_import) and M(softlayer.certificates.secrets_manager_certificate).
      type: dict
      contains:
        certificate_path:
          description: The certificate, followed by its intermediate certificates.
          type: str
          sample: /home/ansible/exported/www.example.com.crt
        intermediate_path:
          description: The intermediate certificates alone; null if there are none.
          type: str
          sample: /home/ansible/exported/www.example.com.ca-bundle
        privatekey_path:
          description: The private key.
          type: str
          sample: /home/ansible/exported/www.example.com.key
    outcome:
      description:
        - V(exported), V(unchanged) or V(failed). In check mode, what the outcome would be.
      type: str
      sample: exported
    reason:
      description:
        - Null unless it failed.
        - V(no_permission) - the API user may only view the store.
        - V(no_private_key) - the store gives no private key for it.
        - V(not_found) - the id or the pattern matches nothing, or only what has expired without O(include_expired).
        - V(key_mismatch) - the private key that the store holds for it belongs to another certificate. Nothing was written.
        - V(invalid_pem) - the certificate or the private key that the store holds cannot be read.
        - V(unsafe_file) - a file of its name is a link, a folder or the like, or belongs to another user. It was not overwritten.
        - V(not_written) - the disk is full, read only or broken. What was there before is still there, unless
          RV(certificates[].message) says that it could not be put back. Or the folder was moved away or replaced during the run.
        - V(api_error) - the API reported an error, the certificate was changed meanwhile, or a signal stopped the run before it was its turn.
          RV(certificates[].message) quotes the error.
      type: str
      sample: unsafe_file
    message:
      description: The outcome in words. In check mode it says what would be done.
      type: str
      sample: "Exported: private key, intermediate certificates, certificate."
exported_count:
  description: Number of certificates of which something was written, or in check mode would be written.
  returned: when the store could be read
  type: int
  sample: 1
unchanged_count:
  description: Number of certificates that the folder had already.
  returned: when the store could be read
  type: int
  sample: 0
failed_count:
  description: Number of certificates that failed. If it is not 0, the module fails.
  returned: when the store could be read
  type: int
  sample: 0
api_calls:
  description: Number of HTTP requests that were made.
  returned: when the store could be read
  type: int
  sample: 2
failure:
  description: What went wrong, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable name of the failure, such as V(authentication_failed) or V(unreachable).
      type: str
      sample: authentication_failed
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: Details of this failure.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._store.run_export import LIBRARIES, SPEC, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
