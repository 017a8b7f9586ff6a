# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a page is filled in; what the pages of the roles look like is seen in the tests of the playbooks and of the browser."""

from __future__ import annotations

import json

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._report.page import as_json, as_page
from ansible_collections.softlayer.certificates.plugins.module_utils._roles import page_sources, page_words
from jinja2 import UndefinedError

ROLES = ("ssl_fulfillment", "ssl_rotation")
SHA256_OF_NOTHING = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""As base64 (FIPS 180-4)."""


def test_templates_are_filled_in_and_import_each_other() -> None:
    templates = {
        "page.html.j2": "{% import 'own.html.j2' as own with context %}\n{% for row in rows %}\n{{ own.cell(row) }}\n{% endfor %}\n",
        "own.html.j2": "{% macro cell(row) %}<td>{{ row.name | e }}, {{ word }}</td>{% endmacro %}",
    }
    page = as_page(templates, rows=[{"name": "<b>"}, {"name": "c"}], word="{{ 1 }}")
    assert page == "<td>&lt;b&gt;, {{ 1 }}</td>\n<td>c, {{ 1 }}</td>\n"


def test_rows_are_found_by_a_value_and_sources_allowed_by_their_hash() -> None:
    text = "{% set by_id = rows | by('id') %}{{ by_id[2].name }} {{ '' | source }}"
    page = as_page({"page.html.j2": text}, rows=[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
    assert page == f"b 'sha256-{SHA256_OF_NOTHING}'"


def test_a_name_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="rows"):
        as_page({"page.html.j2": "{{ rows }}"})


def test_json_is_for_people_too() -> None:
    report = {"orders": [{"name": "é"}], "count": 1}
    text = as_json(report)
    assert json.loads(text) == report
    assert text.startswith('{\n    "orders": [') and text.endswith("\n}\n")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_a_page_in_two_languages(role: str) -> None:
    sources = page_sources(role)
    assert sources["templates"].keys() == {"page.html.j2", "report.html.j2", "macros.html.j2"}
    assert "</" not in sources["css"] + sources["script"]
    english, german = (page_words(role, language) for language in ("en", "de"))
    assert english.keys() == german.keys()
    assert english["states"].keys() == german["states"].keys()
