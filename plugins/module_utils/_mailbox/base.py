# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A source of messages of any kind. Private to softlayer.certificates.

Reading leaves no trace: no flag is set, nothing is moved. Messages are passed on one by one, so memory does not grow with
the mailbox, and none is passed on twice.
"""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .._mail.parts import HEADER_BYTES
from .._mail.search import Location


@dataclass(frozen=True)
class Raw:
    """A message as it is stored; if it is too large, only its beginning or its headers."""

    data: bytes = field(repr=False)
    location: Location
    is_whole: bool = True


@dataclass(frozen=True)
class Unreadable:
    """A message, or a folder of messages, that cannot be read, and why, in a sentence."""

    location: Location
    message: str


def cut(data: bytes, location: Location, largest: int, *, is_whole: bool = True) -> Raw:
    """Return a message that was read up to the size limit or a little further; of one that is too large, only the beginning."""
    if is_whole and len(data) <= largest:
        return Raw(data, location)
    return Raw(data[:HEADER_BYTES], location, is_whole=False)


Enough = Callable[[], bool]
"""Returns whether everything that was looked for has been found."""


class Mailbox(abc.ABC):
    """A source of messages; used as a context manager, it is open in the block."""

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(self, *_error: object) -> None:  # noqa: B027 - most have nothing to close
        """Close it."""

    @abc.abstractmethod
    def read(self, since: datetime, enough: Enough) -> Iterator[Raw]:
        """Yield the messages that were received after an instant and have not been yielded before.

        Messages that are less likely to hold a certificate come later, and may be left out if `enough` returns true.

        Raises:
            CertificatesError: `unreachable`, `tls_error`, `authentication_failed`, `not_found`, `mailbox_error`.
        """

    def unread(self) -> Sequence[Unreadable]:
        """Return the messages and folders that could not be read, as of the last `read`."""
        return ()

    def wait(self, seconds: float) -> None:
        """Wait until a message may have come, at most for this number of seconds."""
        time.sleep(seconds)
