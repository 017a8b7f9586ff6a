# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where messages come from: IMAP, Maildir, mbox, files. Private to softlayer.certificates.

Reading leaves no trace: no flag is set, nothing is moved. Messages are handed on one by one, so memory does not grow with
the mailbox, and none is handed on twice.
"""

from __future__ import annotations

import abc
import calendar
import email.utils
import hashlib
import imaplib
import mailbox
import os
import re
import ssl
import time
import traceback
import typing as t
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._files import not_readable, shown
from ansible_collections.softlayer.certificates.plugins.module_utils._mail import HEADER_BYTES, Place, read_headers
from ansible_collections.softlayer.certificates.plugins.module_utils._names import is_loopback

IMAP_TOOLS_IMPORT_ERROR: str | None = None
try:
    import imap_tools
except ImportError:
    IMAP_TOOLS_IMPORT_ERROR = traceback.format_exc()

Security = t.Literal["tls", "starttls", "none"]
PORTS: dict[Security, int] = {"tls": 993, "starttls": 143, "none": 143}


@dataclass(frozen=True)
class Raw:
    """A message as it lies there; of one that is too large only the beginning, or the headers."""

    data: bytes = field(repr=False)
    place: Place
    is_whole: bool = True


Enough = Callable[[], bool]
"""Says whether everything that was looked for is found."""


class Mailbox(abc.ABC):
    """A source of messages; as a context manager, it is open in the block."""

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(self, *_error: object) -> None:  # noqa: B027 - most have nothing to close
        """Close it."""

    @abc.abstractmethod
    def read(self, since: datetime, enough: Enough) -> Iterator[Raw]:
        """Yield the messages that were received after an instant and were not yielded before.

        Messages that are less likely to hold a certificate come later, and may be left out once there is C(enough).

        Raises:
            CertificatesError: C(unreachable), C(tls_error), C(authentication_failed), C(not_found), C(mailbox_error).
        """

    def wait(self, seconds: float) -> None:
        """Return when a message may have come, or the time has passed."""
        time.sleep(seconds)


# Files


class _Files(Mailbox):
    """Messages in files of their own."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._seen: set[str] = set()

    @abc.abstractmethod
    def _paths(self) -> Iterator[tuple[str, str]]:
        """Yield a name that stays the same, and the path, of each message there is now."""

    def read(self, since: datetime, enough: Enough) -> Iterator[Raw]:
        """See C(Mailbox). A file's time of modification tells when its message was received."""
        for name, path in self._paths():
            if name in self._seen:
                continue
            try:
                status = os.stat(path)
                if status.st_mtime < since.timestamp():
                    continue
                is_whole = status.st_size <= self._largest
                with open(path, "rb") as file:
                    data = file.read(self._largest if is_whole else HEADER_BYTES)
            except FileNotFoundError:
                continue  # moved or removed meanwhile
            except OSError as error:
                raise not_readable("message", path, error) from None
            self._seen.add(name)
            yield Raw(data, Place(path=path), is_whole)


class MaildirMailbox(_Files):
    """A Maildir: the folders C(new) and C(cur), a file for each message."""

    def __init__(self, path: str, largest: int) -> None:
        super().__init__(largest)
        self._path = path
        if not all(os.path.isdir(os.path.join(path, part)) for part in ("new", "cur")):
            raise CertificatesError(
                "not_found", f"{path} is no Maildir: it lacks the folders new and cur. Give the folder that holds them."
            )

    def _paths(self) -> Iterator[tuple[str, str]]:
        for part in ("new", "cur"):  # in this order a message that is moved meanwhile is met again, not missed
            folder = os.path.join(self._path, part)
            for name in _listed(folder, os.DirEntry.is_file):
                yield name.partition(":")[0], os.path.join(folder, name)


