# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe listeners and endpoints before and after changes. Private to softlayer.certificates."""

from __future__ import annotations

import concurrent.futures
import threading
import time
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .._base.backoff import Backoff
from .._base.names import choose_server_name
from .._base.times import now
from .._probe.endpoint import Endpoint, ProbeResult
from .._probe.evaluate import Evaluation, evaluate_results
from .._probe.handshake import probe_addresses
from .._x509.chain import Anchors
from . import messages_deploy
from .endpoints import EndpointAction
from .plan_deploy import ListenerAction
from .target import AnyTarget, Target

PROBE_TIMEOUT = 10.0
"""Time limit in seconds for each step of a probe, independent of `verify_timeout`."""
MAX_PROBES = 64
"""Maximum number of concurrent probes."""
MAX_PAUSE = 3.0
"""Maximum interval between two probes of a listener, in seconds."""
MAX_FAILURE_SECONDS = 15.0
"""Time in seconds after which a failing listener counts as broken, because a change may cause a brief interruption."""


class ListenerProbe:
    """Probe listeners and endpoints, and record the results for all load balancers of a run.

    Args:
        timeout: maximum time in seconds until a listener serves a new certificate; zero for a single probe.
        anchors: the trusted root certificates; `None` without a check of the acceptance by TLS clients.
        stop: the event that ends the probes.
    """

    def __init__(self, timeout: float, anchors: Anchors | None, stop: threading.Event) -> None:
        self._timeout = timeout
        self._client = anchors.client if anchors else None
        self._stop = stop
        self._before: dict[str, Evaluation] = {}
        self._broken: set[str] = set()
        self._refused: dict[tuple[str, str], set[str]] = {}
        self._unreached: set[str] = set()

    @property
    def warnings(self) -> list[str]:
        """One warning per reason for rejected certificates, and one warning about unreachable listeners."""
        refused = [
            messages_deploy.describe_rejection(names, rejection, remedy)
            for (rejection, remedy), names in sorted(self._refused.items())
        ]
        return [*refused, messages_deploy.describe_unreachable(self._unreached)] if self._unreached else refused

    def record_baseline(self, actions: Sequence[ListenerAction]) -> None:
        """Probe listeners before a change, and record the results for later comparison."""
        self._before.update(self._probe(actions, is_before=True))

    def is_broken(self, action: ListenerAction) -> bool:
        """Return whether a listener worked before the change but fails permanently since the change."""
        return action.uuid in self._broken

    def wait_until_working(self, action: ListenerAction) -> bool:
        """Probe a listener after a rollback until it works or the time is over; return whether it works."""
        before = self._before.get(action.uuid)
        may_fail = (
            before is not None and not before.is_working
        )  # an address that failed before the change may go on failing
        backoff = Backoff(self._stop, self._timeout, MAX_PAUSE)
        while True:
            verdict = self._probe([action], is_before=True)[action.uuid]
            if (verdict.is_working or may_fail) and not self._is_worse(action, verdict):
                return True
            if not backoff.pause():
                return False

    def wait_until_served(self, actions: Sequence[AnyTarget]) -> list[AnyTarget]:
        """Probe until all listeners serve the expected certificates or the time is over; return listeners with the results."""
        seen = {action.uuid: action for action in actions}
        pending = dict(seen)
        backoff = Backoff(self._stop, self._timeout, MAX_PAUSE)
        worse_since: dict[str, float] = {}
        while pending:
            for uuid, verdict in self._probe(list(pending.values())).items():
                if self._stop.is_set() and verdict.finding != "served":
                    continue  # the probe may have been cut short
                seen[uuid] = self._evaluate(pending[uuid], verdict)
                worse = self._is_worse(pending[uuid], verdict)
                since = worse_since.setdefault(uuid, time.monotonic()) if worse else worse_since.pop(uuid, None)
                lasts = worse and time.monotonic() - t.cast(float, since) >= MAX_FAILURE_SECONDS
                if lasts or (verdict.finding in {"served", "unreachable"} and not worse):
                    del pending[uuid]
            if pending and not backoff.pause():
                break
        if not self._stop.is_set():
            self._broken.update(worse_since)
            return list(seen.values())
        for uuid, action in pending.items():
            if uuid in worse_since:  # and it is not rolled back
                seen[uuid] = mark_unverified(seen[uuid], previous_id=action.previous_id)
            else:
                seen[uuid] = mark_unverified(action)
        return list(seen.values())

    def probe_once(self, actions: Sequence[AnyTarget]) -> list[AnyTarget]:
        """Probe once, and return listeners with their served certificates; for listeners without a known or deployed certificate."""
        verdicts = self._probe(actions)
        seen = []
        for action in actions:
            verdict, before = verdicts[action.uuid], action.facts.get("probe")
            action = _add_probe(action, verdict)
            if verdict.finding == "failing" and not verdict.chains:
                is_said = before is not None and before.finding == "failing"
                facts = action.facts if is_said else {**action.facts, "probe_message": verdict.message}
                action = replace(action, served=False, facts=facts)
            seen.append(action)
        return seen

    def _is_worse(self, action: Target, verdict: Evaluation) -> bool:
        before = self._before.get(action.uuid)
        return before is not None and (verdict.is_worse_than(before) or self._is_newly_rejected(action, verdict))

    def _is_newly_rejected(self, action: Target, verdict: Evaluation) -> bool:
        before = self._before.get(action.uuid)
        if before is None or not isinstance(action, ListenerAction) or action.is_rejection_accepted:
            return False
        return verdict.is_newly_rejected(before, is_promising=action.is_promising)

    def _evaluate(self, action: AnyTarget, verdict: Evaluation) -> AnyTarget:
        """Return a copy with the outcome of a probe, and record rejected certificates and unreachable listeners."""
        before = self._before.get(action.uuid)
        was_refused = (
            verdict.is_accepted is False
            and before is not None
            and verdict.rejecting_addresses <= before.rejecting_addresses
        )
        seen = replace(_add_probe(action, verdict), served_fingerprint=verdict.reported_fingerprint)
        failed = {"probe": verdict, **seen.expectation}
        if verdict.finding == "unreachable" and not self._is_worse(action, verdict):
            self._unreached.add(action.name)
            return replace(seen, reason=action.reason or "unreachable", facts={**action.facts, "probe": verdict})
        if verdict.finding != "served":
            return seen.mark_failed("not_served", failed, is_changed=action.is_changed, served=False)
        if self._is_newly_rejected(action, verdict):
            return seen.mark_failed("not_accepted", failed, is_changed=action.is_changed, served=True)
        if verdict.is_accepted is False:
            if isinstance(action, ListenerAction) and not action.is_changed and action.is_predecessor_trusted:
                back = {"predecessor_id": action.predecessor_id, "called": action.place.command_name}
                return seen.mark_failed("not_accepted", {"probe": verdict, **back}, served=True)
            self._refused.setdefault((verdict.rejection or "", _find_remedy_key(seen)), set()).add(action.name)
        facts = {**action.facts, "probe": verdict, "was_refused": was_refused}
        return replace(seen, served=True, facts=facts)

    def _probe(self, actions: Sequence[Target], *, is_before: bool = False) -> Mapping[str, Evaluation]:
        """Probe all listeners concurrently, and return the results by UUID; an address that worked before must still work."""
        if not actions:
            return {}
        with concurrent.futures.ThreadPoolExecutor(max_workers=min(len(actions), MAX_PROBES)) as pool:
            verdicts = list(pool.map(lambda action: self._probe_target(action, is_before=is_before), actions))
        pairs = zip(actions, verdicts, strict=True)
        return {action.uuid: verdict.compare_with(self._before.get(action.uuid)) for action, verdict in pairs}

    def _probe_target(self, action: Target, *, is_before: bool) -> Evaluation:
        if isinstance(action, EndpointAction):
            seen = probe_addresses(action.endpoint, PROBE_TIMEOUT, self._stop, self._client)
            return evaluate_results(seen, None, action.demand.is_met_by)
        listener = t.cast(ListenerAction, action)
        wanted = action.target.certificate if action.target else None
        if listener.address is None:
            words = f"The API does not return an address of load balancer {listener.load_balancer}."
            return evaluate_results(
                [ProbeResult(Endpoint("", listener.port), reason="unreachable", message=words)], wanted
            )
        endpoint = Endpoint(listener.address, listener.port, choose_tested_name(listener, is_before=is_before))
        if endpoint.server_name is None:  # so a client asks for what is served
            seen = probe_addresses(endpoint, PROBE_TIMEOUT, self._stop)
            if not any(result.is_connected for result in seen):
                return evaluate_results(seen, wanted)  # it costs the time once
            served = next((result.chain[0] for result in seen if result.chain), None)
            endpoint = replace(endpoint, server_name=served.server_name if served else None)
        return evaluate_results(probe_addresses(endpoint, PROBE_TIMEOUT, self._stop, self._client), wanted)


