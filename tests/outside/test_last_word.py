# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a TLS client accepts today, it accepts tomorrow, or the run fails and deletes nothing: one way after another to break that.

Random ones are in `test_last_word_at_random`.

Promise: TLS clients continue to accept your listeners.
Promise: A listener never loses its certificate.
Promise: No run succeeds while a certificate is about to expire without a renewal.
Promise: No certificate in use is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from tests.outside.worlds import (
    CREATE,
    DELETE,
    EDIT,
    UPDATE,
    Account,
    Authorities,
    Front,
    Opinion,
    authorities,
    itself,
    judge,
    keys,
    resolve,
)
from tests.support.certificates import PASSPHRASE, Issued, key_pem
from tests.support.client_trees import certbot
from tests.support.modules import Run, finish_module, run_module, start_module

SITE = "www.example.com"
ROTATE, LOOK = "ssl_certificate_rotate", "ssl_endpoint_info"
DUE = (-80, 10)
"""Days of a certificate that is to be renewed now ..."""
IN_TIME = (-20, 70)
"""... and of one that is not."""
NEW = (-1, 89)
NO_ISSUER = "unable to get local issuer certificate"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An empty account, on a machine that trusts the public root alone."""
    with Account(tmp_path) as account:
        monkeypatch.setenv("SSL_CERT_FILE", str(account.public_roots))
        yield account


@pytest.fixture
def by() -> Authorities:
    """Who signs certificates."""
    return authorities()


def run(world: Account, name: str = ROTATE, *, check: bool = False, **options: Any) -> Run:
    """Run a module; what it calls is in ``world.calls``."""
    world.calls.clear()
    given = world.options(**options)
    if name == LOOK:
        given = {key: value for key, value in given.items() if key not in {"ledger_url", "verify_timeout"}}
    return finish_module(start_module(name, check=check, first=partial(resolve, world.names), **given))


def night(world: Account, *sources: Path, check: bool = False, **options: Any) -> Run:
    """A night that deletes what was replaced; in check mode nothing is written."""
    folders = [{"folder": str(folder)} for folder in sources]
    given = {"sources": folders, "remove_superseded": True, "balancer_wait_timeout": 20, **options}
    if not given["sources"]:
        given["phases"] = ["deploy", "verify", "clean_up"]
    ran = run(world, check=check, **given)
    assert not (check and world.writes)
    return ran


def keep(folder: Path, issued: Issued, name: str = "www") -> Path:
    """Put a certificate with its chain and its key into a folder, which is returned."""
    folder.mkdir(exist_ok=True)
    for ending, text in ((".crt", issued.pem), (".ca-bundle", issued.chain_pem), (".key", issued.key_pem)):
        (folder / f"{name}{ending}").write_text(text, encoding="ascii")
    return folder


def attention(ran: Run) -> list[tuple[str, str]]:
    """Load balancer and reason of what needs a person, in order."""
    return [(item["load_balancer"], item["reason"]) for item in ran["attention"]]


def failing(ran: Run) -> set[str | None]:
    """The reasons of what failed."""
    return {item["reason"] for item in ran["failed_items"]}


def accepts(world: Account, front: Front) -> list[bool | None]:
    """What a client of the machine's roots says of a listener, by address."""
    return [opinion.accepts for opinion in front.opinions(world.public_roots).values()]


def listener(ran: Run, front: Front) -> dict[str, Any]:
    """What a result says of a listener."""
    [item] = [each for each in ran["listeners"] if (each["load_balancer"], each["port"]) == front.place]
    return cast("dict[str, Any]", item)


def is_left_alone(world: Account, front: Front, record: int, records: Sequence[int]) -> bool:
    """Whether a listener has the record that it had, none was deleted or created, and none of the calls was to change anything."""
    return front.record_id == record and sorted(world.records) == sorted(records) and not world.writes


# 1: the store keeps fewer issuers than it is given


