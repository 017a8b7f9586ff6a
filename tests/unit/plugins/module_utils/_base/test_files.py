# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder for private keys: which are refused, and what is written to it, whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base import files as _files
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._base.files import TEMPORARY_PREFIX, PrivateFolder

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
NOBODY = 65534
LEFT = f"{TEMPORARY_PREFIX}0123456789abcdef"
"""What a killed run has not finished."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture(params=[0, 0o777], ids=["nothing", "everything"])
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """A umask that takes nothing away, or everything, also from this user."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def taken(path: Path) -> PrivateFolder:
    folder = PrivateFolder(str(path))
    folder.prepare()
    return folder


def refused(path: Path | str) -> CertificatesError:
    with pytest.raises(CertificatesError) as caught:
        PrivateFolder(str(path)).prepare()
    return caught.value


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


# Which folders


@pytest.mark.usefixtures("any_umask")
def test_it_is_made_for_this_user_alone_when_it_is_taken(home: Path) -> None:
    folder = PrivateFolder(f"{home}/dest/")
    assert not (home / "dest").exists() and folder.list_names() == set() and folder.read("name") is None
    folder.prepare()
    assert mode(home / "dest") == 0o700 and folder.path == str(home / "dest")
    folder.write({"name": b"secret"})
    assert mode(home / "dest/name") == 0o600


@pytest.mark.parametrize("bits", [0o040, 0o004, 0o020, 0o002, 0o010, 0o001])
def test_one_that_is_open_to_others_is_refused(home: Path, bits: int) -> None:
    (home / "dest").mkdir(0o700)
    (home / "dest").chmod(0o700 | bits)
    error = refused(home / "dest")
    assert error.code == "insecure_folder" and f"with `chmod go= {home}" in error.message


def test_a_link_in_its_place_is_refused(home: Path) -> None:
    (home / "real").mkdir(0o700)
    (home / "dest").symlink_to(home / "real")
    error = refused(home / "dest")
    assert error.code == "insecure_folder" and "is a symbolic link" in error.message


@pytest.mark.parametrize(
    ("bits", "is_safe"), [(0o755, True), (0o711, True), (0o775, False), (0o757, False), (0o1777, True)]
)
def test_no_one_else_may_write_to_what_leads_to_it(home: Path, bits: int, is_safe: bool) -> None:
    (home / "shared/mine").mkdir(parents=True)
    (home / "shared").chmod(bits)
    for dest in (home / "shared/dest", home / "shared/mine/dest"):
        if is_safe:
            taken(dest)
        else:
            error = refused(dest)
            assert error.code == "insecure_folder" and f"{home}/shared or below: " in error.message
            assert not dest.exists()


def test_links_on_the_way_are_followed_and_what_they_lead_through_is_checked(home: Path) -> None:
    (home / "real/inner").mkdir(parents=True)
    (home / "there").symlink_to("real/../real/inner")
    (home / "again").symlink_to(home / "there")
    taken(home / "again/dest")
    assert mode(home / "real/inner/dest") == 0o700
    (home / "real").chmod(0o777)
    assert refused(home / "again/dest").code == "insecure_folder"
    (home / "circle").symlink_to("circle")
    assert refused(home / "circle/dest").code == "not_found"


@AS_ROOT
def test_what_belongs_to_others_is_refused(home: Path) -> None:
    (home / "theirs/dest").mkdir(parents=True, mode=0o700)
    os.chown(home / "theirs", NOBODY, NOBODY)
    assert "belongs to another user, who can replace" in refused(home / "theirs/dest").message
    os.chown(home / "theirs", 0, 0)
    os.chown(home / "theirs/dest", NOBODY, NOBODY)
    assert refused(home / "theirs/dest").code == "insecure_folder"
    (home / "link").symlink_to(home)
    os.chown(home / "link", NOBODY, NOBODY, follow_symlinks=False)
    assert "is a symbolic link of another user" in refused(home / "link/dest").message


