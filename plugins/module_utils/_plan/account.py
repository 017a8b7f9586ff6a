# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to try with an account, what that has shown, and what may be deleted afterwards. Private to softlayer.certificates. Pure.

A fact is true, false, or not known (`None`). The facts hold nothing of the account: no id, no name, no user, no address.
"""

from __future__ import annotations

import json
import math
import re
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .._api.account import Paging, Usage
from .._api.balancers import Balancer
from .._api.store import StoreCertificate
from .._errors import CertificatesError
from .._x509.certificate import Certificate
from .._x509.throwaway import KeyType, is_throwaway, made_at
from .material import plain_notes
from .store_index import ChainLimit, Kept

NOTES = "Throwaway certificate of softlayer.certificates check_account; delete it."
EDITED = "Throwaway certificate of softlayer.certificates check_account, edited; delete it."
"""The notes of what is tried, before and after they are edited: there are no others on what may be deleted."""
YOUNG = timedelta(hours=1)
"""For so long, another run may be at work on a throwaway certificate that this ledger does not know."""
FORMAT = 1
Answer: t.TypeAlias = "bool | None"


# What is read


def compare_usage(usages: Iterable[Usage], balancers: Iterable[Balancer]) -> tuple[Answer, Answer]:
    """Return whether what records say of their users agrees with the load balancers: their listeners, and the number of services.

    The number may be higher, since other services may use a certificate, but never lower. Where nothing is used, nothing is known.
    """
    serving: dict[int | None, set[str]] = {}
    for balancer in balancers:
        for listener in balancer.listeners:
            if listener.is_https:
                serving.setdefault(listener.certificate_id, set()).add(listener.uuid)
    told = [(usage, serving.get(usage.id, set())) for usage in usages]
    used = [(usage, uuids) for usage, uuids in told if uuids or usage.listeners]
    if not used:
        return None, None
    same = all(usage.listeners == frozenset(uuids) for usage, uuids in used)
    counted = all(usage.services is not None and usage.services >= len(uuids) for usage, uuids in used)
    return same, counted


# What is tried


@dataclass(frozen=True)
class Kind:
    """What is special about a throwaway certificate."""

    key_type: KeyType
    has_common_name: bool
    has_issuer: bool = True
    """Whether the issuer of the certificate is in its chain; without it, the chain is wrong."""

    @property
    def shown(self) -> str:
        """What it is, in a sentence."""
        name = "with a common name" if self.has_common_name else "without a common name"
        chain = "with two intermediate certificates" if self.has_issuer else "with a chain that did not issue it"
        return f"{'an EC' if self.key_type == 'EC' else 'an RSA'} certificate {name}, {chain}"


LADDER = (Kind("EC", False), Kind("EC", True), Kind("RSA", False), Kind("RSA", True))
"""The first that the store takes tells about all those before it, so that no more than one has to be stored."""
TrialOutcome = t.Literal["stored", "refused", "not_permitted", "unknown"]


@dataclass(frozen=True)
class Trial:
    """A throwaway certificate, and what became of it."""

    kind: Kind
    name: str
    outcome: TrialOutcome = "unknown"
    said: str | None = None
    """Why the store refused it, in the API's words."""
    message: str = ""
    """Why it was not stored, in a sentence."""
    id: int | None = None
    kept: Kept | None = None
    is_kept_told: Answer = None
    """Whether what the answer to `createObject` says of the chain is what is kept."""
    edited: Answer = None
    listed_after: float | None = None
    """Seconds from the answer to `createObject` until the list had it."""
    deleted: Answer = None
    """`None` also where there was nothing to delete."""
    why_left: str | None = None
    """Why it is, or may be, in the store still."""

    def as_result(self) -> dict[str, t.Any]:
        """Return it in the form of the module's result."""
        return {"name": self.name, "what": self.kind.shown, "outcome": self.outcome, "message": self.message}


def next_kind(trials: Sequence[Trial]) -> Kind | None:
    """Return what to try next; `None` once nothing more can be learnt, or something is left that cannot be deleted."""
    if not trials:
        return LADDER[0]
    last = trials[-1]
    if last.why_left or last.outcome in {"unknown", "not_permitted"} or not last.kind.has_issuer:
        return None
    if last.outcome == "stored":
        return replace(last.kind, has_issuer=False)
    return LADDER[len(trials)] if len(trials) < len(LADDER) else None


