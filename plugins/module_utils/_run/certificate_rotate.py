# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ssl_certificate_rotate` does between its options and its result. Private to softlayer.certificates.

It reads what is there once, and then imports, switches, looks and deletes with what the other modules use. Check mode is the same run
without its writes: what would be stored gets a record without an id, what would be switched counts as switched.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import fields, replace

from .._api.client import Client, connect
from .._apply.switching import LONGEST_WAIT, check_ledger
from .._argspec import (
    ArgumentSpec,
    api_options,
    concurrency_options,
    import_options,
    ledger_options,
    mailbox_options,
    secrets_source_options,
)
from .._errors import CertificatesError
from .._ledger.place import PLAIN
from .._libraries import FOR_API, FOR_CERTIFICATES, FOR_IMAP, FOR_SECRETS_MANAGER
from .._module import Module
from .._net.crl import Egress
from .._plan.approvals import Approved, limit_imports
from .._plan.attention import REASONS
from .._plan.deployments import Adoption
from .._plan.rotation import choose
from .._sources.source import CLIENTS
from .account_check import known_limit
from .certificate_deploy import SPEC as DEPLOY_SPEC
from .endpoint_info import expecting, read_endpoints
from .renewal_info import ask_authorities
from .revocation import SPEC as REVOCATION_SPEC
from .revocation import Authorities, cache_beside, named_anchors
from .roots import clients_of, known_issuers, trusted_roots
from .rotation_result import as_result
from .rotation_steps import (
    StoreChanges,
    choose_adopted,
    import_chosen,
    look,
    look_at_endpoints,
    plan_listeners,
    remove_replaced,
    switch,
)
from .rotation_world import RotationOptions, at_stake, learn, read_world, seen_by, source_of

PHASES = ("import", "deploy", "verify", "clean_up")
REPORT = "report"
"""The phase of the role that comes after these."""
SPEC = (
    api_options()
    + ledger_options()
    + concurrency_options()
    + import_options().only("privatekey_passphrase", "intermediate_path", "trusted_ca_path")
    + REVOCATION_SPEC
    + DEPLOY_SPEC.only("common_names", "load_balancers", "max_listeners", "verify_timeout", "rollback")
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
            "endpoints": {"type": "list", "elements": "raw"},
            "approved": {"type": "dict"},
            "adopt": {
                "type": "dict",
                "options": {
                    "common_name": {"type": "str", "required": True},
                    "listeners": {"type": "list", "elements": "str"},
                },
            },
            "gather_certificates": {"type": "bool", "default": True},
            "account_facts_path": {"type": "path"},
            "fail_on": {
                "type": "list",
                "elements": "str",
                "choices": list(REASONS),
                "default": ["expired", "expiring", "not_yet_valid", "unusable", "revoked", "held_back"],
            },
        },
        limits={
            "deploy_concurrency": (1, 64),
            "balancer_wait_timeout": (0, LONGEST_WAIT),
            "approved": "Give what a run in check mode returned, or leave it out.",
        },
    )
)


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    options = options_of(module)
    client = connect(module, module.params["concurrency"], module.stop_on_signals())
    authorities = authorities_for(module, client) if module.params["check_revocation"] != "off" else None

    world = read_world(module, client, clients_of(module.params["trusted_ca_path"]), options)
    world = learn(authorities, world, at_stake(world, options))
    chosen = (
        choose_adopted(world, options)
        if options.adopt
        else choose(world.bundles.entries, world.index, options.certificates, world.clients, world.listeners_with)
    )
    if options.approved:
        chosen = limit_imports(chosen, options.approved)
    imports = import_chosen(module, client, world, chosen) if "import" in options.phases else StoreChanges()
    world = world.after(imports.records, imports.cut)
    plan = plan_listeners(world, options)
    seen = look_at_endpoints(client, look(client, switch(module, client, plan, options), options), options)
    seen = replace(seen, plan=replace(seen.plan, world=learn(authorities, seen.plan.world, seen_by(seen.listeners))))
    removals = StoreChanges()
    if options.removes and world.balancers is not None:
        removals = remove_replaced(module, client, seen, imports.records, options)
    requests = ask_authorities(module, client, seen, options)
    for warning in dict.fromkeys((*seen.warnings, *(authorities.warnings if authorities else ()))):
        module.warn(warning)
    return as_result(client, options, chosen, imports, seen, removals, requests)


def authorities_for(module: Module, client: Client) -> Authorities:
    """Return what asks authorities which certificates they have revoked.

    Raises:
        CertificatesError: as `named_anchors`.
    """
    settings, path = client.settings, module.params["trusted_ca_path"]
    ledger = PLAIN.fullmatch((module.params["ledger_url"] or "").strip())
    return Authorities(
        lambda: Egress(settings.proxy, settings.verify),
        cache_beside(ledger[1] if ledger else None),
        settings.timeout,
        named_anchors(path),
        client.stop,
    )


def libraries(params: Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the Python libraries that a run with these options needs."""
    sources = params["sources"] or ()
    reads_mail = any(given["mail"] and given["mail"]["imap"] for given in sources)
    reads_secrets = any(given["secrets_manager"] is not None for given in sources)
    optional = (*(FOR_IMAP if reads_mail else ()), *(FOR_SECRETS_MANAGER if reads_secrets else ()))
    return tuple(dict.fromkeys((*FOR_API, *FOR_CERTIFICATES, *optional)))


def options_of(module: Module) -> RotationOptions:
    """Return the options; refuse what the argument specification cannot express.

    Raises:
        CertificatesError: `invalid_argument`, `not_found`, `missing_library`.
    """
    params = module.params
    if "import" not in params["phases"] and not params["gather_certificates"]:
        params["sources"] = None  # nothing is asked of them, and their folders may be those of another machine
    if "import" in params["phases"] and not params["sources"]:
        raise CertificatesError(
            "invalid_argument",
            'sources names no source: name where the certificates come from, such as [{"certbot": "/etc/letsencrypt"}].',
        )
    if params["adopt"] and not {"import", "deploy"} <= set(params["phases"]):
        raise CertificatesError(
            "invalid_argument", "adopt needs the phases import and deploy: add them, or leave adopt out."
        )
    if params["adopt"] and params["adopt"]["listeners"] == []:
        raise CertificatesError(
            "invalid_argument",
            "adopt.listeners names no listener: name those that are to get the certificate, or leave it out for all that serve one of its names.",
        )
    sources = [source_of(position, given) for position, given in enumerate(params["sources"] or ())]
    if params["trusted_ca_path"] is not None:
        trusted_roots(params["trusted_ca_path"])
    if {"import", "deploy"} & set(params["phases"]):
        check_ledger(module)
    given = {field.name: params[field.name] for field in fields(RotationOptions) if field.name in params}
    given |= {
        "phases": frozenset(params["phases"]) - {REPORT},
        "sources": sources,
        "approved": None if params["approved"] is None else Approved.of(params["approved"]),
        "adopt": None if params["adopt"] is None else Adoption(**params["adopt"]),
        "issuers": known_issuers(params["intermediate_path"]),
        "endpoints": expecting(read_endpoints(params["endpoints"])),
        "limit": known_limit(params["account_facts_path"], module.warn) if "import" in params["phases"] else None,
    }
    return RotationOptions(**given, is_check_mode=module.check_mode)
