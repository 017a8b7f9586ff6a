# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets Manager through the module: what is created and changed there, what is read, and what is not.

What differs, and what is refused by what is there: the pure tests of `_secrets_manager.plan`; what does not fit together: those of
`_store.check`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.lock import Lock
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager import run as running

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, key_pem, leaks, new_key, pem_of
from tests.support.modules import Run, finish_module, options_for, run_module, start_module

Options = dict[str, Any]

MODULE = "secrets_manager_certificate"
NAME = "www.example.com"
AUTHORITY = Authority(intermediates=2)
NAMES = [NAME, "example.com", "192.0.2.1"]
OLD = AUTHORITY.issue(NAME, days=(-60, 30))
WWW = AUTHORITY.issue(NAME, names=NAMES, days=(-30, 60))
RENEWED = AUTHORITY.issue(NAME, names=NAMES)
WRITES = ("create_secret", "create_secret_version", "update_secret_metadata")
COUNTS = ("created", "updated", "unchanged", "failed")


@pytest.fixture(autouse=True)
def roots(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the authority of the tests."""
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.fixture
def instance(sim: Simulator) -> Options:
    """The options that name the instance and log in to it, and to nothing else."""
    manager = sim.secrets_manager
    return {"instance_url": manager.instance_url, "iam_url": manager.iam_url, "iam_api_key": sim.api_key, "retries": 0}


def given_to(instance: Options, *items: Options, **options: Any) -> Options:
    return {"diff": True, **instance, **({"certificates": list(items)} if items else {}), **options}


def checked(sim: Simulator, done: Run) -> Run:
    """A run, of which holds what holds for every one."""
    assert "traceback" not in done.output.lower()
    assert not leaks(done.output) and sim.api_key not in done.output and not re.search(r"eyJ[\w-]+\.", done.output)
    if "certificates" in done:
        outcomes = Counter(one["outcome"] for one in done["certificates"])
        assert {name: done[f"{name}_count"] for name in COUNTS} == {name: outcomes[name] for name in COUNTS}
        half_done = sum("Secrets Manager created the new version." in one["message"] for one in done["certificates"])
        written = outcomes["created"] + outcomes["updated"] + half_done
        assert done["changed"] == bool(written)
        assert done.failed == bool(outcomes["failed"])
        assert len(done.result.get("diff", [])) == written
    return done


def run(sim: Simulator, instance: Options, *items: Options, **options: Any) -> Run:
    return checked(sim, run_module(MODULE, **given_to(instance, *items, **options)))


def item(issued: Issued = WWW, name: str = NAME, **others: Any) -> Options:
    return {"name": name, **issued.options(**others)}


def add(sim: Simulator, issued: Issued | None = WWW, name: str = NAME, **given: Any) -> str:
    return str(sim.secrets_manager.add(name, issued, **given)["id"])


def values(sim: Simulator, name: str = NAME) -> Options:
    """The secret of a name, of which there is only one."""
    [found] = [one for one in sim.secrets_manager.secrets() if one["name"] == name]
    return dict(found)


def operations(sim: Simulator) -> list[str]:
    return [call["operation"] for call in sim.secrets_manager.calls() if call["operation"] != "token"]


def writes(sim: Simulator) -> list[str]:
    return [operation for operation in operations(sim) if operation in WRITES]


def reason(done: Run) -> tuple[str, str | None]:
    return done["certificate"]["outcome"], done["certificate"]["reason"]


def test_created_then_unchanged(sim: Simulator, instance: Options) -> None:
    group = sim.secrets_manager.add_group("web")
    wanted = item(labels=["shop", "eu"], description="The shop", secret_group="web")
    foreseen = run(sim, instance, **wanted, check=True)
    assert writes(sim) == [] and foreseen["certificate"]["message"] == "Would be created."
    assert foreseen["certificate"]["id"] is foreseen["certificate"]["version_id"] is None
    assert foreseen["diff"][0]["after"]["state"] == "To be created." and foreseen["diff"][0]["before"] == {}
    done = run(sim, instance, **wanted)
    found, told = values(sim), done["certificate"]
    assert (found["certificate"], found["intermediate"], found["private_key"]) == (WWW.pem, WWW.chain_pem, WWW.key_pem)
    assert (found["labels"], found["description"]) == (["shop", "eu"], "The shop")
    assert found["secret_group_id"] == group["id"] and found["secret_type"] == "imported_cert"
    assert (told["id"], told["crn"], told["outcome"], told["trust"]) == (
        found["id"],
        found["crn"],
        "created",
        "trusted",
    )
    assert told["fingerprint_sha256"] == WWW.fingerprint and done["certificates"] == [told]
    sim.secrets_manager.clear_calls()
    by_id = wanted | {"secret_group": group["id"], "labels": ["eu", "shop"]}
    again = run(sim, instance, **by_id)["certificate"]
    assert again == told | {
        "outcome": "unchanged",
        "message": "Secrets Manager already contains the certificate.",
        "secret_group": group["id"],
    }
    assert told["version_id"] and Counter(operations(sim)) == Counter(
        ["list_secret_groups", "list_secrets", "get_secret", "list_secret_versions"]
    )


def test_groups_that_may_not_be_listed(sim: Simulator, instance: Options) -> None:
    """A user may have roles for one group alone. Its id needs no list."""
    group = sim.secrets_manager.add_group("web")
    sim.secrets_manager.fault(method="list_secret_groups", status=403, code="forbidden", message="No.")
    refused = run(sim, instance, **item(secret_group="web"))
    assert refused.code == "no_permission" and "specify the ID of the secret group" in refused["msg"]
    assert reason(run(sim, instance, **item(secret_group=group["id"]))) == ("created", None)


def test_a_new_version_where_something_differs(sim: Simulator, instance: Options) -> None:
    identifier, wanted = add(sim, WWW, labels=["kept"]), item(RENEWED)
    foreseen = run(sim, instance, **wanted, check=True)
    assert foreseen["certificate"]["message"] == "Would be updated: certificate, private key." and writes(sim) == []
    sim.secrets_manager.clear_calls()
    done = run(sim, instance, **wanted)
    assert done["certificate"]["message"] == "Updated: certificate, private key."
    assert writes(sim) == ["create_secret_version"]
    found = values(sim)
    parts = (RENEWED.pem, RENEWED.chain_pem, RENEWED.key_pem)
    assert (found["certificate"], found["intermediate"], found["private_key"]) == parts
    assert (found["id"], found["versions_total"], found["labels"]) == (identifier, 2, ["kept"])
    reading = ["list_secrets", "get_secret", "get_secret_metadata"]
    assert operations(sim) == [*reading, "create_secret_version"], "it is read again only if something has happened"
    assert run(sim, instance, **wanted)["certificate"] == done["certificate"] | {
        "outcome": "unchanged",
        "message": "Secrets Manager already contains the certificate.",
    }


def test_from_the_store_without_a_file(sim: Simulator, instance: Options) -> None:
    stored = run_module("ssl_certificate_import", **options_for(sim), **WWW.options())["certificate"]["id"]
    login = {**options_for(sim, "rest"), "username": "apikey"}
    done = run(sim, {**instance, **login, "iam_api_key": None}, name="taken", certificate_id=stored)
    assert reason(done) == ("created", None)
    found = values(sim, "taken")
    assert (found["certificate"], found["intermediate"], found["private_key"]) == (WWW.pem, WWW.chain_pem, WWW.key_pem)
    items = ({"name": "absent", "certificate_id": 1}, {"name": "stored", "certificate_id": stored})
    absent = run(sim, {**instance, **login}, *items)
    assert absent.outcomes("certificates", "name") == {"absent": ("failed", "not_found"), "stored": ("created", None)}
    viewer = {"username": sim.viewer_username, "api_key": sim.viewer_api_key, "endpoint_url": sim.url("rest")}
    refused = run(sim, {**instance, **viewer}, name="again", certificate_id=stored)
    assert reason(refused) == ("failed", "no_permission") and refused.code == "no_permission"


def test_many_at_once_and_no_failure_hides_another(sim: Simulator, instance: Options) -> None:
    add(sim, RENEWED, "unchanged")
    add(sim, OLD, "old")
    add(sim, WWW, "managed", managed_csr=True)
    add(sim, None, "arbitrary", secret_type="arbitrary", payload="something else")
    wanted = {
        "unchanged": ("unchanged", None),
        "old": ("updated", None),
        "new": ("created", None),
        "managed": ("failed", "managed_csr"),
        "arbitrary": ("failed", "wrong_type"),
        "Name mit Umläuten": ("failed", "refused"),
        "mismatch": ("failed", "key_mismatch"),
        "group": ("failed", "not_found"),
    }
    special = {"mismatch": {"privatekey_content": key_pem(new_key())}, "group": {"secret_group": "none of it"}}
    done = run(sim, instance, *(item(RENEWED, name, **special.get(name, {})) for name in wanted))
    assert done.outcomes("certificates", "name") == wanted and done.code == "certificates_failed"
    messages = {one["name"]: one["message"] for one in done["certificates"]}
    assert "none of it does not exist. Available secret groups: default" in messages["group"]
    assert "letters from A to Z" in messages["Name mit Umläuten"]
    assert operations(sim).count("list_secrets") == 1 and "letters" not in messages["managed"]
    twice = run(sim, instance, item(name="twice"), item(RENEWED, "twice"), item(name="once"))
    assert [one["reason"] for one in twice["certificates"]] == ["ambiguous", "ambiguous", None]


# What may not stand in for the current version


def test_what_may_not_stand_in_for_the_current_version(sim: Simulator, instance: Options) -> None:
    add(sim, RENEWED, labels=["kept"])
    wanted = item(labels=["new"])
    as_read_error = {"downloaded": True, "retrieved_at": ""}
    before = values(sim) | as_read_error
    for check in (True, False):
        done = run(sim, instance, wanted, item(name="another"), check=check)
        told = done["certificates"][0]
        assert (told["outcome"], told["reason"]) == ("failed", "superseded") and done["created_count"] == 1
        assert "set force: true" in told["message"] and told["id"] == before["id"]
    assert values(sim) | as_read_error == before and writes(sim) == ["create_secret"]
    sim.secrets_manager.clear_calls()
    foreseen = run(sim, instance, {**wanted, "force": True}, check=True)
    assert foreseen.outcomes("certificates", "name") == {NAME: ("updated", None)} and writes(sim) == []
    done = run(sim, instance, **wanted, force=True)
    assert reason(done) == ("updated", None)
    found = values(sim)
    assert (found["certificate"], found["intermediate"]) == (WWW.pem, WWW.chain_pem)
    assert (found["private_key"], found["labels"], found["versions_total"]) == (WWW.key_pem, ["new"], 2)
    assert reason(run(sim, instance, **wanted)) == ("unchanged", None)


# Answers that are lost, and others who are faster


@pytest.mark.parametrize(
    ("kind", "outcome", "there"),
    [("reset_after", ("created", None), True), ("reset_before", ("failed", "outcome_unknown"), False)],
)
def test_a_create_without_an_answer(
    sim: Simulator, instance: Options, kind: str, outcome: tuple[str, str | None], there: bool
) -> None:
    sim.secrets_manager.fault(kind, method="create_secret", times=1)
    done = run(sim, instance, **item(labels=["shop"]))
    assert reason(done) == outcome and writes(sim) == ["create_secret"]
    assert (done["certificate"]["id"] is not None) == there == bool(sim.secrets_manager.secrets())
    assert reason(run(sim, instance, **item(labels=["shop"]))) == ("unchanged" if there else "created", None)


@pytest.mark.parametrize(
    ("kind", "outcome", "versions"),
    [("reset_after", ("updated", None), 2), ("reset_before", ("failed", "outcome_unknown"), 1)],
)
def test_a_version_without_an_answer(
    sim: Simulator, instance: Options, kind: str, outcome: tuple[str, str | None], versions: int
) -> None:
    identifier = add(sim)
    sim.secrets_manager.fault(kind, method="create_secret_version", argument=identifier, times=1)
    done = run(sim, instance, **item(RENEWED))
    assert reason(done) == outcome and writes(sim) == ["create_secret_version"]
    assert values(sim)["versions_total"] == versions
    assert bool(done["certificate"]["version_id"]) == (versions == 2)
    again = run(sim, instance, **item(RENEWED), first=do_not_wait)  # it may still arrive: not before that can be over
    assert again["failure"]["code"] == "locked" if versions == 1 else reason(again) == ("unchanged", None)
    assert writes(sim) == ["create_secret_version"]


@pytest.mark.parametrize("kind", ["reset_after", "reset_before"])
def test_labels_without_an_answer(sim: Simulator, instance: Options, kind: str) -> None:
    add(sim, OLD)
    sim.secrets_manager.fault(kind, method="update_secret_metadata", times=1)
    done = run(sim, instance, **item(labels=["new"]))
    assert writes(sim) == ["create_secret_version", "update_secret_metadata"]
    if kind == "reset_after":
        assert reason(done) == ("updated", None)
    else:
        assert reason(done) == ("failed", "outcome_unknown")
        assert "Secrets Manager created the new version." in done["certificate"]["message"]
    assert done["changed"] and done["certificate"]["version_id"]
    assert [change["after"]["serial_number"] for change in done["diff"]] == [done["certificate"]["serial_number"]]


@pytest.mark.parametrize(
    ("issued", "outcome", "current"),
    [(OLD, ("updated", None), WWW), (RENEWED, ("failed", "superseded"), RENEWED)],
)
def test_another_run_creates_it_first(
    sim: Simulator, instance: Options, issued: Issued, outcome: tuple[str, str | None], current: Issued
) -> None:
    parts = {"certificate": issued.pem, "intermediate": issued.chain_pem, "private_key": issued.key_pem}
    sim.secrets_manager.add(NAME, **parts, after="list_secrets")
    done = run(sim, instance, **item())
    assert reason(done) == outcome and done["certificate"]["id"] == values(sim)["id"]
    assert values(sim)["versions_total"] == 1 + (outcome[0] == "updated") and values(sim)["certificate"] == current.pem


@pytest.mark.parametrize("after", ["list_secrets", "get_secret"])
def test_another_run_adds_a_version_first(sim: Simulator, instance: Options, after: str) -> None:
    sim.secrets_manager.renew(add(sim, OLD), RENEWED, after=after)
    assert reason(run(sim, instance, **item())) == ("failed", "superseded")
    assert writes(sim) == [] and values(sim)["certificate"] == RENEWED.pem


def test_one_that_is_removed_meanwhile(sim: Simulator, instance: Options) -> None:
    """Before it is read, it is created; after that, nothing is."""
    sim.secrets_manager.remove(add(sim), after="list_secrets")
    assert reason(run(sim, instance, **item())) == ("created", None)
    sim.secrets_manager.remove(str(values(sim)["id"]), after="get_secret")
    assert reason(run(sim, instance, **item(RENEWED))) == ("failed", "not_found")
    assert writes(sim) == ["create_secret"]


def test_runs_at_once_create_one_secret(sim: Simulator, instance: Options) -> None:
    items = [item(name=f"name-{number}") for number in range(5)]
    started = [start_module(MODULE, **given_to(instance, *items)) for _run in range(3)]
    ended = [checked(sim, finish_module(one)) for one in started]
    outcomes = Counter(one["outcome"] for done in ended for one in done["certificates"])
    assert outcomes == {"created": 5, "unchanged": 10}
    assert sorted(one["name"] for one in sim.secrets_manager.secrets()) == [one["name"] for one in items]
    assert {one["versions_total"] for one in sim.secrets_manager.secrets()} == {1}


def test_runs_at_once_add_one_version(sim: Simulator, instance: Options) -> None:
    """However long it takes from the look at what is there to the new version."""
    add(sim)
    sim.secrets_manager.fault("hang_after", method="get_secret_metadata", seconds=1)
    started = [start_module(MODULE, **given_to(instance, **item(RENEWED))) for _run in range(3)]
    ended = [checked(sim, finish_module(one)) for one in started]
    assert Counter(one["certificate"]["outcome"] for one in ended) == {"updated": 1, "unchanged": 2}
    assert writes(sim) == ["create_secret_version"] and values(sim)["versions_total"] == 2


def test_the_turn_is_needed_for_changes_alone(sim: Simulator, instance: Options) -> None:
    """Where it cannot be had, nothing is sent."""
    away = {**instance, "ledger_url": "sqlite:////nowhere/ledger.sqlite3"}
    failed = run(sim, away, **item())
    assert failed.failed and failed.code == "ledger_unavailable" and writes(sim) == []
    assert not run(sim, away, **item(), check=True).failed
    add(sim)
    assert reason(run(sim, away, **item())) == ("unchanged", None)


def do_not_wait() -> None:
    """Do not wait for another run."""
    running.MAX_WAIT = 0.0


def no_lock_lasts() -> None:
    """Let every lock be lost by the time it is needed."""

    def check(_lock: Lock) -> None:
        raise CertificatesError("locked", "Another run may be changing it.")

    Lock.check = check  # type: ignore[method-assign]


def test_a_turn_that_is_lost(sim: Simulator, instance: Options) -> None:
    """What is not yet sent stays unsent, and says why."""
    add(sim, name="renewed")
    add(sim, RENEWED, name="labelled")
    items = [item(), item(RENEWED, "renewed"), item(RENEWED, "labelled", labels=["new"])]
    done = run(sim, instance, *items, first=no_lock_lasts)
    assert [(one["outcome"], one["reason"]) for one in done["certificates"]] == [("failed", "locked")] * 3
    assert writes(sim) == []


# Logins and permissions


def test_a_token_that_ends_in_the_middle(sim: Simulator, instance: Options) -> None:
    sim.secrets_manager.expire_tokens(after="list_secrets")
    assert reason(run(sim, instance, **item())) == ("created", None)
    assert len(sim.secrets_manager.calls("token")) == 2 and len(sim.secrets_manager.secrets()) == 1


@pytest.mark.parametrize(
    ("role", "operation"), [("None", "list_secrets"), ("Reader", "get_secret"), ("SecretsReader", "create_secret")]
)
def test_what_the_user_may_not_do(sim: Simulator, instance: Options, role: str, operation: str) -> None:
    add(sim, name="there")
    sim.secrets_manager.grant(sim.username, role)
    done = run(sim, instance, item(name="there"), item(name="new"))
    assert operations(sim).count(operation) == 1
    if role == "None":
        assert done.code == "no_permission" and "certificates" not in done
    else:
        there = ("failed", "no_permission") if role == "Reader" else ("unchanged", None)
        assert done.outcomes("certificates", "name") == {"there": there, "new": ("failed", "no_permission")}
        assert "SecretsReader" in done["msg"] and len(sim.secrets_manager.secrets()) == 1


def test_the_login(sim: Simulator, instance: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = run(sim, {**instance, "iam_api_key": "wr0ng-key-0123456789"}, **item())
    assert wrong.code == "authentication_failed" and "wr0ng" not in wrong.output
    monkeypatch.setenv("IBMCLOUD_API_KEY", sim.api_key)
    assert reason(run(sim, {**instance, "iam_api_key": None}, **item())) == ("created", None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": " "}, "name is missing"),
        ({"secret_group": ""}, "secret_group must not be empty"),
        ({"privatekey_content": None}, "The private key is missing"),
        ({"certificate_content": None, "privatekey_content": None, "intermediate_content": None}, "certificate_id"),
        ({"labels": ["x"]}, "2 to 64 characters"),
    ],
)
def test_what_makes_no_sense(sim: Simulator, instance: Options, changed: Options, said: str) -> None:
    given = {**instance, **item(), **changed}
    done = run(sim, {name: value for name, value in given.items() if value is not None})
    assert done.failed and said in done["msg"] and sim.secrets_manager.calls() == []


def test_options_inside_of_certificates(sim: Simulator, instance: Options) -> None:
    done = run(sim, instance, item(), secret_group="web")
    assert "Set secret_group in the items of certificates" in done["msg"]
    unnamed = run(sim, instance, item(), {"certificate_id": 1})
    assert unnamed["msg"].startswith("Item 1: name is missing")
    assert json.dumps(run(sim, instance, certificates=[])["certificates"]) == "[]"
