# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsing of the API's values, which have several spellings. Private to softlayer.certificates.

Pure. A value that cannot be read is never replaced by a similar one.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping

from .._base.errors import CertificatesError
from .._base.text import printable

DIGITS = re.compile(r"[0-9]{1,19}")
MAX_ID = 2**63 - 1
"""The largest 64-bit integer; the ledger stores no larger id."""
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def parse_number(value: object) -> int | None:
    """Return a whole number of 0 or more, which the API may also write as text; `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return int(value) if DIGITS.fullmatch(str(value)) else None


def parse_id(value: object) -> int | None:
    """Return an id, a 64-bit number above 0; `None` for anything else."""
    identifier = parse_number(value)
    return identifier if identifier and identifier <= MAX_ID else None


def check_ids(name: str, ids: Iterable[int]) -> None:
    """Reject invalid IDs.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    impossible = [identifier for identifier in ids if not 0 < identifier <= MAX_ID]
    if impossible:
        raise CertificatesError(
            "invalid_argument",
            f"{name} has invalid values: {', '.join(map(str, impossible))}. An ID is an integer from 1 to {MAX_ID}.",
        )


def parse_text(value: object) -> str | None:
    """Return a text in printable form, without surrounding spaces; `None` if it is empty or not a text."""
    return printable(value.strip()) or None if isinstance(value, str) else None


def as_dict(value: object) -> Mapping[str, t.Any]:
    """Return an object, or an empty one if the value is not an object."""
    return value if isinstance(value, dict) else {}


def select_dicts(value: object) -> list[Mapping[str, t.Any]]:
    """Return the objects in a list; none if the value is not a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def read_boolean(answer: object) -> bool | None:
    """Return a boolean in any of its spellings; `None` if the value is not a boolean."""
    return BOOLEANS.get(str(answer).lower()) if isinstance(answer, (bool, int, str)) else None


def require_boolean(answer: object, call: str) -> bool:
    """Return a method's boolean answer.

    Args:
        answer: the answer as it came.
        call: service and method, for the message.

    Raises:
        CertificatesError: `no_answer`, if the answer is neither yes nor no.
    """
    word = read_boolean(answer)
    if word is None:
        raise CertificatesError(
            "no_answer", f"{call} returned neither true nor false. The call may have been processed."
        )
    return word
