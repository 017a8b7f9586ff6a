# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a mailbox in which there is nothing to look into."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_collect import SPEC, run

KEY = "ab" * 32
PARAMS: dict[str, Any] = {name: option.get("default") for name, option in SPEC.options.items()}
WANTED = {"orders": [{"id": 7, "common_name": "www.example.com", "public_key_sha256": KEY}]}


def warnings_of(**options: Any) -> list[str]:
    """What a module warns of with these options."""
    said: list[str] = []
    params = {**PARAMS, **WANTED, **options}
    module: Any = SimpleNamespace(params=params, warn=said.append, require=lambda *_libraries: None)
    run(module)
    return said


def test_it_is_said_of_an_empty_mailbox_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    assert [one.partition(":")[0] for one in warnings_of(paths=[str(folder)])] == [
        f"0 messages of the last 30 days are in {folder}"
    ]
    (folder / "a.eml").write_bytes(b"Subject: Hello\n\nNothing.\n")
    assert warnings_of(paths=[str(folder)]) == []
