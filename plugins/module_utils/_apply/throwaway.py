# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try what the store does: create, read, edit and delete throwaway certificates. Private to softlayer.certificates.

Each is claimed in the ledger before it is created, as all creates are, and deleted whatever happens between. What a killed run has left is
found by its name and its issuer, and deleted first. Runs with one ledger take turns, so that none deletes what another one is at work on.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from .._api import store
from .._api.account import fetch_certificate_ids
from .._api.balancers import fetch_balancers
from .._api.client import Client
from .._api.faults import NOT_PERMITTED
from .._errors import CertificatesError
from .._ledger.ledger import Ledger
from .._plan.account import EDITED, NOTES, Kind, Leftover, Trial, cleaned, kept_of, leftovers, next_kind, why_not_ours
from .._plan.imports import ImportAction, check_deletion
from .._plan.material import Content, plain_notes
from .._times import now
from .._x509.certificate import Certificate
from .._x509.keys import key_texts
from .._x509.throwaway import ThrowawayAuthority
from .backoff import Backoff
from .creates import Creator, key_of
from .lock import Lock, acquire

LONGEST_WAIT = 600.0
"""Seconds to wait for another run that checks the same account."""
LONGEST_PAUSE = 5.0
"""Seconds between two looks whether something is listed, or gone."""
CERTAINLY_NOT_STORED = frozenset({"refused", "not_found", "authentication_failed", "rate_limited", "unreachable"}) | {
    *("tls_error", "retired", "interrupted", "locked", "ledger_unavailable", "missing_library", "invalid_argument"),
}
"""Errors of a create after which there is nothing to look for."""
SHORTEST_NAME = 4
"""Characters of a name that is looked for in the API's words: shorter ones are parts of many words."""


