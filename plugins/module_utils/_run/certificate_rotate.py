# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ssl_certificate_rotate` does between its options and its result. Private to softlayer.certificates.

It reads what is there once, and then imports, switches, looks and deletes with what the other modules use. Check mode is the same run
without its writes: what would be stored gets a record with a negative id, what would be switched counts as switched.
"""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from .._api.balancers import Balancer, fetch_balancers
from .._api.client import Client, connect
from .._api.store import StoreCertificate, fetch_stored, warn_of_unreadable
from .._argspec import (
    MAILBOXES,
    ArgumentSpec,
    api_options,
    concurrency_options,
    import_options,
    ledger_options,
    mailbox_options,
    secrets_source_options,
)
from .._errors import CertificatesError, failed_about
from .._libraries import FOR_API, FOR_CERTIFICATES, FOR_IMAP, FOR_SECRETS_MANAGER
from .._mail.limits import which_mailboxes, why_unusable
from .._module import Module
from .._names import any_matches
from .._plan.approvals import Approved, limit_imports, limit_listeners, limit_removal, preview_of
from .._plan.attention import REASONS, RenewalFacts, find_attention, served_by
from .._plan.deployments import ListenerAction, ListenerSelection, as_it_is, plan_renewals, why_unmatched
from .._plan.imports import ImportAction, as_simulated, plan_present, removal_of
from .._plan.material import ImportOptions
from .._plan.removal import as_result as as_record
from .._plan.removal import plan_removal
from .._plan.rotation import Record, SourceCertificate, SourceOptions, choose, is_meant, without_replaced
from .._plan.store_index import StoreIndex
from .._plan.superseding import Clients
from .._report.rotation_summary import RESULT_NAMES, failure_lines, summary
from .._report.wording import MOST_NAMED
from .._sources.source import CLIENTS, KEY_FOLDER, MAIL, SECRETS_MANAGER, Source
from .._text import some_of
from .._times import days_until, iso, now
from .._x509.certificate import Certificate, names_of
from . import certificate_deploy as deploying
from . import certificate_import as importing
from .certificate_info import Services, services_of
from .material import with_key
from .roots import anchors_for, clients_of, known_issuers, trusted_roots
from .serving import Watch
from .sources import MailContent, Read, read_mail, read_sources

if t.TYPE_CHECKING:
    from .secrets import InstanceContent, InstanceListing
from .switching import WaitOptions

PHASES = ("import", "deploy", "verify", "clean_up")
REPORT = "report"
"""The phase of the role that comes after these."""
SPEC = (
    api_options()
    + ledger_options()
    + concurrency_options()
    + import_options().only("privatekey_passphrase", "intermediate_path", "trusted_ca_path")
    + deploying.SPEC.only("common_names", "load_balancers", "max_listeners", "verify_timeout", "rollback")
    + ArgumentSpec(
        options={
            "sources": {
                "type": "list",
                "elements": "dict",
                "options": {
                    **{client: {"type": "path"} for client in CLIENTS},
                    "mail": {"type": "dict", "options": dict(mailbox_options().options)},
                    "privatekey_dir": {"type": "path", "no_log": False},
                    "secrets_manager": {
                        "type": "dict",
                        "options": dict(secrets_source_options().options),
                        "no_log": False,
                    },
                },
            },
            "phases": {"type": "list", "elements": "str", "choices": [*PHASES, REPORT], "default": list(PHASES)},
            "import_new": {"type": "bool", "default": False},
            "trust": {"type": "str", "choices": ["require", "warn"], "default": "require"},
            "deploy_concurrency": {"type": "int", "default": 4},
            "balancer_wait_timeout": {"type": "float", "default": 900},
            "remove_superseded": {"type": "bool", "default": False},
            "remove_unseen": {"type": "bool", "default": False},
            "approved": {"type": "dict"},
            "gather_certificates": {"type": "bool", "default": True},
            "fail_on": {
                "type": "list",
                "elements": "str",
                "choices": list(REASONS),
                "default": ["expired", "expiring", "not_yet_valid", "unusable"],
            },
        },
        limits={
            "deploy_concurrency": (1, 64),
            "balancer_wait_timeout": (0, deploying.LONGEST_WAIT),
            "approved": "Give what a run in check mode returned, or leave it out.",
        },
    )
)
WAIT_INTERVAL = 10.0
"""Seconds between two readings of a balancer, at most."""
ONCE_SEEN = "Would be removed, once it was seen that what replaces it is served."
LISTS = ("imported", "deployed", "verified", "removed", "skipped", "failed")
"""What a run comes to."""
CHANGED_MEANWHILE = {"key_mismatch", "invalid_pem", "bad_passphrase", "not_found"}
"""Reasons of an import that certificates and keys which fitted a moment before can only have if their files have changed."""


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    if "import" not in params["phases"] and not params["gather_certificates"]:
        params["sources"] = None  # nothing is asked of them, and their folders may be those of another machine
    sources = checked_sources(module)
    approved = None if params["approved"] is None else Approved.of(params["approved"])
    clients = clients_of(params["trusted_ca_path"])
    known = known_issuers(params["intermediate_path"])
    client = connect(module, params["concurrency"], module.stop_on_signals())
    listings = begin_listings(module, sources, client.stop)
    rotation = Rotation(module, client, clients, Given(sources, listings, known, approved))
    phases = set(params["phases"])
    if "import" in phases:
        rotation.import_certificates()
    if rotation.balancers is not None:
        rotation.plan_listeners()
        if "deploy" in phases:
            rotation.deploy()
        if {"deploy", "verify"} & phases or ("clean_up" in phases and params["remove_superseded"]):
            rotation.look()
        if "clean_up" in phases and params["remove_superseded"]:
            rotation.clean_up()
    return rotation.as_result()


# Before anything is done


def libraries(params: Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the Python libraries that a run with these options needs."""
    sources = params["sources"] or ()
    reads_mail = any(given["mail"] and given["mail"]["imap"] for given in sources)
    reads_secrets = any(given["secrets_manager"] is not None for given in sources)
    optional = (*(FOR_IMAP if reads_mail else ()), *(FOR_SECRETS_MANAGER if reads_secrets else ()))
    return tuple(dict.fromkeys((*FOR_API, *FOR_CERTIFICATES, *optional)))


