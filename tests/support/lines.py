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


def with_the_rest(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts with what the module says besides: what may stand in for what, why a source's certificate is left out, and each listener.

    What a fact says of itself stays.
    """
    store, entries, needs_trust = facts.get("store"), facts.get("entries") or [], facts.get("needs_trust", True)
    usable = [one for one in entries if _is_valid(one) and (one["trust"] == "trusted" or not needs_trust)]
    if store is not None:
        new = [one for one in (facts.get("result") or {}).get("imported", ()) if one.get("id") and one.get("not_after")]
        rivals = {one["id"]: one for one in (*store, *new)}.values()
        store = [{"superseded_by": [one["id"] for one in rivals if _may_stand_in(one, old)], **old} for old in store]
    told = [{**_decided(one, store or [], usable), **one} for one in entries]
    places = [(record, service) for record in store or () for service in record.get("services") or ()]
    listeners = facts.get("listeners", [_as_it_is(record, service) for record, service in places])
    return {**facts, "store": store, "entries": told, "listeners": listeners}


def _is_valid(one: dict[str, Any]) -> bool:
    return bool(one["not_before"] <= (iso(NOW) or "") < one["not_after"])


def _may_stand_in(new: dict[str, Any], old: dict[str, Any]) -> bool:
    ages = [(one.get("not_before") or "", one.get("not_after") or "") for one in (old, new)]
    alike = all(new.get(name) == old.get(name) for name in ("organization_name", "key_type"))
    names = [set(one.get("subject_alt_names") or ()) for one in (old, new)]
    return ages[0] < ages[1] and alike and bool(names[0]) and names[0] <= names[1] and _is_valid(new)


def _decided(one: dict[str, Any], store: list[dict[str, Any]], usable: list[dict[str, Any]]) -> dict[str, Any]:
    """Why a certificate of a source is not imported, and what it may stand in for."""
    ids = [record["id"] for record in store if _may_stand_in(one, record)]
    if not _is_valid(one):
        reason = "not_yet_valid" if one["not_before"] > (iso(NOW) or "") else "expired"
    elif one not in usable:
        reason = "chain_incomplete" if one["trust"] == "incomplete" else "untrusted"
    elif any(record.get("fingerprint_sha256") == one["fingerprint_sha256"] for record in store):
        reason = "already_imported"
    elif any(_may_stand_in(other, one) for other in (*store, *usable)):
        reason = "superseded"
    elif ids:
        return {"reason": None, "supersedes": ids}
    else:
        names = set(one["subject_alt_names"])
        beyond = [record for record in store if names & set(record.get("subject_alt_names") or ())]
        newer = [record for record in beyond if (record.get("not_before") or "") < one["not_before"]]
        nearest = min(newer, key=lambda record: len(set(record["subject_alt_names"]) - names), default=None)
        reason = "new_name"
        if nearest is not None:
            lacks = not set(nearest["subject_alt_names"]) <= names
            is_other = nearest["organization_name"] != one["organization_name"]
            reason = "names_not_covered" if lacks else "organization_differs" if is_other else "key_type_not_offered"
    return {"reason": reason, "supersedes": []}


def _as_it_is(record: dict[str, Any], service: dict[str, Any]) -> dict[str, Any]:
    name = f"{service['load_balancer']}:{service['port']}"
    names = record.get("subject_alt_names") or []
    better = next(iter(record["superseded_by"]), None)
    return listener(
        name, record["id"], record["id"], "unchanged", subject_alt_names=names, better_certificate_id=better
    )


def moved(value: Any, at: datetime) -> Any:
    """Records as they would be if this was the present instant."""
    if isinstance(value, dict):
        return {key: moved(part, at) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [moved(part, at) for part in value]
    moment = parse(value) if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) else None
    return value if moment is None else iso(moment - NOW + at)
