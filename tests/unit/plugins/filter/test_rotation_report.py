# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter of the role ssl_rotation that makes its report: which of the module's results get into it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import _rotation_report as plugin

from tests.support.lines import NAME, NOW, OTHER, certificate, entry, listener, stored, unread

rotation_report = plugin.FilterModule().filters()["_rotation_report"]
SELECTION = {"common_names": None, "load_balancers": None, "trust": "require"}


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The present instant."""

    def present() -> datetime:
        return NOW

    monkeypatch.setattr(plugin, "now", present)


def names(done: dict[str, Any], **selection: Any) -> set[str | None]:
    """The names in a report of what the module returned."""
    files = rotation_report({**done, "selection": {**SELECTION, **selection}}, "en", {})
    assert files.keys() == {"html", "json", "csv"}
    return {line["name"] for line in json.loads(files["json"])["lines"]}


def test_only_what_is_asked_for_and_what_may_be_is_reported() -> None:
    seen = listener("web:443", 1, 1, "failed", reason="not_served", served_certificate=certificate(2, -1, OTHER))
    done = {
        "certificates": [stored(1, -30), stored(2, -1, OTHER), stored(3, 0, subject_alt_names=[])],
        "listeners": [seen],
        "source_certificates": [entry(1, -30, reason="already_imported", supersedes=[])],
        "source_problems": [unread(name="half"), unread(name="odd", subject_alt_names=[OTHER])],
    }
    assert names(done) == {NAME, OTHER, None, "half"}
    assert names(done, common_names=["www.*"]) == {NAME, None, "half"}


def test_sources_that_bring_nothing_are_in_all_that_is_written_of_notices() -> None:
    said = "The source lego brings nothing: /etc/lego is empty."
    done = {
        "selection": {"common_names": None, "trust": "require"},
        "certificates": [],
        "empty_sources": [{"message": said}],
    }
    files = rotation_report(done, "de", {})
    assert said in files["html"] and json.loads(files["json"])["notices"] == [{"source": None, "message": said}]


def test_of_a_run_that_returned_nothing_nothing_is_known() -> None:
    assert names({}) == set()


def test_what_is_served_is_drawn_by_month_also_where_the_rest_is_counted_by_week() -> None:
    store = [stored(number, -number % 80, f"{number}.example.com") for number in range(1, 60)]
    done = {"certificates": store, "listeners": [listener("web:443", 1, 1)], "selection": SELECTION}
    _head, served, counted = rotation_report(done, "en", {})["html"].split("<svg", 2)
    assert ">1. " in counted and ">1. " not in served.partition("</svg>")[0]
