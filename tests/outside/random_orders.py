# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts with orders that are drawn at random, days in them, and an oracle that says who may get an email.

The oracle is written from the contract alone. Where the contract leaves something open, it allows either; what it does not allow is wrong.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.outside.worlds import CENTRAL, DAY, Account, Key, Lost, Refusal, Row, authorities, itself, keys, now
from tests.support.forked import ForkedModule
from tests.support.modules import Run, finish_module, given_to

EMAIL = "ssl_fulfillment_email"
ACCOUNT_ID = 307600
Result = tuple[str, str | None]
REQUESTED: Result = ("requested", None)
WORDS = {"Pending CA Approval": "pending", "Approved": "approved", "Complete": "complete", "Canceled": "canceled"}
ODD = {
    "APPROVED": "approved",
    "complete": "complete",
    "CANCELED": "canceled",
    "Cancelled": "canceled",
    "Reissued": "unknown",
    "": "unknown",
}
"""Statuses that are no names of the API: of an unknown status, or what a person reads in them."""
ANSWERS: Mapping[str, set[Result]] = {
    "true": {REQUESTED},
    "false": {("failed", "refused")},
    "answer lost": {("failed", "outcome_unknown")},
    "Internal Error": {("failed", "outcome_unknown")},
    "invalid": {("failed", "api_error")},
    "rate": {("failed", "rate_limited")},
    "gone": {("failed", "not_found"), ("failed", "api_error")},
    "retired": {("failed", "retired")},
}
"""What each answer to `resendEmail` comes to."""
FAULTS = {
    "Internal Error": ("Public", "Internal Error"),
    "invalid": ("InvalidValue", "The email of this order cannot be sent."),
    "rate": ("WebService_RateLimitExceeded", "Rate limit of 50 requests for every 1 second(s)"),
    "gone": ("ObjectNotFound", "Unable to find object with id of '1'."),
    "retired": ("Public", "Function (resendEmail) is not a valid method for this service."),
}
STAYS = "stays"


@dataclass(frozen=True)
class Order:
    """An order; its term is in days from now.

    Attributes:
        names: the DNS names in its CSR.
        csr: whether the API gives the CSR: ``whole``, ``none``, or ``broken``.
        moves_to: the approver's address once the orders were listed, if it is another one by then; ``unreadable`` if nobody can say.
        answer: what `resendEmail` says.
    """

    id: int
    name: str | None = "www.example.com"
    names: tuple[str, ...] = ()
    key: Key | None = None
    csr: str = "none"
    status: str | None = "Complete"
    address: str | None = "admin@example.com"
    begins: float | None = -100
    ends: float | None = 200
    account: int | None = ACCOUNT_ID
    moves_to: str | None = STAYS
    answer: str = "true"

    @cached_property
    def row(self) -> Row:
        """What the API tells of it."""
        row: Row = {"id": self.id, "commonName": self.name, "approverEmailAddress": self.address}
        row |= {
            "createDate": _date(self.begins),
            "effectiveDate": _date(self.begins),
            "expirationDate": _date(self.ends),
        }
        row |= {"accountId": self.account, "technicalContactEmailAddress": "tech@example.com"}
        row["status"] = None if self.status is None else {"id": 49, "name": self.status}
        row["certificateSigningRequest"] = {"none": None, "broken": "-----BEGIN CERTIFICATE REQUEST-----\nno\n"}.get(
            self.csr, self.csr == "whole" and _request(self)
        )
        return row

    @property
    def known_names(self) -> frozenset[str]:
        """The names of which anybody can know, in lower case and ASCII."""
        names = (self.name, *(self.names if self.csr == "whole" else ()))
        return frozenset(_ascii(name) for name in names if name)

    @property
    def statuses(self) -> set[str]:
        """The words for its status; two if the contract leaves it open."""
        return {WORDS[self.status]} if self.status in WORDS else {"unknown", ODD.get(self.status or "", "unknown")}


def _date(days: float | None) -> str | None:
    return None if days is None else (now() + days * DAY).astimezone(CENTRAL).isoformat()


