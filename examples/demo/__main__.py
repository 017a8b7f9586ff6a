# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo`: the whole workflow on a simulated account, with the playbooks that users run and their unchanged output.

All servers are stopped at the end. The reports and the variable files stay in the directory `.demo` of the repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography.x509 import ReasonFlags

from examples.demo.story import ROOT, Failed, explain, free_ports, install_collection, show, store
from tests.simulator.client import Simulator
from tests.simulator.orders import APPROVED, COMPLETE, PENDING
from tests.support import client_trees
from tests.support.certificates import Authority, Issued, new_key, pem_of
from tests.support.revoking import Publisher, Revoking, publishing

FOLDER = ROOT / ".demo"
ROTATION = """\
---
ssl_rotation_remove_superseded: true # after its replacement was verified
ssl_rotation_report_path: .demo/rotation.html
ssl_rotation_trusted_ca_path: .demo/roots.pem # the simulated CAs; public CAs are trusted by default
ssl_rotation_sources: # where the renewed certificates are
  - certbot: {certbot} # usually /etc/letsencrypt
"""
FROM_SECRETS_MANAGER = "  - secrets_manager: {}\n"
"""Another source: the instance that the environment variables specify."""
SUMMARY = "softlayer.certificates.summary"
ROTATE = "rotate -e @.demo/rotation.yml"
FULFILLMENT = """\
---
ssl_fulfillment_select: {{}} # all orders of the account
ssl_fulfillment_allowed_recipients: ["*@example.*"] # who may receive emails from the CA
ssl_fulfillment_mail:
  maildir: {maildir} # where the emails arrive
ssl_fulfillment_privatekey_dir: {keys}
ssl_fulfillment_trusted_ca_path: .demo/roots.pem
"""


