# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated Secrets Manager, driven by IBM's SDK: its models take every shape and give it back as it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import ibm_secrets_manager_sdk.secrets_manager_v2 as sdk
import jwt
import pytest
import requests
from cryptography import x509
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator

from tests.simulator.client import Simulator
from tests.support.certificates import PASSPHRASE, Authority, Issued, key_pem

AUTHORITY = Authority("Secrets", intermediates=2)
WWW, RENEWED = (
    AUTHORITY.issue("www.example.com", names=["www.example.com", "example.com"]),
    AUTHORITY.issue("www.example.com"),
)
EXPIRED = AUTHORITY.issue("old.example.com", days=(-100, -1))
PARTS = {"certificate": WWW.pem, "intermediate": WWW.chain_pem, "private_key": WWW.key_pem}
Connect = Callable[..., sdk.SecretsManagerV2]


@pytest.fixture
def connect(sim: Simulator) -> Connect:
    def client(api_key: str = sim.api_key) -> sdk.SecretsManagerV2:
        service = sdk.SecretsManagerV2(IAMAuthenticator(api_key, url=sim.secrets_manager.iam_url))
        service.set_service_url(sim.secrets_manager.instance_url)
        return service

    return client


@pytest.fixture
def service(connect: Connect) -> sdk.SecretsManagerV2:
    return connect()


def result(model: Any, call: Callable[..., Any], *arguments: Any) -> Any:
    """What a call answers, which the model reads and writes without any difference."""
    answer = call(*arguments).get_result()
    assert model.from_dict(answer).to_dict() == answer
    return answer


def refused(call: Callable[..., Any], *arguments: Any, **options: Any) -> ApiException:
    with pytest.raises(ApiException) as raised:
        call(*arguments, **options)
    error: ApiException = raised.value
    return error


def prototype(**given: Any) -> dict[str, Any]:
    return {"secret_type": "imported_cert", "name": "www", **PARTS, **given}


@pytest.mark.parametrize(
    ("secret_type", "issued", "given", "state"),
    [
        ("public_cert", WWW, {"labels": ["shop", "eu"], "description": "The shop"}, 1),
        ("public_cert", WWW, {"bundle_certs": False, "state": 5}, 5),
        ("public_cert", None, {"common_name": "soon.example.com"}, 0),
        ("private_cert", WWW, {"custom_metadata": {"team": "shop"}}, 1),
        ("imported_cert", EXPIRED, {}, 3),
        ("imported_cert", AUTHORITY.issue(None, names=["only.example.com"]), {"private_key": None}, 1),
        ("imported_cert", WWW, {"managed_csr": True}, 1),
        ("arbitrary", None, {"payload": "something else"}, 1),
    ],
)
def test_shapes(
    sim: Simulator, service: sdk.SecretsManagerV2, secret_type: str, issued: Issued | None, given: Any, state: int
) -> None:
    name = "Laden in Köln"
    added = sim.secrets_manager.add(name, issued, secret_type, **given)
    listing = result(sdk.SecretMetadataPaginatedCollection, service.list_secrets)
    metadata = result(sdk.SecretMetadata, service.get_secret_metadata, added["id"])
    assert listing["secrets"] == [metadata] == [added]
    assert (metadata["state"], metadata["name"], metadata["versions_total"]) == (state, name, 1)
    assert not metadata.keys() & {*PARTS, "payload", "csr", "issuing_ca", "ca_chain"}
    secret = result(sdk.Secret, service.get_secret, added["id"])
    assert secret == {**metadata, **secret, "downloaded": True}
    by_name = result(sdk.Secret, service.get_secret_by_name_type, secret_type, name, "default")
    assert by_name == {**secret, "retrieved_at": by_name["retrieved_at"]}
    (version,) = result(sdk.SecretVersionMetadataCollection, service.list_secret_versions, added["id"])["versions"]
    assert (version["alias"], version["secret_id"], version["downloaded"]) == ("current", added["id"], True)


