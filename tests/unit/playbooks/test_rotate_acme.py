# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way with real programs: Pebble issues, lego and acme.sh renew, their hooks rotate, and a listener serves it.

Needs `LONG=1` in the environment. `make walk` has the same with certbot each time: `make demo-acme`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from cryptography import x509

from tests.simulator.client import Simulator
from tests.support import acme_clients
from tests.support.acme_clients import AcmeSh, Lego
from tests.support.acme_machine import RENEWED, Machine
from tests.support.balanced import account, balanced, balancer, store
from tests.support.haproxy import served
from tests.support.long import only_long
from tests.support.pebble import Pebble

__all__ = ["account", "balanced"]

PORT = 8443
REFUSED = "refused.example.com"
FILES = {"lego.example.com": "{name}.crt", "acme-sh.example.com": "{name}/{name}.cer"}
"""Where each client has the certificate of an RSA key."""
REASON = acme_clients.reason_to_skip(Lego, AcmeSh)

pytestmark = [
    pytest.mark.later,
    only_long,
    pytest.mark.skipif(bool(REASON), reason=str(REASON)),
]


def test_from_the_authority_to_what_is_served(account: Simulator, tmp_path: Path) -> None:
    """What an authority refused is told, and stops nothing.

    lego ends a hook after two minutes. So it runs where systemd does, and the hook only leaves a note.
    """
    machine = Machine(tmp_path / "machine")
    login = {"SL_USERNAME": account.username, "SL_API_KEY": account.api_key, "SL_ENDPOINT_URL": account.rest_url}
    machine.log_in({**login, "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]})
    hook, root = str(machine.path_of(RENEWED)), machine.root / "root"
    with Pebble(blocked=[REFUSED]) as pebble:
        lego, acme_sh = Lego(pebble, root), AcmeSh(pebble, root)
        clients = {"lego.example.com": lego, "acme-sh.example.com": acme_sh}
        for name, client in clients.items():
            balancer(account, name, **{f"p{PORT}": store(account, name, is_old=True)})
            client.issue(name, key_type="rsa")
        assert acme_sh.issue(REFUSED, key_type="rsa", may_fail=True).code == 1
        places = {"lego": "/root/.lego", "acme_sh": "/root/.acme.sh"}
        machine.configure(
            sources=[{kind: machine.here(place)} for kind, place in places.items()],
            trusted_ca_path=str(pebble.root_path),
            verify_timeout=5,
            import_new=True,
        )

        def kept() -> dict[str, x509.Certificate]:
            """What the clients have now."""
            paths = {name: client.source / FILES[name].format(name=name) for name, client in clients.items()}
            return {name: x509.load_pem_x509_certificate(path.read_bytes()) for name, path in paths.items()}

        def seen() -> dict[str, x509.Certificate]:
            """What users of the load balancers get."""
            return {one["name"]: served(one["address"], PORT) for one in account.balancers()}

        first = machine.rotate()
        assert first.code == 0, first.output
        assert dict(re.findall(r"skipped: certbot (\S+) \((\w+)\): ", first.output)) == {REFUSED: "certificate_missing"}
        assert seen() == (before := kept())

        systemd, note = machine.root / "run/systemd/system", machine.root / "run/softlayer-certificates/renewed"
        systemd.mkdir(parents=True)
        lego.renew("lego.example.com", key_type="rsa", hook=hook)
        assert note.exists() and seen() == before
        systemd.rmdir()

        where = ("--home", str(acme_sh.source), "--domain", "acme-sh.example.com")
        acme_sh.run("--install-cert", *where, "--reloadcmd", hook)
        assert not note.exists()  # it was run at once, and took along what lego had renewed
        renewal = acme_sh.renew("acme-sh.example.com", key_type="rsa")
        assert seen() == (after := kept()), renewal.output
        assert [name for name in clients if after[name] == before[name]] == []
