# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for the role `ssl_rotation`: why it cannot begin, and what it has done. Private to softlayer.certificates."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._files import absolute
from ansible_collections.softlayer.certificates.plugins.module_utils._forms import (
    Option,
    plain,
    why_unreadable,
    words_of_role,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.settings import is_report_path
from ansible_collections.softlayer.certificates.plugins.module_utils._report.rotation_summary import in_role
from ansible_collections.softlayer.certificates.plugins.plugin_utils._untrusted import untrusted

Record = Mapping[str, t.Any]
FIRST_WORD = re.compile(r"[a-z]+(?=[ \[])")
"""An option's name without an underscore, which could be any word where it does not begin a sentence."""


def rotation_refusal(
    settings: Record, unknown: Sequence[str], unread: str | None = None, known: Sequence[str] = ()
) -> str:
    """Return why the role cannot begin, or an empty text if it can.

    Args:
        settings: the role's variables, as `_role_variables` returns them.
        unknown: defined variables that have the prefix of the role's variables but are none of them.
        unread: the part of the extra variables that Ansible could not read as variables.
        known: all variables of the role.
    """
    unreadable = why_unreadable("ssl_rotation", settings["refused"], unknown, unread, plain(known))
    reason: str = untrusted(unreadable or _why_no_report(plain(settings)) or "")
    return reason


def _why_no_report(settings: Record) -> str | None:
    path = settings.get("report_path")
    if settings["phases"] == ["report"] and path is None:
        return "The report phase alone needs ssl_rotation_report_path, the .html file to write."
    if "report" in settings["phases"] and path is not None and not is_report_path(path, os.path.isdir, absolute):
        return (
            f"ssl_rotation_report_path is {path}, but must be an .html file in a folder of the controller that exists."
        )
    metrics = settings.get("metrics_path")
    if metrics is not None and not os.path.isdir(os.path.dirname(absolute(metrics))):
        return f"ssl_rotation_metrics_path is {metrics}, but must be a file in a folder of the controller that exists."
    return None


def rotation_outcome(
    done: Record,
    settings: Record,
    options: Mapping[str, Option],
    report: str | None = None,
    unwritten: Mapping[str, Record] | None = None,
    tolerated: Sequence[str] = (),
) -> dict[str, t.Any]:
    """Return what a run has done: the `result`, and what is `told` of it, in `lines`, and in `failure` if something failed.

    Args:
        done: what `ssl_certificate_rotate` returned.
        settings: the role's variables.
        options: all variables, as `meta/argument_specs.yml` has them.
        report: the path of the report without its extension, if one is written.
        unwritten: the failures to write files, by what these are called in the lines.
        tolerated: reasons of failures that count as skipped if something else is done.
    """
    variables = plain(options)
    # What is wrong inside a source is said with the position of that source, so its keys need no name of a variable.
    others = {name: option for name, option in variables.items() if name != "ssl_rotation_sources"}
    in_role_words = words_of_role(others, "ssl_rotation_")

    def words(message: str) -> str:
        first = FIRST_WORD.match(message)
        begins_with_option = first is not None and f"ssl_rotation_{first[0]}" in variables
        return in_role_words(f"ssl_rotation_{message}" if begins_with_option else message)

    told = in_role(
        plain({name: value for name, value in done.items() if name not in BULK}),
        words,
        fail_on=plain(settings["fail_on"]),
        report=report or None,
        unwritten=plain(unwritten or {}),
        tolerated=plain(tolerated),
    )
    found: dict[str, t.Any] = untrusted(told)
    return found


BULK = {"certificates", "source_certificates", "listeners", "source_problems", "diff", "invocation"}
"""What nothing here looks at, and would take long to read out of Ansible's variables."""


class FilterModule:
    """Provides the filters by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"_rotation_refusal": rotation_refusal, "_rotation_outcome": rotation_outcome}