def test_values(sim: Simulator, service: sdk.SecretsManagerV2) -> None:
    def values(secret_type: str, **given: Any) -> Any:
        added = sim.secrets_manager.add(f"a {secret_type}", WWW, secret_type, **given)
        return service.get_secret(added["id"]).get_result()

    bundled, private = values("public_cert"), values("private_cert")
    assert bundled.items() >= {**PARTS, "certificate": WWW.pem + WWW.chain_pem}.items()
    assert values("public_cert", bundle_certs=False).items() >= PARTS.items()
    assert "".join(private["ca_chain"]) == WWW.chain_pem and private["issuing_ca"] == private["ca_chain"][0]
    assert "intermediate" not in private
    leaf = x509.load_pem_x509_certificate(bundled["certificate"].encode())
    assert int(bundled["serial_number"].replace(":", ""), 16) == leaf.serial_number
    assert sdk.string_to_datetime(bundled["validity"]["not_after"]) == leaf.not_valid_after_utc
    assert bundled["alt_names"] == ["www.example.com", "example.com"]
    assert [bundled[name] for name in ("key_algorithm", "signing_algorithm")] == ["ECDSA256", "ECDSA-SHA256"]


def test_create_and_version(sim: Simulator, service: sdk.SecretsManagerV2) -> None:
    group = sim.secrets_manager.add_group("Köln")["id"]
    groups = result(sdk.SecretGroupCollection, service.list_secret_groups)
    assert [one["name"] for one in groups["secret_groups"]] == ["default", "Köln"]
    created = result(sdk.Secret, service.create_secret, prototype(secret_group_id=group, labels=["shop"]))
    assert created.items() >= {**PARTS, "labels": ["shop"], "secret_group_id": group, "downloaded": False}.items()
    assert refused(service.create_secret, prototype(secret_group_id=group)).status_code == 409
    assert refused(service.create_secret, prototype(secret_group_id="other")).status_code == 404
    assert service.create_secret(prototype()).get_status_code() == 201
    version = result(sdk.SecretVersion, service.create_secret_version, created["id"], {"certificate": RENEWED.pem})
    assert version["certificate"] == RENEWED.pem and not version.keys() & {"intermediate", "private_key"}
    sim.secrets_manager.renew(created["id"], WWW)
    versions = result(sdk.SecretVersionMetadataCollection, service.list_secret_versions, created["id"])["versions"]
    assert [one.get("alias") for one in versions] == [None, "previous", "current"]
    assert [one["payload_available"] for one in versions] == [False, True, True]
    assert [one["auto_rotated"] for one in versions] == [False, False, True]
    assert service.get_secret_metadata(created["id"]).get_result()["versions_total"] == 3


@pytest.mark.parametrize(
    "given",
    [
        {"certificate": "nothing"},
        {"certificate": WWW.pem * 200},
        {"intermediate": "nothing"},
        {"private_key": "nothing"},
        {"private_key": RENEWED.key_pem},
        {"private_key": key_pem(WWW.key, passphrase=PASSPHRASE)},
        {"name": "Laden in Köln"},
        {"name": "*.example.com"},
        {"name": "a"},
        {"labels": ["a"]},
        {"labels": ["label"] * 31},
    ],
)
def test_create_refuses(service: sdk.SecretsManagerV2, given: Any) -> None:
    error = refused(service.create_secret, prototype(**given))
    body = error.http_response.json()
    assert body.keys() == {"trace", "status_code", "errors"} and body["status_code"] == error.status_code == 400
    assert body["errors"] == [{"code": "bad_request", "message": error.message}]


