# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets Manager as a source of ssl_certificate_rotate: what is read of it, what becomes of it, and what may go wrong."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager import client
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.settings import resolve_instance

from tests.simulator.client import Simulator
from tests.support.certificates import Issued
from tests.support.deploying import balancer, issue, old, placed, remove, store
from tests.support.forked import ForkedModule
from tests.support.long import LONG
from tests.support.modules import Run
from tests.support.rotate_runs import CREATE, Rotation, alarms, ids, keep, skipped

pytest_plugins = ["tests.support.deploying", "tests.support.haproxy"]

LISTED, READ, LOGIN = "list_secrets", "get_secret", "token"


class FromSecrets(Rotation):
    """Runs whose source is Secrets Manager, with one API key for both."""

    def options(self, **given: Any) -> dict[str, Any]:
        of_source = {name: given.pop(name) for name in SOURCE if name in given}
        source = {"instance_url": self.manager.instance_url, "iam_url": self.manager.iam_url, **of_source}
        return super().options(**{"username": "apikey", "sources": [{"secrets_manager": source}], **given})

    def begin(self, **given: Any) -> ForkedModule:
        self.manager.clear_calls()
        return super().begin(**given)

    @property
    def manager(self) -> Any:
        """The instance."""
        return self.sim.secrets_manager

    def asked(self) -> list[str]:
        """What the instance was asked for since the last run began."""
        return [call["operation"] for call in self.manager.calls()]

    def add(self, name: str, issued: Issued, **given: Any) -> str:
        """Add a certificate and return the secret's id."""
        identifier: str = self.manager.add(name, issued, **given)["id"]
        return identifier


SOURCE = ("instance_url", "iam_url", "source_api_key", "names", "labels", "secret_groups", "types")


@pytest.fixture
def here(account: Simulator, tmp_path: Path) -> FromSecrets:
    """Runs where no listener can be reached."""
    return FromSecrets(account, tmp_path)


def test_renewed_and_served_the_same_night(serving: Simulator, tmp_path: Path) -> None:
    here = FromSecrets(serving, tmp_path)
    first, other = store(here.sim, old()), store(here.sim, old("api.example.com"))
    balancer(here.sim, first, other, name="web", first_port=8443)
    secret = here.add("shop", issue())
    here.add("new", issue("new.example.com"))
    plan = here.check()
    assert [one["name"] for one in plan["imported"]] == ["shop"] and len(plan["deployed"]) == 1, plan.output
    done = here.run(remove_superseded=True)
    (new,) = ids(done, "imported")
    assert not done.failed and placed(here.sim) == {"web:8443": new, "web:8444": other}, done.output
    assert done["verified"][0]["served"] and ids(done, "removed") == [first]
    assert (done["imported"][0]["source"], done["imported"][0]["path"]) == ("secrets_manager", secret)
    assert skipped(done) == {"new": "new_name"} and here.asked() == [LOGIN, LISTED, READ]
    again = here.run(remove_superseded=True)
    assert not again["changed"] and here.asked() == [LOGIN, LISTED] and again["api_calls"] == 4
    here.manager.renew(secret, issue(days=(0, 90)))
    renewed = here.run(remove_superseded=True)
    assert ids(renewed, "removed") == [new] and len(renewed["deployed"]) == 1, renewed.output


def test_each_type_with_its_chain(here: FromSecrets) -> None:
    here.add("bundled", issue("bundled.example.com"), secret_type="public_cert", bundle_certs=True)
    for secret_type in ("public_cert", "imported_cert", "private_cert"):
        given = {"bundle_certs": False} if secret_type == "public_cert" else {}
        name = f"{secret_type.replace('_', '-')}.example.com"
        here.add(secret_type, issue(name), secret_type=secret_type, **given)
    done = here.run(import_new=True, phases=["import"])
    assert not done.failed and len(done["imported"]) == 4, done.output
    assert all("BEGIN CERTIFICATE" in stored["intermediateCertificate"] for stored in here.sim.certificates())
    assert not here.run(import_new=True, phases=["import"])["changed"]


