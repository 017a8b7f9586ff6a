# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one file of Traefik, which holds every certificate and every key; whatever is in it, nothing but a known outcome comes of it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import SourceReason
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_import import why_empty
from ansible_collections.softlayer.certificates.plugins.module_utils._sources import files
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.traefik import list_groups

from tests.support.certificates import PASSPHRASE, key_pem, new_key
from tests.support.client_trees import traefik, traefik_entry
from tests.support.sources import AUTHORITY, Found, Reader, chain_of

pytest_plugins = ["tests.support.sources"]

RSA, EC = "rsa.example.com", "ec.example.com"
ISSUED = {name: AUTHORITY.issue(None, names=[name], key=new_key(name.partition(".")[0])) for name in (RSA, EC)}
ENTRY = traefik_entry(RSA, ISSUED[RSA])
REASONS = set(get_args(SourceReason))


def encoded(text: str) -> str:
    """A text as Traefik stores it."""
    return base64.b64encode(text.encode()).decode()


def holding(folder: Path, *entries: Any) -> Path:
    """A file with entries of one resolver."""
    path = folder / "acme.json"
    path.write_text(json.dumps({"le": {"Account": {}, "Certificates": list(entries)}}), encoding="utf-8")
    return path


def reasons(found: Found) -> dict[str, str]:
    """Why something cannot be used, by its name: all have the same path."""
    told = {record["name"]: record["reason"] for record in found.skipped}
    assert len(told) == len(found.skipped) and REASONS.issuperset(told.values())
    return told


def trouble_in(path: Path) -> Any:
    """What is wrong with a file as a whole."""
    problem = list_groups(str(path))[0].contents[0].bundle.problem
    return problem and problem.facts["why"]


# What Traefik writes


@pytest.mark.parametrize("is_folder", [False, True])
def test_certificates_with_their_keys(is_folder: bool, tmp_path: Path, read: Reader) -> None:
    """Of both types, and named after what they are for; a resolver without certificates is nothing wrong."""
    path = traefik(tmp_path, ISSUED)
    found = read("traefik", tmp_path if is_folder else path)
    assert found == Found(found.entries)
    assert found.fingerprints == [issued.fingerprint for issued in ISSUED.values()]
    for entry, (name, issued) in zip(found.entries, ISSUED.items(), strict=True):
        assert (entry.name, entry.path, entry.location, entry.chain.trust) == (name, str(path), name, "trusted")
        assert chain_of(entry) == issued.chain_pem
        assert entry.key and entry.key.private_key and (entry.key.real_path, entry.key.is_pkcs12) == ("", False)
        assert entry.key.public_key_sha256 == entry.certificate.public_key_sha256


def test_each_key_is_hidden_in_each_of_its_forms(tmp_path: Path, read: Reader) -> None:
    """Even that of a certificate that cannot be used, or will not be."""
    broken = {**traefik_entry("gone.example.com", AUTHORITY.issue(None)), "certificate": ""}
    entries = [*(traefik_entry(name, issued) for name, issued in ISSUED.items()), broken]
    read("traefik", holding(tmp_path, *entries))
    for entry in entries:
        pem = base64.b64decode(entry["key"]).decode().strip()
        assert {entry["key"], pem, "".join(pem.split())} <= read.hidden


def test_several_resolvers(tmp_path: Path, read: Reader) -> None:
    """One of which has the name of a member of the old form; the same certificate counts once."""
    held = {name: {"Certificates": [traefik_entry(name, issued)]} for name, issued in ISSUED.items()}
    stored = {"Certificates": held[RSA], "again": held[RSA], "ec": held[EC], "new": None, "newer": {"Account": None}}
    (tmp_path / "acme.json").write_text(json.dumps(stored))
    found = read("traefik", tmp_path)
    assert found == Found(found.entries) and [entry.name for entry in found.entries] == [RSA, EC]


# What is not there, or cannot be read


def test_what_brings_nothing(tmp_path: Path, read: Reader) -> None:
    storage = tmp_path / "acme.json"
    for path, why in ((storage, "not_found"), (tmp_path, "empty"), (storage, "nothing"), (tmp_path, "nothing")):
        if why == "nothing":
            storage.write_text("{}")
        [told] = read("traefik", path).empty
        assert told["message"] == why_empty(Obstacle(why, {"path": str(path)}), "traefik")


