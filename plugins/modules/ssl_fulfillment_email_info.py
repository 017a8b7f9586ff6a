#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the certificates in received fulfillment emails."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_fulfillment_email_info
short_description: Find the certificates in the fulfillment emails that have arrived
version_added: 1.0.0
description:
  - Searches a mailbox for the certificates of SSL orders, or for the certificates that belong to a CSR or private key.
  - The module returns a certificate only if it has the requested public key and its chain leads to a trusted root certificate. The module never
    trusts the sender, the subject, and names, so a forged message can at most appear in RV(unmatched).
  - The module finds certificates in the text of messages, also of quoted or forwarded messages, and in attachments. Certificates can be in PEM,
    DER, PKCS#7, HTML, or plain base64 format, also in zip archives and in a zip archive inside another one.
  - The module builds the chain from the certificates in the same message. The module takes missing intermediate certificates from other messages
    and from O(intermediate_path).
  - The module never changes the mailbox, and does not mark, move, or delete messages.
  - If a file or directory below O(paths) or O(maildir) cannot be read, or the mail server does not return a message, the module skips the file
    or message with a warning. RV(unmatched) lists the file or message with the reason V(unreadable).
  - The module requests several messages together. If the mail server does not return a message, or the connection breaks, the module requests the
    message again separately. If the server does not return 20 messages in a row, the module fails.
  - If a path in O(paths) or O(maildir) itself cannot be read, the module fails. The module reads only regular files.
  - The module calls the API and requires its credentials only with O(order_ids) or O(select).
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
      - A folder on an IMAP server. The module opens the folder read-only. Set exactly one of O(imap), O(maildir), and O(paths).
    type: dict
    suboptions:
      host:
        description:
          - Host name or IP address of the IMAP server.
        type: str
        required: true
      port:
        description:
          - Port of the IMAP server. The default is V(993) with O(imap.security=tls), otherwise V(143).
        type: int
      username:
        description:
          - User name for the login to the IMAP server.
        type: str
        required: true
      password:
        description:
          - Password of O(imap.username). Providers with two-factor authentication require an app password.
        type: str
        required: true
      folder:
        description:
          - Name of the IMAP folder to search.
        type: str
        default: INBOX
      security:
        description:
          - Encryption method of the connection.
          - V(tls) - the connection is encrypted from the first byte.
          - V(starttls) - the connection is encrypted before the login.
          - V(none) - the connection is not encrypted, which is allowed only for a loopback address.
        type: str
        choices: [tls, starttls, none]
        default: tls
      validate_certs:
        description:
          - Whether to verify the certificate of the IMAP server.
        type: bool
        default: true
      ca_path:
        description:
          - Path of a file with the CA certificates that verify the IMAP server. The default is the file E(SSL_CERT_FILE) or
            E(REQUESTS_CA_BUNDLE), or else the trusted root certificates of the host.
        type: path
      timeout:
        description:
          - Maximum time in seconds to wait for the connection, and for each response of the IMAP server.
        type: float
        default: 60
  maildir:
    description:
      - Path of a Maildir, which is a directory with the subdirectories C(new) and C(cur).
    type: path
  paths:
    description:
      - Paths of saved messages, or of directories. In directories and their subdirectories, the module reads all C(.eml) and C(.msg) files. With
        an empty list, the module reads no files.
      - The module cannot parse messages in the Outlook format (C(.msg)). RV(unmatched) lists such messages with the fix. The module does not
        read mbox files. Save the messages of an mbox file as C(.eml) files.
    type: list
    elements: path
  orders:
    description:
      - Orders for which to find certificates, in the format of M(softlayer.certificates.ssl_order_info). The module uses only C(id),
        C(common_name), C(subject_alt_names), and C(public_key_sha256) of each order. With an empty list, the module processes no orders.
    type: list
    elements: dict
  skip_imported:
    description:
      - Whether to exclude an item of O(orders) if its certificate, or a newer certificate that replaced it, is already in the certificate store.
        To use this option, list the orders with O(softlayer.certificates.ssl_order_info#module:gather_imported).
    type: bool
    default: false
  order_ids:
    description:
      - IDs of the orders for which to find certificates. The module reads the orders from the API. An empty list and null are invalid.
    type: list
    elements: int
  emails:
    description:
      - The list RV(softlayer.certificates.ssl_fulfillment_email#module:emails) that M(softlayer.certificates.ssl_fulfillment_email) returned.
        With O(emails), O(wait) waits only for orders whose email was, or may have been, requested by the run that returned the list, or by an
        earlier run less than O(softlayer.certificates.ssl_fulfillment_email#module:min_interval_hours) ago. The module searches for all other
        certificates once.
    type: list
    elements: dict
  csr_paths:
    description:
      - Paths of CSRs for which to find certificates. The certificates can come from any CA. With an empty list, the module reads no CSRs.
    type: list
    elements: path
  privatekey_paths:
    description:
      - Paths of private keys for which to find certificates. The certificates can come from any CA. The module uses only the public keys. With
        an empty list, the module reads no private keys.
    type: list
    elements: path
  privatekey_passphrase:
    description:
      - Passphrase of the encrypted private keys in O(privatekey_paths).
    type: str
  trust:
    description:
      - The action for a certificate whose chain does not lead to a trusted root certificate, or contains an invalid signature or date.
        V(require) does not return such a certificate. V(warn) returns the certificate with a warning, and RV(certificates[].trust) contains the
        level of trust.
      - A public key is not a secret, so an attacker could create a certificate for the public key and send the certificate to the mailbox.
      - If several certificates match, the module prefers the certificate for the common name of the order. For an order without a common name,
        and for O(csr_paths), the module prefers the certificate that covers the most names of the CSR. If a certificate covers none of the
        names, V(require) does not return the certificate, and V(warn) returns the certificate with a warning.
    type: str
    choices: [require, warn]
    default: require
  trusted_ca_path:
    description:
      - Path of a file or directory with trusted certificates in PEM format. The certificates can be root certificates or intermediate
        certificates.
      - The module also trusts the root certificates of the host, which are in the file E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), in the
        directory E(SSL_CERT_DIR), or else in the trust store of the host. A file or directory in these environment variables replaces the trust
        store, so the file or directory must also contain the public root certificates.
    type: path
  intermediate_path:
    description:
      - Path of a file with intermediate certificates that the messages lack, in PEM, DER, or PKCS#7 format. The module trusts the certificates
        in the file no more than the certificates in a message. The module downloads nothing from URLs in certificates.
    type: path
  intermediate_content:
    description:
      - The intermediate certificates that the messages lack, as PEM text.
    type: str
  max_age_days:
    description:
      - Maximum age of messages in days. The module ignores older messages. The age of a file is the time since its last change.
    type: float
    default: 30
  max_message_bytes:
    description:
      - Maximum size of a message in bytes, from 65536 to 1073741824. The module skips larger messages.
    type: int
    default: 10485760
  open_always:
    description:
      - Whether to open the mailbox even if the module has no certificates to find. Use this option to test the login and the folder before you
        request emails.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until all certificates are found or O(wait_timeout) has passed. O(emails) limits the orders for which the module waits.
    type: bool
    default: false
  wait_timeout:
    description:
      - Maximum time in seconds to wait for missing certificates.
    type: float
    default: 900
  wait_interval:
    description:
      - Time in seconds until the module checks the mailbox again. A mail server with support for C(IDLE) announces new messages earlier.
    type: float
    default: 30
  account_id:
    description:
      - ID of the account of O(order_ids). The default is the account of the API user.
    type: int
notes:
  - If a folder on a mail server contains more than 500 messages of the right age, the server searches for messages with PEM text or with an
    attachment that can be a certificate. Of these messages, the module examines first those whose subject mentions certificates, and then the
    others. If a certificate is still missing, the module examines all remaining messages whose subject mentions certificates. In a smaller
    folder, and in files, the module examines all messages.
  - If a message is larger than O(max_message_bytes), the module downloads only its header, or reads only the beginning of its file.
  - If several valid certificates have the same public key, the module prefers a trusted certificate, then a certificate for the requested names,
    then the certificate that was issued last.
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

- name: Check that the mailbox can be opened
  softlayer.certificates.ssl_fulfillment_email_info:
    orders: []
    maildir: ~/Maildir
    open_always: true

- name: Request some emails again
  softlayer.certificates.ssl_fulfillment_email:
    order_ids: [1234, 5678]
    allowed_recipients: ["*@example.com"]
  register: requested
  failed_when: requested.emails is not defined # continue if some emails could not be requested

- name: Wait only for these emails, and also find the certificates that have already arrived
  softlayer.certificates.ssl_fulfillment_email_info:
    orders: "{{ issued.orders }}"
    emails: "{{ requested.emails }}"
    skip_imported: true
    maildir: ~/Maildir
    wait: true

- name: Import the certificates
  softlayer.certificates.ssl_certificate_import:
    certificates: "{{ files.ready }}"
  vars:
    files: "{{ issued.orders | softlayer.certificates.certificate_files(none, '/etc/ssl/private', mails.certificates) }}"

- name: Find the certificates of two orders, over STARTTLS, on a mail server with a private CA
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

- name: Find certificates of other CAs in a Maildir, by their CSRs
  softlayer.certificates.ssl_fulfillment_email_info:
    csr_paths:
      - /etc/ssl/requests/shop.example.com.csr
    maildir: ~/Maildir
    max_age_days: 90
    intermediate_path: /etc/ssl/example-issuers.pem
    trusted_ca_path: /etc/ssl/authority/root.pem

- name: Find the certificate of a private key in saved messages
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
  description: The certificates that the module found, one for each order, CSR, or private key, in the order of the input.
  returned: success
  type: list
  elements: dict
  contains:
    order_id:
      description: ID of the order, or null for a CSR or a private key.
      type: int
      sample: 1234
    common_name:
      description: Common name of the order, or else of the certificate, or null if neither the order nor the certificate has a common name.
      type: str
      sample: www.example.com
    path:
      description: Path of the CSR or private key, or null for an order.
      type: str
      sample: null
    trust:
      description:
        - Level of trust of the certificate. V(trusted) - the chain of the certificate leads to a trusted root certificate.
        - V(incomplete), only with O(trust=warn) - an intermediate certificate is missing.
        - V(untrusted), only with O(trust=warn) - TLS clients reject the chain for another reason.
      type: str
      sample: trusted
    certificate:
      description: The certificate as PEM.
      type: str
      sample: "-----BEGIN CERTIFICATE-----\nMIIF...\n-----END CERTIFICATE-----\n"
    intermediate_certificate:
      description:
        - The intermediate certificates as PEM, starting with the intermediate certificate that issued the certificate, without the root
          certificate, or null if no intermediate certificate is known.
      type: str
      sample: "-----BEGIN CERTIFICATE-----\nMIIE...\n-----END CERTIFICATE-----\n"
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
    source:
      description: The message that contains the certificate.
      type: dict
      contains:
        message_id:
          description: Message-ID of the message.
          type: str
          sample: <20260201.1234@ca.example>
        from:
          description: Sender in the header of the message, which can be forged.
          type: str
          sample: Example Trust Orders <orders@ca.example>
        date:
          description: Date in the header of the message, which can be forged.
          type: str
          sample: "2026-02-01T10:00:00Z"
        subject:
          description: Subject of the message.
          type: str
          sample: RapidSSL Certificate Order 1234 Complete - www.example.com
        folder:
          description: Folder on the mail server, or null for files.
          type: str
          sample: INBOX
        uid:
          description: UID of the message in the folder, or null for files.
          type: int
          sample: 4711
        path:
          description: Path of the file with the message, or null for a mail server.
          type: str
          sample: null
        format:
          description:
            - Format of the certificate in the message, one of V(inline_pem), V(pem), V(der), V(pkcs7), or V(zip). V(zip) means any kind of
              archive.
          type: str
          sample: inline_pem
missing:
  description: The orders, CSRs, and private keys whose certificates were not found.
  returned: success
  type: list
  elements: dict
  contains:
    order_id:
      description: ID of the order, or null for a CSR or a private key.
      type: int
      sample: 5678
    common_name:
      description:
        - Common name of the order. For a private key, the value is the common name of the certificate that arrived but cannot be used. The value
          is null if neither name exists.
      type: str
      sample: shop.example.com
    subject_alt_names:
      description: DNS names in the CSR of the order or of O(csr_paths), or of the certificate that arrived but cannot be used.
      type: list
      elements: str
      sample: []
    path:
      description: Path of the CSR or private key, or null for an order.
      type: str
      sample: null
    public_key_sha256:
      description: SHA-256 digest of the public key (SubjectPublicKeyInfo), in hexadecimal, or null if it is not known.
      type: str
      sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
    not_before:
      description:
        - Time when the newest certificate with the public key of the item becomes valid, if the certificate has arrived but is not valid now.
          The value is null if no certificate has arrived, and for other reasons than V(waiting_for_email).
      type: str
      sample: null
    not_after:
      description: Time when the newest certificate with the public key of the item expires.
      type: str
      sample: null
    reason:
      description:
        - Code of the reason. V(waiting_for_email) - no message with a valid certificate has arrived.
        - V(untrusted) or V(chain_incomplete) - a message has arrived, but its certificate is not trusted (see RV(unmatched[].reason)).
        - V(no_public_key) - the API does not return the CSR of the order, so no certificate can be matched with the order.
        - V(not_found) - the order does not exist, or the API user does not have the permission to view it.
      type: str
      sample: waiting_for_email
    message:
      description: The reason as a sentence.
      type: str
      sample: No message with the certificate has arrived yet.
unmatched:
  description:
    - The first 1000 messages that were examined but not used, or could not be read, each with the reason. In a folder on a mail server, the
      module examines the newest messages first.
  returned: success
  type: list
  elements: dict
  contains:
    message_id:
      description: Message-ID of the message.
      type: str
      sample: <20260201.1235@ca.example>
    from:
      description: Sender in the header of the message, which can be forged.
      type: str
      sample: Example Trust Orders <orders@ca.example>
    date:
      description: Date in the header of the message, which can be forged.
      type: str
      sample: "2026-02-01T10:00:00Z"
    subject:
      description: Subject of the message.
      type: str
      sample: ORDER APPROVAL - RapidSSL for shop.example.com
    folder:
      description: Folder on the mail server, or null for files.
      type: str
      sample: INBOX
    uid:
      description: UID of the message in the folder, or null for files.
      type: int
      sample: 4712
    path:
      description: Path of the file with the message, or null for a mail server.
      type: str
      sample: null
    reason:
      description:
        - Code of the reason. V(link_only) - a certificate has been issued, but the message contains only a link to the certificate. The module
          recognizes V(link_only) and V(approval_request) by English and German words. In other languages, the reason is V(no_certificate).
        - V(approval_request) - the message requests the approval of an order, or a proof of control over the domain.
        - V(unsupported_attachment) - an attachment that may contain a certificate has an unsupported format, such as C(winmail.dat), tar, gzip,
          bzip2, xz, 7-Zip, RAR, RTF, or an office document, or is in a zip archive with another compression method than Deflate.
          V(unsupported_attachment) also applies if the message or an attachment is in the Outlook format (C(.msg)).
        - V(unreadable) - the mail server lists the message but does not return it, or the file or directory cannot be read.
        - V(no_certificate) - the message contains no certificate.
        - V(no_matching_key) - the message contains certificates, but with other public keys.
        - V(expired) - the certificate with the expected public key has expired.
        - V(not_yet_valid) - the certificate with the expected public key is not valid yet.
        - V(encrypted) - the message or an attachment is encrypted.
        - V(too_large) - the message is larger than O(max_message_bytes), contains more data than a message with a certificate would, or contains
          archives with more than two levels.
        - V(malformed) - the message is damaged.
        - V(untrusted) - with O(trust=require), the certificate has the expected public key, but its chain does not lead to a trusted root
          certificate, or it covers none of the names of the order or CSR.
        - V(chain_incomplete) - with O(trust=require), the certificate has the expected public key, but its chain lacks an intermediate
          certificate.
      type: str
      sample: approval_request
    message:
      description: The reason as a sentence, and the fix.
      type: str
      sample: The CA waits for the approval of the order by the domain administrator. Approve the order.
unmatched_count:
  description: Number of messages that were examined but not used, or could not be read.
  returned: success
  type: int
  sample: 1
messages_examined:
  description: Number of messages that were examined or could not be read.
  returned: success
  type: int
  sample: 2
api_calls:
  description: Number of HTTP requests to the API, including repeated requests.
  returned: success
  type: int
  sample: 0
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable code of the failure, such as V(authentication_failed), V(tls_error), V(unreachable), V(mailbox_error), or V(not_found).
      type: str
      sample: not_found
    message:
      description: The cause of the failure and its fix, as in C(msg).
      type: str
      sample: The mail server imap.example.com:993 has no folder CA to read.
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
        host:
          description: Host name or IP address of the mail server or the API.
          returned: if a server cannot be used
          type: str
          sample: "imap.example.com"
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
        account_id:
          description: ID of the account in O(account_id), to which the orders do not belong.
          returned: if the orders belong to another account
          type: int
          sample: 307608
        accounts:
          description: IDs of the accounts to which the orders belong.
          returned: if the orders belong to another account
          type: list
          elements: int
          sample: [307600]
        folder: {description: Folder that does not exist on the mail server., returned: if the folder does not exist, type: str, sample: "CA"}
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_collect import (
    SPEC,
    list_libraries,
    run,
)


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, list_libraries)


if __name__ == "__main__":
    main()
