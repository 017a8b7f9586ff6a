# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the files of a report are made; what the pages look like is seen in the tests of the playbooks and of the browser."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import (
    MOST_RUNS,
    Schema,
    as_data,
    as_files,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._roles import page_sources, page_words
from jinja2 import UndefinedError

from tests.support.words import words_of

SHA256_OF_NOTHING = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""As base64 (FIPS 180-4)."""
SCHEMA = Schema("order", "id", "ids", (), (), ("id", "name", "listed", "known"))
REPORT: dict[str, Any] = {
    "generated_at": "2026-03-10T12:00:00Z",
    "listeners": [],
    "orders": [
        {"id": 1, "name": "<b>", "listed": ["a", 2], "known": True, "expires_at": None},
        {"id": 2, "name": "é", "listed": [], "known": None, "expires_at": None},
    ],
}


def page(template: str, **words: str) -> str:
    """A page of this template."""
    return as_files(SCHEMA, REPORT, words, "en", {"template": template, "css": "", "script": ""})["html"]


def test_a_template_is_filled_in_and_values_are_text() -> None:
    template = "{% for row in rows %}\n<td>{{ row.name }}, {{ words.word }}</td>\n{% endfor %}\n"
    assert page(template, word="{{ 1 }}") == "<td>&lt;b&gt;, {{ 1 }}</td>\n<td>é, {{ 1 }}</td>\n"


def test_a_name_breaks_at_its_dots_and_stays_text() -> None:
    template = "{% macro named(row) %}{{ row.name }}{% endmacro %}{% for row in rows %}{{ named(row) | breakable }} {% endfor %}"
    assert page(template) == "&lt;b&gt; é "
    assert page("{{ words.word | breakable }}", word=".a.b@<c>.") == ".a<wbr>.b<wbr>@&lt;c&gt;<wbr>."


def test_rows_are_found_by_their_id_and_sources_allowed_by_their_hash() -> None:
    assert page("{{ by_id[2].name }} {{ '' | source | safe }}") == f"é 'sha256-{SHA256_OF_NOTHING}'"


def test_a_name_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="nothing"):
        page("{{ nothing }}")


def test_json_is_for_people_too() -> None:
    files = as_files(SCHEMA, REPORT, {}, "en", {"template": ""})
    assert json.loads(files["json"]) == REPORT
    assert files["json"].startswith('{\n    "generated_at": ') and files["json"].endswith("\n}\n")


def test_the_table() -> None:
    text = as_files(SCHEMA, REPORT, {}, "en", {"template": ""})["csv"]
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["id", "name", "listed", "known"],
        ["1", "<b>", "a; 2", "yes"],
        ["2", "é", "", ""],
    ]


# What load balancers serve, and the last runs

AT = datetime(2026, 3, 10, 12, 0, tzinfo=timezone.utc)
FEW = Schema("order", "id", "ids", ("failed", "imported"), (), ("id", "state", "attention", "served_by"))


def data(old: Any = None, held: Sequence[tuple[str, Any]] = (), **failed: Any) -> dict[str, Any]:
    """A report of a failed order, one that needs a person, and one that is well."""
    rows = [
        {"id": number, "reason": "", "state": state, "attention": why, "served_by": []}
        for number, (state, why) in enumerate([("failed", ["failed"]), ("imported", ["due"]), ("imported", [])])
    ]
    return as_data(FEW, rows, [failed] if failed else [], {"reasons": {}}, AT, old or {}, held=held, balances=True)


def test_listeners_stand_in_the_order_of_balancers_and_have_the_dates_of_their_certificates() -> None:
    dates = {"not_before": "2026-01-01T00:00:00Z", "not_after": "2026-04-01T00:00:00Z"}
    named = {"common_name": None, "subject_alt_names": ["www.example.com"], **dates, "notes": "left out"}
    held = [("web-2:443", named), ("web:10443", {}), ("web:8443", {}), ("web:443", named)]
    told = data(held=held)["listeners"]
    assert [one["listener"] for one in told] == ["web:443", "web:8443", "web:10443", "web-2:443"]
    assert told[0] == {"listener": "web:443", "name": "www.example.com", **dates}


def test_each_run_adds_what_it_came_to() -> None:
    before = {"at": "2026-03-09T02:00:00Z", "failed": 0, "attention": 4}
    this = {"at": "2026-03-10T12:00:00Z", "failed": 1, "attention": 2}
    assert data()["runs"] == [this]
    assert data({"runs": [before]})["runs"] == [before, this]
    assert data({"runs": [before, this]})["runs"] == [before, this], "the same run counts once"
    assert data(message="The mailbox does not answer.")["runs"] == [{**this, "failed": 2}]


@pytest.mark.parametrize("runs", [None, 7, "x", [7, None, {}], [{"at": "soon", "failed": 0, "attention": 0}]])
def test_what_are_no_runs_is_left_out(runs: Any) -> None:
    assert len(data({"runs": runs})["runs"]) == 1


def test_the_oldest_runs_are_forgotten() -> None:
    many = [
        {"at": f"2026-01-{day:02}T{hour:02}:00:00Z", "failed": 0, "attention": 0}
        for day in range(1, 29)
        for hour in range(9)
    ]
    runs = data({"runs": many})["runs"]
    assert (len(runs), runs[:-1]) == (MOST_RUNS, many[1 - MOST_RUNS :])


def test_the_page_has_no_end_of_an_element_in_its_sources() -> None:
    sources = page_sources()
    assert sources.keys() == {"template", "css", "script"}
    assert "</" not in sources["css"] + sources["script"]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("rows", ["orders", "lines"])
def test_each_report_has_its_words(rows: str, language: str) -> None:
    assert page_words(rows, language) == words_of(rows)[language]