def _find_remedy_key(refused: Target) -> str:
    """Return the key of `messages_deploy.REFUSAL_REMEDIES` for a rejected certificate."""
    served = refused.served_chains[-1][0] if refused.served_chains else None
    if served and served.not_after <= now():
        return "ended"
    if served and served.not_before > now():
        return "to_come"
    return "chain" if refused.is_managed else "chain_elsewhere"


def _add_probe(action: AnyTarget, verdict: Evaluation) -> AnyTarget:
    """Return a copy with the served certificates of a probe, without a change of the outcome."""
    return replace(
        action,
        served_chains=verdict.chains,
        accepted=verdict.is_accepted,
        rejection=verdict.rejection,
        is_everywhere=verdict.is_complete,
        leaves=verdict.leaves,
    )


def mark_unverified(action: AnyTarget, **facts: t.Any) -> AnyTarget:
    """Return a copy with the fact that the interrupted run did not verify the target."""
    return replace(action, facts={**action.facts, "is_interrupted": True, **facts})


def choose_tested_name(action: ListenerAction, *, is_before: bool) -> str | None:
    """Return the server name for a probe: a name that the old and the new certificate cover; `None` if both certificates are unknown.

    Without a common name, the certificate before or after the change determines the name, as `is_before` specifies.
    """
    before, after = (record.certificate if record else None for record in (action.previous_record, action.target))
    if after is None or before is None:
        known = after or before
        return known.server_name if known else None
    hosts = [name for name in before.server_names if after.is_accepted_for(name.replace("*", "www", 1))]
    common = choose_server_name(hosts, before.addresses & after.addresses)
    return common or (before if is_before else after).server_name
