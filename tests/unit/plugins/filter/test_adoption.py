# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people write behind -e for the playbooks adopt and schedule, and what is meant by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest
from ansible_collections.softlayer.certificates.plugins.filter import _adoption as plugin
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import recognised

from tests.support.certificates import Authority, new_key
from tests.support.client_trees import CLIENTS, traefik

NAME = "www.example.com"
ISSUED = Authority().issue(None, names=[NAME], key=new_key())
SOURCE = {"folder": "/srv/tls"}
SAID = {"source": SOURCE, "common_name": NAME}


def read(needs_name: bool = True, **given: Any) -> dict[str, Any]:
    """What the filter makes of variables."""
    context = jinja2.Environment().from_string("").new_context(given)
    told: dict[str, Any] = plugin.FilterModule().filters()["_adoption"](context, list(given), needs_name)  # type: ignore[assignment]
    return told


@pytest.mark.parametrize(
    ("given", "adopt"),
    [
        ({}, {"common_name": NAME}),
        ({"listener": "web:443"}, {"common_name": NAME, "listeners": ["web:443"]}),
        ({"listeners": "web:443, api:443"}, {"common_name": NAME, "listeners": ["web:443", "api:443"]}),
        ({"listeners": ["web:443", "api:443"]}, {"common_name": NAME, "listeners": ["web:443", "api:443"]}),
    ],
)
def test_what_goes_where(given: dict[str, Any], adopt: dict[str, Any]) -> None:
    expected = {"sources": [SOURCE], "adopt": adopt, "refused": ""}
    assert read(**SAID, **given) == expected
    assert read(ssl_rotation_sources=[SOURCE], name=NAME, **given) == expected
    assert read(source='{"folder": "/srv/tls"}', common_name=NAME, **given) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": SOURCE}, "Name the certificate by one of its names, once: -e common_name=www.example.com."),
        ({**SAID, "name": NAME}, "Name the certificate by one of its names, once: "),
        ({"common_name": NAME}, "Say where the certificates come from: -e source="),
        ({**SAID, "listener": "web:443", "listeners": "web:443"}, "Give listener or listeners, not both."),
        ({**SAID, "listener": ""}, "listener says nothing of what is meant"),
        ({**SAID, "listeners": []}, "listeners says nothing of what is meant"),
        ({**SAID, "listener": None}, "listener says nothing of what is meant"),
        ({**SAID, "source": "/nowhere"}, "/nowhere is not there, or holds no certificates: "),
    ],
)
def test_what_is_not_clear_is_refused_and_never_taken_for_more(given: dict[str, Any], said: str) -> None:
    told = read(**given)
    assert told["refused"].startswith(said) and told["refused"].endswith(".")
    assert (told["sources"], told["adopt"]) == ([], {})


def test_a_source_that_is_named_is_taken_in_the_place_of_those_of_the_nights() -> None:
    """A command that a message prints names both: the file with the variables of the nights, and where the certificate is."""
    given = {**SAID, "ssl_rotation_sources": [{"certbot": "/etc/letsencrypt"}]}
    assert read(**given)["sources"] == [SOURCE]
    told = read(False, source=SOURCE, ssl_rotation_sources=[SOURCE])
    assert told["refused"].startswith(
        "Both source and ssl_rotation_sources say where the certificates come from: leave"
    )


def test_the_night_needs_no_name(tmp_path: Path) -> None:
    assert read(False, source=SOURCE) == {"sources": [SOURCE], "adopt": {"common_name": ""}, "refused": ""}


@pytest.mark.parametrize("kind", CLIENTS)
def test_each_client_is_recognised_by_what_it_keeps(kind: str, tmp_path: Path) -> None:
    """In its folder and in that of a certificate; and a path is one where a person is."""
    kept = CLIENTS[kind](tmp_path / "home", NAME, ISSUED)
    assert {recognised(str(path)) for path in (kept.home, kept.own)} == {kind}
    assert read(source=str(kept.home), common_name=NAME)["sources"] == [{kind: str(kept.home)}]


def test_certbots_folder_of_all_certificates_traefiks_file_and_a_folder(tmp_path: Path) -> None:
    kept = CLIENTS["certbot"](tmp_path / "certbot", NAME, ISSUED)
    assert recognised(str(kept.own.parent)) == "certbot"
    path = traefik(tmp_path / "traefik", {NAME: ISSUED})
    assert recognised(str(path)) == recognised(str(path.parent)) == "traefik"
    folder = tmp_path / "tls"
    folder.mkdir()
    assert recognised(str(folder)) is None and recognised(str(kept.certificate)) is None
    for ending, text in ((".crt", ISSUED.pem), (".key", ISSUED.key_pem)):
        (folder / f"{NAME}{ending}").write_text(text)
    assert recognised(str(folder)) == "folder"