@dataclass
class StoreCheck:
    """Tries what the store does.

    Attributes:
        client: the session, which is told to stop when the run is.
        cleaner: another one, which is not: what was stored is deleted in any case.
        ledger_url: as `Ledger` takes it.
        timeout: seconds to wait until something is listed, or gone.
        hide: keeps a key out of all output.
        clock: returns the present instant.
    """

    client: Client
    cleaner: Client
    ledger_url: str | None
    timeout: float
    hide: Callable[..., object]
    clock: Callable[[], datetime] = now
    _authority: ThrowawayAuthority = field(init=False)
    _names: set[str] = field(init=False, default_factory=set)
    """What the account calls its things, which no words of the API are to tell."""
    _made: list[Certificate] = field(init=False, default_factory=list)

    def __call__(self) -> tuple[list[Trial], list[Leftover]]:
        """Delete what was left, and try; return what was tried, and what was or is left.

        Raises:
            CertificatesError: as `acquire` and `Ledger`, before anything was sent; as `fetch_stored`.
        """
        at = self.clock()
        self._authority = ThrowawayAuthority(at)
        account_id = self.client.account_id()
        lock = acquire(
            self.client,
            self.ledger_url,
            lambda: f"throwaway certificates of account {account_id}",
            "throwaway certificates",
            LONGEST_WAIT,
            at,
        )
        try:
            swept = self._sweep(lock)
            with suppress(CertificatesError):
                self._names |= {balancer.name for balancer in fetch_balancers(self.client)}
            trials: list[Trial] = []
            while kind := next_kind(trials):
                trials.append(self._try(kind))
            trials, late = self._look_once_more(trials)
        finally:
            lock.end()
        return trials, [*swept, *late]

    # What was left

    def left(self, *, read_only: bool) -> list[Leftover]:
        """Return the throwaway certificates of the store, which a run deletes first.

        Args:
            read_only: whether nothing is written in the ledger, either.
        """
        records = store.fetch_stored(self.client)
        certificates = [record.certificate for record in records if record.certificate]
        self._names |= {name for certificate in certificates for name in certificate.organizations}
        suspects = [left.record for left in leftovers(records, (), self.clock())]
        if not suspects:
            return []
        account_id = self.client.account_id()
        keys = {
            key_of(account_id, ImportAction.of(_content(certificate))): certificate.fingerprint_sha256
            for certificate in (t.cast(Certificate, record.certificate) for record in suspects)
        }
        ledger = Ledger(self.ledger_url, read_only=read_only)
        try:
            ours = [keys[key] for key in ledger.last_requests(list(keys))]
        finally:
            ledger.close()
        return leftovers(suspects, ours, self.clock())

    def _sweep(self, lock: Lock) -> list[Leftover]:
        """Delete what killed runs have left, as far as that may be deleted."""
        swept = []
        for left in self.left(read_only=False):
            if left.why_kept is None:
                lock.check()
            swept.append(self._removed(left))
        return swept

    def _removed(self, left: Leftover) -> Leftover:
        """Return what became of a certificate that is left: it is deleted, if it may be."""
        if left.why_kept is not None:
            return left
        _is_gone, why = self._delete(left.record)
        return replace(left, why_kept=why, is_removed=why is None)

    def _look_once_more(self, trials: Sequence[Trial]) -> tuple[list[Trial], list[Leftover]]:
        """Delete what the store has of this run all the same: a create may be carried out twice, or though it was refused."""
        late, tried = [], {trial.name for trial in trials if trial.deleted is False}
        with suppress(CertificatesError):  # what is known to be left is told without this, too
            own = [record for record in store.fetch_stored(self.cleaner) if record.certificate in self._made]
            for left in leftovers(own, [certificate.fingerprint_sha256 for certificate in self._made], self.clock()):
                if left.name not in tried:
                    late.append(self._removed(left))
        removed = {left.name for left in late if left.is_removed}
        told = {trial.name for trial in trials if trial.why_left}
        return (
            [replace(trial, why_left=None) if trial.name in removed else trial for trial in trials],
            [left for left in late if left.is_removed or left.name not in told],
        )

    # What is tried

    def _try(self, kind: Kind) -> Trial:
        """Create a throwaway certificate, look at what the store makes of it, and delete it, whatever happens between."""
        throwaway = self._authority.issue(kind.key_type, has_common_name=kind.has_common_name)
        self.hide(*key_texts(throwaway.private_key_pem.encode("ascii")))
        chain = throwaway.intermediates if kind.has_issuer else throwaway.intermediates[1:]
        self._made.append(throwaway.certificate)
        content = Content(throwaway.certificate, throwaway.private_key_pem, chain, None, NOTES)
        trial = Trial(kind, throwaway.certificate.shown_name)
        ending: dict[str, t.Any] = {"deleted": None, "why_left": None}
        may_be_stored = True
        try:
            trial, may_be_stored = self._create(trial, content)
            if trial.id:
                trial = self._look(trial, content)
        finally:
            if may_be_stored:
                ending["deleted"], ending["why_left"] = self._undo(trial, content.certificate)
        return replace(trial, **ending)

    def _create(self, trial: Trial, content: Content) -> tuple[Trial, bool]:
        """Return what became of a create, and whether there may be something to delete."""
        creation = ImportAction.of(content)
        creator = Creator(self.client, self.ledger_url, [creation], self.clock)
        try:
            created = creator.create(creation).record
        except CertificatesError as error:
            words = str(error.details.get("api_message") or "")
            own = {name for name in self._names if len(name) >= SHORTEST_NAME}
            said = cleaned(words, trial.name, self.client.settings.username, str(self.client.account_id()), *own)
            trial = replace(trial, said=said or None, message=error.message)
            if error.code in NOT_PERMITTED:
                trial = replace(trial, outcome="not_permitted")
            elif error.code == "refused" or (error.code == "no_answer" and words):
                trial = replace(trial, outcome="refused")  # a store may also fail over what it does not take
            return trial, error.code not in CERTAINLY_NOT_STORED
        finally:
            creator.close()
        kept = kept_of(content.intermediates, created.intermediates) if len(content.intermediates) > 1 else None
        return replace(trial, outcome="stored", id=created.id, kept=kept, message="Stored."), True

    def _look(self, trial: Trial, content: Content) -> Trial:
        """Return a trial with what can be seen of its record, and whether its notes can be edited; what fails stays unknown."""
        identifier, record = t.cast(int, trial.id), None
        with suppress(CertificatesError):
            record = store.fetch_one(self.client, identifier)
        if record is None or record.certificate != content.certificate:  # that of somebody else is not to be touched
            return replace(trial, id=None if record else identifier, kept=None)
        if trial.kept:
            kept = kept_of(content.intermediates, record.intermediates)
            trial = replace(trial, kept=kept, is_kept_told=trial.kept == kept)
        with suppress(CertificatesError):
            trial = replace(trial, listed_after=self._until_listed(identifier))
        return replace(trial, edited=self._edit(identifier))

    def _until_listed(self, identifier: int) -> float | None:
        """Return after how many seconds the list has a record; `None` if it does not in time."""
        backoff = Backoff(self.client.stop, self.timeout, LONGEST_PAUSE)
        while identifier not in fetch_certificate_ids(self.client):
            if not backoff.pause():
                return None
        return backoff.waited

    def _edit(self, identifier: int) -> bool | None:
        """Return whether the notes of a record can be edited; `None` if that cannot be seen."""
        with suppress(CertificatesError):
            try:
                store.edit(self.client, identifier, {"notes": EDITED})
            except CertificatesError as error:
                if error.code in NOT_PERMITTED | {"refused"}:
                    return False
            record = store.fetch_one(self.client, identifier)
            if record:
                return plain_notes(record.notes) == EDITED
        return None

    # What is deleted

    def _undo(self, trial: Trial, certificate: Certificate) -> tuple[bool | None, str | None]:
        """Delete what a trial has created, or may have; the answer is as that of `_delete`."""
        backoff = Backoff(self.cleaner.stop, self.timeout, LONGEST_PAUSE)
        why = "the store cannot be read"
        while True:
            with suppress(CertificatesError):
                record = self._find(trial.id, certificate)
                if record:
                    return self._delete(record)
                why = "the store does not show it so far"
            if not backoff.pause():
                # What the API itself has failed over, and what was not seen in all this time, is not there.
                is_there = trial.outcome != "refused" or why == "the store cannot be read"
                return None, f"It may be in the store, and {why}. {ADVICE}" if is_there else None

    def _find(self, identifier: int | None, certificate: Certificate) -> store.StoreCertificate | None:
        """Return the record of a certificate, whatever its id was said to be."""
        record = store.fetch_one(self.cleaner, identifier) if identifier else None
        if record and record.certificate == certificate:
            return record
        records = store.fetch_stored(self.cleaner)
        return next((record for record in records if record.certificate == certificate), None)

    def _delete(self, record: store.StoreCertificate) -> tuple[bool | None, str | None]:
        """Delete a record that a run has made, unless it is not as it was left; see that it is gone.

        Returns:
            Whether it could be deleted, `None` if that is not known; and why it is left, `None` if it is not.
        """
        backoff = Backoff(self.cleaner.stop, self.timeout, LONGEST_PAUSE)
        certificate = t.cast(Certificate, record.certificate)
        is_asked = is_answered = is_readable = False
        for attempt in count(1):
            try:
                there = store.fetch_one(self.cleaner, record.stored_id)
                is_readable = is_readable or there is not None
                if not is_readable:  # a missing permission looks the same as a missing record
                    there = next((each for each in store.fetch_stored(self.cleaner) if each.id == record.id), None)
                if there is None:
                    return (True if is_asked else None), None
                if is_answered:
                    why = "The store says that it has deleted it, and still has it."
                else:
                    check_deletion(there, certificate)
                    not_ours = why_not_ours(there, {certificate.fingerprint_sha256}, self.clock())
                    if not_ours:
                        return None, not_ours
                    is_asked = True
                    store.delete(self.cleaner, there.stored_id)
                    is_answered = True
                    continue
            except CertificatesError as error:
                if error.code in NOT_PERMITTED | {"refused"}:
                    return False, f"{error.message} {ADVICE}"
                if error.code in {"in_use", "ambiguous"}:
                    return None, error.message
                why = error.message
            if not backoff.pause() and attempt > 1:  # a lost answer may have taken all the time
                return (False if is_answered else None), f"{why} {ADVICE}"
        raise AssertionError("unreachable")  # pragma: no cover


ADVICE = "Run this again, which deletes it by its name; or delete it in the portal."


def _content(certificate: Certificate) -> Content:
    """Return the content of a throwaway certificate, as far as it makes its key in the ledger."""
    return Content(certificate, "", (), None, None)
