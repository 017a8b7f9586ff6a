# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an ACME authority answers who asks whether it wants a certificate renewed (RFC 9773). Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from .._times import parse
from .rotation import SourceCertificate

HARMLESS = "!#$%&'()*+,/:;=?@[]-._~"
"""What stands in a URL beside letters and digits; all else that an authority may write there is percent-encoded."""
LONGEST_URL = 500
USUAL_RETRY, LEAST_RETRY, MOST_RETRY = 6 * 3600.0, 60.0, 24 * 3600.0
"""Seconds after which is asked again: if the authority does not say (RFC 9773, 4.3.2), and how far its word counts."""


def end_of_window(answer: Mapping[str, t.Any]) -> datetime | None:
    """Return when the window ends in which an authority wants the renewal; `None` if the answer has none.

    A window that is over is one: so an authority asks for a renewal at once.
    """
    window = answer.get("suggestedWindow")
    given = window if isinstance(window, Mapping) else {}
    start, end = parse(given.get("start")), parse(given.get("end"))
    return end if start and end and start < end else None


def harmless_url(given: object) -> str | None:
    """Return a URL that a person may open, without anything that a terminal, a shell or a page could take for more; `None` if it is none."""
    text = quote(given, safe=HARMLESS, errors="replace") if isinstance(given, str) else ""
    with suppress(ValueError):
        parts = urlsplit(text)
        if parts.scheme in {"http", "https"} and parts.hostname and not {*"@%"} & {*parts.netloc}:
            return text if len(text) <= LONGEST_URL else None
    return None


def retry_after(seconds: float | None) -> float:
    """Return after how many seconds to ask again, by what the authority says."""
    return USUAL_RETRY if seconds is None else min(max(seconds, LEAST_RETRY), MOST_RETRY)


@dataclass(frozen=True)
class RenewalRequest:
    """When an authority wants a certificate that a source has renewed at the latest, and where it says why."""

    entry: SourceCertificate
    end: datetime
    explanation_url: str | None = None
