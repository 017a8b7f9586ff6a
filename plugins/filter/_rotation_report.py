# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report for each set of names what is served where, what the store and the sources have, and what was done."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._forms import plain
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation import is_meant
from ansible_collections.softlayer.certificates.plugins.module_utils._report.lines import Facts
from ansible_collections.softlayer.certificates.plugins.module_utils._report.page import as_files
from ansible_collections.softlayer.certificates.plugins.module_utils._report.rotation import COLUMNS, build, kind_of
from ansible_collections.softlayer.certificates.plugins.module_utils._report.timeline import timeline
from ansible_collections.softlayer.certificates.plugins.module_utils._roles import page_sources, page_words
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now, parse
from ansible_collections.softlayer.certificates.plugins.plugin_utils._libraries import require_for_certificates
from ansible_collections.softlayer.certificates.plugins.plugin_utils._untrusted import untrusted

Record = Mapping[str, t.Any]
ROLE = "ssl_rotation"
LANE = ("key", "name", "days_left")
"""What the lane of a line of certificates in the timeline tells."""


def rotation_report(
    done: Record,
    settings: Record,
    result: Mapping[str, Sequence[Record]],
    previous: str | None = None,
    is_check_mode: bool = False,
) -> dict[str, str]:
    """Return the texts of the report's files: `html`, `json` and `csv`."""
    require_for_certificates("The report of the role ssl_rotation")
    run, patterns, language = plain(done), plain(settings.get("common_names")), settings["report_language"]
    store, listeners = run.get("certificates"), run.get("listeners")
    facts = Facts(
        store=_meant(store, patterns) if store is not None else None,
        listeners=listeners,
        seen=_seen(listeners or (), store or ()),
        entries=_meant(run.get("source_certificates") or (), patterns),
        unread=_meant(run.get("source_problems") or (), patterns),
        result=plain(result),
        has_all_listeners=patterns is None and settings.get("load_balancers") is None,
        needs_trust=settings["trust"] == "require",
        is_check_mode=is_check_mode,
    )
    at, words = now(), page_words(ROLE, language)
    report = build(facts, words, at, previous)
    drawing = timeline(report["lines"], parse(report["generated_at"]) or at, kind_of, LANE)
    drawn = {"drawing": drawing, "words": words, "language": language}
    files: dict[str, str] = untrusted(as_files(page_sources(ROLE), report, report["lines"], COLUMNS, **drawn))
    return files


def _seen(listeners: Sequence[Record], store: Sequence[Record]) -> list[Record]:
    """Return what listeners serve that is not the certificate that they have."""
    ids: dict[str | None, list[int]] = {}
    for record in store:
        ids.setdefault(record.get("fingerprint_sha256"), []).append(record["id"])
    return [
        {
            **one["served_certificate"],
            "host": one["address"],
            "port": one["port"],
            "certificate_ids": ids.get(one["served_certificate"]["fingerprint_sha256"], []),
        }
        for one in listeners
        if one.get("served_certificate")
    ]


def _meant(records: Sequence[Record], patterns: Sequence[str] | None) -> Sequence[Record]:
    """Return the records for a name that matches a pattern, and those whose names are not known."""
    if patterns is None:
        return records
    named = ((one, one.get("common_name"), one.get("subject_alt_names") or ()) for one in records)
    return [one for one, name, others in named if not (name or others) or is_meant(name, others, patterns)]


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"_rotation_report": rotation_report}
