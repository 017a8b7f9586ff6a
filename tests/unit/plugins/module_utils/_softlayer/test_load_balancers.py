# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load balancers as the API gives them, what is sent to change them, and what a refusal means."""

from __future__ import annotations

import json
import re
import xmlrpc.client
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._http.transport import Response
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.faults import explain
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.load_balancers import (
    BALANCER_MASK,
    Balancer,
    Listener,
    fetch_balancer,
    fetch_balancers,
    normalize,
    switch_listeners,
)

from tests.support.api import client
from tests.support.failing import fails
from tests.support.wire import tried

UUID = "6a1f7d3c-0c52-4b64-9a5b-0d3d8f0f7a11"
LISTENER = "f0e3c9f2-9d42-4a6c-8d26-5f5bb2a1c001"
ROW: dict[str, Any] = {
    "id": 410001,
    "uuid": UUID,
    "name": "web",
    "address": "web-1-dal10.clb.appdomain.cloud",
    "type": 1,
    "provisioningStatus": "ACTIVE",
    "operatingStatus": "ONLINE",
    "datacenter": {"name": "dal10"},
    "sslCiphers": [{"id": 1, "name": "ECDHE-RSA-AES256-GCM-SHA384"}],
    "listeners": [
        {
            "id": 5,
            "uuid": LISTENER,
            "protocol": "HTTPS",
            "protocolPort": 443,
            "provisioningStatus": "ACTIVE",
            "tlsCertificateId": 300101,
        }
    ],
}
CALL = "SoftLayer_Network_LBaaS_Listener::updateLoadBalancerProtocols"
LBAAS = "SoftLayer_Exception_Network_LBaaS"


def read(row: dict[str, Any]) -> Balancer:
    """A row that can be read."""
    found = normalize(row)
    assert found is not None
    return found


def listener(**changed: Any) -> Listener | None:
    """The only listener of a row, or None if it is left out."""
    found = read({**ROW, "listeners": [{**ROW["listeners"][0], **changed}]}).listeners
    return found[0] if found else None


# Reading


def test_a_row() -> None:
    assert read({**ROW, "previousErrorText": None}) == Balancer(
        id=410001,
        uuid=UUID,
        name="web",
        address="web-1-dal10.clb.appdomain.cloud",
        provisioning_status="ACTIVE",
        previous_error=None,
        ciphers=("ECDHE-RSA-AES256-GCM-SHA384",),
        listeners=(Listener(LISTENER, "HTTPS", 443, 300101),),
    )


def test_what_a_balancer_is_called() -> None:
    names = ("web", UUID, UUID.upper(), "410001", "", "WEB", "we", "41000", UUID[:-1])
    assert [name for name in names if read(ROW).has_name(name)] == ["web", UUID, UUID.upper(), "410001"]


@pytest.mark.parametrize("name", sorted(ROW.keys() - {"uuid"}))
@pytest.mark.parametrize("how", ["missing", "null", "text", "list", "number"])
def test_anything_but_its_uuid_may_be_missing_or_odd(name: str, how: str) -> None:
    odd = {"null": None, "text": "\x1b[31m", "list": [None, 7, "x"], "number": 10**30}
    row = {key: value for key, value in ROW.items() if key != name} | ({} if how == "missing" else {name: odd[how]})
    found = read(row)
    assert found.uuid == UUID
    assert found.name and "\x1b" not in repr(found)
    assert found.is_active == (name != "provisioningStatus")
    assert not found.is_final
    assert bool(found.listeners) == (name != "listeners")


@pytest.mark.parametrize("uuid", [None, "", "  "])
def test_what_has_no_uuid_cannot_be_changed(uuid: str | None) -> None:
    assert normalize({**ROW, "uuid": uuid}) is None
    assert listener(uuid=uuid) is None


@pytest.mark.parametrize(
    ("name", "value", "attribute", "meant"),
    [
        *(("tlsCertificateId", value, "certificate_id", None) for value in (None, -1, "-1", 0, "x")),
        ("tlsCertificateId", "300101", "certificate_id", 300101),
        ("protocolPort", "8443", "port", 8443),
        ("protocol", "https", "is_https", True),
        *(("protocol", value, "is_https", False) for value in ("HTTP", None, "TCP")),
    ],
)
def test_what_a_listener_has(name: str, value: Any, attribute: str, meant: Any) -> None:
    assert getattr(listener(**{name: value}), attribute) == meant


