# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object masks."""

from __future__ import annotations

import pytest

from tests.simulator import masks
from tests.simulator.errors import ApiFault
from tests.simulator.metadata import Datatype

STATUS = Datatype("Status", frozenset({"id", "name"}))
ITEM = Datatype("Item", frozenset({"id", "label"}), relations={"status": STATUS})
THING = Datatype(
    "Thing",
    frozenset({"id", "name"}),
    relations={"status": STATUS, "items": ITEM},
    values=frozenset({"weight"}),
    counts={"itemCount": "items"},
)


@pytest.mark.parametrize("text", ["mask[id", "mask[id]]", "mask[id[name]", "a..b", "a b", ".id"])
def test_malformed_is_refused(text: str) -> None:
    with pytest.raises(ApiFault, match="Unable to parse object mask"):
        masks.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour", "Property 'colour' not valid for 'Thing'."),
        ("mask[items[status[colour]]]", "Property 'colour' not valid for 'Status'."),
        ("name.length", "Property 'name' not valid for 'Thing'."),
        ("weight.unit", "Property 'weight' not valid for 'Thing'."),
        ("itemCount.id", "Property 'itemCount' not valid for 'Thing'."),
    ],
)
def test_unknown_property_is_refused(text: str, message: str) -> None:
    with pytest.raises(ApiFault) as raised:
        masks.projection(masks.parse(text), THING)
    assert raised.value.message == message


def test_missing_stays_away_and_null_stays_null() -> None:
    projection = masks.projection(masks.parse("id,name,status.id,items.id,itemCount"), THING)
    assert projection.of({"id": 7, "status": None}) == {"id": 7, "status": None}