def checked_sources(module: Module) -> list[Source]:
    """Refuse what the argument specification cannot express; return the sources.

    Raises:
        CertificatesError: `invalid_argument`, `not_found`, `missing_library`.
    """
    params = module.params
    if "import" in params["phases"] and not params["sources"]:
        raise CertificatesError(
            "invalid_argument",
            'sources names no source: name where the certificates come from, such as [{"certbot": "/etc/letsencrypt"}].',
        )
    sources = [checked_source(position, given) for position, given in enumerate(params["sources"] or ())]
    if params["trusted_ca_path"] is not None:
        trusted_roots(params["trusted_ca_path"])
    if {"import", "deploy"} & set(params["phases"]):
        deploying.check_ledger(module)
    return sources


def checked_source(position: int, given: Mapping[str, t.Any]) -> Source:
    """Return a source, which is named by its position if it is refused."""
    try:
        source, why_not = Source.of(given), None
        if source.kind == MAIL:
            named = which_mailboxes(given["mail"])
            why_not = f"mail must name the mailbox by one of {', '.join(MAILBOXES)}{named}" if named else None
            why_not = why_not or why_unusable(given["mail"])
        elif given[KEY_FOLDER] is not None:
            why_not = f"{KEY_FOLDER} belongs to mail: the keys of {source.kind} are beside its certificates."
        if why_not:
            raise CertificatesError("invalid_argument", why_not)
    except CertificatesError as error:
        raise CertificatesError(error.code, f"sources[{position}]: {error.message}", **error.details) from None
    return source


