# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The jobs of the job templates, run by ansible-runner as AWX runs them.

They have nothing in common but what pods have: a database and a mailbox out there, and a volume with the private keys.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat, load_pem_private_key

from tests.e2e.awx_jobs.awx import Job, Launch
from tests.e2e.awx_jobs.conftest import PASSPHRASE, assert_no_secrets, mailbox, softlayer
from tests.simulator.client import Simulator
from tests.support.certificates import key_pem
from tests.support.dovecot import Server

pytest_plugins = ["tests.support.dovecot", "tests.support.postgresql"]

CONCURRENCY = 8
"""How many emails are requested at the same time."""
FLEET = 3 * CONCURRENCY
MAILABLE = {"Approved", "Complete"}
WALL_OF_JSON = re.compile(r"^(ok|changed|skipping): .*=> \{.", re.MULTILINE)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Simulator]:
    """A simulator with orders that can all be mailed."""
    with Simulator.start(fleet=FLEET) as simulator:
        yield simulator


@pytest.fixture
def keys(sim: Simulator, tmp_path: Path) -> Path:
    """A volume with the private keys of the orders, which have a passphrase."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for path in sim.keys_dir.iterdir():
        key: Any = load_pem_private_key(path.read_bytes(), None)
        (folder / path.name).write_text(key_pem(key, PrivateFormat.PKCS8, PASSPHRASE), encoding="ascii")
    return folder


def ids(sim: Simulator, *statuses: str) -> list[int]:
    """The orders, or those in one of the statuses."""
    return [order["id"] for order in sim.orders() if not statuses or order["status"] in statuses]


def mailable(sim: Simulator) -> list[int]:
    """The orders of the demo whose emails can be requested."""
    others = ("www.example.com", "old.example.net")
    return [order["id"] for order in sim.orders() if order["status"] in MAILABLE and order["commonName"] not in others]


def sent(sim: Simulator) -> Counter[int]:
    """How often each order was mailed."""
    return Counter(send["order_id"] for send in sim.sends())


def test_a_workflow_from_approval_to_the_store(
    sim: Simulator, dovecot: Server, postgresql_url: str, keys: Path, launch: Launch
) -> None:
    inbox = dovecot.new_user(sim.maildir)
    late, *fulfillable = mailable(sim)
    artifacts: dict[str, Any] = {}
    jobs: list[Job] = []

    def node(playbook: str, *, check: bool = False, options: str = "", **extra_vars: Any) -> Job:
        """Run a node of the workflow, which gets what those before it have set."""
        job = launch(
            playbook,
            credentials={
                **softlayer(sim, postgresql_url),
                **mailbox(inbox),
                "SSL_FULFILLMENT_PRIVATEKEY_DIR": str(keys),
                "SSL_FULFILLMENT_PRIVATEKEY_PASSPHRASE": PASSPHRASE,
            },
            extra_vars={"ssl_orders": "", "ssl_allowed_recipients": "*@*", **extra_vars, **artifacts},
            check=check,
            options=options,
        ).wait()
        jobs.append(job)
        artifacts.update(job.stats)
        return job

    sim.patch_order(late, status="Pending CA Approval")
    preview = node("resend.yml", check=True)
    assert preview.status == "successful", preview.output
    recipients = {order["id"]: order["approverEmailAddress"] for order in sim.orders()}
    assert preview.stats == {
        "ssl_previewed_order_ids": fulfillable,
        "ssl_previewed_recipients": {str(number): recipients[number] for number in fulfillable},
        "ssl_awaited_order_ids": fulfillable,
    }
    assert sim.sends() == []
    assert all(
        f"(order {number}): would be requested for {recipients[number]}" in preview.output for number in fulfillable
    )

    sim.patch_order(late, status="Approved")  # nobody has approved that this one is mailed
    resend = node("resend.yml", options="--diff")
    assert resend.status == "successful", resend.output
    assert resend.stats == {"ssl_requested_order_ids": fulfillable}
    assert sent(sim) == Counter(fulfillable)

    told = artifacts.pop("ssl_requested_order_ids")  # as if that job had been canceled before it told anything
    collect = node("collect_and_import.yml", options="-vvvv", ssl_phases="collect")
    artifacts["ssl_requested_order_ids"] = told
    assert collect.status == "successful", collect.output
    assert f"This run: {len(fulfillable)} collected." in collect.output
    assert len(sim.certificates()) == 1

    report = node("report.yml")
    received = [line for line in report.output.splitlines() if " received  " in line]
    unknown = [line for line in received if "to be imported" in line]
    assert (len(received), len(unknown)) == (len(fulfillable), len(fulfillable) - 1), (
        "one expires soon, which is more urgent"
    )

    imported = node("collect_and_import.yml", options="-vvvv --diff", ssl_phases=["import"])
    assert imported.status == "successful", imported.output
    assert {certificate["certificate"] for certificate in sim.certificates()} >= {
        sim.issue(number)["certificate"] for number in fulfillable
    }
    assert len(sim.certificates()) == 1 + len(fulfillable)

    artifacts.clear()
    again = node("resend.yml", check=True, ssl_orders=f"www.example.com, {fulfillable[0]}")
    assert again.status == "successful", again.output
    assert "changed=0" in again.output
    assert "This run: 2 skipped." in again.output
    assert "skipped: www.example.com (already_imported)" in again.output
    assert (again.stats["ssl_previewed_order_ids"], again.stats["ssl_awaited_order_ids"]) == ([], [fulfillable[0]]), (
        "it may still be on its way"
    )

    artifacts.clear()
    artifacts["ssl_requested_order_ids"] = []
    nothing = node("collect_and_import.yml")
    assert nothing.status == "successful", nothing.output
    assert "There is nothing to do." in nothing.output and "ssl_fulfillment :" not in nothing.output, nothing.output
    assert sent(sim) == Counter(fulfillable)

    for job in (preview, resend, report, again, nothing):
        assert not WALL_OF_JSON.search(job.output), job.output
    assert_no_secrets(jobs, [sim.api_key, inbox.password, PASSPHRASE, postgresql_url.split(":")[2].split("@")[0]], keys)


def test_what_the_survey_asks_for_must_exist(fleet: Simulator, postgresql_url: str, launch: Launch) -> None:
    fleet.reset()
    first = fleet.orders()[0]["commonName"]
    answers = {"ssl_orders": f"{first}, nobody.example.com 7"}
    job = launch("resend.yml", credentials=softlayer(fleet, postgresql_url), extra_vars=answers).wait()
    assert job.status == "failed"
    assert "No SSL order of the account matches 7, nobody.example.com. Nothing was changed." in job.output
    assert job.stats == {"ssl_requested_order_ids": []}, "a job that follows all the same has nothing to wait for"
    assert fleet.sends() == []


def test_a_job_shows_no_progress_and_ends(fleet: Simulator, postgresql_url: str, launch: Launch) -> None:
    """The callback of ansible-runner 2.4.0, which AWX brings into each job, prints in the processes of tasks, too.

    A thread there that showed progress waited forever for the lock of Ansible's output, and the job for the thread.
    """
    fleet.reset()
    fleet.settings(latency_ms=300)  # several lines would be due before the next answer
    credentials = {**softlayer(fleet, postgresql_url), "SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS": "0.05"}
    answers = {"ssl_orders": " ".join(map(str, ids(fleet)[:2]))}
    job = launch("resend.yml", credentials=credentials, extra_vars=answers).wait()
    assert job.status == "successful" and len(fleet.sends()) == 2, job.output
    assert "done\n" not in job.output and "waits for" not in job.output, job.output


def test_a_job_without_a_ledger_that_stays_sends_nothing(fleet: Simulator, launch: Launch) -> None:
    """In the preview already, before somebody approves what will not be done."""
    refused = launch("resend.yml", credentials=softlayer(fleet, ""), check=True).wait()
    assert refused.status == "failed"
    assert "will be lost with the directory of this AWX job" in " ".join(refused.output.split())


def test_variables_of_the_job_template_never_widen_what_was_asked_for_and_approved(
    fleet: Simulator, postgresql_url: str, launch: Launch
) -> None:
    """AWX gives them as extra variables, which outrank all that a playbook sets. Without an order in common, there is nothing to do."""
    fleet.reset()
    first, second, other, unknown, *_rest = ids(fleet)
    recipient = fleet.orders()[0]["approverEmailAddress"]
    fleet.patch_order(other, approverEmailAddress="nobody@example.net")
    fleet.patch_order(unknown, approverEmailAddress=None)

    def job(*, check: bool = False, **extra_vars: Any) -> Job:
        given = {"ssl_orders": "", "ssl_force": "no", **extra_vars}
        return launch("resend.yml", credentials=softlayer(fleet, postgresql_url), extra_vars=given, check=check).wait()

    shown = {
        "ssl_previewed_order_ids": [first, other, unknown],
        "ssl_previewed_recipients": {first: recipient, other: recipient, unknown: None},
    }
    of_the_template = {
        "ssl_fulfillment_order_ids": [first, second, other, unknown],
        "ssl_fulfillment_allowed_recipients": ["*@*"],
    }
    approved = job(**shown, **of_the_template)
    assert approved.status == "failed", (
        "the other one's address is not one that was approved, and the API tells none of the last"
    )
    assert sent(fleet) == Counter([first])

    again = job(ssl_orders=[first, second], ssl_fulfillment_order_ids=f"{first}", ssl_fulfillment_force=True)
    assert again.status == "successful", again.output
    assert sent(fleet) == Counter([first]), "the survey says no"

    nothing = [job(check=check, ssl_orders=f"{second}", ssl_fulfillment_order_ids=[other]) for check in (True, False)]
    assert [one.status for one in nothing] == ["successful", "successful"], nothing[0].output
    assert nothing[0].stats == {
        "ssl_previewed_order_ids": [],
        "ssl_previewed_recipients": {},
        "ssl_awaited_order_ids": [],
    }
    assert nothing[1].stats == {"ssl_requested_order_ids": []}
    assert sent(fleet) == Counter([first]), "they have none in common"


LIMIT, TAGS = "Cannot run with the limit web: ", "Cannot run with the tags request: "
START = "Cannot start at a task: "


@pytest.mark.parametrize(
    ("playbook", "options", "said"),
    [
        ("rotate.yml", "--limit web", LIMIT),
        ("nothing_to_approve.yml", "--limit web", LIMIT),
        ("resend.yml", "-t request", TAGS),
        ("nothing_to_approve.yml", "--skip-tags request", TAGS),
        ("resend.yml", "--start-at-task='Request the emails'", START),
        ("nothing_to_approve.yml", "--start-at-task=nothing", START),
    ],
)
def test_a_job_that_would_leave_out_hosts_or_tasks_fails(
    launch: Launch, playbook: str, options: str, said: str
) -> None:
    """Or it would succeed and have done nothing, even have an approval left out; or do more than the survey says."""
    job = launch(playbook, credentials={}, options=options).wait()
    assert job.status == "failed" and said in job.output, job.output


def test_orders_are_listed_a_line_each(sim: Simulator, launch: Launch) -> None:
    answers = {"ssl_orders": "*.example.com *.example.net"}
    job = launch("list_orders.yml", credentials=softlayer(sim, ""), extra_vars=answers).wait()
    assert job.status == "successful", job.output
    wanted = [order for order in sim.orders() if order["commonName"].endswith((".example.com", ".example.net"))]
    assert f'"{len(wanted)} orders"' in job.output and len(wanted) < len(sim.orders())
    for order in wanted:
        [line] = [line for line in job.output.splitlines() if str(order["id"]) in line]
        assert order["commonName"] in line and order["approverEmailAddress"] in line
    assert "days ago)" in job.output and "(in " in job.output and "in the store as " in job.output
    assert not WALL_OF_JSON.search(job.output), job.output
