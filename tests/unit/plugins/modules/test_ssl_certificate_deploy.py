# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_certificate_deploy as Ansible runs it: what is switched, what is not, and what is sent.

What is planned and why not: the pure tests of `_rotation.plan_deploy`; what may happen before, while and after a change is made:
those of `_rotation.switch`.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.deploying import (
    balancer,
    changes,
    elements,
    issue,
    old,
    only,
    outcomes,
    placed,
    renewable,
    run_it,
    store,
)
from tests.support.modules import options_for

pytest_plugins = ["tests.support.deploying"]


@pytest.fixture
def login(account: Simulator, transport: str) -> dict[str, Any]:
    """The options that log in to the account, over one of the transports."""
    return options_for(account, transport)


def naming(certificate_id: object, *listeners: tuple[object, object], **others: Any) -> dict[str, Any]:
    """The options that name a certificate and its listeners."""
    named = [{"load_balancer": name, "port": port} for name, port in listeners or [("web", 443)]]
    return {"certificate_id": certificate_id, "listeners": named, **others}


# What is done


def test_renewal(account: Simulator, login: dict[str, Any]) -> None:
    first, second = store(account, old()), store(account, issue())
    other = store(account, old("api.example.com"))
    web = account.add_balancer(
        name="web",
        listeners=[
            {"protocolPort": 443, "tlsCertificateId": first},
            {"protocolPort": 8443, "tlsCertificateId": first},
            {"protocolPort": 9443, "tlsCertificateId": other},
            {"protocolPort": 80, "protocol": "HTTP"},
        ],
    )
    planned = run_it(check=True, diff=True, **login)
    assert changes(account) == [] and planned["changed"]
    run = run_it(diff=True, **login)
    expected = {"web:443": ("switched", None), "web:8443": ("switched", None), "web:9443": ("unchanged", None)}
    assert outcomes(run) == outcomes(planned) == expected
    assert run["diff"] == planned["diff"]
    assert changes(account) == [elements(web, second, (443, 8443))]
    assert placed(account) == {"web:443": second, "web:8443": second, "web:9443": other, "web:80": None}
    again = run_it(**login)
    assert not again["changed"] and again["unchanged_count"] == 3
    assert again["api_calls"] == 2


def test_explicit_and_several_deployments(account: Simulator, login: dict[str, Any]) -> None:
    first, second, third = store(account, old()), store(account, issue()), store(account, issue(days=(-5, 60)))
    web, api = balancer(account, first, first), balancer(account, first, name="api")
    run = run_it(**login, diff=True, **naming(third, (web["uuid"].upper(), 444), ("web", "443")))
    assert outcomes(run) == {"web:443": ("switched", None), "web:444": ("switched", None)}
    assert changes(account) == [elements(web, third, (443, 444))]
    changed = [(one["before"]["certificate_id"], one["after"]["certificate_id"]) for one in run["diff"]]
    assert changed == [(first, third)] * 2
    deployments = [naming(second, ("web", 444)), naming(third, (str(api["id"]), 443))]
    account.clear_calls()
    run_it(**login, deployments=deployments)
    assert placed(account) == {"web:443": third, "web:444": second, "api:443": third}
    assert sorted(changes(account)) == sorted([elements(web, second, (444,)), elements(api, third)])


def test_max_listeners(account: Simulator, login: dict[str, Any]) -> None:
    """Refused before anything is changed, in check mode as well; what is right already does not count."""
    web, first, second = renewable(account, 443, 444)
    balancer(account, second, second, name="done")
    for check in (True, False):
        run = run_it(**login, max_listeners=1, check=check)
        assert run.failed and run.code == "too_many_listeners"
        assert "2" in run["msg"] and "max_listeners" in run["msg"]
        assert not run.result.get("changed")
    assert set(placed(account).values()) == {first, second} and changes(account) == []
    assert run_it(**login, max_listeners=2)["switched_count"] == 2
    assert changes(account) == [elements(web, second, (443, 444))]


def test_one_failure_does_not_hide_the_others(account: Simulator, login: dict[str, Any]) -> None:
    _, first, second = renewable(account)
    broken = balancer(account, first, name="broken")
    account.patch_balancer(broken["id"], provisioningStatus="ERROR", previousErrorText="Quota exceeded")
    run = run_it(**login)
    assert outcomes(run) == {"broken:443": ("failed", "balancer_error"), "web:443": ("switched", None)}
    assert run.failed and run.code == "listeners_failed" and run["changed"]
    assert "broken:443" in run["msg"] and "Quota exceeded" in run["msg"]
    (detail,) = run["failure"]["details"]["listeners"]
    assert (detail["listener"], detail["reason"]) == ("broken:443", "balancer_error")
    assert placed(account) == {"web:443": second, "broken:443": first}


