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

Records = Sequence[Mapping[str, t.Any]]
ROLE = "ssl_rotation"
LANE = ("key", "name", "days_left")
"""What the lane of a line of certificates in the timeline tells."""


def rotation_report(
    found: Mapping[str, Records],
    language: str,
    store: Records | None = None,
    listeners: Records | None = None,
    seen: Records | None = None,
    result: Mapping[str, Records] | None = None,
    chosen: Records | None = None,
    trust: str = "require",
    has_all_listeners: bool = True,
    previous: str | None = None,
    is_check_mode: bool = False,
    patterns: Sequence[str] | None = None,
) -> dict[str, str]:
    """Return the texts of the report's files: `html`, `json` and `csv`."""
    require_for_certificates("The report of the role ssl_rotation")
    patterns, has = plain(patterns), plain(found)
    facts = Facts(
        store=_meant(plain(store), patterns) if store is not None else None,
        listeners=plain(listeners),
        seen=plain(seen or ()),
        entries=_meant(has.get("entries") or (), patterns),
        unread=_meant(has.get("skipped") or (), patterns),
        result=plain(result or {}),
        chosen=plain(chosen or ()),
        has_all_listeners=has_all_listeners,
        needs_trust=trust == "require",
        is_check_mode=is_check_mode,
    )
    at, words = now(), page_words(ROLE, language)
    report = build(facts, words, at, previous)
    drawing = timeline(report["lines"], parse(report["generated_at"]) or at, kind_of, LANE)
    drawn = {"drawing": drawing, "words": words, "language": language}
    files: dict[str, str] = untrusted(as_files(page_sources(ROLE), report, report["lines"], COLUMNS, **drawn))
    return files


def _meant(records: Records, patterns: Sequence[str] | None) -> Records:
    """Return the records for a name that matches a pattern, and those whose names are not known."""
    if patterns is None:
        return records
    return [
        one
        for one in records
        if is_meant(one, patterns) or not (one.get("common_name") or one.get("subject_alt_names"))
    ]


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"_rotation_report": rotation_report}
