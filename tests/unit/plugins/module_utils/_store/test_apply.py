# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate is created once, whatever other runs and lost answers do; by a clock that only the waiting moves.

Store and ledger are stood in for: the store accepts everything as often as it comes, as the API's does. A record is deleted only
if it is, right before, what it was when it was listed, and surely not in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base import backoff
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import lock as guard
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import (
    Claim,
    Entry,
    Key,
    compute_lease,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import Client
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate
from ansible_collections.softlayer.certificates.plugins.module_utils._store import apply as creates
from ansible_collections.softlayer.certificates.plugins.module_utils._store.apply import (
    Creator,
    carry_out,
    carry_out_one,
    create,
    edit,
    fail_creates_without_ledger,
    remove,
    remove_superseded_record,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store.check import Content
from ansible_collections.softlayer.certificates.plugins.module_utils._store.plan_import import (
    REQUEST,
    ImportAction,
    SupersededCertificate,
    plan_record_removal,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.read import read_request

from tests.support.books import Books
from tests.support.certificates import NOW, Authority, Issued, self_signed
from tests.support.clock import Clock
from tests.support.stored import stored, view_with

ACCOUNT = 7
LEDGER_URL = "sqlite:////ledger"
FIRST = 101
"""The id of the first record."""
TIMEOUT = 30
LEASE = compute_lease(TIMEOUT)
NAME = "www.example.com"
AUTHORITY = Authority()
ISSUED, RENEWED = AUTHORITY.issue(NAME), AUTHORITY.issue(NAME)
DEFAULT_STEM = AUTHORITY.issue(None, names=[NAME])
LONG, LONGER = (Authority("Long", intermediates=2).issue(f"{name}.example.com") for name in "ab")
ALONE = self_signed("alone.example.com")
SECOND = timedelta(seconds=1)
Answer = Callable[["World"], Any]


class OpenedBooks(Books):
    """A ledger that counts how often it is opened, and forbids a create as long as there is an earlier one."""

    opened = 0

    def open(self, url: str | None) -> Books:
        assert url == LEDGER_URL
        self.may_fail("open")
        self.opened += 1
        return self

    def claim(self, key: Key, at: datetime, interval: timedelta | None, lease: timedelta) -> Claim | Entry:
        assert interval is None and lease == LEASE
        return super().claim(key, at, interval, lease)


class World:
    """The API's store, the ledger, and a clock for both."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.books = OpenedBooks()
        self.rows: dict[int, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.listed_at: list[float] = []
        self.answers: list[Answer] = []
        """What comes of the next calls to `createObject`; after them, all goes well."""
        self.attempts: list[Answer] = []
        """What happens before each attempt of the next `createObject`: the API says of all but the last one that it did not process it."""
        self.failing: set[str] = set()
        """Methods whose answers get lost."""
        self.is_silent = False
        """Whether the answer to `createObject` lacks what was kept of the chain: XML-RPC may leave out what is null."""
        self._join_ids = count(FIRST)

    def time(self) -> datetime:
        """What the clock shows."""
        return NOW + self.clock.now * SECOND

    def store(self, issued: Issued, **others: Any) -> int:
        """Put a certificate into the store, and return its id."""
        identifier = next(self._join_ids)
        name = Certificate(issued.der).common_name
        row = {
            "id": identifier,
            "commonName": name,
            "certificate": issued.pem,
            "intermediateCertificate": issued.chain_pem,
        }
        self.rows[identifier] = {**row, **others}
        return identifier

    def call(
        self,
        service: str,
        method: str,
        *arguments: Any,
        identifier: int | None = None,
        mask: str | None = None,
        repeatable: bool = True,
        before_sending: Callable[[], None] | None = None,
    ) -> Any:
        assert service == "Security_Certificate"
        assert mask and "privateKey" not in mask, "otherwise the answer has the key"
        if method == "createObject":
            assert not repeatable and before_sending
            attempts, self.attempts = self.attempts or [nothing], []
            for happen in attempts:
                happen(self)
                before_sending()
        self.calls.append(method)
        if method in self.failing:
            raise CertificatesError("no_answer", f"{method} did not answer.")
        if method == "createObject":
            [template] = arguments
            assert set(template) - {"intermediateCertificate"} == {"certificate", "privateKey"}
            assert mask == "mask[id,intermediateCertificate]"
            answer = self.answers.pop(0)(self) if self.answers else {"id": self.store(made_of(template))}
            if isinstance(answer, dict) and answer.get("id") in self.rows and not self.is_silent:
                answer = {**answer, "intermediateCertificate": self.rows[answer["id"]]["intermediateCertificate"]}
            return answer
        if method == "findByCommonName":
            return [row for row in self.rows.values() if row.get("commonName") == arguments[0]]
        assert method == "getObject"
        if identifier not in self.rows:
            raise CertificatesError("not_found", f"Unable to find object with id of '{identifier}'.")
        return self.rows[identifier]

    def read_list(self, service: str, method: str, *, mask: str, root: str) -> list[dict[str, Any]]:
        assert (service, method, root) == ("Account", "getSecurityCertificates", "securityCertificates")
        assert "privateKey" not in mask
        self.calls.append(method)
        self.listed_at.append(self.clock.now)
        if method in self.failing:
            raise CertificatesError("no_answer", f"{method} did not answer.")
        return list(self.rows.values())

    def fetch_account_id(self) -> int:
        self.calls.append("account_id")
        if "account_id" in self.failing:
            raise CertificatesError("unreachable", "The API is away.")
        return ACCOUNT

    @property
    def created(self) -> int:
        """How often `createObject` was called."""
        return self.calls.count("createObject")

    def client(self) -> Client:
        """A session."""

        def call_for_each(function: Callable[[Any], Any], items: Iterable[Any], *, prepares: bool) -> list[Any]:
            assert prepares, "the ledger is asked before a call"
            return list(map(function, items))

        client = SimpleNamespace(
            settings=SimpleNamespace(timeout=TIMEOUT),
            stop=self.clock,
            call=self.call,
            read_list=self.read_list,
            fetch_account_id=self.fetch_account_id,
            call_for_each=call_for_each,
        )
        return cast(Client, client)

    def run(self, *certificates: Issued) -> Creator:
        """A run that may create these certificates."""
        return Creator(self.client(), LEDGER_URL, list(map(creation, certificates or (ISSUED,))), self.time)

    def create(self, issued: Issued = ISSUED, run: Creator | None = None, *, is_second: bool = False) -> int:
        """Create a certificate; return the id of its record, which must be there, whoever created it."""
        return self.make(issued, run, is_second=is_second).id

    def make(self, issued: Issued = ISSUED, run: Creator | None = None, *, is_second: bool = False) -> StoreCertificate:
        """Create a certificate; return its record, whoever created it."""
        before = self.created
        record, is_ours = (run or self.run(issued)).create(creation(issued, is_second=is_second))
        assert record.certificate == Certificate(issued.der) and is_ours is (self.created > before)
        return record

    def refusal(self, issued: Issued = ISSUED, run: Creator | None = None) -> CertificatesError:
        """Why a certificate was not created."""
        with pytest.raises(CertificatesError) as caught:
            self.create(issued, run)
        return caught.value

    def claimed_by_another(self, issued: Issued = ISSUED, *, seconds_ago: float = 0) -> Claim:
        """Another run has claimed it."""
        made = self.books.claim(build_ledger_key(issued), self.time() - seconds_ago * SECOND, None, LEASE)
        assert isinstance(made, Claim)
        return made

    def state(self, issued: Issued = ISSUED) -> tuple[str, int | None] | None:
        """What the ledger has on record."""
        entry = self.books.entries.get(build_ledger_key(issued))
        return entry and (entry.state, entry.certificate_id)


def build_ledger_key(issued: Issued) -> Key:
    """What the ledger knows a certificate by."""
    return Key("create", f"{ACCOUNT}/{issued.fingerprint}")


def creation(issued: Issued, *, is_second: bool = False) -> ImportAction:
    """What is to be created; a second record is for what the store has already, without its chain."""
    certificate = Certificate(issued.der)
    chain = tuple(map(Certificate.from_library, issued.chain))
    content = Content(certificate, issued.key_pem, chain, request=None, notes=None)
    incomplete = frozenset([FIRST]) if is_second else frozenset()
    return ImportAction("imported", None, {}, certificate=certificate, content=content, incomplete_ids=incomplete)


def made_of(template: dict[str, str]) -> Issued:
    """The certificate in a template."""
    every = (ISSUED, RENEWED, DEFAULT_STEM, LONG, LONGER, ALONE)
    return next(one for one in every if one.pem == template["certificate"])


def failure(code: Any, **details: Any) -> Answer:
    """An answer that is an error of the client."""

    def answer(_world: World) -> Any:
        raise CertificatesError(code, "It failed.", **details)

    return answer


def stored_but(answer: Answer) -> Answer:
    """It is stored before that happens."""

    def both(world: World) -> Any:
        world.store(ISSUED)
        return answer(world)

    return both


def cut_to(kept: str | None) -> Answer:
    """The store keeps this as the chain."""
    return lambda world: {"id": world.store(ISSUED, intermediateCertificate=kept)}


def nothing(_world: World) -> None:
    """An attempt is made at once."""


def much_later(world: World) -> None:
    """An attempt has to wait for its turn."""
    world.clock.wait(TIMEOUT + 1)


LOST = failure("no_answer")
WITHOUT_ID: dict[str, Answer] = {"lost": LOST, "true": lambda _world: True, "no_id": lambda _world: {"notes": ""}}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty store, an empty ledger, and pauses that are not drawn by lot."""
    world = World()
    monkeypatch.setattr(creates, "Ledger", world.books.open)
    for module in (creates, guard):
        monkeypatch.setattr(module, "read_clock", lambda: world.clock.now)
    monkeypatch.setattr(backoff.random, "random", lambda: 0.5)
    return world


# Alone


def test_a_create_is_claimed_before_it_is_sent_and_confirmed_after_it(world: World) -> None:
    seen: list[object] = []
    world.answers = [lambda world: seen.append(world.state()) or {"id": world.store(ISSUED)}]
    assert world.create() == 101
    assert seen == [("claimed", None)]
    assert world.state() == ("confirmed", 101)
    assert world.calls == ["account_id", "createObject"] and world.clock.waits == []


@pytest.mark.parametrize("failing", ["open", "find_last_requests", "account_id"])
def test_what_keeps_the_first_from_being_created_keeps_all(world: World, failing: str) -> None:
    """Each would only wait for the same again."""
    world.books.failing_acts.add(failing)
    world.failing.add(failing)
    run = world.run(ISSUED, RENEWED)
    first = world.refusal(ISSUED, run)
    assert first.code == ("unreachable" if failing == "account_id" else "ledger_unavailable")
    world.books.failing_acts.clear()
    world.failing.clear()
    assert world.refusal(RENEWED, run) is first
    run.close()
    assert world.created == 0 and world.books.closed == world.books.opened == (failing != "open")


def test_without_a_claim_nothing_is_sent(world: World) -> None:
    world.books.failing_acts.add("claim")
    assert world.refusal().code == "ledger_unavailable"
    assert world.created == 0


@pytest.mark.parametrize("code", ["api_error", "rate_limited", "unreachable", "authentication_failed", "interrupted"])
@pytest.mark.parametrize("is_noted", [True, False])
def test_what_was_surely_not_created_is_released(world: World, code: str, is_noted: bool) -> None:
    """If that cannot be noted, the error stays the same, and the lease ends some time."""
    world.answers = [failure(code)]
    if not is_noted:
        world.books.failing_acts.add("release")
    assert world.refusal().code == code
    assert world.state() == (None if is_noted else ("claimed", None))
    assert world.calls == ["account_id", "createObject"]


# After a lost answer


@pytest.mark.parametrize("answer", WITHOUT_ID)
@pytest.mark.parametrize("is_noted", [True, False])
def test_what_was_created_is_found_in_the_store_by_its_name(world: World, answer: str, is_noted: bool) -> None:
    """Others of the same name are not taken for it."""
    world.store(RENEWED)
    world.answers = [stored_but(WITHOUT_ID[answer])]
    if not is_noted:
        world.books.failing_acts.add("confirm")
    assert world.create() == 102
    assert world.state() == (("confirmed", 102) if is_noted else ("claimed", None))
    assert world.calls[1:] == ["createObject", "findByCommonName"]


def test_what_has_no_common_name_is_searched_for_in_the_whole_store_at_once(world: World) -> None:
    world.answers = [lambda world: world.store(DEFAULT_STEM) and None]
    assert world.create(DEFAULT_STEM) == 101
    assert world.calls[1:] == ["createObject", "getSecurityCertificates"]


# Calls that are made again


def begun(seconds: float) -> Answer:
    """An attempt is made when the clock shows this."""
    return lambda world: setattr(world.clock, "now", seconds)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [
        ([begun(TIMEOUT)], 0),
        ([begun(TIMEOUT + 0.001)], TIMEOUT + 0.001),
        ([begun(-0.001)], -0.001),
        ([much_later] * 3, 3 * TIMEOUT + 3),
    ],
    ids=["in time", "late", "put back", "late again"],
)
def test_the_lease_is_renewed_if_the_call_begins_late(world: World, attempts: list[Answer], seconds: float) -> None:
    """So that the call has ended before the lease has; nor is a clock trusted that was put back meanwhile."""
    leases: list[datetime | None] = []

    def look(world: World) -> Any:
        leases.append(world.books.entries[build_ledger_key(ISSUED)].lease_until)
        return {"id": world.store(ISSUED)}

    world.attempts, world.answers = attempts, [look]
    assert world.create() == 101
    assert leases == [NOW + seconds * SECOND + LEASE] and world.state() == ("confirmed", 101)


def test_a_claim_that_another_run_has_taken_over_is_not_used(world: World) -> None:
    """Nothing is sent, and what the other run stores is used."""

    def taken_over(world: World) -> None:
        much_later(world)
        del world.books.entries[build_ledger_key(ISSUED)]
        other = world.claimed_by_another()
        world.clock.after(5, lambda: world.books.confirm(other, world.store(ISSUED)))

    world.attempts = [nothing, taken_over]
    assert world.create() == 101
    assert world.created == 0
    assert world.state() == ("confirmed", 101)


# While another run is at it


def test_another_run_is_waited_for_and_its_record_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pauses that are up to half as long again."""
    monkeypatch.setattr(backoff.random, "random", lambda: 1.0)
    other = world.claimed_by_another()
    world.clock.after(7, lambda: world.books.confirm(other, world.store(ISSUED)))
    assert world.create() == 101
    assert world.created == 0 and world.state() == ("confirmed", 101)
    assert world.clock.waits == [0.15, 0.3, 0.6, 1.2, 2.4, 3]


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_dead_run_is_taken_over(world: World, is_stored: bool) -> None:
    """After its lease, for which it was seen from the first check on, whatever its clock says; the store tells how far it came."""
    world.clock.now = 10_000
    world.claimed_by_another(seconds_ago=-3600)
    if is_stored:
        world.store(ISSUED)
    assert world.create() == 101
    assert (world.created, world.state()) == (0 if is_stored else 1, ("confirmed", 101))
    [listed] = world.listed_at
    assert "getObject" not in world.calls, "the listing has told it"
    assert LEASE.total_seconds() <= listed - 10_000 <= LEASE.total_seconds() + 2


def test_the_wait_for_dead_runs_ends_for_all_certificates_at_the_same_time(world: World) -> None:
    """And one listing of the store serves them all."""
    for one in (ISSUED, RENEWED):
        world.claimed_by_another(one)
    run = world.run(ISSUED, RENEWED)
    assert world.create(ISSUED, run) == 101
    waited = world.clock.now
    assert world.create(RENEWED, run) == 102
    assert world.clock.now == waited < LEASE.total_seconds() + 2
    assert len(world.listed_at) == 1


def test_a_listing_from_before_the_end_of_a_claim_does_not_count(world: World) -> None:
    """What the other run was storing then may have come after it."""
    world.claimed_by_another(ISSUED)
    run = world.run(ISSUED)  # the other one is not watched from the beginning
    assert world.create(ISSUED, run) == 101
    world.claimed_by_another(RENEWED)
    world.clock.after(1, lambda: world.store(RENEWED))
    assert world.create(RENEWED, run) == 102
    assert world.created == 1
    first, second = world.listed_at
    assert second - first >= LEASE.total_seconds()


def test_of_a_claim_that_is_taken_over_by_two_only_one_creates(world: World) -> None:
    """The other one took it over while this one looked into the store."""
    world.claimed_by_another(seconds_ago=3600)
    listing = world.read_list

    def overtaken(*arguments: Any, **options: Any) -> Any:
        world.books.entries.clear()
        other = world.claimed_by_another()
        world.clock.after(5, lambda: world.books.confirm(other, world.store(ISSUED)))
        return listing(*arguments, **options)

    world.read_list = overtaken  # type: ignore[method-assign]
    assert world.create() == 101
    assert world.created == 0


# What another run has created


@pytest.mark.parametrize("now_there", [None, RENEWED], ids=["gone", "another_certificate"])
def test_a_record_that_is_not_what_it_was_does_not_count(world: World, now_there: Issued | None) -> None:
    """It was deleted since then."""
    world.books.confirm(world.claimed_by_another(), world.store(ISSUED))
    del world.rows[101]
    if now_there:
        world.rows[101] = world.rows.pop(world.store(now_there)) | {"id": 101}
    made = world.create()
    assert made > 101 and world.state() == ("confirmed", made)
    assert world.calls == ["account_id", "getObject", "createObject"]


@pytest.mark.parametrize(("failing", "code"), [(set(), "api_error"), ({"getObject"}, "no_answer")])
def test_a_record_that_cannot_be_read_is_not_created_again(world: World, failing: set[str], code: str) -> None:
    world.books.confirm(world.claimed_by_another(), world.store(ISSUED, certificate=""))
    world.failing = failing
    refusal = world.refusal()
    assert (refusal.code, refusal.details.get("is_stored", False)) == (code, code == "api_error")
    assert world.created == 0 and world.state() == ("confirmed", 101)


@pytest.mark.parametrize("is_stored", [True, False])
def test_what_was_created_without_a_note_of_its_id_is_searched_for_in_the_store(world: World, is_stored: bool) -> None:
    world.books.confirm(world.claimed_by_another())
    if is_stored:
        world.store(ISSUED)
    assert world.create() == 101
    assert (world.created, world.state()) == (0 if is_stored else 1, ("confirmed", 101))
    assert world.clock.waits == []


# A second record, of a certificate whose first one lacks issuers and cannot be changed


@pytest.fixture
def first(world: World) -> int:
    """The first record."""
    identifier = world.store(ISSUED, intermediateCertificate="")
    world.books.confirm(world.claimed_by_another(), identifier)
    return identifier


def test_the_first_record_is_not_taken_for_the_second(world: World, first: int) -> None:
    """After a lost answer."""
    world.answers = [LOST, stored_but(LOST)]
    with pytest.raises(CertificatesError, match="It failed"):
        world.create(is_second=True)
    world.books.entries.clear()
    assert world.create(is_second=True) == first + 1


# What the store keeps


CHAIN = tuple(map(Certificate.from_library, ISSUED.chain))


@pytest.mark.parametrize("kept", ["", None, ISSUED.chain_pem], ids=["none", "null", "all"])
def test_an_answer_that_does_not_say_has_the_record_read_once(world: World, kept: str | None) -> None:
    world.is_silent, world.answers = True, [cut_to(kept)]
    made = world.make()
    assert made.intermediates == (CHAIN if kept else ())
    assert world.calls == ["account_id", "createObject", "getObject"] and world.state() == ("confirmed", made.id)


def test_of_a_longer_chain_the_record_is_read_until_an_answer_was_right(world: World) -> None:
    """Some answers repeat what was sent."""
    run = world.run(LONG, LONGER)
    assert [len(world.make(one, run).intermediates) for one in (LONG, LONGER)] == [2, 2]
    assert world.calls == ["account_id", "createObject", "getObject", "createObject"]


def test_nothing_is_read_without_a_chain_or_where_the_record_was_searched_for(world: World) -> None:
    world.is_silent = True
    assert world.make(ALONE).intermediates == ()
    world.answers = [lambda world: world.store(LONG, intermediateCertificate="") and LOST(world)]
    assert world.make(LONG).intermediates == () and "getObject" not in world.calls


def test_what_was_kept_is_not_guessed(world: World) -> None:
    """It is stored, and the next run looks at it."""
    world.is_silent = True
    world.failing.add("getObject")
    refusal = world.refusal()
    assert (refusal.code, refusal.details) == ("api_error", {"is_stored": True})
    assert world.state() == ("confirmed", FIRST)


# Told to stop


def test_a_run_that_is_interrupted_claims_nothing(world: World) -> None:
    world.clock.set()
    assert world.refusal().code == "interrupted"
    assert world.created == 0 and world.state() is None


def test_a_run_that_is_interrupted_waits_no_longer(world: World) -> None:
    world.claimed_by_another()
    world.clock.after(5, world.clock.set)
    assert world.refusal().code == "interrupted"
    assert world.created == 0 and world.state() == ("claimed", None)
    assert world.clock.now < 8


# Deletion


ROW = {"id": 7, "certificate": ISSUED.pem, "associatedServiceCount": 0, "lbaasListeners": []}
NO_ANSWER = CertificatesError("no_answer", "No answer came.", call="getObject")
GONE = CertificatesError("not_found", "Unable to find object with id of '7'.")


class Store:
    """Stands for the client: one record, as it is by now, and what comes of its deletion."""

    def __init__(
        self, row: dict[str, Any] | CertificatesError, deletion: Any = True, *, is_listed: bool | None = True
    ) -> None:
        self.answers = {"getObject": row, "deleteObject": deletion}
        self.row_after: dict[str, Any] | CertificatesError = row
        """The record once its deletion was tried."""
        self.is_listed = is_listed
        self.calls: list[str] = []
        self.warnings: list[str] = []
        self.warn = self.warnings.append

    def call(self, _service: str, method: str, **_how: Any) -> Any:
        self.calls.append(method)
        answer = self.answers[method]
        if method == "deleteObject":
            self.answers["getObject"] = self.row_after
        if isinstance(answer, CertificatesError):
            raise answer
        return answer

    def read_list(self, *_what: Any, **_how: Any) -> list[dict[str, Any]]:
        if self.is_listed is None:
            raise NO_ANSWER
        return [ROW] if self.is_listed else []

    def delete(self) -> bool:
        """Delete the record that was listed; return whether that is what has deleted it."""
        return remove(cast(Client, self), 7, Certificate(ISSUED.der))


@pytest.mark.parametrize(
    ("since", "code"),
    [
        ({"associatedServiceCount": 1}, "in_use"),
        ({"lbaasListeners": [{"id": 1, "uuid": "a"}]}, "in_use"),
        ({"associatedServiceCount": None}, "in_use"),
        ({"associatedServiceCount": "many", "lbaasListeners": None}, "in_use"),
        ({"certificate": RENEWED.pem}, "ambiguous"),
        ({"certificate": "-----BEGIN"}, "ambiguous"),
    ],
    ids=["by its count", "by a listener", "use not told", "a count that is none", "renewed in place", "not readable"],
)
def test_what_was_changed_since_it_was_listed_stays(since: dict[str, Any], code: str) -> None:
    store = Store({**ROW, **since}, is_listed=False)
    with pytest.raises(CertificatesError) as caught:
        store.delete()
    assert (caught.value.code, store.calls) == (code, ["getObject"])
    assert not remove_superseded_record(cast(Client, store), stored(7, ISSUED))
    assert caught.value.message in store.warnings[0] and "deleteObject" not in store.calls


@pytest.mark.parametrize(
    ("row", "code"), [(NO_ANSWER, "api_error"), (GONE, "not_found")], ids=["no answer", "not found"]
)
def test_what_cannot_be_read_again_stays(row: CertificatesError, code: str) -> None:
    """It may be there all the same: the API tells who may not see it that there is none."""
    store = Store(row)
    with pytest.raises(CertificatesError) as caught:
        store.delete()
    assert (caught.value.code, store.calls, caught.value.details) == (
        code,
        ["getObject"],
        row.details if code == "api_error" else {},
    )


@pytest.mark.parametrize(
    ("row", "deletion", "is_own"),
    [(GONE, True, False), (ROW, NO_ANSWER, True), (ROW, GONE, False)],
    ids=["before", "no answer", "meanwhile"],
)
def test_what_is_not_listed_any_more_is_as_good_as_deleted(row: Any, deletion: Any, is_own: bool) -> None:
    """By this run, only if it was that: a deletion whose answer was lost is."""
    assert Store(row, deletion, is_listed=False).delete() == is_own
    store = Store(row, deletion, is_listed=False)
    assert remove_superseded_record(cast(Client, store), stored(7, ISSUED)) == is_own
    why = "Cannot remove the superseded certificate 7: another user or run has already deleted the certificate."
    assert store.warnings == ([] if is_own else [why])
    step = carry_out_one(cast(Client, store), cast(Creator, None), plan_record_removal(stored(7, ISSUED)))
    assert (step.outcome, step.reason, step.has_changes) == ("removed" if is_own else "unchanged", None, is_own)
    assert step.facts == ({} if is_own else {"is_gone": True})


@pytest.mark.parametrize("deletion", [NO_ANSWER, False, CertificatesError("unreachable", "Away.")])
def test_what_is_listed_still_was_not_deleted(deletion: Any) -> None:
    """Nor may that be said where the list cannot be read."""
    store = Store(ROW)
    assert store.delete() and store.calls == ["getObject", "deleteObject"]
    for is_listed in (True, None):
        with pytest.raises(CertificatesError):
            Store(ROW, deletion, is_listed=is_listed).delete()


REFUSED = CertificatesError("refused", "The store rejected the request: there are associated services.")


@pytest.mark.parametrize(
    ("since", "code"),
    [
        ({"associatedServiceCount": 1}, "in_use"),
        ({"lbaasListeners": [{"id": 1, "uuid": "a"}]}, "in_use"),
        ({"associatedServiceCount": None, "lbaasListeners": None}, "refused"),
        ({}, "refused"),
    ],
    ids=["by its count", "by a listener", "not told", "unused"],
)
@pytest.mark.parametrize("deletion", [REFUSED, False], ids=["a fault", "false"])
def test_a_deletion_that_is_refused_since_another_user_uses_the_record_again(
    since: dict[str, Any], code: str, deletion: Any
) -> None:
    store = Store(ROW, deletion)
    store.row_after = {**ROW, **since}
    with pytest.raises(CertificatesError) as caught:
        store.delete()
    assert (caught.value.code, store.calls) == (code, ["getObject", "deleteObject", "getObject"])
    assert ("A service started to use the certificate during the run." in caught.value.message) == (code == "in_use")


def test_an_import_that_failed_is_reported_as_one() -> None:
    class Creating:
        def __init__(self, error: CertificatesError) -> None:
            self.error = error

        def create(self, _creation: ImportAction) -> Any:
            raise self.error

    def facts(error: CertificatesError) -> Mapping[str, Any]:
        return carry_out_one(cast(Client, None), cast(Creator, Creating(error)), creation(ISSUED)).facts

    assert facts(REFUSED) == {"error": REFUSED.message, "planned": "imported", "id": None}
    stored_all_the_same = CertificatesError("api_error", "It is stored as certificate 7.", is_stored=True)
    for error in (stored_all_the_same, CertificatesError("interrupted", "The run was told to stop.")):
        assert facts(error) == {"error": error.message}


def test_a_refusal_after_which_the_record_cannot_be_read_stays_one() -> None:
    for after in (NO_ANSWER, GONE):
        store = Store(ROW, REFUSED)
        store.row_after = after
        with pytest.raises(CertificatesError, match="associated services") as caught:
            store.delete()
        assert caught.value.code == "refused"


@pytest.mark.parametrize("code", ["refused", "no_answer", "rate_limited"])
@pytest.mark.parametrize("name", ["www.example.com", None])
def test_the_store_may_not_take_a_certificate_without_a_common_name(name: str | None, code: Any) -> None:
    class Refusing:
        def create(self, _creation: ImportAction) -> Any:
            raise CertificatesError(code, "The store says no.", call="createObject")

    certificate = Certificate(AUTHORITY.issue(name, names=["www.example.com"]).der)
    with pytest.raises(CertificatesError) as caught:
        create(cast(Creator, Refusing()), ImportAction.of(Content(certificate, "", (), None, None)))
    assert (caught.value.code, caught.value.details) == (code, {"call": "createObject"})
    assert ("has no common name" in caught.value.message) == (name is None and code != "rate_limited")


# Carrying out


def test_nothing_is_created_without_a_place_for_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(url: str | None) -> None:
        if url != LEDGER_URL:
            raise CertificatesError("ledger_unavailable", "There is no place.")

    monkeypatch.setattr(creates, "check_ledger_url", check)
    new, old = creation(ISSUED), plan_record_removal(stored(7, ISSUED))
    refused = new.mark_failed("api_error", {"error": "There is no place."})
    assert fail_creates_without_ledger([old, new, old], None) == [old, refused, old]
    assert fail_creates_without_ledger([old], None) == [old]
    assert fail_creates_without_ledger([new], None) == [refused]
    assert fail_creates_without_ledger([old, new], LEDGER_URL) == [old, new]


def repeated(step: ImportAction) -> ImportAction:
    """What is planned for the same as the first item."""
    return replace(step, outcome="unchanged", facts={"first": 0}, content=None, first=0)


def test_what_is_given_twice_has_the_outcome_of_the_first(world: World) -> None:
    new, other = creation(ISSUED), creation(DEFAULT_STEM)
    done = carry_out(world.client(), LEDGER_URL, [new, repeated(new), other])
    assert [(step.outcome, step.id) for step in done] == [
        *(("imported", FIRST), ("unchanged", FIRST), ("imported", FIRST + 1))
    ]
    assert (world.books.opened, world.books.closed, world.created) == (1, 1, 2)
    assert world.books.asked_for == [build_ledger_key(ISSUED), build_ledger_key(DEFAULT_STEM)]


def test_what_is_given_twice_fails_with_the_first_and_no_other_does(world: World) -> None:
    world.answers = [failure("refused")]
    new, other = creation(ISSUED), creation(DEFAULT_STEM)
    first, second, third = carry_out(world.client(), LEDGER_URL, [new, repeated(new), other])
    assert (first.outcome, first.reason, third.outcome) == ("failed", "refused", "imported")
    assert (second.outcome, second.reason, second.facts) == ("failed", "refused", first.facts)


def test_a_ledger_that_was_opened_is_closed_whatever_happens(world: World) -> None:
    world.answers = [lambda _world: 1 / 0]
    with pytest.raises(ZeroDivisionError):
        carry_out(world.client(), LEDGER_URL, [creation(ISSUED)])
    assert (world.books.opened, world.books.closed) == (1, 1)


@pytest.mark.parametrize("is_used", [True, False])
def test_of_what_is_superseded_only_what_is_to_be_removed_is(is_used: bool) -> None:
    store = Store({**ROW, "associatedServiceCount": int(is_used)})
    there = [SupersededCertificate(stored(identifier, ISSUED), removed=identifier == 7) for identifier in (7, 8)]
    step = replace(creation(RENEWED), outcome="unchanged", superseded=tuple(there))
    done = carry_out_one(cast(Client, store), cast(Creator, None), step)
    assert [old.removed for old in done.superseded] == [not is_used, False] and done.outcome == "unchanged"
    assert store.calls == ["getObject"] if is_used else ["getObject", "deleteObject"]


def test_a_record_that_is_to_be_changed_is() -> None:
    changes = {"notes", REQUEST}
    step, calls = edited(changes, True, by=lambda client, step: carry_out_one(client, cast(Creator, None), step))
    assert isinstance(step, ImportAction) and (step.outcome, step.warnings) == ("updated", ())
    assert calls == [changes]


@pytest.mark.parametrize("is_ours", [True, False])
def test_what_another_run_was_faster_to_store_is_planned_again(is_ours: bool) -> None:
    record = stored(7, ISSUED, intermediateCertificate="", associatedServiceCount=1)
    step = replace(creation(ISSUED), view=view_with(AUTHORITY.root))
    created = create(cast(Creator, SimpleNamespace(create=lambda _step: (record, is_ours))), step)
    assert created.reason == ("chain_truncated" if is_ours else "in_use")
    assert created.facts.get("lacks_issuers") == (None if is_ours else True)


CSR = read_request(ISSUED.csr_pem.encode())


def edited(
    changes: set[str],
    *answers: Any,
    there: Any = None,
    by: Callable[[Client, ImportAction], ImportAction] = lambda client, step: edit(client, step, 7),
) -> tuple[ImportAction | CertificatesError, list[Any]]:
    """What becomes of a change of a record, and the calls; `there` is the record when it is read afterwards."""
    left, calls = list(answers), []

    class Editing:
        def call(self, _service: str, method: str, *arguments: Any, **_how: Any) -> Any:
            calls.append({*arguments[0]} if arguments else method)
            answer = left.pop(0) if method == "editObject" else there
            if isinstance(answer, CertificatesError):
                raise answer
            return answer

    before = stored(7, ISSUED, intermediateCertificate="")
    content = replace(creation(ISSUED).expected_content, request=CSR, notes="new", intermediates=CHAIN)
    given = {name: value for name, value in content.find_changes(before).items() if name in changes}
    step = ImportAction("updated", None, {"changed": tuple(given)}, 7, content=content, record=before, changes=given)
    step = replace(step, certificate=content.certificate, view=view_with(AUTHORITY.root))
    try:
        return by(cast(Client, Editing()), step), calls
    except CertificatesError as error:
        return error, calls


WHOLE_ROW = {**ROW, "notes": "new", "certificateSigningRequest": ISSUED.csr_pem}


def test_a_csr_that_the_store_does_not_take_is_left_out() -> None:
    step, calls = edited({"notes", REQUEST}, REFUSED, True)
    assert isinstance(step, ImportAction) and step.facts == {"changed": ("notes",)}
    assert [why.reason for why in step.warnings] == ["csr_stays"] and calls == [{"notes", REQUEST}, {"notes"}]
    step, calls = edited({REQUEST}, REFUSED)
    assert isinstance(step, ImportAction) and step.outcome == "unchanged" and calls == [{REQUEST}]


def test_what_else_the_store_does_not_take_is_a_failure() -> None:
    for error in (REFUSED, CertificatesError("rate_limited", "Later.")):
        assert edited({"notes"}, error) == (error, [{"notes"}])
    other = CertificatesError("rate_limited", "Later.")
    assert edited({"notes", REQUEST}, other) == (other, [{"notes", REQUEST}])


@pytest.mark.parametrize(
    ("there", "is_done"),
    [
        ({**WHOLE_ROW, "intermediateCertificate": ISSUED.chain_pem}, True),
        ({**WHOLE_ROW, "intermediateCertificate": ISSUED.chain_pem, "notes": "old"}, False),
        (GONE, False),
        (CertificatesError("unreachable", "Away."), False),
    ],
    ids=["changed", "not changed", "gone", "not read"],
)
def test_after_a_lost_answer_the_record_says_whether_it_was_changed(there: Any, is_done: bool) -> None:
    result, calls = edited({"notes"}, NO_ANSWER, there=there)
    assert calls == [{"notes"}, "getObject"]
    assert isinstance(result, ImportAction) if is_done else result == NO_ANSWER
