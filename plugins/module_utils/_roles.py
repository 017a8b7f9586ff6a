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
PAGE = ROLES / "ssl_fulfillment"
"""The role that has what the pages of all reports have in common."""


def role_options(role: str) -> dict[str, t.Any]:
    """Return the options of a role from its argument specification, without their descriptions.

    Ansible's own parser remembers where each value stands and takes ten times as long, in each task that needs a variable.
    """
    options = _yaml(ROLES / role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    return {name: {key: value for key, value in one.items() if key != "description"} for name, one in options.items()}


def page_sources(role: str) -> dict[str, t.Any]:
    """Return what the page of a role's report is made of: its `templates` by name, `css` and `script`.

    A template of the role itself counts more than one that all reports have in common.
    """
    folders = (PAGE / "templates", ROLES / role / "templates")
    templates = {path.name: path.read_text("utf-8") for folder in folders for path in folder.glob("*.html.j2")}
    css, script = ((PAGE / "files" / name).read_text("utf-8").rstrip() for name in ("report.css", "report.js"))
    return {"templates": templates, "css": css, "script": script}


def page_words(role: str, language: str) -> dict[str, t.Any]:
    """Return the texts of a role's report in a language: those of every report, and its own."""
    return _merged(_yaml(PAGE / "files/page.yml")[language], _yaml(ROLES / role / "files/report.yml")[language])


def _yaml(path: Path) -> t.Any:
    return yaml_load(path.read_bytes())


def _merged(one: dict[str, t.Any], other: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return both dictionaries as one, and so their dictionaries inside; of two texts the other's counts."""
    both = {name: _merged(one[name], other[name]) for name in one.keys() & other.keys() if isinstance(one[name], dict)}
    return {**one, **other, **both}
