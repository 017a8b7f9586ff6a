# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""FileCache that are replaced while they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._sources import files

from tests.support.certificates import key_pem
from tests.support.client_trees import CLIENTS, KINDS, Kept, certbot, link, write_version
from tests.support.sources import AUTHORITY, Found, Reader

pytest_plugins = ["tests.support.sources"]

NAME = "www.example.com"
OLD, NEW = AUTHORITY.issue(NAME, days=(-60, 30)), AUTHORITY.issue(NAME)
OTHER = AUTHORITY.issue("other.example.com")


class Looks:
    """Counts how often files are read, and does something before or after one of these times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count: Counter[str] = Counter()
        self.before: dict[tuple[str, int], Callable[[], object]] = {}
        self.after: dict[tuple[str, int], Callable[[], object]] = {}
        self._read = files.read_file
        monkeypatch.setattr(files, "read_file", self)

    def __call__(self, path: str) -> bytes:
        self.count[path] += 1
        time = (path, self.count[path])
        self.before.get(time, bool)()
        try:
            return self._read(path)
        finally:
            self.after.get(time, bool)()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """How files are read."""
    return Looks(monkeypatch)


@pytest.fixture(params=[*CLIENTS, "folder"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """Each client's certificate, the old one, beside another one; plain folders are read as lego's, too."""
    client = "lego" if request.param == "folder" else request.param
    CLIENTS[client](tmp_path, "other.example.com", OTHER)
    return CLIENTS[client](tmp_path, NAME, OLD)


@pytest.fixture
def client(request: pytest.FixtureRequest) -> str:
    """The client of `kept`."""
    return str(request.getfixturevalue("kept") and request.node.callspec.params["kept"])


def home(client: str, kept: Kept) -> Path:
    """What is read."""
    return kept.own if client == "folder" else kept.home


def renew(kept: Kept) -> None:
    """Replace a certificate and its key, as if by one step."""
    kept.certificate.write_text(NEW.pem)
    kept.key.write_text(NEW.key_pem)


def test_files_are_read_once_if_nothing_is_wrong(client: str, kept: Kept, looks: Looks, read: Reader) -> None:
    assert len(read(client, home(client, kept)).entries) == 2
    assert set(looks.count.values()) == {1}


def test_a_pair_that_was_replaced_between_its_files(client: str, kept: Kept, looks: Looks, read: Reader) -> None:
    """The second look shows that all is well."""
    looks.before[str(kept.key), 1] = lambda: renew(kept)
    found = read(client, home(client, kept))
    assert found == Found(found.entries) and NEW.fingerprint in found.fingerprints
    assert looks.count[str(kept.key)] == looks.count[str(kept.certificate)] == 2
    others = {path: count for path, count in looks.count.items() if "other.example.com" in path}
    assert set(others.values()) == {1}, "what was right is not read again"


@pytest.mark.parametrize("time", [1, 2])
def test_a_file_that_is_written_bit_by_bit(client: str, kept: Kept, looks: Looks, read: Reader, time: int) -> None:
    kept.certificate.write_text(NEW.pem[:400])
    looks.after[str(kept.certificate), time] = lambda: kept.certificate.write_text(NEW.pem[:500])
    found = read(client, home(client, kept))
    assert found.fingerprints == [OTHER.fingerprint] and found.reasons == {kept.certificate.name: "being_renewed"}


def test_files_that_come_one_after_the_other(client: str, kept: Kept, looks: Looks, read: Reader) -> None:
    """The key is there before its certificate, or after it."""
    key = kept.key.read_text()
    kept.key.unlink()
    looks.after[str(kept.certificate), 1] = lambda: kept.key.write_text(key)
    found = read(client, home(client, kept))
    assert found == Found(found.entries) and len(found.entries) == 2


def test_what_stays_wrong_is_not_said_to_be_renewed(client: str, kept: Kept, looks: Looks, read: Reader) -> None:
    kept.certificate.write_text(NEW.pem[:400])
    assert read(client, home(client, kept)).reasons == {kept.certificate.name: "malformed"}
    assert looks.count[str(kept.certificate)] == 2
    kept.key.unlink()
    kept.certificate.write_text(NEW.pem)
    assert read(client, home(client, kept)).reasons == {kept.certificate.name: "key_missing"}


def test_what_a_renewal_does_not_explain_is_said_even_of_what_changes(
    client: str, kept: Kept, looks: Looks, read: Reader
) -> None:
    """Waiting does not help against a passphrase that is wrong."""
    kept.certificate.write_text(NEW.pem)
    kept.key.write_text(key_pem(NEW.key, passphrase="one"))
    looks.after[str(kept.key), 1] = lambda: kept.key.write_text(key_pem(NEW.key, passphrase="another"))
    assert read(client, home(client, kept)).reasons == {kept.certificate.name: "bad_passphrase"}


def test_what_vanishes_is_not_there(client: str, kept: Kept, looks: Looks, read: Reader) -> None:
    def remove() -> None:
        for path in kept.own.iterdir():
            if path.name.startswith((NAME, "ca.cer", "fullchain", *KINDS)):
                path.unlink()

    looks.before[str(kept.key), 1] = remove
    found = read(client, home(client, kept))
    assert found.fingerprints == [OTHER.fingerprint] and found.skipped == []


def test_certbot_replaces_the_links_while_it_is_checked_twice(tmp_path: Path, looks: Looks, read: Reader) -> None:
    kept = certbot(tmp_path, NAME, OLD)
    write_version(tmp_path / "archive" / NAME, NEW, 2)
    for kind in KINDS:
        link(kept.own, kind, 1, former=True)
    looks.before[str(kept.certificate), 1] = lambda: link(kept.own, "cert", 2)
    found = read("certbot", tmp_path)
    assert found.reasons == {"cert.pem": "being_renewed"}
