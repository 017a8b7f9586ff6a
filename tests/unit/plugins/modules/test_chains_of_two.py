# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chains of two intermediate certificates, as Let's Encrypt's are since May 2026, through a rotation: whole, and cut by the store.

A client has the last word: OpenSSL, which knows the root, at what HAProxy serves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibm_secrets_manager_sdk.secrets_manager_v2 as sdk
import pytest
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, new_key, pem_of
from tests.support.deploying import NAME, UPDATE, balancer, placed
from tests.support.deploying import store as put
from tests.support.haproxy import served, trusting
from tests.support.messages import mail, text_part
from tests.support.modules import Run, options_for, run_module
from tests.support.rotate_runs import CREATE, DELETE, Rotation, ids, places, skipped

pytestmark = pytest.mark.later

pytest_plugins = ["tests.support.deploying", "tests.support.haproxy"]

PORT = 8443
AUTHORITY = Authority("Two", intermediates=2)
GOOD = AUTHORITY.issue(NAME, key=new_key("rsa"), days=(-300, 20))
NEW = AUTHORITY.issue(NAME, key=new_key("rsa"))
SOURCES = ("folder", "mail", "secrets_manager")


@pytest.fixture
def here(serving: Simulator, tmp_path: Path) -> Rotation:
    """Runs where HAProxy serves, with a root that clients know; one listener has a good record."""
    rotation = Rotation(serving, tmp_path)
    (tmp_path / "root.pem").write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    balancer(serving, put(serving, GOOD), name="web", first_port=PORT)
    return rotation


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, here: Rotation, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Options of a source that has the renewal, with its whole chain."""
    kind = request.param
    if kind == "secrets_manager":
        manager = here.sim.secrets_manager
        service = sdk.SecretsManagerV2(IAMAuthenticator(here.sim.api_key, url=manager.iam_url))
        service.set_service_url(manager.instance_url)
        parts = {"certificate": NEW.pem, "intermediate": NEW.chain_pem, "private_key": NEW.key_pem}
        service.create_secret(
            sdk.ImportedCertificatePrototype(secret_type="imported_cert", name="www", **parts)
        ).get_result()
        place = {"instance_url": manager.instance_url, "iam_url": manager.iam_url, "api_key": here.sim.api_key}
        yield {"sources": [{"secrets_manager": place}]}
    elif kind == "mail":
        mails = tmp_path / "mails"
        mails.mkdir()
        (mails / "1.eml").write_bytes(mail(text_part(NEW.pem + NEW.chain_pem)))
        here.keep("www", NEW, ".key")
        yield {"sources": [{"mail": {"paths": [str(mails)]}, "privatekey_dir": str(here.folder)}]}
    else:
        here.keep("www", NEW)
        yield {}


def accepted(here: Rotation) -> Issued:
    """What a client gets that checks it: it raises, if it does not trust that."""
    context = trusting(pem_of([AUTHORITY.root]))
    (one,) = here.sim.balancers()
    certificate = served(one["address"], PORT, context)
    return next(issued for issued in (GOOD, NEW) if issued.certificate == certificate)


def test_a_chain_of_two_goes_through_whole(here: Rotation, source: dict[str, Any]) -> None:
    (old,) = placed(here.sim).values()
    done = here.run(remove_superseded=True, fail_on=None, **source)
    assert not done.failed, done.output
    assert places(done, "deployed") == {f"web:{PORT}": ("switched", None, True)} and ids(done, "removed") == [old]
    (record,) = here.sim.certificates()
    assert record["intermediateCertificate"] == NEW.chain_pem and accepted(here) == NEW
    again = here.run(remove_superseded=True, fail_on=None, **source)
    assert not again.failed and not again["changed"]


def test_what_is_served_incomplete_is_stored_once_more_and_never_a_third_time(here: Rotation) -> None:
    [used] = [one["id"] for one in here.sim.certificates()]
    here.sim.patch_certificate(used, intermediateCertificate=pem_of(GOOD.chain[:1]))
    here.sim.settings(kept_chain="first")
    here.keep("www", GOOD)
    for changes in ([CREATE], [], []):
        done = here.run(remove_superseded=True)
        assert [one["reason"] for one in done["failed_items"]] == ["chain_truncated"], done.output
        assert here.changes() == changes and set(placed(here.sim).values()) == {used}
        assert len(here.sim.certificates()) == 2
    here.sim.settings(kept_chain="all")
    delete_last(here.sim)
    mended: Run = here.run(remove_superseded=True)
    assert not mended.failed and here.changes() == [CREATE, DELETE, UPDATE] and accepted(here) == GOOD
    assert skipped(mended) == {}


def delete_last(sim: Simulator) -> None:
    """Delete the last record, as the message says if another client has stored it so."""
    identifier = sim.certificates()[-1]["id"]
    gone = run_module("ssl_certificate_import", **options_for(sim), state="absent", certificate_id=identifier)
    assert gone["certificate"]["outcome"] == "removed", gone.output
