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

import time
import typing as t
from datetime import timedelta
from functools import cache

from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import ArgumentSpec, api_options
from ansible_collections.softlayer.certificates.plugins.module_utils._chain import Anchors
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._files import read_file
from ansible_collections.softlayer.certificates.plugins.module_utils._mail import (
    Search,
    Wanted,
    why_missing,
    why_untrusted,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._mail_parts import HEADER_BYTES
from ansible_collections.softlayer.certificates.plugins.module_utils._mailbox import (
    IMAP_TOOLS_IMPORT_ERROR,
    ImapMailbox,
    ImapSettings,
    Mailbox,
    MaildirMailbox,
    MboxMailbox,
    PathsMailbox,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._roots import trusted_roots
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import (
    CRYPTOGRAPHY_IMPORT_ERROR,
    Certificate,
    as_bytes,
    key_texts,
    read_certificates,
    read_private_key,
    read_request,
)

MAILBOXES = ("imap", "maildir", "mbox", "paths")
"""Options that say where the messages are."""
SPEC = api_options() + ArgumentSpec(
    options={
        "imap": {
            "type": "dict",
            "options": {
                "host": {"type": "str", "required": True},
                "port": {"type": "int"},
                "username": {"type": "str", "required": True},
                "password": {"type": "str", "required": True, "no_log": True},
                "folder": {"type": "str", "default": "INBOX"},
                "security": {"type": "str", "choices": ["tls", "starttls", "none"], "default": "tls"},
                "validate_certs": {"type": "bool", "default": True},
                "ca_path": {"type": "path"},
                "timeout": {"type": "float", "default": 60},
            },
        },
        "maildir": {"type": "path"},
        "mbox": {"type": "path"},
        "paths": {"type": "list", "elements": "path"},
        "orders": {"type": "list", "elements": "dict"},
        "order_ids": {"type": "list", "elements": "int"},
        "csr_paths": {"type": "list", "elements": "path"},
        "privatekey_paths": {"type": "list", "elements": "path", "no_log": False},
        "privatekey_passphrase": {"type": "str", "no_log": True},
        "trust": {"type": "str", "choices": ["require", "warn"], "default": "require"},
        "trusted_ca_path": {"type": "path"},
        "intermediate_path": {"type": "path"},
        "intermediate_content": {"type": "str"},
        "max_age_days": {"type": "float", "default": 30},
        "max_message_bytes": {"type": "int", "default": 10 * 1024 * 1024},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "float", "default": 900},
        "wait_interval": {"type": "float", "default": 30},
        "account_id": {"type": "int"},
    },
    mutually_exclusive=[("intermediate_path", "intermediate_content")],
    required_one_of=[
        MAILBOXES,
        ("orders", "order_ids", "csr_paths", "privatekey_paths"),
    ],
)


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    check_params(module.params)
    box = open_mailbox(module.params)
    wanted, api_calls = what_to_look_for(module)
    targets = {one.target for one in wanted if one.target}
    require_trust = module.params["trust"] == "require"
    search = Search(targets, lambda: anchors_for(module), known_issuers(module.params), require_trust=require_trust)
    if targets:
        with box:
            look_and_wait(module, box, search)
    warn_of_untrusted(module, search)
    return {
        "changed": False,
        "certificates": [
            search.collected[one.target].as_result(one) for one in wanted if one.target in search.collected
        ],
        "missing": [
            why_missing(one, search.refused.get(one.target) if one.target else None)
            for one in wanted
            if one.target not in search.collected
        ],
        "unmatched": search.unmatched,
        "unmatched_count": search.unmatched_count,
        "messages_examined": search.examined,
        "api_calls": api_calls,
    }


def check_params(params: t.Mapping[str, t.Any]) -> None:
    """Refuse what the argument specification cannot."""
    imap = params["imap"] or {}
    limits = (
        ("max_age_days", params["max_age_days"], LONGEST_AGE_DAYS),
        ("wait_timeout", params["wait_timeout"], LONGEST_WAIT),
        ("wait_interval", params["wait_interval"], LONGEST_WAIT),
        ("timeout of imap", imap.get("timeout", 1), LONGEST_TIMEOUT),
    )
    for name, value, most in limits:
        if not 0 < value <= most:
            raise CertificatesError("invalid_argument", f"{name} must be greater than 0 and at most {most}.")
    if not HEADER_BYTES <= params["max_message_bytes"] <= LARGEST_MESSAGE:
        raise CertificatesError(
            "invalid_argument", f"max_message_bytes must be from {HEADER_BYTES} to {LARGEST_MESSAGE}."
        )
    port = imap.get("port")
    if port is not None and not 0 < port < 65536:
        raise CertificatesError("invalid_argument", "port of imap must be from 1 to 65535.")


LONGEST_AGE_DAYS = 36_500
LONGEST_WAIT = 2_592_000
LONGEST_TIMEOUT = 86_400
LARGEST_MESSAGE = 1024 * 1024 * 1024


def too_many(given: t.Sequence[str]) -> str:
    """Return what is said of several mailboxes."""
    named = f"{', '.join(given[:-1])} and {given[-1]}"
    if len(given) == 2:
        return f"{named} are both given: leave one of them out."
    return f"{named} are all given: leave all but one of them out."


def open_mailbox(params: t.Mapping[str, t.Any]) -> Mailbox:
    """Return the source of messages, checked as far as that goes without a connection."""
    given = [name for name in MAILBOXES if params[name] is not None]
    if len(given) > 1:
        raise CertificatesError("invalid_argument", too_many(given))
    largest = params["max_message_bytes"]
    empty = [name for name in ("maildir", "mbox") if params[name] == ""]
    if empty:
        raise CertificatesError("invalid_argument", f"{empty[0]} must not be empty.")
    if params["imap"] is not None:
        return ImapMailbox(ImapSettings(**params["imap"]), largest)
    if params["maildir"] is not None:
        return MaildirMailbox(params["maildir"], largest)
    if params["mbox"] is not None:
        return MboxMailbox(params["mbox"], largest)
    return PathsMailbox(params["paths"], largest)


def warn_of_untrusted(module: Module, search: Search) -> None:
    """Say what was not taken for want of trust, or was all the same."""
    said = [message for target, (_reason, message) in search.refused.items() if target not in search.collected]
    untrusted = [one.found for one in search.collected.values() if one.found.trust != "trusted"]
    said += [f"Taken, though it is not trusted: {why_untrusted(found)[1]}" for found in untrusted]
    said += [
        f"The certificate {one.found.certificate.shown_name} has the right public key, "
        "but not the order's common name, or a name of the signing request: look at it."
        for one in search.collected.values()
        if one.found.is_for_other_names
    ]
    for message in said[:MOST_WARNINGS]:
        module.warn(message)
    if len(said) > MOST_WARNINGS:
        module.warn(f"The same is the case with {len(said) - MOST_WARNINGS} more certificates.")


MOST_WARNINGS = 5
"""Of certificates that are not trusted; the result tells of each."""


@cache
def anchors_for(module: Module) -> Anchors:
    """Return what is trusted; where only a warning hangs on it, a machine without roots trusts nothing."""
    path = module.params["trusted_ca_path"]
    try:
        return trusted_roots(path)
    except CertificatesError as error:
        if module.params["trust"] == "require" or path is not None:
            raise
        module.warn(error.message)
        return Anchors()


def known_issuers(params: t.Mapping[str, t.Any]) -> list[Certificate]:
    """Return the issuers that messages may lack."""
    path, content = params["intermediate_path"], params["intermediate_content"]
    if path is None and content is None:
        return []
    named = f" {path}" if path is not None else ""
    try:
        found = read_certificates(read_file(path) if path is not None else as_bytes(content))
    except CertificatesError as error:
        raise CertificatesError(error.code, f"intermediate_path{named}: {error.message}") from None
    if not found:
        raise CertificatesError(
            "invalid_argument",
            f"There is no certificate in what was given as intermediates{named}: give PEM, DER or PKCS#7.",
        )
    return found


def what_to_look_for(module: Module) -> tuple[list[Wanted], int]:
    """Return what to look for, in the order in which it was given, and the number of API calls that this took."""
    params = module.params
    wanted = [wanted_of(order) for order in params["orders"] or ()]
    by_id, api_calls = look_up(module) if params["order_ids"] else ([], 0)
    wanted += by_id
    for path in params["csr_paths"] or ():
        request = named(path, read_request)
        wanted.append(Wanted(request.public_key_sha256, path=path, requested_names=request.names))
    for path in params["privatekey_paths"] or ():
        wanted.append(Wanted(named(path, lambda data: key_of(module, data)), path=path))
    return wanted, api_calls


def wanted_of(order: t.Mapping[str, t.Any]) -> Wanted:
    """Return what to look for of an order as C(ssl_order_info) returns it."""
    try:
        wanted = Wanted(order["public_key_sha256"], int(order["id"]), order["common_name"])
        if not all(isinstance(text, str | None) for text in (wanted.public_key_sha256, wanted.common_name)):
            raise TypeError
    except (KeyError, TypeError, ValueError, OverflowError):
        raise CertificatesError(
            "invalid_argument",
            "Each of orders needs id, common_name and public_key_sha256: give the orders that ssl_order_info returns.",
        ) from None
    return wanted


def look_up(module: Module) -> tuple[list[Wanted], int]:
    """Return what to look for of the orders in C(order_ids), and the number of API calls."""
    # Only here is the SDK needed, and it takes longer to load than a mailbox to look through.
    from ansible_collections.softlayer.certificates.plugins.module_utils._client import check_ids, connect
    from ansible_collections.softlayer.certificates.plugins.module_utils._orders import fetch_orders

    ids = list(dict.fromkeys(module.params["order_ids"]))
    check_ids("order_ids", ids)
    client = connect(module)
    orders = {order.id: order for order in fetch_orders(client, client.account_id(module.params["account_id"]), ids)}
    wanted = [
        Wanted(orders[id_].public_key_sha256, id_, orders[id_].common_name)
        if id_ in orders
        else Wanted(None, id_, exists=False)
        for id_ in ids
    ]
    return wanted, client.api_calls


Read = t.TypeVar("Read")


def key_of(module: Module, data: bytes) -> str:
    """Return the SHA-256 of the public key that belongs to a private key."""
    module.no_log_values.update(key_texts(data))
    key = read_private_key(data, module.params["privatekey_passphrase"])
    module.no_log_values.add(key.pem.strip())
    return key.public_key_sha256


def named(path: str, read: t.Callable[[bytes], Read]) -> Read:
    """Return what is read from a file; if that fails, the file is named."""
    data = read_file(path)
    try:
        return read(data)
    except CertificatesError as error:
        raise CertificatesError(error.code, f"{path}: {error.message}", path=path) from None


def look_and_wait(module: Module, box: Mailbox, search: Search) -> None:
    """Look through a mailbox, and wait for what is missing if that is wanted."""
    params = module.params
    since = now() - timedelta(days=params["max_age_days"])

    def look() -> None:
        for message in box.read(since, lambda: search.is_complete):
            if message.is_whole:
                search.examine(message.data, message.place, now())
            else:
                search.pass_over(message.data, message.place)
        search.settle(now())

    look()
    until = time.monotonic() + params["wait_timeout"]
    lost = None
    while params["wait"] and not search.is_complete and time.monotonic() < until:
        box.wait(min(params["wait_interval"], max(0, until - time.monotonic())))
        try:
            look()
            lost = None
        except CertificatesError as error:  # what was found is kept, and the server may come back
            lost = error
    if lost:
        module.warn(f"While waiting: {lost.message}")
    unread = box.unread()
    for sentence in unread[:SHOWN_UNREAD]:
        module.warn(f"Passed over: {sentence}")
    if len(unread) > SHOWN_UNREAD:
        module.warn(f"Passed over, too: {len(unread) - SHOWN_UNREAD} more messages or folders that cannot be read.")


SHOWN_UNREAD = 10
"""So many messages and folders that cannot be read are told of one by one."""


def main() -> None:
    """Entry point."""
    module = Module(SPEC)
    libraries = {"cryptography": CRYPTOGRAPHY_IMPORT_ERROR}
    if module.params["imap"]:
        libraries["imap-tools"] = IMAP_TOOLS_IMPORT_ERROR
    if module.params["order_ids"]:
        from ansible_collections.softlayer.certificates.plugins.module_utils._client import SOFTLAYER_IMPORT_ERROR

        libraries["SoftLayer"] = SOFTLAYER_IMPORT_ERROR
    module.answer(run, libraries)


if __name__ == "__main__":
    main()
