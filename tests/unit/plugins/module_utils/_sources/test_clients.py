# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files are read of those that clients write."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import find_acme_directory

from tests.support.client_trees import CLIENTS, certbot, lego, link, write_version
from tests.support.sources import AUTHORITY, Found, Reader, chain_of, path_of_key

pytest_plugins = ["tests.support.sources"]

CA = "certificates/acme-v02.api.letsencrypt.org-directory"
NAME, WILDCARD = "www.example.com", "*.example.com"
ONE, OTHER = AUTHORITY.issue(NAME), AUTHORITY.issue(WILDCARD)
OLD = AUTHORITY.issue(NAME, days=(-60, 30))


@pytest.mark.parametrize(
    ("client", "inner"),
    [
        *(("certbot", inner) for inner in (".", "live", f"live/{NAME}", f"live/{NAME}/")),
        *(("lego", inner) for inner in (".", "certificates")),
        *(("acme_sh", inner) for inner in (".", f"{NAME}_ecc")),
        *(("caddy", inner) for inner in (".", "certificates", CA, f"{CA}/{NAME}", f"{CA}/{NAME}/")),
    ],
)
def test_the_folders_that_may_be_named(client: str, inner: str, tmp_path: Path, read: Reader) -> None:
    CLIENTS[client](tmp_path, NAME, ONE)
    found = read(client, tmp_path / inner)
    assert found == Found(found.entries) and found.fingerprints == [ONE.fingerprint]
    assert found.entries[0].name.startswith(NAME)


LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
SETTINGS = {"certbot": f"server = {LETS_ENCRYPT}\n", "acme_sh": f"Le_API='{LETS_ENCRYPT}'\n"}


@pytest.mark.parametrize("client", sorted(CLIENTS.keys() - {"caddy"}))
def test_from_which_authority_a_certificate_is(client: str, tmp_path: Path, read: Reader) -> None:
    """As the client's settings say; lego does not tell it."""
    kept = CLIENTS[client](tmp_path, NAME, ONE)
    (entry,) = read(client, tmp_path).entries
    assert find_acme_directory(client, entry.path) is None
    settings = {"certbot": tmp_path / f"renewal/{NAME}.conf", "acme_sh": kept.own / f"{NAME}.conf"}.get(client)
    if settings is None:
        return
    before = settings.read_text()
    for written, selected in (
        (SETTINGS[client], LETS_ENCRYPT),
        (SETTINGS[client].replace("https", "http", 1) + SETTINGS[client].replace("\n", "\r\n"), LETS_ENCRYPT),
        (f"# {SETTINGS[client]}", None),
        (SETTINGS[client].replace(LETS_ENCRYPT, ""), None),
    ):
        settings.write_text(before + written)
        assert find_acme_directory(client, entry.path) == selected, written
    settings.write_bytes(b"\xff\xfe" * 100)
    assert find_acme_directory(client, entry.path) is None
    settings.unlink()
    settings.mkdir()
    assert find_acme_directory(client, entry.path) is None


UMLAUT = AUTHORITY.issue("xn--mller-kva.example")
UNICODE = "Müller.example"
SPELLINGS: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
    "some of each": lambda name: unicodedata.normalize("NFD", name).title() if name[-2] in "eo" else name,
}
"""How names of files come back from some archives and file systems."""


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_names_of_files_in_whatever_spelling(client: str, spelling: str, tmp_path: Path, read: Reader) -> None:
    """The issuers are found, too, and nothing is said to be missing."""
    kept = CLIENTS[client](tmp_path, UNICODE, UMLAUT)
    for path in [*kept.own.iterdir(), *([kept.own] if client == "acme_sh" else [])]:
        path.rename(path.with_name(SPELLINGS[spelling](path.name)))
    found = read(client, tmp_path)
    assert found == Found(found.entries) and found.fingerprints == [UMLAUT.fingerprint]
    assert chain_of(found.entries[0]) == UMLAUT.chain_pem


@pytest.mark.parametrize("client", CLIENTS)
def test_a_key_that_only_another_entry_has(client: str, tmp_path: Path, read: Reader) -> None:
    """As after `--reuse-key`: whose key it is, its public key says."""
    kept = CLIENTS[client](tmp_path, NAME, ONE)
    CLIENTS[client](tmp_path, WILDCARD, AUTHORITY.issue(WILDCARD, key=ONE.key))
    kept.key.unlink()
    found = read(client, tmp_path)
    assert found == Found(found.entries) and len(found.entries) == 2


# Certbot


def test_certbot_has_the_version_that_its_links_lead_to(tmp_path: Path, read: Reader) -> None:
    certbot(tmp_path, NAME, OLD)
    certbot(tmp_path, NAME, ONE, version=12)
    found = read("certbot", tmp_path)
    assert found.fingerprints == [ONE.fingerprint]
    assert path_of_key(found.entries[0]) == f"{tmp_path}/archive/{NAME}/privkey12.pem"


# lego


def test_lego_without_bundle(tmp_path: Path, read: Reader) -> None:
    kept = lego(tmp_path, NAME, ONE)
    kept.certificate.write_text(ONE.pem)
    assert chain_of(read("lego", tmp_path).entries[0]) == ONE.chain_pem
    (kept.own / f"{NAME}.issuer.crt").unlink()
    assert read("lego", tmp_path).entries[0].chain.trust == "incomplete"


# While a client renews one


@pytest.mark.parametrize("done", range(1, 4))
def test_certbot_has_replaced_some_links(done: int, tmp_path: Path, read: Reader) -> None:
    """It was interrupted, or is at it: what fits is used, and only what does not is waited for."""
    kept = certbot(tmp_path, NAME, OLD)
    write_version(tmp_path / "archive" / NAME, ONE, 2)
    kinds = ("cert", "privkey", "chain", "fullchain")
    for kind in kinds:
        link(kept.own, kind, 1, former=True)
    for kind in kinds[:done]:
        link(kept.own, kind, 2)
    found = read("certbot", tmp_path)
    if done == 1:
        assert found.entries == [] and found.reasons == {"cert.pem": "being_renewed"}
    else:
        assert found == Found(found.entries) and found.fingerprints == [ONE.fingerprint]


def test_links_that_differ_do_not_explain_everything(tmp_path: Path, read: Reader) -> None:
    kept = certbot(tmp_path, NAME, OLD)
    write_version(tmp_path / "archive" / NAME, ONE, 2)
    link(kept.own, "cert", 2)
    link(kept.own, "privkey", 3)
    found = read("certbot", tmp_path)
    assert [(record["reason"], record["not_after"] is not None) for record in found.skipped] == [("broken_link", True)]
