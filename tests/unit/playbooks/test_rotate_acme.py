# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way with real programs: Pebble issues, certbot, lego and acme.sh renew, their hooks rotate, and HAProxy serves it."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509

from tests.simulator.client import Simulator
from tests.support import acme_clients, haproxy, preloading, waiting
from tests.support.acme_clients import AcmeSh, Certbot, Client, Lego
from tests.support.acme_machine import RENEWED, Machine, Ran
from tests.support.balanced import account, balanced, balancer, have, ids, store
from tests.support.haproxy import served
from tests.support.pebble import Pebble, Settings

__all__ = ["account", "balanced"]

NAME, OTHER = "www.example.com", "api.example.com"
PORT = 8443
SECONDS = 120
until = partial(waiting.until, seconds=SECONDS)
FILES: dict[type[Client], str] = {
    Certbot: "{name}/cert.pem",
    Lego: "{name}.crt",
    AcmeSh: "{name}/{name}.cer",
}
"""Where each client has the certificate of an RSA key."""
REASON = acme_clients.reason_to_skip() or haproxy.reason_to_skip()

pytestmark = pytest.mark.skipif(bool(REASON), reason=str(REASON))


@pytest.fixture(scope="module")
def pebble() -> Iterator[Pebble]:
    """One authority for all tests that want nothing special."""
    with Pebble() as authority:
        yield authority


@pytest.fixture
def machine(account: Simulator, pebble: Pebble, tmp_path: Path) -> Machine:
    """A machine that is logged in to the account, and trusts the authority."""
    made = Machine(tmp_path / "machine")
    made.log_in(
        {
            "SL_USERNAME": account.username,
            "SL_API_KEY": account.api_key,
            "SL_ENDPOINT_URL": account.rest_url,
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            **preloading.environment(),
        }
    )
    made.configure(trusted_ca_path=str(pebble.root_path), verify_timeout=5)
    return made


def client_of(kind: type[Client], pebble: Pebble, machine: Machine) -> Client:
    """A client of the machine, or the test is skipped."""
    if reason := acme_clients.reason_to_skip(kind):
        pytest.skip(reason)
    return kind(pebble, machine.root if kind is Certbot else machine.root / "root")


def kept(client: Client, name: str = NAME) -> x509.Certificate:
    """The certificate that a client has now."""
    return x509.load_pem_x509_certificate((client.source / FILES[type(client)].format(name=name)).read_bytes())


def seen(account: Simulator, name: str = "web") -> x509.Certificate:
    """The certificate that users of a load balancer get."""
    [found] = [one for one in account.balancers() if one["name"] == name]
    return served(found["address"], PORT)


def skipped(run: Ran) -> dict[str, str]:
    """Why certificates were left out, but for those that the store has."""
    return dict(re.findall(r"(\S+\.example\.com): SKIPPED, (\w+): ", run.output))


def test_from_the_authority_to_what_is_served(account: Simulator, pebble: Pebble, machine: Machine) -> None:
    """By hand after certbot's first certificate, by its hook after a renewal; a second run changes nothing."""
    old = store(account, NAME, is_old=True)
    balancer(account, "web", **{f"p{PORT}": old})
    client = client_of(Certbot, pebble, machine)
    assert isinstance(client, Certbot)
    client.issue(NAME, key_type="rsa")

    plan = machine.rotate("--check", "--diff")
    assert (plan.code, ids(account), have(account)) == (0, [old], {f"web:{PORT}": old}), plan.output
    assert f"{NAME}: would be imported, from certbot {NAME}" in plan.output

    first = machine.rotate()
    assert first.code == 0 and first.changed > 0, first.output
    assert seen(account) == kept(client) and len(ids(account)) == 1
    assert (machine.root / "var/lib/softlayer-certificates/.ansible/tmp").is_dir()  # the service may write nowhere else
    assert (again := machine.rotate()).code == 0 and again.changed == 0, again.output

    (client.deploy_hooks / "softlayer-certificates").symlink_to(machine.path_of(RENEWED))
    before = kept(client)
    renewal = client.renew()
    assert kept(client) != before
    assert seen(account) == kept(client) and len(ids(account)) == 1, renewal.output
    assert (again := machine.rotate()).code == 0 and again.changed == 0, again.output


def test_other_clients(account: Simulator, pebble: Pebble, machine: Machine) -> None:
    """The same with lego and acme.sh, of which each has a name of its own; their hooks are that of certbot.

    lego ends a hook after two minutes. So it runs where systemd does, and the hook only leaves a note.
    """
    hook = str(machine.path_of(RENEWED))
    lego, acme_sh = (client_of(kind, pebble, machine) for kind in (Lego, AcmeSh))
    clients = {"lego.example.com": lego, "acme-sh.example.com": acme_sh}
    for name, client in clients.items():
        balancer(account, name, **{f"p{PORT}": store(account, name, is_old=True)})
        client.issue(name, key_type="rsa")
    machine.configure(sources=[{"lego": machine.here("/root/.lego")}, {"acme_sh": machine.here("/root/.acme.sh")}])
    first = machine.rotate()
    assert first.code == 0, first.output
    before = {name: kept(client, name) for name, client in clients.items()}
    assert {name: seen(account, name) for name in clients} == before

    systemd, note = machine.root / "run/systemd/system", machine.root / "run/softlayer-certificates/renewed"
    systemd.mkdir(parents=True)
    lego.renew("lego.example.com", key_type="rsa", hook=hook)
    assert note.exists()
    assert {name: seen(account, name) for name in clients} == before
    systemd.rmdir()

    acme_sh.run("--install-cert", "--home", str(acme_sh.source), "--domain", "acme-sh.example.com", "--reloadcmd", hook)
    assert not note.exists()  # it was run at once, and took along what lego had renewed
    renewal = acme_sh.renew("acme-sh.example.com", key_type="rsa")
    after = {name: kept(client, name) for name, client in clients.items()}
    assert {name: seen(account, name) for name in clients} == after, renewal.output
    assert [name for name in clients if after[name] == before[name]] == []


