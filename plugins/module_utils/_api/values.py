# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API's values mean, which it writes in more than one way. Private to softlayer.certificates.

Pure. What cannot be read is never taken for something near it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .._errors import CertificatesError

DIGITS = re.compile(r"[0-9]{1,19}")
LARGEST_ID = 2**63 - 1
"""What 64 bits hold; the ledger keeps no larger one."""
YES_OR_NO = {"true": True, "1": True, "false": False, "0": False}


def number(value: object) -> int | None:
    """Return a whole number that is not negative, which the API also gives as text; `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return int(value) if DIGITS.fullmatch(str(value)) else None


def as_id(value: object) -> int | None:
    """Return an id, which is a number above 0 of 64 bits; `None` for what is none."""
    identifier = number(value)
    return identifier if identifier and identifier <= LARGEST_ID else None


def check_ids(name: str, ids: Iterable[int]) -> None:
    """Refuse what cannot be an id, before it is looked for.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    impossible = [one for one in ids if not 0 < one <= LARGEST_ID]
    if impossible:
        what = name.rstrip("s").replace("_", " ")
        raise CertificatesError(
            "invalid_argument",
            f"{name}: {', '.join(map(str, impossible))} is no {what}; ids are whole numbers from 1 to {LARGEST_ID}.",
        )


def is_no(answer: object) -> bool:
    """Return whether an answer is a no, in any of its spellings."""
    return _yes_or_no(answer) is False


def yes_or_no(answer: object, call: str) -> bool:
    """Return a method's answer, a boolean.

    Args:
        answer: what came.
        call: service and method, for the message.

    Raises:
        CertificatesError: `no_answer`, the answer is neither yes nor no.
    """
    word = _yes_or_no(answer)
    if word is None:
        raise CertificatesError("no_answer", f"{call} said neither yes nor no. It may have been processed.")
    return word


def _yes_or_no(answer: object) -> bool | None:
    return YES_OR_NO.get(str(answer).lower()) if isinstance(answer, (bool, int, str)) else None
