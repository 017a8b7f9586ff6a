# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role `ssl_rotation` has done. Private to softlayer.certificates. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .._errors import failed_about
from . import forecast
from .rollout import Record, Settled, key_of, settle
from .rollout_result import Rollout, lists
from .rotation import is_meant
from .sightings import removal, verdicts

LISTS = ("imported", "deployed", "verified", "removed", "skipped", "failed", "unchanged")
"""What a run comes to. `ssl_rotation_result` holds all but the listeners that were left `unchanged`."""
CHANGED_MEANWHILE = {"key_mismatch", "invalid_pem", "bad_passphrase", "not_found"}
"""Reasons of an import that certificates and keys which fitted a moment before can only have if their files have changed."""
ABOUT_SOURCE = ("source", "name", "path")
"""What the result adds to a certificate that was imported."""
ONCE_SEEN = "Would be removed, once it was seen that what replaces it is served."
"""What check mode says about an old certificate: the run removes it only after a look that check mode cannot take."""


@dataclass(frozen=True)
class Rotation:
    """What the modules and filters returned in a run; empty for what was not called."""

    mails: Sequence[Record] = ()
    """From `ssl_fulfillment_email_info`, one for each source."""
    found: Record = field(default_factory=dict)
    """From the reading of the sources: `skipped` and `warnings`; what can be used is in `choice`."""
    store: Record | None = None
    """From `ssl_certificate_info`, before anything was imported; only whether that failed is looked at."""
    choice: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """From `rotation.choose`: `chosen` and `skipped`."""
    imports: Record | None = None
    """From `ssl_certificate_import`, for what was chosen, in its order."""
    listeners: Record | None = None
    """From `ssl_certificate_deploy`: what was done, or in check mode and without the deploy phase, the plan."""
    seen: Record | None = None
    """From `ssl_endpoint_info`, in a run without the deploy phase; in check mode of one with it, for what it would leave as it is."""
    stock: Record | None = None
    """From `ssl_certificate_info`, before old certificates are removed."""
    removal: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """From `what_to_remove`."""
    removed: Sequence[Record] = ()
    """From `ssl_certificate_import`, one for each call."""
    unwritten: Record = field(default_factory=dict)
    """The failure to write the report, if there is one."""


def outcome(
    run: Rotation,
    phases: Collection[str],
    in_words_of_role: Callable[[str], str] = str,
    *,
    is_check_mode: bool,
    tolerated: Collection[str] = (),
) -> dict[str, list[Record]]:
    """Return the content of `ssl_rotation_result`, and under `unchanged` the listeners that were left as they are.

    Args:
        run: what the modules returned.
        phases: those that ran.
        in_words_of_role: replaces names of modules' options in messages by the role's variables.
        is_check_mode: whether nothing was done in fact.
        tolerated: reasons for which a certificate or a listener that failed counts as skipped, if something else is done.
    """
    result: dict[str, list[Record]] = {name: [] for name in LISTS}
    if "import" in phases:
        _add_imports(result, run)
    if run.listeners is not None:
        _add_listeners(result, run, phases, run.listeners, is_check_mode=is_check_mode)
    if run.unwritten:
        result["failed"].append(failed_about("the report", run.unwritten))
    if result["imported"] or result["deployed"] or result["removed"]:
        passing = [one for one in result["failed"] if one.get("reason") in tolerated]
        result["skipped"] += [{**one, "outcome": "skipped"} for one in passing]
        result["failed"] = [one for one in result["failed"] if one not in passing]
    return {name: [_in_words(one, in_words_of_role) for one in records] for name, records in result.items()}


def _in_words(record: Record, in_words_of_role: Callable[[str], str]) -> Record:
    """Return a record whose message has the names of the role's variables; the same record, if it has none of options."""
    message = in_words_of_role(record["message"])
    return record if message == record["message"] else {**record, "message": message}


def _add_imports(result: dict[str, list[Record]], run: Rotation) -> None:
    """Add what became of the certificates of the sources."""
    for answer in run.mails:
        if not answer.get("skipped") and "certificates" not in answer:
            result["failed"].append(failed_about("the mailbox", answer))
    if run.store is not None and "certificates" not in run.store:
        result["failed"].append(failed_about("the certificate store", run.store))
    result["skipped"] += [*run.found.get("skipped", ()), *run.choice.get("skipped", ())]
    if run.imports is None or not run.choice["chosen"]:
        return
    done = run.imports.get("certificates")
    if done is None:
        result["failed"].append(failed_about("the import", run.imports))
        return
    for entry, one in zip(run.choice["chosen"], done, strict=True):
        record = {**one, **{name: entry[name] for name in ABOUT_SOURCE}}
        if one["outcome"] in {"imported", "updated"}:
            result["imported"].append(record)
        elif one["outcome"] == "unchanged":
            result["skipped"].append({**record, "reason": "already_imported"})
        elif one["reason"] in CHANGED_MEANWHILE:
            message = f"Its files were changed while they were read: run it again. {one['message']}"
            result["skipped"].append({**record, "outcome": "skipped", "reason": "being_renewed", "message": message})
        else:
            result["failed"].append(record)


