# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as CSV. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import csv
import io

from .states import Record

COLUMNS = (
    *("order_id", "common_name", "name", "product", "status", "state", "reason", "explanation", "message", "attention"),
    *("recipient", "last_requested_at", "next_allowed_at", "mail_found", "mail_date"),
    *("certificate_ids", "certificate_notes", "served_by", "services", "expires_at", "days_left"),
)
"""The fields of a row, in the order of the CSV file."""
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet read text as a formula, including their full-width forms."""


def as_csv(report: Record) -> str:
    """Return the orders of a report as CSV; a spreadsheet reads no value as a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_csv_cell(row[name]) for name in COLUMNS] for row in report["orders"])
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
