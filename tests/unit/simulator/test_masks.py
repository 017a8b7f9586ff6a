# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object masks."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.simulator import masks
from tests.simulator.errors import ApiFault
from tests.simulator.metadata import Datatype

STATUS = Datatype("Status", frozenset({"id", "name"}))
ITEM = Datatype("Item", frozenset({"id", "label"}), relations={"status": STATUS})
THING = Datatype(
    "Thing",
    frozenset({"id", "name", "madeDate", "nameLength"}),
    relations={"status": STATUS, "items": ITEM},
    values=frozenset({"weight"}),
    counts={"itemCount": "items"},
)
ROW = {
    "id": 7,
    "name": "seven",
    "madeDate": datetime(2018, 2, 22, 16, 56, 44, tzinfo=timezone.utc),
    "nameLength": lambda row: len(row["name"]),
    "weight": 12,
    "status": {"id": 1, "name": "New"},
    "items": [{"id": 70, "label": "a", "status": None}, {"id": 71, "label": "b", "status": {"id": 2, "name": "Old"}}],
}


@pytest.mark.parametrize("text", ["mask[id", "mask[id]]", "id]", "mask[id[name]", "a..b", "mask.", "a b", "a;b", ".id"])
def test_malformed_is_refused(text: str) -> None:
    with pytest.raises(ApiFault, match="Unable to parse object mask"):
        masks.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour", "Property 'colour' not valid for 'Thing'."),
        ("status.colour", "Property 'colour' not valid for 'Status'."),
        ("items[status[colour]]", "Property 'colour' not valid for 'Status'."),
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