def _ascii(text: str) -> str:
    """A name, or a pattern of names, as DNS has it."""
    return ".".join(part if part.isascii() else part.encode("idna").decode() for part in text.split(".")).lower()


def _request(order: Order) -> str:
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, _ascii(order.name))] if order.name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if order.names:
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in order.names])
        builder = builder.add_extension(names, critical=False)
    assert order.key
    return builder.sign(order.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class OrderAccount(Account):
    """An account with orders.

    Attributes:
        asked: the orders whose email was asked for, each as often as it was, and which email.
        ends_run: the number of the call at which the run is killed, and the run.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.orders: dict[int, Order] = {}
        self.asked: list[tuple[int, str]] = []
        self.ends_run: tuple[int, list[ForkedModule]] | None = None
        self._listed = False

    def begin(self) -> None:
        """Forget what was asked for; the addresses are as they were."""
        self.asked, self._listed = [], False

    def mailed(self) -> list[int]:
        """The orders whose email was asked for."""
        return [number for number, _kind in self.asked]

    def _Request_getSslCertificateRequests(self, _id: int, _account_id: int | None = None) -> list[Row]:
        self._listed = True
        return [order.row for order in self.orders.values()]

    def _Request_getObject(self, identifier: int) -> Row:
        order = self._order(identifier)
        if not self._listed or order.moves_to == STAYS:
            return order.row
        if order.moves_to == "unreadable":
            raise Refusal("Public", "Internal Error")
        return {**order.row, "approverEmailAddress": order.moves_to}

    def _Request_resendEmail(self, identifier: int, kind: str) -> bool:
        order = self._order(identifier)
        self.asked.append((identifier, kind))
        if self.ends_run and self.ends_run[0] == len(self.asked):
            self.ends_run[1][0].kill()
            raise Lost
        if order.answer in FAULTS:
            raise Refusal(*FAULTS[order.answer])
        if order.answer == "answer lost":
            raise Lost
        return order.answer == "true"

    def _order(self, identifier: int) -> Order:
        if identifier not in self.orders:
            raise Refusal("ObjectNotFound", f"Unable to find object with id of '{identifier}'.")
        return self.orders[identifier]


@dataclass(frozen=True)
class Record:
    """A certificate in the store; its term is in days from now."""

    names: tuple[str, ...]
    key: Key
    signer: str
    begins: float
    ends: float
    has_chain: bool

    @property
    def is_valid(self) -> bool:
        """Whether it is valid now."""
        return self.begins < 0 < self.ends


@dataclass(frozen=True)
class Entry:
    """What is known of an earlier request: ``confirmed``, ``unknown``, or in the hands of a run that was ``killed`` just now."""

    kind: str
    hours: float = 0


@dataclass
class World:
    """An account that was drawn, the options of a run in it, and what was requested before."""

    account: OrderAccount
    records: list[Record] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    ledger: dict[int, Entry] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


# The oracle. `None` stands for what the contract leaves open


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Whether one of them holds."""
    known = set(answers)
    return True if True in known else None if None in known else False


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Whether each of them holds."""
    known = set(answers)
    return False if False in known else None if None in known else True


def matches_names(order: Order, patterns: Sequence[str] | None) -> bool | None:
    """Whether patterns of common names match an order."""
    return any(fnmatchcase(name, _ascii(pattern)) for name in order.known_names for pattern in patterns or ())


def matches_address(address: str | None, patterns: Sequence[str] | None) -> bool | None:
    """Whether patterns of addresses match one; several in one text match nothing."""
    if address is None or re.search("[,;]", address):
        return False
    inner = re.search("<(.*)>", address)
    if inner:  # a name is before it
        return None if matches_address(inner[1], patterns) is not False else False

    def matches(change: Any) -> bool:
        return any(fnmatchcase(change(_domain(address)), change(_domain(pattern))) for pattern in patterns or ())

    return True if matches(str) else None if matches(str.lower) else False


def _domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return local + at + ".".join(part if part.isascii() else part.encode("idna").decode() for part in domain.split("."))


def is_imported(order: Order, records: Iterable[Record]) -> bool | None:
    """Whether the store holds a valid certificate of the order's public key and term."""
    if order.csr != "whole":
        return False
    answers: list[bool | None] = [False]
    for record in records:
        if record.key is not order.key or not record.is_valid:
            continue
        begins_in_it = order.begins is not None and record.begins >= order.begins - 2
        ends_after_it = order.ends is not None and record.ends > order.ends + 2
        ends_with_it = order.ends is not None and record.ends >= order.ends - 2
        if begins_in_it or ends_with_it or order.begins is order.ends is None:
            answers.append(None if ends_after_it or record.signer == "itself" else True)
    return any_of(answers)


def is_superseded(order: Order, records: Sequence[Record]) -> bool | None:
    """Whether the store holds a newer certificate that may stand in for the order's.

    Whether that has the names of an earlier certificate for the order's key, too, is open: the order's own may have them.
    """
    earlier = [
        set(record.names) for record in records if record.key is order.key and order.known_names <= set(record.names)
    ]
    return any_of(
        all_of((_supersedes(record, order), None if any(not names <= set(record.names) for names in earlier) else True))
        for record in records
    )


def _supersedes(record: Record, order: Order) -> bool | None:
    if not record.is_valid or record.signer == "itself":
        return False
    if not order.known_names <= set(record.names):
        has_wildcard = any(name.startswith("*") for name in record.names)
        return None if has_wildcard else False
    if order.begins is not None and record.begins < order.begins - 3:
        return False
    is_known = order.csr == "whole" and None not in {order.begins, order.ends}
    is_certain = is_known and record.has_chain and record.signer in {"one", "two"}
    if not is_certain or order.begins is None or order.ends is None:
        return None
    if record.key in keys("ec"):
        return False
    return True if record.begins > order.begins + 3 and record.ends > order.ends + 3 else None


def is_selected(world: World, order: Order) -> bool | None:
    """Whether the options select an order."""
    options, answers = world.options, list[bool | None]()
    for given in (options, options.get("select") or {}):
        if "order_ids" in given:
            answers.append(order.id in given["order_ids"])
        if "common_names" in given:
            answers.append(matches_names(order, given["common_names"]))
    select = options.get("select") or {}
    if "statuses" in select:
        shares = order.statuses & set(select["statuses"])
        answers.append(
            bool(shares) if len(order.statuses) == 1 or order.statuses == shares else None if shares else False
        )
    if "approver_emails" in select:
        is_plain = order.address is None or not re.search("[<,;]", order.address)
        answers.append(matches_address(order.address, select["approver_emails"]) if is_plain else None)
    if "expires_within_days" in select:
        answers.append(order.ends is not None and 0 <= order.ends <= select["expires_within_days"] + 1)
    if select.get("exclude_expired"):
        answers.append(order.ends is None or order.ends > 0)
    if "imported" in select:
        imported, superseded = is_imported(order, world.records), is_superseded(order, world.records)
        had = any(record.key is order.key and not record.is_valid for record in world.records)
        is_open = None in {imported, superseded} or superseded or order.csr != "whole" or had
        answers.append(None if is_open else imported == select["imported"])
    return all_of(answers)


def obstacles(world: World, order: Order) -> Iterator[tuple[bool | None, Result]]:
    """Why an order is not mailed: whether that holds, and what it comes to."""
    options, statuses = world.options, order.statuses
    ineligible = "skipped" if options.get("on_ineligible") == "skip" else "failed"
    for word, reason in (("pending", "pending"), ("canceled", "canceled"), ("unknown", "unknown_status")):
        yield (None if len(statuses) > 1 else True) if word in statuses else False, (ineligible, reason)
    yield order.ends is not None and order.ends < 0, (ineligible, "expired")
    if "allowed_recipients" in options:
        allowed = matches_address(order.address, options["allowed_recipients"])
        yield None if allowed is None else not allowed, ("failed", "recipient_not_allowed")
    if options.get("skip_imported", True) and not options.get("force"):
        imported, superseded = is_imported(order, world.records), is_superseded(order, world.records)
        yield imported, ("skipped", "already_imported")
        # One with its key that lasts longer is another certificate, or its own: the contract's words are for both.
        yield superseded, ("skipped", "superseded")
    entry = world.ledger.get(order.id)
    if entry:
        free = options.get("force", False) or entry.hours >= options.get("min_interval_hours", 24)
        if entry.kind == "confirmed":
            yield not free, ("skipped", "cooldown")
        elif entry.kind == "unknown":
            yield not free, ("failed", "outcome_unknown")
        else:
            yield None if free else True, ("skipped", "outcome_unknown")


def standing(world: World, order: Order) -> str:
    """Whether an order is its account's ``own``, a ``stranger``, which is never mailed, or ``open``: it may be mailed, but only once."""
    asked_for = world.options.get("account_id", ACCOUNT_ID)
    if asked_for == ACCOUNT_ID:
        is_own = order.account == ACCOUNT_ID or (order.account is None and "account_id" not in world.options)
        return "own" if is_own else "open" if order.account is None else "stranger"
    return "open" if order.account == ACCOUNT_ID else "stranger"


def foreseen(world: World, order: Order) -> set[Result]:
    """What may come of an order, as far as anybody can tell before the call."""
    known = list(obstacles(world, order))
    allowed = {result for holds, result in known if holds is not False}
    return allowed if any(holds for holds, _result in known) else {*allowed, REQUESTED}


def is_stopped(world: World, order: Order) -> bool:
    """Whether the last look before the call finds another address, where that matters."""
    return order.moves_to != STAYS and "allowed_recipients" in world.options


# Runs


def begin(world: World, *, check: bool = False, **changed: Any) -> ForkedModule:
    """Begin a run."""
    account = world.account
    account.begin()
    environment = {**os.environ, "SSL_CERT_FILE": str(account.public_roots)}
    options = account.options(timeout=10, **{**world.options, **changed})
    del options["verify_timeout"]
    return ForkedModule(EMAIL, given_to(EMAIL, check=check, **options), environment=environment)


def remember(world: World) -> None:
    """What the ledger knows after a run."""
    for number in world.account.mailed():
        answer = world.account.orders[number].answer
        if REQUESTED in ANSWERS[answer]:
            world.ledger[number] = Entry("confirmed")
        elif ("failed", "outcome_unknown") in ANSWERS[answer]:
            world.ledger[number] = Entry("unknown")


def age(world: World, hours: float) -> None:
    """Let time pass: all that the ledger holds gets older."""
    path = world.account.folder / "ledger.sqlite3"
    world.ledger = {
        number: Entry("unknown" if entry.kind == "killed" else entry.kind, entry.hours + hours)
        for number, entry in world.ledger.items()
    }
    with closing(sqlite3.connect(path)) as database, database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = database.execute(f"SELECT rowid, * FROM {table}")
            names = [each[0] for each in rows.description]
            for row in rows.fetchall():
                for name, value in zip(names, row, strict=True):
                    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d \d\d:", value):
                        aged = (datetime.fromisoformat(value) - timedelta(hours=hours)).isoformat(" ", "microseconds")
                        database.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", (aged, row[0]))


def wrong_with(world: World, run: Run, *, check: bool) -> Iterator[str]:
    """What the contract has against a run."""
    account, options = world.account, world.options
    mailed = Counter(account.mailed())
    yield from (f"{number} is mailed {count} times" for number, count in mailed.items() if count > 1)
    yield from (f"{kind} of {number}" for number, kind in account.asked if kind != "FulfillmentEmail")
    if check and mailed:
        yield f"check mode mails {sorted(mailed)}"
    selected = {number: is_selected(world, order) for number, order in account.orders.items()}
    plans = {
        number: foreseen(world, order) for number, order in account.orders.items() if selected[number] is not False
    }
    standings = {number: standing(world, order) for number, order in account.orders.items()}
    perhaps = {number for number, plan in plans.items() if REQUESTED in plan and standings[number] != "stranger"}
    sure = {
        number for number in perhaps if plans[number] == {REQUESTED} and selected[number] and standings[number] == "own"
    }
    for number in mailed.keys() - perhaps:
        yield f"{number} ({standings[number]}) is mailed, but allowed is {plans.get(number, 'nothing, as it is not selected')}"
    for number in mailed.keys() & perhaps:
        if is_stopped(world, account.orders[number]):
            yield f"{number} is mailed, but its address is another one by then"
    most = options.get("max_orders", 50)
    if "emails" not in run or run.result.get("failure", {}).get("code") == "too_many_orders":
        if mailed:
            yield f"it ends with {run.result.get('msg')}, and mails {sorted(mailed)}"
        if len(perhaps) <= most and not _may_be_refused(world):
            yield f"it is refused: {run.result.get('msg')}"
        elif not run.failed:
            yield "no result, and no failure"
        return
    if len(sure) > most:
        yield f"{len(sure)} would be mailed, and max_orders is {most}"
    results: dict[int, Result] = {each["order_id"]: (each["outcome"], each["reason"]) for each in run["emails"]}
    own = {number for number, where in standings.items() if where == "own"}
    for number in {number for number in own if selected[number]} - results.keys():
        yield f"{number} is selected and not told"
    for number, result in results.items():
        order = account.orders.get(number)
        if order is None:
            if result != ("failed", "not_found"):
                yield f"{number} does not exist: {result}"
            continue
        if number not in own and (result != REQUESTED or standings[number] == "stranger"):
            if result == REQUESTED:
                yield f"{number} is of another account: {result}"
            continue
        if number not in plans:
            yield f"{number} is told and not selected"
            continue
        allowed = plans[number]
        if not check and REQUESTED in allowed:
            allowed = allowed - {REQUESTED} | _answers(world, order, is_called=number in mailed)
        if result not in allowed:
            yield f"{number} comes to {result}{' in check mode' if check else ''}, and may come to {allowed}"
    outcomes = Counter(outcome for outcome, _reason in results.values())
    told = Counter({name: run[f"{name}_count"] for name in ("requested", "skipped", "failed")})
    if +told != outcomes or run["changed"] != bool(outcomes["requested"]) or run.failed != bool(outcomes["failed"]):
        yield f"{told}, changed {run['changed']}, failed {run.failed} for {outcomes}"


def _answers(world: World, order: Order, *, is_called: bool) -> set[Result]:
    if is_called:
        return ANSWERS[order.answer]
    if not is_stopped(world, order):
        return set()
    reasons = (
        ["recipient_changed"] if order.moves_to != "unreadable" else ["api_error", "recipient_changed", "not_found"]
    )
    return {(outcome, reason) for outcome in ("failed", "skipped") for reason in reasons}


def _may_be_refused(world: World) -> bool:
    """Whether the contract lets a run end before it tells of its orders."""
    options, orders = world.options, world.account.orders.values()
    given = [*(options.get("common_names") or ()), *((options.get("select") or {}).get("common_names") or ())]
    matches_nothing = any(not any(matches_names(order, [pattern]) for order in orders) for pattern in given)
    return matches_nothing or any(standing(world, order) != "own" for order in orders)


def results_of(run: Run) -> dict[int, Result]:
    """Outcome and reason of each order; none if the run was refused."""
    return {each["order_id"]: (each["outcome"], each["reason"]) for each in run.result.get("emails", ())}


# What is drawn


def _draw(random: Random, **weights: float) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


SITES = ("www.example.com", "api.example.com", "shop.example.org")
ADDRESSES = (
    *("admin@example.com",) * 6,
    *("admin@example.org", "Admin@Example.COM", "admin@bücher.example", "admin@xn--bcher-kva.example", None),
    *("admin@example.com,other@example.net", "admin@example.com; admin@example.com", "Admin <admin@example.com>"),
    *("admin@example.com.example.net", "hostmaster@example.com"),
)
PATTERNS = ("*@example.com", "admin@example.com", "*@example.org", "*@bücher.example", "*@xn--bcher-kva.example", "*")


def draw_order(random: Random, number: int) -> Order:
    """An order."""
    name = random.choice((*SITES, *SITES, "*.example.com", "WWW.Example.com", "shop.bücher.example", None))
    csr = "whole" if name is None else _draw(random, whole=7, none=1.5, broken=0.7)
    site = "none.example.com" if name is None else _ascii(name)
    names = (site, f"old.{site}") if random.random() < 0.2 else (site,) if name is None or random.random() < 0.5 else ()
    status = random.choice([*WORDS, *("Complete", "Approved") * 5, random.choice([*ODD, None])])
    begins, ends = random.choice(
        ((-100, 200),) * 5 + ((-340, 20), (-400, -30), (-365, -0.1), (-365, 0.1), (-100, None))
    )
    if random.random() < 0.1:
        begins = None
    answer = _draw(random, **{"true": 12, **dict.fromkeys(ANSWERS.keys() - {"true", "retired"}, 0.8)})
    moves = random.choice(("stays",) * 8 + ("other@example.com", "other@example.net", None, "unreadable"))
    address = random.choice(ADDRESSES)
    key = random.choice(keys("rsa"))
    moves_to = STAYS if moves == "stays" or moves == address else moves
    return Order(number, name, names, key, csr, status, address, begins, ends, moves_to=moves_to, answer=answer)


def draw_record(random: Random, orders: Sequence[Order]) -> Record:
    """A certificate that has more or less to do with one of the orders."""
    order = random.choice(orders)
    key = order.key if order.key and random.random() < 0.6 else random.choice((*keys("rsa"), keys("ec")[0]))
    names = tuple(sorted(order.known_names | set(order.names))) or ("none.example.com",)
    names = random.choice(
        (names, names, names, (*names, "more.example.com"), names[:1], ("other.example.com",), ("*.example.com",))
    )
    end = 200.0 if order.ends is None else order.ends
    same = random.choice((end, end, end - 1, end + 1, end - 30, end + 345))
    before = -100.0 if order.begins is None else order.begins - 10  # of an earlier term
    begins, ends = random.choice(
        (
            *((-99.0, same), (-99.0, same), (-20.0, same), (-20.0, 345.0), (-500.0, -10.0), (1.0, 366.0)),
            *((before, end - 30), (before, end - 30)),
        )
    )
    signer = _draw(random, one=5, two=3, own=1, staging=1, itself=1)
    return Record(names, key, signer, begins, max(ends, begins + 1), random.random() < 0.85)


def store(account: OrderAccount, record: Record) -> None:
    """Have a certificate in the store."""
    days = (record.begins, record.ends)
    if record.signer == "itself":
        issued = itself(*record.names, days=days, key=record.key)
    else:
        issued = getattr(authorities(), record.signer).issue(*record.names, days=days, key=record.key)
    account.store(issued, issued.chain if record.has_chain else ())


def draw_options(random: Random, orders: Sequence[Order]) -> dict[str, Any]:
    """The options of a run."""
    ids = [order.id for order in orders]
    names = random.choice(
        (["*"], ["*.example.com"], ["WWW.example.*", "*.bücher.example"], ["*.xn--bcher-kva.example"], ["shop.*"])
    )
    some = random.sample(ids, random.randint(1, len(ids)))
    select = random.choice(
        (
            {},
            {"statuses": random.sample(["pending", "approved", "complete", "canceled", "unknown"], 3)},
            {"expires_within_days": random.choice((0, 30, 365))},
            {"exclude_expired": True, "order_ids": some},
            {"imported": random.random() < 0.5},
            {"approver_emails": random.sample(PATTERNS, 2), "common_names": ["*"]},
        )
    )
    options: dict[str, Any] = random.choice(
        (
            *({"order_ids": ids}, {"order_ids": [*some, 999]}),
            *(
                {"common_names": names},
                {"common_names": ["*"]},
                {"select": select},
                {"select": select, "order_ids": some},
            ),
        )
    )
    if random.random() < 0.5:
        options["allowed_recipients"] = random.choice(
            (random.sample(PATTERNS, 2), ["*@example.com"], ["nobody@example.com"])
        )
    rare = {
        "min_interval_hours": random.choice((0, 1, 48)),
        "force": True,
        "skip_imported": False,
        "max_orders": random.choice((0, 1, 2, 3)),
        "account_id": random.choice((ACCOUNT_ID, ACCOUNT_ID, 4711)),
        "concurrency": 1,
    }
    options |= {name: value for name, value in rare.items() if random.random() < 0.25}
    return {**options, "on_ineligible": random.choice(("fail", "skip"))}


def draw(seed: int, account: OrderAccount) -> World:
    """A world, with what was requested in it before."""
    random = Random(seed)
    world = World(account)
    orders = [draw_order(random, 100 + number) for number in range(random.choice((1, 2, 3, 5, 8)))]
    if random.random() < 0.04:
        orders = [replace(order, answer="retired") for order in orders]
    without = random.random()
    if without < 0.15:
        orders = [replace(order, account=None) for order in orders]
    elif without < 0.2:
        orders[0] = replace(orders[0], account=4242)
    account.orders = {order.id: order for order in orders}
    world.records = [draw_record(random, orders) for _number in range(random.choice((0, 1, 2, 4)))]
    for record in world.records:
        store(account, record)
    for _run in range(random.choice((0, 1, 1, 2))):
        _request_before(random, world)
    world.options = draw_options(random, orders)
    world.words += [
        *map(_shown, orders),
        *map(_shown, world.records),
        f"options: {world.options}",
        f"ledger: {world.ledger}",
    ]
    return world


def _shown(what: Order | Record) -> str:
    """It in words; the keys are others each time."""
    known = (*keys("rsa"), *keys("ec"))
    return re.sub("key=<.*?>", f"key={known.index(what.key) if what.key else None}", str(what))


def _request_before(random: Random, world: World) -> None:
    """An earlier run, which may have been killed, and time that passes after it."""
    account = world.account
    ids = random.sample(list(account.orders), random.randint(1, len(account.orders)))
    world.options = {"order_ids": ids, "min_interval_hours": 0, "skip_imported": False, "concurrency": 1}
    hours = random.choice((0, 0.5, 0.5, 30, 100))
    running: list[ForkedModule] = []
    if random.random() < 0.25:
        account.ends_run = (random.randint(1, len(ids)), running)
    running.append(begin(world))
    running[0].wait(60)
    was_killed = running[0].returncode == -9
    account.ends_run = None
    if was_killed:
        last = account.asked.pop()[0]
        remember(world)
        world.ledger[last] = Entry("killed")
    else:
        remember(world)
    if hours and world.ledger:
        age(world, hours)


def try_orders(seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Three runs in a world, in check mode and two real ones; what they came to, and what is wrong with them."""
    with OrderAccount(folder) as account:
        world = draw(seed, account)
        check = finish_module(begin(world, check=True))
        wrong = [f"check mode: {what}" for what in wrong_with(world, check, check=True)]
        first = finish_module(begin(world))
        wrong += wrong_with(world, first, check=False)
        told, came = results_of(check), results_of(first)
        if told.keys() != came.keys():
            wrong.append(f"check mode tells of {sorted(told)}, the run of {sorted(came)}")
        for number in told.keys() & came.keys():
            if told[number] not in {REQUESTED, came[number]}:
                wrong.append(f"check mode says {told[number]} of {number}, the run {came[number]}")
        mailed = account.mailed()
        remember(world)
        if world.options.get("account_id", ACCOUNT_ID) != ACCOUNT_ID:
            world.options["account_id"] += 1  # another one, under which nobody knows what was sent
        second = finish_module(begin(world))
        wrong += [f"second run: {what}" for what in wrong_with(world, second, check=False)]
    count = Counter(f"{outcome} {reason or ''}" for outcome, reason in came.values())
    count |= Counter({"mailed": len(mailed), "refused": "emails" not in first, "worlds": 1})
    return count, [f"world {seed}: {what}" for what in wrong] + (
        [f"    {line}" for line in world.words] if wrong else []
    )
