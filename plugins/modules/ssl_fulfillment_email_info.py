#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the certificates in the fulfillment emails that have arrived."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_fulfillment_email_info
short_description: Find the certificates in the fulfillment emails that have arrived
version_added: 1.0.0
description:
  - Searches a mailbox for the certificates of SSL orders, or for the certificates that belong to a CSR or private key.
  - A certificate is returned only if it has the requested public key and its chain leads to a trusted root. Sender, subject and names are
    never trusted, so a forged message can at most be listed in RV(unmatched).
  - Certificates are found in the text of messages, also of quoted or forwarded messages, and in attachments. They may be PEM, DER, PKCS#7,
    HTML or plain base64, also in zip archives, or in a zip archive inside one.
  - The chain is built from the certificates of the same message. Missing issuers are taken from the other messages, also from messages that
    contain only issuers, and from O(intermediate_path).
  - Reading never changes the mailbox. No message is marked as seen, moved or deleted.
  - A file or folder below O(paths) or O(maildir) that cannot be read, and a message that the mail server does not give, is skipped with a
    warning, and the others are read. It is listed in RV(unmatched) as V(unreadable).
  - The module requests several messages together. It requests a message that the mail server does not return, or at which the connection
    is lost, again alone. If the server does not return 20 messages in a row, the module fails.
  - If a path that O(paths) or O(maildir) itself names cannot be read, the module fails. Only regular files are read, no pipes or
    devices.
  - Without O(order_ids), the API is not called and needs no credentials.
author:
  - softlayer.certificates contributors (@softlayer)
requirements:
  - imap-tools >= 1.11 (with O(imap))
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.selection.select
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.info_module
  - softlayer.certificates.attributes.action_group
  - softlayer.certificates.attributes.progress