@pytest.mark.parametrize("keeps", [1, 0], ids=["the first", "none"])
def test_1_the_store_cuts_the_chain(world: Account, by: Authorities, tmp_path: Path, keeps: int) -> None:
    """Night after night: nothing is switched to it, nothing deleted, nothing stored again, and every night is red."""
    before = world.store(by.one.issue(SITE, days=DUE))
    front = world.serve("web", before)
    source = keep(tmp_path / "keys", by.two.issue(SITE, days=NEW))
    world.keeps = keeps
    first = night(world, source)
    assert world.writes == [CREATE], first.output
    assert first.failed and failing(first) == {"chain_truncated"}, first.output
    [item] = first["failed_items"]
    assert "fewer" not in item["message"], item
    assert keeps == 0 or "preferred-chain" in item["message"], item  # where it keeps none, no chain is short enough
    kept = sorted(world.records)
    for number, check in ((2, False), (3, True), (3, False)):
        later = night(world, source, check=check)
        # What was kept without any issuer is given them again: a client may have stored it so.
        world.calls = [call for call in world.calls if keeps or call[0] != EDIT]
        assert later.failed or (check and not keeps), later.output
        assert is_left_alone(world, front, before, kept), (number, later.output)
    assert before in kept and accepts(world, front) == [True]


# 2: the balancer sends no chain after the switch


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("127.0.0.2", "127.0.0.3")], ids=["one address", "one of two"])
def test_2_no_chain_after_the_switch(
    world: Account, by: Authorities, tmp_path: Path, addresses: tuple[str, ...]
) -> None:
    before = world.store(by.one.issue(SITE, days=DUE))
    front = world.serve("web", before, addresses=addresses, sends="nothing new", bare=addresses[-1:])
    ran = night(world, keep(tmp_path / "keys", by.one.issue(SITE, days=NEW)))
    assert world.writes == [CREATE, UPDATE, UPDATE], ran.output
    told_of = listener(ran, front)
    assert ran.failed and (told_of["outcome"], told_of["reason"]) == ("rolled_back", "not_accepted"), ran.output
    assert NO_ISSUER in told_of["message"], told_of
    assert front.record_id == before and before in world.records and set(accepts(world, front)) == {True}


def test_2_what_was_refused_before(world: Account, by: Authorities, tmp_path: Path) -> None:
    """A balancer that never sends a chain is refused before and after: the renewal is served, this is listed, and nothing is deleted."""
    before = world.store(by.one.issue(SITE, days=DUE))
    front = world.serve("web", before, sends="nothing")
    ran = night(world, keep(tmp_path / "keys", by.one.issue(SITE, days=NEW)))
    assert not ran.failed and front.record_id != before, ran.output
    assert attention(ran) == [("web", "not_accepted")], ran.output
    assert listener(ran, front).get("accepted") is False
    (kept,) = [item for item in ran["skipped_items"] if item.get("id") == before]
    assert kept["reason"] == "not_accepted" and f"at web:{front.port}:" in kept["message"] and before in world.records
    night(world, tmp_path / "keys")
    assert before in world.records, "nor on the next night"


# 3: keys that no client takes


@pytest.mark.parametrize("what", ["leaf", "issuer"])
def test_3_keys_that_are_too_weak(world: Account, by: Authorities, tmp_path: Path, what: str) -> None:
    before = world.store(by.one.issue(SITE, days=IN_TIME))
    front = world.serve("web", before)
    weak = by.one.issue(SITE, key=keys("weak")[0]) if what == "leaf" else by.weak.issue(SITE)
    ran = night(world, keep(tmp_path / "keys", weak))
    assert {item["reason"] for item in ran["skipped_items"] if item.get("source")} == {"untrusted"}, ran.output
    assert not ran.failed and is_left_alone(world, front, before, list(world.records)), ran.output
    assert before in world.records and accepts(world, front) == [True]


# 4: issuers end, too


