# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the store, the load balancers, and the sources of a rotation. Private to softlayer.certificates."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace

from .._base.errors import CertificatesError, build_failure_record
from .._base.module import Module
from .._base.names import has_matching_name
from .._base.text import join_first
from .._base.times import now
from .._probe.revocation import RevocationClient, SentCertificate, get_sent_certificates
from .._replacement.index import StoreIndex
from .._replacement.roots import read_trusted_roots
from .._replacement.trust import TrustView
from .._report.summary import MAX_LISTED
from .._secrets_manager.read import InstanceListing, begin_listing
from .._softlayer.client import Client
from .._softlayer.load_balancers import Balancer, fetch_balancers
from .._softlayer.store import StoreCertificate, fetch_stored, warn_of_unreadable
from .._sources.source import SECRETS_MANAGER, Source
from .._x509.certificate import read_record_names
from . import messages_deploy
from .options import RotationOptions
from .plan_deploy import ListenerSelection, find_contenders, why_unmatched
from .plan_import import drop_replaced
from .read_sources import MailContent, SecretsContent, avoid_revoked_issuers, read_instance, read_mail, read_sources
from .world import SourceContents, World

MAX_REPLACEMENTS = 5
"""Maximum number of attempts to build a chain without revoked intermediate certificates; usually, one is sufficient."""


def read_world(module: Module, client: Client, view: TrustView, options: RotationOptions) -> World:
    """Return the world: the store, the load balancers, and the sources.

    Raises:
        CertificatesError: errors of `fetch_stored`; `not_found` if a pattern has no match.
    """
    listings, at = begin_listings(module, options.sources, client.stop), now()
    world = World(fetch_stored(client), None, view, at)
    warn_of_unreadable(client, world.stored_records)
    try:
        world = replace(world, balancers=fetch_load_balancers(client, world.stored_records))
    except CertificatesError as error:
        if options.adopt:
            raise
        if options.phases - {"import"}:  # else it has nothing to do with them
            world = replace(
                world, failed_records=[build_failure_record("the load balancers", {"failure": error.build_failure()})]
            )
    bundles = read_all_sources(module, listings, world, options)
    useless = drop_replaced(bundles.unusable_records, world.index, view)
    world = replace(
        world,
        bundles=replace(bundles, unusable_records=useless),
        failed_records=[*world.failed_records, *bundles.failed_records],
    )
    known = StoreIndex([*world.stored_records, *(entry.record for entry in bundles.entries)])
    unusable = frozenset(name for record in (*useless, *bundles.excluded_records) for name in read_record_names(record))
    patterns = options.common_names
    common_names = patterns and [pattern for pattern in patterns if not has_matching_name(unusable, [pattern])]
    names = None if world.balancers is None else options.load_balancers
    unmatched = why_unmatched(ListenerSelection(common_names, names), world.listed_balancers, known)
    if unmatched:
        raise CertificatesError(unmatched.reason, messages_deploy.describe_unmatched(unmatched))
    return world


def read_again(client: Client, world: World, options: RotationOptions) -> World:
    """Return the world with the current store and load balancers, which another run may have changed.

    Raises:
        CertificatesError: errors of `fetch_stored` and `fetch_load_balancers`.
    """
    at, stored = now(), fetch_stored(client)
    current = replace(world, stored_records=stored, balancers=fetch_load_balancers(client, stored), at=at)
    return (
        current if options.is_check_mode else replace(current, imported_records=())
    )  # it is among what is stored by now


def fetch_load_balancers(client: Client, stored: Iterable[StoreCertificate]) -> list[Balancer]:
    """Return the load balancers; an empty list is an error if listeners use certificates, because permissions are missing.

    Raises:
        CertificatesError: errors of `fetch_balancers`; `not_found`.
    """
    balancers = fetch_balancers(client)
    used = [record.id for record in stored if record.associated_service_count and not record.has_no_listeners]
    if used and not balancers:
        ids = join_first(list(map(str, used)), MAX_LISTED)
        raise CertificatesError(
            "not_found",
            f"The API returned no load balancer, but services use certificates in the store ({ids}). Grant the API user the permission "
            "LOADBALANCER_MANAGE, and access to the devices of the load balancers.",
        )
    return balancers


# The sources


def begin_listings(
    module: Module, sources: Sequence[Source], stop: threading.Event
) -> dict[int, Future[InstanceListing]]:
    """Start listing the Secrets Manager instances in the sources; return the futures by position."""
    positions = [position for position, source in enumerate(sources) if source.kind == SECRETS_MANAGER]
    if not positions:
        return {}
    given = module.params["sources"]
    return {position: begin_listing(module, given[position]["secrets_manager"], stop) for position in positions}


def read_all_sources(
    module: Module, listings: Mapping[int, Future[InstanceListing]], world: World, options: RotationOptions
) -> SourceContents:
    """Return the contents of all sources, and warn if no root certificates are available."""
    params = module.params

    def read_mailbox(position: int, keys: Mapping[str, str]) -> MailContent:
        return read_mail(module, params["sources"][position]["mail"], keys, options.intermediates)

    def read_secrets(position: int) -> SecretsContent:
        return read_instance(module, listings[position].result(), world, options.source_options)

    passphrase = params["privatekey_passphrase"] or None
    read = read_sources(
        options.sources,
        read_mailbox,
        read_secrets,
        passphrase,
        options.intermediates,
        world.view,
        module.warn,
        module.hide,
    )
    if read.entries and params["trusted_ca_path"] is None:
        try:
            read_trusted_roots(None)
        except CertificatesError as error:
            module.warn(f"No certificate counts as trusted. {error.message}")
    return read


# What was revoked


def check_revocations(authorities: RevocationClient | None, world: World, options: RotationOptions) -> World:
    """Return the world with revocations, and with chains that avoid revoked intermediate certificates."""
    world = world.add_revocations(authorities, find_chains(world, options))
    for _time in range(MAX_REPLACEMENTS if authorities else 0):
        entries = avoid_revoked_issuers(world.bundles, world.view)
        if entries == world.bundles.entries:
            break
        world = replace(world, bundles=replace(world.bundles, entries=entries))
        # What takes its place may be revoked, too.
        world = world.add_revocations(authorities, find_chains(world, options))
    return world


def find_chains(world: World, options: RotationOptions) -> Iterator[SentCertificate]:
    """Yield all certificates that need a revocation check, each with its intermediate certificates."""
    for current, others in find_contenders(world, options.selection):
        yield from map(get_sent_certificates, (current, *others))
    for entry in world.bundles.entries:
        if entry.is_selected(options.common_names):
            yield get_sent_certificates(entry.record)
