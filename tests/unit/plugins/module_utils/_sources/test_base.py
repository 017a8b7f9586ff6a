# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folders of sources: what is in them, and what is said of those that cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.base import (
    Trouble,
    folder_in,
    names_in_source,
    subfolders,
)


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
    said = f"The folder {tmp_path} cannot be read: Permission denied. Name another one, or let the user"
    for read in (names_in_source, lambda folder: list(subfolders(folder))):
        with pytest.raises(CertificatesError, match=said) as caught:
            read(str(tmp_path))
        assert (caught.value.code, caught.value.details) == ("not_found", {"path": str(tmp_path)})


def test_a_part_of_a_source_that_is_no_folder_is_named_with_a_remedy(tmp_path: Path) -> None:
    assert folder_in(str(tmp_path), "live") == str(tmp_path)
    (tmp_path / "live").write_text("")
    with pytest.raises(CertificatesError, match=f"{tmp_path}/live is no folder, .* restore it") as caught:
        folder_in(str(tmp_path), "live")
    assert (caught.value.code, caught.value.details) == ("not_found", {"path": f"{tmp_path}/live"})
    (tmp_path / "live").unlink()
    (tmp_path / "live").mkdir()
    assert folder_in(str(tmp_path), "live") == f"{tmp_path}/live"


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
    found = {name: (path, inside) for name, path, inside in subfolders(str(tmp_path))}
    assert list(found) == ["a", "b", "closed", "gone", "link"]
    assert all(path == f"{tmp_path}/{name}" for name, (path, _inside) in found.items())
    assert [found[name][1] for name in ("a", "b", "link")] == [["1", "2"], [], ["1", "2"]]
    for name, reason, said in (
        ("closed", "unreadable", "The folder {} cannot be read: Permission denied. Let the user who runs this read it"),
        ("gone", "broken_link", "{} is a link to something that is not there: restore that, or remove the link"),
    ):
        trouble = found[name][1]
        assert isinstance(trouble, Trouble) and trouble.reason == reason
        assert trouble.message.startswith(said.format(tmp_path / name))
