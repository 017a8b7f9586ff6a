# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report of the results of modules, as data and as files, the most urgent rows first. Private to softlayer.certificates.

Pure. `_orders` and `rotation` create the rows. The action plugins contain the page and its texts in each language. Jinja renders the page,
because Ansible would search for templates in each value of each row.
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
from .._base.names import choose_record_name, decode_name, encode_name, format_listener_name
from .._base.times import format_time, parse
from .summary import Record

with suppress(ImportError):
    import jinja2
    from markupsafe import Markup, escape

Row = dict[str, t.Any]
RequiredFields = Mapping[str, Sequence[str]]
"""Required fields of a record, with the allowed values of each; an empty list allows every value."""
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters of formulas in spreadsheets, including their full-width forms."""
MAX_BARS = 25
"""Maximum number of bars in the chart of the page."""
MAX_REMEDIES, MAX_REMEDIES_OF_MANY = 5, 3
"""Maximum number of remedies of a kind at the top of the page, and the number of displayed remedies if there are more."""
UNFIT_REASONS = ("expired", "not_yet_valid", "revoked", "not_accepted", "not_served")
"""Reasons why TLS clients cannot use the certificate of a listener, the most urgent reason first."""
FIELDS: Mapping[str, Sequence[str]] = {"name": ("name", "subject_alt_names"), "mail": ("mail_found", "mail_date")}
"""The fields of columns whose name differs from the name of the field."""
RESULTS_REMEDY = "Set results to the variable that the task registers."
UNKNOWN_VALUE_COLUMNS = frozenset({"certificate_ids", "served", "accepted"})
"""The columns that show unknown values."""
MAX_BAR_DAYS = 400
"""Maximum length of a bar in days; a certificate of ten years would make other bars invisible."""


@dataclass(frozen=True)
class Schema:
    """The properties of a kind of report, except rows and words."""

    row: str
    """The noun for a row, in the singular."""
    identifier: str
    """The field that identifies a row and is a valid HTML id."""
    ids: str
    """The name of the list of identifiers in each item of `attention`."""
    states: Sequence[str]
    attention: Sequence[str]
    """Reasons for attention, in order of urgency."""
    columns: Sequence[str]
    """The fields of a row, in the order of the CSV file."""
    required_fields: Mapping[str, RequiredFields]
    """The required fields of the records in each list."""
    run_fields: frozenset[str] = frozenset()
    """The fields of the report and of its rows that describe the run instead of the current state."""

    @property
    def rows(self) -> str:
        """Return the name of the list of all rows."""
        return f"{self.row}s"


@dataclass(frozen=True)
class Kind:
    """A kind of report: of SSL orders, or of a rotation."""

    schema: Schema
    parts: Sequence[str]
    """The valid keys of results."""
    build: Callable[[Record, Record, datetime, str | None], Record]
    """Function that returns the report as data, from results, the texts of one language, the current time, and the JSON text of the previous report."""


FIELD_TYPES: Mapping[str, type | tuple[type, ...]] = {
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
"""The types of the fields of a record, unless a field is null."""


def check_records(schema: Schema, results: Record) -> None:
    """Raise an error for records in an invalid form, such as manually edited records.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    for name, needs in schema.required_fields.items():
        records = results.get(name) or []
        if not isinstance(records, list):
            raise CertificatesError("invalid_argument", f"results.{name} must be a list. {RESULTS_REMEDY}")
        for number, record in enumerate(records, 1):
            if why := _why_malformed(record, needs):
                about = build_notice(record)["source"] if isinstance(record, Mapping) else None
                which = f"entry {number}{f' ({about})' if about else ''}"
                raise CertificatesError("invalid_argument", f"results.{name}, {which}: {why}. {RESULTS_REMEDY}")


def _why_malformed(record: object, needs: RequiredFields) -> str | None:
    """Return the reason why a record is malformed, or `None`."""
    if not isinstance(record, Mapping):
        return "the entry must be a dict"
    for name, values in needs.items():
        if record.get(name) is None:
            return f"{name} is missing"
        if values and record[name] not in values:
            return f"{name} is {record[name]}, but must be one of {', '.join(values)}"
    for name, form in FIELD_TYPES.items():
        if record.get(name) is not None and not isinstance(record[name], form):
            return f"{name} has the wrong type"
    return None


