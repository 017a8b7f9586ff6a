# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Switch the listeners of a load balancer, verify them, and roll back broken listeners. Private to softlayer.certificates.

One call changes all listeners of a load balancer. The call is repeated only if the API rejected it; after a lost response, the load balancer
is read instead.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field, replace

from .._base.backoff import Backoff
from .._base.codes import DeployReason
from .._base.errors import CertificatesError, Obstacle
from .._base.libraries import LEDGER_LIBRARIES
from .._base.messages import RETRY_REMEDY
from .._base.module import Module
from .._base.progress import count_calls, record_wait
from .._base.times import now
from .._ledger.place import check_optional_ledger_url
from .._softlayer.client import Client
from .._softlayer.load_balancers import Balancer, fetch_balancer, switch_listeners
from .._softlayer.store import fetch_one
from .plan_deploy import ListenerAction, ListenerPlan, build_replaced_key, select_replaced
from .target import merge_updates
from .watch import ListenerProbe, mark_unverified

MAX_WAIT = 86_400
"""Maximum value of options with a time, in seconds."""


@dataclass(frozen=True)
class WaitOptions:
    """The limits of the wait for a load balancer, in seconds.

    Attributes:
        is_waiting: whether the run waits for load balancers.
        timeout: maximum wait until the load balancer is ACTIVE, before and after the change.
        interval: maximum interval between two status requests.
    """

    is_waiting: bool
    timeout: float
    interval: float

    @property
    def max_wait(self) -> float:
        """Maximum wait in seconds; zero if the run does not wait."""
        return self.timeout if self.is_waiting else 0


def check_ledger(module: Module) -> None:
    """Reject a run that cannot acquire a lock, because of a missing database library or an invalid URL.

    Raises:
        CertificatesError: `missing_library`, `ledger_unavailable`.
    """
    module.require(*LEDGER_LIBRARIES, loads=False)
    check_optional_ledger_url(module.params["ledger_url"])


def switch_all(
    module: Module,
    client: Client,
    plan: ListenerPlan,
    plan_again: Callable[[], ListenerPlan],
    wait_options: WaitOptions,
    watch: ListenerProbe | None,
    *,
    exclusive: bool,
    at_once: int | None = None,
) -> tuple[ListenerPlan, list[ListenerAction]]:
    """Carry out a plan for several load balancers concurrently; return the plan, and the outcomes of the listeners.

    Args:
        module: the module with its options.
        client: the session.
        plan: the plan.
        plan_again: creates the plan again after a change by another run.
        wait_options: the limits of the wait for load balancers and other runs.
        watch: probes the listeners; `None` without verification.
        exclusive: whether the run locks the load balancers of the account.
        at_once: maximum number of concurrent load balancers; see `Client.call_for_each`.
    """
    lock = None
    if exclusive and plan.changes:
        module.require(*LEDGER_LIBRARIES)
        from .._ledger.lock import acquire

        lock = acquire(
            client,
            module.params["ledger_url"],
            lambda: f"load balancers of account {client.fetch_account_id()}",
            "load balancers",
            wait_options.max_wait,
            plan.world.at,
        )
    try:
        if lock and lock.is_plan_stale:
            plan = plan_again()
        if lock and not plan.changes:
            lock.end()
        check = lock.check if lock else None
        switcher = Switcher(client, wait_options, watch, rollback=module.params["rollback"], before_sending=check)
        groups = defaultdict(list)
        for action in plan.actions:
            groups[action.place.balancer.uuid].append(action)
        groups.pop("", None)  # what was not found
        switch = count_calls(switcher, len(groups), "load balancers")
        done = client.call_for_each(switch, list(groups.values()), at_once=at_once)
    finally:
        if lock:
            lock.end()
    actions = merge_updates(plan.actions, (action for group in done for action in group))
    record_switches(module, client, actions)
    return plan, actions


