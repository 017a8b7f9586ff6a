# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ssl_certificate_rotate` does between its options and its result. Private to softlayer.certificates.

It reads what is there once, and then imports, switches, looks and deletes with what the other modules use. Check mode is the same run
without its writes: what would be stored gets a record without an id, what would be switched counts as switched.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._base.module import Module
from .._ledger.place import folder_beside
from .._probe.revocation import authorities_for
from .._replacement.roots import trust_view_of
from .._softlayer.client import connect
from .apply import (
    StoreChanges,
    ask_authorities,
    choose_adopted,
    import_chosen,
    look,
    look_at_endpoints,
    plan_listeners,
    remove_replaced,
    switch,
)
from .approved import limit_imports
from .options import options_of
from .plan_import import choose
from .read import learn_before, read_world
from .result import as_result
from .world import learn


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    options = options_of(module)
    client = connect(module, module.params["concurrency"], module.stop_on_signals())
    authorities = authorities_for(module, client, folder_beside(module.params["ledger_url"]))

    world = read_world(module, client, trust_view_of(module.params["trusted_ca_path"]), options)
    world = learn_before(authorities, world, options)
    chosen = (
        choose_adopted(world, options)
        if options.adopt
        else choose(world.bundles.entries, world.index, options.certificates, world.view, world.listeners_with)
    )
    if options.approved:
        chosen = limit_imports(chosen, options.approved)
    imports = import_chosen(module, client, world, chosen) if "import" in options.phases else StoreChanges()
    world = world.after(imports.records, imports.cut)
    plan = plan_listeners(world, options)
    switched = switch(module, client, plan, options, authorities)
    seen = look_at_endpoints(client, look(client, switched, options), options)
    served = ((leaf, sent) for target in seen.targets for leaf, *sent in target.seen)
    seen = replace(seen, plan=replace(seen.plan, world=learn(authorities, seen.plan.world, served)))
    removals = StoreChanges()
    if options.removes and world.balancers is not None:
        removals = remove_replaced(module, client, seen, imports.records, options)
    requests = ask_authorities(module, client, seen, options)
    for warning in dict.fromkeys((*seen.warnings, *(authorities.warnings if authorities else ()))):
        module.warn(warning)
    return as_result(client, options, chosen, imports, seen, removals, requests)
