# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report: where each row of its table stands, and what needs a person, as data and as files. Private to softlayer.certificates.

Pure. The rows are made in `orders` and in `lines`. The page, and its words in every language, are files of the role `ssl_fulfillment`.
Jinja itself fills in the page, not Ansible's templating of it: that looks at each value of each row for templates in it.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import typing as t
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone

from .._names import listener_name, listener_place, shown_name_of
from .._times import iso, parse
from .timeline import Row, served, timeline

with suppress(ImportError):
    import jinja2
    from markupsafe import Markup, escape

Record = Mapping[str, t.Any]
"""A result of a module, or a part of it."""
RUN = {"at", "failed", "attention"}
"""The fields of what a run came to."""
MOST_RUNS = 60
"""That are told of in a report: two months of nights."""
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet read text as a formula, including their full-width forms."""


@dataclass(frozen=True)
class Schema:
    """What one report differs from another in, beside its rows and words."""

    row: str
    """What a row is called."""
    identifier: str
    """The field that identifies a row; fit for an HTML id."""
    ids: str
    """The name of the list of these with what needs a person."""
    states: Sequence[str]
    attention: Sequence[str]
    """Why a row needs a person, in order of urgency."""
    columns: Sequence[str]
    """The fields of a row, in the order of the CSV file."""

    @property
    def rows(self) -> str:
        """The name of the list of all rows."""
        return f"{self.row}s"


def read(previous: str | None) -> Record:
    """Return the data of a previous report; anything that is not a report counts as none."""
    try:
        data = json.loads(previous or "{}")
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def made_today(old: Record, at: datetime) -> datetime | None:
    """Return when a previous report was made, if that was on the same day (UTC), and not later than now."""
    made = parse(old.get("generated_at"))
    is_of_today = made is not None and made <= at and made.date() == at.astimezone(timezone.utc).date()
    return made if is_of_today else None


def unless_same(data_at: Callable[[datetime], Row], old: Record, at: datetime) -> Row:
    """Return the data of a report; those of the previous one if that is of the same day, and nothing but the time has changed since.

    So a second run right after the first changes nothing.

    Args:
        data_at: returns the data of the report of an instant.
        old: the data of the previous report.
        at: the present instant.
    """
    made = made_today(old, at)
    if made is not None:
        again = data_at(made)
        if again == old:
            return again
    return data_at(at)


def as_data(
    schema: Schema,
    rows: Iterable[Row],
    failed: Iterable[Record],
    words: Record,
    at: datetime,
    old: Record,
    *,
    held: Iterable[tuple[str, Record]],
    balances: bool,
    remarks: Iterable[str] = (),
) -> Row:
    """Return a report as data, ready for JSON.

    Args:
        schema: which report.
        rows: in their order, without their explanations.
        failed: what failed and is about no row.
        words: the texts of one language.
        at: the instant that it is made at.
        old: the data of the previous report.
        held: the listeners of load balancers, by name and port, and the certificate of each.
        balances: whether load balancers serve anything. In an account where they do not, nothing is there to be served.
        remarks: what else is to be noticed; it is no failure.
    """
    told = ({**row, "explanation": words["reasons"].get(row["reason"], row["reason"])} for row in rows)
    rows = [{name: row[name] for name in schema.columns} for row in told]
    states = Counter(row["state"] for row in rows)
    served = Counter(name for row in rows for name in {place.rpartition(":")[0] for place in row["served_by"] or ()})
    notices = [{"source": listener_name(one) or shown_name_of(one), "message": one.get("message")} for one in failed]
    runs = _runs(old, rows, notices, at)
    notices += [{"source": None, "message": remark} for remark in remarks]
    return {
        "generated_at": iso(at),
        "runs": runs,
        "listeners": _listeners(held),
        f"{schema.row}_count": len(rows),
        "states": {state: states[state] for state in schema.states},
        "load_balancers": dict(sorted(served.items())) if balances else None,
        "attention": [
            {"kind": kind, "count": len(ids), schema.ids: ids}
            for kind in schema.attention
            if (ids := [row[schema.identifier] for row in rows if kind in row["attention"]])
        ],
        "notices": notices,
        schema.rows: rows,
    }


def _runs(old: Record, rows: Sequence[Record], notices: Sequence[Record], at: datetime) -> list[Row]:
    """Return what the last runs came to, this one last: how much failed, and how many rows need a person."""
    told = old.get("runs")
    earlier = [
        one
        for one in (told if isinstance(told, list) else ())
        if isinstance(one, dict) and one.keys() == RUN and parse(one["at"]) and one["at"] != iso(at)
    ]
    failed = len(notices) + sum(row["state"] == "failed" for row in rows)
    this = {"at": iso(at), "failed": failed, "attention": sum(bool(row["attention"]) for row in rows)}
    return [*earlier[1 - MOST_RUNS :], this]


def end_of(record: Record) -> str | None:
    """Return until when clients take a certificate: an issuer may end before it does."""
    return record.get("ends_at") or record.get("not_after")


def _listeners(held: Iterable[tuple[str, Record]]) -> list[Row]:
    """Return the listeners in the order of their names, with the dates of the certificate that each has."""
    found = [
        {
            "listener": listener,
            "name": shown_name_of(certificate),
            "not_before": certificate.get("not_before"),
            "not_after": end_of(certificate),
        }
        for listener, certificate in held
    ]
    return sorted(found, key=lambda one: listener_place(one["listener"]))


def as_files(schema: Schema, report: Record, words: Record, language: str, page: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of a report's files: `html`, a page for people, `json` and `csv`.

    Args:
        schema: which report.
        report: as data.
        words: the texts of the language.
        language: of the page.
        page: what it is made of: `template`, `css` and `script`.
    """
    environment = jinja2.Environment(
        trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined, autoescape=True
    )
    environment.filters |= {"source": _source, "breakable": _breakable}
    rows = report[schema.rows]
    html = environment.from_string(page["template"]).render(
        page,
        schema=schema,
        report=report,
        rows=rows,
        by_id={row[schema.identifier]: row for row in rows},
        drawing=timeline(report, schema.rows, schema.identifier),
        served=served(report["listeners"], t.cast(datetime, parse(report["generated_at"]))),
        words=words,
        language=language,
    )
    return {"html": html, "json": json.dumps(report, indent=4) + "\n", "csv": as_csv(schema, report)}


def _source(text: str) -> str:
    """Return what a Content-Security-Policy allows a style sheet or a script by (CSP 3, hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _breakable(name: object) -> Markup:
    """Return a name or an address, which may be escaped already, that breaks before a dot or an at sign if its column is too narrow."""
    return Markup(re.sub(r"(?<=.)(?=[.@])", "<wbr>", escape(name)))


def as_csv(schema: Schema, report: Record) -> str:
    """Return the rows of a report as CSV; a spreadsheet reads no value as a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(schema.columns)
    writer.writerows([_csv_cell(row[name]) for name in schema.columns] for row in report[schema.rows])
    return text.getvalue()


def _csv_cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if not isinstance(value, str):
        return value
    first = next((character for character in value if character.isprintable() and not character.isspace()), "")
    return f"'{value}" if first in FORMULA_STARTS or first != value[:1] else value
