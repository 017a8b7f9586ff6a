# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out a plan: create, edit, and delete certificates in the store. Private to softlayer.certificates.

A record is read again before its deletion. The store accepts the same certificate any number of times. Therefore, each creation is claimed in
the ledger, by account and fingerprint, before its call. If another run has the claim, this run waits and uses the stored certificate.
"""

from __future__ import annotations

import math
import threading
import typing as t
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from .._base.backoff import Backoff
from .._base.errors import CertificatesError
from .._base.progress import count_calls
from .._base.times import now
from .._http.caller import InterruptedRunError
from .._ledger.ledger import Claim, Entry, Key, Ledger, compute_lease
from .._ledger.lock import Grant, guard, read_clock
from .._ledger.place import check_ledger_url
from .._replacement.trust import TrustView
from .._softlayer import store
from .._softlayer.client import Client
from .._softlayer.faults import NOT_FOUND_ADVICE
from .._x509.certificate import Certificate
from . import messages
from .plan_import import (
    CHAIN,
    REQUEST,
    ImportAction,
    check_deletion,
    evaluate_kept_chain,
    plan_found,
    plan_without_request,
)

FIRST_PAUSE = 0.1
"""Seconds between the first two checks of another run's claim. Each later pause is twice as long as the previous pause."""
MAX_PAUSE = 2.0


def fail_creates_without_ledger(steps: Sequence[ImportAction], ledger_url: str | None) -> list[ImportAction]:
    """Return the steps. If the location of the ledger is invalid, mark the steps that create a record as failed, also in check mode."""
    try:
        if any(step.outcome == "imported" for step in steps):
            check_ledger_url(ledger_url)
    except CertificatesError as error:
        return [step.mark_failed_by(error) if step.outcome == "imported" else step for step in steps]
    return list(steps)


def carry_out(client: Client, ledger_url: str | None, steps: Sequence[ImportAction]) -> list[ImportAction]:
    """Carry out a plan for several certificates concurrently and return the outcomes. A failure does not affect other certificates."""
    creator = Creator(client, ledger_url, [step for step in steps if step.outcome == "imported"])
    carry_out_next = count_calls(partial(carry_out_one, client, creator), len(steps), "certificates")
    try:
        done = client.call_for_each(carry_out_next, steps, prepares=True)
    finally:
        creator.close()
    for position, step in enumerate(done):
        if step.first is not None:
            first = done[step.first]
            done[position] = replace(step, id=first.id)
            if first.outcome == "failed":
                done[position] = replace(step, outcome="failed", reason=first.reason, facts=first.facts)
    return done


def carry_out_one(client: Client, creator: Creator, step: ImportAction) -> ImportAction:
    """Carry out the plan for one certificate and return the outcome."""
    try:
        if step.outcome == "imported":
            step = create(creator, step)
        if step.outcome == "updated":
            step = edit(client, step, t.cast(int, step.id))
        elif step.outcome == "removed" and not remove(client, t.cast(int, step.id), step.certificate):
            step = replace(step, outcome="unchanged", facts={"is_gone": True})
    except CertificatesError as error:
        failed = step.mark_failed_by(error)
        if error.code == "interrupted" or error.details.get("is_stored"):
            return failed
        return replace(failed, facts={**failed.facts, "planned": step.outcome, "id": step.id})
    superseded = (
        replace(old, removed=old.removed and remove_superseded_record(client, old.record)) for old in step.superseded
    )
    return replace(step, superseded=tuple(superseded))


def create(creator: Creator, step: ImportAction) -> ImportAction:
    """Store a certificate and return the outcome. If another run stored the certificate first, return the remaining changes of the record."""
    try:
        record, is_ours = creator.create(step)
    except CertificatesError as error:
        if step.expected_content.certificate.common_name or error.code not in {"refused", "no_answer"}:
            raise
        raise CertificatesError(error.code, messages.add_common_name_advice(error.message), **error.details) from None
    if is_ours:
        return evaluate_kept_chain(step, record)
    return plan_found(step, [record], t.cast(TrustView, step.view), is_listed=False)


def edit(client: Client, step: ImportAction, identifier: int) -> ImportAction:
    """Change a record and return the outcome. If the store rejects the CSR, the CSR remains unchanged.

    After an unknown outcome, or a change of the chain, the record is read again.
    """
    try:
        store.edit(client, identifier, step.changes)
    except CertificatesError as error:
        if error.code == "refused" and REQUEST in step.changes:
            left = plan_without_request(step, error)
            return edit(client, left, identifier) if left.changes else left
        record = None
        if error.code == "no_answer":
            with suppress(CertificatesError):
                record = store.fetch_one(client, identifier)
        if record is None or step.expected_content.find_changes(record):
            raise
        return step
    return evaluate_kept_chain(step, read_back(client, identifier)) if CHAIN in step.changes else step


