# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode sends, stores, edits and deletes nothing, leaves no ledger behind, and says what the real run then does.

Promise: Check mode is reliable.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.outside.runs import changes, mailed, play, stored, telling, told
from tests.simulator.client import Simulator
from tests.support.certificates import DAY, NOW, Authority, new_key, pem_of
from tests.support.client_trees import certbot
from tests.support.deploying import balancer, store
from tests.support.renewal_desk import PAST, Desk, answer
from tests.support.revoking import Publisher, Revoking, places, publishing

NAME = "www.example.com"
AUTHORITY = Authority()
LATER = {
    "id",
    "requested_at",
    "previous_requested_at",
    "first_requested_at",
    "next_allowed_at",
    "api_calls",
    "source",
    "invocation",
    "diff",
}
"""What is known, or another, only after the run: ids that the store gives, times, and the newest of the emails."""
WOULD_BE = "Would be "


def known_before(told_now: Any) -> Any:
    """What of a result can be known before the run, with each sentence in the tense of the run."""
    if isinstance(told_now, dict):
        return {name: known_before(value) for name, value in told_now.items() if name not in LATER}
    if isinstance(told_now, str) and told_now.startswith(WOULD_BE):
        done = told_now.removeprefix(WOULD_BE)
        return f"{done[0].upper()}{done[1:]}"
    return [known_before(each) for each in told_now] if isinstance(told_now, list) else told_now


def foretold(sim: Simulator, folder: Path, name: str, **variables: Any) -> dict[str, list[dict[str, Any]]]:
    """Play one of the collection's playbooks in check mode, then for real; returns the result, which is that of both."""
    ledger = folder / "state" / "ledger.sqlite3"
    ledger.parent.mkdir()
    given = {
        "ssl_fulfillment_ledger_url": f"sqlite:///{ledger}",
        "ssl_fulfillment_privatekey_dir": str(folder),
        **variables,
    }
    runs = []
    for arguments in (["--check"], []):
        sim.clear_calls()
        ran = play(sim, folder, telling(name), *arguments, **given)
        assert ran.code == 0, ran.output
        runs.append((ran.changed > 0, known_before(told(ran))))
        if arguments:
            assert sim.calls() and changes(sim) == []
            assert list(folder.glob("*ledger*")) == [] and not ledger.exists()
    assert runs[0] == runs[1]
    assert runs[1][0] and ledger.exists()
    return dict(runs[1][1])


def reasons(entries: list[dict[str, Any]]) -> dict[int, str | None]:
    """Outcome's reason by order."""
    return {entry["order_id"]: entry["reason"] for entry in entries}


def test_import(account: Simulator, tmp_path: Path) -> None:
    """One certificate replaces an older one, one lies in the store already, and one has no key."""
    old = store(account, AUTHORITY.issue(NAME, days=(-340, 25)))
    for number, name in enumerate((NAME, "stored.example.com", "lacking.example.com"), 1):
        issued = AUTHORITY.issue(name, days=(-1, 300))
        dates = {"effectiveDate": str(NOW - DAY), "expirationDate": str(NOW + 300 * DAY)}
        account.add_order(id=number, commonName=name, certificateSigningRequest=issued.csr_pem, **dates)
        files = {"crt": issued.pem, "ca-bundle": issued.chain_pem, "key": issued.key_pem}
        for ending, text in files.items():
            (tmp_path / f"{name}.{ending}").write_text(text, encoding="ascii")
        if number == 2:
            store(account, issued)
    (tmp_path / "lacking.example.com.key").unlink()
    (tmp_path / "root.pem").write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    saved = {
        "ssl_fulfillment_certificate_dir": str(tmp_path),
        "ssl_fulfillment_trusted_ca_path": str(tmp_path / "root.pem"),
        "ssl_fulfillment_remove_superseded": True,
    }
    result = foretold(account, tmp_path, "import", **saved)
    assert (changes(account), mailed(account)) == (["createObject", "deleteObject"], [])
    assert len(stored(account)) == 2 and old not in [record["id"] for record in account.certificates()]
    assert [(one["order_id"], one["outcome"], one["superseded"][0]["removed"]) for one in result["imported"]] == [
        (1, "imported", True)
    ]
    assert reasons(result["skipped"]) == {2: "already_imported", 3: "waiting_for_key"}


