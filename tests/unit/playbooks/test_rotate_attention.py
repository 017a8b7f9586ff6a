# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No night is green while something dies: what nothing renews fails the playbooks `rotate` and `verify`, by name and with its remedy."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from tests.simulator.client import Simulator
from tests.support.balanced import AUTHORITY, Told, account, balanced, balancer, put
from tests.support.certificates import Issued, new_key
from tests.unit.playbooks.test_rotate import changes, keep, renewed, rotate

__all__ = ["account", "balanced"]


def served(sim: Simulator, name: str, days: tuple[float, float], **how: Any) -> None:
    """Have a load balancer serve a certificate that is valid in these days from now."""
    record = put(sim, AUTHORITY.issue(f"{name}.example.com", key=new_key("rsa"), days=days, **how))
    balancer(sim, name, p443=record)


def attention(told: Told) -> dict[str, set[str]]:
    """What needs a person, by load balancer."""
    found: dict[str, set[str]] = {}
    for one in told.result["attention"]:
        found.setdefault(one["load_balancer"], set()).add(one["reason"])
    return found


def certbot(folder: Path, lineage: str, issued: Issued) -> None:
    """Keep a certificate as certbot does."""
    live = folder / "live" / lineage
    live.mkdir(parents=True)
    for name, text in (("cert", issued.pem), ("chain", issued.chain_pem), ("privkey", issued.key_pem)):
        (live / f"{name}.pem").write_text(text, encoding="ascii")


def last_line(told: Told) -> str:
    """The sentence with which a run fails, which is the last that it says."""
    found = re.findall(r'^fatal: .*"msg": "(.+)"}$', told.ran.output, re.MULTILINE)
    return str(found[-1]) if found else ""


def test_what_nothing_renews(account: Simulator, tmp_path: Path) -> None:
    """One has expired, one ends tomorrow; what renews the third is held back; a short-lived one at half its life alarms nobody."""
    for name, days in {"gone": (-92, -2), "soon": (-89, 1), "held": (-60, 40), "short": (-3, 3)}.items():
        served(account, name, days)
    certbot(tmp_path / "letsencrypt", "held.example.com", renewed("held.example.com", key=new_key("ec")))
    options = {"sources": [{"certbot": str(tmp_path / "letsencrypt")}]}
    for check in ([], ["--check"]):
        told = rotate(account, tmp_path, *check, fail_on=None, **options)
        assert (told.ran.code, changes(told)) == (2, Counter()), told.ran.output
        said = last_line(told)
        assert said.startswith("2 listeners need a person: gone:443 (gone.example.com): expired: It expired at "), said
        assert (
            "; soon:443 (soon.example.com): expiring: It ends at " in said and said.count("have the client that") == 2
        ), said

    told = rotate(account, tmp_path, fail_on=["held_back"], **options)
    assert told.ran.code == 2, told.ran.output
    assert re.fullmatch(
        r"1 listener needs a person: held:443 .* is held back\. .*have certbot make RSA keys, --key-type rsa\.",
        last_line(told),
    )

    told = rotate(account, tmp_path, fail_on=[], **options)
    assert (told.ran.code, changes(told)) == (0, Counter()), told.ran.output
    assert attention(told) == {"gone": {"expired"}, "soon": {"expiring"}, "held": {"held_back"}}
    for name, (reason,) in attention(told).items():
        assert f'"NEEDS A PERSON: {name}:443 ({name}.example.com): {reason}: ' in told.ran.output


def test_nights_that_only_look(account: Simulator, tmp_path: Path) -> None:
    """The playbook `verify` says the same of what expires; one that the store can renew is named with what does that."""
    served(account, "soon", (-89, 1))
    served(account, "late", (-89, 1))
    put(account, AUTHORITY.issue("late.example.com", key=new_key("rsa")))
    told = rotate(account, tmp_path, playbook="verify", fail_on=None)
    assert (told.ran.code, changes(told)) == (2, Counter()), told.ran.output
    assert "soon:443 (soon.example.com): expiring: " in last_line(told)
    assert "Have it renewed, and import the new certificate." in last_line(told)
    assert "is newer: have it served, with the playbook deploy or rotate." in last_line(told)
    fine = rotate(account, tmp_path, playbook="verify", load_balancers=["late"], fail_on=["held_back", "not_served"])
    assert (fine.ran.code, attention(fine)) == (0, {"late": {"expiring"}}), fine.ran.output


def test_metrics(account: Simulator, tmp_path: Path) -> None:
    """They are written however the run ends, and say so; not in check mode, and they are no change."""
    served(account, "soon", (-89, 1))
    served(account, "www", (-60, 40))
    keep(tmp_path / "keys", "bad", renewed("www.example.com"), ".crt")
    path = tmp_path / "certificates.prom"

    def metrics() -> dict[str, float]:
        lines = path.read_text(encoding="utf-8").splitlines()
        path.unlink()
        values = (line.removeprefix("softlayer_certificates_").rpartition(" ") for line in lines if line[0] != "#")
        return {name: float(value) for name, _blank, value in values}

    plan = rotate(account, tmp_path, "--check", metrics_path=str(path))
    assert (plan.ran.code, path.exists()) == (0, False), plan.ran.output
    good = rotate(account, tmp_path, metrics_path=str(path))
    assert (good.ran.code, good.ran.changed) == (0, 0), good.ran.output
    found = metrics()
    assert (found["last_run_success"], found['attention{reason="expiring"}']) == (1, 1)
    assert found['renewal_due{load_balancer="soon",name="soon.example.com",port="443"}'] == 1
    assert [found[f'last_run_items{{list="{name}"}}'] for name in ("verified", "skipped", "failed")] == [2, 1, 0]

    told = rotate(account, tmp_path, metrics_path=str(path), fail_on=None)
    assert (told.ran.code, metrics()["last_run_success"]) == (2, 0), told.ran.output
    listener = next(one for one in account.balancers() if one["name"] == "www")["listeners"][0]
    account.patch_listener(listener["uuid"], misbehaves="other", changes=9, at_once=True)
    told = rotate(account, tmp_path, metrics_path=str(path))
    found = metrics()
    assert (told.ran.code, found["last_run_success"], found['last_run_items{list="failed"}']) == (2, 0, 1), (
        told.ran.output
    )
    assert found['served{load_balancer="www",name="www.example.com",port="443"}'] == 0
    told = rotate(account, tmp_path, metrics_path=str(path), load_balancers=["wwww"])
    assert (told.ran.code, metrics()["last_run_success"]) == (2, 0), told.ran.output

    path.mkdir()
    told = rotate(account, tmp_path, metrics_path=str(path))
    assert told.ran.code == 2 and f"Write the metrics to {path}" in told.ran.output, told.ran.output
