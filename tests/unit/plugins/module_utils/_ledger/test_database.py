# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tables are made of: other releases, and other machines, work with the same ones. What is done in them: test_ledger.py."""

from __future__ import annotations

from dataclasses import fields

import pytest
import sqlalchemy as sa
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.database import Tables, _make_tables
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

HISTORY = "account_id BIGINT NOT NULL, {key}number INTEGER NOT NULL, state VARCHAR(16) NOT NULL, requested_at {time} NOT NULL, lease_until {time} NOT NULL"
TABLES = {
    "emails": (
        "softlayer_ssl_email_requests",
        "order_id BIGINT NOT NULL, email_type VARCHAR(32) NOT NULL, ",
        "noticed_at {time}",
        "account_id, email_type, order_id, number",
    ),
    "creates": (
        "softlayer_ssl_certificate_creates",
        "fingerprint_sha256 VARCHAR(64) NOT NULL, ",
        "certificate_id BIGINT",
        "account_id, fingerprint_sha256, number",
    ),
    "turns": ("softlayer_ssl_listener_turns", "", "begun_at {time}, ended_at {time}", "account_id, number"),
}


@pytest.mark.parametrize(
    ("dialect", "identifier", "time", "primary"),
    [
        (postgresql.dialect(), "BIGSERIAL NOT NULL", "TIMESTAMP WITH TIME ZONE", "PRIMARY KEY (id), "),
        (sqlite.dialect(), "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "DATETIME", ""),
    ],
    ids=["server", "file"],
)
def test_the_tables(dialect: sa.Dialect, identifier: str, time: str, primary: str) -> None:
    tables = _make_tables()
    made = {one.name: str(CreateTable(getattr(tables, one.name)).compile(dialect=dialect)) for one in fields(Tables)}
    made = {name: " ".join(text.split()) for name, text in made.items()}
    for name, (table, key, own, unique) in TABLES.items():
        columns = f"id {identifier}, {HISTORY}, {own}, {primary}UNIQUE ({unique})".format(key=key, time=time)
        assert made.pop(name) == f"CREATE TABLE {table} ( {columns} )"
    assert made == {
        "versions": "CREATE TABLE softlayer_ssl_email_ledger ( id INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (id) )"
    }