def record_switches(module: Module, client: Client, actions: Iterable[ListenerAction]) -> None:
    """Record which certificates were replaced by newer certificates, so that no rotation replaces them again after somebody has switched back.

    If the ledger cannot be used, the switches stay, and the module warns.
    """
    replaced = select_replaced(actions)
    if not replaced:
        return
    try:
        module.require(*LEDGER_LIBRARIES)
        from .._ledger.ledger import Ledger

        with closing(Ledger(module.params["ledger_url"])) as ledger:
            for action in replaced:
                ledger.record(build_replaced_key(action), now(), action.target_id)
    except CertificatesError as error:
        client.warn(
            "Could not record the switches in the ledger. If somebody switches a listener back, a later rotation switches the listener again. "
            f"{error.message}"
        )


@dataclass
class Switcher:
    """Carry out the plan for the listeners of one load balancer."""

    _client: Client
    _wait_options: WaitOptions
    """The limits of the wait for the load balancer."""
    _watch: ListenerProbe | None
    """The probe of the listeners; `None` without verification."""
    rollback: bool
    """Whether broken listeners are rolled back."""
    before_sending: Callable[[], None] | None = None
    """A check of the lock before each change; an exception prevents the change."""
    _min_duration: float | None = field(default=None, init=False)
    """Duration of the fastest change so far, in seconds; changes in one account take about the same time."""

    def __call__(self, group: Sequence[ListenerAction]) -> list[ListenerAction]:
        """Switch and verify the listeners of a load balancer, and return the outcomes, also after errors."""
        planned = [action for action in group if action.is_changed]
        kept = [action for action in group if action.is_verifiable and not action.is_changed]
        with ThreadPoolExecutor(max_workers=1) as meanwhile:
            baseline = meanwhile.submit(self._watch.record_baseline, planned) if self._watch else None
            settled = {action.uuid: action for action in (*group, *self._switch(planned, baseline))}
        if self._watch:
            self._wait_for_others(kept)
            settled |= {action.uuid: action for action in self._verify(self._watch, list(settled.values()))}
        return [settled[action.uuid] for action in group]

    # Before the change

    def _switch(self, planned: Sequence[ListenerAction], baseline: Future[None] | None = None) -> list[ListenerAction]:
        """Switch the listeners, wait for the completion, and return the outcomes.

        Args:
            planned: the actions to carry out.
            baseline: the probe of the current state, which must end before the change is sent.
        """
        backoff = self._create_backoff()
        missing, settled = list(planned), []
        try:
            while missing:
                with self._record_wait(_find_balancer(planned), "the load balancer to become ACTIVE"):
                    missing, met = _split_pending(missing, self._wait_until_active(_find_balancer(planned), backoff))
                settled += met
                if baseline:
                    baseline.result()
                try:
                    if missing and self._send(missing, backoff):
                        return [*settled, *self._confirm(missing)]
                except CertificatesError as error:
                    missing, gone = self._drop_deleted(missing, error)
                    settled += gone
        except CertificatesError as error:
            settled += [action.mark_failed_by(error) for action in missing]
        return settled

    def _create_backoff(self) -> Backoff:
        return Backoff(self._client.stop, self._wait_options.max_wait, self._wait_options.interval)

    def _wait_until_active(self, balancer: Balancer, backoff: Backoff) -> Balancer:
        """Wait until the load balancer is ACTIVE, and return its state.

        Raises:
            CertificatesError: errors of `fetch_balancer`; `balancer_error`, `balancer_busy`, `interrupted`.
        """
        while True:
            now = fetch_balancer(self._client, balancer.uuid)
            if now.is_active:
                return now
            if now.is_final:
                raise CertificatesError("balancer_error", now.final_status_message)
            if not backoff.pause():
                break
        if self._client.stop.is_set():
            raise CertificatesError(
                "interrupted", f"The run was interrupted before it changed load balancer {balancer.name}."
            )
        options = self._wait_options
        waited = (
            f"and did not become ACTIVE within {options.timeout:g} seconds"
            if options.is_waiting
            else "and wait is false"
        )
        raise CertificatesError(
            "balancer_busy",
            f"Load balancer {now.name} is in the state {now.provisioning_status}, {waited}. Run the playbook again later.",
        )

    def _record_wait(self, balancer: Balancer, what: str) -> AbstractContextManager[None]:
        """Record the wait in the progress output until the context exits."""
        return record_wait(f"{balancer.name}: waiting for {what}", self._wait_options.max_wait)

    def _send(self, missing: Sequence[ListenerAction], backoff: Backoff) -> bool:
        """Send the change; return `False` if the load balancer was busy, so that the change can be retried.

        Raises:
            CertificatesError: errors of `switch_listeners`, except for a lost response; errors of `_read_back`.
        """
        balancer = _find_balancer(missing)
        try:
            wanted = {action.uuid: t.cast(int, action.target_id) for action in missing}
            switch_listeners(self._client, balancer, wanted, self.before_sending)
        except CertificatesError as error:
            if error.code == "no_answer":
                return self._read_back(missing, error)
            if not self._is_busy(error, balancer):
                raise
            if not backoff.pause():
                raise CertificatesError("balancer_busy", f"{error.message} Run the playbook again later.") from None
            return False
        return True

    def _drop_deleted(
        self, missing: Sequence[ListenerAction], refusal: CertificatesError
    ) -> tuple[list[ListenerAction], list[ListenerAction]]:
        """Return the listeners to retry after a rejected change, and the failed listeners with a deleted listener or certificate.

        Raises:
            CertificatesError: `refusal`, if no listener and no certificate was deleted.
        """
        if refusal.code not in {"refused", "not_found"}:
            raise refusal
        left, settled = _split_pending(missing, fetch_balancer(self._client, _find_balancer(missing).uuid))
        stored = {action.target_id: fetch_one(self._client, t.cast(int, action.target_id)) for action in left}
        gone = [action for action in left if stored[action.target_id] is None]
        settled += [
            action.mark_failed("not_found", {"is_deleted": True, "certificate_id": action.target_id}) for action in gone
        ]
        if not settled:
            raise refusal
        return [action for action in left if action not in gone], settled

    def _is_busy(self, error: CertificatesError, balancer: Balancer) -> bool:
        """Return whether a change was rejected because of another change; the API does not document the error."""
        if error.code == "refused":
            with suppress(CertificatesError):
                now = fetch_balancer(self._client, balancer.uuid)
                return not (now.is_active or now.is_final)
        return error.code == "balancer_busy"

    def _read_back(self, missing: Sequence[ListenerAction], lost: CertificatesError) -> bool:
        """Return `True` if the load balancer has the change after a lost response; an unknown outcome raises an error.

        Raises:
            CertificatesError: `outcome_unknown`.
        """
        backoff = self._create_backoff()
        while True:
            try:
                now = fetch_balancer(self._client, _find_balancer(missing).uuid)
            except CertificatesError as error:
                raise CertificatesError(
                    "outcome_unknown",
                    f"{lost.message} Reading the load balancer also failed: {error.message} {RETRY_REMEDY}",
                ) from None
            if any(_has_target(action, now) for action in missing):  # one call changes all of them or none
                return True
            if now.is_active or now.is_final or not backoff.pause():
                raise CertificatesError(
                    "outcome_unknown", f"{lost.message} The listeners still have their old certificates. {RETRY_REMEDY}"
                )

    # After the change

    def _confirm(self, sent: Sequence[ListenerAction]) -> list[ListenerAction]:
        """Wait until the load balancer has completed the change, and return the outcomes."""
        if not self._wait_options.is_waiting:
            return list(sent)
        backoff = self._create_backoff()
        try:
            with self._record_wait(_find_balancer(sent), "the update to finish"):
                if self._min_duration is not None:
                    backoff.wait_usual_time(self._min_duration)
                now = self._wait_until_active(_find_balancer(sent), backoff)
        except CertificatesError as error:
            return self._read_unconfirmed(sent, error)
        self._min_duration = min(backoff.waited, self._min_duration or backoff.waited)
        return [
            action
            if _has_target(action, now)
            else action.mark_failed("api_error", {"is_accepted": True, "balancer": now})
            if now.find_listener(action.uuid)
            else action.mark_failed("not_found", {"is_deleted": True})
            for action in sent
        ]

    def _read_unconfirmed(self, sent: Sequence[ListenerAction], error: CertificatesError) -> list[ListenerAction]:
        """Return the outcomes of a change without a confirmed completion, with the current state if readable."""
        if error.code == "interrupted":
            return list(map(mark_unverified, sent))
        reason = t.cast(DeployReason, error.code if error.code in ListenerAction.REASONS else "outcome_unknown")
        facts = {"error": error.message}
        if error.code in {"balancer_busy", "balancer_error"}:
            with suppress(CertificatesError):
                now = fetch_balancer(self._client, _find_balancer(sent).uuid)
                done = [(action, _has_target(action, now)) for action in sent]
                return [
                    action.mark_failed(reason, {**facts, "change": "done" if has else "lost"}, is_changed=has)
                    for action, has in done
                ]
        return [action.mark_failed(reason, {**facts, "change": "unseen"}, is_changed=True) for action in sent]

    def _wait_for_others(self, kept: Sequence[ListenerAction]) -> None:
        """Wait until the change of another run is complete, before unchanged listeners are probed."""
        balancer = _find_balancer(kept) if kept else None
        if balancer and not (balancer.is_active or balancer.is_final) and self._wait_options.is_waiting:
            backoff = self._create_backoff()
            with (
                suppress(CertificatesError),  # they are looked at in any case
                self._record_wait(balancer, "the update of another run to finish"),
            ):
                self._wait_until_active(balancer, backoff)

    def _verify(self, watch: ListenerProbe, settled: Sequence[ListenerAction]) -> list[ListenerAction]:
        """Probe the listeners until they serve their certificates, roll back broken listeners, and return the outcomes."""
        seen = watch.wait_until_served([action for action in settled if action.is_verifiable])
        broken = [action for action in seen if self.rollback and watch.is_broken(action) and action.previous_id]
        back = []
        for action in broken:
            has = replace(action.place.listener, certificate_id=action.target_id)
            place = replace(action.place, listener=has)
            back.append(replace(action, outcome="switched", target_id=action.previous_id, place=place))
        switched_back = {action.uuid: action for action in self._switch(back)}
        ended = []
        for action in broken:
            done, facts = switched_back[action.uuid], {**action.facts, "rolled_back_to": action.previous_id}
            if done.outcome == "failed":
                ended.append(replace(action, facts={**facts, "why_not": Obstacle(done.reason, done.facts)}))
            else:
                facts |= {"works": watch.wait_until_working(action)}
                ended.append(replace(action, outcome="rolled_back", facts=facts))
        return merge_updates(seen, ended)


