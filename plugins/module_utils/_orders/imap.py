# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a folder on a mail server with imap-tools. Private to softlayer.certificates."""

from __future__ import annotations

import imaplib
import os
import re
import ssl
import time
import typing as t
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from .._base.codes import Code, UnmatchedReason
from .._base.errors import CertificatesError, Obstacle
from .._base.files import check_plain_file, format_path
from .._base.text import escape_invisible
from .._http.network import find_default_roots
from . import messages
from .mailbox import CompletionCheck, Mailbox, RawMessage, UnreadItem, truncate_message
from .message_parts import MAX_HEADER_BYTES
from .plan_collect import Location

with suppress(ImportError):
    import imap_tools

    COMMAND_ERRORS = (imaplib.IMAP4.error, imap_tools.ImapToolsError)
    """Exceptions for a rejected command."""

Security = t.Literal["tls", "starttls", "none"]
PORTS: dict[Security, int] = {"tls": 993, "starttls": 143, "none": 143}


@dataclass(frozen=True)
class ImapSettings:
    """The connection and login settings. `timeout` is the maximum time in seconds for each response."""

    host: str
    port: int | None
    username: str
    password: str = field(repr=False)
    folder: str
    security: Security
    validate_certs: bool
    ca_path: str | None
    timeout: float


MAX_SMALL_FOLDER = 500
"""Maximum number of candidate messages in a folder that is read completely. In a larger folder, the server searches for certificates first."""
MAX_REQUEST_MESSAGES = 200
"""Maximum number of messages per request. Exchange rejects very long commands."""
MAX_BATCH_BYTES = 4 * 1024 * 1024
PAUSES = (0, 1, 2, 4)
"""Delays in seconds before the attempts to restore a lost connection. The sequence restarts after each read or skipped message."""
MAX_FAILURES = 3
"""Maximum number of lost connections per message: one in a group request, and two in single requests, because the network may fail, too."""
MAX_CONSECUTIVE_FAILURES = 20
"""Maximum number of consecutive unreadable messages. A higher number means that the server limits the connection or fails."""
MAX_IDLE_SECONDS = 25 * 60
"""Maximum duration of IDLE: servers may log out a client after 30 minutes (RFC 2177)."""
MAX_SHOWN_FOLDERS = 10
CONNECTION_ERRORS = (imaplib.IMAP4.abort, OSError)
"""Exceptions for a lost connection."""
TEMPORARY_REJECTIONS = ("[UNAVAILABLE]", "[LIMIT]", "[OVERQUOTA]")
"""Response codes for a temporarily rejected login (RFC 5530, RFC 9051; `[OVERQUOTA]` is Gmail's)."""
UID = re.compile(rb"\bUID (\d+)")
SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
STRUCTURE = re.compile(rb"\bBODYSTRUCTURE .*", re.DOTALL)
CERTIFICATE_PART = re.compile(
    rb'"(?:application|message)" "(?!(?:pdf|ics|msword|pgp-signature|(?:x-)?pkcs7-signature|delivery-status)"|vnd\.(?!ms-outlook"))|'
    rb'"(?:file)?name\*?[0-9*]*" "[^"]*\.(?:crt|cer|cert|pem|der|p7b|p7c|ca-bundle|zip|txt|eml|msg)(?![a-z0-9-])',
    re.IGNORECASE,
)
"""Media types and file names in a `BODYSTRUCTURE` that indicate a certificate."""
SERVER_QUOTATION = re.compile(r"\[?b([\"'])(.*?)\1\]?")
"""Pattern of the server's words in exceptions of `imaplib`."""


