# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files and folders of sources: what is kept of them, and what is said of those that cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError, Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.files import MAX_FILE_SIZE
from ansible_collections.softlayer.certificates.plugins.module_utils._sources import files as reading
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.files import (
    File,
    FileCache,
    FileContent,
    find_directory,
    list_source_names,
    list_subdirectories,
    read_stamp,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import Bundle, KeyRef
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.support.certificates import PASSPHRASE, Authority, key_pem, pkcs12_of

ONE, OTHER = (Authority().issue(f"{name}.example.com") for name in ("one", "other"))


def test_what_is_kept_of_a_file(tmp_path: Path) -> None:
    """The key by its hash and its real path; when the file was written, to know whether it is another one later."""
    (tmp_path / "real.pem").write_text(ONE.key_pem + ONE.pem)
    (tmp_path / "link.pem").symlink_to("real.pem")
    (tmp_path / "a.crt").write_text(ONE.pem)
    files, leaf = FileCache(), Certificate(ONE.der)
    link, plain = (File("any", f"{tmp_path}/link.pem"), File("certificate", f"{tmp_path}/a.crt"))
    key = KeyRef(leaf.public_key_sha256, path=link.path, real_path=f"{tmp_path}/real.pem")
    there, stamp = files.read_content(link), read_stamp(link.path)
    assert stamp and there == FileContent(link, Bundle((leaf,), key=key), stamp)
    assert there.bundle.key and there.bundle.key.private_key is None
    assert files.read_content(plain) == FileContent(plain, Bundle((leaf,)), read_stamp(plain.path))
    assert repr(FileCache(PASSPHRASE)) == "FileCache()"


def test_a_file_is_read_once_until_it_is_forgotten(tmp_path: Path) -> None:
    file, files = File("certificate", f"{tmp_path}/a.crt"), FileCache()
    assert files.read_content(file) == FileContent(file)
    (tmp_path / "a.crt").write_text(ONE.pem)
    assert files.read_content(file) == FileContent(file)
    files.remove([file, File("key", "/never/read")])
    assert [one.der for one in files.read_content(file).bundle.certificates] == [ONE.der]


def test_a_chain_that_many_have_is_parsed_once(tmp_path: Path) -> None:
    files, chains = FileCache(), [File("chain", f"{tmp_path}/{number}.pem") for number in range(2)]
    for chain in chains:
        Path(chain.path).write_text(ONE.chain_pem)
    first, second = (files.read_content(chain).bundle.issuers for chain in chains)
    assert first and first is second


@pytest.mark.parametrize(
    ("what", "reason", "facts"),
    [
        ("folder", "not_a_file", {"error": "{path}: the path leads to a directory, not to a regular file."}),
        ("large", "too_large", {"error": "{path} is larger than 10 MiB"}),
        ("refused", "unreadable", {"refused": "{path}: Permission denied."}),
        ("broken_link", "broken_link", {"link": "{path}"}),
        ("through_a_file", "unreadable", {"refused": "{path}: Not a directory."}),
        ("garbage", "malformed", {"file": "{path}", "why": "invalid_pem"}),
        ("locked", "bad_passphrase", {"file": "{path}", "why": "bad_passphrase"}),
        ("no_store", "malformed", {"file": "{path}", "why": "invalid_pem"}),
        ("closed", "bad_passphrase", {"file": "{path}", "why": "bad_passphrase"}),
    ],
)
def test_a_file_that_cannot_be_used(
    what: str, reason: str, facts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a stamp all the same: if it is another file at the next look, it is just being written."""
    path = tmp_path / ("a.key/inner" if what == "through_a_file" else "a.key")
    if what == "folder":
        path.mkdir()
    elif what == "broken_link":
        path.symlink_to("gone")
    else:
        locked = key_pem(ONE.key, passphrase=PASSPHRASE)
        contents = {"garbage": b"garbage", "locked": locked.encode(), "closed": pkcs12_of(ONE, PASSPHRASE)}
        (tmp_path / "a.key").write_bytes(contents.get(what, ONE.key_pem.encode()))
    if what == "large":
        os.truncate(path, MAX_FILE_SIZE + 1)
    if what == "refused":

        def refuse(_path: str, *_flags: int) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
    found = FileCache().read_content(File("store" if what in {"closed", "no_store"} else "key", str(path)))
    problem = found.bundle.problem
    assert problem and problem.reason == reason
    told = {name: fact.reason if isinstance(fact, Obstacle) else fact for name, fact in problem.facts.items()}
    assert told.keys() == facts.keys() and all(facts[name].format(path=path) in told[name] for name in facts)
    assert what != "closed" or problem.facts["why"] == Obstacle("bad_passphrase", {"is_store": True})
    assert found.bundle.key is None and found.stamp == read_stamp(str(path))


def test_a_file_that_is_written_while_it_is_read_has_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read may be half of one and half of another."""
    file, read_file = File("any", f"{tmp_path}/a.pem"), reading.read_file
    Path(file.path).write_text(ONE.key_pem)
    before = read_stamp(file.path)

    def read(path: str) -> bytes:
        data = read_file(path)
        Path(path).write_text(OTHER.key_pem + OTHER.pem)
        return data

    monkeypatch.setattr(reading, "read_file", read)
    found = FileCache().read_content(file)
    problem = Obstacle[Any]("unreadable", {"written": file.path})
    assert found == FileContent(file, Bundle(problem=problem), before, is_changing=True)


def test_a_key_whose_path_no_result_could_carry_has_to_be_renamed(tmp_path: Path) -> None:
    """Its certificate is known all the same."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.pem")
    Path(path).write_text(ONE.key_pem + ONE.pem)
    found = FileCache().read_content(File("any", path))
    there, problem = found.bundle, found.bundle.problem
    assert [one.der for one in there.certificates] == [ONE.der] and there.key is None
    assert problem == Obstacle("unreadable", {"not_utf8": path})
    assert found.stamp == read_stamp(path)
    Path(path).write_text(ONE.pem)
    assert FileCache().read_content(File("any", path)).bundle.problem is None, (
        "what has no key is not imported by its path"
    )


# Folders


def closed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody read a folder, not even root."""
    listing: Callable[[str], list[str]] = os.listdir

    def refuse(folder: str) -> list[str]:
        if folder == str(path):
            raise PermissionError(13, "Permission denied")
        return listing(folder)

    monkeypatch.setattr(os, "listdir", refuse)


def test_a_folder_that_may_not_be_read_is_named_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed(tmp_path, monkeypatch)
    said = f"Cannot read the directory {tmp_path}: Permission denied. Specify another directory, or grant read access"
    for read in (list_source_names, lambda folder: list(list_subdirectories(folder))):
        with pytest.raises(CertificatesError, match=said) as caught:
            read(str(tmp_path))
        assert (caught.value.code, caught.value.details) == ("not_found", {"path": str(tmp_path)})


def test_a_part_of_a_source_that_is_no_folder_is_named_with_a_remedy(tmp_path: Path) -> None:
    assert find_directory(str(tmp_path), "live") == str(tmp_path)
    (tmp_path / "live").write_text("")
    with pytest.raises(
        CertificatesError, match=f"{tmp_path}/live is not a directory, .* Restore the directory"
    ) as caught:
        find_directory(str(tmp_path), "live")
    assert (caught.value.code, caught.value.details) == ("not_found", {"path": f"{tmp_path}/live"})
    (tmp_path / "live").unlink()
    (tmp_path / "live").mkdir()
    assert find_directory(str(tmp_path), "live") == f"{tmp_path}/live"


def test_the_folders_of_a_source_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden ones and files are none, nor is what has just gone; one that cannot be read does not keep the others from it."""
    for name in ("b", "a", "closed", ".hidden"):
        (tmp_path / name).mkdir()
    for name in ("a/2", "a/1", "a/.hidden", "file"):
        (tmp_path / name).write_text("")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "link to a file").symlink_to("file")
    closed(tmp_path / "closed", monkeypatch)
    listing: Callable[[str], list[str]] = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: [*listing(path), *(["vanished"] if path == str(tmp_path) else [])])
    found = {name: (path, inside) for name, path, inside in list_subdirectories(str(tmp_path))}
    assert list(found) == ["a", "b", "closed", "gone", "link"]
    assert all(path == f"{tmp_path}/{name}" for name, (path, _inside) in found.items())
    assert [found[name][1] for name in ("a", "b", "link")] == [["1", "2"], [], ["1", "2"]]
    refused = f"Cannot read the directory {tmp_path}/closed: Permission denied."
    assert found["closed"][1] == Obstacle("unreadable", {"refused": refused})
    assert found["gone"][1] == Obstacle("broken_link", {"link": f"{tmp_path}/gone"})