def _add_listeners(
    result: dict[str, list[Record]], run: Rotation, phases: Collection[str], listeners: Record, *, is_check_mode: bool
) -> None:
    """Add what became of the listeners, and of the certificates that were replaced."""
    deploys = "deploy" in phases
    is_forecast = deploys and is_check_mode
    rollout = Rollout(
        listeners,
        is_done=deploys and not is_check_mode,
        seen=None if is_forecast else run.seen,
        stock=run.stock,
        removal=run.removal,
        removed=run.removed,
    )
    for name, records in lists(rollout, phases, is_check_mode=is_check_mode).items():
        result[name] += records
    if deploys and "verify" in phases and not is_check_mode:
        looked_at = listeners.get("listeners", ())
        result["verified"] += [one for one in looked_at if one["served"]]
        result["skipped"] += [one for one in looked_at if one["outcome"] == "unchanged" and one["reason"] is not None]
    result["removed"] += run.removal.get("expected", ())
    if is_forecast:
        _add_seen(result, run, phases, listeners.get("listeners", ()))
        result["removed"] = [{**one, "message": ONCE_SEEN} for one in result["removed"]]


def _add_seen(
    result: dict[str, list[Record]], run: Rotation, phases: Collection[str], listeners: Sequence[Record]
) -> None:
    """Add what was seen in check mode of the listeners that would be left as they are, as a run that looks at them adds it."""
    if run.seen is not None and "endpoints" not in run.seen:
        result["failed"].append(failed_about("what the load balancers serve", run.seen))
    elif run.seen is not None:
        judged = verdicts(_left_alone(listeners), run.seen["endpoints"])
        failed = [one for one in judged if one["outcome"] == "failed"]
        result["failed"] += failed
        # Each listener is in the result once, with what matters most; one that is skipped has a reason from the plan.
        result["skipped"] = _without(failed, result["skipped"])
        if "verify" in phases:
            result["verified"] += [one for one in judged if one["outcome"] == "verified"]
            result["skipped"] += _without(result["skipped"], [one for one in judged if one["outcome"] == "skipped"])


def _without(others: Iterable[Record], records: Iterable[Record]) -> list[Record]:
    """Return records, but not of listeners that others are about."""
    keys = {key_of(one) for one in others if "listener_uuid" in one}
    return [one for one in records if "listener_uuid" not in one or key_of(one) not in keys]


def _left_alone(listeners: Sequence[Record]) -> list[Settled]:
    """Return those listeners of a plan that keep their certificate."""
    return [one for one in settle(listeners, is_done=False) if one.stays]


def what_to_remove(
    run: Rotation,
    chosen: Iterable[Record],
    at: datetime,
    *,
    deploys: bool,
    is_check_mode: bool,
    remove_unseen: bool,
    patterns: Sequence[str] | None,
) -> dict[str, list[Record]]:
    """Decide which old certificates to remove.

    Return `absent`, options of `ssl_certificate_import`; `expected`, records of the store that would be unused after a run in check
    mode; and `kept`. In check mode of a run that deploys, it is assumed that all is done as planned, and that what is switched is seen
    to serve its new certificate.

    Args:
        run: what the modules returned.
        chosen: the certificates that would be imported, in check mode.
        at: the present instant.
        deploys: whether the run has the deploy phase.
        is_check_mode: whether nothing was done in fact.
        remove_unseen: whether listeners that could not be looked at count as serving their certificates.
        patterns: one of which a name of an old certificate must match; `None` means no restriction.
    """
    stock = (run.stock or {}).get("certificates") or ()
    listeners = (run.listeners or {}).get("listeners") or ()
    if deploys and is_check_mode:
        records, settled = forecast.after(stock, listeners, list(chosen))
        looked_at = _left_alone(listeners)
    else:
        records, settled = list(stock), settle(listeners, is_done=deploys)
        looked_at = settled
    seen = (run.seen or {}).get("endpoints")
    judged = () if seen is None else verdicts(looked_at, seen)
    found = removal(records, settled, judged, (), at, remove_unseen=remove_unseen)
    old = {one["id"]: one for one in stock if is_meant(one, patterns)}
    ids = [one for one in found.ids if one in old]
    unused = [one for one in ids if old[one]["associated_service_count"] == 0]
    return {
        "absent": [{"state": "absent", "certificate_id": one} for one in unused],
        "expected": [_expected(old[one]) for one in ids if one not in set(unused)],
        "kept": [one for one in found.kept if one["id"] in old],
    }


def _expected(record: Record) -> Record:
    return {**record, "outcome": "removed", "reason": None, "message": ONCE_SEEN}
