# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo`: the whole job on a simulated account, with the playbooks that users run; what they print is not touched.

Nothing is left running. Of what is written, the reports and the files of variables stay in the folder `.demo` of the repository.
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

from examples.demo.story import ROOT, Failed, free_ports, install_collection, show, store, tell
from tests.simulator.client import Simulator
from tests.simulator.orders import APPROVED, COMPLETE, PENDING
from tests.support import client_trees
from tests.support.certificates import Authority, Issued, new_key, pem_of
from tests.support.revoking import Publisher, Revoking, publishing

FOLDER = ROOT / ".demo"
ROTATION = """\
---
ssl_rotation_remove_superseded: true # once its successor was seen to be served
ssl_rotation_report_path: .demo/rotation.html
ssl_rotation_trusted_ca_path: .demo/roots.pem # the simulated authorities; others are trusted without this
ssl_rotation_sources: # where renewed certificates come from
  - certbot: {certbot} # elsewhere, it is /etc/letsencrypt
"""
FROM_SECRETS_MANAGER = "  - secrets_manager: {}\n"
"""One more source: the instance that the environment names."""
ROTATE = "rotate -e @.demo/rotation.yml"
FULFILLMENT = """\
---
ssl_fulfillment_select: {{}} # all orders of the account
ssl_fulfillment_allowed_recipients: ["*@example.*"] # whom the certificate authority may mail
ssl_fulfillment_mail:
  maildir: {maildir} # where the emails arrive
ssl_fulfillment_privatekey_dir: {keys}
ssl_fulfillment_trusted_ca_path: .demo/roots.pem
"""