def begin_listings(
    module: Module, sources: Sequence[Source], stop: threading.Event
) -> dict[int, Future[InstanceListing]]:
    """Begin to list the instances of Secrets Manager among the sources, by their positions."""
    positions = [position for position, source in enumerate(sources) if source.kind == SECRETS_MANAGER]
    if not positions:
        return {}
    # Imported only here, as nothing else needs the SDK of Secrets Manager, and loading it takes time.
    from .secrets import begin_listing

    given = module.params["sources"]
    return {position: begin_listing(module, given[position]["secrets_manager"], stop) for position in positions}


def read_all(module: Module, given: Given, index: StoreIndex, wish: SourceOptions, clients: Clients) -> Read:
    """Read the sources."""
    params = module.params

    def look_into(position: int, keys: Mapping[str, str]) -> MailContent:
        return read_mail(module, params["sources"][position]["mail"], keys, given.known)

    def read_secrets(position: int) -> InstanceContent:
        from .secrets import read_listed

        return read_listed(module, given.listings[position].result(), index, wish, clients)

    passphrase = params["privatekey_passphrase"] or None
    read = read_sources(given.sources, look_into, read_secrets, passphrase, given.known, clients, module.warn)
    if read.entries and params["trusted_ca_path"] is None:
        try:
            trusted_roots(None)
        except CertificatesError as error:
            module.warn(f"No certificate can be trusted. {error.message}")
    return read


def check_listed(balancers: Sequence[Balancer], stored: Iterable[StoreCertificate]) -> None:
    """Refuse an empty list of load balancers if certificates are used by listeners: access to them is missing.

    Raises:
        CertificatesError: `not_found`.
    """
    used = [record.id for record in stored if record.associated_service_count and not record.has_no_listeners]
    if used and not balancers:
        ids = some_of(list(map(str, used)), MOST_NAMED)
        raise CertificatesError(
            "not_found",
            f"The API lists no load balancer, but services use certificates of the store ({ids}): give the API user the permission "
            "LOADBALANCER_MANAGE, and access to the devices of the load balancers.",
        )


# What is done


@dataclass(frozen=True)
class Given:
    """What was given, checked.

    Attributes:
        sources: where certificates come from.
        listings: of those that are instances of Secrets Manager, by their positions.
        known: issuers that the sources may lack.
        approved: what is limited to, if the run is.
    """

    sources: Sequence[Source]
    listings: Mapping[int, Future[InstanceListing]]
    known: Sequence[Certificate]
    approved: Approved | None


def updated(listeners: Iterable[ListenerAction], found: Iterable[ListenerAction]) -> list[ListenerAction]:
    """Return listeners, those in place of them that were found anew."""
    by_uuid = {one.uuid: one for one in found}
    return [by_uuid.get(one.uuid, one) for one in listeners]


