# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts that are drawn at random, nights in them, and what a client has against these nights.

What must hold is said by the contract, and judged by Python's `ssl`. The little that a client cannot say, when a certificate is due and
until when a chain lasts, is worked out here once more, from the certificates alone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.outside.worlds import (
    ALL,
    CREATE,
    DELETE,
    EDIT,
    FOR_EVER,
    PEM,
    STORED,
    UPDATE,
    Account,
    Fault,
    Opinion,
    Row,
    Signer,
    authorities,
    itself,
    judge_content,
    keys,
    now,
    resolve,
)
from tests.support.certificates import DAY, Issued, pem_of
from tests.support.client_trees import certbot
from tests.support.forked import ForkedModule
from tests.support.modules import Run, finish_module, given_to

ROTATE = "ssl_certificate_rotate"
NIGHTS = 2 * DAY
"""What is renewed in time begins so long before the present one ends."""
DAYS = {
    "new": (-1, 89),
    "newer": (-0.5, 89.5),
    "fresh": (-20, 70),
    "due": (-80, 10),
    "urgent": (-88, 2.1),
    "ended": (-100, -1),
    "year": (-20, 345),
    "month": (-3, 27),
    "hour": (-0.4, 0.03),
    "tomorrow": (1, 91),
    "tonight": (0.45, 90),
}
"""When a certificate is valid, in days from now; none is near an hour at which it becomes due."""


@dataclass(frozen=True)
class Draw:
    """A certificate that was drawn, and the issuers that somebody keeps beside it."""

    issued: Issued
    kept: tuple[x509.Certificate, ...]
    words: str

    @property
    def as_kept(self) -> Issued:
        """It, with these issuers."""
        return replace(self.issued, chain=self.kept)


