# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo-acme`: from an ACME CA to the load balancer, with the hook and the command that users install.

All servers are stopped at the end. The report stays in the directory `.demo-acme` of the repository.
"""

from __future__ import annotations

import shutil
import socket
import ssl
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from examples.demo.story import ROOT, Failed, explain, free_ports, install_collection, show, store
from tests.simulator.client import Simulator
from tests.support.acme_clients import Certbot, reason_to_skip
from tests.support.acme_machine import RENEWED, ROTATE, Machine
from tests.support.certificates import Authority, new_key, pem_of
from tests.support.pebble import Pebble

FOLDER = ROOT / ".demo-acme"
NAME = "www.example.com"
PORT = next(free_ports())


def main() -> int:
    """Show the workflow step by step, and return the exit code."""
    missing = reason_to_skip(Certbot)
    if missing:
        print(f"This needs Pebble and certbot: {missing}. On Debian: apt install pebble certbot")
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    print("Starting the simulator and Pebble: this takes some seconds.\n", flush=True)
    try:
        with (
            tempfile.TemporaryDirectory(dir=FOLDER) as scratch,
            Simulator.start(fleet="empty", serve=True) as simulator,
            Pebble() as pebble,
        ):
            Demo(Path(scratch), simulator, pebble).run()
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    return 0


class Demo:
    """A host with certbot, an account with a load balancer, and a CA."""

    def __init__(self, folder: Path, simulator: Simulator, pebble: Pebble) -> None:
        self._simulator = simulator
        self._machine = Machine(folder / "machine")
        self._machine.log_in(
            {
                "SL_USERNAME": simulator.username,
                "SL_API_KEY": simulator.api_key,
                "SL_ENDPOINT_URL": simulator.rest_url,
                "ANSIBLE_COLLECTIONS_PATH": str(install_collection(folder)),
            }
        )
        self._former = Authority("Former Authority")
        roots = self._machine.root / "etc/roots.pem"
        roots.write_text(pebble.root_path.read_text("ascii") + pem_of([self._former.root]), "ascii")
        self._machine.configure(trusted_ca_path=str(roots))
        self._certbot = Certbot(pebble, self._machine.root)
        self._context = ssl.create_default_context(cafile=str(pebble.root_path))
        self._address = self._add_load_balancer()

    def run(self) -> None:
        """Show all steps; raises Failed."""
        explain(
            "A load balancer whose certificate expires in two weeks",
            "Simulated on this host: the SoftLayer API with its load balancers, and Pebble, an ACME CA like Let's Encrypt. A host with certbot is "
            "set up as in the guide, with these variables:",
        )
        self._show(self._machine.path_of("rotation.yml").read_text(encoding="utf-8"))
        first = self._look()
        explain(
            "certbot gets a certificate",
            "It has an RSA key, like the present certificate. Its subject is empty, because only the DNS names count.",
        )
        self._show(self._certbot.issue(NAME, key_type="rsa").output)
        self._rotate("Preview", "Check mode changes nothing.", "--check")
        self._rotate(
            "Rotation",
            "The certificate is imported, the listener is switched and verified, and the old certificate is deleted.",
        )
        second = self._look(must_differ_from=first)
        hook = self._certbot.deploy_hooks / "softlayer-certificates"
        hook.symlink_to(self._machine.path_of(RENEWED))
        explain(
            "Two months later: certbot renews the certificate",
            "The deploy hook of certbot runs the rotation, and prints nothing if the run succeeds. The daily timer does the same.",
        )
        print(f"    ln -s /usr/local/sbin/{RENEWED} /etc/letsencrypt/renewal-hooks/deploy/softlayer-certificates")
        print("    certbot renew", flush=True)
        self._show(self._certbot.renew().output)
        self._look(must_differ_from=second)
        self._rotate("The daily run", "The certificate is deployed already, so nothing changes.")
        shutil.copy(self._machine.root / "var/lib/softlayer-certificates/report.html", FOLDER)
        explain(
            "Done",
            f"All servers are stopped. Open {FOLDER.relative_to(ROOT)}/report.html in a browser. To set this up on your host, see "
            "docs/docsite/rst/guide_lets_encrypt.rst.",
        )

    def _add_load_balancer(self) -> str:
        """Add a load balancer with a certificate of another CA, and return its address."""
        issued = self._former.issue(NAME, key=new_key("rsa"), days=(-350, 15))
        listeners = [{"protocolPort": PORT, "tlsCertificateId": store(self._simulator, issued)}]
        return str(self._simulator.add_balancer(name="web", listeners=listeners)["address"])

    def _rotate(self, title: str, text: str, *options: str) -> None:
        explain(title, text)
        print(f"    {' '.join([ROTATE, *options])}", flush=True)
        ran = self._machine.rotate(*options)
        self._show(ran.output)
        if ran.code:
            raise Failed(f"{ROTATE} ended with {ran.code}")

    def _show(self, output: str) -> None:
        """Show an output with the paths of a real host."""
        show(output.replace(str(self._machine.root), ""))

    def _look(self, must_differ_from: x509.Certificate | None = None) -> x509.Certificate:
        """Connect with a TLS client and print the certificate. After the first time, it must be trusted and differ from the previous one."""
        context = self._context
        if must_differ_from is None:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            found = connect(self._address, context)
        except ssl.SSLError as error:
            raise Failed(f"a TLS client does not trust the certificate of the load balancer: {error}") from error
        days = (found.not_valid_after_utc - datetime.now(timezone.utc)) // timedelta(days=1)
        issuer = found.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        trust = "" if must_differ_from is None else ", trusted"
        show(f"https://{NAME} serves certificate {found.serial_number:x}\nof {issuer!s}, expires in {days} days{trust}")
        if found == must_differ_from:
            raise Failed("the load balancer still serves the previous certificate")
        return found


def connect(address: str, context: ssl.SSLContext) -> x509.Certificate:
    """Return the certificate that a listener serves. Raises OSError."""
    with (
        socket.create_connection((address, PORT), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as secured,
    ):
        return x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")


if __name__ == "__main__":
    sys.exit(main())
