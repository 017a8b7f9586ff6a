# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report of the results of modules, the most urgent first, as data and as files. Private to softlayer.certificates.

Pure. It decides nothing. The rows are made in `orders` and in `rotation`. The page, and its words in every language, are files beside the
action plugins. Jinja itself fills in the page, not Ansible's templating of it: that looks at each value of each row for templates in it.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import math
import re
import typing as t
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone

from .._base.errors import CertificatesError
from .._base.names import ascii_name, listener_name, shown_name_of, unicode_name
from .._base.times import iso, parse
from .summary import Record

with suppress(ImportError):
    import jinja2
    from markupsafe import Markup, escape

Row = dict[str, t.Any]
Needs = Mapping[str, Sequence[str]]
"""Required fields of a record, with the allowed values of each; an empty list allows every value."""
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet read text as a formula, including their full-width forms."""
MAX_BARS = 25
"""How many listeners are drawn."""
MAX_REMEDIES, MAX_REMEDIES_OF_MANY = 5, 3
"""How many remedies of a kind the page begins with, and how many if there are more."""
UNFIT = ("expired", "not_yet_valid", "revoked", "not_accepted", "not_served")
"""Why the certificate of a listener is of no use to TLS clients, the most urgent reason first."""
FIELDS: Mapping[str, Sequence[str]] = {"name": ("name", "subject_alt_names"), "mail": ("mail_found", "mail_date")}
"""What columns are made of that are not made of the field of their name."""
SAID_IF_UNKNOWN = frozenset({"certificate_ids", "served", "accepted"})
"""The columns that say so where something is not known."""
MAX_BAR_DAYS = 400
"""Days; what is served for longer has as long a bar: one certificate of ten years would leave nothing to see of the others."""


@dataclass(frozen=True)
class Schema:
    """The differences between the kinds of reports, in addition to rows and words."""

    row: str
    """What a row is called."""
    identifier: str
    """The field that identifies a row; fit for an HTML id."""
    ids: str
    """The name of the list of identifiers in each item of `attention`."""
    states: Sequence[str]
    attention: Sequence[str]
    """Reasons for attention, in order of urgency."""
    columns: Sequence[str]
    """The fields of a row, in the order of the CSV file."""
    needs: Mapping[str, Needs]
    """What the records of each list have that the report is made of."""
    of_the_run: frozenset[str] = frozenset()
    """What of the report and of its rows tells of the run alone, and not of what is there."""

    @property
    def rows(self) -> str:
        """The name of the list of all rows."""
        return f"{self.row}s"


@dataclass(frozen=True)
class Kind:
    """A kind of report: of SSL orders, or of a rotation."""

    schema: Schema
    parts: Sequence[str]
    """What results may have that it is made of."""
    build: Callable[[Record, Record, datetime, str | None], Record]
    """Returns the report as data, of results, the texts of one language, the present instant, and the JSON text of the previous report."""


FORMS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("load_balancer", "outcome", "reason", "status", "name", "served_name", "common_name"), str),
    **dict.fromkeys(
        ("effective_not_after", "limited_by", "not_before", "not_after", "expires_at", "message", "product"), str
    ),
    **dict.fromkeys(("source", "approver_email"), str),
    **dict.fromkeys(("port", "id"), (int, str)),
    **dict.fromkeys(("certificate_id", "days_until_expiry"), int),
    **dict.fromkeys(("served", "accepted", "renewal_due"), bool),
    "subject_alt_names": list,
}
"""What the fields of a record are, unless they are null."""


def check(schema: Schema, results: Record) -> None:
    """Refuse records in another form than that of the modules: somebody has made them by hand, or changed them.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    for name, needs in schema.needs.items():
        records = results.get(name) or []
        if not isinstance(records, list):
            raise CertificatesError("invalid_argument", f"results.{name} must be a list, as the modules return it.")
        for number, record in enumerate(records, 1):
            if why := _why_malformed(record, needs):
                about = notice(record)["source"] if isinstance(record, Mapping) else None
                which = f"entry {number}{f' ({about})' if about else ''}"
                raise CertificatesError("invalid_argument", f"results.{name}, {which}: {why}.")


def _why_malformed(record: object, needs: Needs) -> str | None:
    """Return what is wrong with a record, `None` if nothing is."""
    if not isinstance(record, Mapping):
        return "the entry must be a dict, as the modules return it"
    for name, values in needs.items():
        if record.get(name) is None:
            return f"{name} is missing"
        if values and record[name] not in values:
            return f"{name} is {record[name]}, but must be one of {', '.join(values)}"
    for name, form in FORMS.items():
        if record.get(name) is not None and not isinstance(record[name], form):
            return f"{name} does not have the type that the modules return"
    return None