@pytest.mark.parametrize("name", ["none/dest", "file", "file/dest", "nul\0byte", "x" * 300])
def test_what_is_no_folder_is_not_found(home: Path, name: str) -> None:
    (home / "file").touch(0o600)
    assert refused(f"{home}/{name}").code == "not_found"


def test_the_root_is_refused() -> None:
    assert refused("/").code == "insecure_folder"


def test_what_is_put_in_its_place_gets_nothing(home: Path) -> None:
    folder = taken(home / "dest")
    (home / "dest").rename(home / "moved")
    (home / "dest").mkdir()
    folder.write({"name": b"secret"})
    assert os.listdir(home / "dest") == [] and os.listdir(home / "moved") == ["name"]


@pytest.mark.parametrize("change", ["none", "moved", "replaced", "link", "above"])
def test_it_is_noticed_if_its_path_leads_elsewhere(home: Path, change: str) -> None:
    (home / "above").mkdir()
    dest = home / "above/dest"
    PrivateFolder(str(dest)).check_place()
    folder = taken(dest)
    if change == "none":
        folder.check_place()
        return
    if change == "above":
        (home / "above").rename(home / "former")
        (home / "above").mkdir()
    else:
        dest.rename(home / "former")
    if change == "replaced":
        dest.mkdir(0o700)
    elif change == "link":
        dest.symlink_to(home / "former")
    with pytest.raises(CertificatesError) as caught:
        folder.check_place()
    assert caught.value.code == "insecure_folder" and f"{dest} was moved or replaced" in caught.value.message


def test_only_one_run_writes_to_it(home: Path) -> None:
    first = taken(home / "dest")
    (home / "dest" / LEFT).touch()
    assert refused(home / "dest").code == "locked"
    assert first.list_names() == {LEFT}, "it may be the other one's"


def test_where_there_are_no_locks_what_is_not_finished_is_left_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_folder: int, _how: int) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    taken(home / "dest").write({LEFT: b""})
    monkeypatch.setattr(_files.fcntl, "flock", unknown)
    assert taken(home / "dest").list_names() == {LEFT}


def test_what_no_run_made_is_left_alone_and_its_name_is_not_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "dest").mkdir(0o700)
    others = {f"{TEMPORARY_PREFIX}notes", f"{LEFT}0", f"x{LEFT}", f"{LEFT}\n", LEFT.upper()}
    for name in others:
        (home / "dest" / name).touch()
    folder, link = (f"{TEMPORARY_PREFIX}{digit * 16}" for digit in "12")
    (home / "dest" / folder).mkdir()
    (home / "dest" / link).symlink_to("name")
    digits = iter(["1" * 16, "2" * 16, "3" * 16, "1" * 16, "4" * 16, "5" * 16])
    monkeypatch.setattr(_files.secrets, "token_hex", lambda _bytes: next(digits))
    dest = taken(home / "dest")
    for content in (b"1", b"2"):
        dest.write({"name": content})
    assert dest.list_names() == {*others, folder, link, "name"} and dest.read("name") == b"2"


# What is written


def test_files_are_replaced_and_removed(home: Path) -> None:
    folder = taken(home / "dest")
    folder.write({"a": b"1", "b": b"2", "c": b"3"})
    before = (home / "dest/c").stat().st_ino
    folder.write({"a": b"4", "b": None, "none": None})
    assert (folder.list_names(), folder.read("a"), folder.read("b"), folder.read("c")) == ({"a", "c"}, b"4", None, b"3")
    assert (home / "dest/c").stat().st_ino == before