def test_faults_of_authorities_end_in_a_reason_each_and_stop_nothing(
    account: Simulator, pebble: Pebble, machine: Machine
) -> None:
    """One validates nothing, one takes no nonce, one is not trusted, and one takes its time."""
    balancer(account, "web", **{f"p{PORT}": store(account, NAME, is_old=True)})
    well = client_of(Certbot, pebble, machine)
    well.issue(NAME, key_type="rsa")
    broken = {"invalid.example.com": Settings(always_valid=False), "nonces.example.com": Settings(rejected_nonces=100)}
    for name, settings in broken.items():
        with Pebble(settings) as authority:
            for kind in (Certbot, AcmeSh):
                assert client_of(kind, authority, machine).issue(name, key_type="rsa", may_fail=True).code == 1
    with Pebble() as staging:
        client_of(Lego, staging, machine).issue("staging.example.com", key_type="rsa")
    places = {"certbot": "/etc/letsencrypt", "acme_sh": "/root/.acme.sh", "lego": "/root/.lego"}
    expected = {**dict.fromkeys(broken, "certificate_missing"), "staging.example.com": "chain_incomplete"}

    with Pebble(Settings(sleep_seconds=3)) as slow, ThreadPoolExecutor(1) as renewing:
        roots = machine.root / "roots.pem"
        roots.write_bytes(pebble.root_path.read_bytes() + slow.root_path.read_bytes())
        machine.configure(
            sources=[{kind: machine.here(place)} for kind, place in places.items()],
            trusted_ca_path=str(roots),
            import_new=True,
        )
        late = renewing.submit(client_of(Certbot, slow, machine).issue, "slow.example.com", key_type="rsa")
        first = machine.rotate()
        late.result()
    assert first.code == 0, first.output
    assert skipped(first) == expected
    assert seen(account) == kept(well)
    second = machine.rotate()
    assert (second.code, len(ids(account))) == (0, 2), second.output
    assert skipped(second) == expected


def test_a_hook_that_fails_says_so_and_leaves_the_renewal_alone(
    account: Simulator, pebble: Pebble, machine: Machine
) -> None:
    """The client has its certificate, and the next run brings it to the load balancers. No secret is shown."""
    old = store(account, NAME, is_old=True)
    balancer(account, "web", **{f"p{PORT}": old})
    client = client_of(Certbot, pebble, machine)
    assert isinstance(client, Certbot)
    client.issue(NAME, key_type="rsa")
    (client.deploy_hooks / "softlayer-certificates").symlink_to(machine.path_of(RENEWED))
    account.fault("fault", method="createObject", message="Not today.")
    before = kept(client)
    renewal = client.renew(NAME)
    assert renewal.code == 0 and "all renewals succeeded" in renewal.output
    assert "The certificate was renewed, but it was not brought to the load balancers" in renewal.output
    assert account.api_key not in renewal.output
    assert kept(client) != before and seen(account) != kept(client)
    account.clear_faults()
    told = "softlayer-certificates-renewed ended with status 1: see the log of the client that ran it."
    assert (night := machine.rotate()).code == 0 and told in night.output
    assert seen(account) == kept(client)
    assert (night := machine.rotate()).code == 0 and told not in night.output


def test_hooks_at_once_are_one_run_and_none_is_missed(account: Simulator, pebble: Pebble, machine: Machine) -> None:
    """Five renewals while something is going on are one more run; one during that run is another."""
    client_of(Certbot, pebble, machine).issue(NAME, key_type="rsa")
    notes = machine.root / "run/softlayer-certificates"
    notes.mkdir(parents=True)
    with open(notes / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        hooks = [machine.start(RENEWED) for _ in range(5)]
        until(lambda: waiting_for(notes / "lock") == 5)
    until(lambda: not (notes / "renewed").exists())
    late = machine.start(RENEWED)
    until((notes / "renewed").exists)
    # Whoever comes first takes along what the others came for.
    runs = [machine.finished(hook) for hook in (*hooks, late)]
    assert [run.code for run in runs] == [0] * 6, [run.output for run in runs]
    assert sum(run.output.count("PLAY RECAP") for run in runs) == 2
    assert [run.output for run in runs if "PLAY RECAP" not in run.output] == [""] * 4


def waiting_for(path: Path) -> int:
    """How many processes wait for the lock of a file."""
    inode = path.stat().st_ino
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return sum("->" in line.split()[1] and line.split()[6].endswith(f":{inode}") for line in lines)