def unless_same(schema: Schema, data_at: Callable[[datetime], Row], previous: str | None, at: datetime) -> Record:
    """Return the data of a report; the previous one if that is of the same day (UTC), nothing was done since, and all is as it was.

    So a second run right after the first changes nothing, and leaves what the first one has done to be read.

    Args:
        schema: which report.
        data_at: returns the data of the report of an instant.
        previous: the JSON text of the previous report; anything that is not a report counts as none.
        at: the present instant.
    """
    old = None
    with suppress(ValueError, RecursionError):
        old = json.loads(previous or "null")
    if not isinstance(old, dict):
        return data_at(at)
    made = parse(old.get("generated_at"))
    if made is not None and made <= at and made.date() == at.astimezone(timezone.utc).date():
        again = data_at(made)
        if _is_same(schema, again, old):
            return old
    return data_at(at)


def _is_same(schema: Schema, again: Record, old: Record) -> bool:
    """Return whether a report says what the previous one says; one of a run that did something also says what that did."""
    if again.get("done"):
        return bool(json.loads(json.dumps(again)) == old)
    return _of_what_is_there(schema, again) == _of_what_is_there(schema, old)


def _of_what_is_there(schema: Schema, data: Record) -> Record | None:
    """Return what a report says, less what it says of a run; `None` if it is none of this kind."""
    rows = data.get(schema.rows)
    if not isinstance(rows, list) or not all(isinstance(row, dict) and [*row] == [*schema.columns] for row in rows):
        return None
    told = [{name: row[name] for name in row if name not in schema.of_the_run} for row in rows]
    return {**{name: None if name in schema.of_the_run else data[name] for name in data}, schema.rows: told}


def as_data(
    schema: Schema, rows: Iterable[Row], notices: Iterable[Record], words: Record, at: datetime, **more: t.Any
) -> Row:
    """Return a report as data, ready for JSON.

    Args:
        schema: which report.
        rows: in their order, without their explanations.
        notices: what needs a person, or failed, and is about no row: `source` and `message`.
        words: the texts of one language.
        at: the instant that it is made at.
        more: what else the report has.
    """
    told = ({**row, "explanation": words["reasons"].get(row["reason"], row["reason"])} for row in rows)
    rows = [{name: row[name] for name in schema.columns} for row in told]
    states = Counter(row["state"] for row in rows)
    return {
        "generated_at": iso(at),
        f"{schema.row}_count": len(rows),
        "states": {state: states[state] for state in schema.states},
        "attention": [
            {"kind": kind, "count": len(ids), schema.ids: ids}
            for kind in schema.attention
            if (ids := [row[schema.identifier] for row in rows if kind in row["attention"]])
        ],
        "notices": list(notices),
        **more,
        schema.rows: rows,
    }


def notice(record: Record) -> Record:
    """Return what is to be noticed of a record that is about no row."""
    return {"source": listener_name(record) or shown_name_of(record), "message": record.get("message")}


def merged(words: Mapping[str, Record], rows: str) -> Record:
    """Return the words of the report of `orders` or of `listeners`: those of every report, and its own.

    Raises:
        CertificatesError: `invalid_argument` if they are somebody's own and none of these.
    """
    try:
        shared, own = words["every"], words[rows]
        both = {name: {**shared[name], **own[name]} for name in shared.keys() & own.keys()}
        return {**shared, **own, **both, "reasons": both["reasons"]}
    except (AttributeError, KeyError, TypeError):
        raise CertificatesError(
            "invalid_argument",
            "page.words must contain all texts of one language, as in words.yml of the collection.",
        ) from None


