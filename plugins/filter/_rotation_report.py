# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report for each set of names what is served where, what the store and the sources have, and what was done."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation import is_meant
from ansible_collections.softlayer.certificates.plugins.module_utils._report.lines import Facts
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import as_files
from ansible_collections.softlayer.certificates.plugins.module_utils._report.rotation import LINES, build
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.plugin_utils._libraries import require
from ansible_collections.softlayer.certificates.plugins.plugin_utils._roles import page_sources, page_words
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import on_variables

Record = Mapping[str, t.Any]


@on_variables
def rotation_report(
    done: Record,
    language: str,
    result: Mapping[str, Sequence[Record]],
    previous: str | None = None,
    is_check_mode: bool = False,
) -> dict[str, str]:
    """Return the texts of the report's files: `html`, `json` and `csv`.

    Args:
        done: what `ssl_certificate_rotate` returned.
        language: of the page.
        result: the lists of the role's result.
        previous: the text of the JSON file of the last report.
        is_check_mode: whether nothing was done.
    """
    require("The report of the role ssl_rotation")
    patterns = done["selection"]["common_names"]
    facts = Facts(
        store=_meant(done["certificates"], patterns) if "certificates" in done else None,
        fingerprints={one["fingerprint_sha256"] for one in done.get("certificates", ())},
        listeners=done.get("listeners", ()),
        entries=done.get("source_certificates", ()),
        unread=_meant(done.get("source_problems", ()), patterns),
        empty=done.get("empty_sources", ()),
        result=result,
        needs_trust=done["selection"]["trust"] == "require",
        is_check_mode=is_check_mode,
    )
    words = page_words(LINES.rows, language)
    report = build(facts, words, now(), previous)
    return as_files(LINES, report, words, language, page_sources())


def _meant(records: Sequence[Record], patterns: Sequence[str] | None) -> Sequence[Record]:
    """Return the records for a name that matches a pattern, and those whose names are not known."""
    named = ((one, one.get("common_name"), one.get("subject_alt_names") or ()) for one in records)
    return [one for one, name, others in named if not (name or others) or is_meant(name, others, patterns)]


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"_rotation_report": rotation_report}
