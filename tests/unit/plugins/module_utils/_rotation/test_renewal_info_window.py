# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an ACME authority answers who asks whether it wants a renewal: of a stranger's words, only what does no harm is taken."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.renewal_info import (
    clean_url,
    limit_retry,
    parse_window_end,
)

WINDOW = {"start": "2025-01-02T04:00:00Z", "end": "2025-01-03T04:00:00Z"}
"""As RFC 9773, 4.2, has it."""
URL = "https://acme.example.com/docs/ari"


def test_an_answer() -> None:
    end = datetime(2025, 1, 3, 4, tzinfo=timezone.utc)
    assert parse_window_end({"suggestedWindow": WINDOW, "explanationURL": URL}) == end
    elsewhere = {"start": "2025-01-02T04:00:00.123456Z", "end": "2025-01-03T06:00:00+02:00"}
    assert parse_window_end({"suggestedWindow": elsewhere, "more": 1}) == end


def test_an_answer_from_the_past_asks_for_a_renewal_at_once() -> None:
    """So an authority does that is about to revoke (RFC 9773, 4.2)."""
    long_ago = {"start": "1970-01-01T00:00:00Z", "end": "1970-01-01T00:00:01Z"}
    end = parse_window_end({"suggestedWindow": long_ago})
    assert end is not None and end.year == 1970


@pytest.mark.parametrize(
    "answer",
    [
        *({}, {"suggestedWindow": None}, {"suggestedWindow": []}, {"suggestedWindow": {}}),
        {"suggestedWindow": {"start": WINDOW["start"]}},
        {"suggestedWindow": {"end": WINDOW["end"]}},
        {"suggestedWindow": {**WINDOW, "start": "now"}},
        {"suggestedWindow": {"start": WINDOW["end"], "end": WINDOW["start"]}},
        {"suggestedWindow": {"start": WINDOW["end"], "end": WINDOW["end"]}},
        {"suggestedWindow": {**WINDOW, "end": "soon"}},
        {"suggestedWindow": {**WINDOW, "end": 4102444800}},
        {"suggestedWindow": {**WINDOW, "end": "2025-13-03T04:00:00Z"}},
    ],
    ids=str,
)
def test_what_is_no_answer(answer: dict[str, Any]) -> None:
    assert parse_window_end(answer) is None


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (URL, URL),
        ("http://acme.example.com/?a=b&c=%20#d", "http://acme.example.com/?a=b&c=%20#d"),
        ("HTTPS://acme.example.com", "HTTPS://acme.example.com"),
        (f"{URL}\x1b[2J\x07\n\u202e\u2028x", f"{URL}%1B[2J%07%0A%E2%80%AE%E2%80%A8x"),
        (f"{URL} Nothing is wrong. `rm`", f"{URL}%20Nothing%20is%20wrong.%20%60rm%60"),
        (f"{URL}<script>\"'{{{{ x }}}}", f"{URL}%3Cscript%3E%22'%7B%7B%20x%20%7D%7D"),
        (f"{URL}\ud800", f"{URL}?"),
        ("https://münchen.example/", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("https:///docs", None),
        ("https://user@acme.example.com/", None),
        ("https://[acme/", None),
        ("//acme.example.com/", None),
        ("https://a/".ljust(500, "a"), "https://a/".ljust(500, "a")),
        ("https://a/".ljust(501, "a"), None),
        ("", None),
        (None, None),
        (7, None),
        ([URL], None),
    ],
    ids=ascii,
)
def test_where_an_authority_says_why(given: Any, taken: str | None) -> None:
    """Nothing that a terminal, a shell, a page or a template could take for more than an address."""
    assert clean_url(given) == taken


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(None, 21600), (21600, 21600), (0, 60), (59, 60), (61, 61), (86400, 86400), (10**9, 86400), (float("inf"), 86400)],
)
def test_when_to_ask_again(given: float | None, seconds: float) -> None:
    """As the authority says, from a minute to a day; six hours if it does not say."""
    assert limit_retry(given) == seconds
