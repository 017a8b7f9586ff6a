# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Forks processes that have imported what they need.

The arguments are `modules` or `programs`, the path of its socket, and a folder for compiled code.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import marshal
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import compiled
import packed
import programs

LIBRARIES = ("SoftLayer", "cryptography.x509", "imap_tools", "psycopg", "requests", "sqlalchemy")
"""Nothing of Ansible or the collection: that is imported from what Ansible has packed."""
MOST_FILES = 4096
"""More than the server has open."""
SEARCH_PATH = sys.path[1:]


class Server:
    """Forks a process for each connection, tells its end, and kills it where the other side ends first. It is prepared before."""

    def __init__(self, address: str, prepare: Callable[[], None] | None) -> None:
        self._prepare = prepare
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{address}.new")
        self._listener.listen(64)
        os.rename(f"{address}.new", address)  # what exists accepts
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def serve(self) -> None:
        """Serve until a signal ends this."""
        while True:
            for key, _events in self._selector.select():
                with contextlib.suppress(ConnectionError):
                    key.data()

    def _accept(self) -> None:
        connection, _address = self._listener.accept()
        size, streams, _flags, _peer = socket.recv_fds(connection, 4, 3)
        request = marshal.loads(_read(connection, int.from_bytes(size, "big")))
        if self._prepare:
            self._prepare()
        pid = os.fork()
        if pid == 0:
            _be(streams, *request)
        for stream in streams:
            os.close(stream)
        process = os.pidfd_open(pid)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._hang_up(connection, process))
        self._selector.register(process, selectors.EVENT_READ, lambda: self._tell_end(connection, process, pid))
        connection.sendall(pid.to_bytes(4, "big"))

    def _hang_up(self, connection: socket.socket, process: int) -> None:
        """Who waited was killed: kill what it waited for."""
        self._selector.unregister(connection)
        signal.pidfd_send_signal(process, signal.SIGKILL)

    def _tell_end(self, connection: socket.socket, process: int, pid: int) -> None:
        for waited_for in (connection, process):
            with contextlib.suppress(KeyError):
                self._selector.unregister(waited_for)
        _pid, status = os.waitpid(pid, 0)
        os.close(process)
        with connection:
            connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))


def _read(connection: socket.socket, size: int) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.read(size)


def _be(streams: Sequence[int], arguments: list[str], environment: Mapping[str, str], folder: str, umask: int) -> None:
    """Be the interpreter that was started with these arguments."""
    code: Any = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, MOST_FILES)
        sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8")
        sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8")
        sys.stderr = sys.__stderr__ = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        os.umask(umask)
        os.chdir(folder)
        sys.argv[:] = arguments or [""]
        search_path = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
        sys.path[:] = [str(Path(arguments[0]).parent) if arguments else "", *search_path, *SEARCH_PATH]
        if arguments:
            runpy.run_path(arguments[0], run_name="__main__")
        else:
            main = sys.modules["__main__"] = ModuleType("__main__")
            exec(compile(sys.stdin.buffer.read(), "<stdin>", "exec"), main.__dict__)
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # a forked process would skip these
        atexit._run_exitfuncs()
        packed.tell()
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    _kind, _address, _folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    compiled.keep_in(_folder)
    if _kind == "programs":
        programs.prepare(_folder)
        _learn = None  # what modules import is not for programs
    else:
        packed.keep_in(_folder)
        _learn = partial(packed.learn, _folder)
        for name in LIBRARIES:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    tempfile.tempdir = None  # which the environment may change
    importlib.import_module("frozen")
    Server(_address, _learn).serve()