@pytest.mark.parametrize("issuer", ["ended", "leaving"])
def test_4_an_issuer_in_the_served_chain_ends(world: Account, by: Authorities, issuer: str) -> None:
    signer = by.ended if issuer == "ended" else by.leaving
    leaf = signer.issue(SITE, days=IN_TIME)
    front = world.serve("web", world.store(leaf))
    ran = night(world)
    reason = "expired" if issuer == "ended" else "expiring"
    assert attention(ran)[:1] == [("web", reason)], ran.output
    assert ran.failed and ran.code == "attention_needed", ran.output
    item, shown = ran["attention"][0], listener(ran, front)
    for told_of in (item, shown):
        assert told_of["not_after"] == iso(leaf.certificate.not_valid_after_utc)
        assert told_of["effective_not_after"] == iso(signer.certificate.not_valid_after_utc)
        assert "Public CA 1" in told_of["limited_by"]
    assert "Public CA 1" in item["message"] and "chain" in item["message"], item
    assert accepts(world, front) == [issuer == "leaving"]


def iso(moment: Any) -> str:
    """An instant, as results have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def test_4_todays_chain_renews_it(world: Account, by: Authorities, tmp_path: Path) -> None:
    """The remedy that is named helps: the same certificate with today's chain is stored, served, and replaces the other one."""
    leaf = by.ended.issue(SITE, days=IN_TIME)
    before = world.store(leaf)
    front = world.serve("web", before)
    assert accepts(world, front) == [False]
    ran = night(world, keep(tmp_path / "keys", replace(leaf, chain=by.one.chain)))
    assert not ran.failed and world.writes == [CREATE, UPDATE, DELETE], ran.output
    assert accepts(world, front) == [True] and before not in world.records


# 5: levels of trust


def test_5_roots_of_ones_own_are_added(world: Account, by: Authorities) -> None:
    """Who names a root of their own goes on trusting the public ones."""
    before = world.store(by.one.issue(SITE, days=IN_TIME))
    other = world.store(by.staging.issue(SITE, days=NEW))
    front = world.serve("web", before)
    ran = night(world, trusted_ca_path=str(world.own_roots))
    assert is_left_alone(world, front, before, [before, other]), ran.output
    assert (ran.failed, attention(ran)) == (False, [("web", "held_back")]), ran.output
    assert listener(ran, front).get("accepted") is True


def test_5_renewals_of_both_kinds(world: Account, by: Authorities, tmp_path: Path) -> None:
    """With a root of one's own, what a public authority has renewed is imported in the same night."""
    fronts, source = {}, tmp_path / "keys"
    for name, signer in {"public": by.one, "own": by.own}.items():
        site = f"{name}.example.com"
        fronts[name] = world.serve(name, world.store(signer.issue(site, days=DUE)), site)
        keep(source, signer.issue(site, days=NEW, key=keys("rsa")[len(fronts)]), name)
    ran = night(world, source, trusted_ca_path=str(world.own_roots))
    assert not ran.failed and sorted(world.writes) == sorted([CREATE, UPDATE, DELETE] * 2), ran.output
    for name, front in fronts.items():
        assert judge("127.0.0.1", front.port, front.site, world.public_roots, world.own_roots) == Opinion(True), name
        assert listener(ran, front).get("accepted") is True


# 6: the access to the balancers is lost


def test_6_no_balancers_beside_used_records(world: Account, by: Authorities) -> None:
    before = world.store(by.one.issue(SITE, days=(-90, -1)))
    world.serve("web", before)
    world.hides_balancers = True
    for check in (False, True):
        ran = night(world, check=check)
        assert ran.failed and not world.writes, ran.output
        assert "permission" in ran["msg"] or "access" in ran["msg"], ran["msg"]


# 7: what is not valid yet, cannot be read, or is not in the store


def test_7_what_is_served_is_not_valid_before_tomorrow(world: Account, by: Authorities) -> None:
    front = world.serve("web", world.store(by.one.issue(SITE, days=(1, 90))))
    ran = night(world)
    assert ran.failed and ("web", "not_yet_valid") in attention(ran), ran.output
    assert accepts(world, front) == [False] and listener(ran, front).get("accepted") is False


# What a source has for something that is served, and cannot be used


