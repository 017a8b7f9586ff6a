# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create the result of `ssl_certificate_rotate`. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from .._base.errors import CertificatesError, build_failure_record
from .._base.names import format_listener_name
from .._base.remedies import deploy
from .._base.times import count_days, format_time
from .._replacement.can_replace import (
    ACCEPT_OPTIONS,
    OVERRIDABLE,
    Overrides,
    PresentCertificate,
    find_losses,
    list_accept_options,
    required_overrides,
)
from .._replacement.messages import describe_loss
from .._replacement.trust import TrustView
from .._report.summary import LIST_NAMES, RESULT_NAMES, format_failure, format_summary, format_totals
from .._report.table import format_listener_table
from .._softlayer.client import Client
from .._softlayer.store import StoreCertificate
from .._store.run_list import group_services
from .._x509.certificate import Certificate
from . import messages_deploy
from .apply_deploy import Deployment
from .apply_import import ResultEntry, StoreChanges
from .approved import extract_preview
from .attention import (
    AttentionItem,
    RenewalFacts,
    create_served_record,
    find_attention_items,
    select_failing,
    with_grace_period,
)
from .messages_attention import describe_attention
from .options import RotationOptions
from .plan_deploy import ListenerAction
from .plan_import import ImportSelection
from .world import Record, RenewalRequest, World


def as_result(
    client: Client,
    options: RotationOptions,
    chosen: ImportSelection,
    imports: StoreChanges,
    deployment: Deployment,
    removals: StoreChanges,
    requests: Mapping[Certificate, RenewalRequest],
) -> dict[str, t.Any]:
    """Return the module's result; `failure` is present after errors, or if a listener needs attention for a reason in `fail_on`."""
    world = deployment.plan.world
    bundles = world.bundles
    too_many, failures = deployment.plan.excess, list(deployment.failures)
    if too_many:
        sentence = messages_deploy.describe_excess(too_many)
        failures = [CertificatesError("too_many_listeners", sentence, **too_many.facts), *failures]
    listed = [
        *(("failed", record) for record in world.failed_records),
        *map(fail_if_approved, imports.entries),
        *(
            ("failed", build_failure_record("the load balancers", {"failure": error.build_failure()}))
            for error in failures
        ),
        *map(fail_if_approved, list_listeners(deployment, options) if options.is_probing_listeners else ()),
        *removals.entries,
    ]
    lists = {name: [record for list_name, record in listed if list_name == name] for name in LIST_NAMES}
    facts = RenewalFacts(
        world,
        chosen,
        bool(options.sources),
        requests,
        is_importing="import" in options.phases,
        is_deploying="deploy" in options.phases,
        is_refused=bool(failures and (too_many or not deployment.is_carried_out)),
    )
    items = find_attention_items(deployment.targets, facts) if options.is_checking_listeners else []
    if options.adopt:  # that a person has just decided
        items = [item for item in items if item.reason != "held_back"]
    concerned = [item for item in items if options.is_about(item.listener)]
    at = world.view.at
    failing = [as_attention(item, at) for item in select_failing(concerned, options.fail_on, at)]
    attention = [as_attention(item, at) for item in with_grace_period(items, options.fail_on, at)]
    adopted = [as_adopted_record(listener, deployment) for listener in deployment.listeners] if options.adopt else []
    served = [create_served_record(target, world) for target in deployment.targets]
    counted = format_totals(
        lists, served, attention, is_probed=options.is_checking_listeners, is_check_mode=options.is_check_mode
    )
    empty = [source["message"] for source in bundles.empty_records]
    result: dict[str, t.Any] = {
        "changed": any(imports.truncated_ids.values())
        or any(listener.is_changed for listener in deployment.listeners)
        or bool(lists["imported"] or lists["removed"]),
        **{RESULT_NAMES.get(name, name): records for name, records in lists.items()},
        "attention": attention,
        "listeners": served,
        "totals": counted,
        "empty_sources": bundles.empty_records,
        "api_calls": client.api_calls + bundles.api_calls,
        "diff": [*imports.diff, *deployment.diff, *removals.diff],
    }
    if options.gather_certificates:
        result["certificates"] = list(list_store_certificates(world))
    if options.adopt:
        result["adopted"] = adopted
    if options.is_check_mode:
        result["preview"] = extract_preview(lists)
    failure = why_failed(lists["failed"], failing, attention, empty, stopped=client.stop.is_set())
    result["summary"] = format_summary(
        lists,
        attention,
        format_listener_table(result, is_failed=failure is not None),
        counted,
        failing=failing,
        empty=empty,
        adopted=adopted,
        is_check_mode=options.is_check_mode,
        is_needless=set(options.phases) == {"clean_up"} and not options.is_removing,
    )
    return {**result, "failure": failure.build_failure()} if failure else result


def as_attention(item: AttentionItem, at: datetime) -> Record:
    """Return the result record of an attention item."""
    listener, lifespan, named = (
        item.listener,
        item.served_certificate.lifespan,
        item.served_certificate.reported_certificate,
    )
    request = item.why.facts["request"] if item.reason == "renewal_requested" else None
    return {
        "name": item.served_certificate.shown_name or listener.expected_name,
        "load_balancer": listener.load_balancer,
        "load_balancer_uuid": listener.load_balancer_uuid,
        "port": listener.port,
        "reason": item.reason,
        "cause": item.cause,
        "not_after": format_time(named.not_after if named else lifespan.end),
        **lifespan.as_result(),
        "days_until_expiry": count_days(lifespan.end, at),
        "held_back_since": format_time(item.hold_start),
        "explanation_url": request.explanation_url if request else None,
        "message": describe_attention(item),
    }