def test_what_is_not_wanted_is_not_read(here: FromSecrets) -> None:
    """Other kinds, other names, labels and groups; nothing of it is imported, and no value leaves Secrets Manager."""
    here.manager.add("text", None, "arbitrary")
    group = here.manager.add_group("prod")["id"]
    here.add("Laden in Köln", issue(), labels=["nightly", "shop"], secret_group_id=group)
    for chosen in (
        {"names": ["shop*"]},
        {"labels": ["nightly", "other"]},
        {"secret_groups": ["default"]},
        {"types": ["public_cert"]},
    ):
        assert here.run(import_new=True, **chosen)["imported"] == [], chosen
        assert READ not in here.asked(), chosen
    for chosen, said in (
        ({"secret_groups": ["production"]}, "There is no secret group production; there are default, prod."),
        (
            {"names": ["laden*", "shop*"]},
            "No certificate in Secrets Manager has a name like shop*; there are Laden in Köln: check names.",
        ),
        ({"labels": ["shops"]}, "No certificate in Secrets Manager has all of the labels shops: check labels."),
    ):
        assert [one["message"] for one in here.run(**chosen)["failed_items"]] == [said]
    wanted = {"names": ["laden * KÖLN"], "labels": ["shop"], "secret_groups": ["prod"], "types": ["imported_cert"]}
    assert len(here.run(import_new=True, **wanted)["imported"]) == 1


def test_what_cannot_be_used(here: FromSecrets) -> None:
    """It is said of each why; nothing else is held up."""
    store(here.sim, old())
    here.add("good", issue())
    here.add("pending", issue(), state=0)
    here.add("destroyed", issue(), state=5)
    here.add("without key", issue(), private_key=None)
    here.add("of another", issue(), private_key=issue(key="ec").key_pem)
    here.manager.patch(
        here.add("broken", issue()), certificate="-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----"
    )
    done = here.run()
    assert not done.failed and [one["name"] for one in done["imported"]] == ["good"], done.output
    assert skipped(done) == {
        "pending": "not_active",
        "destroyed": "not_active",
        "without key": "key_missing",
        "of another": "key_missing",
        "broken": "malformed",
    }


DUE = {"days": (-350, 15)}
DEFAULTS: dict[str, Any] = {"fail_on": None}
"""The reasons that fail a run where nothing is said."""


@pytest.mark.parametrize("says", [True, False], ids=["its metadata says so", "its metadata does not say so"])
def test_a_secret_that_is_kept_without_its_key_is_no_renewal(here: FromSecrets, says: bool) -> None:
    """It may be so on purpose, and fails no run, whatever it is newer than; that a run fails for what is due says of it why it is of no use."""
    fresh, due = issue(days=(-20, 70)), issue("api.example.com", **DUE)
    balancer(here.sim, store(here.sim, fresh), store(here.sim, due), name="web")
    for name in ("www.example.com", "api.example.com"):
        identifier = here.add(name, issue(name), private_key=None)
        if not says:
            here.manager.patch(identifier, private_key_included=None)
    run = here.run(**DEFAULTS)
    assert skipped(run) == dict.fromkeys(("www.example.com", "api.example.com"), "key_missing"), run.output
    assert alarms(run) == {"web:444": ["expiring"]} and not here.changes()
    assert "api.example.com: Secrets Manager has no private key of it" in run["attention"][0]["message"]
    assert (READ in here.asked()) == (not says)
    here.manager.renew(identifier, issue("api.example.com", days=(0, 90)))
    done = here.run(**DEFAULTS)
    assert not done.failed and len(done["imported"]) == 1 and alarms(done) == {}, done.output


