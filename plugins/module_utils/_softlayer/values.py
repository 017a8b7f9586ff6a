# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse values of the API, whose representations vary. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping

from .._base.errors import CertificatesError
from .._base.text import escape_invisible

DIGITS = re.compile(r"[0-9]{1,19}")
MAX_ID = 2**63 - 1
"""The largest signed 64-bit integer, which is the maximum ID in the ledger."""
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def parse_number(value: object) -> int | None:
    """Return a non-negative integer from an integer or a string, otherwise `None`."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return int(value) if DIGITS.fullmatch(str(value)) else None


def parse_id(value: object) -> int | None:
    """Return an ID from 1 to `MAX_ID`, otherwise `None`."""
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
    """Return a string in printable form, without surrounding spaces; `None` if the value is empty or not a string."""
    return escape_invisible(value.strip()) or None if isinstance(value, str) else None


def as_dict(value: object) -> Mapping[str, t.Any]:
    """Return a dictionary, which is empty if the value is not a dictionary."""
    return value if isinstance(value, dict) else {}


def select_dicts(value: object) -> list[Mapping[str, t.Any]]:
    """Return the dictionaries in a list; an empty list if the value is not a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def read_boolean(answer: object) -> bool | None:
    """Return a boolean from a boolean, an integer, or a string, otherwise `None`."""
    return BOOLEANS.get(str(answer).lower()) if isinstance(answer, (bool, int, str)) else None


def require_boolean(answer: object, call: str) -> bool:
    """Return the boolean response of a method.

    Args:
        answer: the response.
        call: service and method, for the message.

    Raises:
        CertificatesError: `no_answer`, if the response is not a boolean.
    """
    word = read_boolean(answer)
    if word is None:
        raise CertificatesError(
            "no_answer", f"{call} returned neither true nor false. The call may have been processed."
        )
    return word
