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
  - Looks through a mailbox for the certificates of SSL orders, or for those that belong to a CSR or private key.
  - A certificate is taken only if its public key is the one that is looked for, and its chain leads to a root that is trusted. Sender,
    subject and names are never trusted, so a forged message can at most be listed in RV(unmatched).
  - Certificates are found in the text of messages, in quoted or forwarded ones too, and in attachments, as PEM, DER, PKCS#7, HTML or
    base64 alone, also in zip, tar and gzip archives, in an archive within one, or uuencoded. The chain is put together from what the same
    message holds; issuers that it lacks are taken from the other messages, those with nothing else in them too, and from
    O(intermediate_path).
  - Reading never changes the mailbox. No message is marked as seen, moved or deleted.
  - A file or folder below O(paths) or O(maildir) that cannot be read is passed over with a warning, and the others are read. One that
    is named in O(paths), O(maildir) or O(mbox) itself is a failure. Only plain files are read, no pipes or devices.
  - Without O(order_ids) the API is not used, and no credentials for it are needed.
author:
  - softlayer.certificates contributors (!UNKNOWN)
requirements:
  - imap-tools >= 1.11 (with O(imap))
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.info_module
  - softlayer.certificates.attributes.action_group
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
          - Port of the mail server. The default is V(993) with O(imap.security=tls), else V(143).
        type: int
      username:
        description:
          - Name to log in with.
        type: str
        required: true
      password:
        description:
          - Password of O(imap.username). Providers with two-factor login want an app password here.
        type: str
        required: true
      folder:
        description:
          - Folder to read.
        type: str
        default: INBOX
      security:
        description:
          - V(tls), the connection is encrypted from its beginning, V(starttls), the login waits until it is encrypted.
          - V(none), it is not encrypted. The password is sent to this machine only then.
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
          - File with the certificates of the CAs to trust instead of the system's.
        type: path
      timeout:
        description:
          - Seconds that the mail server may take for its whole answer to each command, a message of the largest size included.
        type: float
        default: 60
  maildir:
    description:
      - Read a Maildir, the folder that holds C(new) and C(cur).
    type: path
  mbox:
    description:
      - Read an mbox file.
    type: path
  paths:
    description:
      - Read these message files, and the files that end in C(.eml) in these folders and below them; none if it is empty or null.
    type: list
    elements: path
  orders:
    description:
      - Look for the certificates of these orders, as M(softlayer.certificates.ssl_order_info) returns them. Of each, C(id),
        C(common_name) and C(public_key_sha256) are read. For none if it is empty or null.
    type: list
    elements: dict
  order_ids:
    description:
      - Look for the certificates of these orders, which are read from the API; for none if it is empty or null.
    type: list
    elements: int
  csr_paths:
    description:
      - Look for the certificates that were issued for these signing requests, by any CA; for none if it is empty or null.
    type: list
    elements: path
  privatekey_paths:
    description:
      - Look for the certificates that belong to these private keys, by any CA; for none if it is empty or null. The keys are read for their public keys only.
    type: list
    elements: path
  privatekey_passphrase:
    description:
      - Passphrase of the files in O(privatekey_paths), if they have one.
    type: str
  trust:
    description:
      - Whether to take only certificates whose chain leads to a root that is trusted, with every signature and date right. A public key is
        no secret, so anyone can have a certificate made for it, and send it.
      - Of several, one for the order's common name, or for the most names of the signing request in O(csr_paths), is taken before any
        other. One for none of the names is not taken with V(require), and taken with a warning with V(warn).
      - With V(warn) others are taken, too, with a warning; RV(certificates[].trust) tells them apart.
    type: str
    choices: [require, warn]
    default: require
  trusted_ca_path:
    description:
      - File, or folder of files, with the certificates that are trusted, as PEM. That need not be roots.
      - By default those of the machine are, where OpenSSL finds them (E(SSL_CERT_FILE), E(SSL_CERT_DIR), or the distribution's).
    type: path
  intermediate_path:
    description:
      - Path of a file with issuers that the messages lack, as PEM, DER or PKCS#7. They are used where they fit and trusted no more
        than what a message holds. Nothing is fetched from addresses in certificates.
    type: path
  intermediate_content:
    description:
      - The same as PEM text.
    type: str
  max_age_days:
    description:
      - Leave out messages that were received earlier than this number of days ago. For files the time of their last change counts, for
        O(mbox) the later of the message's date and the time it was stored.
    type: float
    default: 30
  max_message_bytes:
    description:
      - Do not look into messages larger than this number of bytes. It must be from 65536 to 1073741824.
    type: int
    default: 10485760
  wait:
    description:
      - Whether to wait for what is missing, until all is found or O(wait_timeout) is over.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait at most.
    type: float
    default: 900
  wait_interval:
    description:
      - Seconds until the mailbox is looked at again. A mail server that has C(IDLE) tells earlier that a message has come.
    type: float
    default: 30
  account_id:
    description:
      - Id of the account whose O(order_ids) to look up; the API user's own if not given.
    type: int
notes:
  - In a folder on a mail server with more than 500 messages in question, the server is asked which have PEM in their text or a file that
    may be a certificate, and those are looked into; first the ones whose subject mentions certificates, then, if something is missing
    still, the others, and last what else mentions certificates in its subject. In a smaller folder, and in files, all are looked into.
  - Of a message that is larger than O(max_message_bytes), also in an O(mbox), only the beginning is taken into memory. A mail server
    that answers with more than 16 MiB beside that, with more than 100000 lines, or with more than 500000 messages in question, is a
    failure with the code V(mailbox_error), and one whose answer takes longer than O(imap.timeout) is V(unreachable).
  - Of several valid certificates with the same public key, one that is trusted is returned rather than any other, then one for
    the names that were asked for, then the one issued last.
seealso:
  - module: softlayer.certificates.ssl_order_info
  - module: softlayer.certificates.ssl_fulfillment_email
  - module: softlayer.certificates.ssl_certificate_import
"""

EXAMPLES = r"""
- name: List what was issued and is not in the certificate store yet
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

- name: Import them
  softlayer.certificates.ssl_certificate_import:
    certificates: "{{ files.ready }}"
  vars:
    files: "{{ issued.orders | softlayer.certificates.certificate_files(none, '/etc/ssl/private', mails.certificates) }}"

- name: Look for two orders, over STARTTLS, with a CA of one's own
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

- name: Find certificates ordered elsewhere in a Maildir, by the CSRs they were ordered with
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

- name: The same in the file of a mail program
  softlayer.certificates.ssl_fulfillment_email_info:
    privatekey_paths:
      - /etc/ssl/private/shop.example.com.key
    mbox: ~/.thunderbird/profile/Mail/Local Folders/Certificates
"""

RETURN = r"""
certificates:
  description: The certificates that were found, one for each order, CSR or key, in the order in which those were given.
  returned: success
  type: list
  elements: dict
  contains:
    order_id:
      description: Id of the order; null if a CSR or key was looked for.
      type: int
      sample: 1234
    common_name:
      description: The order's common name, else the certificate's.
      type: str
      sample: www.example.com
    path:
      description: Path of the CSR or key that was looked for; null if an order was.
      type: str
      sample: null
    trust:
      description:
        - V(trusted), its chain leads to a root that is trusted. With O(trust=warn) also V(incomplete), an issuer is missing, or
          V(untrusted), all else.
      type: str
      sample: trusted
    certificate:
      description: The certificate as PEM.
      type: str
    intermediate_certificate:
      description: Its chain as PEM, the issuer first, without the root; null if none is known.
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
          description: Whom the message claims to be from.
          type: str
          sample: Example Trust Orders <orders@ca.example>
        date:
          description: When the message claims to have been written.
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
          description: How the certificate stands in the message, V(inline_pem), V(pem), V(der), V(pkcs7) or V(zip), which stands for every archive.
          type: str
          sample: inline_pem
missing:
  description: What was looked for and not found.
  returned: success
  type: list
  elements: dict
  contains:
    order_id:
      description: Id of the order; null if a CSR or key was looked for.
      type: int
      sample: 5678
    common_name:
      description: The order's common name.
      type: str
      sample: shop.example.com
    path:
      description: Path of the CSR or key; null if an order was looked for.
      type: str
      sample: null
    public_key_sha256:
      description: SHA-256 of the public key, in hex.
      type: str
    reason:
      description:
        - V(waiting_for_email), no message with the certificate has come.
        - V(untrusted) or V(chain_incomplete), one has come, and its certificate is not trusted; see RV(unmatched[].reason).
        - V(no_public_key), the API does not tell the order's CSR, so no certificate can be told to be the order's.
        - V(not_found), there is no such order, or the API user may not see it.
      type: str
      sample: waiting_for_email
    message:
      description: The reason in a sentence.
      type: str
      sample: No message with the certificate has come yet.
unmatched:
  description: The first 1000 messages that were looked into and not taken, and why not.
  returned: success
  type: list
  elements: dict
  contains:
    message_id:
      description: The message's id.
      type: str
      sample: <20260201.1235@ca.example>
    from:
      description: Whom the message claims to be from.
      type: str
      sample: Example Trust Orders <orders@ca.example>
    date:
      description: When the message claims to have been written.
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
        - V(link_only), a certificate has been issued and the message has only a link to it.
        - V(approval_request), somebody is asked to approve an order, or to show that the domain is his.
        - V(unsupported_attachment), a file that may hold a certificate is of a kind that is not read, such as C(winmail.dat), 7-Zip, RAR,
          xz, RTF or an office document, or stands in a zip archive packed by Deflate64, Zstandard, xz or PPMd.
        - V(no_certificate), there is none in it.
        - V(no_matching_key), there are certificates in it, but with other public keys.
        - V(expired), the certificate with the right public key has expired.
        - V(not_yet_valid), its validity has not begun.
        - V(encrypted), the message or an attachment is encrypted.
        - V(too_large), it is larger than O(max_message_bytes), or has more in it than a message with a certificate has, or archives more
          than two deep.
        - V(malformed), it is damaged.
        - V(untrusted), with O(trust=require), the certificate has the right public key, and its chain does not lead to a root that is trusted,
          or it is for none of the names of the order or signing request.
        - V(chain_incomplete), the same, and an issuer is missing.
      type: str
      sample: approval_request
    message:
      description: The reason in a sentence, and what to do.
      type: str
      sample: "The domain administrator is asked to approve the order: have that done."
unmatched_count:
  description: Number of messages that were looked into and not taken.
  returned: success
  type: int
  sample: 1
messages_examined:
  description: Number of messages that were looked into.
  returned: success
  type: int
  sample: 2
api_calls:
  description: Number of HTTP requests that were made to the API; 0 without O(order_ids).
  returned: success
  type: int
  sample: 0
failure:
  description: What went wrong, for programs.
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
      description: What belongs to the case.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._run.fulfillment_email_info import (
    LIBRARIES,
    SPEC,
    run,
)


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
