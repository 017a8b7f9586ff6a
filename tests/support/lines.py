# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of certificates in the store, on listeners and in sources, for reports: what the modules would return, without any module."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso, parse

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=timezone.utc)
NAME, OTHER = "www.example.com", "api.example.com"


def in_days(days: float) -> str:
    """An instant so many days from now."""
    return iso(NOW + timedelta(days=days)) or ""


def certificate(number: int, begins: float, *names: str, days: float = 90, **given: Any) -> dict[str, Any]:
    """A certificate without a subject that began so many days from now and is valid for 90."""
    return {
        "common_name": None,
        "subject_alt_names": list(names or (NAME,)),
        "key_type": "EC",
        "organization_name": None,
        "fingerprint_sha256": f"{number:064x}",
        "not_before": in_days(begins),
        "not_after": in_days(begins + days),
        **given,
    }


def stored(number: int, begins: float, *names: str, at: tuple[str, ...] = (), **given: Any) -> dict[str, Any]:
    """The same in the store, served by listeners such as `web:443`."""
    facts = {"id": number, "notes": "", "associated_service_count": len(at), "services": [place(one) for one in at]}
    return {**certificate(number, begins, *names), **facts, **given}


def place(name: str) -> dict[str, Any]:
    """A listener such as `web:443`."""
    balancer, _colon, port = name.rpartition(":")
    return {
        "load_balancer": balancer,
        "load_balancer_uuid": f"uuid-{balancer}",
        "port": int(port),
        "address": f"{balancer}.lb",
    }


def listener(name: str, old: int | None, new: int | None, outcome: str = "switched", **given: Any) -> dict[str, Any]:
    """A listener as `ssl_certificate_deploy` returns it."""
    facts = {"common_name": None, "subject_alt_names": [NAME], "not_after": None, "reason": None, "message": "Said."}
    return {
        **place(name),
        **facts,
        "previous_certificate_id": old,
        "certificate_id": new,
        "outcome": outcome,
        "served": None,
        **given,
    }


def entry(number: int, begins: float, *names: str, **given: Any) -> dict[str, Any]:
    """A certificate of certbot's."""
    name = (names or (NAME,))[0]
    facts = {"source": "certbot", "name": name, "path": f"/etc/letsencrypt/live/{name}/cert.pem"}
    trust = {"trust": "trusted", "trust_message": None}
    return {**certificate(number, begins, *names), **facts, **trust, **given}


def unread(reason: str = "key_missing", name: str = NAME, **given: Any) -> dict[str, Any]:
    """What a source has and cannot be used."""
    facts = {"common_name": None, "subject_alt_names": [], "outcome": "skipped", "message": "Put the key there."}
    path = {"source": "lego", "name": name, "path": f"/srv/lego/{name}.crt"}
    return {**path, **facts, "reason": reason, **given}


def moved(value: Any, at: datetime) -> Any:
    """Records as they would be if this was the present instant."""
    if isinstance(value, dict):
        return {key: moved(part, at) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [moved(part, at) for part in value]
    moment = parse(value) if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) else None
    return value if moment is None else iso(moment - NOW + at)
