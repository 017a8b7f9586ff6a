# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report for each order its state and what it waits for."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._report.orders import ORDERS, OrderFacts, build
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import as_csv, as_files
from ansible_collections.softlayer.certificates.plugins.module_utils._report.timeline import timeline
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.plugin_utils._libraries import require
from ansible_collections.softlayer.certificates.plugins.plugin_utils._roles import page_sources, page_words
from ansible_collections.softlayer.certificates.plugins.plugin_utils._unforeseen import quoting_nothing
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import on_variables

Records = Sequence[Mapping[str, t.Any]]


@quoting_nothing
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
    require("The filter fulfillment_report")
    report = build(orders, OrderFacts(store, emails, collected, missing, skipped, failed), words, now(), previous)
    return {"data": report, "csv": as_csv(ORDERS, report), "timeline": timeline(report, ORDERS.rows, ORDERS.identifier)}


@on_variables
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
        found: what is known of the orders beside that: `store`, `emails`, `collected` and `missing`, as `OrderFacts` has them,
            and `failed` for what is not in the result.
        previous: the JSON text of the previous report.
    """
    require("The report of the role ssl_fulfillment")
    words = page_words(ORDERS.rows, language)
    known = OrderFacts(**{**found, "skipped": result["skipped"], "failed": [*result["failed"], *found["failed"]]})
    report = build(orders, known, words, now(), previous)
    return as_files(ORDERS, report, words, language, page_sources())


class FilterModule:
    """Provides the filters by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"fulfillment_report": fulfillment_report, "_fulfillment_files": fulfillment_files}
