# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter certificate_files: what lies beside each other on the controller, and what is waited for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import certificate_files as plugin

certificate_files = plugin.FilterModule().filters()["certificate_files"]

ALL = ("www.example.com.crt", "www.example.com.ca-bundle", "www.example.com.key")


def order(**others: Any) -> dict[str, Any]:
    """An order as C(ssl_order_info) returns it."""
    return {"id": 1, "common_name": "www.example.com", "status": "approved", "days_until_expiry": 30, **others}


def found(folder: Path, *names: str, **others: Any) -> dict[str, Any]:
    """What the filter finds for one order where these files are."""
    for name in names:
        (folder / name).touch()
    result: dict[str, Any] = certificate_files([order(**others)], str(folder), str(folder))
    return result


def test_all_that_belongs_to_an_order(tmp_path: Path) -> None:
    certificate, chain, key = (str(tmp_path / name) for name in ALL)
    options = {"certificate_path": certificate, "intermediate_path": chain, "privatekey_path": key}
    assert found(tmp_path, *ALL) == {"ready": [{"order_id": 1, **options}], "skipped": []}


@pytest.mark.parametrize(
    ("missing", "reason"), [(".crt", "waiting_for_certificate"), (".key", "waiting_for_key"), (".ca-bundle", None)]
)
def test_what_is_waited_for(tmp_path: Path, missing: str, reason: str | None) -> None:
    """The intermediate certificates alone are no certificate."""
    result = found(tmp_path, *(name for name in ALL if not name.endswith(missing)))
    assert [entry["reason"] for entry in result["skipped"]] == ([reason] if reason else [])
    assert len(result["ready"]) == (0 if reason else 1)


@pytest.mark.parametrize("name", ["*.example.com", "MÜNCHEN.example", "xn--mnchen-3ya.example"])
def test_names_of_files(tmp_path: Path, name: str) -> None:
    stem = "_.example.com" if name.startswith("*") else "xn--mnchen-3ya.example"
    assert len(found(tmp_path, f"{stem}.crt", f"{stem}.key", common_name=name)["ready"]) == 1
