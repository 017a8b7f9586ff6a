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
    NAME,
    ONE,
    UPDATE,
    balancer,
    begin,
    changes,
    elements,
    end,
    issue,
    old,
    only,
    outcomes,
    placed,
    renewable,
    run_it,
    store,
)
from tests.support.modules import TRANSPORTS, options_for
from tests.support.waiting import until

pytest_plugins = ["tests.support.deploying"]

PENDING = "UPDATE_PENDING"


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


def test_the_facts_of_a_listener(account: Simulator, login: dict[str, Any]) -> None:
    new = issue(names=[NAME, "example.com"])
    first, second = store(account, old()), store(account, new)
    web = balancer(account, first)
    listener = only(run_it(**login))
    assert listener.pop("message")
    assert listener == {
        "load_balancer": "web",
        "load_balancer_uuid": web["uuid"],
        "address": web["address"],
        "port": 443,
        "listener_uuid": web["listeners"][0]["uuid"],
        "common_name": NAME,
        "subject_alt_names": [NAME, "example.com"],
        "previous_certificate_id": first,
        "certificate_id": second,
        "fingerprint_sha256": new.fingerprint,
        "not_after": f"{new.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{new.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "ends_by": None,
        "outcome": "switched",
        "reason": None,
        "served": None,
        "accepted": None,
        "served_fingerprint_sha256": None,
    }


def test_one_call_a_balancer(account: Simulator, login: dict[str, Any]) -> None:
    """Whatever their number, and each with its own certificate; private keys are not asked for."""
    ids = [store(account, old(f"{number}.example.com")) for number in range(3)]
    better = [store(account, issue(f"{number}.example.com")) for number in range(3)]
    made = [balancer(account, *ids, name=f"lb{number}") for number in range(5)]
    account.settings(balancer_lock_ms=150)
    run = run_it(**login, concurrency=3)
    assert run["switched_count"] == 15 and run["changed"]
    sent = sorted(changes(account), key=lambda arguments: [one["uuid"] for one in made].index(arguments[0]))
    for web, (uuid, configurations) in zip(made, sent, strict=True):
        assert uuid == web["uuid"]
        wanted = [
            {"listenerUuid": one["uuid"], "tlsCertificateId": identifier}
            for one, identifier in zip(web["listeners"], better, strict=True)
        ]
        assert configurations == wanted
    assert set(placed(account).values()) == set(better)
    assert all(call["mask"] and "privateKey" not in call["mask"] for call in account.calls())


def test_explicit_and_several_deployments(account: Simulator, login: dict[str, Any]) -> None:
    first, second, third = store(account, old()), store(account, issue()), store(account, issue(days=(-5, 60)))
    web, api = balancer(account, first, first), balancer(account, first, name="api")
    run = run_it(**login, diff=True, **naming(third, (web["uuid"].upper(), 444), ("web", "443")))
    assert outcomes(run) == {"web:443": ("switched", None), "web:444": ("switched", None)}
    assert changes(account) == [elements(web, third, (443, 444))]
    assert [(one["before"]["certificate_id"], one["after"]["certificate_id"]) for one in run["diff"]] == [
        (first, third)
    ] * 2
    deployments = [
        {"certificate_id": second, "listeners": [{"load_balancer": "web", "port": 444}]},
        {"certificate_id": third, "listeners": [{"load_balancer": str(api["id"]), "port": 443}]},
    ]
    account.clear_calls()
    run_it(**login, deployments=deployments)
    assert placed(account) == {"web:443": third, "web:444": second, "api:443": third}
    assert sorted(changes(account)) == sorted([elements(web, second, (444,)), elements(api, third)])


