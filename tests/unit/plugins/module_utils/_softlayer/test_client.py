# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes over the wire, what lists are made of, and where credentials may go; the network itself is stood in for."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import (
    MAX_FILTER_IDS,
    MAX_FILTERED_CALLS,
    MIN_PAGE_SIZE,
    PAGE_SIZE,
    Client,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.values import MAX_ID, parse_id
from requests.adapters import HTTPAdapter
from SoftLayer import transports

from tests.support.failing import fails
from tests.support.wire import (
    KEY,
    REST_URL,
    SETTINGS,
    XMLRPC_URL,
    Answer,
    Sent,
    Wire,
    client_for,
    fault,
    is_rest,
    ok,
    page,
)

pytest_plugins = ["tests.support.wire"]


# What is sent


def test_xmlrpc_request(wire: Wire) -> None:
    wire.script = [ok([])]
    client_for(XMLRPC_URL).call(
        "Account", "getX", 5, "two", identifier=9, mask="mask[id]", filter={"x": {"id": 1}}, limit=20, offset=40
    )
    (sent,) = wire.sent
    method, headers, arguments = sent.xml()
    assert (sent.request.method, sent.request.url) == ("POST", f"{XMLRPC_URL}/SoftLayer_Account")
    assert (method, arguments) == ("getX", [5, "two"])
    assert headers == {
        "authenticate": {"username": "SL1", "apiKey": KEY},
        "SoftLayer_AccountInitParameters": {"id": 9},
        "SoftLayer_ObjectMask": {"mask": "mask[id]"},
        "SoftLayer_AccountObjectFilter": {"x": {"id": 1}},
        "resultLimit": {"limit": 20, "offset": 40},
    }
    assert "Authorization" not in sent.request.headers
    assert "xml" in sent.request.headers["Content-Type"]


def test_rest_request_with_arguments(wire: Wire) -> None:
    wire.script = [ok([])]
    client_for(REST_URL).call(
        "Account", "getX", 5, "two", identifier=9, mask="mask[id]", filter={"x": {"id": 1}}, limit=20, offset=40
    )
    (sent,) = wire.sent
    assert sent.request.method == "POST"
    assert str(sent.request.url).partition("?")[0] == f"{REST_URL}/SoftLayer_Account/9/getX.json"
    assert json.loads(sent.body) == {"parameters": [5, "two"]}
    assert sent.query["objectMask"] == "mask[id]"
    assert json.loads(sent.query["objectFilter"]) == {"x": {"id": 1}}
    assert sent.query["resultLimit"] == "40,20"
    assert sent.request.headers["Authorization"] == "Basic " + base64.b64encode(f"SL1:{KEY}".encode()).decode()
    assert sent.request.headers["Content-Type"] == "application/json", "a server may refuse a body of no type"


def test_integers_that_xmlrpc_does_not_know_go_as_text(wire: Wire) -> None:
    wire.script = [ok(True)]
    client_for(XMLRPC_URL).call("Y", "getX", 2**31, 2**31 - 1, identifier=2**31)
    _method, headers, arguments = wire.sent[0].xml()
    assert headers["SoftLayer_YInitParameters"] == {"id": str(2**31)}
    assert arguments == [str(2**31), 2**31 - 1]