def test_a_key_of_another_certificate_fails_a_run_once_nothing_else_renews_in_time(
    here: FromSecrets, tmp_path: Path
) -> None:
    """It is meant to be a renewal: it needs a person at once, who has time until what is served is due."""
    fresh = store(here.sim, issue(days=(-20, 70)))
    web = balancer(here.sim, fresh, name="web")
    here.add("www", issue(), private_key=issue(key="ec").key_pem)
    run = here.run(**DEFAULTS)
    assert not run.failed and alarms(run) == {"web:443": ["unusable"]} and skipped(run) == {"www": "key_missing"}, (
        run.output
    )
    here.sim.patch_listener(web["listeners"][0]["uuid"], tlsCertificateId=store(here.sim, issue(**DUE)))
    remove(here.sim, fresh)
    run = here.run(fail_on=["unusable"])
    assert run.failed and alarms(run) == {"web:443": ["expiring", "unusable"]}, run.output
    keep(tmp_path / "other", "www", issue(days=(-2, 88)))
    other = [*here.options()["sources"], {"folder": str(tmp_path / "other")}]
    done = here.run(sources=other, **DEFAULTS)
    assert not done.failed and len(done["deployed"]) == 1 and alarms(done) == {"web:443": ["unusable"]}, done.output


def test_what_is_to_be_adopted_and_has_no_key(here: FromSecrets) -> None:
    balancer(here.sim, store(here.sim, old()), name="web")
    here.add("shop", issue(), private_key=None)
    run = here.run(adopt={"common_name": "www.example.com"})
    assert run.failed and "shop cannot be used: Secrets Manager has no private key of it" in run["msg"], run.output


def failed(run: Run) -> dict[str, tuple[str, str]]:
    """Reason and message of what failed, by name."""
    return {one.get("name") or one["common_name"]: (one["reason"], one["message"]) for one in run["failed_items"]}


def test_no_permission_for_values(here: FromSecrets) -> None:
    """The secrets are named, and so is the role; a rotation of what else there is goes on."""
    store(here.sim, old())
    here.add("shop", issue())
    here.manager.grant(here.sim.username, "Reader")
    done = here.run()
    assert done.failed and done["imported"] == []
    reason, message = failed(done)["shop"]
    assert reason == "no_permission" and "SecretsReader" in message


@pytest.mark.parametrize(
    ("given", "reason", "said"),
    [
        ({"instance_url": "http://127.0.0.1:9"}, "unreachable", "Check instance_url"),
        ({"instance_url": "https://nowhere.invalid"}, "unreachable", "its name cannot be resolved"),
        ({"instance_url": "http://example.com"}, "insecure_endpoint", "use https in instance_url"),
        ({"instance_url": "example"}, "invalid_argument", "instance_url must look like"),
        ({"instance_url": ""}, "invalid_argument", "instance_url is missing"),
        ({"iam_url": "http://127.0.0.1:9"}, "unreachable", "Check iam_url"),
    ],
)
def test_a_wrong_instance(here: FromSecrets, given: dict[str, str], reason: str, said: str) -> None:
    done = here.run(retries=0, **given)
    assert done.failed and failed(done)["the secrets"][0] == reason
    assert said in failed(done)["the secrets"][1]


def test_whose_key(here: FromSecrets) -> None:
    """The user's own is one of IBM Cloud only if the user name says so."""
    done = here.run(username=here.sim.username)
    reason, message = failed(done)["the secrets"]
    assert reason == "missing_credentials" and f"user name {here.sim.username}" in message
    source = {"instance_url": here.manager.instance_url, "iam_url": here.manager.iam_url, "api_key": "wrong" * 9}
    done = here.run(username=here.sim.username, sources=[{"secrets_manager": source}])
    reason, message = failed(done)["the secrets"]
    assert reason == "authentication_failed" and "refused the API key" in message
    source["api_key"] = here.sim.api_key
    assert not here.run(username=here.sim.username, sources=[{"secrets_manager": source}]).failed


