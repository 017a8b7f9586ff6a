# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder on a mail server. Private to softlayer.certificates."""

from __future__ import annotations

import imaplib
import itertools
import os
import selectors
import ssl
import time
import typing as t
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from .._errors import CertificatesError
from .._files import check_plain_file, shown
from .._mail.limits import why_unusable
from .._mail.parts import HEADER_BYTES
from .._mail.search import Location
from .._trust_store import default_roots
from .imap_client import (
    NUMBER,
    SIZE,
    UID,
    ImapClient,
    fetched_parts,
    folder_names,
    imap_date,
    in_words,
    internal_date,
    may_hold_certificate,
    sequence_set,
    server_words,
)
from .mailbox import Enough, Mailbox, Raw, Unreadable, cut

with suppress(ImportError):
    import imap_tools

Security = t.Literal["tls", "starttls", "none"]
PORTS: dict[Security, int] = {"tls": 993, "starttls": 143, "none": 143}


@dataclass(frozen=True)
class ImapSettings:
    """How to connect and log in; `timeout` is in seconds, for the server's whole answer to each command."""

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
    def actual_port(self) -> int:
        """The port from the options, else the usual one."""
        return self.port or PORTS[self.security]

    @property
    def address(self) -> str:
        """Host and port, for use in messages."""
        return f"{self.host}:{self.actual_port}"


FEW = 500
"""Up to this many messages are all read without asking the server which ones are about certificates."""
BATCH_BYTES = 4 * 1024 * 1024
BATCH_MESSAGES = 100
CHUNK = 1_000
"""Messages whose size or structure is requested at once."""
RECONNECT_SECONDS = (0, 1, 2, 4)
"""Seconds to pause before each attempt to restore a lost connection; they begin again after a message has been read, or given up."""
MOST_CONNECTIONS = 100
"""Connections made in one pass over the folder, even if each yields messages."""
MOST_ENDLESS = 20
"""Answers with messages, in one pass, that do not end within the limits of time and size: two for each message, with others and alone.
The first costs as much time as the last, so what comes after these is not read."""
MOST_REFUSED = 1_000
"""Messages in a row that the server lists and does not give, or searches that it refuses: then it is not a message that is the matter."""
MOST_MESSAGES = 500_000
"""Maximum number of candidate messages in a folder; each number takes about 200 bytes of memory."""
DROPPED = (imaplib.IMAP4.abort, OSError)
"""What is raised if the connection is lost."""
FAILED = (*DROPPED, imaplib.IMAP4.error, CertificatesError)
"""What a command that fails raises."""
LONGEST_IDLE = 25 * 60
"""Seconds; servers may log out a client that idles for 30 minutes (RFC 2177)."""
NOT_NOW = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")
"""With these a server says that it takes no login at the moment (RFC 5530, RFC 9051)."""
SHORTEST_WAIT = 1.0
"""Seconds between two looks, even if the server reports news without end."""
TELLING_SUBJECTS = "OR OR SUBJECT certificate SUBJECT zertifikat SUBJECT ssl"
PEM_IN_TEXT = 'OR BODY "BEGIN CERTIFICATE" BODY MII'
"""The second finds PEM that mail programs have disfigured: the base64 of DER begins with these letters."""
OF_PARTS = 'NOT HEADER Content-Type "text/"'


class _Refused(imaplib.IMAP4.error):
    """The server says NO to a search."""


