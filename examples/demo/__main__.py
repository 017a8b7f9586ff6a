# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo`: the whole job on a simulated fleet, with the playbooks that users run.

Everything happens in the folder `.demo` of the repository, which is made anew each time; nothing is left running.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

from examples.demo.story import show, tell
from tests.simulator.client import Simulator
from tests.simulator.haproxy import OLDEST, find_haproxy, version_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".demo"
REPORT = FOLDER / "report.html"
BIN = Path(sys.executable).parent

VARIABLES = """\
---
# Whom the certificate authority may mail. One order of the fleet is approved by somebody else's webmaster.
ssl_fulfillment_allowed_recipients:
  - "*@example.*"
ssl_fulfillment_select:
  approver_emails:
    - "*@example.*"

# The mailbox that the emails come to, and where the private keys lie.
ssl_fulfillment_mail:
  maildir: {maildir}
ssl_fulfillment_privatekey_dir: {keys}

# The root of the certificate authority. The machine's own roots are trusted without this; that of a simulated authority is not among them.
ssl_fulfillment_trusted_ca_path: {root}

# Where the report goes; its folder exists.
ssl_fulfillment_report_path: {report}

# For the load balancers: the same root, and to delete a certificate once another one is served in its place.
ssl_rotation_trusted_ca_path: {root}
ssl_rotation_remove_superseded: true

# Where renewed certificates come from: the instance of Secrets Manager that the environment names.
ssl_rotation_sources:
  - secrets_manager: {{}}
"""
PORTS = (8443, 9443)
"""Those of the load balancer's listeners."""
PROXY = "HAProxy plays the load balancer on this machine, so it can be looked at before the switch and after it."
NO_PROXY = (
    "HAProxy would play the load balancer, but is not installed, or is too old. So nobody can connect to it, and what is shown "
    "before and after is what the API says."
)


