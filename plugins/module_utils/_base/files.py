# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and directories that users specify. Private to softlayer.certificates."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
import typing as t
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import PurePath

from .errors import CertificatesError
from .text import make_encodable

MAX_FILE_SIZE = 10 * 1024 * 1024
"""Maximum size of a file with keys or certificates in bytes; the largest certificate bundles have less than one million bytes."""


def make_absolute(path: str) -> str:
    """Return the absolute path of a path that may begin with `~`."""
    return os.path.abspath(os.path.expanduser(path))


def resolve_path(path: str) -> str:
    """Return the absolute path without symbolic links of a path that may begin with `~`."""
    return os.path.realpath(os.path.expanduser(path))


def is_fixed(path: str) -> bool:
    """Return whether a path leads to the same file in each process, unlike a relative path or `/proc/self/cwd`."""
    return os.path.isabs(path) and not os.path.normpath(path).startswith(("/proc/", "//proc/"))


def find_state_home() -> str:
    """Return the user's state directory (XDG Base Directory Specification), which may be a relative path."""
    home = "" if os.environ.get("HOME") == "" else os.path.expanduser("~")
    return os.environ.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state")


def find_state_folder() -> str:
    """Return the directory of the default ledger and of cached files."""
    return os.path.join(find_state_home(), "softlayer.certificates")


def read_file(path: str) -> bytes:
    """Return a file's content.

    Raises:
        CertificatesError: `not_found`, also for a special file or a file larger than `MAX_FILE_SIZE`.
    """
    try:
        with open_plain_file("file", path) as file:
            data = file.read(MAX_FILE_SIZE + 1)
    except (OSError, ValueError) as error:
        raise build_read_error("file", path, error) from None
    if len(data) > MAX_FILE_SIZE:
        raise CertificatesError(
            "not_found",
            f"The file{format_path(path)} is larger than {MAX_FILE_SIZE // 1024 // 1024} MiB, so the file cannot be a certificate or key. Check "
            "the path.",
        )
    return data


def open_plain_file(kind: str, path: str) -> t.BinaryIO:
    """Open a regular file for reading, and reject other files, because a read from a pipe or device might never end.

    Raises:
        CertificatesError: `not_found` for a pipe, device, socket, or directory.
        OSError: if the file does not exist or cannot be read.
    """
    check_plain_file(kind, path, os.stat(path).st_mode)  # even opening a device may have an effect
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        check_plain_file(kind, path, os.fstat(descriptor).st_mode)  # it may have been replaced meanwhile
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def check_plain_file(kind: str, path: str, mode: int) -> None:
    """Raise an error unless the mode belongs to a regular file.

    Raises:
        CertificatesError: `not_found`.
    """
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "a pipe, device, or socket"
        raise _build_not_found_error(
            kind,
            path,
            f"the path leads to {what}, not to a regular file. Save the content to a file, and specify the path of that file.",
        )


def build_read_error(kind: str, path: str, error: OSError | ValueError) -> CertificatesError:
    """Return the error for an unreadable file or directory."""
    return _build_not_found_error(kind, path, f"{getattr(error, 'strerror', None) or 'the path is not valid'}.")


def _build_not_found_error(kind: str, path: str, why: str) -> CertificatesError:
    path = make_absolute(path)  # a relative path begins in a directory that is not shown
    details = {"path": path} if path.isprintable() else {}
    return CertificatesError("not_found", f"Cannot read the {kind}{format_path(path)}: {why}", **details)


def format_path(path: str) -> str:
    """Return a path with a leading space for a message, or an empty text for unprintable characters, such as in a key."""
    text = make_encodable(path)
    return f" {text}" if text.isprintable() else ""