def test_a_login_that_ends_in_the_middle(here: FromSecrets) -> None:
    store(here.sim, old())
    here.add("shop", issue())
    here.manager.expire_tokens(after=LISTED)
    assert len(here.run()["imported"]) == 1
    assert here.asked().count(LOGIN) == 2


def test_a_secret_that_is_renewed_while_it_is_read(here: FromSecrets) -> None:
    store(here.sim, old())
    secret, new = here.add("shop", issue()), issue()
    here.manager.renew(secret, new, after=LISTED)
    (imported,) = here.run()["imported"]
    assert imported["fingerprint_sha256"] == new.fingerprint


def test_a_secret_that_is_gone_when_it_is_read(here: FromSecrets) -> None:
    store(here.sim, old())
    store(here.sim, old("api.example.com"))
    secret = here.add("shop", issue())
    here.add("api", issue("api.example.com"))
    here.manager.remove(secret, after=LISTED)
    done = here.run()
    assert not done.failed and [one["name"] for one in done["imported"]] == ["api"]
    assert skipped(done) == {"shop": "certificate_missing"}


def test_a_secret_that_goes_between_two_pages_hides_no_other(here: FromSecrets) -> None:
    """Not even if another one comes, so that there are as many as before."""
    store(here.sim, old())
    gone, *_others, last = (str(uuid.UUID(int=number)) for number in range(1, 5))
    for number, identifier in enumerate((gone, *_others)):
        here.manager.add(f"other{number}", issue(f"other{number}.example.com"), id=identifier)
    here.manager.add("shop", issue(), id=last)
    here.manager.settings(most_at_once=3)
    here.manager.remove(gone, after=LISTED)
    here.manager.add("newer", issue("newer.example.com"), id=str(uuid.UUID(int=9)), after=LISTED)
    assert [imported["name"] for imported in here.run()["imported"]] == ["shop"]


FAULTS = ({"status": 429, "retry_after": 0}, {"status": 503}, "reset_after", "truncated")
WAYS = [(fault, method) for fault in FAULTS for method in (LOGIN, LISTED, READ)]


@pytest.mark.parametrize(("fault", "method"), WAYS if LONG else [*WAYS[::4], WAYS[-2]])
def test_what_passes_is_waited_for(here: FromSecrets, fault: Any, method: str) -> None:
    store(here.sim, old())
    here.add("shop", issue())
    how = fault if isinstance(fault, dict) else {}
    here.manager.fault(*([] if how else [fault]), **how, method=method, times=1)
    done = here.run()
    assert len(done["imported"]) == 1 and CREATE in here.calls, done.output


@pytest.mark.parametrize("total", [10**9, 3, None, "many"])
def test_a_number_of_secrets_that_is_wrong(here: FromSecrets, monkeypatch: pytest.MonkeyPatch, total: object) -> None:
    """It neither hides secrets nor is it asked for ever."""
    names = [f"{number}.example.com" for number in range(5)]
    for name in names:
        here.add(name, issue(name))
    settings = resolve_instance(
        {**dict.fromkeys(("config_file", "proxy", "ca_path")), "timeout": 60, "retries": 0, "validate_certs": True},
        frozenset(),
        {"instance_url": here.manager.instance_url, "iam_url": here.manager.iam_url, "api_key": here.sim.api_key},
        "api_key",
    )
    manager = client.SecretsManager(settings, 8, threading.Event(), print, print)
    real = manager._sdk.list_secrets

    def listing(**keywords: Any) -> Any:
        answer = real(**{**keywords, "limit": 2})
        answer.get_result()["total_count"] = total
        answer.get_result()["secrets"].append({"name": "without an id"})
        return answer

    monkeypatch.setattr(manager._sdk, "list_secrets", listing)
    assert sorted(one.name for one in manager.list_secrets((), (), ())) == names
    assert manager.api_calls < 20
