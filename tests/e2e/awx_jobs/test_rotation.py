# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that rotate certificates, run by ansible-runner as AWX runs them: from volumes and mailboxes to what HAProxy serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.e2e.awx.stub.notifications import rendered
from tests.e2e.awx_jobs.awx import Job, Launch
from tests.e2e.awx_jobs.conftest import PASSPHRASE, assert_no_secrets, softlayer
from tests.simulator.client import Simulator
from tests.support.awx_variables import notification, objects
from tests.support.balanced import AUTHORITY, account, balanced, balancer, have, ids, store
from tests.support.certificates import Issued, key_pem, new_key, pem_of

__all__ = ["account", "balanced"]

pytest_plugins = ["tests.support.dovecot", "tests.support.postgresql"]

Rotate = Callable[..., Job]


def renewed(name: str) -> Issued:
    """A new certificate with a key of its own."""
    return AUTHORITY.issue(None, names=[name], key=new_key("rsa"))


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """What is mounted into the jobs: certificates, private keys with a passphrase, and the root that is trusted."""
    for name in ("certificates", "keys"):
        (tmp_path / "volume" / name).mkdir(parents=True)
    (tmp_path / "volume/root.pem").write_text(pem_of([AUTHORITY.root]), encoding="utf-8")
    return tmp_path / "volume"


def keep(volume: Path, name: str, issued: Issued) -> None:
    """Put a certificate onto the volume, and its key to the others."""
    (volume / f"certificates/{name}.pem").write_text(issued.pem + issued.chain_pem, encoding="utf-8")
    for folder in ("certificates", "keys"):
        text = key_pem(issued.key, PrivateFormat.PKCS8, PASSPHRASE)
        (volume / f"{folder}/{name}.key").write_text(text, encoding="utf-8")


@pytest.fixture
def rotate(account: Simulator, postgresql_url: str, volume: Path, launch: Launch) -> Rotate:
    """Runs jobs that rotate certificates, with the variables of the job template and the answers that a survey proposes."""

    def run(
        playbook: str = "rotate.yml",
        *,
        check: bool = False,
        options: str = "",
        **given: Any,
    ) -> Job:
        template = {"ssl_rotation_trusted_ca_path": str(volume / "root.pem"), "ssl_rotation_verify_timeout": 1}
        template["ssl_rotation_fail_on"] = []  # that certificates are due is not what these tests are about
        survey = {"ssl_load_balancers": "", "ssl_common_names": "", "ssl_max_listeners": 20}
        injected = {
            **softlayer(account, postgresql_url),
            "SSL_FULFILLMENT_PRIVATEKEY_DIR": str(volume / "keys"),
            "SSL_FULFILLMENT_PRIVATEKEY_PASSPHRASE": PASSPHRASE,
        }
        return launch(
            playbook,
            credentials=injected,
            extra_vars={**template, **survey, **given},
            check=check,
            options=options,
        ).wait()

    return run


def test_what_was_approved_is_done_and_nothing_else_until_the_night(
    account: Simulator, volume: Path, rotate: Rotate, postgresql_url: str
) -> None:
    names = ("www", "api", "shop", "test")
    old = {name: store(account, f"{name}.example.com", is_old=True) for name in names}
    for name, record in old.items():
        balancer(account, f"prod-{name}" if name != "test" else name, p443=record)
    shown_ones = {name: renewed(f"{name}.example.com") for name in ("www", "api", "test")}
    for name, issued in shown_ones.items():
        keep(volume, name, issued)
    before, sources = have(account), [{"folder": str(volume / "certificates")}]
    given = {"ssl_rotation_sources": sources, "ssl_rotation_remove_superseded": True, "ssl_load_balancers": "prod-*"}
    given |= {"ssl_max_listeners": 2, "ssl_rotation_max_listeners": 1, "ssl_common_names": "*.example.com"}

    preview = rotate(check=True, options="--diff", **given)
    assert preview.status == "successful", preview.output
    assert "www.example.com: would be imported from folder (www)" in preview.output
    assert "prod-api:443: would be switched to this certificate" in preview.output
    assert preview.stats.keys() == {"ssl_previewed_rotation"}
    shown = preview.stats["ssl_previewed_rotation"]
    assert [one["name"] for one in shown["imported"]] == ["api", "test", "www"]
    assert [one["load_balancer"] for one in shown["deployed"]] == ["prod-api", "prod-www"]
    assert [one["id"] for one in shown["removed"]] == [old["www"], old["api"]]
    assert (have(account), ids(account)) == (before, sorted(old.values()))

    late = {name: renewed(f"{name}.example.com") for name in ("shop", "api")}
    for name, issued in late.items():  # nobody has approved these; one takes the place of one that was approved
        keep(volume, name, issued)
    done = rotate(options="-vvvv --diff", **given, **preview.stats)
    assert done.status == "failed", "what was approved for api could not be done"
    (www,) = held(account, shown_ones["www"])
    assert have(account) == {**before, "prod-www:443": www}
    assert old["www"] not in ids(account) and {old["api"], old["shop"]} <= set(ids(account))
    assert [held(account, issued) for issued in (*late.values(), shown_ones["api"])] == [[], [], []]
    assert "skipped: api.example.com, shop.example.com (not_approved)" in done.output
    assert "skipped: api.example.com (changed_meanwhile)" in done.output, "a removal"
    rotated = done.stats["ssl_rotated"]
    counts = {name: rotated[name] for name in ("imported", "deployed", "verified", "removed", "failed")}
    assert counts == {"imported": 2, "deployed": 1, "verified": 2, "removed": 1, "failed": 2}
    assert any(line.startswith("prod-www:443: switched to certificate ") for line in rotated["lines"])
    assert rendered(notification(), artifacts=done.stats).splitlines()[1:] == rotated["lines"]

    of_the_project = [{"folder": "../../volume/certificates"}]  # relative to its folder
    night = rotate(
        **{**given, "ssl_load_balancers": "", "ssl_max_listeners": 3, "ssl_rotation_sources": of_the_project}
    )
    assert night.status == "successful", night.output
    assert not set(ids(account)) & set(old.values())
    assert len(set(have(account).values())) == 4

    assert_no_secrets(
        [preview, done, night],
        [account.api_key, PASSPHRASE, postgresql_url.split(":")[2].split("@")[0]],
        volume / "keys",
    )


