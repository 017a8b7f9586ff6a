# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the files of a report are made; what the pages look like is seen in the tests of the playbooks and of the browser."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import Schema, as_files
from ansible_collections.softlayer.certificates.plugins.module_utils._roles import page_sources, page_words
from jinja2 import UndefinedError

from tests.support.words import words_of

SHA256_OF_NOTHING = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""As base64 (FIPS 180-4)."""
SCHEMA = Schema("order", "id", "ids", (), (), ("id", "name", "listed", "known"))
REPORT: dict[str, Any] = {
    "generated_at": "2026-03-10T12:00:00Z",
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


def test_the_page_has_no_end_of_an_element_in_its_sources() -> None:
    sources = page_sources()
    assert sources.keys() == {"template", "css", "script"}
    assert "</" not in sources["css"] + sources["script"]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("rows", ["orders", "lines"])
def test_each_report_has_its_words(rows: str, language: str) -> None:
    assert page_words(rows, language) == words_of(rows)[language]