def broken(folder: Path, issued: Issued, why: str) -> dict[str, Any]:
    """Keep a certificate in a way in which nobody can use it; return the options that read it."""
    if why == "key_mismatch":
        own = certbot(folder, "www", issued).own
        key = folder / "archive" / own.name / "privkey1.pem"
        key.write_text(key_pem(keys("rsa")[5]), encoding="ascii")
        return {"sources": [{"certbot": str(folder)}]}
    keep(folder, issued)
    if why == "key_missing":
        (folder / "www.key").unlink()
    else:
        (folder / "www.key").write_text(key_pem(issued.key, passphrase=PASSPHRASE), encoding="ascii")
    return {"sources": [{"folder": str(folder)}], "privatekey_passphrase": "another one"}


WRONG = ("bad_passphrase", "key_missing", "key_mismatch")


@pytest.mark.parametrize("why", WRONG)
@pytest.mark.parametrize("days", [IN_TIME, DUE], ids=["in time", "due"])
def test_c_a_renewal_that_cannot_be_used(
    world: Account, by: Authorities, tmp_path: Path, why: str, days: tuple[float, float]
) -> None:
    """It is told of long before the present one ends; the night is red once that is due, as nothing else renews it."""
    before = world.store(by.one.issue(SITE, days=days))
    front = world.serve("web", before)
    ran = night(world, **broken(tmp_path / "keys", by.one.issue(SITE, days=NEW, key=keys("rsa")[1]), why))
    assert ran.failed == (days == DUE) and (not ran.failed or ran.code == "attention_needed"), ran.output
    assert ("web", "unusable") in attention(ran), ran.output
    assert is_left_alone(world, front, before, [before])


# What a client says, in the other modules


def see_reachable(world: Account, by: Authorities) -> dict[str, tuple[Front, bool | None, str]]:
    """Endpoints of all kinds; whether a client accepts them, and its sentence."""
    ended = by.one.issue(SITE, days=(-90, -1))
    made: dict[str, tuple[Issued, dict[str, Any], bool | None, str]] = {
        "good": (by.one.issue(SITE), {}, True, ""),
        "two issuers": (by.two.issue(SITE), {}, True, ""),
        "no chain": (by.one.issue(SITE), {"sends": "nothing"}, False, NO_ISSUER),
        "staging": (by.staging.issue(SITE), {}, False, NO_ISSUER),
        "itself": (itself(SITE), {}, False, "self-signed certificate"),
        "ended": (ended, {}, False, "certificate has expired"),
        "issuer ended": (by.ended.issue(SITE), {}, False, "certificate has expired"),
        "tomorrow": (by.one.issue(SITE, days=(1, 90)), {}, False, "certificate is not yet valid"),
        "other name": (by.one.issue("other.example.com"), {}, False, "hostname mismatch"),
        "weak": (by.one.issue(SITE, key=keys("weak")[0]), {}, False, "EE certificate key too weak"),
        "weak issuer": (by.weak.issue(SITE), {}, False, "CA certificate key too weak"),
        "closed": (by.one.issue(SITE), {"closed": ("127.0.0.1",)}, None, ""),
    }
    return {
        name: (world.serve(name.replace(" ", "-"), world.store(issued), **how), accepted, sentence)
        for name, (issued, how, accepted, sentence) in made.items()
    }


def test_a_an_endpoint_is_accepted_or_not(world: Account, by: Authorities) -> None:
    """As the client of this test finds it, with its sentence; a weak key is nothing that our own code would have to find."""
    seen = see_reachable(world, by)
    endpoints = [{"host": "127.0.0.1", "port": front.port, "server_name": SITE} for front, _is, _why in seen.values()]
    ran = run_module(LOOK, endpoints=endpoints)
    for (name, (front, accepted, sentence)), shown in zip(seen.items(), ran["endpoints"], strict=True):
        opinion = judge("127.0.0.1", front.port, SITE, world.public_roots)
        assert opinion.accepts is accepted, (name, opinion)
        assert (name, shown.get("accepted", "missing")) == (name, accepted)
        assert sentence.lower() in (shown["message"] or "").lower(), (name, shown["message"])
    assert not ran.failed