class PathsMailbox(_Files):
    """Files, and folders with C(.eml) files in them or in folders below; what is hidden is passed over."""

    def __init__(self, paths: Sequence[str], largest: int) -> None:
        super().__init__(largest)
        self._given = paths
        for path in paths:
            if not os.path.exists(path):
                raise CertificatesError(
                    "not_found",
                    f"There is no file or folder {path}: give the path of an .eml file, or of a folder of them.",
                )

    def _paths(self) -> Iterator[tuple[str, str]]:
        for given in self._given:
            found = _below(given) if os.path.isdir(given) else [given]
            yield from ((os.path.realpath(path), path) for path in found)


def _below(folder: str) -> Iterator[str]:
    for name in _listed(folder, os.DirEntry.is_file):
        if name.lower().endswith(".eml"):
            yield os.path.join(folder, name)
    for name in _listed(folder, lambda entry: entry.is_dir(follow_symlinks=False)):
        yield from _below(os.path.join(folder, name))


def _listed(folder: str, kind: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder) if kind(entry) and not entry.name.startswith("."))
    except OSError as error:
        raise not_readable("folder", folder, error) from None


class MboxMailbox(Mailbox):
    """An mbox file (RFC 4155)."""

    def __init__(self, path: str, largest: int) -> None:
        self._path = path
        self._largest = largest
        self._seen: set[bytes] = set()
        self._version: tuple[int, int] | None = None

    def read(self, since: datetime, enough: Enough) -> Iterator[Raw]:
        """See C(Mailbox). What separates the messages tells when each was received, or its header C(Date) does."""
        try:
            status = os.stat(self._path)
            version = (status.st_size, status.st_mtime_ns)
            if version == self._version:
                return
            box = mailbox.mbox(self._path, create=False)
            try:
                if status.st_size and not len(box):
                    raise CertificatesError(
                        "not_found",
                        f"{self._path} is no mbox file: no line in it begins a message. Give a single message by paths.",
                        path=self._path,
                    )
                for key in box.iterkeys():
                    with t.cast(t.IO[bytes], box.get_file(key, True)) as file:
                        data = file.read(self._largest + HEADER_BYTES)
                    yield from self._unseen(data, since)
            finally:
                box.close()
            self._version = version
        except mailbox.NoSuchMailboxError:
            raise CertificatesError("not_found", f"There is no mbox file {self._path}.", path=self._path) from None
        except (OSError, ValueError) as error:
            raise not_readable("mbox file", self._path, error) from None

    def _unseen(self, data: bytes, since: datetime) -> Iterator[Raw]:
        separator, _line_end, message = data.partition(b"\n")
        digest = hashlib.sha256(message).digest()
        received = [moment for moment in (_separator_date(separator), read_headers(message).date) if moment]
        if digest not in self._seen and not (received and max(received) < since):
            is_whole = len(message) <= self._largest
            yield Raw(message if is_whole else message[:HEADER_BYTES], Place(path=self._path), is_whole)
        self._seen.add(digest)


def _separator_date(line: bytes) -> datetime | None:
    """Return the date at the end of the line C(From sender date) that separates the messages of an mbox."""
    found = email.utils.parsedate(" ".join(line.decode("ascii", "replace").split()[2:]))
    try:
        return datetime.fromtimestamp(calendar.timegm(found), timezone.utc) if found else None
    except (ValueError, OverflowError, TypeError):
        return None


# IMAP


@dataclass(frozen=True)
class ImapSettings:
    """Where and how to log in; C(timeout) is in seconds, for each answer of the server."""

    host: str
    port: int | None
    username: str
    password: str = field(repr=False)
    folder: str
    security: Security
    validate_certs: bool
    ca_path: str | None
    timeout: float

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port or PORTS[self.security]}"


FEW = 500
"""So many messages are looked into without asking the server what they are about."""
BATCH_BYTES = 4 * 1024 * 1024
BATCH_MESSAGES = 100
CHUNK = 1_000
"""Messages whose size or structure is asked for at once."""
RECONNECT_SECONDS = (0, 1, 2, 4)
"""Pauses before a lost connection is made anew, without a message read in between."""
DROPPED = (imaplib.IMAP4.abort, OSError, EOFError)
"""What a lost connection raises."""
SHOWN_FOLDERS = 10
LONGEST_IDLE = 25 * 60
"""Seconds; servers may log out who idles for half an hour (RFC 2177)."""

