# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From Secrets Manager, which IBM's own SDK fills, to what HAProxy serves: every night, with one API key and one playbook."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import ibm_secrets_manager_sdk.secrets_manager_v2 as sdk
import pytest
from cryptography import x509
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator

from tests.simulator.client import Simulator
from tests.support.balanced import AUTHORITY, UPDATE, Told, account, balanced, balancer, have, ids, run, store
from tests.support.certificates import Issued, leaks, new_key
from tests.support.haproxy import served

__all__ = ["account", "balanced"]

PORT = 8443
LOGIN, LISTED, READ = "token", "list_secrets", "get_secret"
CREATE, DELETE = "createObject", "deleteObject"
CHANGES = {UPDATE, CREATE, DELETE, "editObject"}


def connect(sim: Simulator) -> sdk.SecretsManagerV2:
    """IBM's own client, as whoever keeps certificates in the instance has it."""
    service = sdk.SecretsManagerV2(IAMAuthenticator(sim.api_key, url=sim.secrets_manager.iam_url))
    service.set_service_url(sim.secrets_manager.instance_url)
    return service


def issue(name: str, days: tuple[float, float]) -> Issued:
    """A certificate of an authority of our own, with a new key."""
    return AUTHORITY.issue(name, key=new_key("rsa"), days=days)


def in_pem(issued: Issued) -> dict[str, str]:
    """A certificate as the API takes it."""
    return {"certificate": issued.pem, "intermediate": issued.chain_pem, "private_key": issued.key_pem}


def test_what_is_renewed_there_is_served_here(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check mode announces all that the run does. A second run changes nothing, and reads no certificate."""
    name, manager = "www.example.com", account.secrets_manager
    monkeypatch.setattr(account, "username", "apikey")  # one API key of IBM Cloud for both
    old, other = store(account, name, is_old=True), store(account, "api.example.com")
    web = balancer(account, "web", **{f"p{PORT}": old})
    balancer(account, "api", p9443=other)
    service, first = connect(account), issue(name, days=(-10, 60))
    created = service.create_secret(
        sdk.ImportedCertificatePrototype(secret_type="imported_cert", name="shop", **in_pem(first))
    ).get_result()
    source = {"instance_url": manager.instance_url, "iam_url": manager.iam_url, "names": ["shop"]}

    def rotate(*options: str) -> tuple[Told, Counter[str], list[str]]:
        """Run the playbook; what it changed, and what it asked Secrets Manager for."""
        manager.clear_calls()
        given: dict[str, Any] = {"sources": [{"secrets_manager": source}], "remove_superseded": True}
        told = run(
            account, tmp_path, "rotate", *options, **{f"ssl_rotation_{key}": value for key, value in given.items()}
        )
        assert told.ran.code == 0, told.ran.output
        assert not leaks(told.ran.output + json.dumps(told.result)) and account.api_key not in told.ran.output
        changes = Counter(call for call in told.calls if call in CHANGES)
        return told, changes, [call["operation"] for call in manager.calls()]

    def seen() -> x509.Certificate:
        """What users of the load balancer get."""
        return served(web["address"], PORT)

    held, before = ids(account), have(account)
    plan, changed, _asked = rotate("--check", "--diff")
    assert f"{name}: would be imported from Secrets Manager (shop)" in plan.ran.output
    assert f"certificate {old} ({name}): would be removed" in plan.ran.output
    assert (ids(account), have(account), changed) == (held, before, Counter())

    done, changed, asked = rotate("-vvvv", "--diff")
    assert (seen(), changed) == (first.certificate, Counter({CREATE: 1, UPDATE: 1, DELETE: 1})), done.ran.output
    assert asked == [LOGIN, LISTED, READ] and old not in ids(account)

    again, changed, asked = rotate()
    assert (again.ran.changed, changed, asked) == (0, Counter(), [LOGIN, LISTED]), again.ran.output

    renewed = issue(name, days=(-1, 90))
    service.create_secret_version(created["id"], sdk.ImportedCertificateVersionPrototype(**in_pem(renewed)))
    night, changed, _asked = rotate()
    assert (seen(), changed) == (renewed.certificate, Counter({CREATE: 1, UPDATE: 1, DELETE: 1})), night.ran.output
    assert len(ids(account)) == 2 and have(account)["api:9443"] == other
