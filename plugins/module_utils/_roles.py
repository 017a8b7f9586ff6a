# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the files of this collection's roles say; for filters, which find the roles beside them. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from contextlib import suppress
from pathlib import Path

with suppress(ImportError):
    from ansible.module_utils.common.yaml import yaml_load

ROLES = Path(__file__).parents[2] / "roles"
REPORT = ROLES / "ssl_fulfillment"
"""The role that has the page of every report."""


def role_variables(role: str) -> set[str]:
    """Return the names of a role's variables, from its argument specification."""
    return set(_yaml(ROLES / role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"])


def page_sources() -> dict[str, str]:
    """Return what the page of a report is made of: its `template`, `css` and `script`."""
    files = {"template": "templates/report.html.j2", "css": "files/report.css", "script": "files/report.js"}
    return {name: (REPORT / path).read_text("utf-8") for name, path in files.items()}


def page_words(rows: str, language: str) -> dict[str, t.Any]:
    """Return the texts of the report of `orders` or of `lines` in a language: those of every report, and its own."""
    words = _yaml(REPORT / "files/report.yml")[language]
    shared, own = words["every"], words[rows]
    both = {name: {**shared[name], **own[name]} for name in shared.keys() & own.keys()}
    return {**shared, **own, **both}


def _yaml(path: Path) -> t.Any:
    return yaml_load(path.read_bytes())