# What is on the disk


def files_in(*folders: Path) -> dict[Path, tuple[int, int]]:
    """Each file and folder in some folders, with when it was changed and its size; but for Ansible's own, and the variables that it is given."""
    found = (path for folder in folders for path in folder.rglob("*"))
    ours = (path for path in found if ".ansible" not in path.parts and path.name != "vars.json")
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in ours}


class Machine:
    """A control node where every run has something to keep: lists of revoked certificates, what authorities want, and the ledger.

    Attributes:
        variables: those of the roles, but for the place of anything that is kept: that is the usual one, in the home of the user.
    """

    def __init__(self, sim: Simulator, folder: Path, publisher: Publisher, desk: Desk) -> None:
        authority = Revoking(f"{publisher.url}/1.crl")
        publisher.publish(authority.published())
        key = new_key("rsa")
        identified = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())  # type: ignore[arg-type]
        old, new = (
            authority.leaf(NAME, key=key, days=days, extensions=[places(authority.url), identified])
            for days in ((-80, 10), (-1, 90))
        )
        balancer(sim, store(sim, old), name="web", first_port=8443)
        certbot(folder / "letsencrypt", NAME, new)
        with (folder / f"letsencrypt/renewal/{NAME}.conf").open("a", encoding="ascii") as settings:
            settings.write(f"server = {desk.url}\n")
        dates = {"effectiveDate": str(NOW - DAY), "expirationDate": str(NOW + 300 * DAY)}
        sim.add_order(id=1, commonName="api.example.com", status="Complete", **dates)
        (folder / "certificates").mkdir()
        (folder / "root.pem").write_text(pem_of([authority.root]), encoding="ascii")
        common = {"report_path": str(folder / "report.html")}
        rotation = {"sources": [{"certbot": str(folder / "letsencrypt")}], "metrics_path": str(folder / "metrics.prom")}
        rotation |= {"trusted_ca_path": str(folder / "root.pem"), "verify_timeout": 4, "fail_on": []}
        fulfillment: dict[str, Any] = {
            "select": {},
            "privatekey_dir": str(sim.keys_dir),
            "mail": {"maildir": str(sim.maildir), "wait_interval": 1},
        }
        fulfillment |= {"trusted_ca_path": str(sim.authority_root), "certificate_dir": str(folder / "certificates")}
        self.variables = {f"ssl_rotation_{name}": value for name, value in (common | rotation).items()}
        self.variables |= {f"ssl_fulfillment_{name}": value for name, value in (common | fulfillment).items()}


@pytest.fixture
def machine(serving: Simulator, tmp_path: Path) -> Iterator[Machine]:
    """Where the playbooks run."""
    with publishing() as publisher, Desk(answer(PAST)) as desk:
        yield Machine(serving, tmp_path, publisher, desk)


KEEPS = {
    "rotate": {"crls", "ledger.sqlite3", "renewal-info.json", "report.html", "metrics.prom"},
    "deploy": {"crls", "metrics.prom"},
    "verify": {"crls", "metrics.prom"},
    "adopt": {"crls", "ledger.sqlite3", "report.html", "metrics.prom"},
    "resend": {"ledger.sqlite3"},
    "fulfill": {"ledger.sqlite3"},
    "check_account": set(),
}
"""What a real run of each playbook leaves behind, at least."""


@pytest.mark.parametrize("playbook", KEEPS)
def test_nothing_is_written(
    serving: Simulator, machine: Machine, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, playbook: str
) -> None:
    """Neither where the user named it nor where things are kept without a word: in the folders for a user's state, cache and settings."""
    for name in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    adoption = {"listener": "web:8443", "common_name": NAME} if playbook == "adopt" else {}
    before = files_in(home, tmp_path)
    for options in (["--check", "--diff"], []):
        ran = play(serving, tmp_path, f"softlayer.certificates.{playbook}", *options, **machine.variables, **adoption)
        assert ran.code == 0, ran.output
        after = files_in(home, tmp_path)
        assert not options or after == before
    assert {path.name for path in after.keys() - before.keys()} >= KEEPS[playbook]
