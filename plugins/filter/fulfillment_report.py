# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report for each order its state and what it waits for."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._forms import plain
from ansible_collections.softlayer.certificates.plugins.module_utils._report.page import as_files
from ansible_collections.softlayer.certificates.plugins.module_utils._report.states import (
    COLUMNS,
    Known,
    build,
    kind_of,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.table import as_csv
from ansible_collections.softlayer.certificates.plugins.module_utils._report.timeline import timeline
from ansible_collections.softlayer.certificates.plugins.module_utils._roles import page_sources, page_words
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now, parse
from ansible_collections.softlayer.certificates.plugins.plugin_utils._libraries import require_for_certificates
from ansible_collections.softlayer.certificates.plugins.plugin_utils._untrusted import untrusted

Records = Sequence[Mapping[str, t.Any]]
ROLE = "ssl_fulfillment"
LANE = ("order_id", "name", "days_left")
"""What the lane of an order in the timeline tells."""


def fulfillment_report(
    orders: Records,
    words: Mapping[str, t.Any],
    store: Records | None = None,
    emails: Records = (),
    collected: Records = (),
    missing: Records = (),
    skipped: Records = (),
    failed: Records = (),
    previous: str | None = None,
) -> dict[str, t.Any]:
    """Return the report as data and as CSV, and what to draw of it."""
    require_for_certificates("The filter fulfillment_report")
    known = Known(store, emails, collected, missing, skipped, failed)
    report, drawing = _reported(orders, known, words, previous)
    return {"data": report, "csv": as_csv(report["orders"], COLUMNS), "timeline": drawing}


def fulfillment_files(
    orders: Records,
    language: str,
    result: Mapping[str, Records],
    found: Mapping[str, t.Any],
    previous: str | None = None,
) -> dict[str, str]:
    """Return the texts of the report's files: `html`, `json` and `csv`.

    Args:
        orders: as `ssl_order_info` returns them.
        language: of the page.
        result: what the run has done, of which `skipped` and `failed` matter.
        found: what is known of the orders beside that: `store`, `emails`, `collected` and `missing`, as `Known` has them,
            and `failed` for what is not in the result.
        previous: the JSON text of the previous report.
    """
    require_for_certificates("The report of the role ssl_fulfillment")
    words, has = page_words(ROLE, language), plain(found)
    skipped, failed = plain(result["skipped"]), [*plain(result["failed"]), *has["failed"]]
    known = Known(has["store"], has["emails"], has["collected"], has["missing"], skipped, failed)
    report, drawing = _reported(plain(orders), known, words, previous)
    drawn = {"drawing": drawing, "words": words, "language": language}
    files: dict[str, str] = untrusted(as_files(page_sources(ROLE), report, report["orders"], COLUMNS, **drawn))
    return files


def _reported(
    orders: Records, known: Known, words: Mapping[str, t.Any], previous: str | None
) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Return the report, and what to draw of it."""
    at = now()
    report = build(orders, known, words, at, previous)
    return report, timeline(report["orders"], parse(report["generated_at"]) or at, kind_of, LANE)


class FilterModule:
    """Provides the filters by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"fulfillment_report": fulfillment_report, "_fulfillment_files": fulfillment_files}
