# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated Secrets Manager, driven by IBM's SDK: its models take every shape and give it back as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibm_secrets_manager_sdk.secrets_manager_v2 as sdk
import pytest
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
    return raised.value


def prototype(**given: Any) -> dict[str, Any]:
    return {"secret_type": "imported_cert", "name": "www", **PARTS, **given}


@pytest.mark.parametrize(
    ("secret_type", "issued", "given", "state"),
    [
        ("public_cert", WWW, {"labels": ["shop", "eu"], "description": "The shop"}, 1),
        ("public_cert", None, {"common_name": "soon.example.com"}, 0),
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
    (version,) = result(sdk.SecretVersionMetadataCollection, service.list_secret_versions, added["id"])["versions"]
    assert (version["alias"], version["secret_id"], version["downloaded"]) == ("current", added["id"], True)


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
        {"certificate": WWW.pem * 200},
        {"intermediate": "nothing"},
        {"private_key": RENEWED.key_pem},
        {"private_key": key_pem(WWW.key, passphrase=PASSPHRASE)},
        {"name": "*.example.com"},
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
    for chosen, many in (
        ({"match_all_labels": ["t3", "all"]}, 1),
        ({"groups": ["default"], "secret_types": ["kv", "arbitrary"]}, 5),
        ({"groups": ["other"]}, 0),
        ({"secret_types": ["public_cert"]}, 0),
    ):
        assert service.list_secrets(**chosen).get_result()["total_count"] == many
    sim.secrets_manager.remove(sim.secrets_manager.secrets()[0]["id"], after="list_secrets", nth=1)
    shifted = sdk.SecretsPager(client=service, limit=2).get_all()
    assert [one["name"] for one in shifted] == ["secret0", "secret1", "secret3", "secret4"]
