# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run `ssl_certificate_rotate`. Private to softlayer.certificates.

A run reads the world once, and then imports, deploys, verifies, and cleans up. Check mode is the same run without writes: planned imports get records
without an ID, and planned switches count as made.
"""

from __future__ import annotations

import typing as t

from .._base.module import Module
from .._ledger.place import find_ledger_directory
from .._probe.revocation import create_revocation_client
from .._replacement.roots import create_trust_view
from .._softlayer.client import connect
from .apply_clean_up import clean_up
from .apply_deploy import plan_listeners, switch_listeners
from .apply_import import StoreChanges, import_certificates
from .apply_verify import verify_endpoints, verify_listeners
from .approved import limit_imports
from .options import read_options
from .plan_adopt import choose_adoption
from .plan_import import choose
from .read import check_revocations, read_world
from .renewal_info import request_renewal_info
from .result import as_result


def run(module: Module) -> dict[str, t.Any]:
    """Rotate the certificates, and return the module's result."""
    options = read_options(module)
    client = connect(module, module.params["concurrency"], module.stop_on_signals())
    authorities = create_revocation_client(module, client, find_ledger_directory(module.params["ledger_url"]))

    view = create_trust_view(module.params["trusted_ca_path"], pins_keys=options.require_same_key)
    world = read_world(module, client, view, options)
    world = check_revocations(authorities, world, options)

    if options.adopt:
        chosen = choose_adoption(world, options.adopt, options.source_options, options.common_names)
    else:
        chosen = choose(
            world.bundles.entries, world.index, options.source_options, world.view, world.listeners_by_certificate
        )
    if options.approved:
        chosen = limit_imports(chosen, options.approved)
    imports = import_certificates(module, client, world, chosen) if "import" in options.phases else StoreChanges()
    world = world.add_imports(imports.records, imports.truncated_ids)

    plan = plan_listeners(world, options)
    deployment = switch_listeners(module, client, plan, options, authorities)
    deployment = verify_listeners(client, deployment, options)
    deployment = verify_endpoints(client, deployment, options)
    deployment = deployment.add_revocations(authorities)

    removals = StoreChanges()
    if options.is_removing and world.balancers is not None:
        removals = clean_up(module, client, deployment, imports.records, options)

    requests = request_renewal_info(module, client, deployment.plan.world, deployment.targets, options)
    for warning in dict.fromkeys((*deployment.warnings, *(authorities.warnings if authorities else ()))):
        module.warn(warning)
    return as_result(client, options, chosen, imports, deployment, removals, requests)