def held(account: Simulator, issued: Issued) -> list[int]:
    """Under which ids the store holds a certificate."""
    return [one["id"] for one in account.certificates() if one["certificate"].strip() == issued.pem.strip()]


@pytest.mark.parametrize("workflow", ["Rotate certificates", "Deploy certificates"])
def test_a_workflow_with_nothing_to_approve_ends_as_failed_if_something_needs_a_person(
    account: Simulator, volume: Path, rotate: Rotate, workflow: str
) -> None:
    """Its preview passes, or no approval could be asked for; its last job does not."""
    balancer(account, "web", p443=store(account, "www.example.com", is_old=True))
    given = {"ssl_rotation_sources": [{"folder": str(volume / "keys")}], "ssl_rotation_fail_on": "expiring"}
    playbooks = {one["name"]: one["playbook"].rpartition("/")[2] for one in objects()["awx_job_templates"]}
    nodes = {
        one["identifier"]: one
        for item in objects()["awx_workflows"]
        if item["name"] == workflow
        for one in item["nodes"]
    }
    jobs, following = [], ["preview"]
    for name in following:  # without failures there is one after the other
        node = nodes[name]
        playbook = playbooks[node["unified_job_template"]]
        jobs.append(rotate(playbook, check=node.get("job_type") == "check", **given))
        given |= jobs[-1].stats
        following += node.get("success_nodes" if jobs[-1].status == "successful" else "failure_nodes", [])
    assert following[:2] == ["preview", "nothing"] and {"approval", "failure"}.isdisjoint(following)
    assert [job.status for job in jobs] == ["successful", "successful", "failed"], following
    assert "web:443 (www.example.com): expiring: " in jobs[0].output, jobs[0].output
    assert "1 listener needs attention:\\nweb:443 (www.example.com): expiring: " in jobs[-1].output
    rotated = jobs[-1].stats.get("ssl_rotated")
    assert (rotated is None) == (workflow == "Deploy certificates")
    assert rotated is None or (rotated["failed"], rotated["attention"]) == (1, 1), "it has failed, so something has"


def test_a_job_names_what_its_operators_can_start(account: Simulator, rotate: Rotate) -> None:
    """Where there is nothing, a command line is needed; each listener has one cause."""
    for name in ("www", "api"):
        how = {"organization": "Example Ltd"} if name == "api" else {}
        balancer(account, name, p443=store(account, f"{name}.example.com", is_old=True, **how))
        store(account, f"{name}.example.com")
    job = rotate("verify.yml", ssl_rotation_fail_on="expiring")
    assert job.status == "failed", job.output
    assert "because this run did not include the phase deploy. Run the workflow `Deploy certificates`." in job.output
    assert "allow_organization_change=true trusted_ca_path=/" in job.output
    assert "` (on a command line, because AWX does not have a job template for this command) once." in job.output
    for wrong in ("no renewal is available", "ansible-playbook", "@rotation.yml"):
        assert wrong not in job.output, job.output
