# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is to choose from, before and after an import."""

from __future__ import annotations

from dataclasses import replace

from tests.support.rotating import balancer, world_of
from tests.support.stored import Made

OLD, NEW = Made(days=(-80, 10)).record(1), Made().record(2)


def test_what_was_imported_counts_as_stored() -> None:
    world = world_of([OLD, NEW])
    completed, coming = replace(NEW, notes="with its chain"), Made(days=(0, 90)).record(None)
    after = world.after([completed, coming], ())
    assert list(after.index) == [OLD, completed, coming]
    assert after.stored == world.stored and list(world.index) == [OLD, NEW]


def test_what_the_store_has_cut_the_chain_of_is_not_chosen_unless_it_is_in_use() -> None:
    used = Made(days=(0, 90)).record(4, associatedServiceCount=1)
    world = world_of([OLD, NEW, used]).after([replace(NEW, id=3)], {2, 3, 4})
    assert list(world.index) == [OLD, used]


def test_which_listeners_have_a_certificate() -> None:
    """As commands call them; what has none is nobody's."""
    world = world_of([], balancer("web", p443=1, p8443=2), balancer("api", p443=1, p80=None))
    assert world.listeners_with == {1: ["web:443", "api:443"], 2: ["web:8443"]}
    unlisted = replace(world, balancers=None)
    assert unlisted.listeners_with == {} and list(unlisted.listed_balancers) == []