@pytest.mark.parametrize("port", [None, "https", [443]])
def test_a_listener_without_a_port_is_none(port: Any) -> None:
    assert listener(protocolPort=port) is None


@pytest.mark.parametrize(
    ("status", "is_final"),
    [
        *((status, False) for status in ("UPDATE_PENDING", "MAINTENANCE_PENDING", "NEW_WORD", "", None)),
        *((status, True) for status in ("ERROR", "DELETE_PENDING", "error")),
    ],
)
def test_whatever_is_not_active_means_not_now(status: str | None, is_final: bool) -> None:
    found = read({**ROW, "provisioningStatus": status})
    assert (found.is_active, found.is_final) == (False, is_final)


@pytest.mark.parametrize(
    ("ciphers", "offered"),
    [
        ([], {"RSA"}),
        (["AES256-SHA256"], {"RSA"}),
        (["ECDHE-ECDSA-AES128-SHA256"], {"EC"}),
        (["ecdhe-ecdsa-aes128-sha256", "AES128-SHA256"], {"EC", "RSA"}),
        (["TLS_AES_128_GCM_SHA256"], {"EC", "RSA"}),
    ],
)
def test_key_types_that_are_offered(ciphers: list[str], offered: set[str]) -> None:
    found = read({**ROW, "sslCiphers": [{"id": 99, "name": name} for name in ciphers]})
    assert {kind for kind in ("RSA", "EC") if found.has_ciphers_for(kind)} == offered


def test_when_a_listener_was_changed() -> None:
    row = {"uuid": LISTENER, "protocol": "HTTPS", "protocolPort": 443, "modifyDate": "2026-11-30T06:00:00-06:00"}
    [found] = read({**ROW, "listeners": [row]}).listeners
    assert found.modified_at == datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
    for unknown in (None, "", "yesterday"):
        assert read({**ROW, "listeners": [{**row, "modifyDate": unknown}]}).listeners[0].modified_at is None


def test_what_the_api_says_is_one_sentence() -> None:
    assert read(ROW).error_sentence == ""
    assert read({**ROW, "previousErrorText": "Quota\n exceeded"}).error_sentence.endswith(": Quota exceeded.")
    assert len(read({**ROW, "previousErrorText": "x " * 5000}).error_sentence) < 500


def test_the_listing() -> None:
    api = client([ROW, {"id": 2, "uuid": None}])
    assert [one.uuid for one in fetch_balancers(api)] == [UUID]
    assert api.asked == [(("Network_LBaaS_LoadBalancer", "getAllObjects"), {"mask": BALANCER_MASK})]
    assert not re.search(r"privateKey|\btlsCertificate\b", BALANCER_MASK)


def test_one_balancer() -> None:
    api = client(ROW)
    assert fetch_balancer(api, UUID) == read(ROW)
    assert api.asked == [(("Network_LBaaS_LoadBalancer", "getLoadBalancer", UUID), {"mask": BALANCER_MASK})]


@pytest.mark.parametrize("answer", [None, [], "", {}, {**ROW, "uuid": LISTENER}, [ROW]])
def test_an_answer_that_is_not_that_balancer(answer: Any) -> None:
    with fails("no_answer"):
        fetch_balancer(client(answer), UUID)


@pytest.mark.parametrize("function", [fetch_balancers, lambda api: fetch_balancer(api, UUID)])
def test_what_may_not_be_read_is_not_found(function: Callable[[Any], Any]) -> None:
    """The API does not tell the two apart, so both are said."""
    with fails("not_found", "permission") as caught:
        function(client(CertificatesError("not_found", "Unable to find object.", http_status=404)))
    assert "SECURITY_CERTIFICATE" not in caught.value.message
    with pytest.raises(CertificatesError) as caught:
        function(client(CertificatesError("unreachable", "No route.")))
    assert (caught.value.code, caught.value.message) == ("unreachable", "No route.")


# Changing


def test_exactly_two_properties_are_sent() -> None:
    """Without the listener's uuid, a listener would be created; more properties would be changed, too."""
    api = client({"id": 410001})
    switch_listeners(api, read(ROW), {LISTENER: 300102, "another": 300103})
    ((args, keywords),) = api.asked
    assert args == (
        "Network_LBaaS_Listener",
        "updateLoadBalancerProtocols",
        UUID,
        [
            {"listenerUuid": LISTENER, "tlsCertificateId": 300102},
            {"listenerUuid": "another", "tlsCertificateId": 300103},
        ],
    )
    assert keywords["repeatable"] is False
    assert "privateKey" not in keywords["mask"]


