# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ssl_certificate_rotate returns, for reports, without any module; that it does return this: test_ssl_certificate_report.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=timezone.utc)
NAME, OTHER = "www.example.com", "api.example.com"


def dates(days: int, at: datetime = NOW) -> dict[str, Any]:
    """The validity of a certificate of 90 days with so many left."""
    begin, end = (format_time(at + timedelta(days=number)) for number in (days - 90, days))
    return {"not_before": begin, "not_after": end, "effective_not_after": end, "limited_by": None}


def place(name: str) -> dict[str, Any]:
    """A listener such as `web:443`."""
    balancer, _colon, port = name.rpartition(":")
    return {"load_balancer": balancer, "load_balancer_uuid": f"uuid-{balancer}", "port": int(port)}


def listener(name: str, days: int = 60, outcome: str = "unchanged", at: datetime = NOW, **given: Any) -> dict[str, Any]:
    """A listener that serves a certificate with so many days left."""
    facts = {
        "common_name": None,
        "subject_alt_names": [NAME],
        "previous_certificate_id": 1,
        "certificate_id": 2 if outcome == "switched" else 1,
        "better_certificate_id": None,
        **dates(days, at),
        "renewal_due": days < 23,
        "days_until_expiry": days,
        "served_name": NAME,
        "reason": None,
        "served": True,
        "accepted": True,
        "message": "The store contains no better certificate.",
    }
    return {**place(name), **facts, "outcome": outcome, **given}


def item(name: str, reason: str, message: str = "Renew it.", **given: Any) -> dict[str, Any]:
    """What needs a person."""
    return {**place(name), "name": NAME, "reason": reason, "cause": None, "message": message, **given}


def cause(record: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
    """What the message of an item repeats: a certificate of a source."""
    return {"reason": reason or record["reason"], **{name: record[name] for name in ("source", "name", "path")}}


def imported(number: int = 2, **given: Any) -> dict[str, Any]:
    """A certificate that was imported."""
    facts = {"id": number, "common_name": None, "subject_alt_names": [NAME], "fingerprint_sha256": f"{number:064x}"}
    return {**facts, "source": "certbot", "name": NAME, "outcome": "imported", "reason": None, **given}


def entry(number: int, reason: str | None, name: str = NAME, days: int = 60, **given: Any) -> dict[str, Any]:
    """A certificate of certbot's."""
    facts = {"source": "certbot", "name": name, "path": f"/etc/letsencrypt/live/{name}/cert.pem", **dates(days)}
    names = {"common_name": None, "subject_alt_names": [name], "fingerprint_sha256": f"{number:064x}"}
    return {**facts, **names, "reason": reason, **given}


def unread(reason: str = "key_missing", name: str = NAME, **given: Any) -> dict[str, Any]:
    """What a source has and cannot be used."""
    facts = {"common_name": None, "subject_alt_names": [], "outcome": "skipped", "message": "Put the key there."}
    path = {"source": "lego", "name": name, "path": f"/srv/lego/{name}.crt"}
    return {**path, **facts, "reason": reason, **given}