@dataclass
class World:
    """An account that was drawn, and what was drawn about the nights in it.

    Attributes:
        is_predictable: whether nothing happens that check mode cannot know.
        sources: the certificates that the client has.
        options: what the module is given.
    """

    seed: int
    account: Account
    is_predictable: bool = True
    sources: list[Draw] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The roots that clients of this account trust."""
        own = (self.account.own_roots,) if "trusted_ca_path" in self.options else ()
        return (self.account.public_roots, *own)


# What is drawn


def _one(random: Random, **weights: float) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


def draw_certificate(random: Random, names: Sequence[str], days: str | None = None) -> Draw:
    """A certificate, more or less of use."""
    by = authorities()
    who = _one(random, one=6, two=3, weak=0.5, own=2, staging=0.8, itself=0.6)
    kind = _one(random, rsa=9, ec=1.2, weak=0.5)
    when = days or _one(
        random,
        **{"new": 4, "newer": 2, "fresh": 3, "due": 3, "urgent": 0.6, "ended": 0.6},
        **{"year": 1, "month": 1, "hour": 0.4, "tomorrow": 0.5, "tonight": 0.5},
    )
    organization = _one(random, none=12, Example=1)
    key = random.choice(keys(kind))
    if who == "itself":
        issued = itself(*names, days=DAYS[when], key=key)
    else:
        signer: Signer = getattr(by, who)
        named = None if organization == "none" else organization
        issued = signer.issue(*names, days=DAYS[when], key=key, organization=named)
    chain = _one(random, whole=9, none=0.7, first=0.5, ended=0.5, leaving=0.7, both=0.5, extra=0.5)
    if who != "one" and chain in {"ended", "leaving", "both"}:
        chain = "whole"
    kept = {
        "whole": issued.chain,
        "none": (),
        "first": issued.chain[:1],
        "ended": by.ended.chain,
        "leaving": by.leaving.chain,
        "both": (*by.ended.chain, *by.one.chain),
        "extra": (*issued.chain, *by.own.chain) if issued.chain else (),
    }[chain]
    return Draw(issued, kept, f"{'+'.join(names)} by {who}, {kind}, {when}, {organization}, chain {chain}")


def draw(seed: int, account: Account, *, quiet: bool = False) -> World:
    """A world; a quiet one has nothing in it that happens later and cannot be foreseen, and one listener at least that is to be switched."""
    random = Random(seed)
    world = World(seed, account)
    sites = [f"{name}.example.com" for name in ("www", "api", "shop")[: random.choice((1, 1, 2, 3))]]
    balancers = _balancers(random, quiet=quiet)
    if not quiet:
        account.keeps = {"all": 99, "one": 1, "none": 0}[_one(random, all=8, one=1.5, none=0.5)]
    account.reads_until_active = random.choice((0, 1, 2))
    world.is_predictable = account.keeps == 99 and not any(how["is_odd"] for how in balancers)
    records: dict[str, list[int]] = {}
    for site in sites:
        records[site] = list(_stored(random, world, site))
    for number in range(random.choice((1, 1, 2, 3, 4))):
        how = dict(random.choice(balancers))
        how.pop("is_odd")
        site = sites[number % len(sites)]
        record = random.choice(records[site])
        name, addresses = how.pop("name"), how.pop("addresses")
        world.words.append(f"listener of {site} on {name} {addresses} has {record} {how}")
        account.serve(name, record, site, addresses, **how)
    for site in sites:
        for _number in range(random.choice((0, 1, 1, 2))):
            names = _names(random, site)
            world.sources.append(
                draw_certificate(random, names, _one(random, new=5, newer=3, any=2).replace("any", "") or None)
            )
    if quiet:
        by, key, site = authorities(), random.choice(keys("rsa")), "due.example.com"
        account.serve("due", account.store(by.one.issue(site, days=DAYS["due"])), site)
        renewed = random.choice((by.one, by.two)).issue(site, days=DAYS["new"], key=key)
        world.sources.append(Draw(renewed, renewed.chain, "what renews it"))
    if world.sources and random.random() < 0.15:
        first = world.sources[0]
        world.sources.append(Draw(first.issued, first.issued.chain, f"{first.words}, once more with its chain"))
    world.words += [f"source has {each.words}" for each in world.sources]
    _options(random, world)
    _endpoints(random, world)
    world.words.append(f"the store keeps {account.keeps}; {world.options}")
    return world


def _names(random: Random, site: str) -> list[str]:
    return [site, f"old.{site}"] if random.random() < 0.15 else [site]


def _balancers(random: Random, *, quiet: bool) -> list[dict[str, Any]]:
    made = []
    for number in range(random.choice((1, 2, 2, 3))):
        addresses = [("127.0.0.1",), ("127.0.0.2", "127.0.0.3")][random.random() < 0.2]
        closed = _one(random, none=9, one=0.5, all=0.6)
        how: dict[str, Any] = {"name": f"lb{number}", "addresses": addresses, "ecdsa": random.random() < 0.2}
        if closed != "none":
            how["closed"] = addresses if closed == "all" else addresses[-1:]
        status = _one(random, ACTIVE=8, ERROR=0.8, busy=0.5, stuck=0.3)
        if status == "ERROR":
            how["status"] = status
        elif status != "ACTIVE":
            how["pending"] = 3 if status == "busy" else FOR_EVER
        sends = _one(random, stored=8, nothing=0.7, new=0 if quiet else 0.9)
        if sends != "stored":
            how["sends"] = "nothing new" if sends == "new" else sends
            if random.random() < 0.3:
                how["bare"] = addresses[-1:]
        how["is_odd"] = sends == "new" or status == "stuck"
        made.append(how)
    return made


def _stored(random: Random, world: World, site: str) -> Iterator[int]:
    """The records of a name: what its listener may have, duplicates of it, and what is newer or older."""
    drawn = [draw_certificate(random, _names(random, site)) for _number in range(random.choice((1, 1, 2, 3)))]
    if random.random() < 0.2:
        again = drawn[0]
        kept = random.choice((again.kept, again.issued.chain))
        drawn.append(Draw(again.issued, kept, f"{again.words}, stored twice"))
    for each in drawn:
        identifier = world.account.store(each.issued, each.kept[: world.account.keeps])
        world.words.append(f"record {identifier}: {each.words}")
        yield identifier


def _options(random: Random, world: World) -> None:
    folder = world.account.folder / "sources"
    options: dict[str, Any] = {
        "remove_superseded": random.random() < 0.75,
        "remove_unverified": random.random() < 0.2,
        "rollback": random.random() < 0.85,
        "import_new": random.random() < 0.15,
        "balancer_wait_timeout": 2,
        "verify_timeout": 3,
        "gather_certificates": False,
    }
    if random.random() < 0.5:
        options["trusted_ca_path"] = str(world.account.own_roots)
    if world.sources:
        is_tree = random.random() < 0.4
        options["sources"] = [{"certbot" if is_tree else "folder": str(folder)}]
        folder.mkdir()
        for number, each in enumerate(world.sources):
            if is_tree:
                certbot(folder, f"lineage{number}", each.as_kept)
                continue
            texts = {".crt": each.issued.pem, ".ca-bundle": pem_of(each.kept), ".key": each.issued.key_pem}
            for ending, text in texts.items():
                (folder / f"{number}{ending}").write_text(text, encoding="ascii")
    else:
        options["phases"] = ["deploy", "verify", "clean_up"]
    world.options = options


def _endpoints(random: Random, world: World) -> None:
    """What else must serve certificates: listeners by their names and addresses, and servers with what they and the sources have, or without."""
    account, endpoints = world.account, []
    for _number in range(random.choice((0, 0, 0, 1, 1, 2))):
        front = random.choice(account.fronts)
        kind = _one(random, name=1, address=1, old=2, new=1, closed=1)
        host, port = random.choice(front.addresses), front.port
        if kind == "name":
            host = front.balancer["address"]
        elif kind != "address":
            record = account.records[front.record_id]
            coming = [each.as_kept for each in world.sources if front.site in read_record_names(each.issued.pem)]
            chain = tuple(map(parsed, PEM.findall(record["_served_chain"])))
            present = Issued(
                load_pem_private_key(record["privateKey"].encode(), None), parsed(record["_served"]), chain
            )  # type: ignore[arg-type]
            issued = random.choice(coming) if kind == "new" and coming else present
            closed = (host := random.choice(("127.0.0.1", "127.0.0.9")),) if kind == "closed" else ()
            port = account.serve_elsewhere(issued, front.site, host, closed).port
        endpoint: dict[str, Any] = {"host": host, "port": port, "server_name": front.site}
        if random.random() < 0.15:
            endpoint["expected"] = {"certificate_id": front.record_id}
        if endpoint["host"] not in {each["host"] for each in endpoints if each["port"] == port}:
            endpoints.append(endpoint)
            world.words.append(f"endpoint {kind} of {front.place}: {endpoint}")
    if endpoints:
        world.options["endpoints"] = endpoints


# What a client says of a record, and until when it lasts


@cache
def parsed(pem: str) -> x509.Certificate:
    """A certificate."""
    return x509.load_pem_x509_certificate(pem.encode())


@cache
def ends(pem: str, chain: str) -> datetime:
    """Until when a chain lasts: of each issuer, the certificate that lasts longest counts."""
    leaf = parsed(pem)
    end, issuers = leaf.not_valid_after_utc, [parsed(block) for block in PEM.findall(chain)]
    while leaf.subject != leaf.issuer:
        above = [each for each in issuers if each.subject == leaf.issuer]
        if not above:
            break
        leaf = max(above, key=lambda each: each.not_valid_after_utc)
        end = min(end, leaf.not_valid_after_utc)
    return end


def is_due(record: Row) -> bool:
    """Whether what a record holds is in the last quarter of its life, at most 30 days before its end."""
    begin, end = parsed(record["certificate"]).not_valid_before_utc, ends(*_served(record))
    return end - now() <= min(timedelta(days=30), (end - begin) / 4)


def _served(record: Row) -> tuple[str, str]:
    return record["_served"], record["_served_chain"]


def read_record_names(pem: str) -> frozenset[str]:
    """The names that a certificate is for."""
    names = parsed(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return frozenset(names.get_values_for_type(x509.DNSName))


def content_opinion(world: World, record: Row, site: str) -> Opinion:
    """What a client says of a server that serves what a record holds."""
    return judge_content(*_served(record), record["privateKey"], site, *world.roots)


# Nights


@dataclass(frozen=True)
class Moment:
    """What there is: the records, what each listener has, and what clients say of it."""

    records: dict[int, Row]
    had: list[int]
    opinions: list[dict[str, Opinion]]

    @classmethod
    def of(cls, world: World) -> Moment:
        """What there is now."""
        account = world.account
        opinions = [front.opinions(*world.roots) for front in account.fronts]
        return cls(
            {key: dict(row) for key, row in account.records.items()},
            [front.record_id for front in account.fronts],
            opinions,
        )


def begin(world: World, *, check: bool = False) -> ForkedModule:
    """Begin a night."""
    account = world.account
    account.calls.clear()
    environment = {**os.environ, "SSL_CERT_FILE": str(account.public_roots)}
    given = given_to(ROTATE, check=check, **account.options(**world.options))
    return ForkedModule(ROTATE, given, environment=environment, first=partial(resolve, account.names))


def night(world: World, *, check: bool = False) -> Run:
    """A night."""
    return finish_module(begin(world, check=check))


def announced(run: Run) -> dict[str, set[Any]]:
    """Each import, switch and deletion of a run."""
    return {
        "imported": {item["fingerprint_sha256"] for item in run["imported"]},
        "deployed": {(item["load_balancer"], item["port"], item["fingerprint_sha256"]) for item in run["deployed"]},
        "removed": {item["id"] for item in run["removed"]},
    }


def listed(run: Run) -> set[tuple[str, int]]:
    """The listeners that need a person."""
    return {(item["load_balancer"], item["port"]) for item in run["attention"]}


def losses(world: World, before: Moment, after: Moment, run: Run | None) -> Iterator[str]:
    """What clients accepted before and refuse now."""
    for front, was, is_current in zip(world.account.fronts, before.opinions, after.opinions, strict=True):
        for address, opinion in was.items():
            if not opinion.accepts or is_current[address].accepts:
                continue
            asked_for = run is not None and not world.options["rollback"]
            if asked_for and run is not None and run.failed and front.place in _failed(run):
                continue
            yield f"{front.place} at {address} was accepted and is not: {is_current[address]}"


def _failed(run: Run) -> set[tuple[str, int]]:
    return {(item["load_balancer"], item["port"]) for item in run["failed_items"] if item.get("port")}


def deletions(world: World, before: Moment, after: Moment) -> Iterator[str]:
    """Records that a client accepts, and that were deleted though it does not accept what takes their place."""
    for identifier in before.records.keys() - after.records.keys():
        record = before.records[identifier]
        if not any(content_opinion(world, record, name).accepts for name in read_record_names(record["certificate"])):
            continue
        if not any(_is_same(left, record) for left in after.records.values()):
            yield from _losses_elsewhere(world, record)
        users = [number for number, had in enumerate(before.had) if _is_same(before.records.get(had), record)]
        if users:
            for number in users:
                yield from _losses_by_deletion(world, record, number, before, after)
            continue
        heirs: dict[int, list[int]] = {}
        for number, has in enumerate(after.had):
            if _covers(after.records.get(has), record):
                heirs.setdefault(has, []).append(number)
        why_not = [
            [why for number in numbers for why in _losses_by_deletion(world, record, number, before, after)]
            for numbers in heirs.values()
        ]
        if all(why_not):  # also if there is none
            yield f"record {identifier}: deleted, and nothing is in its place that could be: {why_not}"


def _losses_by_deletion(world: World, record: Row, number: int, before: Moment, after: Moment) -> Iterator[str]:
    """Why a record must not have been deleted, by a listener whose certificate takes its place."""
    front, heir = world.account.fronts[number], after.records.get(after.had[number])
    what = f"record {record['id']}: deleted, and {front.place}"
    if heir is None:
        yield f"{what} has none"
        return
    for address, opinion in after.opinions[number].items():
        accepts = opinion.accepts
        if accepts is None and not world.options["remove_unverified"]:
            yield f"{what} could not be seen at {address}"
        if accepts is None:
            accepts = content_opinion(world, heir, front.site).accepts
        if not accepts:
            yield f"{what} is not accepted at {address}: {opinion}"
    if ends(*_served(heir)) < ends(*_served(record)):
        yield f"{what} serves {heir['id']}, which ends earlier"


def _losses_elsewhere(world: World, record: Row) -> Iterator[str]:
    """Why a record must not have been deleted, by the servers beside the load balancers."""
    for other in world.account.others:
        [(address, issued)] = other.fixed.items()
        if address in other.closed:
            if other.site in read_record_names(record["certificate"]) and not world.options["remove_unverified"]:
                yield f"record {record['id']}: deleted, and what is served at {address}:{other.port} could not be seen"
        elif issued.certificate == parsed(record["certificate"]):
            yield f"record {record['id']}: deleted, and {address}:{other.port} serves it"


def _is_same(one: Row | None, other: Row) -> bool:
    return one is not None and parsed(one["certificate"]) == parsed(other["certificate"])


def _covers(one: Row | None, other: Row) -> bool:
    return one is not None and read_record_names(one["certificate"]) >= read_record_names(other["certificate"])


def green_lies(world: World, after: Moment, run: Run) -> Iterator[str]:
    """What a green night should have said."""
    if run.failed:
        return
    told = listed(run)
    for front, has, opinions in zip(world.account.fronts, after.had, after.opinions, strict=True):
        refused = [
            f"{address}: {opinion.sentence}" for address, opinion in opinions.items() if opinion.accepts is False
        ]
        if refused and front.place not in told:
            yield f"green, and {front.place} is refused at {refused} and not listed"
        record = after.records[has]
        if parsed(record["certificate"]).not_valid_before_utc > now():
            yield f"green, and {front.place} serves what is not valid yet"
        elif is_due(record) and not _may_be_staged(world, after, record):
            yield f"green, and {front.place} serves what ends at {ends(*_served(record))}, and nothing renews it"


def _may_be_staged(world: World, after: Moment, record: Row) -> bool:
    """Whether there is anything that could renew it later, in time."""
    waiting = [each["certificate"] for each in after.records.values()]
    waiting += [each.issued.pem for each in world.sources]
    end = ends(*_served(record))
    return any(
        now() < parsed(pem).not_valid_before_utc <= end - NIGHTS
        and read_record_names(pem) >= read_record_names(record["certificate"])
        for pem in waiting
    )


def restless(world: World, first: Run, run: Run, *, may_edit: bool = False) -> Iterator[str]:
    """What a second night does, though nothing has happened; what was taken back may be tried again."""
    back = {item["listener_uuid"] for item in first["listeners"] if item["outcome"] == "rolled_back"}
    for method, arguments in world.account.calls:
        if method not in world.account.writes:
            continue
        if method == EDIT and may_edit:
            continue
        if method == UPDATE and {each["listenerUuid"] for each in arguments[1]} <= back:
            continue
        if method == EDIT and world.account.keeps < 99:
            continue  # what has no issuer at all may be from a client that gave none; and drawn records may have more than is kept
        yield f"the second night calls {method} {_shown(arguments)}"
    if run["changed"] and not back:
        yield "the second night says that it has changed something"


def _shown(arguments: tuple[Any, ...]) -> str:
    return "" if arguments and isinstance(arguments[0], dict) else str(arguments)


def try_world(seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Three runs in a world; what they came to, and what is wrong with them."""
    with Account(folder) as account:
        world = draw(seed, account)
        start = Moment.of(world)
        check = night(world, check=True)
        wrong = [f"check mode calls {method}" for method in account.writes]
        first = night(world)
        after = Moment.of(world)
        wrong += [*_results(check), *_results(first)]
        if not wrong:
            wrong += losses(world, start, after, first)
            wrong += deletions(world, start, after)
            wrong += green_lies(world, after, first)
            foreseen, done = announced(check), announced(first)
            if world.is_predictable and foreseen != done:
                wrong += [
                    f"{name}: check mode says {foreseen[name]}, done is {done[name]}"
                    for name in done
                    if foreseen[name] != done[name]
                ]
            second = night(world)
            wrong += _results(second) or [
                *restless(world, first, second),
                *losses(world, after, Moment.of(world), second),
            ]
        came = (
            Counter(dict.fromkeys([f"{name}" for name, items in announced(first).items() if items], 1))
            if "imported" in first
            else Counter()
        )
        came["red" if first.failed else "green"] += 1
        came["predictable"] += world.is_predictable
        came.update(item["reason"] for item in first.result.get("failed_items", ()))
        came.update(f"attention {item['reason']}" for item in first.result.get("attention", ()))
    return came, [f"world {seed}: {what}" for what in wrong] + (
        [f"    {line}" for line in world.words] if wrong else []
    )