def kept_of(given: Sequence[Certificate], there: Sequence[Certificate]) -> Kept:
    """Return which of two or more intermediate certificates the store has kept."""
    kept = [*there]
    for name, part in (("all", given), ("first", given[:1]), ("last", given[-1:]), ("none", ())):
        if kept == [*part]:
            return t.cast(Kept, name)
    return "other"


def learnt(trials: Sequence[Trial]) -> dict[str, t.Any]:
    """Return what trials have shown of the store."""
    whole = [trial for trial in trials if trial.kind.has_issuer]
    taken = next((trial for trial in whole if trial.outcome == "stored"), None)
    wrong = next((trial for trial in trials if not trial.kind.has_issuer), None)
    refused = {trial.kind: trial.said for trial in whole if trial.outcome == "refused"}
    facts: dict[str, t.Any] = dict.fromkeys(STORE_FACTS)
    refusals: dict[str, str | None] = {}
    if taken:
        kind = taken.kind
        after = taken.listed_after
        facts |= {
            "intermediates_kept": taken.kept,
            "create_tells_what_is_kept": taken.is_kept_told,
            "takes_ec_key": kind.key_type == "EC",
            "takes_no_common_name": not kind.has_common_name,
            "listed_after_seconds": None if after is None else math.ceil(after),
        }
        refusals["ec_key"] = refused.get(replace(kind, key_type="EC"))
        refusals["no_common_name"] = refused.get(replace(kind, has_common_name=False))
    elif refused:
        refusals["any"] = whole[-1].said
    if wrong and wrong.outcome in {"stored", "refused"}:
        facts["refuses_wrong_chain"] = wrong.outcome == "refused"
        refusals["wrong_chain"] = wrong.said
    return {**facts, "refusals": {name: said for name, said in refusals.items() if said}}


STORE_FACTS = (
    "intermediates_kept",
    "create_tells_what_is_kept",
    "takes_ec_key",
    "takes_no_common_name",
    "refuses_wrong_chain",
    "listed_after_seconds",
)
"""What only trying can tell of the store; beside them, `refusals` has the API's words."""


def permitted(trials: Sequence[Trial]) -> dict[str, Answer]:
    """Return what trials have shown of what the key may do."""
    outcomes = {trial.outcome for trial in trials}
    create = True if "stored" in outcomes else False if "not_permitted" in outcomes else None
    stored = [trial for trial in trials if trial.outcome == "stored"]
    deleted = {trial.deleted for trial in stored}
    return {
        "create": create,
        "edit": stored[0].edited if stored else None,
        "delete": False if False in deleted else True if True in deleted else None,
    }


UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
HOST = re.compile(r"\b(?:[\w-]+\.)+[a-z][\w-]+\b", re.IGNORECASE)
NETWORK_ADDRESS = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:%\w+)?", re.IGNORECASE)
LONG_NUMBER = re.compile(r"[0-9a-f]*\d{3,}[0-9a-f]*|(?:\d{1,3}\.){3}\d{1,3}", re.IGNORECASE)


def cleaned(words: str, *names: str) -> str:
    """Return the API's words without what could tell whose account it is.

    Args:
        words: one line, as `faults.shorten` returns it.
        names: what is not to be in them in any case, such as the name of the user.
    """
    for name in sorted(filter(None, names), key=len, reverse=True):
        words = re.sub(re.escape(name), "...", words, flags=re.IGNORECASE)
    for form in (ADDRESS, NETWORK_ADDRESS, UUID, HOST, LONG_NUMBER):
        words = form.sub("...", words)
    return words


# What is left


@dataclass(frozen=True)
class Leftover:
    """A throwaway certificate that the store holds."""

    record: StoreCertificate
    why_kept: str | None = None
    """Why it is not deleted; `None` if it may be."""
    is_removed: bool = False

    @property
    def name(self) -> str:
        """Its name."""
        return t.cast(Certificate, self.record.certificate).shown_name

    def as_result(self) -> dict[str, t.Any]:
        """Return it in the form of the module's result."""
        message = self.why_kept or "Removed: it was left there."
        return {"id": self.record.id, "name": self.name, "removed": self.is_removed, "message": message}


