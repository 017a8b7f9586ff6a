# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as the texts of its files: a page for people, and JSON. Private to softlayer.certificates. Pure.

Jinja itself fills in the page, not Ansible's templating of it: that looks at each value of each row for templates in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from .common import Record
from .table import as_csv

with suppress(ImportError):
    import jinja2


def as_files(
    sources: Mapping[str, t.Any], report: Record, rows: Sequence[Record], columns: Sequence[str], **values: t.Any
) -> dict[str, str]:
    """Return the texts of a report's files: `html`, `json` and `csv`.

    Args:
        sources: what the page is made of, as `page_sources` returns it.
        report: the report as data.
        rows: those of the report's table.
        columns: those of the CSV file.
        values: what the templates use beside `report`.
    """
    page = as_page(**sources, report=report, **values)
    return {"html": page, "json": as_json(report), "csv": as_csv(rows, columns)}


def as_json(report: Record) -> str:
    """Return the data of a report as JSON that people can read, too."""
    return json.dumps(report, indent=4) + "\n"


def as_page(templates: Mapping[str, str], **values: t.Any) -> str:
    """Return a page.

    Args:
        templates: by name; `page.html.j2` is the page, and imports the others.
        values: what the templates use.
    """
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(templates),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,
    )
    environment.filters |= {"by": _by, "source": _source}
    return environment.get_template("page.html.j2").render(values)


def _by(rows: Iterable[Record], name: str) -> dict[t.Any, Record]:
    """Return rows by one of their values."""
    return {row[name]: row for row in rows}


def _source(text: str) -> str:
    """Return what a Content-Security-Policy allows a style sheet or a script by (CSP 3, hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
