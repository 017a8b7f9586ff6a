# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates with an empty subject, as ACME authorities issue them, and other odd subjects, through the modules for the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, new_key, pem_of
from tests.support.modules import Run, options_for, run_module

Options = dict[str, Any]

IMPORT, INFO, DEPLOY, ENDPOINTS = (
    "ssl_certificate_import",
    "ssl_certificate_info",
    "ssl_certificate_deploy",
    "ssl_endpoint_info",
)
AUTHORITY = Authority()
WWW, SHOP, MUNICH = "www.example.org", "shop.example.org", "xn--mnchen-3ya.example"
OLD = (-300, 10)
"""Days in which an old certificate is valid."""
FORBIDDEN = ("None:", "(None", "'common_name': None", "unknown name", "without a name", "without a common name")
"""What no message says of a certificate that has a name."""


def issue(common_name: str | None, *names: str, **how: Any) -> Issued:
    """A certificate for these names, with an RSA key, as the usual cipher suites of load balancers ask for."""
    return AUTHORITY.issue(common_name, names=names, key=new_key("rsa"), **how)


KINDS: dict[str, tuple[Issued, str]] = {
    "an empty subject": (issue(None, WWW, SHOP), WWW),
    "an organization only": (issue(None, "*.example.org", organization="Example Inc."), "*.example.org"),
    "a common name that is no other name": (issue("Example Shop", SHOP), "Example Shop"),
    "addresses only": (issue(None, addresses=["192.0.2.7", "2001:db8::7"]), "192.0.2.7"),
    "addresses before names": (issue(None, WWW, addresses=["192.0.2.7"]), WWW),
    "an internationalised name": (issue(None, MUNICH), MUNICH),
}
"""What is odd about a certificate, and what people are shown as its name."""


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> tuple[Issued, str]:
    """Each kind of certificate, and its name for people."""
    return KINDS[request.param]