def _find_balancer(actions: Sequence[ListenerAction]) -> Balancer:
    return actions[0].place.balancer


def _has_target(action: ListenerAction, now: Balancer) -> bool:
    listener = now.find_listener(action.uuid)
    return listener is not None and listener.certificate_id == action.target_id


def _split_pending(
    planned: Sequence[ListenerAction], now: Balancer
) -> tuple[list[ListenerAction], list[ListenerAction]]:
    """Return the listeners to switch, and the outcomes of listeners that another run has switched, changed, or deleted."""
    missing, settled = [], []
    for action in planned:
        listener, before = now.find_listener(action.uuid), action.place.listener
        if listener is None:
            settled.append(action.mark_failed("not_found", {"is_deleted": True}))
        elif listener.certificate_id == action.target_id:
            settled.append(replace(action, outcome="unchanged", facts={"kept": "switched"}, is_changed=False))
        elif listener.port != before.port:
            settled.append(action.mark_failed("changed_meanwhile", {"now": {"port": listener.port}}))
        elif not listener.is_https:
            settled.append(action.mark_failed("changed_meanwhile", {"now": {"protocol": listener.protocol}}))
        elif listener.certificate_id != before.certificate_id:
            settled.append(
                action.mark_failed("changed_meanwhile", {"now": {"certificate_id": listener.certificate_id}})
            )
        else:
            missing.append(action)
    return missing, settled