options:
  imap:
    description:
      - Read a folder on a mail server. It is opened read-only.
    type: dict
    suboptions:
      host:
        description:
          - Host name or address of the mail server.
        type: str
        required: true
      port:
        description:
          - Port of the mail server. The default is V(993) with O(imap.security=tls), otherwise V(143).
        type: int
      username:
        description:
          - User name for the login.
        type: str
        required: true
      password:
        description:
          - Password of O(imap.username). Providers with two-factor authentication require an app password here.
        type: str
        required: true
      folder:
        description:
          - Folder to read.
        type: str
        default: INBOX
      security:
        description:
          - V(tls) - encrypted from the first byte.
          - V(starttls) - encrypted before the login.
          - V(none) - unencrypted, allowed for loopback hosts only.
        type: str
        choices: [tls, starttls, none]
        default: tls
      validate_certs:
        description:
          - Whether to verify the certificate of the mail server.
        type: bool
        default: true
      ca_path:
        description:
          - File with CA certificates to trust instead of those of E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), or else of the system.
        type: path
      timeout:
        description:
          - Maximum number of seconds to wait for a connection, and for the next data from the mail server.
        type: float
        default: 60
  maildir:
    description:
      - Read a Maildir, the folder that holds C(new) and C(cur).
    type: path
  paths:
    description:
      - Read these message files, and all files that end in C(.eml) or C(.msg) in these folders and their subfolders. An empty list
        means no files.
      - A message in Outlook's own format (C(.msg)) is not read; it is listed in RV(unmatched) with what to do. An mbox file is
        not read; save its messages as C(.eml) files.
    type: list
    elements: path
  orders:
    description:
      - Look for the certificates of these orders, as M(softlayer.certificates.ssl_order_info) returns them. Only C(id), C(common_name),
        C(subject_alt_names) and C(public_key_sha256) of each order are read. An empty list means no orders.
    type: list
    elements: dict
  skip_imported:
    description:
      - Whether to leave out those of O(orders) whose certificate is in the certificate store, or was replaced there by a newer one. The orders
        must have been listed with O(softlayer.certificates.ssl_order_info#module:gather_imported).
    type: bool
    default: false
  order_ids:
    description:
      - Look for the certificates of these orders, which are read from the API. A list that is empty or null is refused.
    type: list
    elements: int
  emails:
    description:
      - What M(softlayer.certificates.ssl_fulfillment_email) returned as RV(softlayer.certificates.ssl_fulfillment_email#module:emails). With
        it, O(wait) waits only for the certificates of orders whose email was requested, or may have been, by that run, or by an earlier one
        less than its O(softlayer.certificates.ssl_fulfillment_email#module:min_interval_hours) ago. All others are looked for once.
    type: list
    elements: dict
  csr_paths:
    description:
      - Look for the certificates that were issued for these CSRs, by any certificate authority. An empty list means no CSRs.
    type: list
    elements: path
  privatekey_paths:
    description:
      - Look for the certificates that belong to these private keys, from any certificate authority. An empty list means no keys.
        Only their public keys are used.
    type: list
    elements: path
  privatekey_passphrase:
    description:
      - Passphrase of the files in O(privatekey_paths), if they are encrypted.
    type: str
  trust:
    description:
      - With V(require), only certificates whose chain leads to a trusted root, with valid signatures and dates throughout, are returned. A
        public key is no secret, so anyone can create a certificate for it and send it.
      - If several certificates match, the one for the order's common name is preferred; for an order without a common name, and for
        O(csr_paths), the one for the most names of the CSR. A certificate for none of the names is not returned with V(require), and
        returned with a warning with V(warn).
      - With V(warn), untrusted certificates are returned, too, with a warning. RV(certificates[].trust) shows which they are.
    type: str
    choices: [require, warn]
    default: require
  trusted_ca_path:
    description:
      - File, or folder of files, with the trusted certificates as PEM. They do not have to be roots.
      - They are added to the machine's roots - those of the file of E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), of the folder of
        E(SSL_CERT_DIR), or else of its trust store. A file that one of these names replaces the trust store, so it must contain the
        public roots, too.
    type: path
  intermediate_path:
    description:
      - Path of a file with issuers that are missing in the messages, as PEM, DER or PKCS#7. They are used where they fit, and are trusted
        no more than certificates in a message. Nothing is fetched from URLs in certificates.
    type: path
  intermediate_content:
    description:
      - The same as PEM text.
    type: str
  max_age_days:
    description:
      - Ignore messages that were received more than this number of days ago. For files, the time of the last change counts.
    type: float
    default: 30
  max_message_bytes:
    description:
      - Maximum size of a message in bytes, from 65536 to 1073741824. Larger messages are not examined.
    type: int
    default: 10485760
  open_always:
    description:
      - Whether to open the mailbox even if there is nothing to look for, to see that the login and the folder are right before emails are
        requested that are to arrive there.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait for missing certificates, until all are found or O(wait_timeout) has passed. O(emails) says for which.
    type: bool
    default: false
  wait_timeout:
    description:
      - Maximum number of seconds to wait.
    type: float
    default: 900
  wait_interval:
    description:
      - Seconds until the mailbox is checked again. A mail server that supports C(IDLE) reports new messages earlier.
    type: float
    default: 30
  account_id:
    description:
      - Id of the account of O(order_ids). The default is the API user's own account.
    type: int
notes:
  - If a folder on a mail server has more than 500 messages of the right age, the server searches for messages with PEM in their text or
    with a file that may be a certificate. Of these, the messages whose subject mentions certificates are examined first. If something is
    still missing, the others of these follow, and then all remaining messages whose subject mentions certificates. In a smaller folder, and
    in files, all messages are examined.
  - Of a message that is larger than O(max_message_bytes), only the header is downloaded from a mail server, and only the beginning is read
    from a file.
  - Of several valid certificates with the same public key, the module prefers a trusted one, then one for the requested names, then the one
    that was issued last.
seealso:
  - module: softlayer.certificates.ssl_order_info
  - module: softlayer.certificates.ssl_fulfillment_email
  - module: softlayer.certificates.ssl_certificate_import
"""

EXAMPLES = r"""
- name: Find the certificates of all orders for one domain
  softlayer.certificates.ssl_fulfillment_email_info:
    select:
      common_names: ["*.example.com"]
      statuses: [approved, complete]
    maildir: ~/Maildir

- name: List the issued orders whose certificate is not in the certificate store yet
  softlayer.certificates.ssl_order_info:
    statuses: [approved, complete]
    exclude_expired: true
    imported: false
  register: issued

- name: Find the certificates in a folder on the mail server, waiting up to half an hour for them
  softlayer.certificates.ssl_fulfillment_email_info:
    orders: "{{ issued.orders }}"
    imap:
      host: imap.example.com
      username: certificates@example.com
      password: "{{ vault_mail_password }}"
      folder: CA mail
      timeout: 30
    wait: true
    wait_timeout: 1800
    wait_interval: 60
  register: mails

- name: See that the mailbox can be opened
  softlayer.certificates.ssl_fulfillment_email_info:
    orders: []
    maildir: ~/Maildir
    open_always: true

- name: Have some emails sent again
  softlayer.certificates.ssl_fulfillment_email:
    order_ids: [1234, 5678]
    allowed_recipients: ["*@example.com"]
  register: requested
  failed_when: requested.emails is not defined # others than those that could not be requested are waited for

- name: Wait for these alone, and take what is there of the others
  softlayer.certificates.ssl_fulfillment_email_info:
    orders: "{{ issued.orders }}"
    emails: "{{ requested.emails }}"
    skip_imported: true
    maildir: ~/Maildir
    wait: true

- name: Import them
  softlayer.certificates.ssl_certificate_import:
    certificates: "{{ files.ready }}"
  vars:
    files: "{{ issued.orders | softlayer.certificates.certificate_files(none, '/etc/ssl/private', mails.certificates) }}"

- name: Look for two orders, over STARTTLS, with a private certificate authority
  softlayer.certificates.ssl_fulfillment_email_info:
    order_ids: [1234, 5678]
    account_id: 307608
    imap:
      host: mail.example.com
      port: 143
      username: certificates
      password: "{{ vault_mail_password }}"
      security: starttls
      validate_certs: true
      ca_path: /etc/ssl/certs/example-ca.pem

- name: Find certificates that were ordered elsewhere in a Maildir, by their CSRs
  softlayer.certificates.ssl_fulfillment_email_info:
    csr_paths:
      - /etc/ssl/requests/shop.example.com.csr
    maildir: ~/Maildir
    max_age_days: 90
    intermediate_path: /etc/ssl/example-issuers.pem
    trusted_ca_path: /etc/ssl/authority/root.pem

- name: Find the certificate of a private key in messages that were saved by hand
  softlayer.certificates.ssl_fulfillment_email_info:
    privatekey_paths:
      - /etc/ssl/private/shop.example.com.key
    privatekey_passphrase: "{{ vault_key_passphrase }}"
    paths:
      - ~/Downloads/certificate.eml
      - ~/Documents/certificates
    max_message_bytes: 1048576
    intermediate_content: "{{ lookup('ansible.builtin.file', 'bundle.pem') }}"
    trust: warn
"""

RETURN = r"""
certificates:
  description: The certificates that were found, one for each order, CSR or key, in the order of the input.
  returned: success
  type: list
  elements: dict
  contains:
    order_id:
      description: Id of the order; null if a CSR or key was looked for.
      type: int
      sample: 1234
    common_name:
      description: The order's common name, else the certificate's; null if neither has one.
      type: str
      sample: www.example.com
    path:
      description: Path of the CSR or key that was looked for; null if an order was looked for.
      type: str
      sample: null
    trust:
      description:
        - V(trusted) - its chain leads to a trusted root.
        - V(incomplete), only with O(trust=warn) - an issuer is missing.
        - V(untrusted), only with O(trust=warn) - every other case.
      type: str
      sample: trusted
    certificate:
      description: The certificate as PEM.
      type: str
    intermediate_certificate:
      description: Its chain as PEM, the issuer first, without the root; null if no issuer is known.
      type: str
    fingerprint_sha256:
      description: SHA-256 of the certificate's DER encoding, in hex.
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
    source:
      description: The message it was found in.
      type: dict
      contains:
        message_id:
          description: The message's id.
          type: str
          sample: <20260201.1234@ca.example>
        from:
          description: The sender that the message claims.
          type: str
          sample: Example Trust Orders <orders@ca.example>
        date:
          description: The date that the message claims.
          type: str
          sample: "2026-02-01T10:00:00Z"
        subject:
          description: The message's subject.
          type: str
          sample: RapidSSL Certificate Order 1234 Complete - www.example.com
        folder:
          description: The folder on the mail server; null for files.
          type: str
          sample: INBOX
        uid:
          description: The message's number in that folder; null for files.
          type: int
          sample: 4711
        path:
          description: The message's file; null for a mail server.
          type: str
          sample: null
        format:
          description: Format of the certificate in the message, V(inline_pem), V(pem), V(der), V(pkcs7) or V(zip). V(zip) stands for every
            kind of archive.
          type: str
          sample: inline_pem
missing:
  description: The certificates that were looked for and not found.
  returned: success
  type: list
  elements: dict
  contains:
    order_id:
      description: Id of the order; null if a CSR or key was looked for.
      type: int
      sample: 5678
    common_name:
      description: The order's common name, or if a key was looked for, that of the certificate that came and is of no use; null if there is none.
      type: str
      sample: shop.example.com
    subject_alt_names:
      description: The names in the CSR of the order or of O(csr_paths), or those of that certificate.
      type: list
      elements: str
      sample: []
    path:
      description: Path of the CSR or key; null if an order was looked for.
      type: str
      sample: null
    public_key_sha256:
      description: SHA-256 of the public key, in hex.
      type: str
    not_before:
      description:
        - Begin of the validity of the newest certificate with this public key that has arrived, but is not valid now. Null if none has
          arrived, or if RV(missing[].reason) is another one than V(waiting_for_email).
      type: str
      sample: null
    not_after:
      description: End of its validity.
      type: str
      sample: null
    reason:
      description:
        - V(waiting_for_email) - no message with a valid certificate has arrived.
        - V(untrusted) or V(chain_incomplete) - a message has arrived, but its certificate is not trusted; see RV(unmatched[].reason).
        - V(no_public_key) - the API does not return the order's CSR, so no certificate can be matched with the order.
        - V(not_found) - the order does not exist, or the API user may not see it.
      type: str
      sample: waiting_for_email
    message:
      description: The reason in a sentence.
      type: str
      sample: No message with the certificate has come yet.
unmatched:
  description: The first 1000 messages that were examined and not used, or could not be read, with the reason. In a folder on a mail server,
    the newest messages are examined first.
  returned: success
  type: list
  elements: dict
  contains:
    message_id:
      description: The message's id.
      type: str
      sample: <20260201.1235@ca.example>
    from:
      description: The sender that the message claims.
      type: str
      sample: Example Trust Orders <orders@ca.example>
    date:
      description: The date that the message claims.
      type: str
      sample: "2026-02-01T10:00:00Z"
    subject:
      description: The message's subject.
      type: str
      sample: ORDER APPROVAL - RapidSSL for shop.example.com
    folder:
      description: The folder on the mail server; null for files.
      type: str
      sample: INBOX
    uid:
      description: The message's number in that folder; null for files.
      type: int
      sample: 4712
    path:
      description: The message's file; null for a mail server.
      type: str
      sample: null
    reason:
      description:
        - V(link_only) - a certificate has been issued, but the message contains only a link to it. This and V(approval_request) are told from
          words in English and German; in other languages, it is V(no_certificate).
        - V(approval_request) - the message asks somebody to approve an order, or to prove control of the domain.
        - V(unsupported_attachment) - a file that may contain a certificate has an unsupported format, such as C(winmail.dat), tar, gzip,
          bzip2, xz, 7-Zip, RAR, RTF or an office document, or is in a zip archive that is compressed by another method than Deflate, such as bzip2 or LZMA.
          Or the message, or an attachment, is in Outlook's own format (C(.msg)).
        - V(unreadable) - the mail server does not give the message although it lists it, or the file or folder cannot be read.
        - V(no_certificate) - the message contains no certificate.
        - V(no_matching_key) - the message contains certificates, but with other public keys.
        - V(expired) - the certificate with the right public key has expired.
        - V(not_yet_valid) - the certificate with the right public key is not valid yet.
        - V(encrypted) - the message or an attachment is encrypted.
        - V(too_large) - the message is larger than O(max_message_bytes), contains more than a message with a certificate would, or contains
          archives nested more than two deep.
        - V(malformed) - the message is damaged.
        - V(untrusted) - with O(trust=require), the certificate has the right public key, but its chain does not lead to a trusted root, or
          it is for none of the names of the order or CSR.
        - V(chain_incomplete) - with O(trust=require), the certificate has the right public key, but an issuer is missing in its chain.
      type: str
      sample: approval_request
    message:
      description: The reason in a sentence, with what to do.
      type: str
      sample: "The domain administrator is asked to approve the order: have that done."
unmatched_count:
  description: Number of messages that were examined and not used, or could not be read.
  returned: success
  type: int
  sample: 1
messages_examined:
  description: Number of messages that were examined, and of those that could not be read.
  returned: success
  type: int
  sample: 2
api_calls:
  description: Number of HTTP requests that were made to the API; 0 without O(order_ids).
  returned: success
  type: int
  sample: 0
failure:
  description: What went wrong, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable name of the failure, such as V(authentication_failed), V(tls_error), V(unreachable), V(mailbox_error) or V(not_found).
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
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_collect import SPEC, libraries, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, libraries)


if __name__ == "__main__":
    main()
