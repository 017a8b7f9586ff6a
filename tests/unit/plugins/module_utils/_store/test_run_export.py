# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one certificate is exported: its key is hidden before anything else, for as long as it is used, and belongs to what was listed."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import WITH_KEY_MASK, StoreListing
from ansible_collections.softlayer.certificates.plugins.module_utils._store import plan_export as export
from ansible_collections.softlayer.certificates.plugins.module_utils._store import run_export as certificate_export
from ansible_collections.softlayer.certificates.plugins.module_utils._store.plan_export import (
    ExportAction,
    ExportOptions,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store.run_export import Exporter

from tests.support.certificates import NOW
from tests.support.stored import Made

LISTED, OTHER = Made(), Made(copy=1)
[PLANNED] = (
    export.compare(one, {}, None)
    for one in export.plan_exports(StoreListing([LISTED.record(4)], False), ExportOptions(), NOW)
)
ROW = {
    "id": 4,
    "certificate": LISTED.issued.pem,
    "intermediateCertificate": LISTED.issued.chain_pem,
    "privateKey": LISTED.issued.key_pem,
}
KEY = LISTED.issued.key_pem.strip()


class World:
    """A module, a session and a folder that note what is known of secrets when."""

    def __init__(self, row: Any) -> None:
        self.no_log_values, self.params = {"api-key"}, {"passphrase": None}
        self.row, self.written, self.hidden = row, list[str](), list[bool]()
        self.exporter = Exporter(cast(Any, self), cast(Any, self), cast(Any, self))

    def call(self, service: str, method: str, *, identifier: int, mask: str) -> Any:
        assert (service, method, identifier, mask) == ("Security_Certificate", "getObject", 4, WITH_KEY_MASK)
        return self.row

    def write(self, contents: dict[str, bytes]) -> None:
        self.note()
        self.written += contents

    def note(self) -> None:
        """Whether the key is hidden now."""
        self.hidden.append(KEY in self.no_log_values)

    def run(self) -> tuple[str, str | None]:
        done: ExportAction = self.exporter(PLANNED)
        assert self.no_log_values == {"api-key"}
        return done.outcome, done.reason


def test_the_key_is_hidden_before_it_is_checked_and_until_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(ROW)

    def look(*given: Any) -> Any:
        world.note()
        return export.check_key(*given)

    monkeypatch.setattr(certificate_export, "check_key", look)
    assert world.run() == ("exported", None) and world.hidden == [True, True]
    assert world.written == ["www.example.com.key", "www.example.com.ca-bundle", "www.example.com.crt"]


def test_a_key_that_two_share_is_hidden_until_the_last_is_done() -> None:
    world = World(ROW)
    world.exporter._hide([KEY], 1)
    world.exporter(PLANNED)
    assert KEY in world.no_log_values


@pytest.mark.parametrize(
    "changed",
    [
        {"certificate": OTHER.issued.pem, "privateKey": OTHER.issued.key_pem},
        {"intermediateCertificate": ""},
        {"certificate": None},
        {"id": 5},
        {"id": None},
    ],
    ids=["certificate", "chain", "no certificate", "another id", "no id"],
)
def test_what_changed_since_it_was_listed_is_not_written(changed: dict[str, Any]) -> None:
    world = World({**ROW, **changed})
    assert world.run() == ("failed", "api_error") and not world.written


@pytest.mark.parametrize("row", [None, [], {"id": 4}], ids=str)
def test_an_answer_without_a_record_is_an_error(row: Any) -> None:
    world = World(row)
    assert world.run() == ("failed", "api_error") and not world.written