TELLING_SUBJECTS = "OR OR SUBJECT certificate SUBJECT zertifikat SUBJECT ssl"
PEM_IN_TEXT = 'OR BODY "BEGIN CERTIFICATE" BODY MII'
"""The second finds PEM that mail programs have disfigured: with these letters the base64 of DER begins."""
OF_PARTS = 'NOT HEADER Content-Type "text/"'

UID = re.compile(rb"\bUID (\d+)")
SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
MEDIA_TYPE = re.compile(rb'"(text|image|audio|video|font|model|application|message)" "([^"]{1,100})"', re.IGNORECASE)
FILE_NAME = re.compile(rb'"(?:file)?name\*?[0-9*]*" "[^"]*\.([a-z0-9-]{1,10})', re.IGNORECASE)
DULL_TYPES = frozenset(
    {b"application/pdf", b"application/ics", b"application/msword", b"application/pgp-signature"}
    | {b"application/pkcs7-signature", b"application/x-pkcs7-signature", b"message/delivery-status"}
)
CERTIFICATE_ENDINGS = frozenset(
    {b"crt", b"cer", b"cert", b"pem", b"der", b"p7b", b"p7c", b"ca-bundle", b"zip", b"txt", b"eml"}
)


class ImapMailbox(Mailbox):
    """A folder on a mail server (RFC 9051, RFC 3501), opened read-only.

    In a folder with no more than C(FEW) messages in question all are looked into. In a larger one the server is asked:
    only messages with PEM in their text or with attachments are looked into, those first whose subject is about certificates.
    """

    def __init__(self, settings: ImapSettings, largest: int) -> None:
        self._settings = settings
        self._largest = largest
        self._seen: set[int] = set()
        self._first = 1
        self._validity: bytes | None = None
        self._box: imap_tools.BaseMailBox | None = None
        if settings.security == "none" and not is_loopback(settings.host):
            raise CertificatesError(
                "invalid_argument",
                f"The password is not sent to {settings.host} without TLS: set security to tls or starttls.",
            )
        for name in ("host", "username", "password", "folder"):
            value = getattr(settings, name)
            if not value or any(ord(character) < ord(" ") for character in value):
                raise CertificatesError(
                    "invalid_argument", f"{name} of imap must not be empty, and must not hold control characters."
                )
        self._context = _tls_context(settings)

    def __enter__(self) -> ImapMailbox:
        self._box = self._connect()
        return self

    def __exit__(self, *_error: object) -> None:
        self._drop()

    def read(self, since: datetime, enough: Enough) -> Iterator[Raw]:
        """See C(Mailbox). A connection that is lost is made anew."""
        pauses = iter(RECONNECT_SECONDS)
        while True:
            try:
                box = self._box = self._box or self._connect()
                for message in self._read(box, since, enough):
                    pauses = iter(RECONNECT_SECONDS)
                    yield message
                return
            except (*DROPPED, CertificatesError) as error:
                self._drop()
                failure = self._broken_off(error) if isinstance(error, DROPPED) else error
                pause = next(pauses, None)
                if failure.code != "unreachable" or pause is None:
                    raise failure from None
                time.sleep(pause)
            except imaplib.IMAP4.error as error:
                raise CertificatesError(
                    "mailbox_error", f"The mail server {self._settings.address} refused a command: {_words(error)}"
                ) from None

    def wait(self, seconds: float) -> None:
        """See C(Mailbox). Where the server has IDLE (RFC 2177) it says when a message has come."""
        until = time.monotonic() + seconds
        if self._box is not None:
            try:
                if "IDLE" in self._box.client.capabilities:
                    self._idle(self._box, min(seconds, LONGEST_IDLE))
                    return
            except (*DROPPED, imaplib.IMAP4.error, imap_tools.ImapToolsError):
                self._drop()
                until = min(until, time.monotonic() + 1)
        time.sleep(max(0, until - time.monotonic()))

    def _idle(self, box: imap_tools.BaseMailBox, seconds: float) -> None:
        box.idle.start()
        # What the server told together with its consent is read already, and no more seen by who looks at the socket.
        timeout = box.client.sock.gettimeout()
        box.client.sock.settimeout(0)
        try:
            told = box.client.readline()
        except OSError:
            told = b""
        finally:
            box.client.sock.settimeout(timeout)
        if not told:
            box.idle.poll(seconds)
        box.idle.stop()

    def _read(self, box: imap_tools.BaseMailBox, since: datetime, enough: Enough) -> Iterator[Raw]:
        box.client.noop()  # lets the server tell of what has come
        # Servers compare days, in a zone of their own.
        window = f"UID {self._first}:* SINCE {imap_date(since - timedelta(days=1))}"
        present = {uid for uid in self._search(box, window) if uid >= self._first}
        for groups in self._in_turn(box, window, present):
            if enough() and len(present) > FEW:
                return
            for group in groups:
                left = present - self._seen
                yield from self._fetch(box, [uid for uid in group() if uid in left], since)
        self._first = max(present, default=self._first - 1) + 1

    def _in_turn(
        self, box: imap_tools.BaseMailBox, window: str, present: set[int]
    ) -> Iterator[Sequence[Callable[[], Sequence[int]]]]:
        """Yield what returns groups of messages, the likely ones first."""
        if len(present - self._seen) <= FEW:
            yield [lambda: sorted(present)]
            return
        telling = f"{window} {TELLING_SUBJECTS}"
        for criteria in (telling, window):
            yield [
                partial(self._search, box, f"{criteria} {PEM_IN_TEXT}"),
                partial(self._with_files, box, f"{criteria} {OF_PARTS}"),
            ]
        yield [lambda: self._search(box, telling)[-FEW:]]  # why a certificate is missing may stand there

    def _search(self, box: imap_tools.BaseMailBox, criteria: str) -> list[int]:
        kind, data = box.client.uid("SEARCH", criteria)
        if kind != "OK":
            raise imaplib.IMAP4.error(_server_words(data))
        found = [uid for line in data if line for uid in line.split()]
        if not all(uid.isdigit() for uid in found):
            raise imaplib.IMAP4.error("it answered a search with something else than numbers")
        return sorted(map(int, found))

    def _with_files(self, box: imap_tools.BaseMailBox, criteria: str) -> list[int]:
        """Return those of the messages in question that have a part which may be, or hold, a certificate."""
        return [
            uid
            for chunk in _chunks([uid for uid in self._search(box, criteria) if uid not in self._seen], CHUNK)
            for uid, line, _literal in self._fetched(box, chunk, "(BODYSTRUCTURE)")
            if may_hold_certificate(line)
        ]

    def _fetch(self, box: imap_tools.BaseMailBox, uids: Sequence[int], since: datetime) -> Iterator[Raw]:
        for chunk in _chunks(uids, CHUNK):
            sizes = {}
            for uid, line, _literal in self._fetched(box, chunk, "(RFC822.SIZE INTERNALDATE)"):
                size, received = SIZE.search(line), _internal_date(line)
                if received is None or received >= since:
                    sizes[uid] = int(size[1]) if size else 0
            for batch in _batches(sizes, self._largest):
                is_whole = sizes[batch[0]] <= self._largest
                items = "(BODY.PEEK[])" if is_whole else f"(BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)"
                for uid, _line, data in self._fetched(box, batch, items):
                    if data is not None and uid not in self._seen:
                        self._seen.add(uid)
                        yield Raw(data, Place(folder=self._settings.folder, uid=uid), is_whole)

    def _fetched(
        self, box: imap_tools.BaseMailBox, uids: Sequence[int], items: str
    ) -> Iterator[tuple[int, bytes, bytes | None]]:
        """Yield of each message its UID, the line that the server answers, and the literal in it, if there is one."""
        if not uids:
            return
        kind, data = box.client.uid("FETCH", _ranges(uids), items)
        if kind != "OK":
            raise imaplib.IMAP4.error(_server_words(data))
        wanted = set(uids)
        for line, literal in _answers(data):
            uid = UID.search(line)
            if uid and int(uid[1]) in wanted:
                yield int(uid[1]), line, literal

    def _connect(self) -> imap_tools.BaseMailBox:
        """Return a connection with the folder open, read-only.

        Raises:
            CertificatesError: C(unreachable), C(tls_error), C(authentication_failed), C(not_found).
        """
        box = self._open_connection()
        try:
            self._log_in(box)
            self._open_folder(box)
        except BaseException:
            _close(box)
            raise
        return box

    def _open_connection(self) -> imap_tools.BaseMailBox:
        settings = self._settings
        address: dict[str, t.Any] = {
            "host": settings.host,
            "port": settings.port or PORTS[settings.security],
            "timeout": settings.timeout,
        }
        try:
            if settings.security == "none":
                return imap_tools.MailBoxUnencrypted(**address)
            kind = imap_tools.MailBox if settings.security == "tls" else imap_tools.MailBoxStartTls
            return kind(**address, ssl_context=self._context)
        except ssl.SSLCertVerificationError as error:
            message = (
                f"The certificate of the mail server {settings.address} cannot be verified ({error.verify_message}): "
                "give the CA's certificate in ca_path, or the host name that the certificate is for."
            )
            raise CertificatesError("tls_error", message, host=settings.host) from None
        except ssl.SSLError as error:
            message = (
                f"The mail server {settings.address} does not speak TLS here ({error.reason}): "
                "use security tls with port 993, or starttls with port 143."
            )
            raise CertificatesError("tls_error", message, host=settings.host) from None
        except UnicodeDecodeError:
            message = f"The mail server {settings.address} does not answer as an IMAP server does: check host and port."
            raise CertificatesError("unreachable", message, host=settings.host) from None
        except ValueError:  # of the library, for a port that does not fit, or of the resolver, for a name that is none
            message = (
                f"{settings.address} cannot be connected to with security {settings.security}: check host and port of imap "
                "(tls goes with port 993, starttls with 143)."
            )
            raise CertificatesError("invalid_argument", message, host=settings.host) from None
        except (imap_tools.ImapToolsError, imaplib.IMAP4.error, OSError, EOFError) as error:
            if isinstance(error, imap_tools.MailboxStarttlsError) or "TLS not supported" in str(error):
                message = f"The mail server {settings.address} does not offer STARTTLS: use security tls."
                raise CertificatesError("tls_error", message, host=settings.host) from None
            message = f"The mail server {settings.address} cannot be reached: {_words(error)} Check host and port."
            raise CertificatesError("unreachable", message, host=settings.host) from None

    def _broken_off(self, error: BaseException) -> CertificatesError:
        message = f"The mail server {self._settings.address} broke the connection: {_words(error)} Try again later."
        return CertificatesError("unreachable", message, host=self._settings.host)

    def _log_in(self, box: imap_tools.BaseMailBox) -> None:
        settings = self._settings
        is_ascii = (settings.username + settings.password).isascii()
        try:
            login = box.login if is_ascii else box.login_utf8
            login(settings.username, settings.password, initial_folder=None)
            box.client.capabilities = tuple(box.client.capability()[1][0].decode("ascii", "replace").upper().split())
        except DROPPED as error:
            raise self._broken_off(error) from None
        except (imap_tools.ImapToolsError, imaplib.IMAP4.error):
            message = (
                f"The mail server {settings.address} refuses the login of {settings.username}: check username and password. "
                "Providers with two-factor login want an app password."
            )
            raise CertificatesError("authentication_failed", message, host=settings.host) from None

    def _open_folder(self, box: imap_tools.BaseMailBox) -> None:
        settings = self._settings
        try:
            box.folder.set(settings.folder, readonly=True)
            validity = box.client.response("UIDVALIDITY")[1][0]
        except DROPPED as error:
            raise self._broken_off(error) from None
        except (imap_tools.ImapToolsError, imaplib.IMAP4.error):
            names = []
            with suppress(*DROPPED, imaplib.IMAP4.error, imap_tools.ImapToolsError):
                names = [folder.name for folder in box.folder.list()]
            there = f" There are: {', '.join(names[:SHOWN_FOLDERS])}." if names else ""
            message = f"The mail server {settings.address} has no folder {settings.folder} to read.{there}"
            raise CertificatesError("not_found", message, folder=settings.folder) from None
        if self._validity not in {None, validity}:
            self._seen.clear()  # the numbers mean other messages now (RFC 9051, 2.3.1.1)
            self._first = 1
        self._validity = validity

    def _drop(self) -> None:
        if self._box is not None:
            _close(self._box)
            self._box = None


