# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a mailbox in which there is nothing to look into, and which orders can be looked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_collect import SPEC, parse_order, run

from tests.support.failing import fails

KEY = "ab" * 32
PARAMS: dict[str, Any] = {name: option.get("default") for name, option in SPEC.options.items()}
ORDER = {"id": 7, "common_name": "www.example.com", "public_key_sha256": KEY}


def warnings_of(**options: Any) -> list[str]:
    """What a module warns of with these options."""
    said: list[str] = []
    params = {**PARAMS, "orders": [ORDER], **options}
    module: Any = SimpleNamespace(params=params, warn=said.append, require=lambda *_libraries: None)
    run(module)
    return said


def test_it_is_said_of_an_empty_mailbox_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    assert [one.partition(". ")[0] for one in warnings_of(paths=[str(folder)])] == [
        f"Found 0 messages of the last 30 days in {folder}"
    ]
    (folder / "a.eml").write_bytes(b"Subject: Hello\n\nNothing.\n")
    assert warnings_of(paths=[str(folder)]) == []
    assert warnings_of(paths=[]) == ["paths is empty, so no message was read."], "a pattern may come to that"


@pytest.mark.parametrize(
    "changes",
    [
        *({"id": each} for each in ("abc", None, [1], float("inf"), float("nan"), "")),
        *({"public_key_sha256": each} for each in (["a"], {"a": "b"}, 7)),
        {"common_name": ["a"]},
    ],
    ids=str,
)
def test_an_order_with_something_else_in_it(changes: dict[str, Any]) -> None:
    with fails("invalid_argument", "ssl_order_info"):
        parse_order({**ORDER, **changes})


@pytest.mark.parametrize("name", ORDER)
def test_an_order_that_lacks_something(name: str) -> None:
    with fails("invalid_argument", name):
        parse_order({key: value for key, value in ORDER.items() if key != name})