@pytest.fixture(autouse=True)
def roots(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This machine trusts the authority of the tests."""
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture
def login(sim: Simulator) -> Options:
    """How to log in, over one transport."""
    return options_for(sim, "rest")


def imported(login: Options, *issued: Issued, **options: Any) -> list[int]:
    """Import certificates and return their ids."""
    run = run_module(IMPORT, **login, certificates=[one.options(**options) for one in issued])
    assert not run.failed, run.result
    return [entry["id"] for entry in run["certificates"]]


def listed(login: Options, **options: Any) -> list[int]:
    """The ids of the certificates that meet these options."""
    run = run_module(INFO, **login, **options)
    assert not run.failed, run.result
    return [one["id"] for one in run["certificates"]]


def said(run: Run) -> str:
    """All that a run says to people."""
    return str([run.result.get(name, "") for name in ("msg", "warnings", "diff")])


def has_common_name(issued: Issued) -> bool:
    """Whether a certificate has a common name."""
    return bool(issued.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME))


# ssl_certificate_import


def test_an_import(sim: Simulator, api: Options, kind: tuple[Issued, str]) -> None:
    issued, name = kind
    done = run_module(IMPORT, diff=True, **api, **issued.options())
    [entry] = done["certificates"]
    assert (entry["outcome"], done["diff"][0]["after_header"]) == ("imported", name)
    assert not any(word in said(done) for word in FORBIDDEN)
    assert entry["common_name"] == (name if has_common_name(issued) else None)
    assert next(one for one in sim.certificates() if one["id"] == entry["id"])["commonName"] == entry["common_name"]
    again = run_module(IMPORT, diff=True, **api, **issued.options())
    assert (again["changed"], again["certificate"]["id"]) == (False, entry["id"])
    noted = run_module(IMPORT, diff=True, **api, **issued.options(notes="web"))
    assert (noted["certificate"]["outcome"], noted["diff"][0]["before_header"]) == ("updated", name)
    assert not any(word in said(noted) for word in FORBIDDEN)


def test_a_warning_and_a_failure_name_it(login: Options, kind: tuple[Issued, str]) -> None:
    issued, name = kind
    stranger = Authority("Stranger")
    run = run_module(
        IMPORT, diff=True, **login, **issued.options(intermediate_content=issued.chain_pem + pem_of([stranger.root]))
    )
    assert f"{name}: Left out, as the certificate's chain does not need them: Stranger Root." in str(run["warnings"])
    wrong = issued.options(csr_content=stranger.issue(WWW).csr_pem)
    run = run_module(IMPORT, diff=True, **login, certificates=[wrong, wrong])
    assert run["failure"]["message"].startswith(f"2 of 2 certificates failed: item 0 ({name}): csr_mismatch: ")


def test_what_it_supersedes(sim: Simulator, login: Options) -> None:
    """Names count, whether one of them is the common name or not."""
    sim.reset()
    with_name, without, more, other = imported(
        login,
        issue(WWW, WWW, days=OLD),
        issue(None, WWW, days=OLD),
        issue(None, WWW, SHOP, days=OLD),
        issue(None, SHOP, days=OLD),
    )
    addresses = imported(login, issue(None, addresses=["192.0.2.7"], days=OLD))
    run = run_module(IMPORT, diff=True, **login, **issue(None, WWW).options(remove_superseded=True))
    superseded = {one["id"]: one["removed"] for one in run["certificate"]["superseded"]}
    assert superseded == {with_name: True, without: True}
    assert set(listed(login, common_names=[WWW])) == {more, run["certificate"]["id"], *with_other_names(sim, WWW)}
    assert set(listed(login, common_names=[SHOP])) == {more, other}
    run = run_module(IMPORT, diff=True, **login, **issue(None, addresses=["192.0.2.7"]).options(remove_superseded=True))
    assert [one["id"] for one in run["certificate"]["superseded"]] == addresses


def with_other_names(sim: Simulator, name: str) -> set[int]:
    """Records of the demo fleet with this name."""
    return {one["id"] for one in sim.certificates() if one["commonName"] == name}


def test_one_with_a_common_name_supersedes_one_without(login: Options) -> None:
    [old] = imported(login, issue(None, WWW, days=OLD))
    run = run_module(IMPORT, **login, **issue(WWW, WWW, SHOP).options(remove_superseded=True))
    assert [(one["id"], one["removed"]) for one in run["certificate"]["superseded"]] == [(old, True)]


@pytest.mark.parametrize("name", ["SHOP.example.org.", "münchen.example", "example shop", "*.example.org"])
def test_a_removal_by_any_name(login: Options, name: str) -> None:
    """As the patterns of ssl_certificate_info find it."""
    fleet = [issue(None, WWW, SHOP), issue(None, MUNICH), issue("Example Shop", WWW), issue(None, "*.example.org")]
    ids = imported(login, *fleet)
    gone = ids[["SHOP.example.org.", "münchen.example", "example shop", "*.example.org"].index(name)]
    done = run_module(IMPORT, diff=True, **login, state="absent", common_name=name)
    assert (done["certificate"]["outcome"], done["certificate"]["id"]) == ("removed", gone)
    assert not any(word in said(done) for word in FORBIDDEN)
    assert run_module(IMPORT, **login, state="absent", common_name=name)["certificate"]["outcome"] == "unchanged"


def test_a_removal_by_a_name_that_several_have(sim: Simulator, login: Options) -> None:
    imported(login, issue(None, WWW, SHOP), issue(SHOP, SHOP))
    before = sim.certificates()
    run = run_module(IMPORT, **login, state="absent", common_name=SHOP)
    assert run.code == "ambiguous" and sim.certificates() == before


@pytest.mark.parametrize("name", ["192.0.2.7", "none", "None"])
def test_a_removal_by_what_is_no_name(sim: Simulator, login: Options, name: str) -> None:
    imported(login, issue(None, addresses=["192.0.2.7"]), issue(None, WWW))
    before = sim.certificates()
    run = run_module(IMPORT, **login, state="absent", common_name=name)
    assert run["certificate"]["outcome"] == "unchanged" and sim.certificates() == before


REMEDY = "It has no common name, which the store may not take: have it issued with one"


def test_the_store_refuses_it(sim: Simulator, api: Options) -> None:
    sim.settings(refuse_without_common_name=True)
    run = run_module(IMPORT, **api, **issue(None, WWW).options())
    assert run.code == run["certificate"]["reason"] == "refused"
    assert (
        "The store refused it: Invalid value provided for 'certificate'. Its subject has no common name. " in run["msg"]
    )
    assert REMEDY in run["msg"] and "profile classic" in run["msg"]
    assert run_module(IMPORT, **api, **issue(WWW, WWW).options())["certificate"]["outcome"] == "imported"


FAULTS: dict[str, Options] = {
    "invalid": {"code": "SoftLayer_Exception_InvalidValue", "message": "Invalid common name."},
    "public": {"message": "The certificate could not be saved"},
    "missing": {
        "code": "SoftLayer_Exception_MissingCreationProperty",
        "message": "The property 'commonName' must be set.",
    },
    "bad request": {"code": "SoftLayer_Exception_WebService_BadRequest", "message": "Bad request", "status": 400},
    "no code": {"code": None, "message": "commonName must not be empty", "status": 400},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_store_says(sim: Simulator, api: Options, fault: str) -> None:
    """Its own words come first, then what may be behind them."""
    sim.fault("fault", method="createObject", **FAULTS[fault])
    for issued, remedy in ((issue(None, WWW), True), (issue(WWW, WWW), False)):
        run = run_module(IMPORT, **api, **issued.options())
        words = str(FAULTS[fault]["message"]).rstrip(".")
        assert (run["certificate"]["reason"], run.code) == ("refused", "refused")
        assert run["msg"].startswith(f"The store refused it: {words}.")
        assert (REMEDY in run["msg"]) is remedy


def test_a_store_that_says_neither_yes_nor_no(sim: Simulator, api: Options) -> None:
    """A store that fails over a missing name may answer with its own mishap."""
    sim.fault("fault", method="createObject", message="Internal Error")
    run = run_module(IMPORT, **api, **issue(None, WWW).options())
    assert run["certificate"]["reason"] == "outcome_unknown"
    assert "Internal Error" in run["msg"] and REMEDY in run["msg"]


# ssl_certificate_info


def test_listing_it(sim: Simulator, login: Options, kind: tuple[Issued, str]) -> None:
    issued, name = kind
    [identifier] = imported(login, issued)
    run = run_module(INFO, **login, certificate_ids=[identifier], unused=True, gather_services=True)
    [one] = run["certificates"]
    assert one["common_name"] == (name if has_common_name(issued) else None)
    assert (one["services"], one["associated_service_count"]) == ([], 0)
    sim.add_balancer(name="web", listeners=[{"protocolPort": 443, "tlsCertificateId": identifier}])
    [one] = run_module(INFO, **login, certificate_ids=[identifier], gather_services=True)["certificates"]
    assert [service["load_balancer"] for service in one["services"]] == ["web"]
    assert listed(login, certificate_ids=[identifier], unused=True) == []


@pytest.mark.parametrize("pattern", ["shop.*", "WWW.EXAMPLE.ORG", "*.org"])
def test_patterns_match_any_name(login: Options, pattern: str) -> None:
    [identifier] = imported(login, KINDS["an empty subject"][0])
    assert listed(login, common_names=[pattern]) == [identifier]


def test_a_common_name_that_the_store_made_up(sim: Simulator, login: Options) -> None:
    """What the store makes of such a certificate is not documented; what the certificate says counts."""
    [identifier] = imported(login, issue(None, WWW))
    sim.patch_certificate(identifier, commonName="made.up.example")
    [one] = run_module(INFO, **login, certificate_ids=[identifier])["certificates"]
    assert one["common_name"] is None
    assert listed(login, common_names=["made.up.*"]) == []
    assert identifier in listed(login, common_names=[WWW])


@pytest.mark.parametrize("told", ["", None])
def test_a_user_who_may_only_view_it(sim: Simulator, api: Options, told: str | None) -> None:
    [identifier] = imported(api, issue(None, WWW))
    sim.patch_certificate(identifier, commonName=told)
    viewer = {**api, "username": sim.viewer_username, "api_key": sim.viewer_api_key}
    run = run_module(INFO, **viewer, certificate_ids=[identifier])
    [one] = run["certificates"]
    assert (one["common_name"], one["subject_alt_names"]) == (None, None)
    run = run_module(INFO, **viewer, common_names=["*"])
    assert identifier not in [one["id"] for one in run["certificates"]]
    assert "common_names is compared with the common names only" in str(run["warnings"])


# ssl_certificate_deploy


def placed(sim: Simulator, identifier: int) -> None:
    """Have a load balancer serve a certificate."""
    for one in sim.balancers():
        sim.delete_balancer(one["id"])
    sim.add_balancer(name="web", listeners=[{"protocolPort": 443, "tlsCertificateId": identifier}])


@pytest.mark.parametrize("before", [WWW, None], ids=["a common name", "none"])
def test_a_renewal(sim: Simulator, login: Options, before: str | None) -> None:
    old, new = imported(login, issue(before, WWW, days=OLD), issue(None, WWW, SHOP))
    placed(sim, old)
    mistyped = run_module(DEPLOY, **login, verify=False, common_names=["other.*"], check=True)
    assert mistyped.code == "not_found" and "other.*" in mistyped["msg"]
    run = run_module(DEPLOY, **login, verify=False, common_names=["www.*"], wait_interval=0.1, diff=True)
    [listener] = run["listeners"]
    assert (listener["outcome"], listener["previous_certificate_id"], listener["certificate_id"]) == (
        "switched",
        old,
        new,
    )
    assert (listener["common_name"], listener["subject_alt_names"]) == (None, [WWW, SHOP])
    [diff] = run["diff"]
    assert WWW in str(diff["after"]) and "None" not in str(diff["after"])


@pytest.mark.parametrize("name", [name for name in KINDS if name != "an organization only"])
def test_a_renewal_of_each_kind(sim: Simulator, login: Options, name: str) -> None:
    issued, shown = KINDS[name]
    alternatives = issued.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    names, addresses = (alternatives.get_values_for_type(which) for which in (x509.DNSName, x509.IPAddress))
    common_name = shown if has_common_name(issued) else None
    before = issue(common_name, *names, addresses=list(map(str, addresses)), days=OLD)
    old, new = imported(login, before, issued)
    placed(sim, old)
    run = run_module(DEPLOY, **login, verify=False, wait_interval=0.1, diff=True)
    assert [(one["outcome"], one["certificate_id"]) for one in run["listeners"]] == [("switched", new)]
    assert shown in str(run["diff"][0]["after"])


# ssl_endpoint_info


def test_the_name_that_a_listener_is_looked_at_by(sim: Simulator, login: Options, kind: tuple[Issued, str]) -> None:
    """One that its certificate is for; an address, which is not asked for in the handshake, but compared, if there is no name."""
    issued, name = kind
    placed(sim, *imported(login, issued))
    expected = {"Example Shop": SHOP, "*.example.org": "www.example.org"}.get(name, name)
    expected = min(WWW, SHOP) if issued is KINDS["an empty subject"][0] else expected
    run = run_module(ENDPOINTS, **login, from_load_balancers=True)
    assert [one["server_name"] for one in run["endpoints"]] == [expected]