def main() -> int:
    """Show the job, step by step, and return the exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in ("home", "tmp"):
        (FOLDER / name).mkdir(parents=True)
    tempfile.tempdir = str(FOLDER / "tmp")
    link = FOLDER / "collections/ansible_collections/softlayer/certificates"
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT)
    serves = has_haproxy()
    with Simulator.start(fleet="demo", **({"haproxy": True} if serves else {})) as simulator:
        add_load_balancer(simulator)
        variables = FOLDER / "vars.yml"
        variables.write_text(
            VARIABLES.format(
                maildir=simulator.maildir.relative_to(ROOT),
                keys=simulator.keys_dir.relative_to(ROOT),
                root=simulator.authority_root.relative_to(ROOT),
                report=REPORT.relative_to(ROOT),
            ),
            encoding="utf-8",
        )
        demo = Demo(environment(simulator))
        tell(
            "An account with a dozen SSL orders and a load balancer",
            "A simulator of the SoftLayer API and of a certificate authority now runs on this machine. Its orders are in every "
            "status; two are imported already, and the load balancer serves these. Credentials come from the environment "
            "(SL_USERNAME, SL_API_KEY, SL_ENDPOINT_URL, SOFTLAYER_CERTIFICATES_INSTANCE_URL), what to do from a file of variables:",
        )
        show(variables.read_text(encoding="utf-8"))
        demo.step("List the orders", "ssl_order_info tells what there is.", "examples/demo/list.yml")
        demo.step(
            "Who would be mailed?",
            "In check mode nothing is sent. This takes the place of the portal's confirmation window. The warning about a new ledger is "
            "right: nothing was requested before.",
            "softlayer.certificates.resend",
            "--check",
        )
        demo.step(
            "Request, wait, import",
            "The same in earnest, and what comes after it. The certificate authority sends the emails again; each certificate is "
            "taken from its email by its public key, checked against its key, its order and its chain to a trusted root, and put "
            "into the certificate store. Orders that have to wait are listed, and the next run goes on with them.",
            "softlayer.certificates.fulfill",
        )
        demo.step(
            "Once more",
            "Nothing is left to do, so nothing changes.",
            "softlayer.certificates.fulfill",
        )
        look = ("examples/demo/look.yml", "-e", f"demo_serves={str(serves).lower()}")
        demo.step(
            "What is served",
            f"The certificate of *.example.org on the load balancer ends in two weeks. {PROXY if serves else NO_PROXY}",
            *look,
        )
        demo.step(
            "From the store to the load balancer",
            "The store holds the next one now. The listener is pointed to it, and goes on serving meanwhile; then each is looked at, and "
            "the old certificate is deleted. A certificate that ends soon and that nothing renews would fail this run.",
            "softlayer.certificates.deploy",
        )
        demo.step("What is served now", "Clients get the new certificate.", *look)
        demo.step(
            "The report",
            "Where each order stands, and what needs a person now: one page to open from disk or to send by email, with the "
            "same data for programs and spreadsheets beside it.",
            "softlayer.certificates.report",
        )
        renew_in_secrets_manager(simulator)
        demo.step(
            "Every night: what has been renewed elsewhere",
            "Secrets Manager, which a simulator plays, too, has renewed the certificate of www.example.com by itself. One run brings it to "
            "the listener. The private key is in no file. What certbot, lego or acme.sh renews comes the same way.",
            "softlayer.certificates.rotate",
        )
    tell(
        "Done",
        f"The simulator has stopped. Open {REPORT.relative_to(ROOT)} in a browser. What else was written is in "
        f"{FOLDER.relative_to(ROOT)}; README.md tells how to go on.",
    )
    return demo.exit_code


def has_haproxy() -> bool:
    """Return whether the load balancer can serve."""
    binary = find_haproxy()
    return binary is not None and version_of(binary) >= OLDEST


def add_load_balancer(simulator: Simulator) -> None:
    """Add one with two listeners: the certificate of one has a successor among the orders, that of the other has not."""
    [kept] = simulator.certificates()
    older = order_again(simulator, "*.example.org", days=(-350, 15))
    served = (simulator.import_order(older)["id"], kept["id"])
    simulator.add_balancer(
        name="web",
        listeners=[{"protocolPort": port, "tlsCertificateId": one} for port, one in zip(PORTS, served, strict=True)],
    )


def renew_in_secrets_manager(simulator: Simulator) -> None:
    """Have Secrets Manager hold a newer certificate of a name that the load balancer serves."""
    issued = simulator.issue(order_again(simulator, "www.example.com", days=(-1, 364)))
    simulator.secrets_manager.add(
        "www",
        secret_type="public_cert",
        certificate=issued["certificate"],
        intermediate=issued["intermediateCertificate"],
        private_key=simulator.key_path("www.example.com").read_text(encoding="ascii"),
    )


def order_again(simulator: Simulator, name: str, days: tuple[int, int]) -> int:
    """Add an order like another one, whose certificate has so many days behind it and left; return its id."""
    [like] = [order for order in simulator.orders() if order["commonName"] == name]
    begin, end = ((datetime.now(timezone.utc) + timedelta(days=one)).isoformat() for one in days)
    same = ("commonName", "certificateSigningRequest", "approverEmailAddress", "status", "product")
    order = simulator.add_order(**{name: like[name] for name in same}, effectiveDate=begin, expirationDate=end)
    return int(order["id"])


def environment(simulator: Simulator) -> dict[str, str]:
    """Return the environment of a user who has credentials and a collection, and nothing else."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "SL_", "XDG_"))}
    return inherited | {
        "HOME": str(FOLDER / "home"),
        "TMPDIR": str(FOLDER / "tmp"),
        "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)]),
        "SL_USERNAME": "apikey",  # one API key of IBM Cloud for both
        "SL_API_KEY": simulator.api_key,
        "SL_ENDPOINT_URL": simulator.rest_url,
        "SOFTLAYER_CERTIFICATES_INSTANCE_URL": simulator.secrets_manager.instance_url,
        "SOFTLAYER_CERTIFICATES_IAM_URL": simulator.secrets_manager.iam_url,
        "ANSIBLE_COLLECTIONS_PATH": str(FOLDER / "collections"),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }


class Demo:
    """Runs playbooks one after the other and remembers whether all went well."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.exit_code = 0

    def step(self, title: str, text: str, playbook: str, *options: str) -> None:
        """Tell what comes, show the command, and run it."""
        command = ["ansible-playbook", playbook, "-e", "@.demo/vars.yml", *options]
        tell(title, text)
        print(f"    {' '.join(command)}", flush=True)
        self.exit_code |= subprocess.run(command, env=self._environment, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