def test_pages(sim: Simulator, service: sdk.SecretsManagerV2) -> None:
    names = [f"secret{number}" for number in range(5)]
    for name in names:
        sim.secrets_manager.add(name, None, "arbitrary", labels=[name[-2:], "all"])
    listed = sdk.SecretsPager(client=service, limit=2, sort="-name").get_all()
    assert [one["name"] for one in listed] == names[::-1]
    page = result(sdk.SecretMetadataPaginatedCollection, lambda: service.list_secrets(limit=2, offset=2, search="all"))
    links = {name: page[name]["href"].partition("?")[2] for name in ("first", "previous", "next", "last")}
    first = "limit=2&search=all"
    last = "limit=2&offset=4&search=all"
    assert links == {"first": first, "previous": first, "next": last, "last": last}
    for chosen, many in (
        ({"match_all_labels": ["t3", "all"]}, 1),
        ({"search": "secret4"}, 1),
        ({"groups": ["default"], "secret_types": ["kv", "arbitrary"]}, 5),
        ({"groups": ["other"]}, 0),
        ({"secret_types": ["public_cert"]}, 0),
    ):
        assert service.list_secrets(**chosen).get_result()["total_count"] == many
    for wrong in ({"limit": 1001}, {"limit": 0}, {"offset": -1}, {"sort": "colour"}):
        assert refused(service.list_secrets, **wrong).status_code == 400
    sim.secrets_manager.settings(ignores_offset=True, most_at_once=3)
    page = result(sdk.SecretMetadataPaginatedCollection, lambda: service.list_secrets(limit=4, offset=3, sort="name"))
    assert [one["name"] for one in page["secrets"]] == names[:3] and page["total_count"] == 5 and "next" in page
    sim.secrets_manager.settings(ignores_offset=False, most_at_once=None)
    sim.secrets_manager.remove(sim.secrets_manager.secrets()[0]["id"], after="list_secrets", nth=1)
    shifted = sdk.SecretsPager(client=service, limit=2).get_all()
    assert [one["name"] for one in shifted] == ["secret0", "secret1", "secret3", "secret4"]


def test_login(sim: Simulator, connect: Connect) -> None:
    sim.secrets_manager.settings(token_seconds=60)
    service = connect()
    manager = service.authenticator.token_manager
    claims = jwt.decode(manager.get_token(), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 60 and manager.token_info["expires_in"] == 60
    assert manager.token_info["expiration"] == claims["exp"]
    error = refused(connect("wrong").list_secrets)
    assert (error.status_code, error.http_response.json()["errorCode"]) == (400, "BXNIM0415E")
    sim.secrets_manager.expire_tokens(after="list_secrets")
    assert service.list_secrets()
    assert refused(service.list_secrets).status_code == 401
    sim.secrets_manager.settings(token_seconds=0)
    assert refused(connect().list_secrets).status_code == 401
    assert requests.get(f"{sim.secrets_manager.instance_url}/api/v2/secrets", timeout=30).status_code == 401


def test_faults(sim: Simulator, service: sdk.SecretsManagerV2) -> None:
    control = sim.secrets_manager
    ids = [control.add(name, WWW)["id"] for name in ("one", "two")]
    control.fault(status=429, retry_after=7, method="get_secret", argument="two", times=1)
    assert service.get_secret(ids[0])
    error = refused(service.get_secret, ids[1])
    assert (error.status_code, error.http_response.headers["Retry-After"]) == (429, "7")
    control.fault("reset_after", method="create_secret", argument="www")
    with pytest.raises(requests.exceptions.ConnectionError):
        service.create_secret(prototype())
    assert refused(service.get_secret, "none").status_code == 404
    control.renew(ids[0], RENEWED, after="list_secrets")
    before, _two, created = service.list_secrets().get_result()["secrets"]
    assert created["name"] == "www"
    assert service.get_secret(ids[0]).get_result()["serial_number"] != before["serial_number"]
    control.fault(status=503, method="token", times=1)
    service.authenticator.token_manager.expire_time = time.time()
    assert refused(service.list_secrets).status_code == 503
    outcomes = [call["outcome"] for call in control.calls("get_secret", "create_secret")]
    assert outcomes == ["ok", "fault", "reset_after", "not_found", "ok"]
    assert WWW.key_pem[30:60] not in str(control.calls()) and sim.api_key not in str(control.calls())
    sim.reset()
    assert control.secrets() == control.calls() == []