def why_unwritable(path: str) -> str | None:
    """Return the reason why a path cannot be written and the remedy, or `None`."""
    folder = os.path.dirname(path)
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return f"The file name {make_encodable(os.path.basename(path))} is too long for the file system. Choose a shorter name."
    if os.path.lexists(path) and not os.path.isfile(path):
        what = "a directory" if os.path.isdir(path) else "not a regular file"
        return f"{make_encodable(path)} is {what}. Specify the path of a regular file."
    if not os.path.isdir(folder):
        return f"The directory {make_encodable(folder)} does not exist on this host. Create the directory, or correct the path."
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return (
            f"The directory {make_encodable(folder)} is read-only: its file system is mounted read-only, or ReadWritePaths of the systemd "
            "service does not contain the directory. Specify another path, or make the directory writable."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"The current user cannot write to the directory {make_encodable(folder)}. Correct the permissions of the directory, or specify another path."
    return None


def replace_file(path: str, content: bytes, mode: int) -> None:
    """Write or replace a file atomically.

    Args:
        path: absolute path without symbolic links.
        content: new content of the file.
        mode: permissions of the file.

    Raises:
        CertificatesError: `not_written`.
    """
    above, name = os.path.split(path)
    try:
        folder = os.open(above, PARENT_FLAGS)
        try:
            new = _create_temporary(partial(_write_new, content, folder))
            try:
                os.chmod(new, mode, dir_fd=folder)
                os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                os.unlink(new, dir_fd=folder)
                raise
        finally:
            os.close(folder)
    except OSError as error:
        raise CertificatesError(
            "not_written",
            f"Cannot write the file{format_path(path)}: {error.strerror}. Fix the problem, and run the playbook again.",
        ) from None


# A folder for private keys

PARENT_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags for opening parent directories; on Linux, `O_PATH` requires no read permission."""
OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_LINKS = 40
"""Maximum number of symbolic links in a path, as on Linux."""
OTHERS_WRITE_BITS, OTHERS_ACCESS_BITS = 0o022, 0o077
TEMPORARY_PREFIX = ".unfinished-"
"""Prefix of the names of new files and of backups during a write; a killed run leaves such files."""
TEMPORARY_NAME = re.compile(re.escape(TEMPORARY_PREFIX) + "[0-9a-f]{16}")


class PrivateFolder:
    """A directory that no other user can read, change, or replace. The directory stays open until the process ends, so a replacement gets no file.

    The class also checks the parent directories, as sshd does (StrictModes), because a user who can write to a parent directory can replace
    the path. A parent directory with the sticky bit, such as `/tmp`, is safe: other users cannot move the directories of this user.

    Args:
        path: path of the directory; `prepare` creates the directory if the parent directory exists.

    Raises:
        CertificatesError: `not_found` if the parent directory does not exist, or the path is not a directory; `insecure_folder`.
    """

    def __init__(self, path: str) -> None:
        self.path = make_absolute(path)
        above, self._name = os.path.split(self.path)
        self._folder: int | None = None
        try:
            self._above = _open_trusted_folder(above)
            if _read_status(self._name or ".", self._above):
                self._folder = self._open()
        except (OSError, ValueError) as error:
            raise self._build_folder_error(error) from None

    def _open(self) -> int:
        name = self._name or "."
        status = _read_status(name, self._above)
        if status and stat.S_ISLNK(status.st_mode):
            raise build_insecure_folder_error(
                self.path, "is a symbolic link", "Specify the path of the directory itself"
            )
        folder = os.open(name, OPEN_FLAGS | os.O_DIRECTORY, dir_fd=self._above)
        opened = os.fstat(folder)
        if opened.st_uid != os.geteuid():
            raise build_insecure_folder_error(
                self.path, "belongs to another user", "Specify a directory that belongs to the current user"
            )
        if opened.st_mode & OTHERS_ACCESS_BITS:
            raise build_insecure_folder_error(
                self.path,
                "is accessible to other users",
                f"Remove the access of other users with `chmod go= {format_path(self.path).strip()}`",
            )
        return folder

    def _build_folder_error(self, error: OSError | ValueError) -> CertificatesError:
        why = getattr(error, "strerror", None) or "the path is not valid"
        return CertificatesError(
            "not_found",
            f"Cannot use the directory{format_path(self.path)}: {why}. Specify a directory on this host whose parent directory exists.",
        )

    def list_names(self) -> set[str]:
        """Return the names of the entries of the directory; empty before `prepare` creates the directory."""
        return set() if self._folder is None else set(os.listdir(self._folder))

    def read(self, name: str) -> bytes | None:
        """Return a file's content, `None` for a missing file, or empty content for an unreadable file or a file with access for other users.

        Raises:
            CertificatesError: `unsafe_file`.
        """
        status = self._find_own_file(name)
        if status is None:
            return None
        if status.st_mode & OTHERS_ACCESS_BITS or status.st_size > MAX_FILE_SIZE:
            return b""
        try:
            with os.fdopen(os.open(name, OPEN_FLAGS | os.O_NONBLOCK, dir_fd=self._folder), "rb") as file:
                return file.read(MAX_FILE_SIZE)
        except OSError:
            return b""

    def _find_own_file(self, name: str) -> os.stat_result | None:
        """Return the status of a regular file of this user, or `None` for a missing file.

        Raises:
            CertificatesError: `unsafe_file` for a special file or a file of another user.
        """
        status = None if self._folder is None else _read_status(name, self._folder)
        if status and not (stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()):
            raise CertificatesError(
                "unsafe_file",
                f"Cannot overwrite {self.format_path(name)}: the path is a link, a directory, or another special file, or belongs to "
                "another user. Move or rename the existing file or directory, and run the playbook again.",
            )
        return status

    def prepare(self) -> None:
        """Create the directory if necessary, lock the directory against other runs, and remove temporary files of killed runs.

        Raises:
            CertificatesError: as for the class; `locked` if another run is writing to the directory.
        """
        try:
            if self._folder is None:
                with suppress(FileExistsError):
                    os.mkdir(self._name, 0o700, dir_fd=self._above)
                    os.chmod(self._name, 0o700, dir_fd=self._above)  # a umask may take rights of this user away, too
                self._folder = self._open()
            try:
                fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends
            except BlockingIOError:
                why = f"Another run is writing to{format_path(self.path)}. Run the playbook again after the other run has ended."
                raise CertificatesError("locked", why) from None
            except OSError:  # a file system without locks, where what is not finished may be another run's
                return
            for name in filter(TEMPORARY_NAME.fullmatch, self.list_names()):
                with suppress(OSError, CertificatesError):
                    self._find_own_file(name)  # no run has made anything else
                    os.unlink(name, dir_fd=self._folder)
        except OSError as error:
            raise self._build_folder_error(error) from None

    def write(self, contents: Mapping[str, bytes | None]) -> None:
        """Write files atomically in this order, with permissions for this user only; delete files whose content is `None`.

        The method first writes all files under temporary names, so a full disk changes nothing. After an error, the method restores the previous
        files. Requires `prepare`.

        Raises:
            CertificatesError: `unsafe_file`; `not_written`, whose detail `is_changed` is false if all files are unchanged.
        """
        folder = t.cast(int, self._folder)
        before: dict[str, os.stat_result | None] = {}
        ready: dict[str, str] = {}
        kept: dict[str, str] = {}
        begun: list[str] = []
        try:
            for name, content in contents.items():
                before[name] = self._find_own_file(name)
                if before[name]:
                    kept[name] = _create_temporary(partial(_link_or_copy, name, folder))
                if content is not None:
                    ready[name] = _create_temporary(partial(_write_new, content, folder))
            for name in contents:
                begun.append(name)
                if name in ready:
                    os.rename(ready[name], name, src_dir_fd=folder, dst_dir_fd=folder)
                else:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=folder)
                os.fsync(folder)  # that the order is the same after a power failure
        except OSError as error:
            lost = self._restore({name: before[name] for name in reversed(begun)}, kept)
            former = ", ".join(
                self.format_path(kept.pop(name)) for name in lost if name in kept
            )  # so they are not removed
            where = f" (the previous content is kept as {former} until the next run)" if former else ""
            names = ", ".join(map(self.format_path, lost))
            state = f"Restoring the previous files also failed{where}: {names} may not match the other files. "
            raise CertificatesError(
                "not_written",
                f"Cannot write {self.format_path(next(iter(contents)))} and its related files: {error.strerror}. {state if lost else ''}Fix "
                "the problem, and run the playbook again.",
                is_changed=bool(lost),
            ) from None
        finally:
            for name in (*ready.values(), *kept.values()):
                with suppress(OSError):
                    os.unlink(name, dir_fd=folder)

    def _restore(self, before: Mapping[str, os.stat_result | None], kept: Mapping[str, str]) -> list[str]:
        """Restore files in this order, and return the names of the files whose restoration failed."""
        folder, lost = t.cast(int, self._folder), []
        for name, status in before.items():
            try:
                if _is_same(_read_status(name, folder), status):
                    continue  # a rename that failed has changed nothing
                if name in kept:
                    os.rename(kept[name], name, src_dir_fd=folder, dst_dir_fd=folder)
                else:
                    os.unlink(name, dir_fd=folder)
            except OSError:
                lost.append(name)
        with suppress(OSError):
            os.fsync(folder)
        return lost

    def check_place(self) -> None:
        """Raise an error unless the path still leads to this directory.

        Raises:
            CertificatesError: `insecure_folder`.
        """
        if self._folder is None:
            return
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except OSError:
            there = None
        if not _is_same(there, os.fstat(self._folder)):
            raise CertificatesError(
                "insecure_folder",
                f"The directory{format_path(self.path)} was moved or replaced during the run, so the new files are in the original directory. "
                "Find out who replaced the directory, and run the playbook again.",
            )

    def format_path(self, name: str) -> str:
        """Return the path of a file in the directory for results."""
        return make_encodable(os.path.join(self.path, name))


def _open_trusted_folder(path: str) -> int:
    """Open a directory after checking that no other user can replace the directory or a parent directory.

    Raises:
        CertificatesError: `insecure_folder`.
        OSError: the directory does not exist.
    """
    left, at, links = _split_path(path), os.sep, 0
    here = os.open(os.sep, PARENT_FLAGS)
    while True:
        status = os.fstat(here)
        if status.st_uid not in {0, os.geteuid()}:
            what = "belongs to another user, who can replace its content"
            raise build_insecure_folder_error(
                at, what, "Specify a path whose parent directories belong to the current user or to root"
            )
        if status.st_mode & OTHERS_WRITE_BITS and not status.st_mode & stat.S_ISVTX:
            what = "is writable by other users, who can replace its content"
            raise build_insecure_folder_error(
                at, what, f"Remove the write permission of other users with `chmod go-w {format_path(at).strip()}`"
            )
        if not left:
            return here
        name = left.pop()
        status = os.stat(name, dir_fd=here, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if status.st_uid not in {0, os.geteuid()}:
                raise build_insecure_folder_error(
                    os.path.join(at, name),
                    "is a symbolic link of another user",
                    "Specify the path of the directory itself",
                )
            target = os.readlink(name, dir_fd=here)
            left += _split_path(target)
            name = os.sep if os.path.isabs(target) else "."
        at = os.path.normpath(os.path.join(at, name))
        here, before = os.open(name, PARENT_FLAGS, dir_fd=here), here
        os.close(before)


def _split_path(path: str) -> list[str]:
    """Return the components of a path, the last component first."""
    return [name for name in reversed(PurePath(path).parts) if name.strip(os.sep)]


def build_insecure_folder_error(path: str, what: str, remedy: str) -> CertificatesError:
    """Return the error for an unsafe directory; `what` is the problem of the directory."""
    return CertificatesError(
        "insecure_folder",
        f"Cannot store private keys in the directory{format_path(path)} or below: the directory {what}. {remedy}.",
    )


def _read_status(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _is_same(status: os.stat_result | None, other: os.stat_result | None) -> bool:
    """Return whether two statuses belong to the same file or directory, or are both `None`."""
    if status is None or other is None:
        return status is other
    return os.path.samestat(status, other)


def _create_temporary(make: Callable[[str], None]) -> str:
    """Create a file under a random temporary name, and return the name.

    Raises:
        OSError: as `make`.
    """
    while True:
        name = f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
        with suppress(FileExistsError):
            make(name)
            return name


def _link_or_copy(name: str, folder: int, new: str) -> None:
    """Create a hard link to a file, or copy the file if the file system has no hard links.

    Raises:
        OSError: neither a link nor a copy is possible.
    """
    try:
        os.link(name, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        with os.fdopen(os.open(name, OPEN_FLAGS | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
            _write_new(file.read(), folder, new)


def _write_new(content: bytes, folder: int, name: str) -> None:
    """Create a file and sync the file to the disk.

    Raises:
        OSError: the file could not be written completely, and does not exist.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if os.fstat(descriptor).st_mode & 0o600 != 0o600:  # a umask may take rights of this user away, too
                os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
        raise
