# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API's values mean, however it writes them."""

from __future__ import annotations

import math

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.values import (
    parse_number,
    read_boolean,
    require_boolean,
)

from tests.support.failing import fails

NEITHER = [None, "", "yes", "maintenance", " true", 2, -1, 1.0, 0.0, [], {}, {"id": 1}, b"true"]


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (17, 17), ("17", 17), ("0", 0), (2**63 - 1, 2**63 - 1)])
def test_numbers(value: object, expected: int) -> None:
    assert parse_number(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, -1, "-1", 2.0, 2.9, "2.9", "", " 1", "1e3", "\u0663", "x", [], {}, 10**20, "9" * 5000),
        math.inf,
    ],
)
def test_what_is_no_number(value: object) -> None:
    assert parse_number(value) is None


@pytest.mark.parametrize("answer", [True, "true", "True", 1, "1"])
def test_yes(answer: object) -> None:
    assert require_boolean(answer, "X::y") is True
    assert read_boolean(answer) is not False


@pytest.mark.parametrize("answer", [False, "false", "FALSE", 0, "0"])
def test_no(answer: object) -> None:
    assert require_boolean(answer, "X::y") is False
    assert read_boolean(answer) is False


@pytest.mark.parametrize("answer", NEITHER, ids=repr)
def test_neither(answer: object) -> None:
    assert read_boolean(answer) is not False
    with fails("no_answer", "X::y"):
        require_boolean(answer, "X::y")