def leftovers(records: Iterable[StoreCertificate], ours: Collection[str], at: datetime) -> list[Leftover]:
    """Return the throwaway certificates among records, and which of them may be deleted.

    Args:
        records: the store.
        ours: the fingerprints of those that runs with this ledger have made, of which no other one is at work.
        at: the present instant.
    """
    return [
        Leftover(record, why_not_ours(record, ours, at))
        for record in records
        if record.certificate and is_throwaway(record.certificate)
    ]


def why_not_ours(record: StoreCertificate, ours: Collection[str], at: datetime) -> str | None:
    """Return why a record is not deleted, `None` if it may be."""
    certificate = record.certificate
    if certificate is None or not is_throwaway(certificate):
        return "It is no throwaway certificate, so it is left."
    if plain_notes(record.notes) not in {NOTES, EDITED, ""}:
        return "Somebody has written notes on it, so it is left: delete it in the portal if nobody wants it."
    if record.associated_service_count is None:
        return "The API does not tell whether a service uses it, so it is left: see in the portal that none does, and delete it there."
    if not record.is_surely_unused:
        return "A service uses it, so it is left: have that serve another certificate, and run this again."
    if certificate.fingerprint_sha256 not in ours and at < made_at(certificate) + YOUNG:
        return "Another machine has made it within the last hour and may be at work on it, so it is left: run this again later."
    return None


# The facts


def merged(new: Mapping[str, t.Any], before: Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    """Return the facts of a run; where it has not tried the store, with those of the last one that did."""
    if before is None or new["tried_on"] is not None:
        return dict(new)
    tried = {name: before["store"].get(name) for name in STORE_FACTS}
    refusals = before["store"].get("refusals", {})
    return {**new, "tried_on": before["tried_on"], "store": {**tried, "refusals": refusals}}


def facts_in(content: bytes, path: str) -> dict[str, t.Any]:
    """Return the facts in a file.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    try:
        facts = json.loads(content)
        if facts["format"] > FORMAT:
            why = f"{path} was written by a newer version of the collection: update this one, or run check_account anew with another file."
            raise CertificatesError("invalid_argument", why)
        _check(facts)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise CertificatesError(
            "invalid_argument",
            f"{path} is not what the playbook check_account writes, or is damaged: run that again with try_store=true, or remove the file.",
        ) from None
    return t.cast("dict[str, t.Any]", facts)


def _check(facts: t.Any) -> None:
    if facts["format"] != FORMAT:
        raise ValueError
    store = facts["store"]
    if store["intermediates_kept"] not in {*t.get_args(Kept), None}:
        raise ValueError
    others = {name: store.get(name) for name in STORE_FACTS if name != "intermediates_kept"}
    if not all(value is None or isinstance(value, int) for value in others.values()):
        raise ValueError
    if not all(isinstance(said, str) for said in store.get("refusals", {}).values()):
        raise ValueError
    if facts["tried_on"] is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", facts["tried_on"]):
        raise ValueError


def limit_in(facts: Mapping[str, t.Any]) -> ChainLimit | None:
    """Return what the store is known to keep of several intermediate certificates, if that is not all of them."""
    kept = facts["store"]["intermediates_kept"]
    return ChainLimit(kept, facts["tried_on"]) if kept in {"first", "last", "none"} else None


def facts_of(
    may: Mapping[str, Answer],
    pages: Mapping[str, Paging | None],
    usage: tuple[Answer, Answer],
    trials: Sequence[Trial],
    transport: str,
    at: datetime,
) -> dict[str, t.Any]:
    """Return all that was found, ready for JSON."""
    today = f"{at:%Y-%m-%d}"
    lists: dict[str, t.Any] = {}
    for name, paging in pages.items():
        lists[f"{name}_keep_limit"] = paging.keeps_limit if paging else None
        lists[f"{name}_give_total"] = paging.gives_total if paging else None
    lists |= {"listeners_agree": usage[0], "services_counted": usage[1]}
    return {
        "format": FORMAT,
        "checked_on": today,
        "tried_on": today if any(trial.outcome in {"stored", "refused"} for trial in trials) else None,
        "transport": transport,
        "may": {**may, **permitted(trials)},
        "lists": lists,
        "store": learnt(trials),
    }
