# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is to choose from, before and after an import."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import certificate_of
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import Revocation

from tests.support.certificates import DAY, NOW
from tests.support.rotating import balancer, world_of
from tests.support.stored import Made

OLD, NEW = Made(days=(-80, 10)).record(1), Made().record(2)


def test_what_was_imported_counts_as_stored() -> None:
    world = world_of([OLD, NEW])
    completed, coming = replace(NEW, notes="with its chain"), Made(days=(0, 90)).record(None)
    after = world.add_imports([completed, coming], ())
    assert list(after.index) == [OLD, completed, coming]
    assert after.stored_records == world.stored_records and list(world.index) == [OLD, NEW]


def test_what_the_store_has_cut_the_chain_of_is_not_chosen_unless_it_is_in_use() -> None:
    used = Made(days=(0, 90)).record(4, associatedServiceCount=1)
    world = world_of([OLD, NEW, used]).add_imports([replace(NEW, id=3)], {2, 3, 4})
    assert list(world.index) == [OLD, used]


def test_which_listeners_have_a_certificate() -> None:
    """As commands call them; what has none is nobody's."""
    world = world_of([], balancer("web", p443=1, p8443=2), balancer("api", p443=1, p80=None))
    assert world.listeners_by_certificate == {1: ["web:443", "api:443"], 2: ["web:8443"]}
    unlisted = replace(world, balancers=None)
    assert unlisted.listeners_by_certificate == {} and list(unlisted.listed_balancers) == []


def test_what_authorities_tell_is_known_from_then_on() -> None:
    """Each certificate is asked about once; nobody is asked without authorities."""
    world, leaf, asked = world_of([OLD]), certificate_of(OLD), []

    def ask(pairs: Any, *_known: object) -> Any:
        asked.extend(leaf for leaf, _chain in pairs)
        return {leaf: Revocation("revoked", leaf, NOW - DAY, "keyCompromise")}

    authorities: Any = SimpleNamespace(query=ask)
    told = world.add_revocations(authorities, [(leaf, OLD.intermediates)] * 2)
    assert told.view.is_revoked(leaf) and asked == [leaf]
    assert world.add_revocations(None, [(leaf, ())]) is world and not world.view.is_revoked(leaf)
