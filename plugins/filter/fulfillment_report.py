# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report the state of each order and the next step."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import now
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.import_files import parse_records
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.report import ORDERS, build
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import render_csv
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import (
    hide_error_texts,
    require_certificate_libraries,
)

Records = Sequence[Mapping[str, t.Any]]


@hide_error_texts
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
    require_certificate_libraries("The filter fulfillment_report")
    parts = {"orders": orders, "store": store, "emails": emails, "collected": collected}
    parts |= {"missing": missing, "skipped": skipped, "failed": failed}
    results = {name: parse_records(name, part) for name, part in parts.items() if name != "store" or part is not None}
    report = build(results, words, now(), previous)
    return {"data": report, "csv": render_csv(ORDERS, report)}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"fulfillment_report": fulfillment_report}
