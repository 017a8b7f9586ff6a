# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook adopt: from a company's certificate to the first one of a client, in one command, and then renewals by themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.balanced import AUTHORITY, UPDATE, account, balanced, balancer, have, ids, run, store
from tests.support.certificates import Issued, new_key
from tests.support.client_trees import certbot
from tests.support.haproxy import served
from tests.support.playing import shell

__all__ = ["account", "balanced"]

NAME, LTD, PORT = "www.example.com", "Example Ltd", 8443
WEB = f"web:{PORT}"


def renewed(folder: Path, version: int = 1, days: tuple[float, float] = (-1, 89)) -> Issued:
    """What certbot has for the name at a version."""
    issued: Issued = AUTHORITY.issue(None, names=[NAME], key=new_key("rsa"), days=days)
    certbot(folder / "letsencrypt", NAME, issued, version)
    return issued


def lines(output: str) -> list[str]:
    """What the role has told, each line as it reads."""
    return re.findall(r'^ +"(.*)",?$', output, re.MULTILINE)


def test_from_a_companys_certificate_to_renewals_by_themselves(account: Simulator, tmp_path: Path) -> None:
    """The plan changes nothing; the command that it ends with removes the old record, and the night renews what was adopted."""
    old = store(account, NAME, is_old=True, organization=LTD, names=[NAME])
    address = balancer(account, "web", **{f"p{PORT}": old})["address"]
    first = renewed(tmp_path)
    given = {"listener": WEB, "source": str(tmp_path / "letsencrypt"), "common_name": NAME}

    plan = run(account, tmp_path, "adopt", "--check", **given)
    assert plan.ran.code == 0, plan.ran.output
    assert have(account) == {WEB: old} and ids(account) == [old]
    assert f"{WEB}: losses: the organization {LTD} (accepted with allow_organization_change)" in lines(plan.ran.output)

    done = run(account, tmp_path, "adopt", **given)
    assert done.ran.code == 0, done.ran.output
    [new] = [number for number in ids(account) if number != old]
    assert have(account) == {WEB: new} and served(address, PORT) == first.certificate
    assert [item["served"] for item in done.result["deployed"]] == [True]
    assert f"softlayer.certificates.schedule -e source={given['source']}`." in done.ran.output
    assert "Next: " not in plan.ran.output

    [command] = re.findall("To delete the certificate, run `(ansible .*)`", done.ran.output)
    assert str(old) in command
    again = run(account, tmp_path, "adopt", **given)
    assert again.ran.code == 0 and UPDATE not in again.calls and "createObject" not in again.calls, again.ran.output
    assert f"{WEB}: The listener already has the certificate. The certificate is served." in lines(again.ran.output)

    second = renewed(tmp_path, 2, (-0.5, 89.5))
    night = run(
        account,
        tmp_path,
        "rotate",
        ssl_rotation_sources=[{"certbot": given["source"]}],
        ssl_rotation_remove_superseded=True,
    )
    assert night.ran.code == 0, night.ran.output
    assert served(address, PORT) == second.certificate and old in ids(account) and new not in ids(account)

    removed = shell(account, tmp_path, command)
    assert removed.code == 0, removed.output
    assert old not in ids(account)


@pytest.mark.later
def test_what_is_red_is_reported_to_a_command_and_what_is_refused_as_well(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with the sentence that the run ends with; check mode tells nobody, and the command's own failure hides nothing."""
    balancer(account, "web", **{f"p{PORT}": store(account, NAME, organization=LTD, names=[NAME])})
    renewed(tmp_path)
    said = tmp_path / "said"
    monkeypatch.setenv("IBMCLOUD_IAM_TOKEN", "a-token")
    given = {
        "source": str(tmp_path / "letsencrypt"),
        "common_name": NAME,
        "ssl_rotation_notify_command": f"sh -c 'cat >> {said}; echo $SL_API_KEY $IBMCLOUD_IAM_TOKEN >> {said}; exit 3'",
    }
    run(account, tmp_path, "adopt", "--check", listener="web:1", **given)
    assert not said.exists()
    for wrong, sentence in (
        ({"listener": "web:1"}, "Listener web:1 does not exist"),
        ({"ssl_rotation_max_listener": 1}, "Did you mean ssl_rotation_max_listeners?"),
        ({"listner": "web:1"}, "Unknown variable listner. Did you mean listener?"),
    ):
        told = run(account, tmp_path, "adopt", **wrong, **given)
        given_to_it = said.read_text(encoding="utf-8")
        assert told.ran.code == 2 and sentence in given_to_it and sentence in told.ran.output
        assert account.api_key not in given_to_it and "a-token" not in given_to_it
        said.unlink()
