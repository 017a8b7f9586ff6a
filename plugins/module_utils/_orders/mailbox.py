# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of message sources, and the sources with one file per message: Maildir, single files, and directories. Private to softlayer.certificates.

Reading does not set flags or move messages. Messages are yielded one by one, so memory does not grow with
the mailbox. A message is yielded twice only if the file changed during the run.
"""

from __future__ import annotations

import abc
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from .._base.codes import UnmatchedReason
from .._base.errors import CertificatesError, Obstacle
from .._base.files import build_read_error, format_path, open_plain_file
from .._base.text import make_encodable
from .message_parts import MAX_HEADER_BYTES
from .plan_collect import Location


@dataclass(frozen=True)
class RawMessage:
    """The bytes of a stored message. If the message is too large, `data` is only the beginning or the headers."""

    data: bytes = field(repr=False)
    location: Location
    is_complete: bool = True


def truncate_message(data: bytes, location: Location, largest: int, *, is_complete: bool = True) -> RawMessage:
    """Return a message, truncated to the beginning if the bytes exceed the limit or are incomplete."""
    if is_complete and len(data) <= largest:
        return RawMessage(data, location)
    return RawMessage(data[:MAX_HEADER_BYTES], location, is_complete=False)


UnreadItem = tuple[Location, Obstacle[UnmatchedReason]]
"""Location of an unreadable message or directory, and the reason."""
CompletionCheck = Callable[[], bool]
"""A function that returns whether the search is complete."""


class Mailbox(AbstractContextManager["Mailbox"]):
    """A source of messages, and a context manager that opens and closes the source."""

    def __exit__(self, *_error: object) -> None:
        """Close the source."""

    @abc.abstractmethod
    def read(self, since: datetime, enough: CompletionCheck) -> Iterator[RawMessage]:
        """Yield the new messages that were received after an instant.

        Messages that are less likely to contain a certificate come last, and may be skipped if `enough` returns true.

        Raises:
            CertificatesError: `unreachable`, `tls_error`, `authentication_failed`, `not_found`, `mailbox_error`.
        """

    def list_unread(self) -> Sequence[UnreadItem]:
        """Return the unreadable messages and directories of the last `read`, each with the reason."""
        return ()

    def wait(self, seconds: float) -> None:
        """Wait until a message may have arrived, for at most this number of seconds."""
        time.sleep(seconds)


# Files

MESSAGE_SUFFIXES = (".eml", ".msg")
"""Suffixes of message files. Not all formats are readable."""
MBOX_SEPARATOR = re.compile(rb"\nFrom \S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d ")
"""Separator line between the messages of an mbox (RFC 4155): a sender and the beginning of a date."""


class _FileMailbox(Mailbox):
    """A source with one file per message."""

    def __init__(self, largest: int, named: Collection[str] = ()) -> None:
        """Create a source with a maximum message size in bytes. The `named` files and directories, which the user specified, must be readable."""
        self._max_bytes = largest
        self._named = named
        self._seen: set[str] = set()
        self._unread: dict[str, Obstacle[UnmatchedReason]] = {}

    @abc.abstractmethod
    def _find_paths(self) -> Iterator[tuple[str, str]]:
        """Yield a stable name and the path of each existing message."""

    def read(self, since: datetime, enough: CompletionCheck) -> Iterator[RawMessage]:
        """Yield messages, see `Mailbox.read`. The modification time of a file counts as the time of receipt."""
        self._unread.clear()
        for name, path in self._find_paths():
            if name in self._seen:
                continue
            try:
                raw = self._read_file(path, since)
            except CertificatesError as error:
                if path in self._named:
                    raise
                self._unread[path] = Obstacle("unreadable", {"error": error.message})
                continue
            if raw is not None:
                self._seen.add(name)
                yield raw

    def _read_file(self, path: str, since: datetime) -> RawMessage | None:
        """Return a message, or `None` for a message that is too old or no longer exists."""
        try:
            with open_plain_file("message", path) as file:
                status = os.fstat(file.fileno())
                if status.st_mtime < since.timestamp():
                    return None
                is_small = status.st_size <= self._max_bytes
                data = file.read(self._max_bytes + 1 if is_small else MAX_HEADER_BYTES)  # it may grow meanwhile
                if data.startswith(b"From ") and MBOX_SEPARATOR.search(data):
                    raise CertificatesError(
                        "not_found",
                        f"Cannot read the file{format_path(path)}: the file is an mbox. Save each message as an .eml file, or let the mail program use a "
                        "Maildir.",
                    )
                return truncate_message(
                    data, Location(path=make_encodable(path)), self._max_bytes, is_complete=is_small
                )
        except FileNotFoundError:
            return None  # moved or removed meanwhile, or a broken link
        except OSError as error:
            raise build_read_error("message", path, error) from None

    def list_unread(self) -> Sequence[UnreadItem]:
        """Return the skipped files, see `Mailbox.list_unread`."""
        return tuple((Location(path=make_encodable(path)), why) for path, why in self._unread.items())

    def _list_entries(self, folder: str) -> list[os.DirEntry[str]]:
        """Return the visible entries of a directory, sorted by name; an empty list if an unspecified directory cannot be listed."""
        try:
            with os.scandir(folder) as entries:
                return sorted((each for each in entries if not each.name.startswith(".")), key=lambda each: each.name)
        except OSError as error:
            failure = build_read_error("directory", folder, error)
            if folder in self._named:
                raise failure from None
            self._unread[folder] = Obstacle("unreadable", {"error": failure.message})
            return []


class MaildirMailbox(_FileMailbox):
    """A Maildir: the directories `new` and `cur`, with one file per message."""

    def __init__(self, path: str, largest: int) -> None:
        super().__init__(largest)
        self._path = path
        if not os.path.exists(path):
            raise CertificatesError(
                "not_found", f"The directory {path} does not exist. Set maildir to the path of a Maildir."
            )
        if not _is_maildir(path):
            raise CertificatesError(
                "not_found",
                f"{path} is not a Maildir: the directories new and cur are missing. Set maildir to the directory that contains new and cur, or set paths to "
                ".eml files.",
            )

    def _find_paths(self) -> Iterator[tuple[str, str]]:
        for part in ("new", "cur"):  # in this order a message that is moved meanwhile is seen twice, not missed
            for entry in self._list_entries(os.path.join(self._path, part)):
                if not _is_folder(entry):
                    yield entry.name.partition(":")[0], entry.path


class PathsMailbox(_FileMailbox):
    """Files, and directories with `.eml` and `.msg` files at any depth. Hidden entries are skipped."""

    def __init__(self, paths: Sequence[str], largest: int) -> None:
        super().__init__(largest, tuple(dict.fromkeys(paths)))
        for path in paths:
            if not os.path.exists(path):
                raise CertificatesError(
                    "not_found",
                    f"The path {path} does not exist. Set paths to .eml files, or to directories that contain .eml files.",
                )
            if _is_maildir(path):
                raise CertificatesError(
                    "invalid_argument",
                    f"{path} is a Maildir, not a directory of .eml files. Set maildir instead of paths.",
                )

    def _find_paths(self) -> Iterator[tuple[str, str]]:
        for given in self._named:
            paths = self._find_files(given) if os.path.isdir(given) else [given]
            yield from ((f"{os.path.realpath(path)} {_describe_state(path)}", path) for path in paths)

    def _find_files(self, named: str) -> Iterator[str]:
        """Yield the messages in a directory, then in the subdirectories. Links to directories are not followed."""
        waiting = [named]
        while waiting:
            folder = waiting.pop()
            entries = self._list_entries(folder)
            folders = [entry.path for entry in entries if _is_folder(entry)]
            yield from (
                entry.path
                for entry in entries
                if entry.name.lower().endswith(MESSAGE_SUFFIXES) and not _is_folder(entry)
            )
            waiting += reversed(folders)


def _describe_state(path: str) -> str:
    """Return a file's modification time and size as text, to detect later changes."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_mtime_ns} {status.st_size}"


def _is_maildir(path: str) -> bool:
    return all(os.path.isdir(os.path.join(path, part)) for part in ("new", "cur"))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a directory and not a link to a directory."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
