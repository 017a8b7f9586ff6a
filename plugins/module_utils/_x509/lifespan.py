# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time in which TLS clients accept a certificate: its issuers may expire earlier. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .._base.times import format_time, is_renewal_due
from .certificate import Certificate


@dataclass(frozen=True)
class Lifespan:
    """The time in which TLS clients accept a certificate.

    Attributes:
        begin: start of its validity; `None` if that is not known.
        end: the earliest end of all on the path from it to the root; `None` if that is not known.
        limited_by: the issuer that ends first; `None` if it is the certificate itself.
        own_end: the end of the certificate itself, where an issuer ends before it.
        start: the start of this time, which may be that of an issuer.
        latest_issuer: that issuer.
    """

    begin: datetime | None
    end: datetime | None
    limiting_issuer: Certificate | None = None
    own_end: datetime | None = None
    start: datetime | None = None
    latest_issuer: Certificate | None = None

    @classmethod
    def from_path(cls, leaf: Certificate, issuers: Sequence[Certificate]) -> Lifespan:
        """Return the lifespan of a certificate with the issuers that TLS clients use."""
        lifespan = cls(leaf.not_before, leaf.not_after)
        first = min(issuers, key=lambda issuer: issuer.not_after, default=leaf)
        if first.not_after < leaf.not_after:
            lifespan = replace(lifespan, end=first.not_after, limiting_issuer=first, own_end=leaf.not_after)
        last = max(issuers, key=lambda issuer: issuer.not_before, default=leaf)
        if last.not_before > leaf.not_before:
            lifespan = replace(lifespan, start=last.not_before, latest_issuer=last)
        return lifespan

    def is_due(self, at: datetime) -> bool | None:
        """Return whether it should have been renewed by now; `None` if its end is not known.

        How long before the end that is goes by the certificate's own life, see `is_renewal_due`, also where an issuer ends first.
        """
        if self.end is None or self.own_end is None:
            return is_renewal_due(self.begin, self.end, at)
        return is_renewal_due(self.begin, self.own_end, at + (self.own_end - self.end))

    def is_over(self, at: datetime) -> bool:
        """Return whether it is known to have ended."""
        return self.end is not None and self.end < at

    def is_in_future(self, at: datetime) -> bool:
        """Return whether TLS clients certainly do not accept it yet."""
        usable_start = self.usable_start
        return usable_start is not None and at < usable_start

    def is_current(self, at: datetime) -> bool:
        """Return whether TLS clients accept it at an instant, as far as known."""
        return not self.is_over(at) and not self.is_in_future(at)

    @property
    def usable_start(self) -> datetime | None:
        """The time from which TLS clients accept it; `None` if unknown."""
        return self.start or self.begin

    def as_result(self) -> dict[str, t.Any]:
        """Return its end in the form of results."""
        return {
            "effective_not_after": format_time(self.end),
            "limited_by": self.limiting_issuer.shown_name if self.limiting_issuer else None,
        }


UNKNOWN_LIFESPAN = Lifespan(None, None)
"""That of what is not known."""
