# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role ssl_rotation prints at its end."""

from __future__ import annotations

from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._report.rotation_summary import summary

LISTS = ("imported", "deployed", "verified", "removed", "skipped", "failed", "unchanged")


def told(phases: list[str] | None = None, **lists: list[dict[str, Any]]) -> list[str]:
    """The lines of a run with these results."""
    how: dict[str, Any] = {"warnings": (), "removes": True, "is_check_mode": False, "report": None}
    how |= {name: lists.pop(name) for name in list(lists) if name in how}
    return summary({**{name: [] for name in LISTS}, **lists}, phases or ["import", "deploy"], str.upper, **how)


def skipped(name: str, reason: str, **other: Any) -> dict[str, Any]:
    """An entry of a source that is not imported."""
    return {"source": "lego", "name": name, "common_name": None, "reason": reason, "message": f"Mend {name}.", **other}


NEW = {
    "source": "certbot",
    "name": "www",
    "common_name": None,
    "subject_alt_names": ["www.example.com"],
    "outcome": "imported",
}
WEB = {
    "load_balancer": "web",
    "port": 443,
    "common_name": None,
    "subject_alt_names": ["www.example.com"],
    "reason": None,
}


def test_a_line_for_each_thing_that_was_done() -> None:
    """Certificates without a common name are called by another of their names."""
    assert told(
        imported=[{**NEW, "id": 7}],
        deployed=[{**WEB, "certificate_id": 7, "served": True}],
        removed=[{"id": 3, "common_name": "www.example.com"}],
        failed=[{**WEB, "message": "It failed."}],
        unchanged=[WEB],
        warnings=["Look here."],
    ) == [
        "WARNING: LOOK HERE.",
        "www.example.com: imported as certificate 7, from certbot www",
        "web:443: switched to certificate 7 (www.example.com), and serves it",
        "certificate 3 (www.example.com): removed",
        "web:443: FAILED, IT FAILED.",
        "1 listener has the best certificate of the store already",
        "imported 1, deployed 1, skipped 0, failed 1",
    ]


def test_check_mode_names_what_has_no_id_yet() -> None:
    """By its name alone."""
    lines = told(
        imported=[{**NEW, "id": None}],
        deployed=[{**WEB, "certificate_id": None, "served": None}],
        is_check_mode=True,
        report="/srv/rotation",
    )
    assert lines[:2] == [
        "www.example.com: would be imported, from certbot www",
        "web:443: would be switched to the certificate that is to be imported (www.example.com)",
    ]
    assert lines[-1] == "the report would be /srv/rotation.html, and beside it .json and .csv"


def test_what_is_skipped_is_counted_and_the_first_are_named() -> None:
    """What a person has to mend is told with its remedy; of ten thousand up to date ones only some names."""
    fine = [skipped(f"n{number}", "already_imported") for number in range(10_000)]
    broken = [skipped(f"b{number}", ("key_missing", "unreadable")[number == 12]) for number in range(15)]
    lines = told(skipped=[*fine, *broken])
    assert len(lines) == 14
    assert lines[0] == "lego b0: SKIPPED, key_missing: MEND B0."
    assert lines[10] == "skipped, too (key_missing): lego b10, lego b11, lego b13, lego b14"
    assert lines[11] == "skipped, too (unreadable): lego b12"
    assert lines[12].startswith("skipped (already_imported): n0, n1, ") and lines[12].endswith(" and 9990 more")


def test_a_clean_up_that_removes_nothing_says_why() -> None:
    """Only if it was asked for alone: by default nothing is removed."""
    said = "ssl_rotation_remove_superseded is false: no old certificate is removed"
    assert said in told(["clean_up"], removes=False)
    assert said not in told(["clean_up"]) and said not in told(["deploy", "clean_up"], removes=False)
