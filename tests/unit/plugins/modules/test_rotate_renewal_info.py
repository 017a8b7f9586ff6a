# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_certificate_rotate tells of renewals that ACME authorities want and clients have not made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.acme_clients import Certbot, reason_to_skip
from tests.support.client_trees import certbot
from tests.support.deploying import AUTHORITY, NAME, balancer, store
from tests.support.modules import Run
from tests.support.pebble import Pebble
from tests.support.renewal_desk import FUTURE, PAST, WHY, Desk, answer, identified
from tests.support.rotate_runs import Rotation, alarms, blind
from tests.support.tls_servers import HOST, context_from
from tests.support.tls_servers import Server as TlsServer

__all__ = ["blind"]
pytest_plugins = ["tests.support.deploying"]


def served_of(rotation: Rotation, url: str) -> None:
    """A listener has what certbot keeps, from the authority with this directory."""
    issued = identified(AUTHORITY, NAME)
    balancer(rotation.sim, store(rotation.sim, issued), address=None)
    home = rotation.folder.parent / "letsencrypt"
    certbot(home, NAME, issued)
    with (home / f"renewal/{NAME}.conf").open("a", encoding="ascii") as settings:
        settings.write(f"[renewalparams]\nserver = {url}\n")


def sources_of(rotation: Rotation) -> dict[str, Any]:
    """Options of runs that read certbot's folder."""
    return {"sources": [{"certbot": str(rotation.folder.parent / "letsencrypt")}]}


def warnings(run: Run) -> list[str]:
    """What is said of authorities that are not known to answer."""
    return [text for text in run.warnings if text.startswith("Cannot get the renewal information")]


def test_a_client_that_has_died_is_reported(blind: Rotation) -> None:
    """In check mode, too, which keeps nothing; the next run asks no more until it is time; it fails only a run that wants that."""
    kept = blind.folder.parent / "renewal-info.json"
    with Desk(answer(PAST, Retry_After="7200")) as desk:
        served_of(blind, desk.url)
        for run in (blind.check(**sources_of(blind)), blind.run(**sources_of(blind)), blind.run(**sources_of(blind))):
            assert not run.failed and not run["changed"] and not warnings(run), run.output
            (item,) = run["attention"]
            assert (item["reason"], item["name"], item["explanation_url"]) == ("renewal_requested", NAME, WHY)
            assert (
                f"certbot {NAME} has not renewed the certificate. Run `certbot renew --cert-name {NAME}` and"
                in item["message"]
            )
            assert run["totals"].startswith("1 listener: 1 needs attention")
            assert kept.exists() == (len(desk.asked) > 2)
        assert len(desk.asked) == 4, "twice, by the run in check mode and by the first other one"
        failing = blind.run(**sources_of(blind), fail_on=["renewal_requested"])
    assert failing.failed and failing.code == "attention_needed" and WHY in failing["msg"]
    (answered,) = json.loads(kept.read_text()).values()
    assert (answered["end"], answered["explanation_url"]) == (PAST["suggestedWindow"]["end"], WHY) and answered["until"]


def test_what_needs_no_renewal_needs_no_one(blind: Rotation) -> None:
    """What nobody serves is asked of nobody."""
    with Desk(answer(FUTURE)) as desk:
        served_of(blind, desk.url)
        certbot(blind.folder.parent / "letsencrypt", "unused.example.com", identified(AUTHORITY, "unused.example.com"))
        run = blind.run(**sources_of(blind))
        assert not run.failed and alarms(run) == {} and len(desk.asked) == 2, run.output


@pytest.mark.skipif(bool(reason_to_skip(Certbot)), reason=str(reason_to_skip(Certbot)))
def test_pebble_wants_what_it_has_revoked_renewed_at_once(blind: Rotation) -> None:
    """By the protocol of a real authority, over https with the roots of the API; an endpoint serves what certbot has."""
    with Pebble() as pebble:
        client = Certbot(pebble, blind.folder.parent / "machine")
        client.issue(NAME, key_type="rsa")
        live = client.source / NAME
        context = context_from((live / "fullchain.pem").read_text() + (live / "privkey.pem").read_text())
        with TlsServer(lambda visit: visit.serve(context)) as server:
            given = {
                "sources": [{"certbot": str(client.home)}],
                "endpoints": [{"host": HOST, "port": server.port, "server_name": NAME}],
                "trusted_ca_path": str(pebble.root_path),
                "ca_path": str(pebble.ca_path),
            }
            fine = blind.check(**given)
            assert not fine.failed and fine["attention"] == [] and not warnings(fine), fine.output
            folders = [f"--{name}-dir={path}" for name, path in client.folders.items()]
            client.run(
                "revoke",
                "--non-interactive",
                *folders,
                "--server",
                pebble.url,
                f"--cert-path={live / 'cert.pem'}",
                "--no-delete-after-revoke",
            )
            run = blind.check(**given)
    assert alarms(run) == {f"{NAME} at {HOST}:{server.port}": ["renewal_requested"]}, run.output
