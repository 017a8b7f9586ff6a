# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text from strangers in output and in the API."""

from __future__ import annotations

import unicodedata
import xmlrpc.client

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.text import (
    capitalize_first,
    escape_invisible,
    is_xml_text,
    uncapitalize_first,
)
from hypothesis import given
from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("www.example.com", "www.example.com"),
        ("Größe\u00a0GmbH", "Größe\u00a0GmbH"),
        ("a\x1b[31mb\x07", "a\\x1b[31mb\\x07"),
        ("line\nline\r", "line\\nline\\r"),
        ("right\u202eleft", "right\\u202eleft"),
        ("half\ud800", "half\\ud800"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert escape_invisible(text) == shown


@given(ANY_TEXT)
def test_nothing_printable_steers_a_terminal(text: str) -> None:
    shown = escape_invisible(text)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)
    assert escape_invisible(shown) == shown


@given(ANY_TEXT)
def test_what_fits_xml_arrives_over_xmlrpc(text: str) -> None:
    if is_xml_text(text):
        sent = xmlrpc.client.dumps((text,), "method").encode()
        [arrived], _method = xmlrpc.client.loads(sent)
        assert arrived == text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(("text", "other"), [("", ""), ("Imported as PEM.", "imported as PEM."), ("Öl", "öl")])
def test_the_beginning_of_a_sentence(text: str, other: str) -> None:
    assert uncapitalize_first(text) == uncapitalize_first(other) == other
    assert capitalize_first(other) == capitalize_first(text) == text