def remove(client: Client, identifier: int, listed: Certificate | None) -> bool:
    """Delete a record, unless the record is in use or has a new certificate; return whether this run deleted the record.

    A deletion by another run counts as success, a missing permission does not. After a lost response, a missing record counts as
    deleted by this run.
    """
    try:
        check_deletion(read_again(client, identifier), listed)
        store.delete(client, identifier)
    except CertificatesError as error:
        if error.code == "refused" and is_used(client, identifier):
            raise CertificatesError(
                "in_use", f"{error.message} A service started to use the certificate during the run."
            ) from None
        if error.code not in {"not_found", "no_answer"} or is_stored(client, identifier):
            raise
        return error.code == "no_answer"
    return True


def read_again(client: Client, identifier: int) -> store.StoreCertificate:
    """Return the current content of a record.

    Raises:
        CertificatesError: as `store.fetch_one`; `not_found`; `api_error` for a lost response, because nothing was changed.
    """
    try:
        record = store.fetch_one(client, identifier)
    except CertificatesError as error:
        code = "api_error" if error.code == "no_answer" else error.code
        raise CertificatesError(code, f"{error.message} Nothing was deleted.", **error.details) from None
    if record is None:
        raise CertificatesError("not_found", f"Cannot read certificate {identifier} again. {NOT_FOUND_ADVICE}")
    return record


def is_used(client: Client, identifier: int) -> bool:
    """Return whether a service uses a record; `False` if unknown."""
    record = None
    with suppress(CertificatesError):
        record = store.fetch_one(client, identifier)
    return bool(record and record.associated_service_count)


def is_stored(client: Client, identifier: int) -> bool:
    """Return whether the store contains a record; `True` if unknown."""
    with suppress(CertificatesError):
        return any(record.id == identifier for record in store.fetch_stored(client))
    return True


def remove_superseded_record(client: Client, old: store.StoreCertificate) -> bool:
    """Delete a superseded record and return whether this run deleted the record. Warn about a failure."""
    try:
        is_done = remove(client, old.stored_id, old.certificate)
        why_not = "another user or run has already deleted the certificate."
    except CertificatesError as error:
        is_done, why_not = False, error.message
    if not is_done:
        client.warn(f"Cannot remove the superseded certificate {old.id}: {why_not}")
    return is_done


# Creation


class _LostClaimError(CertificatesError):
    """Error if another run took over the claim before anything was sent."""


@dataclass(frozen=True)
class _LedgerSnapshot:
    """The state of the ledger before the first creation, and the account ID."""

    ledger: Ledger
    account_id: int
    entries: Mapping[Key, Entry]
    taken_at: float
    """Time of the snapshot, in `seconds`."""