def rest(status: int, message: str, code: str | None) -> CertificatesError:
    """A fault as it comes over REST."""
    body = {"error": message} | ({} if code is None else {"code": code})
    return _explained(Response(status, json.dumps(body).encode()))


def xmlrpc_fault(status: int, message: str, code: str | None) -> CertificatesError:
    """A fault as it comes over XML-RPC; with the status 200, whatever it would be on REST."""
    return _explained(Response(200, xmlrpc.client.dumps(xmlrpc.client.Fault(code or "", message)).encode()))  # type: ignore[arg-type]


def _explained(answer: Response) -> CertificatesError:
    return explain(CALL, "https://api.example.com", tried(answer, sent=True), Exception(), repeatable=False)


BOTH = pytest.mark.parametrize("form", [rest, xmlrpc_fault])
Form = Callable[[int, str, str | None], CertificatesError]


def refused(error: CertificatesError) -> CertificatesError:
    """What a change that the API answers like this raises."""
    with pytest.raises(CertificatesError) as caught:
        switch_listeners(client(error), read(ROW), {LISTENER: 300102})
    return caught.value


@BOTH
@pytest.mark.parametrize("code", [f"{LBAAS}_InvalidState", "SoftLayer_Exception_Public", "SoftLayer_Exception"])
@pytest.mark.parametrize(
    "said",
    [
        f"The load balancer with ID '{UUID}' cannot be updated because its status is 'UPDATE_PENDING'",
        "Load balancer is in UPDATE_PENDING state.",
        "An error occurred: status is MAINTENANCE_PENDING, please try again later",
        "Operation not allowed while CREATE_PENDING",
        "The load balancer is not ACTIVE",
        "The load balancer is not in an 'ACTIVE' state.",
        "The load balancer must be ACTIVE to be updated.",
    ],
)
def test_a_balancer_that_is_being_changed(form: Form, code: str, said: str) -> None:
    """The status words tell it, in whatever text they stand: it was not carried out."""
    error = refused(form(500, said, code))
    assert error.code == "balancer_busy"
    assert "web" in error.message and said in error.message


def test_a_conflict_without_the_words() -> None:
    assert refused(rest(409, "Another change is under way.", f"{LBAAS}_Conflict")).code == "balancer_busy"


@BOTH
@pytest.mark.parametrize(
    ("status", "said", "code", "meaning", "words"),
    [
        (409, "its status is 'DELETE_PENDING'", f"{LBAAS}_InvalidState", "balancer_error", ()),
        (409, "The load balancer's state is ERROR", f"{LBAAS}_InvalidState", "balancer_error", ()),
        (500, "There is no certificate with id '3'.", "SoftLayer_Exception_InvalidValue", "refused", ("id '3'", "web")),
        (500, "The certificate's status is inactive.", "SoftLayer_Exception_Public", "refused", ("inactive", "web")),
        *(
            (404, "Unable to find object.", code, "not_found", ("LOADBALANCER_MANAGE",))
            for code in (f"{LBAAS}_ObjectNotFound", "SoftLayer_Exception_ObjectNotFound")
        ),
    ],
)
def test_what_a_refusal_means(
    form: Form, status: int, said: str, code: str, meaning: str, words: tuple[str, ...]
) -> None:
    error = refused(form(status, said, code))
    assert error.code == meaning and all(word in error.message for word in words)
    assert "SECURITY_CERTIFICATE" not in error.message


@BOTH
@pytest.mark.parametrize("said", ["Internal Error", "The request timed out", "", "Service unavailable"])
def test_a_transient_error_says_nothing_about_the_change(form: Form, said: str) -> None:
    error = refused(form(500, said, "SoftLayer_Exception_Public"))
    assert error.code == "no_answer"
    assert not re.search(r"rejected the change", error.message)


@pytest.mark.parametrize("code", ["unreachable", "authentication_failed", "rate_limited", "interrupted", "retired"])
def test_other_failures_stay_what_they_are(code: Any) -> None:
    error = CertificatesError(code, "Said already.")
    assert refused(error) is error