class ImapMailbox(Mailbox):
    """A folder on a mail server (RFC 9051, RFC 3501), opened read-only. The class restores lost connections.

    A folder with at most `MAX_SMALL_FOLDER` candidate messages is read completely. In a larger folder, the server searches, and only messages
    with PEM or with attachments are read, messages with a subject about certificates first.
    """

    def __init__(self, settings: ImapSettings, largest: int) -> None:
        self._settings = settings
        self._port = settings.port or PORTS[settings.security]
        self._max_bytes = largest
        self._seen: set[int] = set()
        self._failures: Counter[int] = Counter()
        """Number of failed requests per message. After the first failure, the message is requested alone."""
        self._unread: dict[int, Obstacle[UnmatchedReason]] = {}
        self._unreturned_counts: Counter[str] = Counter()
        """Number of consecutive missing messages in the server's responses, by requested item."""
        self._validity: object = None
        self._box: imap_tools.BaseMailBox | None = None
        self._context = _create_tls_context(settings)

    def __enter__(self) -> ImapMailbox:
        self._box = self._connect()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._box is not None:
            with suppress(
                *CONNECTION_ERRORS, *COMMAND_ERRORS, ValueError
            ):  # imaplib reads from the file that it has closed
                self._box.logout()
            self._close_connection()

    def read(self, since: datetime, enough: CompletionCheck) -> Iterator[RawMessage]:
        """Yield messages, see `Mailbox.read`, the newest first. A message that repeatedly breaks the connection is skipped."""
        self._unreturned_counts.clear()
        pauses = iter(PAUSES)
        while True:
            progress = len(self._seen) + self._failures.total()
            try:
                self._box = box = self._box or self._connect()
                yield from self._read(box, since, enough)
                return
            except (*CONNECTION_ERRORS, CertificatesError) as error:
                self._close_connection()
                failure = error if isinstance(error, CertificatesError) else self._create_connection_error(error)
                if len(self._seen) + self._failures.total() > progress:
                    pauses = iter(PAUSES)
                pause = next(pauses, None)
                if pause is None or failure.code != "unreachable":
                    raise failure from None
                time.sleep(pause)
            except COMMAND_ERRORS as error:
                raise self._create_error("mailbox_error", f"rejected a command: {_describe_error(error)}") from None

    def list_unread(self) -> Sequence[UnreadItem]:
        """Return the skipped messages, see `Mailbox.list_unread`."""
        folder = self._settings.folder
        return tuple((Location(folder=folder, uid=uid), why) for uid, why in sorted(self._unread.items()))

    def wait(self, seconds: float) -> None:
        """Wait, see `Mailbox.wait`. A server that supports IDLE (RFC 2177) reports new messages."""
        until = time.monotonic() + seconds
        idle_seconds = 1.0
        try:
            if self._box is not None and "IDLE" in self._box.client.capabilities:
                # A single IDLE is not enough: a report that arrives together with the response to IDLE stays in the buffer of imaplib.
                while (left := until - time.monotonic()) > 0:
                    self._box.client.noop()
                    if any(self._box.client.response("EXISTS")[1]) or self._box.idle.wait(min(left, idle_seconds)):
                        break
                    idle_seconds = min(2 * idle_seconds, MAX_IDLE_SECONDS)
                return
        except (*CONNECTION_ERRORS, *COMMAND_ERRORS):
            self._close_connection()
            until = min(until, time.monotonic() + 1)
        time.sleep(max(0, until - time.monotonic()))

    def _read(self, box: imap_tools.BaseMailBox, since: datetime, enough: CompletionCheck) -> Iterator[RawMessage]:
        box.client.noop()  # lets the server report new messages
        box.client.response("EXISTS")  # what is reported later may be missing from the search
        day = since - timedelta(days=1)  # servers compare days, in their own time zone
        window = imap_tools.AND(date_gte=day.date())
        present = _search(box, window)
        self._unread = {uid: why for uid, why in self._unread.items() if uid in present}
        new = sorted(present - self._seen, reverse=True)
        if len(new) <= MAX_SMALL_FOLDER:
            yield from self._read_messages(box, new, since)
        else:
            yield from self._read_likely_messages(box, window, new, since, enough)
        self._seen |= present

    def _read_likely_messages(
        self,
        box: imap_tools.BaseMailBox,
        window: imap_tools.AND,
        new: Sequence[int],
        since: datetime,
        enough: CompletionCheck,
    ) -> Iterator[RawMessage]:
        """Yield the messages of a large folder that may contain a certificate, the most likely messages first."""
        telling = imap_tools.AND(window, imap_tools.OR(subject=["certificate", "zertifikat", "ssl"]))
        # The second finds PEM that mail programs have disfigured: the base64 of DER begins with these letters.
        pem = imap_tools.OR(body=["BEGIN CERTIFICATE", "MII"])
        of_parts = imap_tools.NOT(header=imap_tools.H("Content-Type", "text/"))
        for criteria in (telling, window):
            if enough():
                return
            yield from self._read_messages(box, _find_matches(box, new, imap_tools.AND(criteria, pem)), since)
            several = _find_matches(box, new, imap_tools.AND(criteria, of_parts))
            structures = self._fetch(box, several, "BODYSTRUCTURE", STRUCTURE)
            yield from self._read_messages(
                box, [uid for uid, each in structures if CERTIFICATE_PART.search(each[0])], since
            )
        if not enough():  # they may say why a certificate is missing
            yield from self._read_messages(box, _find_matches(box, new, telling)[:MAX_SMALL_FOLDER], since)

    def _read_messages(self, box: imap_tools.BaseMailBox, uids: Sequence[int], since: datetime) -> Iterator[RawMessage]:
        listed = self._fetch(box, uids, "RFC822.SIZE INTERNALDATE", SIZE)
        sizes: dict[int, int] = {}
        for uid, size in listed:
            received = imaplib.Internaldate2tuple(size.string)
            if received is None or time.mktime(received) >= since.timestamp():
                sizes[uid] = int(size[1])
        large = [uid for uid, size in sizes.items() if size > self._max_bytes]
        for batch in (*_group_batches({uid: size for uid, size in sizes.items() if size <= self._max_bytes}), large):
            items = f"BODY.PEEK[HEADER]<0.{MAX_HEADER_BYTES}>" if batch is large else "BODY.PEEK[]"
            for uid, data in self._fetch(box, batch, items):
                self._seen.add(uid)
                location = Location(folder=self._settings.folder, uid=uid)
                yield truncate_message(data, location, self._max_bytes, is_complete=batch is not large)

    def _fetch(
        self, box: imap_tools.BaseMailBox, uids: Sequence[int], items: str, form: re.Pattern[bytes] | None = None
    ) -> Iterator[tuple[int, t.Any]]:
        """Yield the UID of each unseen message with the content, or with the attributes that match a pattern.

        `fetch` of imap-tools requests complete messages of any size and does not keep the bytes. At an unreadable message, Dovecot ends the
        connection, and Exchange omits the message or rejects the command. So a missing message is requested alone, and then skipped unless
        the message has been deleted.
        """
        left = [uid for uid in uids if uid not in self._seen]
        together = [uid for uid in left if not self._failures[uid]]
        groups = [
            together[start : start + MAX_REQUEST_MESSAGES] for start in range(0, len(together), MAX_REQUEST_MESSAGES)
        ]
        groups += [[uid] for uid in left if self._failures[uid]]
        for group in groups:  # it grows
            is_alone = bool(self._failures[group[0]])
            facts: dict[str, str] = {}
            try:
                kind, data = box.client.uid("FETCH", ",".join(map(str, group)), f"(UID {items})")
            except CONNECTION_ERRORS as error:
                self._failures.update(group)
                if self._failures[group[0]] == MAX_FAILURES:
                    self._give_up(group[0], items, {"lost": self._create_connection_error(error).message})
                raise
            except imaplib.IMAP4.error as error:
                kind, data = "BAD", [str(error).encode()]
            if kind != "OK":
                facts = {"refused": _describe_error(data[0].decode(errors="replace"))}
                data = box.client.response("FETCH")[1]
            missing = set(group)
            for uid, attributes, content in sorted(_parse_responses(data), key=itemgetter(0), reverse=True):
                value = form.search(attributes) if form else content
                if uid in missing and value is not None:
                    self._unreturned_counts[items] = 0
                    missing.discard(uid)
                    yield uid, value
            if not is_alone:
                self._failures.update(missing)
                groups += [[uid] for uid in group if uid in missing]
            elif missing:
                box.client.noop()  # lets the server report what other clients have deleted
                if _search(box, imap_tools.AND(uid=str(group[0]))):
                    self._give_up(group[0], items, facts)

    def _give_up(self, uid: int, items: str, facts: Mapping[str, str]) -> None:
        self._seen.add(uid)
        why = self._unread[uid] = Obstacle("unreadable", {"uid": uid, "folder": self._settings.folder, **facts})
        self._unreturned_counts[items] += 1
        if self._unreturned_counts[items] == MAX_CONSECUTIVE_FAILURES:
            what = f"did not return {MAX_CONSECUTIVE_FAILURES} messages in a row. {messages.describe_unreadable(why.facts)} Try again later."
            raise self._create_error("mailbox_error", what)

    def _connect(self) -> imap_tools.BaseMailBox:
        """Return a connection with the folder open, read-only.

        Raises:
            CertificatesError: `unreachable`, `tls_error`, `authentication_failed`, `not_found`, `invalid_argument`.
        """
        self._box = box = self._open_connection()
        try:
            self._log_in(box)
            self._open_folder(box)
        except CONNECTION_ERRORS as error:
            self._close_connection()
            raise self._create_connection_error(error) from None
        except BaseException:
            self._close_connection()
            raise
        return box

    def _open_connection(self) -> imap_tools.BaseMailBox:
        settings = self._settings
        where: dict[str, t.Any] = {"host": settings.host, "port": self._port, "timeout": settings.timeout}
        try:
            if settings.security == "none":
                return imap_tools.MailBoxUnencrypted(**where)
            secured = imap_tools.MailBox if settings.security == "tls" else imap_tools.MailBoxStartTls
            return secured(**where, ssl_context=self._context)
        except ssl.SSLCertVerificationError as error:
            what = (
                f"has a certificate that cannot be verified ({error.verify_message}). Set ca_path to the CA certificate, or set host to a host name "
                "in the certificate."
            )
            raise self._create_error("tls_error", what) from None
        except ssl.SSLError as error:
            what = f"does not support TLS on this port ({error.reason}). Set security: tls with port 993, or security: starttls with port 143."
            raise self._create_error("tls_error", what) from None
        except ValueError:  # from the library for an invalid port, or from the resolver for an invalid name
            what = f"cannot be reached with security: {settings.security}. Check host and port of imap (tls requires port 993, starttls port 143)."
            raise self._create_error("invalid_argument", what) from None
        except (*CONNECTION_ERRORS, *COMMAND_ERRORS) as error:
            if "TLS not supported" in str(error):
                raise self._create_error("tls_error", "does not offer STARTTLS. Set security: tls.") from None
            raise self._create_connection_error(error, "cannot be reached") from None

    def _log_in(self, box: imap_tools.BaseMailBox) -> None:
        settings = self._settings
        login = box.login if (settings.username + settings.password).isascii() else box.login_utf8
        try:
            login(settings.username, settings.password, initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except COMMAND_ERRORS as error:  # the message does not quote the server, which may quote the password
            if any(code in str(error).upper() for code in TEMPORARY_REJECTIONS):
                raise self._create_error("unreachable", "temporarily rejects logins. Try again later.") from None
            what = f"rejects the login of {settings.username}. Check username and password. Providers with two-factor authentication require an app password."
            raise self._create_error("authentication_failed", what) from None

    def _open_folder(self, box: imap_tools.BaseMailBox) -> None:
        folder = self._settings.folder
        try:
            box.folder.set(folder, readonly=True)
        except imap_tools.MailboxFolderSelectError:
            names = [escape_invisible(each.name) for each in box.folder.list()[:MAX_SHOWN_FOLDERS]]
            message = f"The mail server {self._settings.host}:{self._port} does not have a readable folder {folder}. Available folders: {', '.join(names)}."
            raise CertificatesError("not_found", message, folder=folder) from None
        validity = box.client.response("UIDVALIDITY")[1][0]
        if self._validity not in {None, validity}:
            for known in (self._seen, self._failures, self._unread):
                known.clear()  # the numbers now mean other messages (RFC 9051, 2.3.1.1)
        self._validity = validity

    def _create_connection_error(self, error: BaseException, what: str = "closed the connection") -> CertificatesError:
        if isinstance(error, TimeoutError):
            why = f"did not respond within {self._settings.timeout:g} seconds. Raise timeout of imap, check host and port, or try again later."
        else:
            why = f"{what}: {_describe_error(error)} Check host and port, or try again later."
        return self._create_error("unreachable", why)

    def _create_error(self, code: Code, what: str) -> CertificatesError:
        message = f"The mail server {self._settings.host}:{self._port} {what}"
        return CertificatesError(code, message, host=self._settings.host)

    def _close_connection(self) -> None:
        if self._box is not None:
            with suppress(OSError):
                self._box.client.shutdown()
            self._box = None


def _create_tls_context(settings: ImapSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    roots = settings.ca_path or (find_default_roots() if settings.validate_certs else None)
    what = "ca_path of imap" if settings.ca_path else "the file of trusted root certificates"
    try:
        if settings.ca_path:
            check_plain_file("CA file", settings.ca_path, os.stat(settings.ca_path).st_mode)
        is_folder = roots is not None and os.path.isdir(roots)
        context = ssl.create_default_context(cafile=None if is_folder else roots, capath=roots if is_folder else None)
    except CertificatesError as error:
        raise CertificatesError("invalid_argument", f"ca_path of imap: {error.message}") from None
    except (OSError, ValueError) as error:
        why = (
            "the file does not contain a certificate"
            if isinstance(error, ssl.SSLError)
            else getattr(error, "strerror", "the path is not valid")
        )
        fix = "Set ca_path to a file with CA certificates." if settings.ca_path else "Correct or replace the file."
        message = f"Cannot use {what}{format_path(roots or '')}: {why}. {fix}"
        raise CertificatesError("invalid_argument", message) from None
    if not settings.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _search(box: imap_tools.BaseMailBox, criteria: imap_tools.AND) -> set[int]:
    return set(map(int, box.uids(criteria)))


def _find_matches(box: imap_tools.BaseMailBox, uids: Sequence[int], criteria: imap_tools.AND) -> list[int]:
    """Return the UIDs that match criteria, and the UIDs for which the server rejects the search.

    Dovecot rejects a whole search because of one unreadable message.
    """
    try:
        found = _search(box, imap_tools.AND(criteria, uid=imap_tools.U(str(uids[-1]), str(uids[0]))))
    except imap_tools.MailboxUidsError:
        if len(uids) <= MAX_REQUEST_MESSAGES:
            return list(uids)
        middle = len(uids) // 2
        return _find_matches(box, uids[:middle], criteria) + _find_matches(box, uids[middle:], criteria)
    return [uid for uid in uids if uid in found]


def _parse_responses(data: Sequence[t.Any]) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield UID, attributes, and content of each message in a FETCH response of `imaplib`."""
    attributes, content = b"", None
    for part in data:
        if isinstance(part, tuple) and b"BODY[" in part[0]:
            attributes, content = attributes + part[0], part[1]
        elif isinstance(part, tuple):  # such as a file name in a BODYSTRUCTURE
            attributes += b"".join(part)
        else:
            attributes += part or b""
            uid = UID.search(attributes)
            if uid:
                yield int(uid[1]), attributes, content
            attributes, content = b"", None


def _group_batches(sizes: dict[int, int]) -> Iterator[list[int]]:
    """Yield groups of UIDs to request together: as many as `MAX_BATCH_BYTES` allows, and at least one."""
    batch: list[int] = []
    bytes_in_batch = 0
    for uid, size in sizes.items():
        if batch and bytes_in_batch + size > MAX_BATCH_BYTES:
            yield batch
            batch, bytes_in_batch = [], 0
        batch.append(uid)
        bytes_in_batch += size
    if batch:
        yield batch


def _describe_error(error: BaseException | str) -> str:
    """Return an error as a sentence, without the content of messages."""
    words = str(getattr(error, "strerror", None) or error)
    if "unexpected response" in words:
        words = "the response is not IMAP"
    plain = escape_invisible(SERVER_QUOTATION.sub(r"\2", words[:1000]))[:200].strip().rstrip(".")
    return f"{plain}."
