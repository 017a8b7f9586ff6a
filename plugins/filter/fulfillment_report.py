# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report for each order its state and what it waits for."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._libraries import (
    FOR_CERTIFICATES,
    require_libraries,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.states import (
    COLUMNS,
    Known,
    build,
    kind_of,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.table import as_csv
from ansible_collections.softlayer.certificates.plugins.module_utils._report.timeline import timeline
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now, parse

Records = Sequence[Mapping[str, t.Any]]
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
    try:
        require_libraries(FOR_CERTIFICATES, "The filter fulfillment_report", "on the controller")
    except CertificatesError as error:
        raise AnsibleFilterError(error.message) from None
    known = Known(store, emails, collected, missing, skipped, failed)
    at = now()
    report = build(orders, known, words, at, previous)
    drawing = timeline(report["orders"], parse(report["generated_at"]) or at, kind_of, LANE)
    return {"data": report, "csv": as_csv(report["orders"], COLUMNS), "timeline": drawing}


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"fulfillment_report": fulfillment_report}