def main() -> int:
    """Show the workflow step by step, and return the exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="softlayer-demo-") as scratch,
            Simulator.start(fleet="empty", serve=True) as simulator,
            publishing() as publisher,
        ):
            Demo(Path(scratch), simulator, publisher).run()
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    return 0


class Demo:
    """An account with load balancers, a host with certbot, and an instance of Secrets Manager."""

    def __init__(self, scratch: Path, simulator: Simulator, publisher: Publisher) -> None:
        self._simulator, self._publisher = simulator, publisher
        self._environment = environment(scratch, simulator)
        self._authority = Authority("Example ACME")
        self._revoking = Revoking(f"{publisher.url}/1.crl", name="Example Trust")
        self._ports = free_ports()
        self._number = 0
        self._certbot = scratch / "letsencrypt"
        roots = pem_of([self._authority.root, self._revoking.root]) + simulator.authority_root.read_text(
            encoding="ascii"
        )
        (FOLDER / "roots.pem").write_text(roots, encoding="ascii")
        (FOLDER / "rotation.yml").write_text(ROTATION.format(certbot=self._certbot), encoding="utf-8")
        fulfillment = FULFILLMENT.format(maildir=simulator.maildir, keys=simulator.keys_dir)
        (FOLDER / "fulfillment.yml").write_text(fulfillment, encoding="utf-8")

    def run(self) -> None:
        """Show all steps; raises Failed."""
        self._serve("web", "www.example.com", (-78, 12))
        self._serve("shop", "shop.example.com", (-61, 29))
        self._renew("www.example.com", "rsa")
        explain(
            "A simulated account",
            "Simulated on this host: the SoftLayer API and two load balancers that answer over TLS. certbot has renewed the certificate of "
            "www.example.com. SL_USERNAME and SL_API_KEY are set. The variables are in .demo/rotation.yml:",
        )
        show((FOLDER / "rotation.yml").read_text(encoding="utf-8"))
        show(f"export ANSIBLE_STDOUT_CALLBACK={SUMMARY}")
        self._step("Preview", "Check mode changes nothing.", f"{ROTATE} --check")
        self._step(
            "Rotation",
            "The run imports the certificate, switches the listener, verifies it, and deletes the old certificate.",
        )
        self._renew("shop.example.com", "ec")
        self._step(
            "A renewal that the load balancer cannot serve",
            "certbot has renewed shop.example.com with an EC key. By default, load balancers offer cipher suites for RSA keys only.",
        )
        self._renew("shop.example.com", "rsa")
        mail = self._serve("mail", "mail.example.com", (-359, 6), organization="Example Company")
        self._step(
            "A scheduled run that fails",
            "certbot has renewed shop.example.com with an RSA key. The certificate of a new load balancer expires in six days, and no renewal "
            "is available. A scheduled run prints only the error:",
            callback="softlayer.certificates.quiet",
            ends=2,
        )
        self._renew("mail.example.com", "rsa")
        self._step(
            "The initial certificate for a domain",
            "certbot has a certificate for mail.example.com, but without the organization of the current certificate. The playbook adopt "
            "deploys the new certificate once. Rotations deploy its renewals.",
            f"adopt -e @.demo/rotation.yml -e listener=mail:{mail} -e common_name=mail.example.com",
        )
        self._serve("login", "login.example.com", (-70, 20))
        self._simulator.secrets_manager.add("login", self._issue("login.example.com"), secret_type="public_cert")
        with (FOLDER / "rotation.yml").open("a", encoding="utf-8") as file:
            file.write(FROM_SECRETS_MANAGER)
        self._step(
            "IBM Cloud Secrets Manager",
            "Secrets Manager has renewed login.example.com. The line `- secrets_manager: {}` adds Secrets Manager to the sources.",
        )
        self._revoke("pay.example.com")
        self._step("A revoked certificate", "The CA has revoked the certificate of pay.example.com.", ends=2)
        self._order()
        self._step(
            "SSL orders: preview",
            "Check mode requests no emails, but lists the recipients, like the confirmation window of the portal.",
            "resend -e @.demo/fulfillment.yml --check",
        )
        self._step(
            "SSL orders: request, collect, import",
            "The CA sends the lost emails again. The playbook imports the certificates from the emails. "
            "The next rotation deploys the certificates.",
            "fulfill -e @.demo/fulfillment.yml",
        )
        self._step(
            "Check an account",
            "The playbook reports the permissions of the API key, and whether the account can be rotated.",
            "check_account",
        )
        explain(
            "Done",
            "All servers are stopped. Open .demo/rotation.html in a browser. The next steps are in README.md.",
        )

    def _serve(self, balancer: str, name: str, days: tuple[int, int], organization: str | None = None) -> int:
        """Add a load balancer and return its port; `days` are the validity of its certificate, relative to now."""
        return self._add(balancer, self._issue(name, days=days, organization=organization))

    def _revoke(self, name: str) -> None:
        """Add a load balancer that serves a revoked certificate."""
        issued = self._revoking.leaf(name, key=new_key("rsa"))
        self._publisher.publish(self._revoking.published(issued.certificate, reason=ReasonFlags.key_compromise))
        self._add(name.partition(".")[0], issued)

    def _add(self, balancer: str, issued: Issued) -> int:
        record = store(self._simulator, issued)
        port = next(self._ports)
        self._simulator.add_balancer(name=balancer, listeners=[{"protocolPort": port, "tlsCertificateId": record}])
        return port

    def _renew(self, name: str, kind: str) -> None:
        """Add a new version to the directory of certbot."""
        version = len(list((self._certbot / "archive" / name).glob("cert*"))) + 1
        client_trees.certbot(self._certbot, name, self._issue(name, kind), version)

    def _issue(
        self, name: str, kind: str = "rsa", days: tuple[int, int] = (-1, 89), organization: str | None = None
    ) -> Issued:
        return self._authority.issue(name, key=new_key(kind), days=days, organization=organization)

    def _order(self) -> None:
        """Add orders: two whose emails can be sent, and a pending one."""
        now = datetime.now(timezone.utc)
        for name, status, left in (
            ("api.example.org", APPROVED, 364),
            ("*.example.net", COMPLETE, 150),
            ("vpn.example.org", PENDING, None),
        ):
            order = self._simulator.add_order(commonName=name, status=status, key_type="rsa")
            if left is not None:
                begin, end = (now + timedelta(days=days) for days in (left - 365, left))
                dates = {"effectiveDate": begin.isoformat(), "expirationDate": end.isoformat()}
                self._simulator.patch_order(order["id"], **dates)

    def _step(self, title: str, text: str, playbook: str = ROTATE, callback: str = "", ends: int = 0) -> None:
        """Print a heading and the command, and run it; raises Failed if its exit code is not `ends`."""
        self._number += 1
        explain(f"{self._number}. {title}", text)
        setting = {"ANSIBLE_STDOUT_CALLBACK": callback} if callback else {}
        command = f"ansible-playbook -i localhost, softlayer.certificates.{playbook}"
        print("    " + " ".join([*(f"{name}={value}" for name, value in setting.items()), command]), flush=True)
        code = subprocess.run(command.split(), env=self._environment | setting, cwd=ROOT, check=False).returncode
        print(flush=True)
        if code:
            show(f"exit code {code}")
        if code != ends:
            raise Failed(f"step {self._number} ended with {code}, not with {ends}")


def environment(scratch: Path, simulator: Simulator) -> dict[str, str]:
    """Return the environment of a user who has only credentials and the collection."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "SL_", "XDG_"))}
    for name in ("home", "tmp"):
        (scratch / name).mkdir()
    return inherited | {
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "tmp"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "SL_USERNAME": "apikey",  # one API key of IBM Cloud for both
        "SL_API_KEY": simulator.api_key,
        "SL_ENDPOINT_URL": simulator.rest_url,
        "SOFTLAYER_CERTIFICATES_INSTANCE_URL": simulator.secrets_manager.instance_url,
        "SOFTLAYER_CERTIFICATES_IAM_URL": simulator.secrets_manager.iam_url,
        "ANSIBLE_COLLECTIONS_PATH": str(install_collection(scratch)),
        "ANSIBLE_STDOUT_CALLBACK": SUMMARY,
        "PYTHONWARNINGS": "ignore:DSA is deprecated",  # the SSH agent of Ansible itself causes it
    }


if __name__ == "__main__":
    sys.exit(main())