def test_how_a_call_may_be_made_is_passed_on(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless something else is said it may be repeated, and waits for its turn."""
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(client, "call_until_done", lambda _call_once, **how: asked.append(how))
    client.call("Y", "getX")
    client.call("Y", "editX", repeatable=False, before_sending=print, in_turn=True)
    assert asked == [
        {"repeatable": True, "before_sending": None, "in_turn": False},
        {"repeatable": False, "before_sending": print, "in_turn": True},
    ]


def test_an_ibm_cloud_key_goes_by_http_basic(client: Client, url: str, wire: Wire) -> None:
    wire.script = [ok(True)]
    client_for(url, username="apikey").call("Account", "getObject")
    (sent,) = wire.sent
    assert sent.request.headers["Authorization"] == "Basic " + base64.b64encode(f"apikey:{KEY}".encode()).decode()
    assert KEY.encode() not in sent.body


TOKEN = "eyJraWQiOiIyMDI2MTIwMTAwMDAiLCJhbGciOiJSUzI1NiJ9.eyJpYW1faWQiOiJpYW0tUHJvZmlsZS0xIn0.c2lnbmVkLWJ5LWJ5dGVzLW9mLWlhbQ-_"


def test_a_token_goes_as_a_bearer_token(url: str, wire: Wire) -> None:
    """Alone: with a user name, the SDK sends that without a password; and nothing of the login stands in the body."""
    wire.script = [ok(True)]
    client_for(url, username="", api_key="", iam_token=TOKEN).call("Account", "getX", 5)
    (sent,) = wire.sent
    assert sent.request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in str(sent.request.url) and TOKEN.encode() not in sent.body
    assert is_rest(sent.request) or "authenticate" not in sent.xml()[1]


GET_A_NEW_TOKEN = (
    "get a new IAM token for iam_token (IBMCLOUD_IAM_TOKEN in the environment), because a token expires after at most 60 minutes, "
    "even during a run."
)


OF_A_PROFILE = "Token received with no IMS account id, required for a TrustedProfile"
"""What somebody was told by the API: issue 9295 of red-hat-storage/ocs-ci on GitHub."""


@pytest.mark.parametrize(
    ("answer", "api_message"),
    [
        (fault("Access Denied.", status=401), "Access Denied."),
        (fault("Invalid API token."), "Invalid API token."),
        (fault("The token has expired"), "The token has expired"),
        (fault("No valid authentication headers found."), "No valid authentication headers found."),
        (fault(OF_A_PROFILE, "SoftLayer_Exception"), OF_A_PROFILE),
        (fault(f"Unknown token: {TOKEN}", status=401), "Unknown token: ********.********.********"),
        (page(401), None),
    ],
)
def test_a_refused_token(wire: Wire, url: str, answer: Answer, api_message: str | None) -> None:
    wire.script = [answer]
    with fails("authentication_failed", GET_A_NEW_TOKEN) as caught:
        client_for(url, username="", api_key="", iam_token=TOKEN).call("Account", "getObject")
    assert TOKEN not in json.dumps(caught.value.build_failure()) and "username" not in caught.value.message
    assert caught.value.details.get("api_message") == api_message
    assert caught.value.message.endswith(" Set transport: rest.") == ("xmlrpc" in url)
    assert len(wire.sent) == 1


def test_a_key_given_as_a_token(wire: Wire, url: str) -> None:
    wire.script = [fault("Access Denied.", status=401)]
    with fails("authentication_failed", "looks like an IBM Cloud API key. Set api_key") as caught:
        client_for(url, username="", api_key="", iam_token=IBM_CLOUD_KEY).call("Account", "getObject")
    assert IBM_CLOUD_KEY not in caught.value.message


IBM_CLOUD_KEY = "wKsJ3bT4-_hQ0zUfVYg1nR7cXpLMd9aE2iOoB5r6tNxy"
MISTAKEN = "The API key looks like an IBM Cloud API key. Set the user name to apikey."


@pytest.mark.parametrize(
    ("username", "key", "said"),
    [
        ("SL1", IBM_CLOUD_KEY, MISTAKEN),
        ("apikey", IBM_CLOUD_KEY, None),
        ("SL1", KEY, None),
        ("SL1", f"{IBM_CLOUD_KEY}x", None),
        (
            "apikey",
            KEY,
            "looks like a classic infrastructure API key. Specify the user name that the portal shows next to the key.",
        ),
    ],
)
@pytest.mark.parametrize("words", ["Access Denied.", "Invalid API token."])
def test_a_user_name_that_does_not_go_with_the_key(
    wire: Wire, url: str, username: str, key: str, said: str | None, words: str
) -> None:
    """It is told when both are refused, not before."""
    wire.script = [fault(words)]
    with fails("authentication_failed") as caught:
        client_for(url, username=username, api_key=key).call("Account", "getObject")
    assert caught.value.message.endswith(said or "may call SoftLayer_Account::getObject.")
    assert key not in caught.value.message and caught.value.details["api_message"] == words


@pytest.mark.parametrize("verify", [True, False, "/some/ca.pem"])
def test_settings_reach_the_wire(url: str, wire: Wire, verify: bool | str) -> None:
    wire.script = [ok(True)]
    client_for(url, verify=verify, proxy="http://proxy.example.com:3128").call("Account", "getObject")
    how = wire.sent[0].how
    assert how["timeout"] == 7
    assert how["verify"] == verify
    assert how["proxies"]["https"] == "http://proxy.example.com:3128"
    assert how["cert"] is None


@pytest.mark.parametrize(
    ("host", "used"), [("api.example.com", True), ("127.0.0.1", False), ("localhost", False), ("[::1]", False)]
)
def test_the_environments_proxy_is_not_for_loopback(
    monkeypatch: pytest.MonkeyPatch, url: str, wire: Wire, host: str, used: bool
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example.com:3128")
    wire.script = [ok(True)]
    client_for(url.replace("api.example.com", host)).call("Account", "getObject")
    assert bool(wire.sent[0].how["proxies"]) is used


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_no_login_is_taken_from_netrc(home: Path, url: str, wire: Wire, name: str) -> None:
    (home / name).write_text("default login netrc-user password netrc-password\n", encoding="ascii")
    (home / name).chmod(0o600)
    wire.script = [ok(True)]
    client_for(url).call("Account", "getObject")
    sent = wire.sent[0]
    expected = "Basic " + base64.b64encode(f"SL1:{KEY}".encode()).decode() if is_rest(sent.request) else None
    assert sent.request.headers.get("Authorization") == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(client: Client, wire: Wire, status: int) -> None:
    wire.script = [page(status, Location="https://elsewhere.example/")]
    with fails("api_error", "redirect"):
        client.call("Account", "getObject")
    assert [urlsplit(str(sent.request.url)).hostname for sent in wire.sent] == ["api.example.com"]


def test_an_answer_is_none_if_its_status_says_otherwise(client: Client, wire: Wire) -> None:
    """Whatever it holds: the SDK would take it for what was asked."""
    wire.script = [ok({"id": 1}, status=300)]
    with fails("api_error", "HTTP 300"):
        client.call("Account", "getObject")


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_connection_repeats_a_request_by_itself(client: Client, scheme: str) -> None:
    adapter = client._sdk.transport.client.get_adapter(f"{scheme}://api.example.com")
    assert (adapter.max_retries.total, adapter._pool_maxsize) == (0, client.concurrency)
    assert type(adapter) is not HTTPAdapter, "it keeps to one deadline"


def test_an_sdk_whose_session_cannot_be_replaced_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Its own repeats requests by itself."""
    for kind in (transports.RestTransport, transports.XmlRpcTransport):
        monkeypatch.setattr(kind, "client", property(lambda _transport: requests.Session()))
    with fails("missing_library", "Install release 6.2 or 6.3"):
        client_for(url)


# Lists


def rows(*identifiers: object) -> list[dict[str, object]]:
    return [{"id": identifier} for identifier in identifiers]


def test_lists_are_asked_for_in_order_of_their_ids(client: Client, wire: Wire) -> None:
    wire.script, warnings = [ok(rows(1, 2), 2)], []
    client._warn = warnings.append
    assert client.read_list("Account", "getX", mask="mask[id]", root="x") == rows(1, 2)
    assert warnings == []
    by_id = {"id": {"operation": "orderBy", "options": [{"name": "sort", "value": ["ASC"]}]}}
    (sent,) = wire.sent
    assert asked_of(sent) == ({"x": by_id}, 0, PAGE_SIZE)
    assert mask_of(sent) == "mask[id]"


def mask_of(sent: Sent) -> str:
    """The mask of a request: without it, private keys would come."""
    return str(sent.query["objectMask"] if is_rest(sent.request) else sent.xml()[1]["SoftLayer_ObjectMask"]["mask"])


def asked_of(sent: Sent) -> tuple[dict[str, Any], int, int]:
    """The filter of a request to `Account`, and its offset and limit."""
    if is_rest(sent.request):
        offset, limit = map(int, sent.query["resultLimit"].split(","))
        return json.loads(sent.query["objectFilter"]), offset, limit
    headers = sent.xml()[1]
    return headers["SoftLayer_AccountObjectFilter"], headers["resultLimit"]["offset"], headers["resultLimit"]["limit"]


def test_ids_are_asked_for_in_portions_and_selected_again(client: Client, wire: Wire) -> None:
    ids = [*range(1, 451)]
    wire.script = [ok(rows(*ids[:200], 999), 201), ok(rows(*ids[200:400]), 200), ok(rows(1000, *ids[400:]), 51)]
    found = client.read_ids("Account", "getX", identifiers=[*ids, 3, 3], mask="mask[id]")
    assert found == rows(*ids)
    assert sorted(asked_of(sent)[1:] for sent in wire.sent) == [(0, 50), (0, 200), (0, 200)]
    assert [mask_of(sent) for sent in wire.sent] == ["mask[id]"] * 3
    asked = [asked_of(sent)[0]["id"] for sent in wire.sent]
    assert sorted(one["options"][0]["value"][0] for one in asked) == [1, 201, 401]
    for one in asked:
        assert one == {"operation": "in", "options": [{"name": "data", "value": one["options"][0]["value"]}]}


@pytest.mark.parametrize(("too_many", "calls"), [(0, MAX_FILTERED_CALLS + 1), (1, 1)])
def test_many_ids_are_picked_from_the_whole_list(client: Client, wire: Wire, too_many: int, calls: int) -> None:
    """Fewer are asked for by filters; what these lack is looked for there."""
    ids = [*range(1, MAX_FILTERED_CALLS * MAX_FILTER_IDS + 1 + too_many)]
    wire.script = [ok(rows(*ids[:400]), 400)]
    assert client.read_ids("Y", "getX", identifiers=ids, mask="mask[id]") == rows(*ids[:400])
    assert len(wire.sent) == calls


def test_no_ids_are_no_call(client: Client, wire: Wire) -> None:
    assert client.read_ids("Y", "getX", identifiers=[], mask="mask[id]") == []
    assert wire.sent == []


def test_an_empty_list_is_one(client: Client, wire: Wire) -> None:
    wire.script = [ok([])]
    assert client.read_list("Account", "getX", mask="mask[id]") == []


def test_a_page_that_is_too_much_is_halved(client: Client, wire: Wire) -> None:
    wire.script = [fault("Internal Error"), fault("Internal Error"), ok(rows(1), 1)]
    assert client.read_list("Account", "getX", 5, mask="mask[id]") == rows(1)
    first, *others = wire.sent
    assert [asked_of(sent)[1:] for sent in wire.sent] == [(0, PAGE_SIZE // part) for part in (1, 2, 4)]
    for sent in others:
        assert (asked_of(sent)[0], mask_of(sent)) == (asked_of(first)[0], "mask[id]")
        assert (json.loads(sent.body)["parameters"] if is_rest(sent.request) else sent.xml()[2]) == [5]


@pytest.mark.parametrize(("size", "calls"), [(2 * MIN_PAGE_SIZE, 2), (2 * MIN_PAGE_SIZE - 1, 1)])
def test_a_page_is_halved_down_to_the_smallest(client: Client, wire: Wire, size: int, calls: int) -> None:
    wire.script = [fault("Internal Error")]
    with fails("api_error"):
        client.read_ids("Y", "getX", identifiers=range(1, size + 1), mask="mask[id]")
    assert len(wire.sent) == calls


@pytest.mark.parametrize(
    "answer",
    [False, None, "text", {"id": 1}, [1, 2], [None], rows("text"), rows(True), rows(1.5), [*rows({}), 7]],
    ids=repr,
)
@pytest.mark.parametrize("by_ids", [False, True])
def test_what_is_no_list_of_objects_is_an_error(client: Client, wire: Wire, answer: object, by_ids: bool) -> None:
    wire.script = [ok(answer)]
    with fails("api_error", "SoftLayer_Y::getX"):
        if by_ids:
            client.read_ids("Y", "getX", identifiers=[1], mask="mask[id]")
        else:
            client.read_list("Y", "getX", mask="mask[id]")


ODD_ROWS: list[Any] = [{}, {}, {"id": None, "name": "odd"}, 7, None]


def served(everything: list[Any], *, cap: int, told: bool) -> Answer:
    """The pages of a list as the server has it, none of which is longer than it allows."""

    def page(request: requests.PreparedRequest) -> tuple[int, bytes, Mapping[str, str]]:
        offset, limit = map(int, parse_qs(urlsplit(str(request.url)).query)["resultLimit"][0].split(","))
        rows = everything[offset : offset + min(limit, cap)]
        return ok(rows, len(everything) if told else None)(request)

    return page


@pytest.mark.parametrize("told", [True, False], ids=["total", "no total"])
@pytest.mark.parametrize("place", [1, 300, 700])
@pytest.mark.parametrize("cap", [90, 500, 10_000])
def test_rows_without_an_id_are_counted_and_left_out(wire: Wire, told: bool, place: int, cap: int) -> None:
    everything = rows(*range(1, 701))
    everything[place:place] = ODD_ROWS
    wire.script = [served(everything, cap=cap, told=told)]
    warnings: list[str] = []
    client = Client(replace(SETTINGS, endpoint_url=REST_URL), warn=warnings.append)
    for _ in range(2):
        assert client.read_list("Y", "getX", mask="mask[id]") == rows(*range(1, 701))
    assert len(warnings) == 1 and "SoftLayer_Y::getX" in warnings[0] and ": 5." in warnings[0]
    assert client.read_ids("Y", "getX", identifiers=[1, 9], mask="mask[id]") == rows(1, 9)


NO_IDS = [
    *(None, "x", "", True, False, -1, 0, 1.5, 12.0, math.inf, math.nan, "-1", "\u0661", "1_0", " 12", "1e3", [1], {})
]
NO_IDS += [MAX_ID + 1, "9" * 30, "9" * 5000]


@pytest.mark.parametrize("value", NO_IDS, ids=lambda value: repr(value)[:12])
def test_what_is_no_id(value: object) -> None:
    assert parse_id(value) is None


@pytest.mark.parametrize("value", [1, 12, MAX_ID])
def test_an_id_as_number_and_as_text(value: int) -> None:
    assert parse_id(value) == parse_id(str(value)) == value


@pytest.mark.parametrize("answer", [False, [], {}, *({"id": value} for value in NO_IDS[:17]), None, "text"], ids=repr)
def test_an_account_without_an_id_is_an_error(client: Client, wire: Wire, answer: object) -> None:
    wire.script = [ok(answer)]
    with fails("api_error"):
        client.fetch_account_id()


def test_the_account_is_the_users_unless_one_is_given_and_asked_for_once(wire: Wire) -> None:
    client = client_for(REST_URL)
    wire.script = [ok({"id": 5})]
    assert [client.fetch_account_id(given) for given in (7, None, None)] == [7, 5, 5]
    [sent] = wire.sent
    assert str(sent.request.url).partition("?")[0] == f"{REST_URL}/SoftLayer_Account/getObject.json"
    assert sent.query == {"objectMask": "mask[id]"}


def test_a_given_account_that_is_none_is_reported_by_the_options_name() -> None:
    with fails("invalid_argument", "account_id has invalid values: 0."):
        client_for(REST_URL).fetch_account_id(0)


# When less is asked for


@pytest.mark.parametrize(
    ("failure", "calls"),
    [
        (fault("Internal Error"), 5),
        (fault("The mask names a property that does not exist."), 1),
        (fault("Internal Error", status=404), 1),
    ],
    ids=["mishap", "refusal", "not found"],
)
def test_a_page_is_halved_only_after_a_transient_error_of_the_api_and_not_without_end(
    client: Client, wire: Wire, failure: Answer, calls: int
) -> None:
    """Of 500, 250, 125, 62 and 31 rows."""
    wire.script = [failure]
    with pytest.raises(CertificatesError):
        client.read_list("Y", "getX", mask="mask[id]")
    assert len(wire.sent) == calls