def test_the_selection(account: Simulator, login: dict[str, Any]) -> None:
    _, first, second = renewable(account, 443, 444)
    balancer(account, first, first, name="api")
    run = run_it(**login, load_balancers=["W*"], ports=[443, 9], common_names=["*.example.com"])
    assert outcomes(run) == {"web:443": ("switched", None)}
    assert placed(account) == {"web:443": second, "web:444": first, "api:443": first, "api:444": first}
    none = run_it(**login, load_balancers=["W*"], ports=[9])
    assert none["listeners"] == [] and not none["changed"]
    assert "No HTTPS listener" in str(none["warnings"])


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
    account.add_balancer(name="plain", listeners=[{"protocolPort": 80, "protocol": "HTTP"}])
    broken = balancer(account, first, name="broken")
    account.patch_balancer(broken["id"], provisioningStatus="ERROR")
    run = run_it(**login, **naming(null, ("web", 443), ("web", 444)), check=True, diff=True)
    assert outcomes(run) == {"web:443": ("switched", None), "web:444": ("switched", None)} and run["changed"], (
        run.output
    )
    for listener in run["listeners"]:
        assert (listener["previous_certificate_id"], listener["certificate_id"]) == (first, None)
        assert listener["message"] == "Would be switched to the certificate that would be imported."
    assert [one["after"]["certificate_id"] for one in run["diff"]] == [None, None]
    deployments = [
        naming(second, ("web", 443)),
        naming(null, ("web", 444), ("nowhere", 1), ("plain", 80), ("broken", 443)),
    ]
    run = run_it(**login, deployments=deployments, check=True)
    assert outcomes(run) == {
        **{"web:443": ("switched", None), "web:444": ("switched", None)},
        **{
            "nowhere:1": ("failed", "not_found"),
            "plain:80": ("failed", "not_https"),
            "broken:443": ("failed", "balancer_error"),
        },
    }, run.output
    run = run_it(**login, **naming(null, ("web", 443), ("web", 444)), max_listeners=1, check=True)
    assert run.failed and run.code == "too_many_listeners"
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
        assert run["msg"].startswith(f"{where} must not be null: only in check mode, null stands for ")
    for check in (True, False):
        for given in (
            {"certificate_id": null},
            {"certificate_id": null, "deployments": [one]},
            {"listeners": LISTENERS},
        ):
            run = run_it(**login, **given, check=check)
            assert run.failed and run["msg"].startswith("Give certificate_id together with listeners"), given
        run = run_it(**login, deployments=[{"listeners": LISTENERS}], check=check)
        assert run.failed and "certificate_id" in run["msg"] and run.code == "invalid_argument"
        assert account.calls() == []


# Why not: found by the plan


UNFIT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "expired": ({}, {"days": (-90, -1)}),
    "not_yet_valid": ({}, {"days": (1, 90)}),
    "names_not_covered": ({"names": [NAME, "example.com"]}, {}),
    "key_type_not_offered": ({}, {"key": "ec"}),
    "organization_differs": ({"organization": "Example"}, {}),
}
"""By the reason why the second may not stand in for the first: how both certificates are made."""


def test_what_the_plan_refuses(account: Simulator) -> None:
    """Each listener for its own reason; in check mode over one transport as in a real run over the other; nothing is sent."""
    unfit = []
    for reason, (first, second) in UNFIT.items():
        balancer(account, store(account, old(**first)), name=reason)
        unfit.append(naming(store(account, issue(**second)), (reason, 443)))
    account.add_balancer(name="not_https", listeners=[{"protocolPort": 443, "protocol": "HTTP"}])
    good = store(account, issue())
    balancer(account, good, name="not_found", first_port=444)
    without = {reason: naming(good, (reason, 443)) for reason in ("not_https", "not_found")}
    before = placed(account)
    for reasons, named in (UNFIT, unfit), (without, list(without.values())):
        planned, run = (
            run_it(**options_for(account, transport), deployments=named, check=check, diff=True)
            for transport, check in zip(TRANSPORTS, (True, False), strict=True)
        )
        assert outcomes(run) == {f"{reason}:443": ("failed", reason) for reason in reasons}
        assert planned["listeners"] == run["listeners"]
        for one in (planned, run):
            assert one.failed and not one["changed"] and one["diff"] == []
            assert all(listener["message"] in one["msg"] for listener in one["listeners"])
    assert changes(account) == [] and placed(account) == before


def test_of_two_that_are_equally_good_none_is_taken(account: Simulator, login: dict[str, Any]) -> None:
    renewable(account)
    store(account, issue())
    run = run_it(**login)
    assert (only(run)["outcome"], only(run)["reason"]) == ("failed", "ambiguous") and only(run)["message"] in run["msg"]
    assert run.failed and not run["changed"] and changes(account) == []


# Why not: found by the change


def test_a_busy_balancer_is_waited_for(account: Simulator, login: dict[str, Any]) -> None:
    web, _, second = renewable(account)
    account.patch_balancer(web["id"], lock_ms=300)
    run = run_it(**login)
    assert only(run)["outcome"] == "switched"
    assert changes(account) == [elements(web, second)], "it was called before the balancer was ACTIVE"