def _results(run: Run) -> list[str]:
    """What is wrong if a run ends without any result."""
    return [] if "attention" in run else [f"no result: {run.result.get('msg')}"]


# One fault each

FAULTS = (
    *((method, kind) for method in (CREATE, UPDATE, DELETE) for kind in ("answer lost", "request lost", "refused")),
    *((method, kind) for method in (STORED, ALL) for kind in ("answer lost", "refused", "short")),
    ("store", "cuts"),
    ("balancer", "stays pending"),
    ("listener", "resets"),
    ("listener", "sends no chain"),
    *((method, "SIGTERM") for method in (STORED, ALL, CREATE, UPDATE, DELETE)),
)


def try_fault(seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """A world with one fault in its first night, and two nights after it: nothing is lost, and all comes to rest."""
    random = Random(f"fault {seed}")
    method, kind = random.choice(FAULTS)
    with Account(folder) as account:
        world = draw(seed, account, quiet=True)
        world.options |= {"rollback": True, "remove_superseded": random.random() < 0.9}
        start = Moment.of(world)
        number = random.choice((1, 1, 1, 2))
        running: list[ForkedModule] = []
        front = random.choice((account.fronts[-1], random.choice(account.fronts)))
        if method == "store":
            account.keeps = random.choice((0, 1))
        elif method == "balancer":
            account.reads_until_active = FOR_EVER
        elif kind == "resets":
            front.resets = random.choice((1, 2, 5, 1000))
        elif kind == "sends no chain":
            front.sends = "nothing new"
        elif kind == "SIGTERM":
            account.fault = Fault(method, "told", number, lambda: running[0].terminate())
        else:
            account.fault = Fault(method, kind, number)
        running.append(begin(world))
        first = finish_module(running[0])
        had_fault = account.fault is None
        account.fault = None
        front.resets = 0
        moments = [start, Moment.of(world)]
        wrong = _mishaps(world, moments, first)
        account.calls.clear()
        if method == CREATE:  # a night later, nobody waits any more for a call whose answer was lost
            world.options["ledger_url"] = f"sqlite:///{folder}/later.sqlite3"
        if method == "balancer":
            account.reads_until_active = 1
            account.release()
        runs = [first]
        for _night in range(2):
            runs.append(night(world))
            moments.append(Moment.of(world))
            wrong += _results(runs[-1]) or _mishaps(world, moments, runs[-1])
        if not wrong:
            # A store that has kept more of others may be given the rest again.
            more = restless(world, runs[1], runs[2], may_edit=method == "store")
            wrong += [f"at last: {what}" for what in more]
        came = Counter({f"{kind} {method}": int(had_fault), "red" if first.failed else "green": 1})
    words = [f"    {line}" for line in (f"fault: {kind} {method} {number}", *world.words)]
    return came, [f"world {seed}: {what}" for what in wrong] + (words if wrong else [])


def _mishaps(world: World, moments: Sequence[Moment], run: Run) -> list[str]:
    before, after = moments[-2:]
    wrong = [*losses(world, before, after, run), *deletions(world, before, after)]
    return wrong + (list(green_lies(world, after, run)) if "attention" in run else [])
