# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Prometheus is told of a rotation: what is known and nothing else, each series once, in a form that promtool likes."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._report.metrics import (
    ATTENTION,
    LISTENER_METRICS,
    render_metrics,
)
from prometheus_client.parser import text_string_to_metric_families

AT = datetime(2026, 3, 8, 12, tzinfo=timezone.utc)
PREFIX = "softlayer_certificates_"
PER_LISTENER = ("not_before_timestamp_seconds", "not_after_timestamp_seconds", "renewal_due", "served")
WEB = {
    "load_balancer": "prod-web",
    "load_balancer_uuid": "6f7a2b1e",
    "listener_uuid": "0d9c8b7a",
    "port": 443,
    "common_name": "www.example.com",
    "subject_alt_names": ["example.com", "www.example.com"],
    "not_before": "2026-01-01T00:00:00Z",
    "not_after": "2026-04-01T00:00:00Z",
    "effective_not_after": "2026-03-22T00:00:00Z",
    "renewal_due": False,
    "outcome": "switched",
    "reason": None,
    "served": True,
    "accepted": False,
    "revocation": {"status": "revoked"},
}
Series = dict[tuple[tuple[str, str], ...], float]


def told(*listeners: dict[str, Any], success: bool = True, **lists: Any) -> dict[str, Series]:
    """The series of each metric, by their sorted labels; none may be there twice."""
    found: dict[str, Series] = {}
    for family in text_string_to_metric_families(
        render_metrics({"listeners": listeners, **lists}, AT, success=success)
    ):
        assert family.type == "gauge"
        series = [(tuple(sorted(sample.labels.items())), sample.value) for sample in family.samples]
        assert len(dict(series)) == len(series)
        found[family.name.removeprefix(PREFIX)] = dict(series)
    return found


def by(*labels: str, of: Series) -> dict[Any, float]:
    """Series by the values of these labels, of one label alone by its value."""
    shown = {tuple(dict(series).get(label) for label in labels): value for series, value in of.items()}
    assert len(shown) == len(of)
    return {key[0] if len(labels) == 1 else key: value for key, value in shown.items()}


def test_what_is_reported_a_run() -> None:
    lists = {"deployed": [WEB], "verified": [WEB], "skipped_items": [{"reason": "superseded"}] * 3}
    text = render_metrics({"listeners": [WEB], **lists, "attention": [{"reason": "expiring"}] * 2}, AT, success=True)
    values = ("1.7672256e+09", "1.7750016e+09", "1.7741376e+09", "0.0", "1.0", "0.0", "1.0")
    counts = {"imported": 0.0, "deployed": 1.0, "verified": 1.0, "removed": 0.0, "skipped": 3.0, "failed": 0.0}
    labels = 'load_balancer="prod-web",name="www.example.com",port="443"'
    of_listener = [
        line
        for (name, documentation), value in zip(LISTENER_METRICS.items(), values, strict=True)
        for line in (*described(name, documentation), f"{PREFIX}{name}{{{labels}}} {value}")
    ]
    assert text.splitlines() == [
        *of_listener,
        *described("attention", "Number of items that need attention, by reason."),
        *(f'{PREFIX}attention{{reason="{reason}"}} {2.0 * (reason == "expiring")}' for reason in ATTENTION),
        *described("last_run_timestamp_seconds", "End of the last run, in seconds since 1970."),
        f"{PREFIX}last_run_timestamp_seconds 1.7729712e+09",
        *described("last_run_success", "Whether the last run completed without a failure (1) or not (0)."),
        f"{PREFIX}last_run_success 1.0",
        *described(
            "last_run_items", "Number of items that the last run processed, skipped, or failed to process, by list."
        ),
        *(f'{PREFIX}last_run_items{{list="{name}"}} {count}' for name, count in counts.items()),
    ]


def described(name: str, text: str) -> tuple[str, str]:
    return f"# HELP {PREFIX}{name} {text}", f"# TYPE {PREFIX}{name} gauge"


def test_nothing_is_reported_what_is_not_known() -> None:
    """Zero would be an alarm, or the end of one."""
    unknown = {**WEB, **dict.fromkeys(("not_before", "not_after", "renewal_due", "served"))}
    assert all(told(unknown)[name] == {} for name in PER_LISTENER)
    assert told({**WEB, "not_before": None})["not_before_timestamp_seconds"] == {}
    assert len(told({**WEB, "not_before": None})["not_after_timestamp_seconds"]) == 1


@pytest.mark.parametrize(
    ("revocation", "values"), [({"status": "good"}, [0.0]), ({"status": "unknown"}, []), (None, []), ({}, [])]
)
def test_what_is_reported_what_was_not_revoked(revocation: object, values: list[float]) -> None:
    assert [*told({**WEB, "revocation": revocation})["revoked"].values()] == values


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize("failed", [[], [{}]])
def test_a_run_succeeds_if_it_ends_well_and_nothing_failed(success: bool, failed: list[dict[str, Any]]) -> None:
    assert told(success=success, failed_items=failed)["last_run_success"] == {(): success and not failed}


# Labels


def test_load_balancers_of_one_name_are_distinguished_only_where_that_is_needed() -> None:
    twin = {**WEB, "load_balancer_uuid": "7a8b3c2f", "served": False, "common_name": "b.example.com"}
    alone = {**WEB, "load_balancer_uuid": "7a8b3c2f", "port": 8443}
    series = told(WEB, twin, alone)["served"]
    assert by("load_balancer", "port", "load_balancer_uuid", of=series) == {
        ("prod-web", "443", "6f7a2b1e"): 1,
        ("prod-web", "443", "7a8b3c2f"): 0,
        ("prod-web", "8443", None): 1,
    }


@pytest.mark.parametrize("text", ['a"b', "a\nb", "Größe", "日本"], ids=ascii)
def test_labels_hold_any_text(text: str) -> None:
    series = told({**WEB, "load_balancer": text, "common_name": text})["served"]
    assert by("load_balancer", "name", of=series) == {(text, text): 1}