def reuse_unchanged(schema: Schema, data_at: Callable[[datetime], Row], previous: str | None, at: datetime) -> Record:
    """Return the data of the previous report if the report is of the same day (UTC) and nothing has changed, or the data of a new report.

    A second run directly after the first run changes nothing and keeps the results of the first run.

    Args:
        schema: the kind of report.
        data_at: function that returns the data of the report at a time.
        previous: the JSON text of the previous report; an invalid report is ignored.
        at: the current time.
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
    """Return whether two reports have the same content; for a run with changes, the changes count as well."""
    if again.get("done"):
        return bool(json.loads(json.dumps(again)) == old)
    return _drop_run_fields(schema, again) == _drop_run_fields(schema, old)


def _drop_run_fields(schema: Schema, data: Record) -> Record | None:
    """Return a report without `run_fields`, or `None` for another kind of report."""
    rows = data.get(schema.rows)
    if not isinstance(rows, list) or not all(isinstance(row, dict) and [*row] == [*schema.columns] for row in rows):
        return None
    rows = [{name: row[name] for name in row if name not in schema.run_fields} for row in rows]
    return {**{name: None if name in schema.run_fields else data[name] for name in data}, schema.rows: rows}


def build_data(
    schema: Schema, rows: Iterable[Row], notices: Iterable[Record], words: Record, at: datetime, **more: t.Any
) -> Row:
    """Return a report as data, ready for JSON.

    Args:
        schema: the kind of report.
        rows: the sorted rows, without explanations.
        notices: `source` and `message` of failed items, and of items that need attention, that belong to no row.
        words: the texts of one language.
        at: the time of the report.
        more: additional keys of the report.
    """
    explained = ({**row, "explanation": words["reasons"].get(row["reason"], row["reason"])} for row in rows)
    rows = [{name: row[name] for name in schema.columns} for row in explained]
    states = Counter(row["state"] for row in rows)
    return {
        "generated_at": format_time(at),
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


def build_notice(record: Record) -> Record:
    """Return the notice for a record that belongs to no row."""
    return {"source": format_listener_name(record) or choose_record_name(record), "message": record.get("message")}


def merge_words(words: Mapping[str, Record], rows: str) -> Record:
    """Return the texts of the report of `orders` or `listeners`, including the texts that all reports share.

    Raises:
        CertificatesError: `invalid_argument` if custom texts are incomplete.
    """
    try:
        shared, own = words["every"], words[rows]
        both = {name: {**shared[name], **own[name]} for name in shared.keys() & own.keys()}
        return {**shared, **own, **both, "reasons": both["reasons"]}
    except (AttributeError, KeyError, TypeError):
        raise CertificatesError(
            "invalid_argument",
            "page.words must contain all texts of one language. Copy the missing texts from words.yml of the collection.",
        ) from None


def render_files(
    schema: Schema, report: Record, words: Record, language: str, page: Mapping[str, str]
) -> dict[str, str]:
    """Return the content of the files `html`, `json`, and `csv` of a report.

    Args:
        schema: the kind of report.
        report: the report as data.
        words: the texts of the language.
        language: the language of the page.
        page: `template`, `css`, and `script` of the page.

    Raises:
        CertificatesError: `invalid_argument` if a custom template cannot be rendered.
    """
    environment = jinja2.Environment(
        trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined, autoescape=True
    )
    environment.filters |= {
        "source": _hash_source,
        "breakable": _insert_breaks,
        "mark": classify,
        "messages": _select_messages,
        "spelt": _list_other_forms,
        "with_code": _format_code,
    }
    environment.tests["filled"] = _is_filled
    rows = report[schema.rows]
    by_id = {row[schema.identifier]: row for row in rows}
    first, shown = select_remedies(report, by_id)
    try:
        html = environment.from_string(page["template"]).render(
            page,
            schema=schema,
            report=report,
            rows=rows,
            by_id=by_id,
            bars=build_bars(report["listeners"]),
            remedies=first,
            shown=shown,
            is_calm=has_no_problem(report),
            words=words,
            language=language,
        )
    except jinja2.TemplateError as error:
        line = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
        raise CertificatesError(
            "invalid_argument",
            f"Cannot render page.template{line}: {error}. Correct page.template or page.words, or remove both keys.",
        ) from None
    return {"html": html, "json": json.dumps(report, indent=4) + "\n", "csv": render_csv(schema, report)}


def build_bars(listeners: Sequence[Record]) -> list[Row]:
    """Return at most `MAX_BARS` bars, the most urgent bar first: for listeners with known days or an unusable certificate."""
    marked = [(classify(listener), listener) for listener in listeners]
    drawn = sorted(
        ((kind, listener) for kind, listener in marked if kind in UNFIT_REASONS or listener["days_left"] is not None),
        key=lambda bar: (
            bar[0] not in UNFIT_REASONS,
            -math.inf if bar[1]["days_left"] is None else bar[1]["days_left"],
        ),
    )[:MAX_BARS]
    lengths = [_limit_bar_length(listener["days_left"]) for _kind, listener in drawn]
    longest = max((length for length in lengths if length is not None), default=0) or 1
    return [
        {
            **{name: listener[name] for name in ("listener", "name", "days_left")},
            "kind": kind,
            "width": 100 if length is None else round(length / longest * 100, 2),
        }
        for (kind, listener), length in zip(drawn, lengths, strict=True)
    ]


def _limit_bar_length(days_left: int | None) -> int | None:
    """Return the length of a bar in days, or `None` for the full length if the certificate has expired or the days are unknown."""
    return None if days_left is None or days_left < 0 else min(days_left, MAX_BAR_DAYS)


def classify(row: Record) -> str:
    """Return the most urgent reason in `UNFIT_REASONS` for the certificate of a listener, `due` if the certificate is due for renewal, or an empty text."""
    days, found = row["days_left"], {*(row.get("attention") or ())}
    found |= {"expired"} if days is not None and days < 0 else set()
    found |= {kind for kind, name in (("not_served", "served"), ("not_accepted", "accepted")) if row.get(name) is False}
    unfit = next((kind for kind in UNFIT_REASONS if kind in found), "")
    return unfit or ("due" if row.get("renewal_due") and days is not None else "")


def has_no_problem(report: Record) -> bool:
    """Return whether a report contains no item that needs attention."""
    return not (report["attention"] or report["notices"] or any(map(classify, report["listeners"])))


def select_remedies(report: Record, rows: Mapping[str, Row]) -> tuple[dict[str, Row], set[tuple[str, int]]]:
    """Return the remedies at the top of the page by kind of attention, and the displayed messages, each by its row and number.

    A remedy contains `groups` of listeners with the same certificate and message, and the number of `more` listeners.

    Args:
        report: the report as data.
        rows: the rows by their identifiers.
    """
    first, shown = dict[str, Row](), set[tuple[str, int]]()
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
        shown |= begun
    return first, shown


def _select_messages(row: Record, shown: Collection[tuple[str, int]]) -> list[str]:
    """Return the messages of a row in the table, without the messages in `shown`, which `select_remedies` puts at the top of the page."""
    if not row.get("messages"):
        return [row["message"]] if row["message"] else []
    return [message for number, message in enumerate(row["messages"]) if (row["key"], number) not in shown]


def _is_filled(name: str, rows: Sequence[Record]) -> bool:
    """Return whether a column has a value in at least one row; in `UNKNOWN_VALUE_COLUMNS`, unknown values count as well."""
    values = (row[field] for row in rows for field in FIELDS.get(name, (name,)))
    return not rows or any(
        value not in ([], "") and (value is not None or name in UNKNOWN_VALUE_COLUMNS) for value in values
    )


def _list_other_forms(names: Iterable[str | None]) -> list[str]:
    """Return the other form of internationalized names, because users may search for both forms."""
    return [form for name in names if name for form in (encode_name(name), decode_name(name)) if form != name.lower()]


def _hash_source(text: str) -> str:
    """Return the hash of a style sheet or script for a Content-Security-Policy (CSP 3, hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _insert_breaks(name: object) -> Markup:
    """Return a name or email address as HTML that may break before a dot or an at sign."""
    return Markup(re.sub(r"(?<=.)(?=[.@])", "<wbr>", escape(name)))


def _format_code(message: str) -> Markup:
    """Return a message as HTML, with the commands in backticks as code that does not break at hyphens."""
    return Markup("").join(
        Markup("<code>{}</code>").format(_format_command(part)) if number % 2 else part
        for number, part in enumerate(re.split("`([^`]+)`", message))
    )


def _format_command(command: str) -> Markup:
    """Return a command as HTML that breaks before dots, but not within words with hyphens, such as `--check`."""
    return Markup("").join(
        Markup("<span>{}</span>").format(word) if "-" in word else _insert_breaks(word)
        for word in re.split(r"(\s+)", command)
    )


def render_csv(schema: Schema, report: Record) -> str:
    """Return the rows of a report as CSV without formulas for spreadsheets."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(schema.columns)
    writer.writerows([_format_csv_cell(row[name]) for name in schema.columns] for row in report[schema.rows])
    return text.getvalue()


def _format_csv_cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if not isinstance(value, str):
        return value
    first = next((character for character in value if character.isprintable() and not character.isspace()), "")
    return f"'{value}" if first in FORMULA_STARTS or first != value[:1] else value