def main() -> int:
    """Show the job, step by step, and return the exit code."""
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
    """An account with load balancers, a machine with certbot, and an instance of Secrets Manager."""

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
        tell(
            "A machine with certbot, and an account with load balancers",
            "Simulated on this machine: the API of SoftLayer, and two load balancers that answer over TLS. certbot has renewed the "
            "certificate of www.example.com, and nobody has told the load balancer. The environment holds the credentials "
            "(SL_USERNAME, SL_API_KEY), and .demo/rotation.yml what to do. Skipped tasks are not shown (ANSIBLE_DISPLAY_SKIPPED_HOSTS=false):",
        )
        show((FOLDER / "rotation.yml").read_text(encoding="utf-8"))
        self._step(
            "Renewed, but not deployed: what would be done?",
            "In check mode nothing is changed.",
            f"{ROTATE} --check",
        )
        self._step(
            "From certbot's folder to the clients",
            "The certificate is imported, the listener is switched to it and goes on serving meanwhile, it is looked at over TLS, and "
            "the old certificate is deleted.",
        )
        self._renew("shop.example.com", "ec")
        self._step(
            "A certificate that the load balancer could not serve",
            "certbot has renewed shop.example.com, with an EC key, as it does unless it is told otherwise. Load balancers offer suites "
            "for RSA keys: clients would get no connection. So nothing is changed, and the remedy is named.",
        )
        self._renew("shop.example.com", "rsa")
        mail = self._serve("mail", "mail.example.com", (-359, 6), organization="Example Company")
        self._step(
            "A night that is red",
            "certbot makes RSA keys now: shop.example.com is brought to its listener. But somebody has added a load balancer whose "
            "certificate ends in six days, and nothing renews it. Timer and cron tell of a run that fails, with nothing but the sentence:",
            callback="softlayer.certificates.quiet",
            ends=2,
        )
        self._renew("mail.example.com", "rsa")
        self._step(
            "The first certificate of a name",
            "certbot has got one for mail.example.com. It names no company, as the old one does: one command does it all the same, and tells "
            "what is lost. Renewals then go by themselves.",
            f"adopt -e @.demo/rotation.yml -e listener=mail:{mail} -e common_name=mail.example.com",
        )
        self._serve("login", "login.example.com", (-70, 20))
        self._simulator.secrets_manager.add("login", self._issue("login.example.com"), secret_type="public_cert")
        with (FOLDER / "rotation.yml").open("a", encoding="utf-8") as file:
            file.write(FROM_SECRETS_MANAGER)
        self._step(
            "IBM Cloud Secrets Manager",
            "Secrets Manager, simulated as well, has renewed login.example.com by itself. It is one more line among the sources, "
            "`- secrets_manager: {}`. Its keys are written to no file.",
        )
        self._revoke("pay.example.com")
        self._step(
            "Revoked",
            "An authority has revoked pay.example.com, whose key has leaked, and publishes that. Each night reads what authorities publish: this "
            "one is red, and changes nothing because of it.",
            ends=2,
        )
        self._order()
        self._step(
            "SSL orders: whom would the authority mail?",
            "In check mode no email is sent. It takes the place of the portal's confirmation window.",
            "resend -e @.demo/fulfillment.yml --check",
        )
        self._step(
            "SSL orders: request, wait, import",
            "The authority sends the lost emails again; each certificate is taken from its email by its public key, checked, and put into "
            "the store. The next night, `rotate` has the load balancers serve it.",
            "fulfill -e @.demo/fulfillment.yml",
        )
        self._step(
            "Is your account like this one?",
            "This playbook reports what the API key may do, and whether the account can be rotated. With -e test_store=true, it also tests what "
            "the store does with chains of two, EC keys and missing common names, which is documented nowhere.",
            "check_account",
        )
        tell(
            "Done",
            "All has stopped. Open .demo/rotation.html in a browser: what is served, and until when. The variables are beside it; "
            "README.md tells how to go on.",
        )

    def _serve(self, balancer: str, name: str, days: tuple[int, int], organization: str | None = None) -> int:
        """Add a load balancer that serves a certificate which has so many days behind it and left; return its port."""
        return self._add(balancer, self._issue(name, days=days, organization=organization))

    def _revoke(self, name: str) -> None:
        """Add a load balancer that serves a certificate which its authority has revoked."""
        issued = self._revoking.leaf(name, key=new_key("rsa"))
        self._publisher.publish(self._revoking.published(issued.certificate, reason=ReasonFlags.key_compromise))
        self._add(name.partition(".")[0], issued)

    def _add(self, balancer: str, issued: Issued) -> int:
        record = store(self._simulator, issued)
        port = next(self._ports)
        self._simulator.add_balancer(name=balancer, listeners=[{"protocolPort": port, "tlsCertificateId": record}])
        return port

    def _renew(self, name: str, kind: str) -> None:
        """Have certbot's folder hold a new version."""
        version = len(list((self._certbot / "archive" / name).glob("cert*"))) + 1
        client_trees.certbot(self._certbot, name, self._issue(name, kind), version)

    def _issue(
        self, name: str, kind: str = "rsa", days: tuple[int, int] = (-1, 89), organization: str | None = None
    ) -> Issued:
        return self._authority.issue(name, key=new_key(kind), days=days, organization=organization)

    def _order(self) -> None:
        """Add orders: two whose emails can be sent, and one that has to wait."""
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
        """Tell what comes, show the command, and run it; raises Failed if it ends with another exit code."""
        self._number += 1
        tell(f"{self._number}. {title}", text)
        setting = {"ANSIBLE_STDOUT_CALLBACK": callback} if callback else {}
        command = f"ansible-playbook -i localhost, softlayer.certificates.{playbook}"
        print("    " + " ".join([*(f"{name}={value}" for name, value in setting.items()), command]), flush=True)
        code = subprocess.run(command.split(), env=self._environment | setting, cwd=ROOT, check=False).returncode
        if code:
            show(f"exit code {code}")
        if code != ends:
            raise Failed(f"step {self._number} ended with {code}, not with {ends}")


def environment(scratch: Path, simulator: Simulator) -> dict[str, str]:
    """The environment of a user who has credentials and a collection, and nothing else."""
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
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
    }


if __name__ == "__main__":
    sys.exit(main())