def _internal_date(line: bytes) -> datetime | None:
    """Return when the server received a message, of which it answered this."""
    local = imaplib.Internaldate2tuple(line)
    try:
        return datetime.fromtimestamp(time.mktime(local), timezone.utc) if local else None
    except (ValueError, OverflowError, OSError):
        return None


def imap_date(moment: datetime) -> str:
    """Return the day of an instant as a search takes it, whatever the locale: C(31-Jan-2026)."""
    return f"{moment.day:02}-{MONTHS[moment.month - 1]}-{moment.year}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _tls_context(settings: ImapSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_path)
    except (OSError, ValueError) as error:
        why = (
            "it holds no certificate"
            if isinstance(error, ssl.SSLError)
            else getattr(error, "strerror", "it is no path")
        )
        raise CertificatesError(
            "invalid_argument", f"ca_path of imap{shown(settings.ca_path or '')} cannot be used: {why}."
        ) from None
    if not settings.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _close(box: imap_tools.BaseMailBox) -> None:
    """Take leave as far as the connection allows it."""
    with suppress(*DROPPED, imaplib.IMAP4.error, imap_tools.ImapToolsError):
        box.logout()
    with suppress(*DROPPED):
        box.client.shutdown()


BYTES_IN_WORDS = re.compile(r"\[?b([\"'])(.*?)\1\]?")
"""How C(imaplib) quotes a server in its exceptions."""


