# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calculate the time in which TLS clients accept a certificate and its CA certificates. Private to softlayer.certificates. Pure."""

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
        begin: the start of validity of the certificate; `None` if unknown.
        end: the earliest end of validity on the path to the root certificate; `None` if unknown.
        limiting_issuer: the CA certificate that expires first; `None` if the certificate itself does.
        own_end: the end of validity of the certificate, if a CA certificate expires earlier.
        start: the start of validity of `latest_issuer`.
        latest_issuer: the CA certificate that becomes valid last, if later than the certificate.
    """

    begin: datetime | None
    end: datetime | None
    limiting_issuer: Certificate | None = None
    own_end: datetime | None = None
    start: datetime | None = None
    latest_issuer: Certificate | None = None

    @classmethod
    def from_path(cls, leaf: Certificate, issuers: Sequence[Certificate]) -> Lifespan:
        """Return the lifespan of a certificate with the CA certificates that TLS clients use."""
        lifespan = cls(leaf.not_before, leaf.not_after)
        first = min(issuers, key=lambda issuer: issuer.not_after, default=leaf)
        if first.not_after < leaf.not_after:
            lifespan = replace(lifespan, end=first.not_after, limiting_issuer=first, own_end=leaf.not_after)
        last = max(issuers, key=lambda issuer: issuer.not_before, default=leaf)
        if last.not_before > leaf.not_before:
            lifespan = replace(lifespan, start=last.not_before, latest_issuer=last)
        return lifespan

    def is_due(self, at: datetime) -> bool | None:
        """Return whether the certificate is due for renewal; `None` if its end is unknown.

        `is_renewal_due` uses the validity of the certificate itself, even if a CA certificate expires earlier.
        """
        if self.end is None or self.own_end is None:
            return is_renewal_due(self.begin, self.end, at)
        return is_renewal_due(self.begin, self.own_end, at + (self.own_end - self.end))

    def is_over(self, at: datetime) -> bool:
        """Return whether the certificate has expired, as far as known."""
        return self.end is not None and self.end < at

    def is_in_future(self, at: datetime) -> bool:
        """Return whether the certificate is not valid yet, as far as known."""
        usable_start = self.usable_start
        return usable_start is not None and at < usable_start

    def is_current(self, at: datetime) -> bool:
        """Return whether TLS clients accept the certificate at an instant, as far as known."""
        return not self.is_over(at) and not self.is_in_future(at)

    @property
    def usable_start(self) -> datetime | None:
        """The start of the time in which TLS clients accept the certificate; `None` if unknown."""
        return self.start or self.begin

    def as_result(self) -> dict[str, t.Any]:
        """Return the end of the lifespan in the format of results."""
        return {
            "effective_not_after": format_time(self.end),
            "limited_by": self.limiting_issuer.shown_name if self.limiting_issuer else None,
        }


UNKNOWN_LIFESPAN = Lifespan(None, None)
"""The lifespan of an unreadable certificate."""
