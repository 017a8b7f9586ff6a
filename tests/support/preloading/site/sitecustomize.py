# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read by each Python that a test starts for a playbook, or a playbook for a module: a forked process does its work."""

from __future__ import annotations

import os
import sys


def hand_over(address: str) -> None:
    """Have a server's forked process be this one, with its arguments, environment and streams; end as it ends."""
    import _signal  # what the modules without the underscore add takes longer to import than all this
    import _socket
    import marshal

    umask = os.umask(0)
    os.umask(umask)
    request = marshal.dumps((sys.orig_argv[1:], dict(os.environ), os.getcwd(), umask))
    server = _socket.socket(_socket.AF_UNIX)
    server.connect(address)
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    server.sendmsg([len(request).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    server.sendall(request)
    pid = int.from_bytes(server.recv(4), "big")
    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
        _signal.signal(number, lambda number, _frame: os.kill(pid, number))
    code = int.from_bytes(server.recv(4), "big", signed=True)
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def server_for(arguments: list[str]) -> str | None:
    """The server for what this interpreter is started for: a module that Ansible has packed, in a file or on standard input, or
    one of Ansible's programs."""
    if [os.path.basename(argument)[:10] for argument in arguments[1:]] in (["AnsiballZ_"], []):
        return "modules"
    if len(arguments) > 1 and os.path.split(arguments[1]) in PROGRAMS:
        return "programs"
    return None


if "PRELOADED" in os.environ:
    PROGRAMS = [(f"{sys.prefix}/bin", name) for name in ("ansible", "ansible-inventory", "ansible-playbook")]
    _folder, _prefix, _path = os.environ["PRELOADED"].split(os.pathsep, 2)
    _server = server_for(sys.orig_argv)
    if _server and (sys.prefix, os.environ.get("PYTHONPATH")) == (
        _prefix,
        _path,
    ):  # else other libraries would be imported
        hand_over(os.path.join(_folder, _server))
