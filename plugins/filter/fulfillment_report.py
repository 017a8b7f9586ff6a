# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report for each order its state and what it waits for."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import now
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.import_files import records_of
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.report import ORDERS, OrderFacts, build
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import as_csv
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import quoting_nothing, require

Records = Sequence[Mapping[str, t.Any]]


@quoting_nothing
def fulfillment_report(
    orders: Records | None,
    words: Mapping[str, t.Any],
    store: Records | None = None,
    emails: Records | None = (),
    collected: Records | None = (),
    missing: Records | None = (),
    skipped: Records | None = (),
    failed: Records | None = (),
    previous: str | None = None,
) -> dict[str, t.Any]:
    """Return the report as data and as CSV."""
    require("The filter fulfillment_report")
    known = OrderFacts(
        None if store is None else records_of("store", store),
        records_of("emails", emails),
        records_of("collected", collected),
        records_of("missing", missing),
        records_of("skipped", skipped),
        records_of("failed", failed),
    )
    report = build(records_of("orders", orders), known, words, now(), previous)
    return {"data": report, "csv": as_csv(ORDERS, report)}


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filter of this file."""
        return {"fulfillment_report": fulfillment_report}
