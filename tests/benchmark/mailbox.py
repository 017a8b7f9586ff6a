# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to find the fulfillment emails in a mailbox, on a mail server."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.benchmark.scenario import Scenario, Way
from tests.benchmark.stage import ROOT, BenchmarkError, Job
from tests.simulator import mail
from tests.simulator.client import Simulator
from tests.support import dovecot


class SearchMail(Scenario):
    """Certificates of all orders, in a folder on a mail server (Dovecot) with 20,000 other messages of the last month.

    In one folder none of those is about certificates by its subject, in the other a fifth.
    """

    name = "mailbox"
    title = "Find the certificates among 20,000 other messages"

    def prepare(self) -> None:
        """Fill the folders: one with the orders' mail alone, two with others as well."""
        if "mailboxes" in self.stage.cache:
            return
        binary = dovecot.find_dovecot()
        if binary is None:
            raise BenchmarkError("it needs the mail server Dovecot: install the system's package dovecot-imapd")
        server = self.stage.until_closed.enter_context(dovecot.Server(binary))
        alone, among, alike = server.new_user(), server.new_user(), server.new_user()
        dovecot.fill(alike, OTHER_MESSAGES, SEED)
        others = (
            message for message in dovecot.noise(2 * OTHER_MESSAGES, SEED) if not ABOUT_CERTIFICATES.search(message)
        )
        for number, other in zip(range(OTHER_MESSAGES), others, strict=False):
            among.deliver(other, flags="S", age_days=29 - 29 * number / OTHER_MESSAGES)
        orders = []
        for number, order in enumerate(self.stage.sim.orders()):
            message, public_key_sha256 = fulfillment(self.stage.sim, order, number)
            for mailbox in (alone, among, alike):
                mailbox.deliver(message, age_days=number % 29)
            facts = {"id": order["id"], "common_name": order["commonName"], "public_key_sha256": public_key_sha256}
            orders.append(facts)
        self.stage.cache["mailboxes"] = alone.options(), among.options(), alike.options(), orders

    def ways(self) -> list[Way]:
        alone, among, alike, orders = self.stage.cache["mailboxes"]
        module = "ssl_fulfillment_email_info"
        says = ("messages_examined", len(orders))

        def search(imap: dict[str, Any]) -> Job:
            trusted = {"trusted_ca_path": str(self.stage.sim.authority_root)}
            return self.stage.module(module, {"imap": imap, "orders": orders, **trusted}, says=says)

        def download() -> Job:
            uids = f"{OTHER_MESSAGES + 1}:{OTHER_MESSAGES + len(orders)}"
            return Job(
                [sys.executable, "-m", "tests.benchmark.imap"],
                stdin=json.dumps({"imap": among, "uids": uids}),
                environment={"PYTHONPATH": str(ROOT)},
                says=("done", len(orders)),
            )

        return [
            Way("download", "imap-tools, the wanted messages only", lambda _items: download()),
            Way("alone", f"{module}, the wanted messages alone", lambda _items: search(alone)),
            Way("module", f"{module}, among others", lambda _items: search(among)),
            Way("alike", f"{module}, a fifth of the others alike", lambda _items: search(alike)),
        ]


OTHER_MESSAGES = 20_000
ABOUT_CERTIFICATES = re.compile(rb"^Subject:.*(?:certificate|zertifikat|ssl)", re.IGNORECASE | re.MULTILINE)
SEED = 20180222
FAMILIES = sorted(mail.families() - {mail.WITHOUT_CERTIFICATE})


def fulfillment(sim: Simulator, order: Mapping[str, Any], number: int) -> tuple[EmailMessage, str]:
    """The mail with an order's certificate, in one of the families, and the SHA-256 of the certificate's public key."""
    leaf = x509.load_pem_x509_certificate(sim.issue(order["id"])["certificate"].encode())
    intermediate, root = (
        x509.load_pem_x509_certificate(path.read_bytes()) for path in (sim.authority_intermediate, sim.authority_root)
    )
    letter = mail.Letter(order["id"], order["commonName"], "RapidSSL", order["approverEmailAddress"], None)
    message = mail.fulfillment(FAMILIES[number % len(FAMILIES)], letter, mail.Issued(leaf, intermediate, root))
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return message, hashlib.sha256(spki).hexdigest()