class ImapMailbox(Mailbox):
    """A folder on a mail server (RFC 9051, RFC 3501), opened read-only.

    If the folder has at most `FEW` candidate messages, all are read. In a larger folder the server searches: only messages with
    PEM in their text or with attachments are read, first those with a subject about certificates.
    """

    def __init__(self, settings: ImapSettings, largest: int) -> None:
        self._settings = settings
        self._largest = largest
        self._seen: set[int] = set()
        self._apart: dict[str, set[int]] = defaultdict(set)
        """For what is asked for, the messages of which it could not be had together with that of others."""
        self._unread: dict[int, str] = {}
        self._lost: list[CertificatesError] = []
        """Why the connection was lost at messages that were given up, in this pass."""
        self._endless = self._refused = 0
        self._rest = ""
        """Why the last pass did not come to the end of the folder."""
        self._first = 1
        self._validity: bytes | None = None
        self._box: imap_tools.BaseMailBox | None = None
        why_not = why_unusable({"imap": vars(settings)})
        if why_not:
            raise CertificatesError("invalid_argument", why_not)
        self._context = _tls_context(settings)

    def __enter__(self) -> ImapMailbox:
        self._box = self._connect()
        return self

    def __exit__(self, *_error: object) -> None:
        self._drop()

    def read(self, since: datetime, enough: Enough) -> Iterator[Raw]:
        """See `Mailbox`. A lost connection is restored; a message at which it is lost again is given up.

        Where that happens at several messages, and not one can be read, it is the server that fails.
        """
        self._lost.clear()
        self._endless = self._refused = 0
        self._rest = ""
        is_any_given = False
        pauses = iter(RECONNECT_SECONDS)
        for connections in itertools.count(1):
            done = self._done()
            try:
                box = self._box = self._box or self._connect()
                for message in self._read(box, since, enough):
                    is_any_given = True
                    yield message
                break
            except (*DROPPED, CertificatesError) as error:
                self._drop()
                failure = self._broken_off(error) if isinstance(error, DROPPED) else error
                is_at_messages = self._done() != done
                if is_at_messages:
                    pauses = iter(RECONNECT_SECONDS)
                pause = next(pauses, None)
                is_hopeless = failure.code != "unreachable" and not is_at_messages
                is_too_slow = self._endless == MOST_ENDLESS
                if is_too_slow and is_any_given:
                    self._rest = (
                        f"The rest of the folder was not read, since too many messages did not come. {failure.message}"
                    )
                    return
                if is_hopeless or pause is None or connections == MOST_CONNECTIONS or is_too_slow:
                    raise failure from None
                time.sleep(pause)
            except imaplib.IMAP4.error as error:
                raise CertificatesError(
                    "mailbox_error", f"The mail server {self._settings.address} refused a command: {in_words(error)}"
                ) from None
        if len(self._lost) > 1 and not is_any_given:
            raise self._lost[-1]

    def unread(self) -> Sequence[Unreadable]:
        """See `Mailbox`."""
        folder = self._settings.folder
        rest = (Unreadable(Location(folder=folder), self._rest),) if self._rest else ()
        each = (Unreadable(Location(folder=folder, uid=uid), why) for uid, why in sorted(self._unread.items()))
        return (*each, *rest)

    def wait(self, seconds: float) -> None:
        """See `Mailbox`. If the server supports IDLE (RFC 2177), it reports new messages."""
        began = time.monotonic()
        until = began + seconds
        if self._box is not None:
            try:
                if "IDLE" in self._box.client.capabilities:
                    self._idle(self._box, min(seconds, LONGEST_IDLE))
                    time.sleep(max(0, began + min(seconds, SHORTEST_WAIT) - time.monotonic()))
                    return
            except (*FAILED, imap_tools.ImapToolsError):
                self._drop()
                until = min(until, time.monotonic() + 1)
        time.sleep(max(0, until - time.monotonic()))

    def _idle(self, box: imap_tools.BaseMailBox, seconds: float) -> None:
        box.idle.start()
        # What the server sent together with its consent to IDLE has already been read.
        if not box.client.has_more():
            with selectors.DefaultSelector() as selector:
                selector.register(box.client.sock, selectors.EVENT_READ)
                selector.select(seconds)
        box.client.begin()
        box.idle.stop()

    def _read(self, box: imap_tools.BaseMailBox, since: datetime, enough: Enough) -> Iterator[Raw]:
        box.client.noop()  # lets the server report new messages
        # Servers compare days, in their own time zone.
        window = f"SINCE {imap_date(since - timedelta(days=1))}"
        present = {uid for uid in self._search(box, f"UID {self._first}:* {window}") if uid >= self._first}
        for uid in self._unread.keys() - present:
            if uid >= self._first:
                del self._unread[uid]  # another client has deleted it
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
        """Yield functions that return groups of messages, the most likely groups first."""
        if len(present - self._seen) <= FEW:
            yield [lambda: sorted(present)]
            return
        telling = f"{window} {TELLING_SUBJECTS}"
        uids = sorted(present)
        for criteria in (telling, window):
            yield [
                partial(self._search_apart, box, uids, f"{criteria} {PEM_IN_TEXT}"),
                partial(self._with_files, box, uids, f"{criteria} {OF_PARTS}"),
            ]
        yield [lambda: self._search_apart(box, uids, telling)[-FEW:]]  # they may say why a certificate is missing

    def _search_apart(self, box: imap_tools.BaseMailBox, uids: Sequence[int], criteria: str) -> list[int]:
        """Return which of some messages fulfil criteria, and those for which the server refuses to say so."""
        try:
            return self._search(box, f"UID {uids[0]}:{uids[-1]} {criteria}")
        except _Refused:
            self._refused += 1
            if self._refused >= MOST_REFUSED:
                raise
            if len(uids) == 1:
                return list(uids)
        middle = len(uids) // 2
        return self._search_apart(box, uids[:middle], criteria) + self._search_apart(box, uids[middle:], criteria)

    def _search(self, box: imap_tools.BaseMailBox, criteria: str) -> list[int]:
        kind, data = box.client.uid("SEARCH", criteria)
        if kind != "OK":
            raise _Refused(server_words(data))
        lines = [line for line in data if isinstance(line, bytes)]
        if sum(line.count(b" ") + 1 for line in lines) > MOST_MESSAGES:
            message = (
                f"The folder {self._settings.folder} has more than {MOST_MESSAGES} messages to look at: "
                "choose another folder of imap, or a lower max_age_days."
            )
            raise CertificatesError("mailbox_error", message, folder=self._settings.folder)
        uids = [uid for line in lines for uid in line.split(b" ") if uid]
        if not all(map(NUMBER.fullmatch, uids)):
            raise imaplib.IMAP4.error("it answered a search with something else than numbers")
        return sorted(map(int, uids))

    def _with_files(self, box: imap_tools.BaseMailBox, uids: Sequence[int], criteria: str) -> list[int]:
        """Return which of some messages fulfil criteria, and have a part that may be, or hold, a certificate."""
        several = [uid for uid in self._search_apart(box, uids, criteria) if uid not in self._seen]
        return [
            uid
            for chunk in _chunks(several, CHUNK)
            for uid, line, _literal in self._fetched(box, chunk, "(BODYSTRUCTURE)", _has_structure)
            if may_hold_certificate(line)
        ]

    def _fetch(self, box: imap_tools.BaseMailBox, uids: Sequence[int], since: datetime) -> Iterator[Raw]:
        for chunk in _chunks(uids, CHUNK):
            sizes = {}
            for uid, line, _literal in self._fetched(box, chunk, "(RFC822.SIZE INTERNALDATE)", _has_size):
                size, received = SIZE.search(line), internal_date(line)
                if received is None or received >= since:
                    sizes[uid] = int(size[1]) if size else 0
            for batch in _batches(sizes, self._largest):
                is_whole = sizes[batch[0]] <= self._largest
                items = "(BODY.PEEK[])" if is_whole else f"(BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)"
                for uid, _line, data in self._fetched(box, batch, items, _has_content):
                    if data is not None and uid not in self._seen:
                        self._seen.add(uid)
                        yield cut(
                            data, Location(folder=self._settings.folder, uid=uid), self._largest, is_whole=is_whole
                        )

    def _fetched(
        self,
        box: imap_tools.BaseMailBox,
        uids: Sequence[int],
        items: str,
        shows: Callable[[bytes, bytes | None], bool],
    ) -> Iterator[tuple[int, bytes, bytes | None]]:
        """Yield for each message its UID, the line of the server's answer, and the literal in it, if there is one.

        What does not come with others is asked for by itself; what does not come then, either, is given up, unless it is deleted.

        Args:
            box: the connection.
            uids: the messages.
            items: what to ask for.
            shows: returns whether a line and its literal are what was asked for.
        """
        apart = self._apart[items]
        groups = [[uid for uid in uids if uid not in apart], *([uid] for uid in uids if uid in apart)]
        for group in filter(None, groups):  # it grows
            is_alone = group[0] in apart
            if is_alone:
                box.client.noop()  # if the connection was lost before, that is not the message's fault
            data, why = self._asked(box, group, items)
            missing = set(group)
            for line, literal in fetched_parts(data):
                uid = UID.search(line)
                if uid and int(uid[1]) in missing and shows(line, literal):
                    self._refused = 0
                    missing.discard(int(uid[1]))
                    yield int(uid[1]), line, literal
            left = self._still_there(box, missing)
            if is_alone and left:
                self._give_up(left[0], why)
                self._refused += 1
                if self._refused >= MOST_REFUSED:
                    raise imaplib.IMAP4.error(f"many messages in a row cannot be read. Of the last one, {why}")
            elif left:
                apart.update(left)
                groups += [[uid] for uid in left]

    def _asked(self, box: imap_tools.BaseMailBox, group: Sequence[int], items: str) -> tuple[Sequence[t.Any], str]:
        """Return what the server gives of messages, and as the end of a sentence why that is not all."""
        try:
            kind, data = box.client.uid("FETCH", sequence_set(group), items)
        except (*DROPPED, CertificatesError) as error:
            if isinstance(error, CertificatesError):
                self._endless += 1
            if group[0] in self._apart[items]:
                self._lost.append(self._broken_off(error) if isinstance(error, DROPPED) else error)
                self._give_up(group[0], self._lost[-1].message)
            self._apart[items].update(group)
            raise
        except imaplib.IMAP4.error as error:
            kind, data = "BAD", [in_words(error).encode()]
        if kind == "OK":
            return data, "the server leaves it out of its answer."
        return box.client.response("FETCH")[1], f"the server refuses it: {server_words(data).rstrip('.')}."

    def _still_there(self, box: imap_tools.BaseMailBox, uids: set[int]) -> list[int]:
        """Return which of some messages nobody has deleted meanwhile."""
        if not uids:
            return []
        box.client.noop()  # lets the server report what other clients have deleted
        listed = uids & set(self._search(box, f"UID {sequence_set(sorted(uids))}"))
        self._seen |= uids - listed
        return sorted(listed)

    def _give_up(self, uid: int, why: str) -> None:
        folder = self._settings.folder
        self._seen.add(uid)
        self._unread[uid] = f"The message with UID {uid} in the folder {folder} cannot be read: {why}"

    def _done(self) -> int:
        """Return a number that changes as messages are read, given up, or put apart."""
        return sum(map(len, (self._seen, *self._apart.values())))

    def _connect(self) -> imap_tools.BaseMailBox:
        """Return a connection with the folder opened read-only.

        Raises:
            CertificatesError: `unreachable`, `tls_error`, `authentication_failed`, `not_found`.
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
        try:
            return _box_of(self._open_client())
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
        except ValueError:  # from the library for an invalid port, or from the resolver for an invalid name
            message = (
                f"{settings.address} cannot be connected to with security {settings.security}: check host and port of imap "
                "(tls goes with port 993, starttls with 143)."
            )
            raise CertificatesError("invalid_argument", message, host=settings.host) from None
        except (imaplib.IMAP4.error, OSError) as error:
            if "TLS not supported" in str(error):
                message = f"The mail server {settings.address} does not offer STARTTLS: use security tls."
                raise CertificatesError("tls_error", message, host=settings.host) from None
            message = f"The mail server {settings.address} cannot be reached: {in_words(error)} Check host and port."
            raise CertificatesError("unreachable", message, host=settings.host) from None

    def _open_client(self) -> ImapClient:
        settings = self._settings
        if settings.security == "starttls" and settings.actual_port == PORTS["tls"]:
            raise ValueError  # both sides would wait for the other to begin
        tls = self._context if settings.security == "tls" else None
        client = ImapClient(settings.host, settings.actual_port, settings.timeout, self._largest, tls)
        try:
            if settings.security == "starttls":
                client.starttls(self._context)
        except BaseException:
            with suppress(OSError):
                client.shutdown()
            raise
        return client

    def _broken_off(self, error: BaseException) -> CertificatesError:
        message = f"The mail server {self._settings.address} broke the connection: {in_words(error)} Try again later."
        return CertificatesError("unreachable", message, host=self._settings.host)

    def _log_in(self, box: imap_tools.BaseMailBox) -> None:
        settings = self._settings
        is_ascii = (settings.username + settings.password).isascii()
        try:
            login = box.login if is_ascii else box.login_utf8
            login(settings.username, settings.password, initial_folder=None)
            told = box.client.capability()[1][-1] or b""
            box.client.capabilities = tuple(told.decode("ascii", "replace").upper().split())
        except DROPPED as error:
            raise self._broken_off(error) from None
        except (imap_tools.ImapToolsError, imaplib.IMAP4.error) as error:
            if any(code in str(error).upper() for code in NOT_NOW):
                message = f"The mail server {settings.address} takes no login at the moment: try again later."
                raise CertificatesError("unreachable", message, host=settings.host) from None
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
            with suppress(*FAILED):
                names = folder_names(box.client.list()[1])
            there = f" There are: {', '.join(names)}." if names else ""
            message = f"The mail server {settings.address} has no folder {settings.folder} to read.{there}"
            raise CertificatesError("not_found", message, folder=settings.folder) from None
        if self._validity not in {None, validity}:
            for known in (self._seen, self._apart, self._unread):
                known.clear()  # the numbers now mean other messages (RFC 9051, 2.3.1.1)
            self._first = 1
        self._validity = validity

    def _drop(self) -> None:
        if self._box is not None:
            _close(self._box)
            self._box = None


def _tls_context(settings: ImapSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    roots = settings.ca_path or (default_roots() if settings.validate_certs else None)
    what = "ca_path of imap" if settings.ca_path else "The file of root certificates"
    try:
        if settings.ca_path:
            check_plain_file("CA file", settings.ca_path, os.stat(settings.ca_path).st_mode)
        is_folder = roots is not None and os.path.isdir(roots)
        context = ssl.create_default_context(cafile=None if is_folder else roots, capath=roots if is_folder else None)
    except CertificatesError as error:
        raise CertificatesError("invalid_argument", f"ca_path of imap: {error.message}") from None
    except (OSError, ValueError) as error:
        why = (
            "it holds no certificate"
            if isinstance(error, ssl.SSLError)
            else getattr(error, "strerror", "it is no path")
        )
        raise CertificatesError("invalid_argument", f"{what}{shown(roots or '')} cannot be used: {why}.") from None
    if not settings.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _box_of(client: ImapClient) -> imap_tools.BaseMailBox:
    """Return a mailbox object of `imap_tools` for a client."""

    class Box(imap_tools.BaseMailBox):  # type: ignore[misc,unused-ignore]
        def _get_mailbox_client(self) -> ImapClient:
            return client

    return Box()


def _close(box: imap_tools.BaseMailBox) -> None:
    """Log out, as far as the connection allows it."""
    with suppress(*FAILED, imap_tools.ImapToolsError):
        box.logout()
    with suppress(*DROPPED):
        box.client.shutdown()


def _has_structure(line: bytes, _literal: bytes | None) -> bool:
    return b"BODYSTRUCTURE" in line


def _has_size(line: bytes, _literal: bytes | None) -> bool:
    """Return whether a line is an answer to the question for the size, and not the news of changed flags."""
    return b"RFC822.SIZE" in line or b"FLAGS" not in line


def _has_content(_line: bytes, literal: bytes | None) -> bool:
    return literal is not None


def _chunks(uids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), size):
        yield uids[start : start + size]


def _batches(sizes: dict[int, int], largest: int) -> Iterator[list[int]]:
    """Yield batches of messages to fetch together: each with few enough bytes, and messages that are too large one by one."""
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
