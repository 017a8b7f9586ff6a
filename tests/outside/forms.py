# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of variables share: cases of the forms in which users give them, and what each comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, TypeVar

ANSIBLES_OWN = "Validation of arguments failed:\n"
T = TypeVar("T")


class Refused(str):
    """What the sentence that refuses a value says, besides the name of the variable."""


Cases = Mapping[str, Sequence[tuple[Any, "set[T] | Refused"]]]
"""By variable: what is given, and what is selected then, or what the refusal says."""


def included(cases_of: Cases[T], everything: set[T]) -> Iterator[tuple[dict[str, Any], set[T] | Refused]]:
    """The cases, with those together that leave all selected: the first of each variable, then the second, and so on."""
    without_effect = [
        [(name, given) for given, found in cases if found == everything] for name, cases in cases_of.items()
    ]
    for together in zip_longest(*without_effect):
        yield dict(filter(None, together)), everything
    for name, cases in cases_of.items():
        yield from (({name: given}, expected) for given, expected in cases if expected != everything)


def assert_complete(cases_of: Cases[T], variables: Mapping[str, object]) -> None:
    """Every variable has its cases, and among them null."""
    assert cases_of.keys() == variables.keys(), "how can the new variable be given, and what does that mean?"
    for name, cases in cases_of.items():
        assert any(given is None for given, _expected in cases), f"{name}: what does null mean?"