class Rotation:
    """A run: what is known so far, and what was done.

    Args:
        module: the options.
        client: the session.
        clients: who has to trust what is served.
        given: what was given.

    Attributes:
        balancers: as they were listed; `None` if they could not be.
    """

    def __init__(self, module: Module, client: Client, clients: Clients, given: Given) -> None:
        self._module, self._client, self._clients, self._approved = module, client, clients, given.approved
        self._params = module.params
        self._phases = set(module.params["phases"]) - {REPORT}
        self._lists: dict[str, list[Record]] = {name: [] for name in LISTS}
        self._diff: list[dict[str, t.Any]] = []
        self._listed_at = now()
        self._stored = fetch_stored(client)
        warn_of_unreadable(client, self._stored)
        self.balancers: list[Balancer] | None = None
        try:
            self.balancers = fetch_balancers(client)
            check_listed(self.balancers, self._stored)
        except CertificatesError as error:
            self.balancers = None
            if self._phases - {"import"}:  # else it has nothing to do with them
                self._fail(error)
        self._index = StoreIndex(self._stored)
        needs_trust = self._params["trust"] == "require"
        wish = SourceOptions(self._params["common_names"], self._params["import_new"], needs_trust=needs_trust)
        self._read = read_all(module, given, self._index, wish, clients)
        self._lists["failed"] += self._read.failed
        self._useless = without_replaced(self._read.useless, self._index, clients)
        self._selection = ListenerSelection(self._params["common_names"], self._params["load_balancers"])
        self._check_patterns()
        chosen = choose(self._read.entries, self._index, wish, clients)
        self._chosen = limit_imports(chosen, given.approved) if given.approved else chosen
        self._imported: dict[int, StoreCertificate] = {}
        self._cut: dict[
            int, bool
        ] = {}  # the ids of what the store has cut the chains of, and whether this run has stored it
        self._planned: list[ListenerAction] = []
        self._gone: list[Record] = []
        self._listeners: list[ListenerAction] = []
        self._is_seen = False
        self._warnings: list[str] = []

    def _fail(self, error: CertificatesError) -> None:
        self._lists["failed"].append(failed_about("the load balancers", {"failure": error.as_failure()}))

    def _check_patterns(self) -> None:
        """Refuse patterns that match nothing: neither in the store nor in the sources.

        Raises:
            CertificatesError: `not_found`.
        """
        known = StoreIndex([*self._stored, *(entry.record for entry in self._read.entries)])
        unusable = frozenset(name for one in (*self._read.useless, *self._read.unwanted) for name in names_of(one))
        patterns = self._selection.common_names
        common_names = None if patterns is None else [one for one in patterns if not any_matches(unusable, [one])]
        balancers = None if self.balancers is None else self._selection.load_balancers
        unmatched = why_unmatched(ListenerSelection(common_names, balancers), self.balancers or (), known)
        if unmatched:
            raise CertificatesError("not_found", unmatched)

    # Import

    def import_certificates(self) -> None:
        """Store what may stand in for something, and note what is left out."""
        self._lists["skipped"] += [*self._useless, *self._read.unwanted, *self._chosen.skipped]
        entries = self._chosen.to_import
        new = map(self._checked, entries)
        actions = [one if one.reason else plan_present(one, self._index, self._clients) for one in new]
        actions = importing.refuse_creates_without_a_place(actions, self._params["ledger_url"])
        is_simulated = self._module.check_mode or not actions
        done = actions if is_simulated else importing.carry_out(self._module, self._client, actions)
        for entry, action, one in zip(entries, actions, done, strict=True):
            self._note_import(entry, action, one)
        self._index = self._indexed([*self._stored, *self._imported.values()])

    def _indexed(self, records: Iterable[StoreCertificate]) -> StoreIndex:
        """Return records to choose from: without those that the store has cut the chains of, unless they are in use."""
        return StoreIndex(one for one in records if one.id not in self._cut or one.associated_service_count)

    def _checked(self, entry: SourceCertificate) -> ImportAction:
        """Return what stores a certificate of a source, or why that does not fit; its key is read from its file now."""
        params = self._params
        bundle = with_key(entry.bundle, params["privatekey_passphrase"] or None, self._module.hide)
        anchors = anchors_for(params["trust"], params["trusted_ca_path"], self._module.warn)
        known = ImportAction("imported", "", certificate=entry.certificate)
        return importing.check_bundle(known, bundle, ImportOptions(trust=params["trust"]), anchors, self._clients)

    def _note_import(self, entry: SourceCertificate, planned: ImportAction, done: ImportAction) -> None:
        for warning in done.warnings:
            self._module.warn(f"{done.name}: {warning}")
        shown = as_simulated(done) if self._module.check_mode else done
        record = {**shown.as_result(), **entry.named()}
        if planned.reason in CHANGED_MEANWHILE:
            message = f"Its files were changed while they were read: run it again. {planned.message}"
            self._lists["skipped"].append(
                {**record, "outcome": "skipped", "reason": "being_renewed", "message": message}
            )
        elif done.outcome == "failed":
            self._lists["failed"].append(record)
        elif not done.changes_something:
            self._lists["skipped"].append({**record, "reason": "already_imported"})
        else:
            self._lists["imported"].append(record)
            self._diff.append(importing.as_diff(planned, is_check_mode=self._module.check_mode))
        if done.content:
            identifier = done.id or entry.record.id
            self._imported[identifier] = replace(done.held, id=identifier)
        elif done.reason == "chain_cut" and done.id:
            self._cut[done.id] = done.has_written

    # Listeners

    def plan_listeners(self) -> None:
        """Decide about each listener."""
        try:
            planned = plan_renewals(self.balancers or (), self._index, self._selection, self._clients)
            if self._approved:
                planned, self._gone = limit_listeners(planned, self._approved, self._index)
            if "deploy" in self._phases:
                deploying.check_number([one for one in planned if one.is_changed], self._params["max_listeners"])
        except CertificatesError as error:
            self._fail(error)
            planned = [as_it_is(one, self._index) for one in planned]
        self._planned = planned
        self._listeners = [as_it_is(one, self._index) for one in planned]

    def deploy(self) -> None:
        """Switch the listeners, and see that they serve what they have; in check mode, tell what would be switched."""
        if not self._module.check_mode:
            try:
                self._switch()
            except CertificatesError as error:
                self._fail(error)
                return
        self._diff += [deploying.as_diff(one) for one in self._planned if one.is_changed]

    def _switch(self) -> None:
        wait_options = WaitOptions(waits=True, timeout=self._params["balancer_wait_timeout"], interval=WAIT_INTERVAL)
        watch = self._watch(self._params["verify_timeout"])

        def plan_again() -> list[ListenerAction]:
            self._list_again()
            self.plan_listeners()
            return self._planned

        _planned, self._listeners = deploying.carry_out(
            self._module,
            self._client,
            self._planned,
            self._listed_at,
            plan_again,
            wait_options,
            watch,
            exclusive=True,
            at_once=self._params["deploy_concurrency"],
        )
        self._warnings += watch.warnings
        self._is_seen = True

    def _list_again(self) -> None:
        """List store and balancers anew: another run may have changed them."""
        stored, balancers = fetch_stored(self._client), fetch_balancers(self._client)
        check_listed(balancers, stored)
        self._stored, self.balancers = stored, balancers
        simulated = self._imported.values() if self._module.check_mode else ()
        self._index = self._indexed([*self._stored, *simulated])

    def _watch(self, timeout: float) -> Watch:
        return Watch(timeout, self._clients.anchors(), self._client.stop)

    def look(self) -> None:
        """Look at what listeners serve, at each of their addresses, unless that was done while they were switched."""
        if not self._is_seen:
            self._listeners = self._seen(self._listeners)
        unseen = [
            listener
            for listener in self._listeners
            if listener.place and not listener.seen and (listener.outcome == "failed" or not listener.is_known)
        ]
        if unseen:
            self._listeners = updated(self._listeners, self._watch(0).glimpse(unseen))
        suspect = {one.uuid: one for one in self._listeners if one.served is False and not one.is_changed}
        if suspect and not self._client.stop.is_set():
            self._look_again(suspect)
        if "deploy" in self._phases and self._module.check_mode:
            self._listeners = [self._simulated(*pair) for pair in zip(self._planned, self._listeners, strict=True)]
        self._note_listeners()

    def _seen(self, listeners: Sequence[ListenerAction]) -> list[ListenerAction]:
        """Return listeners with what they serve now."""
        watch = self._watch(0)
        seen = watch.until_served([one for one in listeners if one.is_to_be_seen])
        self._warnings += watch.warnings
        return updated(listeners, seen)

    def _look_again(self, suspect: Mapping[str, ListenerAction]) -> None:
        """Before listeners count as such that serve something else, see whether somebody has switched or deleted them meanwhile."""
        try:
            self._list_again()
        except CertificatesError as error:
            self._fail(error)
            return
        planned = plan_renewals(self.balancers or (), self._index, self._selection, self._clients)
        found = {one.uuid: as_it_is(one, self._index) for one in planned if one.uuid in suspect}
        gone = suspect.keys() - found.keys()
        switched = [one for one in found.values() if one.present_id != suspect[one.uuid].previous_certificate_id]
        seen = self._seen(switched)
        self._planned = [one for one in self._planned if one.uuid not in gone]
        self._listeners = updated((one for one in self._listeners if one.uuid not in gone), seen)

    def _simulated(self, planned: ListenerAction, seen: ListenerAction) -> ListenerAction:
        """Return what would become of a listener: one that would be switched is seen to serve what it gets, if it can be seen at all.

        Clients accept that if the store has a complete chain for it, and refuse it only if they refuse what is served now.
        """
        if planned.outcome == "failed":
            return replace(planned, seen=seen.seen, accepted=seen.accepted, refusal=seen.refusal)
        if planned.outcome != "switched":
            return seen
        served = None if seen.reason == "not_reachable" or not seen.is_to_be_seen else bool(seen.seen)
        is_trusted = planned.target is not None and self._clients.trust(planned.target)
        return replace(
            deploying.simulate(planned),
            served=served,
            accepted=None if seen.accepted is None else is_trusted,
            was_refused=seen.accepted is False and not is_trusted,
            refusal=None if is_trusted else seen.refusal,
            is_everywhere=seen.is_everywhere,
        )

    def _note_listeners(self) -> None:
        deploys, verifies = "deploy" in self._phases, "verify" in self._phases
        self._lists["skipped"] += self._gone if deploys else []
        for one in self._listeners:
            record = one.as_result(self._clients)
            is_simulated = one.outcome == "switched" and self._module.check_mode
            if one.outcome in {"failed", "rolled_back"}:
                self._lists["failed"].append(record)
            elif one.outcome == "switched":
                unknown = {"served": None, "accepted": None} if is_simulated else {}
                self._lists["deployed"].append({**record, **unknown})
            elif one.outcome == "skipped" and (deploys or one.reason == "not_found"):
                self._lists["skipped"].append(record)
            elif one.served is None and verifies:
                self._lists["skipped"].append({**record, "outcome": "skipped", "reason": one.reason or "not_reachable"})
            if one.served and verifies and not is_simulated and one.outcome not in {"failed", "rolled_back"}:
                is_told = deploys and not self._module.check_mode  # what became of it
                self._lists["verified"].append(record if is_told else {**record, "outcome": "verified", "reason": None})

    # Clean up

    def clean_up(self) -> None:
        """Delete what was replaced."""
        planned = plan_removal(
            self._index,
            self.balancers or (),
            self._listeners,
            self._imported,
            self._clients,
            remove_unseen=self._params["remove_unseen"],
        )
        patterns = self._selection.common_names
        if patterns is not None:
            planned = replace(
                planned,
                old=[one for one in planned.old if any_matches(one.names, patterns)],
                kept=[one for one in planned.kept if any_matches(one[0].names, patterns)],
            )
        old = list(planned.old)
        if self._approved:
            old, left_out = limit_removal(planned, self._approved)
            self._lists["skipped"] += left_out
        self._lists["skipped"] += [as_record(record, "skipped", *why) for record, *why in planned.kept]
        actions = [removal_of(one) for one in old]
        if self._module.check_mode:
            self._lists["removed"] += [as_record(one, "removed", None, ONCE_SEEN) for one in old]
            self._diff += [importing.as_diff(one, is_check_mode=True) for one in actions]
            return
        deleted = importing.carry_out(self._module, self._client, actions) if actions else []
        for action, done in zip(actions, deleted, strict=True):
            if done.outcome == "failed":
                skipped = done.reason in {"in_use", "not_found"}
                (self._lists["skipped"] if skipped else self._lists["failed"]).append(
                    {**done.as_result(), "outcome": "skipped" if skipped else "failed"}
                )
            else:
                self._lists["removed"].append(done.as_result())
                self._diff.append(importing.as_diff(action, is_check_mode=False))

    # Result

    def as_result(self) -> dict[str, t.Any]:
        """Return the module's result, with `failure` if something failed, or needs a person that `fail_on` names."""
        for warning in dict.fromkeys(self._warnings):
            self._module.warn(warning)
        known = RenewalFacts(
            self._index,
            self._chosen.usable,
            self._chosen.waiting,
            [*self._useless, *self._read.unwanted, *self._chosen.skipped],
            has_sources=bool(self._params["sources"]),
        )
        is_looked_after = bool({"deploy", "verify"} & self._phases)
        attention = find_attention(self._listeners, known, self._clients) if is_looked_after else []
        lists = self._lists
        left = [one for one in self._listeners if one.outcome == "unchanged" and not one.better_id]
        result: dict[str, t.Any] = {
            "changed": any(self._cut.values()) or bool(lists["imported"] or lists["deployed"] or lists["removed"]),
            **{RESULT_NAMES.get(name, name): records for name, records in lists.items()},
            "attention": attention,
            "listeners": [self._as_listener(one) for one in self._listeners],
            "summary": summary(
                lists,
                attention,
                self._phases,
                unchanged=len(left),
                removes=self._params["remove_superseded"],
                is_check_mode=self._module.check_mode,
                empty=[one["message"] for one in self._read.empty],
            ),
            "empty_sources": self._read.empty,
            "api_calls": self._client.api_calls + self._read.api_calls,
            "diff": self._diff,
        }
        if self._params["gather_certificates"]:
            result["selection"] = {name: self._params[name] for name in ("common_names", "load_balancers", "trust")}
            result["certificates"] = list(self._certificates())
            result["source_certificates"] = list(self._source_certificates())
            result["source_problems"] = self._useless
        if self._module.check_mode:
            result["preview"] = preview_of(lists)
        failure = self._failure(lists["failed"], attention)
        return {**result, "failure": failure.as_failure()} if failure else result

    def _failure(self, failed: Sequence[Record], attention: Sequence[Record]) -> CertificatesError | None:
        alarming = [one for one in attention if one["reason"] in self._params["fail_on"]]
        stopped = self._client.stop.is_set()
        if not (failed or alarming or stopped):
            return None
        told = "The run was told to stop. " if stopped else ""
        return CertificatesError(
            "interrupted" if stopped else "rotation_failed" if failed else "attention_needed",
            f"{told}{failure_lines(failed, alarming)}".strip(),
        )

    def _as_listener(self, one: ListenerAction) -> Record:
        served = served_by(one, self._index, self._clients)
        # What it was to get, and has not.
        missed = one.target if one.target and one.target.id != one.present_id else None
        return {
            **one.as_result(self._clients),
            "better_certificate_id": one.better_id or (missed and missed.stored_id),
            "not_before": iso(served.lifespan.begin),
            "not_after": iso(served.certificate.not_after if served.certificate else served.lifespan.end),
            **served.lifespan.as_result(),
            "renewal_due": served.lifespan.is_due(self._clients.at),
            "days_until_expiry": days_until(served.lifespan.end, self._clients.at),
            "served_name": served.shown_name,
            "served_certificate": one.seen[0][0].facts() if one.served is False and one.seen else None,
        }

    def _source_certificates(self) -> Iterator[Record]:
        left_out = {one["fingerprint_sha256"]: one["reason"] for one in self._chosen.skipped}
        for entry in self._read.entries:
            one = entry.certificate
            if is_meant(one.common_name, one.subject_alt_names, self._params["common_names"]):
                reason = left_out.get(one.fingerprint_sha256)
                replaced = [] if reason else self._index.superseded_by(entry.record, self._clients)
                ids = [record.id for record in replaced if record.stored_id]
                yield {**entry.as_facts(), "reason": reason, "supersedes": ids}

    def _certificates(self) -> Iterator[Record]:
        """Yield the store as it was listed, with what serves each certificate, and what may stand in for it by now."""
        services: Services | None = None if self.balancers is None else services_of(self.balancers)
        for one in self._stored:
            newer = self._index.superseding(one, self._clients) if one.certificate else None
            yield {
                **one.as_result(self._clients.at),
                **(self._clients.lifespan(one).as_result() if one.certificate else {}),
                "services": None if services is None else services.get(one.id, []),
                "superseded_by": None if newer is None else [other.id for other in newer if other.stored_id],
            }