def _words(error: BaseException) -> str:
    """Return what went wrong with a connection, as a sentence."""
    words = (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()
    plain = BYTES_IN_WORDS.sub(r"\2", words).strip().rstrip(".")
    return f"{plain[:200]}."


def _server_words(data: Sequence[object]) -> str:
    return b" ".join(part for part in data if isinstance(part, bytes)).decode("ascii", "replace")


def _chunks(uids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), size):
        yield uids[start : start + size]


def _batches(sizes: dict[int, int], largest: int) -> Iterator[list[int]]:
    """Yield messages that are fetched together: few enough bytes at once, and one by one those that are too large."""
    batch: list[int] = []
    bytes_in_batch = 0
    for uid, size in sizes.items():
        if size > largest:
            yield [uid]
            continue
        if batch and (bytes_in_batch + size > BATCH_BYTES or len(batch) >= BATCH_MESSAGES):
            yield batch
            batch, bytes_in_batch = [], 0
        batch.append(uid)
        bytes_in_batch += size
    if batch:
        yield batch


def _ranges(uids: Sequence[int]) -> str:
    """Return ascending UIDs as a sequence set (RFC 9051, 9): C(1:3,7)."""
    ranges: list[list[int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in ranges)


def _answers(data: Sequence[t.Any]) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield the answers to a FETCH, as C(imaplib) has cut them: the line, literals included, and the last literal."""
    line, literal = b"", None
    for part in data:
        if isinstance(part, tuple):
            line += part[0] if part[0].count(b"BODY[") else b"".join(part)
            literal = part[1]
        elif isinstance(part, bytes):
            yield line + part, literal
            line, literal = b"", None


def may_hold_certificate(structure: bytes) -> bool:
    """Return whether a message's C(BODYSTRUCTURE) shows a part that may be, or hold, a certificate."""
    for kind, subtype in MEDIA_TYPE.findall(structure):
        media_type = kind.lower() + b"/" + subtype.lower()
        if kind.lower() in {b"application", b"message"} and not (
            media_type in DULL_TYPES or subtype.lower().startswith(b"vnd.")
        ):
            return True
    return any(ending.lower() in CERTIFICATE_ENDINGS for ending in FILE_NAME.findall(structure))
