# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of surveys, read as modules read their options."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import _answers as plugin

answers = plugin.FilterModule().filters()["_answers"]
QUESTIONS: dict[str, dict[str, Any]] = {
    "orders": {"type": "list", "elements": "str"},
    "ids": {"type": "list", "elements": "int"},
    "phases": {"type": "list", "elements": "str", "choices": ["collect", "import"]},
    "force": {"type": "bool"},
    "most": {"type": "int"},
    "sources": {"type": "list", "elements": "dict"},
    "shown": {"type": "dict"},
}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, {}),
        ({"orders": "83, *.example.com\n85", "others": 1}, {"orders": ["83", "*.example.com", "85"]}),
        ({"orders": "", "ids": None, "force": " ", "most": None}, {"orders": [], "ids": []}),
        ({"ids": "1 2", "force": "yes", "most": "20"}, {"ids": [1, 2], "force": True, "most": 20}),
        ({"orders": '["a b", "c"]'}, {"orders": ["a b", "c"]}),
        (
            {"phases": ["import"], "sources": '[{"folder": "/a"}]'},
            {"phases": ["import"], "sources": [{"folder": "/a"}]},
        ),
    ],
)
def test_what_is_meant(given: dict[str, Any], read: dict[str, Any]) -> None:
    assert answers(given, QUESTIONS) == {**read, "refused": []}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ids": "one"}, "Elements value for option 'ids' is of type "),
        ({"phases": "request"}, "value of phases must be one or more of: collect, import. Got no match for: request."),
        ({"force": "{{ 7*7 }}"}, "argument 'force' is of type "),
        ({"most": {"a": 1}}, "argument 'most' is of type "),
        ({"shown": "folder"}, "argument 'shown' is of type "),
    ],
)
def test_what_cannot_be_read(given: dict[str, Any], said: str) -> None:
    """In Ansible's words."""
    [refused] = answers(given, QUESTIONS)["refused"]
    assert refused.startswith(said)


def test_one_that_cannot_be_read_hides_no_other() -> None:
    assert len(answers({"force": "perhaps", "most": "many"}, QUESTIONS)["refused"]) == 2
