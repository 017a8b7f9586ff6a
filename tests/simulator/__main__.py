# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: start the simulator on loopback and say where it is."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import ssl
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.certificates import pem_of, write_certificate_of_loopback

from . import app, control, fleet, haproxy, listeners, mail
from .secrets_manager.app import create_iam, create_instance
from .server import Server
from .settings import Settings
from .switching import ProxyError
from .users import BALANCE, MANAGE, VIEW, User, Users
from .world import World

_Proxy = haproxy.Haproxy | listeners.Listeners
_SETTINGS = """\
# A simulated account. To use it, run these lines in another shell. To stop it, press Ctrl-C here.
export SL_ENDPOINT_URL={rest}
export SL_USERNAME={username}
export SL_API_KEY={api_key}
# The CA sends its emails to this Maildir: {maildir}
# The private keys of the orders, named by their domains: {keys}
# The root certificate of the CA (trusted_ca_path): {authority_root}
"""
"""What the command line prints: a shell can run all of it."""
_HOST, _USERNAME, _COMPANY = "127.0.0.1", "SL278444", "Example Company"


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    options = _parser().parse_args()
    with contextlib.ExitStack() as stack:
        state_dir = stack.enter_context(_state_dir(options.state_dir))
        try:
            proxy = haproxy.Haproxy() if options.haproxy else listeners.Listeners() if options.serve else None
        except ProxyError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        if proxy is not None:
            stack.callback(proxy.stop)
        _serve(options, state_dir, proxy)
    return 0


def _serve(options: argparse.Namespace, state_dir: Path, proxy: _Proxy | None) -> None:
    world = _world(options, state_dir, proxy)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: world.stopping.set())
    context = ca_path = None
    if options.tls:
        path, key_path, ca_path = (state_dir / name for name in ("server.pem", "server.key", "server-ca.pem"))
        write_certificate_of_loopback(path, key_path, ca_path, "Simulator CA")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, key_path)
    api = Server(app.create_app(world), _HOST, options.port, context)
    iam, secrets_manager = (Server(create(world), _HOST, 0) for create in (create_iam, create_instance))
    steering = Server(control.create_app(world, api), _HOST, 0)
    endpoint = _endpoint(world, api, steering, ca_path)
    endpoint |= {"iam": iam.url, "secrets_manager": secrets_manager.url}
    _publish(endpoint, state_dir / "endpoint.json")
    sys.stdout.write(_SETTINGS.format_map(endpoint))
    sys.stdout.flush()
    world.stopping.wait()
    world.faults.clear()
    world.secrets_manager.faults.clear()
    for server in (api, iam, secrets_manager, steering):
        server.stop_listening()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port of the API; 0 takes a free one")
    parser.add_argument("--state-dir", help="where endpoint.json, keys and mail go; a temporary folder if not given")
    parser.add_argument("--account-id", type=int, default=278444, help="id of the account (%(default)s)")
    parser.add_argument("--fleet", type=_fleet, default="demo", help="demo, empty, or a number of orders (%(default)s)")
    parser.add_argument("--stored", type=int, default=0, help="how many of those orders are in the store already")
    parser.add_argument(
        "--key-type", choices=("ec", "rsa"), default="ec", help="keys of that many orders (%(default)s)"
    )
    parser.add_argument("--balancers", type=int, default=0, help="how many load balancers serve what is in the store")
    parser.add_argument("--listeners", type=int, default=1, help="how many listeners each of them has (%(default)s)")
    parser.add_argument(
        "--haproxy", action="store_true", help="have HAProxy serve what the load balancers are to serve"
    )
    parser.add_argument(
        "--serve", action="store_true", help="have this process serve it, where HAProxy is not installed"
    )
    parser.add_argument("--latency-ms", type=int, default=0, help="how long every call takes at least")
    parser.add_argument("--tls", action="store_true", help="serve the API by https, with a certificate of its own")
    return parser


def _fleet(name: str) -> str:
    if name not in ("demo", "empty") and not name.isdecimal():
        raise argparse.ArgumentTypeError(f"no such fleet: {name}")
    return name


@contextlib.contextmanager
def _state_dir(given: str | None) -> Iterator[Path]:
    """The folder that was asked for, which stays; or one that goes in the end."""
    if given is None:
        with tempfile.TemporaryDirectory(prefix="softlayer-simulator-") as folder:
            yield Path(folder)
    else:
        path = Path(given).resolve()
        path.mkdir(parents=True, exist_ok=True)
        yield path


def _world(options: argparse.Namespace, state_dir: Path, proxy: _Proxy | None) -> World:
    users = Users([User(_USERNAME, frozenset({VIEW, MANAGE, BALANCE})), User(f"{_USERNAME}_viewer", frozenset({VIEW}))])
    maildir = mail.Maildir(state_dir / "Maildir")
    account = {"id": options.account_id, "companyName": _COMPANY}
    world = World(state_dir, maildir, users, account, Settings(latency_ms=options.latency_ms))
    if proxy is not None:
        world.place = proxy.next_address
    fleet.seed(
        world,
        options.fleet,
        options.stored,
        key_type=options.key_type,
        balancers=options.balancers,
        listeners=options.listeners,
    )
    if proxy is not None:
        world.proxy = proxy.serve
        world.switching.refresh()
    return world


def _endpoint(world: World, api: Server, steering: Server, ca_path: Path | None) -> dict[str, Any]:
    """What a client needs to know."""
    root, intermediate = world.state_dir / "root.pem", world.state_dir / "intermediate.pem"
    root.write_text(pem_of([world.authority.root]), encoding="ascii")
    intermediate.write_text(pem_of([world.authority.intermediate]), encoding="ascii")
    user, viewer = world.users
    return {
        "xmlrpc": f"{api.url}/xmlrpc/v3.1/",
        "rest": f"{api.url}/rest/v3.1/",
        "control": f"{steering.url}/simulator/",
        "username": user.username,
        "api_key": user.api_key,
        "viewer_username": viewer.username,
        "viewer_api_key": viewer.api_key,
        "account_id": world.account["id"],
        "maildir": str(world.maildir.path),
        "keys": str(world.keys.folder),
        "ca_path": str(ca_path) if ca_path else None,
        "authority_root": str(root),
        "authority_intermediate": str(intermediate),
        "pid": os.getpid(),
    }


def _publish(endpoint: dict[str, Any], path: Path) -> None:
    """Write atomically: whoever sees the file can use what is in it. It holds the key, so it is for its owner only."""
    draft = path.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(endpoint, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
