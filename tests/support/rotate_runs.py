# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of ssl_certificate_rotate share: folders with certificates, runs, and what they came to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Issued, pem_of
from tests.support.deploying import ALL, AUTHORITY, UPDATE, finished
from tests.support.forked import ForkedModule
from tests.support.modules import Run, options_for, start_module

MODULE = "ssl_certificate_rotate"
STORED = "getSecurityCertificates"
CREATE, EDIT, DELETE = "createObject", "editObject", "deleteObject"
CHANGES = {CREATE, EDIT, DELETE, UPDATE}
LISTINGS = [STORED, ALL]
"""All that a run calls that has nothing to do."""
RESULTS = {
    *("imported", "deployed", "verified", "removed", "skipped_items", "failed_items", "attention", "listeners"),
    *("certificates", "empty_sources", "summary", "totals", "api_calls", "changed", "diff"),
}


def keep(folder: Path, name: str, issued: Issued, *endings: str) -> None:
    """Put a certificate into a folder, as people keep it; with its chain and its key, if nothing else is said."""
    folder.mkdir(exist_ok=True)
    contents = {".crt": issued.pem, ".key": issued.key_pem, ".ca-bundle": issued.chain_pem}
    for ending in endings or contents:
        (folder / f"{name}{ending}").write_text(contents[ending], encoding="ascii")


class Rotation:
    """Runs against an account, with the certificates of a folder; no alarm fails them unless something else is said."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder / "keys"
        self.folder.mkdir()
        self._roots = folder / "root.pem"
        self._roots.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
        self.ledger = f"sqlite:///{folder / 'ledger.sqlite3'}"

    def keep(self, name: str, issued: Issued, *endings: str) -> None:
        """Put a certificate into the folder."""
        keep(self.folder, name, issued, *endings)

    def options(self, **given: Any) -> dict[str, Any]:
        """The options of a run; those that are None are left out."""
        usual = {
            **options_for(self.sim, "rest"),
            "sources": [{"folder": str(self.folder)}],
            "trusted_ca_path": str(self._roots),
            "ledger_url": self.ledger,
            "verify_timeout": 2,
            "fail_on": [],
        }
        return {name: value for name, value in {**usual, **given}.items() if value is not None}

    def begin(
        self, *, check: bool = False, diff: bool = False, first: Callable[[], None] | None = None, **given: Any
    ) -> ForkedModule:
        """Start a run, which calls a function first if there is one."""
        self.sim.clear_calls()
        return start_module(MODULE, check=check, diff=diff, first=first, **self.options(**given))

    def run(self, **given: Any) -> Run:
        """Run it to its end."""
        return end(self.begin(**given))

    def check(self, **given: Any) -> Run:
        """Run it in check mode, which changes nothing."""
        run = self.run(check=True, **given)
        assert not self.changes(), "it is check mode"
        return run

    @property
    def calls(self) -> list[str]:
        """What the last run called."""
        return [call["method"] for call in self.sim.calls()]

    def changes(self) -> list[str]:
        """What the last run called that changes something, sorted."""
        return sorted(method for method in self.calls if method in CHANGES)


def end(process: ForkedModule) -> Run:
    """Wait for a run's end; checks what holds of every run."""
    run = finished(process)
    if "summary" in run:
        names = set(run.result) - {"invocation", "warnings", "deprecations", "failed", "failure", "msg"}
        assert names - {"preview", "adopted"} == RESULTS
        has_done = bool(run["imported"] or run["deployed"] or run["removed"])
        # What was stored or switched, and is not what it should be, is in neither.
        assert run["changed"] == has_done or (run["changed"] and run["failed_items"])
        messages = [one["message"] for name in ("skipped_items", "failed_items", "attention") for one in run[name]]
        assert all(message.endswith((".", "!", "?")) for message in messages), messages
        assert run.failed or not run["failed_items"]
    return run


def places(run: Run, name: str) -> dict[str, tuple[str, str | None, bool | None]]:
    """Of the listeners in one of the result's lists: outcome, reason, and whether it was seen."""
    return {
        f"{one['load_balancer']}:{one['port']}": (one["outcome"], one["reason"], one["served"])
        for one in run[name]
        if one.get("port")
    }


def skipped(run: Run) -> dict[str, str]:
    """Why certificates of sources were left out."""
    return {one["name"]: one["reason"] for one in run["skipped_items"] if one.get("source")}


def ids(run: Run, name: str) -> list[int]:
    """The ids of the certificates in one of the result's lists."""
    return [one["id"] for one in run[name]]


def kept(run: Run) -> dict[int, str]:
    """Why certificates of the store were kept."""
    return {one["id"]: one["reason"] for one in run["skipped_items"] if one.get("id") and not one.get("source")}


def alarms(run: Run) -> dict[str, list[str]]:
    """What needs a person, by listener."""
    found: dict[str, list[str]] = {}
    for one in run["attention"]:
        found.setdefault(f"{one['load_balancer']}:{one['port']}", []).append(one["reason"])
    return found


@pytest.fixture
def here(serving: Simulator, tmp_path: Path) -> Rotation:
    """Runs where the listeners serve."""
    return Rotation(serving, tmp_path)


@pytest.fixture
def blind(account: Simulator, tmp_path: Path) -> Rotation:
    """Runs where no listener can be reached."""
    return Rotation(account, tmp_path)
