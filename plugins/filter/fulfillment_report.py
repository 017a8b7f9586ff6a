# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say of each order where it stands and what it waits for."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._names import IDNA_IMPORT_ERROR
from ansible_collections.softlayer.certificates.plugins.module_utils._report import Known, as_csv, build, timeline
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now

Records = Sequence[Mapping[str, t.Any]]


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
    """Return the report as data, as CSV, and what to draw of it."""
    if IDNA_IMPORT_ERROR:
        raise AnsibleFilterError(
            "The filter fulfillment_report needs the Python library idna on the controller: pip install idna."
        )
    known = Known(store, emails, collected, missing, skipped, failed)
    report = build(orders, known, words, now(), previous)
    return {"data": report, "csv": as_csv(report), "timeline": timeline(report)}


class FilterModule:
    """The filter under its name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"fulfillment_report": fulfillment_report}