def fail_if_approved(listed: ResultEntry) -> ResultEntry:
    """Return an entry, marked as failed if it is an approved import or switch that is no longer possible.

    A removal is not passed, because another run may have deleted the certificate.
    """
    list_name, record = listed
    is_missed = list_name == "skipped" and record.get("reason") == "changed_meanwhile"
    return ("failed", {**record, "outcome": "failed"}) if is_missed else listed


ADOPTED_FIELDS = ("load_balancer", "load_balancer_uuid", "port", "outcome", "reason", "message")
"""Fields of a listener in `adopted`; the list `listeners` contains all other fields."""


def as_adopted_record(listener: ListenerAction, deployment: Deployment) -> Record:
    """Return the result record of a listener that adopts a certificate, with the losses and the overrides."""
    world, old, new = deployment.plan.world, listener.previous_record, listener.target
    is_given = listener.outcome == "switched"
    compared = (new, old) if is_given and new and new.certificate and old and old.certificate else None
    accepted = (
        required_overrides(compared[0], PresentCertificate.of(compared[1]), world.view) if compared else Overrides()
    )
    allow = list_accept_options(compared[1], compared[0], world.view) if compared else None
    back = deploy(compared[1].stored_id, listener.place.command_name, allow) if compared and allow is not None else None
    left = {other.uuid for other in deployment.listeners if other.outcome == "switched"}
    services = group_services(world.listed_balancers).get(listener.previous_id or 0, [])
    return {
        **{name: value for name, value in listener.as_result(world.view).items() if name in ADOPTED_FIELDS},
        "previous": _find_facts(old, world.view),
        "new": _find_facts(new, world.view) if is_given else None,
        "losses": [describe_loss(lost) for lost in find_losses(*compared, world.view)] if compared else [],
        "overrides": sorted(
            {
                ACCEPT_OPTIONS[reason]
                for reason in OVERRIDABLE.keys() & ACCEPT_OPTIONS
                if getattr(accepted, OVERRIDABLE[reason])
            }
        ),
        "switch_back_command": back,
        "still_used_by": [
            format_listener_name(service) for service in services if service["listener_uuid"] not in left
        ],
    }


def _find_facts(record: StoreCertificate | None, view: TrustView) -> Record | None:
    """Return the result fields of a record; `None` without a record."""
    if record is None:
        return None
    organization = record.certificate.organization_name if record.certificate else None
    facts = {"id": record.id, **record.facts(), "organization_name": organization}
    return {**facts, **view.find_lifespan(record).as_result()}


def why_failed(
    failed: Sequence[Record],
    failing: Sequence[Record],
    attention: Sequence[Record],
    empty: Sequence[str],
    *,
    stopped: bool,
) -> CertificatesError | None:
    """Return the error of a failed run; `None` if it succeeded."""
    if not (failed or failing or stopped):
        return None
    prefix = "The run was interrupted. " if stopped else ""
    return CertificatesError(
        "interrupted" if stopped else "rotation_failed" if failed else "attention_needed",
        f"{prefix}{format_failure(failed, failing, attention, empty)}".strip(),
        failing=len(failed) + len(failing) + stopped,
    )


def list_listeners(deployment: Deployment, options: RotationOptions) -> Iterator[ResultEntry]:
    """Yield the result entries of all listeners and endpoints: outcomes, then verifications."""
    deploys, verifies = "deploy" in options.phases, "verify" in options.phases
    yield from (("skipped", record) for record in (deployment.plan.impossible_switches if deploys else ()))
    for listener in deployment.targets:
        record = listener.as_result(deployment.plan.world.view)
        is_simulated = listener.outcome == "switched" and options.is_check_mode
        if listener.has_failed and options.is_about(listener):
            yield "failed", record
        elif listener.has_failed:
            yield "skipped", {**record, "outcome": "skipped"}
        elif listener.outcome == "switched":
            unknown = {"served": None, "accepted": None} if is_simulated else {}
            yield "deployed", {**record, **unknown}
        elif listener.outcome == "skipped" and (deploys or listener.reason == "not_found"):
            yield "skipped", record
        elif listener.served is None and verifies:
            yield "skipped", {**record, "outcome": "skipped", "reason": listener.reason or "unreachable"}
        if listener.served and verifies and not is_simulated and not listener.has_failed:
            is_reported = deploys and not options.is_check_mode  # what became of it
            yield "verified", record if is_reported else {**record, "outcome": "verified", "reason": None}


def list_store_certificates(world: World) -> Iterable[Record]:
    """Yield the result records of the store, each with its services and the IDs of its replacements."""
    services = None if world.balancers is None else group_services(world.balancers)
    for record in world.stored_records:
        newer = world.index.find_successors(record, world.view) if record.certificate else None
        yield {
            **record.as_result(world.view.at),
            **(world.view.find_lifespan(record).as_result() if record.certificate else {}),
            "services": None if services is None else services.get(record.stored_id, []),
            "superseded_by": None if newer is None else [other.id for other in newer if other.id],
        }