@pytest.mark.parametrize("certificates", [[ENTRY], None, 3])
def test_a_file_of_traefik_1(certificates: Any, tmp_path: Path, read: Reader) -> None:
    (tmp_path / "acme.json").write_text(json.dumps({"Account": {"Email": ""}, "Certificates": certificates}))
    assert reasons(read("traefik", tmp_path)) == {"acme.json": "malformed"}
    assert trouble_in(tmp_path) == Obstacle("malformed", {"is_old": True})


NO_OBJECTS = ("[]", "null", "3", "hello", "\udcff", "{'le': {}}", "{}}", '{"le" {}}')


@pytest.mark.parametrize("content", [*NO_OBJECTS, '{"le": ' + "9" * 5000 + "}", '{"a":' * 99_999 + "}"], ids=range(10))
def test_what_is_something_else(content: str, tmp_path: Path, read: Reader) -> None:
    (tmp_path / "acme.json").write_bytes(os.fsencode(content))
    assert reasons(read("traefik", tmp_path)) == {"acme.json": "malformed"}
    assert trouble_in(tmp_path) == Obstacle("malformed", {"is_storage": False})


# It is written anew in its place


def test_a_file_that_ends_anywhere_is_being_written(tmp_path: Path, read: Reader) -> None:
    path = traefik(tmp_path, ISSUED)
    text = path.read_text()
    ends = [*range(0, len(text), 97), *(place for place, letter in enumerate(text) if letter in '{}[],:"')]
    for end in ends:
        path.write_text(text[:end])
        assert reasons(read("traefik", path)) == {"acme.json": "being_renewed"}, text[max(0, end - 40) : end]
        assert trouble_in(path) == Obstacle("being_renewed", {"is_cut_off": True})


def test_a_file_that_is_complete_at_the_second_check(
    tmp_path: Path, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = traefik(tmp_path, ISSUED)
    whole = path.read_text()
    path.write_text("")
    looks = read_with(monkeypatch, lambda: path.read_text() or path.write_text(whole))
    found = read("traefik", path)
    assert found == Found(found.entries) and len(found.entries) == looks.count("look") == 2


def test_a_file_that_is_not_json_while_it_changes(
    tmp_path: Path, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be what another program writes there; then the next run says so."""
    path = tmp_path / "acme.json"
    path.write_text("begun")
    read_with(monkeypatch, lambda: path.write_text(path.read_text() + "."))
    assert reasons(read("traefik", path)) == {"acme.json": "being_renewed"}


def read_with(monkeypatch: pytest.MonkeyPatch, after: Callable[[], object]) -> list[str]:
    """Have something happen after each look; return what grows by one for each."""
    looks, real = [], files.read_file

    def look(path: str) -> bytes:
        data = real(path)
        looks.append("look")
        after()
        return data

    monkeypatch.setattr(files, "read_file", look)
    return looks


# Entries that are broken


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"certificate": None}, "malformed"),
        ({"certificate": 3}, "malformed"),
        ({"certificate": ISSUED[EC].pem}, "malformed"),
        ({"certificate": encoded(ISSUED[EC].pem[:300])}, "malformed"),
        ({"certificate": "\ud800"}, "malformed"),
        ({"key": None}, "key_missing"),
        ({"key": ""}, "key_missing"),
        ({"key": [1]}, "malformed"),
        ({"key": encoded("no key")}, "malformed"),
        ({"key": encoded(key_pem(new_key()))}, "key_missing"),
        ({"key": encoded(key_pem(ISSUED[EC].key, passphrase=PASSPHRASE))}, "bad_passphrase"),
    ],
)
def test_a_broken_entry_stops_no_other(changed: dict[str, Any], reason: str, tmp_path: Path, read: Reader) -> None:
    found = read("traefik", holding(tmp_path, {**traefik_entry(EC, ISSUED[EC]), **changed}, ENTRY))
    assert found.fingerprints == [ISSUED[RSA].fingerprint] and reasons(found) == {EC: reason}


@pytest.mark.parametrize(
    "entry", [None, 3, "text", [], {}, {"domain": 3}, {"domain": {"main": [1]}}, {"domain": {"main": ""}}]
)
def test_an_entry_without_a_name_has_that_of_its_resolver(entry: Any, tmp_path: Path, read: Reader) -> None:
    found = read("traefik", holding(tmp_path, entry, ENTRY))
    assert found.fingerprints == [ISSUED[RSA].fingerprint] and reasons(found) == {"le": "malformed"}