class Creator:
    """Create each certificate once. The first creation opens the ledger and requests the account ID.

    Args:
        client: the session.
        ledger_url: see `Ledger`.
        creations: the possible creations. The claims of other runs are read at the first creation, so that the wait for
            interrupted runs ends for all creations at the same time.
        clock: returns the current time.
    """

    def __init__(
        self,
        client: Client,
        ledger_url: str | None,
        creations: Sequence[ImportAction],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._client = client
        self._ledger_url = ledger_url
        self._creations = creations
        self._now = clock
        self._lease = compute_lease(client.settings.timeout)
        self._opening = threading.Lock()
        self._started: _LedgerSnapshot | CertificatesError | None = None
        self._returns_kept_chain = False
        """Whether the response to a creation is known to contain the kept chain instead of the sent chain."""
        self._listing = threading.Lock()
        self._listed: tuple[datetime, float, Sequence[store.StoreCertificate]] | None = None

    def close(self) -> None:
        """Close the ledger if it was opened."""
        if isinstance(self._started, _LedgerSnapshot):
            self._started.ledger.close()

    def create(self, creation: ImportAction) -> tuple[store.StoreCertificate, bool]:
        """Create a certificate; return its record with the stored chain, and whether this run created the record.

        Args:
            creation: the planned creation.

        Raises:
            CertificatesError: as `store.create` and `Ledger`; `no_answer` if the certificate may have been stored; `api_error` if the stored
                chain cannot be read; `interrupted`.
        """
        start = self._load_snapshot()
        ledger, key = start.ledger, build_ledger_key(start.account_id, creation)
        backoff = Backoff(self._client.stop, math.inf, MAX_PAUSE, first=FIRST_PAUSE, growth=2, spread=0.5)

        def wait(_entry: Entry) -> None:
            backoff.pause()
            self._check_stop()

        check = partial(self._find_created, ledger, creation)
        while True:
            self._check_stop()
            seen = start.entries.get(key)
            answer = guard(ledger, key, self._lease, wait, check, seen=seen, since=start.taken_at, clock=self._now)
            if not isinstance(answer, Grant):
                return answer, False
            with suppress(_LostClaimError):
                return self._create_claimed(ledger, answer.claim, creation), True

    def _check_stop(self) -> None:
        if self._client.stop.is_set():
            raise InterruptedRunError

    def _load_snapshot(self) -> _LedgerSnapshot:
        """Return the snapshot; raise an error of the first attempt for all certificates."""
        with self._opening:
            if self._started is None:
                ledger = None
                try:
                    ledger = Ledger(self._ledger_url)
                    account_id = self._client.fetch_account_id()
                    keys = [build_ledger_key(account_id, creation) for creation in self._creations]
                    self._started = _LedgerSnapshot(ledger, account_id, ledger.find_last_requests(keys), read_clock())
                except CertificatesError as error:
                    if ledger:
                        ledger.close()
                    self._started = error
        if isinstance(self._started, CertificatesError):
            raise self._started
        return self._started

    def _create_claimed(self, ledger: Ledger, claim: Claim, creation: ImportAction) -> store.StoreCertificate:
        """Create a claimed certificate and return its record. After a lost or unreadable response, search the store for the record."""
        wanted = creation.expected_content

        def keep_claim() -> None:
            """Renew the lease before each attempt, so that the lease ends after the call."""
            nonlocal claim
            at = self._now()
            if timedelta() <= at - claim.requested_at <= timedelta(seconds=self._client.settings.timeout):
                return
            renewed = ledger.renew(claim, at)
            if renewed is None:
                raise _LostClaimError("taken", "Another run has taken over the import.")
            claim = renewed

        is_read = not wanted.intermediates
        try:
            identifier, kept = store.create(self._client, wanted.as_template(), before_sending=keep_claim)
        except _LostClaimError:
            raise
        except CertificatesError as error:
            if error.code != "no_answer":
                with suppress(CertificatesError):  # otherwise the lease expires
                    ledger.release(claim)
                raise
            record = find_in_store(self._client, creation)
            if record is None:  # the claim stays open, since the call may still arrive
                raise
            identifier, kept, is_read = record.stored_id, record.intermediates, True
        with suppress(CertificatesError):  # otherwise the next run that asks finds it in the store
            ledger.confirm(claim, certificate_id=identifier)
        is_read = is_read or (kept is not None and (len(wanted.intermediates) == 1 or self._returns_kept_chain))
        if not is_read:
            read = read_back(self._client, identifier).intermediates
            kept, self._returns_kept_chain = read, kept == read
        return replace(wanted.as_record(), id=identifier, intermediates=kept or ())

    def _find_created(
        self, ledger: Ledger, creation: ImportAction, entry: Entry, since: float
    ) -> store.StoreCertificate | None:
        """Return the record that another run created, or `None` if the record does not exist.

        Raises:
            CertificatesError: as `store.fetch_one` and `Ledger`; `api_error` if the record exists, but its content cannot be read.
        """
        if entry.certificate_id is not None:
            record = store.fetch_one(self._client, entry.certificate_id)
            if record is not None and record.certificate is None:
                raise CertificatesError(
                    "api_error",
                    f"The certificate was stored with ID {record.id}, but the record cannot be read back, so the certificate is not stored again. Check "
                    "the record in the portal, and delete it if it contains a different certificate.",
                    is_stored=True,
                )
            # Even if the store has cut its chain: storing it again in every run would not help.
            return (
                record if record is not None and record.certificate == creation.expected_content.certificate else None
            )
        record = _find_result(self._list_after(entry, since), creation)
        if record is not None:
            ledger.confirm(entry, certificate_id=record.id)
        return record

    def _list_after(self, entry: Entry, since: float) -> Sequence[store.StoreCertificate]:
        """Return a list of the records after the end of a claim. The list is shared by all claims that ended earlier."""
        with self._listing:
            if self._listed is not None:
                at, listed_at, records = self._listed
                if entry.is_over(timedelta(seconds=listed_at - since), at):
                    return records
            self._listed = (self._now(), read_clock(), store.fetch_stored(self._client))
            return self._listed[2]


def build_ledger_key(account_id: int, creation: ImportAction) -> Key:
    """Return the key of a certificate in the ledger."""
    return Key("create", f"{account_id}/{creation.fingerprint}")


def read_back(client: Client, identifier: int) -> store.StoreCertificate:
    """Return a record after a change of its chain, to check the stored part of the chain.

    Raises:
        CertificatesError: `api_error`.
    """
    record = None
    with suppress(CertificatesError):
        record = store.fetch_one(client, identifier)
    if record is None:
        raise CertificatesError(
            "api_error",
            f"The certificate was stored with ID {identifier}, but the record cannot be read back to check whether the store kept the whole chain. Run "
            "the playbook again.",
            is_stored=True,
        )
    return record


def find_in_store(client: Client, creation: ImportAction) -> store.StoreCertificate | None:
    """Return the record of a creation without a response, found by its common name or in the whole list, or `None`."""
    name = creation.expected_content.certificate.common_name
    by_name: list[Callable[[], Sequence[store.StoreCertificate]]] = (
        [lambda: store.find_by_common_name(client, name)] if name else []
    )
    for read in (*by_name, lambda: store.fetch_stored(client)):
        with suppress(CertificatesError):
            record = _find_result(read(), creation)
            if record is not None:
                return record
    return None


def _find_result(records: Sequence[store.StoreCertificate], creation: ImportAction) -> store.StoreCertificate | None:
    return next(filter(creation.is_result_in, records), None)
