# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of the reports, put together as the module does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.support.pages import ROOT


def words_of(rows: str) -> dict[str, dict[str, Any]]:
    """All words of the report of orders or of listeners, by language."""
    path = ROOT / "plugins/plugin_utils/_report/words.yml"
    words: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {language: combined(parts["every"], parts[rows]) for language, parts in words.items()}


def combined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both dictionaries in one, and in each of its dictionaries; no word is in both."""
    double = [key for key in one.keys() & other.keys() if not isinstance(one[key], dict)]
    assert double == []
    nested = {key: combined(one[key], other[key]) for key in one.keys() & other.keys()}
    return one | other | nested


def shape(words: Any) -> Any:
    """The keys of texts, and what is to be filled in."""
    if isinstance(words, dict):
        return {key: shape(part) for key, part in words.items()}
    return [shape(part) for part in words] if isinstance(words, list) else sorted(re.findall(r"{\w+}", words))


def texts(words: Any) -> Iterator[str]:
    """All texts of a language."""
    if isinstance(words, str):
        yield words
    else:
        for part in words.values() if isinstance(words, dict) else words:
            yield from texts(part)


def standing(row: Mapping[str, Any]) -> str:
    """Where a row of a report stands, why, and what of it needs a person."""
    return "; ".join([f"{row['state']}: {row['reason']}", *row["attention"]])


def cases_of(cases: Mapping[str, Mapping[str, Any]]) -> Any:
    """Cases by what is expected of them, one by one."""
    pairs = [pytest.param(expected, case, id=name) for expected, named in cases.items() for name, case in named.items()]
    return pytest.mark.parametrize(("expected", "case"), pairs)
