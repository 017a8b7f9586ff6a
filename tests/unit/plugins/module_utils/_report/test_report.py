# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the files of a report are made; what the pages look like is seen in the tests of the playbooks and of the browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._report import rotation
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import (
    MAX_BARS,
    MAX_REMEDIES,
    MAX_REMEDIES_OF_MANY,
    Schema,
    build_bars,
    check_records,
    has_no_problem,
    merge_words,
    render_files,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.rotation import LISTENER_SCHEMA
from ansible_collections.softlayer.certificates.plugins.plugin_utils._page import load_page

from tests.support.rotations import NOW, item, listener
from tests.support.words import words_of

SHA256_OF_NOTHING = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""As base64 (FIPS 180-4)."""
SCHEMA = Schema("order", "id", "ids", (), (), ("id", "name", "listed", "known"), {})
REPORT: dict[str, Any] = {
    "generated_at": "2026-03-10T12:00:00Z",
    "attention": [],
    "notices": [],
    "listeners": [],
    "orders": [
        {"id": 1, "name": "<b>", "listed": ["a", 2], "known": True, "expires_at": None},
        {"id": 2, "name": "é", "listed": [], "known": None, "expires_at": None},
    ],
}


def page(template: str, **words: str) -> str:
    return render_files(SCHEMA, REPORT, words, "en", {"template": template, "css": "", "script": ""})["html"]


def test_a_template_is_filled_in_and_values_are_text() -> None:
    template = "{% for row in rows %}\n<td>{{ row.name }}, {{ words.word }}</td>\n{% endfor %}\n"
    assert page(template, word="{{ 1 }}") == "<td>&lt;b&gt;, {{ 1 }}</td>\n<td>é, {{ 1 }}</td>\n"


def test_a_name_breaks_at_its_dots_and_stays_text() -> None:
    template = "{% macro named(row) %}{{ row.name }}{% endmacro %}{% for row in rows %}{{ named(row) | breakable }} {% endfor %}"
    assert page(template) == "&lt;b&gt; é "
    assert page("{{ words.word | breakable }}", word=".a.b@<c>.") == ".a<wbr>.b<wbr>@&lt;c&gt;<wbr>."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("`a`, `c`, d`", "<code>a</code>, <code>c</code>, d`"),
        ("`a -e x=<y> --b` --now.", "<code>a <span>-e</span> x=&lt;y&gt; <span>--b</span></code> --now."),
        ("`a.b.c_d`", "<code>a<wbr>.b<wbr>.c_d</code>"),
    ],
)
def test_commands_in_messages_are_set_as_code_that_does_not_break_at_hyphens(said: str, shown: str) -> None:
    assert page("{{ words.said | with_code }}", said=said) == shown


def test_rows_are_found_by_their_id_and_sources_allowed_by_their_hash() -> None:
    assert page("{{ by_id[2].name }} {{ '' | source | safe }}") == f"é 'sha256-{SHA256_OF_NOTHING}'"


@pytest.mark.parametrize(
    ("template", "said"),
    [("{{ nothing }}", "template: 'nothing' is undefined."), ("\n{% for %}", "template, line 2: ")],
)
def test_a_template_that_cannot_be_filled_in_is_refused(template: str, said: str) -> None:
    with pytest.raises(CertificatesError, match=said) as refused:
        page(template)
    assert refused.value.code == "invalid_argument" and "Correct page.template" in str(refused.value)


def test_a_name_is_found_in_either_spelling() -> None:
    also = "{{ ['www.example.com', none, 'xn--bcher-kva.example', 'Stra\u00dfe.example'] | spelt | join(' ') }}"
    assert page(also) == "b\u00fccher.example xn--strae-oqa.example"
    assert page("{{ ['WWW.example.com', 'B\u00fccher.example'] | spelt | join }}") == "xn--bcher-kva.example"


# What is refused


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({"listeners": [listener("web:443"), {"port": 443}]}, "entry 2 (443): load_balancer is missing."),
        ({"listeners": [listener("web:443", outcome="done")]}, "(web:443): outcome is done, but must be one of"),
        (
            {"listeners": [listener("web:443", days_until_expiry="5")]},
            "(web:443): days_until_expiry has the wrong type.",
        ),
        ({"listeners": ["web"]}, "results.listeners, entry 1: the entry must be a dict. Set results to"),
        ({"listeners": {"web": 443}}, "results.listeners must be a list. Set results to"),
        ({"attention": [item("web:443", "odd")]}, "(web:443): reason is odd, but must be one of expired,"),
        ({"failed_items": [{"common_name": "x"}]}, "results.failed_items, entry 1 (x): message is missing."),
    ],
)
def test_records_in_another_form_are_named(results: dict[str, Any], said: str) -> None:
    with pytest.raises(CertificatesError) as refused:
        check_records(LISTENER_SCHEMA, results)
    assert said in str(refused.value) and refused.value.code == "invalid_argument"


def test_words_that_are_none_are_refused() -> None:
    with pytest.raises(CertificatesError, match=r"page\.words must contain all texts"):
        merge_words({"every": {}, "orders": {}}, "orders")


# Whether a person has anything to do


CALM: dict[str, Any] = {"attention": [], "notices": [], "listeners": [{"days_left": 40}, {"days_left": None}]}


@pytest.mark.parametrize(
    "found",
    [
        {"attention": [{"kind": "expiring"}]},
        {"notices": [{"message": "It ends, and nothing renews it."}]},
        {"listeners": [{"days_left": 9, "renewal_due": True}]},
        {"listeners": [{"days_left": None, "served": False}]},
    ],
)
def test_nothing_is_only_said_where_there_is_nothing(found: dict[str, Any]) -> None:
    assert has_no_problem(CALM) and not has_no_problem({**CALM, **found})


def test_the_table() -> None:
    text = render_files(SCHEMA, REPORT, {}, "en", {"template": ""})["csv"]
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["id", "name", "listed", "known"],
        ["1", "<b>", "a; 2", "yes"],
        ["2", "é", "", ""],
    ]


# What load balancers serve


def bar(days_left: int | None, due: bool = False, **told: Any) -> dict[str, Any]:
    return {"listener": "web:443", "name": None, "days_left": days_left, "renewal_due": due, **told}


def test_a_bar_for_each_listener_the_most_urgent_first() -> None:
    told = build_bars([bar(90), bar(None), bar(-2, True), bar(9, True), bar(0, True), bar(None, True)])
    assert [(drawn["days_left"], drawn["kind"], drawn["width"]) for drawn in told] == [
        (-2, "expired", 100),
        (0, "due", 0),
        (9, "due", 10),
        (90, "", 100),
    ]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("not_served", {"served": False, "accepted": None}),
        ("not_accepted", {"served": True, "accepted": False}),
        ("not_accepted", {"served": False, "accepted": False}),
        ("revoked", {"served": True, "accepted": True, "attention": ["revoked", "held_back"]}),
        ("not_yet_valid", {"attention": ["not_accepted", "not_yet_valid"]}),
        ("", {"served": None, "accepted": None, "attention": ["held_back"]}),
    ],
)
def test_what_clients_cannot_use_has_a_mark(kind: str, told: dict[str, Any]) -> None:
    """However long it is valid; it comes before what expires soon."""
    drawn = build_bars([bar(5, True), bar(60, True, **told), bar(None, **told)])
    expected = [(None, kind, 100), (60, kind, 100), (5, "due", 8.33)]
    assert [(one["days_left"], one["kind"], one["width"]) for one in drawn] == (
        expected if kind else [(5, "due", 8.33), (60, "due", 100)]
    )


def test_of_many_listeners_the_most_urgent_are_drawn() -> None:
    drawn = build_bars([bar(days) for days in reversed(range(100))])
    assert [listener["days_left"] for listener in drawn] == list(range(MAX_BARS))
    assert build_bars([]) == []


# The page of a rotation


def rotation_page(*listeners: dict[str, Any], **done: Sequence[dict[str, Any]]) -> str:
    words = words_of("listeners")["en"]
    report = rotation.build({"listeners": listeners, **done}, words, NOW)
    return render_files(LISTENER_SCHEMA, report, words, "en", load_page("en"))["html"]


def test_a_remedy_stands_once() -> None:
    """Above the table; what does not fit there stands in the table."""
    many = [f"lb{number}:443" for number in range(MAX_REMEDIES + 1)]
    items = [item(name, "expiring", f"Renew `{name}`.") for name in many]
    html = rotation_page(*map(listener, many), attention=items)
    assert [html.count(f"Renew <code>{name}</code>.") for name in many] == [1] * len(many)
    assert html.count(f"and {len(many) - MAX_REMEDIES_OF_MANY} more</li>") == 1
    assert html.count("See “Needs attention” above.") == MAX_REMEDIES_OF_MANY


def test_listeners_of_one_certificate_that_need_the_same_are_reported_together() -> None:
    places = [f"web:{port}" for port in range(1, 8)]
    html = rotation_page(*map(listener, places), attention=[item(place, "expiring") for place in places])
    assert html.count("Renew it.") == 1 and html.count("See “Needs attention” above.") == len(places)
    assert ">web:4</a>, <a " in html and ">web:5</a> and 2 more (www.example.com): <" in html
    assert "more</li>" not in html


def test_no_column_is_empty_in_all_rows() -> None:
    """What is not known is no empty cell where the page says so."""
    heading = "<span>Limited by</span>"
    assert heading not in rotation_page(listener("web:443"), listener("web:8443"))
    assert heading in rotation_page(listener("web:443"), listener("web:8443", limited_by="An issuer"))
    assert heading in rotation_page(), "of no row, nothing is known"
    html = rotation_page(listener("web:443", served=None, served_name=None))
    assert "<span>Served</span>" in html and "<span>Name</span>" in html


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("rows", ["orders", "listeners"])
def test_each_report_has_its_words(rows: str, language: str) -> None:
    assert merge_words(load_page(language)["words"], rows) == words_of(rows)[language]


def test_words_of_no_language_are_english() -> None:
    assert load_page("None") == load_page("en")