@pytest.mark.parametrize("bits", [0o640, 0o602])
def test_what_is_open_to_others_counts_as_to_be_written(home: Path, bits: int) -> None:
    folder = taken(home / "dest")
    folder.write({"a": b"1"})
    (home / "dest/a").chmod(bits)
    assert folder.read("a") == b""


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", pytest.param("other owner", marks=AS_ROOT)])
def test_what_is_not_ours_is_neither_read_nor_overwritten(home: Path, kind: str) -> None:
    folder, there, precious = taken(home / "dest"), home / "dest/b", home / "precious"
    precious.write_bytes(b"as it was")
    precious.chmod(0o600)
    if kind == "link":
        there.symlink_to(precious)
    elif kind == "folder":
        there.mkdir()
    elif kind == "pipe":
        os.mkfifo(there)
    else:
        there.write_bytes(b"theirs")
        os.chown(there, NOBODY, NOBODY)
    before = there.lstat()
    for action in (lambda: folder.read("b"), lambda: folder.write({"a": b"1", "b": b"2"})):
        with pytest.raises(CertificatesError) as caught:
            action()
        assert caught.value.code == "unsafe_file" and str(there) in caught.value.message
    assert folder.list_names() == {"b"} and there.lstat()[:9] == before[:9] and precious.read_bytes() == b"as it was"


def test_a_full_disk_changes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = taken(home / "dest")
    folder.write({"a": b"1", "b": b"2"})
    synced: list[int] = []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(CertificatesError) as caught:
        folder.write({"a": b"3", "b": b"4"})
    assert caught.value.code == "not_written" and "No space left" in caught.value.message
    assert (folder.list_names(), folder.read("a"), folder.read("b")) == ({"a", "b"}, b"1", b"2")


@pytest.fixture(params=["links", "copies"])
def any_disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system on which files can have several names, or not."""

    def unknown(*_names: str, **_options: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param == "copies":
        monkeypatch.setattr(_files.os, "link", unknown)


def broken_from(count: int, until: int, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    rename = os.rename

    def broken(before: str, after: str, **folders: int) -> None:
        done.append(after)
        if count <= len(done) <= until:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rename(before, after, **folders)

    monkeypatch.setattr(_files.os, "rename", broken)


@pytest.mark.usefixtures("any_disk")
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_what_was_there_is_put_back_if_a_file_cannot_be_put_in_place(
    home: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    folder = taken(home / "dest")
    folder.write({"key": b"1", "gone": b"2", "certificate": b"3"})
    broken_from(nth, nth, monkeypatch)
    with pytest.raises(CertificatesError) as caught:
        folder.write({"key": b"4", "gone": None, "new": b"5", "certificate": b"6"})
    assert (caught.value.code, caught.value.details) == ("not_written", {"is_changed": False})
    assert "put back" not in caught.value.message and "Input/output error" in caught.value.message
    assert {name: folder.read(name) for name in folder.list_names()} == {"key": b"1", "gone": b"2", "certificate": b"3"}


@pytest.mark.usefixtures("any_disk")
def test_what_cannot_be_put_back_is_kept_and_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = taken(home / "dest")
    folder.write({"key": b"1", "certificate": b"2"})
    broken_from(2, 9, monkeypatch)
    with pytest.raises(CertificatesError) as caught:
        folder.write({"key": b"3", "certificate": b"4"})
    [kept] = folder.list_names() - {"key", "certificate"}
    assert caught.value.details == {"is_changed": True}
    assert f"the previous content is kept as {home}/dest/{kept} until" in caught.value.message
    assert f"{home}/dest/key may not match" in caught.value.message
    assert [folder.read(name) for name in ("key", "certificate", kept)] == [b"3", b"2", b"1"]
    assert taken_anew(folder) == {"key", "certificate"}


def taken_anew(folder: PrivateFolder) -> set[str]:
    """What is there when the next run has taken it."""
    os.close(folder._folder or -1)
    return taken(Path(folder.path)).list_names()


def test_a_run_that_is_killed_in_between_has_put_the_first_files_in_place(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = taken(home / "dest")
    seen: list[tuple[str, ...]] = []
    rename = os.rename

    def noted(before: str, after: str, **folders: int) -> None:
        rename(before, after, **folders)
        seen.append(tuple(sorted(name for name in folder.list_names() if not name.startswith(TEMPORARY_PREFIX))))

    monkeypatch.setattr(_files.os, "rename", noted)
    folder.write({"key": b"1", "chain": b"2", "certificate": b"3"})
    assert seen == [("key",), ("chain", "key"), ("certificate", "chain", "key")]
