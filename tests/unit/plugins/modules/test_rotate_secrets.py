# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets Manager as a source of ssl_certificate_rotate: what is read of it, what becomes of it, and what may go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Issued
from tests.support.deploying import balancer, issue, old, placed, store
from tests.support.forked import ForkedModule
from tests.support.modules import Run
from tests.support.rotate_runs import Rotation, ids, skipped

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
    for chosen in ({"secret_groups": ["production"]}, {"names": ["laden*", "shop*"]}, {"labels": ["shops"]}):
        assert failed(here.run(**chosen)) == {"the secrets": "not_found"}
    wanted = {"names": ["laden * KÖLN"], "labels": ["shop"], "secret_groups": ["prod"], "types": ["imported_cert"]}
    assert len(here.run(import_new=True, **wanted)["imported"]) == 1


def failed(run: Run) -> dict[str, str]:
    """Why something failed, by its name."""
    return {one.get("name") or one["common_name"]: one["reason"] for one in run["failed_items"]}


def test_no_permission_for_values(here: FromSecrets) -> None:
    """The secrets are named, and so is the role; a rotation of what else there is goes on."""
    store(here.sim, old())
    here.add("shop", issue())
    here.manager.grant(here.sim.username, "Reader")
    done = here.run()
    assert done.failed and done["imported"] == [] and failed(done) == {"shop": "no_permission"}
    assert "SecretsReader" in done["msg"]


def test_whose_key(here: FromSecrets) -> None:
    """The user's own is one of IBM Cloud only if the user name says so."""
    assert failed(here.run(username=here.sim.username)) == {"the secrets": "missing_credentials"}
    source = {"instance_url": here.manager.instance_url, "iam_url": here.manager.iam_url, "api_key": "wrong" * 9}
    given: dict[str, Any] = {"username": here.sim.username, "sources": [{"secrets_manager": source}]}
    assert failed(here.run(**given)) == {"the secrets": "authentication_failed"}
    source["api_key"] = here.sim.api_key
    assert not here.run(**given).failed


def test_a_token_instead_of_a_key(here: FromSecrets) -> None:
    """One for both APIs, and IAM is not called; a key of the source goes before it."""
    store(here.sim, old())
    here.add("shop", issue())
    login = {"username": None, "api_key": None, "iam_token": here.manager.token(here.sim.username)}
    done = here.run(**login)
    assert [one["name"] for one in done["imported"]] == ["shop"] and here.asked() == [LISTED, READ], done.output
    assert login["iam_token"] not in done.output
    manager = here.manager
    source = {"instance_url": manager.instance_url, "iam_url": manager.iam_url, "api_key": here.sim.api_key}
    assert not here.run(**login, sources=[{"secrets_manager": source}]).failed and here.asked()[0] == LOGIN
    here.manager.expire_tokens()
    expired = here.run(**login)
    assert expired.code == "authentication_failed" and "get a new IAM token" in expired["msg"], expired.output


def test_a_secret_that_is_gone_when_it_is_read(here: FromSecrets) -> None:
    store(here.sim, old())
    store(here.sim, old("api.example.com"))
    secret = here.add("shop", issue())
    here.add("api", issue("api.example.com"))
    here.manager.remove(secret, after=LISTED)
    done = here.run()
    assert not done.failed and [one["name"] for one in done["imported"]] == ["api"]
    assert skipped(done) == {"shop": "certificate_missing"}