def as_files(schema: Schema, report: Record, words: Record, language: str, page: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of a report's files: `html`, a page for people, `json` and `csv`.

    Args:
        schema: which report.
        report: as data.
        words: the texts of the language.
        language: of the page.
        page: what it is made of: `template`, `css` and `script`.

    Raises:
        CertificatesError: `invalid_argument` if the template is somebody's own and cannot be filled in.
    """
    environment = jinja2.Environment(
        trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined, autoescape=True
    )
    environment.filters |= {
        "source": _source,
        "breakable": _breakable,
        "mark": mark,
        "messages": _messages,
        "spelt": _spelt_otherwise,
        "with_code": _with_code,
    }
    environment.tests["filled"] = _is_filled
    rows = report[schema.rows]
    by_id = {row[schema.identifier]: row for row in rows}
    first, told = remedies(report, by_id)
    try:
        html = environment.from_string(page["template"]).render(
            page,
            schema=schema,
            report=report,
            rows=rows,
            by_id=by_id,
            bars=bars(report["listeners"]),
            remedies=first,
            told=told,
            is_calm=is_calm(report),
            words=words,
            language=language,
        )
    except jinja2.TemplateError as error:
        line = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
        raise CertificatesError(
            "invalid_argument",
            f"Cannot render page.template{line}: {error}. Correct page.template or page.words, or remove them.",
        ) from None
    return {"html": html, "json": json.dumps(report, indent=4) + "\n", "csv": as_csv(schema, report)}


def bars(listeners: Sequence[Record]) -> list[Row]:
    """Return a bar for each listener whose days are known or whose certificate is of no use, the most urgent first; at most `MAX_BARS`."""
    marked = [(mark(listener), listener) for listener in listeners]
    drawn = sorted(
        ((kind, listener) for kind, listener in marked if kind in UNFIT or listener["days_left"] is not None),
        key=lambda bar: (bar[0] not in UNFIT, -math.inf if bar[1]["days_left"] is None else bar[1]["days_left"]),
    )[:MAX_BARS]
    lengths = [_length(listener["days_left"]) for _kind, listener in drawn]
    longest = max((length for length in lengths if length is not None), default=0) or 1
    return [
        {
            **{name: listener[name] for name in ("listener", "name", "days_left")},
            "kind": kind,
            "width": 100 if length is None else round(length / longest * 100, 2),
        }
        for (kind, listener), length in zip(drawn, lengths, strict=True)
    ]


def _length(days_left: int | None) -> int | None:
    """Return how many days a bar stands for; `None` for all of its track, if the certificate has expired or its days are not known."""
    return None if days_left is None or days_left < 0 else min(days_left, MAX_BAR_DAYS)


def mark(row: Record) -> str:
    """Return why the certificate of a listener is of no use to TLS clients, one of `UNFIT`, or else `due` for renewal, or empty."""
    days, found = row["days_left"], {*(row.get("attention") or ())}
    found |= {"expired"} if days is not None and days < 0 else set()
    found |= {kind for kind, name in (("not_served", "served"), ("not_accepted", "accepted")) if row.get(name) is False}
    unfit = next((kind for kind in UNFIT if kind in found), "")
    return unfit or ("due" if row.get("renewal_due") and days is not None else "")


def is_calm(report: Record) -> bool:
    """Return whether a report has nothing at all that a person might have to do something about."""
    return not (report["attention"] or report["notices"] or any(map(mark, report["listeners"])))


def remedies(report: Record, rows: Mapping[str, Row]) -> tuple[dict[str, Row], set[tuple[str, int]]]:
    """Return what the page begins with about listeners, and the messages that are told by that, each by its row and number.

    By kind of attention: the `groups` of listeners of one certificate that need the same, each with its message, and how many `more` listeners there are.

    Args:
        report: as data.
        rows: by their identifiers.
    """
    first, told = dict[str, Row](), set[tuple[str, int]]()
    for item in report["attention"]:
        alike: dict[tuple[str | None, str], list[tuple[str, int]]] = {}
        for key in item.get("keys") or ():
            row = rows[key]
            for number, (kind, message) in enumerate(zip(row["attention"], row["messages"], strict=True)):
                if kind == item["kind"]:
                    alike.setdefault((row["name"], message), []).append((key, number))
        groups = [*alike.items()][: MAX_REMEDIES if len(alike) <= MAX_REMEDIES else MAX_REMEDIES_OF_MANY]
        begun = {place for _which, places in groups for place in places}
        first[item["kind"]] = {
            "groups": [([rows[key] for key, _number in places], message) for (_name, message), places in groups],
            "more": item["count"] - len({key for key, _number in begun}),
        }
        told |= begun
    return first, told


def _messages(row: Record, told: Collection[tuple[str, int]]) -> list[str]:
    """Return the messages that the table has for a row: of its remedies only those that `told` lacks, so that each stands once.

    Args:
        row: of a listener or an order.
        told: what the page begins with; see `remedies`.
    """
    if not row.get("messages"):
        return [row["message"]] if row["message"] else []
    return [message for number, message in enumerate(row["messages"]) if (row["key"], number) not in told]


def _is_filled(name: str, rows: Sequence[Record]) -> bool:
    """Return whether a column has anything to show in at least one row; what is not known counts where the page says so."""
    values = (row[field] for row in rows for field in FIELDS.get(name, (name,)))
    return not rows or any(value not in ([], "") and (value is not None or name in SAID_IF_UNKNOWN) for value in values)


def _spelt_otherwise(names: Iterable[str | None]) -> list[str]:
    """Return internationalised names in the form that they are not written in: a reader may search for either."""
    return [form for name in names if name for form in (ascii_name(name), unicode_name(name)) if form != name.lower()]


def _source(text: str) -> str:
    """Return what a Content-Security-Policy allows a style sheet or a script by (CSP 3, hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _breakable(name: object) -> Markup:
    """Return a name or an address, which may be escaped already, that breaks before a dot or an at sign if its column is too narrow."""
    return Markup(re.sub(r"(?<=.)(?=[.@])", "<wbr>", escape(name)))


def _with_code(message: str) -> Markup:
    """Return a message whose commands, which stand in backticks, are set as code; they do not break at hyphens."""
    return Markup("").join(
        Markup("<code>{}</code>").format(_unbroken(part)) if number % 2 else part
        for number, part in enumerate(re.split("`([^`]+)`", message))
    )


def _unbroken(command: str) -> Markup:
    """Return a command whose words with hyphens, such as `--check`, stay on one line where they fit; others may break before a dot."""
    return Markup("").join(
        Markup("<span>{}</span>").format(word) if "-" in word else _breakable(word)
        for word in re.split(r"(\s+)", command)
    )


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
