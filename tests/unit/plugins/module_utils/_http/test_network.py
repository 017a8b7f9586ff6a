# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which root certificates are used where no option names any."""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http import network
from ansible_collections.softlayer.certificates.plugins.module_utils._http.network import (
    ROOTS_VARIABLES,
    find_default_roots,
)

from tests.support.failing import fails

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PLACES = ("bundle.crt", "other-bundle.pem", "openssl/cert.pem", "openssl/certs", "certifi.pem")
"""Where the roots of a machine may be, best first; the fourth is a folder."""


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any roots, where nothing is set, and the folder of its places."""
    for variable in ROOTS_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    bundle, other, file, folder, certifi = (str(tmp_path / place) for place in PLACES)
    paths = ssl.DefaultVerifyPaths(None, None, "SSL_CERT_FILE", file, "SSL_CERT_DIR", folder)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    monkeypatch.setattr(network, "ROOT_BUNDLES", (bundle, other))
    monkeypatch.setitem(sys.modules, "certifi", SimpleNamespace(where=lambda: certifi))
    return tmp_path


def keep(path: Path, text: str = PEM) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    return str(path)


def fill(machine: Path, place: str) -> str:
    """Put roots into a place of the machine; return its path."""
    keep(machine / place / "5e6f7a8b.0" if place == "openssl/certs" else machine / place)
    return str(machine / place)


def test_a_machine_without_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_default_roots() is None
    monkeypatch.setitem(sys.modules, "certifi", None)
    assert find_default_roots() is None


@pytest.mark.parametrize("number", range(len(PLACES)))
def test_the_best_place_of_the_machine_is_taken(machine: Path, number: int) -> None:
    paths = [fill(machine, place) for place in PLACES[number:]]
    assert find_default_roots() == paths[0]


@pytest.mark.parametrize("text", ["", "no certificate\n"])
def test_a_place_without_a_certificate_is_none(machine: Path, text: str) -> None:
    keep(machine / PLACES[0], text)
    (machine / "openssl/certs").mkdir(parents=True)
    (machine / PLACES[1]).mkdir()
    assert find_default_roots() is None
    assert fill(machine, PLACES[-1]) == find_default_roots()


@pytest.mark.parametrize("number", range(len(ROOTS_VARIABLES)))
def test_the_environment_goes_before_the_machine_each_variable_before_the_next(
    machine: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fill(machine, PLACES[0])
    paths = {variable: keep(machine / f"{variable}.pem") for variable in ROOTS_VARIABLES[number:]}
    for variable, path in paths.items():
        monkeypatch.setenv(variable, path)
    assert find_default_roots() == paths[ROOTS_VARIABLES[number]]


@pytest.mark.parametrize("variable", ROOTS_VARIABLES)
@pytest.mark.parametrize("value", ["", " "])
def test_a_variable_that_is_empty_is_not_set(
    machine: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """As a field of a credential that was left blank leaves it."""
    monkeypatch.setenv(variable, value)
    assert find_default_roots() is None
    assert fill(machine, PLACES[0]) == find_default_roots()


WRONG = {
    "nowhere.pem": "No such file or directory",
    "text.pem": "Cannot find certificates",
    "empty": "Cannot find certificates",
    "pipe": "the path leads to a pipe",
}


@pytest.mark.parametrize("variable", ROOTS_VARIABLES)
@pytest.mark.parametrize("name", WRONG)
def test_a_variable_that_names_no_roots_is_refused(
    machine: Path, monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    """Not passed over: who set it means to trust these and no others."""
    fill(machine, PLACES[0])
    keep(machine / "text.pem", "no certificate\n")
    (machine / "empty").mkdir()
    os.mkfifo(machine / "pipe")
    monkeypatch.setenv(variable, str(machine / name))
    with fails("invalid_argument", f"environment variable {variable}. ", str(machine / name), WRONG[name]):
        find_default_roots()