NULLS = (None, "", " ")
"""What null may come as: ansible-core 2.18 renders it as an empty text."""


@pytest.mark.parametrize("null", NULLS)
def test_what_check_mode_would_import(account: Simulator, login: dict[str, Any], null: object) -> None:
    """It has no id yet. All else about its listeners is looked at as in a real run."""
    _, first, second = renewable(account, 443, 444)
    run = run_it(**login, **naming(null, ("web", 443), ("web", 444)), check=True, diff=True)
    assert run["switched_count"] == 2 and run["changed"], run.output
    for listener in run["listeners"]:
        assert (listener["previous_certificate_id"], listener["certificate_id"]) == (first, None)
        assert listener["message"] == "Would be switched to the certificate that would be imported."
    assert [one["after"]["certificate_id"] for one in run["diff"]] == [None, None]
    deployments = [naming(second, ("web", 443)), naming(null, ("web", 444), ("nowhere", 1))]
    run = run_it(**login, deployments=deployments, check=True)
    assert outcomes(run) == {
        **{"web:443": ("switched", None), "web:444": ("switched", None), "nowhere:1": ("failed", "not_found")}
    }, run.output
    assert changes(account) == []


@pytest.mark.parametrize("null", NULLS)
def test_null_is_no_certificate_in_a_real_run(account: Simulator, login: dict[str, Any], null: object) -> None:
    """Nothing is called. Nor does null stand for all certificates, where nothing else is said."""
    renewable(account)
    one = naming(1)
    for where, given in (
        ("certificate_id", naming(null)),
        ("deployments[1].certificate_id", {"deployments": [one, naming(null, ("api", 443))]}),
    ):
        run = run_it(**login, **given)
        assert run.failed and run.code == "invalid_argument"
        assert run["msg"].startswith(f"{where} must not be null: only check mode allows null")
    for check in (True, False):
        for given in {"certificate_id": null}, {"certificate_id": null, "deployments": [one]}, {"listeners": LISTENERS}:
            run = run_it(**login, **given, check=check)
            assert run.failed and run["msg"].startswith(
                "The values of certificate_id, listeners, and deployments cannot be combined"
            ), given
        run = run_it(**login, deployments=[{"listeners": LISTENERS}], check=check)
        assert run.failed and "certificate_id" in run["msg"] and run.code == "invalid_argument"
        assert account.calls() == []


# What users write


def test_listeners_as_text(account: Simulator, login: dict[str, Any]) -> None:
    web, _, second = renewable(account)
    run = run_it(**login, certificate_id=str(second), listeners='[{"load_balancer": "web", "port": "443"}]')
    assert only(run)["outcome"] == "switched" and changes(account) == [elements(web, second)]


LISTENERS = [{"load_balancer": "web", "port": 443}]
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no listeners": ({"certificate_id": 1}, "certificate_id together with listeners"),
    "both": ({**naming(1), "deployments": [naming(1)]}, "certificate_id together with listeners"),
    "narrowed": (
        {**naming(1), "common_names": ["*"], "ports": [443]},
        "common_names, ports cannot be used with certificate_id",
    ),
    "narrowed deployments": (
        {"deployments": [naming(1)], "load_balancers": ["*"]},
        "load_balancers cannot be used with deployments",
    ),
    "untrusted": ({"allow_untrusted": True}, "allow_untrusted cannot be used without certificate_id or deployments"),
    "impossible port": (naming(1, ("web", 70_000)), "70000"),
    "unknown key": ({"certificate_id": 1, "listeners": [{**LISTENERS[0], "protocol": "HTTPS"}]}, "protocol"),
    "unreadable listeners": ({"certificate_id": 1, "listeners": '[{"load_balancer": "web", "port": 443'}, "JSON"),
    "wait_interval": ({"wait_interval": 0}, "wait_interval"),
    "verify_timeout": ({"verify_timeout": "nan"}, "verify_timeout"),
    "no such roots": ({"verify": True, "trusted_ca_path": "/nowhere/roots.pem"}, "/nowhere/roots.pem"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_expected(account: Simulator, case: str) -> None:
    """One sentence that names the option; nothing is called."""
    given, said = BAD[case]
    run = run_it(**options_for(account), **given)
    assert run.failed and said in run["msg"], run["msg"]
    assert run.code == ("not_found" if case == "no such roots" else "invalid_argument")
    assert account.calls() == []