def test_a_balancer_that_is_locked_right_before_the_call(account: Simulator, login: dict[str, Any]) -> None:
    """Whatever a refusal says: the balancer's status tells that it was not carried out, so it may be repeated."""
    web, _, second = renewable(account)
    account.patch_balancer(web["id"], provisioningStatus=PENDING, refusal="Please come back later.")
    process = begin(**login)
    until(lambda: account.calls(method=ONE), process)
    account.settings(latency_ms=400)
    account.patch_balancer(web["id"], provisioningStatus="ACTIVE")
    until(lambda: account.calls(method=UPDATE), process)
    account.patch_balancer(web["id"], lock_ms=700)
    account.settings(latency_ms=0)
    run = end(process)
    assert only(run)["outcome"] == "switched" and placed(account) == {"web:443": second}
    assert changes(account) == [elements(web, second)] * 2


def test_a_change_that_fails(account: Simulator, login: dict[str, Any]) -> None:
    """ERROR afterwards, and the listener as it was."""
    web, first, second = renewable(account)
    account.settings(balancer_lock_ms=100)
    account.patch_balancer(web["id"], next_change={"text": "No capacity", "status": "ERROR"})
    run = run_it(**login)
    assert (only(run)["outcome"], only(run)["reason"]) == ("failed", "balancer_error")
    assert "No capacity" in only(run)["message"] and not run["changed"]
    assert changes(account) == [elements(web, second)] and placed(account) == {"web:443": first}


def test_a_balancer_that_stays_busy(account: Simulator, login: dict[str, Any]) -> None:
    web, first, _ = renewable(account)
    account.patch_balancer(web["id"], provisioningStatus=PENDING)
    run = run_it(**login, wait_timeout=0.3)
    assert (only(run)["outcome"], only(run)["reason"]) == ("failed", "balancer_busy")
    assert PENDING in run["msg"] and "again" in run["msg"]
    assert not run["changed"] and changes(account) == [] and placed(account) == {"web:443": first}


@pytest.mark.parametrize(
    ("fault", "reason", "said"),
    [
        ({"kind": "fault", "code": "SoftLayer_Exception_InvalidValue", "message": "No."}, "refused", "No."),
        ({"kind": "not_found"}, "not_found", "LOADBALANCER_MANAGE"),
        ({"kind": "unknown_method"}, "api_error", UPDATE),
        ({"kind": "rate_limit"}, "rate_limited", "rate limit"),
    ],
)
def test_what_the_api_refuses(
    account: Simulator, login: dict[str, Any], fault: dict[str, Any], reason: str, said: str
) -> None:
    """Once: other balancers are switched, and this one is as it was."""
    web, first, second = renewable(account)
    other = balancer(account, first, name="other")
    account.fault(**fault, method=UPDATE, times=1)
    run = run_it(**login, retries=0, concurrency=1)
    found = outcomes(run)
    assert sorted(found.values(), key=str) == [("failed", reason), ("switched", None)]
    assert run.failed and run["changed"] and said in run["msg"]
    assert sorted(changes(account)) == sorted([elements(web, second), elements(other, second)])
    assert sorted(placed(account).values(), key=str) == [first, second]


# Permissions


def test_no_permission_to_change(account: Simulator, login: dict[str, Any]) -> None:
    _, first, _ = renewable(account)
    account.permit(account.username, "SECURITY_CERTIFICATE_VIEW", "SECURITY_CERTIFICATE_MANAGE")
    run = run_it(**login)
    assert (only(run)["outcome"], only(run)["reason"]) == ("failed", "not_found")
    assert "LOADBALANCER_MANAGE" in run["msg"] and placed(account) == {"web:443": first}


# What users write


def test_listeners_as_text(account: Simulator, login: dict[str, Any]) -> None:
    web, _, second = renewable(account)
    run = run_it(**login, certificate_id=str(second), listeners='[{"load_balancer": "web", "port": "443"}]')
    assert only(run)["outcome"] == "switched" and changes(account) == [elements(web, second)]


LISTENERS = [{"load_balancer": "web", "port": 443}]
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no listeners": ({"certificate_id": 1}, "certificate_id together with listeners"),
    "both": (
        {**naming(1), "deployments": [{"certificate_id": 1, "listeners": LISTENERS}]},
        "certificate_id together with listeners",
    ),
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
def test_what_cannot_be_meant(account: Simulator, case: str) -> None:
    """One sentence that names the option; nothing is called."""
    given, said = BAD[case]
    run = run_it(**options_for(account), **given)
    assert run.failed and said in run["msg"], run["msg"]
    assert run.code == ("not_found" if case == "no such roots" else "invalid_argument")
    assert account.calls() == []
