# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where examples run: all that they speak of, made on this machine.

They name paths such as `/etc/ssl`, servers such as `imap.example.com`, and ids. `World.here` puts in their place what there is:
folders of the test's own, the simulator, Dovecot, PostgreSQL. All else of an example is run as it is printed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Any, cast

import SoftLayer
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.outside.servers import Proxy
from tests.simulator.balancers import ECDSA_SUITES, RSA_SUITES
from tests.simulator.client import Simulator
from tests.support import certificates as made
from tests.support import tls_servers
from tests.support.balanced import put
from tests.support.client_trees import traefik
from tests.support.dovecot import Mailbox
from tests.support.postgresql import USER, Server

DOCUMENTED_ACCOUNT = 307608
DOCUMENTED_PORT, PORT = 443, 10443
"""A port of load balancers, and one that takes no privilege to listen on."""
DOCUMENTED_BALANCER = "0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e"
DOCUMENTED_INSTANCE = f"https://{DOCUMENTED_BALANCER}.us-south.secrets-manager.appdomain.cloud"
COMPANY = "Example Company"
"""The organization in the certificates of the simulator's orders."""
INSTANCE_ID = "0a1b2c3d-1111-2222-3333-444455556666"
DOCUMENTED_FINGERPRINT = re.compile(r"5f:0c:2d:[0-9a-f:]+")
APPROVER = "hostmaster@example.com"
"""Whom the emails go to: no example of those that limit it leaves this address out."""
ORDERS: tuple[dict[str, Any], ...] = (
    {"id": 1234, "commonName": "www.example.com", "days_left": 300, "key_type": "rsa"},
    {"id": 5678, "commonName": "shop.example.com", "days_left": 200, "status": "Complete"},
    {"commonName": "example.com", "days_left": 250},
    {"commonName": "*.example.com", "days_left": 100},
    {"commonName": "mail.example.com", "days_left": 20, "technicalContactEmailAddress": "mail@example.com"},
    {"commonName": "intranet.example.com", "status": "Pending CA Approval"},
)


class World:
    """A home, a folder to work in, a file system in little, and the servers that examples speak to."""

    def __init__(self, folder: Path, sim: Simulator, inbox: Mailbox, database: Server, proxy: Proxy) -> None:
        self.home, self.work, self.root = folder / "home", folder / "work", folder / "root"
        self._sim, self._inbox, self._authority = sim, inbox, made.Authority()
        self._roots = self.root / "etc/ssl/roots.pem"
        self.servers = ExitStack()
        for path in (self.home, self.work, self.root / "var/lib/certificates", self.root / "srv/reports"):
            path.mkdir(parents=True)
        self._add_orders()
        self._fill_the_store()
        self._add_balancers()
        self._receive_emails()
        self._keep_files()
        self.secrets = {
            "vault_mail_password": inbox.password,
            "vault_ledger_password": database.password,
            "vault_ibm_cloud_api_key": sim.api_key,
            "vault_api_key_of_the_other_account": sim.api_key,
            "iam_token": sim.secrets_manager.token(sim.username),
            "vault_www_example_com_key": self._encrypted_key("www.example.com"),
            "vault_www_example_com_passphrase": made.PASSPHRASE,
            "vault_pkcs12_passphrase": made.PASSPHRASE,
            "vault_key_passphrase": made.PASSPHRASE,
            "vault_key": self._encrypted_key("shop.example.com"),
            "vault_passphrase": made.PASSPHRASE,
            "certificate_pem": self._issued("shop.example.com")["certificate"],
        }
        self._words = {
            "https://api.service.softlayer.com/rest/v3.1/": sim.rest_url,
            DOCUMENTED_INSTANCE: sim.secrets_manager.instance_url,
            "https://iam.cloud.ibm.com": sim.secrets_manager.iam_url,
            "http://proxy.example.com:3128": proxy.url,
            f"https://{INSTANCE_ID}.eu-de.secrets-manager.appdomain.cloud": sim.secrets_manager.instance_url,
            f"https://{INSTANCE_ID}.private.eu-de.secrets-manager.appdomain.cloud": sim.secrets_manager.instance_url,
            "https://private.iam.cloud.ibm.com": sim.secrets_manager.iam_url,
            "sqlite:////var/lib": f"sqlite:///{self.root}/var/lib",
            "postgresql://certificates:": f"postgresql://{USER}:",
            "@db.example.com/certificates": database.new_database().removeprefix(
                f"postgresql://{USER}:{database.password}"
            ),
        }

    def environment(self) -> dict[str, str]:
        """The environment of somebody who works in it."""
        return os.environ | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / ".local/state"),
            "LC_ALL": "C.UTF-8",
            "SSL_CERT_FILE": str(self._roots),
            "SL_USERNAME": self._sim.username,
            "SL_API_KEY": self._sim.api_key,
            "SL_ENDPOINT_URL": self._sim.rest_url,
            "IBMCLOUD_API_KEY": self._sim.api_key,
            "IAM_TOKEN": str(self.secrets["iam_token"]),
            "SOFTLAYER_CERTIFICATES_IAM_URL": self._sim.secrets_manager.iam_url,
            "SSL_FULFILLMENT_IMAP_PASSWORD": self._inbox.password,
            "SOFTLAYER_CERTIFICATES_INSTANCE_URL": self._sim.secrets_manager.instance_url,
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }

    def here(self, value: Any) -> Any:
        """An example with what there is in place of what it names."""
        if isinstance(value, dict):
            changed = {name: self.here(item) for name, item in value.items()}
            if "endpoints" in changed:
                changed["endpoints"] = [self._served(endpoint) for endpoint in changed["endpoints"]]
            return changed | self._login(changed) if {"host", "username", "password"} <= changed.keys() else changed
        if isinstance(value, list):
            return [self.here(item) for item in value]
        if isinstance(value, str):
            for word, local in self._words.items():
                value = value.replace(word, local)
            value = DOCUMENTED_FINGERPRINT.sub(self._fingerprint, value)
            value = re.sub(rf"^([a-z-]+):{DOCUMENTED_PORT}$", rf"\1:{PORT}", value)  # a listener
            return re.sub(r"(?<![\w.~/:])/(?=(etc|srv|var)/)", f"{self.root}/", value)
        return {DOCUMENTED_ACCOUNT: self._sim.account_id, DOCUMENTED_PORT: PORT, **self._documented}.get(value, value)

    def _login(self, imap: dict[str, Any]) -> dict[str, Any]:
        """How to log in to the mail server that there is, with the password that the example names."""
        return self._inbox.options(imap.get("security", "tls"), password=imap["password"])

    def _served(self, endpoint: str | dict[str, Any]) -> dict[str, Any]:
        """An endpoint that there is, in place of one that an example names."""
        named = {"host": endpoint.partition(":")[0]} if isinstance(endpoint, str) else endpoint
        name = named.get("server_name", named["host"])
        server = self.servers.enter_context(tls_servers.serving(self._authority.issue(name)))
        return {"host": server.host, "port": server.port, "server_name": name}

    def _add_orders(self) -> None:
        for order in ORDERS:
            properties = {name: value for name, value in order.items() if name != "days_left"}
            properties["approverEmailAddress"] = APPROVER
            if "days_left" in order:
                end = made.NOW + timedelta(days=order["days_left"])
                properties["effectiveDate"] = (end - timedelta(days=365)).isoformat()
                properties["expirationDate"] = end.isoformat()
            self._sim.add_order(**properties)

    def _fill_the_store(self) -> None:
        """Put certificates of all ages into the store; one that a service uses, and others to delete and to replace."""
        in_use = self._store("vpn.example.com", days=(-300, 20))
        self._sim.patch_certificate(in_use, associatedServiceCount=1)
        self._store("old.example.com", days=(-300, 65))
        self._store("archive.example.com", days=(-300, -3))
        self._store("example.com", days=(-330, 35))
        self._documented = {
            4711: self._store("beta.example.com", days=(-100, 200), kind="rsa"),
            4712: self._store("beta.example.com", days=(-1, 80)),  # held back, not for three days yet
            4713: self._store("api.example.com", days=(-1, 80)),
            4714: self._store("staging.example.com", days=(-90, -1), kind="rsa"),
            4715: put(self._sim, made.self_signed("staging.example.com", made.new_key("rsa"))),
        }
        unwanted = self._authority.issue("legacy.example.com")
        self._fingerprint = unwanted.fingerprint
        put(self._sim, unwanted)

    def _store(self, name: str, days: tuple[float, float], *, kind: str = "ec", **options: Any) -> int:
        return put(self._sim, self._authority.issue(name, key=made.new_key(kind), days=days, **options))

    def _add_balancers(self) -> None:
        """Have listeners serve certificates that the store, or a file, has a successor of, though they are not due yet."""
        beta = self._store("beta.example.com", days=(-200, 100), kind="rsa")
        www = self._store("www.example.com", days=(-330, 35), kind="rsa", organization=COMPANY)
        portal = self._store("portal.example.com", days=(-330, 35))
        api = self._store("api.example.com", days=(-330, 35), kind="rsa", organization=COMPANY)
        staging = self._store(
            "staging.example.com", days=(-90, 90), kind="rsa", names=["staging.example.com", "test.example.com"]
        )
        for name, port, served, given in (
            ("prod-web", PORT, beta, {}),
            ("prod-admin", 8443, beta, {"uuid": DOCUMENTED_BALANCER}),
            ("prod-www", PORT, www, {}),
            ("prod-api", PORT, api, {}),
            ("prod-portal", PORT, portal, {}),
            ("staging-web", PORT, staging, {}),
        ):
            listeners = [{"protocolPort": port, "tlsCertificateId": served}, {"protocolPort": 8080, "protocol": "HTTP"}]
            suites = [*RSA_SUITES, *ECDSA_SUITES]
            self._sim.add_balancer(name=name, sslCiphers=suites, listeners=listeners, **given)

    def _receive_emails(self) -> None:
        """Have the authority's emails in the inbox, in a folder of it, and in all the places where people keep such."""
        client = SoftLayer.Client(
            username=self._sim.username, api_key=self._sim.api_key, endpoint_url=self._sim.rest_url
        )
        for order in self._issued_orders():
            client.call("Security_Certificate_Request", "resendEmail", "FulfillmentEmail", id=order["id"])
        self._inbox.create_folder("CA mail")
        for number, path in enumerate(self._sim.messages()):
            message = path.read_bytes()
            self._inbox.deliver(message, folder="CA mail")
            for name in (f"Documents/certificates/{number}.eml", f"Downloads/certificates/{number}.eml"):
                _write(self.home / name, message)
            _write(self.home / "Downloads/certificate.eml", message)
        shutil.copytree(self._sim.maildir, self.home / "Maildir", ignore=shutil.ignore_patterns(".*", "dovecot*"))

    def _keep_files(self) -> None:
        """Write keys, requests and certificates to where examples expect them."""
        ssl = self.root / "etc/ssl"
        for order in self._issued_orders():
            name = order["commonName"].replace("*", "_")
            key = self._sim.key_path(order["commonName"]).read_bytes()
            for folder in (ssl / "private", self.root / "srv/keys", self.work / "keys", self.work / "mails/keys"):
                _write(folder / f"{name}.key", key)
            for folder in (ssl / "requests", self.root / "srv/requests", self.work):
                _write(folder / f"{name}.csr", order["certificateSigningRequest"])
            issued = self._sim.issue(order["id"])
            for folder in (ssl, self.work, self.work / "mails/certificates", self.root / "srv/certificates"):
                _write(folder / f"{name}.crt", issued["certificate"])
                _write(folder / f"{name}.ca-bundle", issued["intermediateCertificate"])
        www = self._issued("www.example.com")
        _write(ssl / "www.example.com.der", PEM_cert_to_DER_cert(www["certificate"]))
        _write(self.work / "www.example.com.key", self._sim.key_path("www.example.com").read_bytes())
        _write(self.work / "www_example_com.pem", www["certificate"])
        _write(self.work / "www_example_com.csr", self._order("www.example.com")["certificateSigningRequest"])
        for path in (self.work / "bundle.pem", self.work / "mails/ca.pem", self.root / "srv/ca.pem"):
            _write(path, www["intermediateCertificate"])
        _write(ssl / "example-issuers.pem", www["intermediateCertificate"])
        roots = self._sim.authority_root.read_text(encoding="ascii") + made.pem_of([self._authority.root])
        for path in (ssl / "authority/root.pem", self.root / "srv/authority/root.pem", ssl / "company-roots.pem"):
            _write(path, roots)
        _write(self._roots, roots)
        for name in ("a.example.com", "b.example.com"):
            signed = made.self_signed(name)
            _write(self.work / f"{name}.crt", signed.pem)
            _write(self.work / f"{name}.key", signed.key_pem)
            _write(self.work / f"{name}.csr", signed.csr_pem)
        self._keep_what_was_renewed()
        _write(self.root / "srv/reports/shown.json", json.dumps({"imported": [], "deployed": [], "removed": []}))
        _write(self.work / "renewed.p12", made.pkcs12_of(self._authority.issue("portal.example.com"), made.PASSPHRASE))
        for name in ("proxy-ca.pem", "example-ca.pem"):
            _write(ssl / "certs" / name, self._inbox.ca_path.read_bytes())
        login = {"username": self._sim.username, "api_key": self._sim.api_key}
        lines = ["[softlayer]", *(f"{name} = {value}" for name, value in login.items()), ""]
        _write(self.home / ".softlayer-production", "\n".join(lines))

    def _keep_what_was_renewed(self) -> None:
        """Have a renewed certificate where each ACME client keeps its own, in a folder, and in Secrets Manager."""
        renewed = self._authority.issue("portal.example.com", days=(0, 90))
        live = self.root / "etc/letsencrypt/live/portal.example.com"
        lego, acme = self.home / ".lego/certificates", self.home / ".acme.sh/portal.example.com_ecc"
        chained = renewed.pem + renewed.chain_pem
        for path, content in {
            live / "cert.pem": renewed.pem,
            live / "chain.pem": renewed.chain_pem,
            live / "fullchain.pem": chained,
            live / "privkey.pem": renewed.key_pem,
            lego / "portal.example.com.crt": chained,
            lego / "portal.example.com.key": renewed.key_pem,
            acme / "portal.example.com.cer": renewed.pem,
            acme / "fullchain.cer": chained,
            acme / "portal.example.com.key": renewed.key_pem,
            self.root / "srv/tls/portal.pem": chained + renewed.key_pem,
        }.items():
            _write(path, content)
        traefik(self.root / "etc/traefik", {"portal.example.com": renewed})
        manager = self._sim.secrets_manager
        group = manager.add_group("production")["id"]
        manager.add("shop-portal", renewed, "public_cert", labels=["classic"], secret_group_id=group)

    def _issued_orders(self) -> Iterable[dict[str, Any]]:
        return [order for order in self._sim.orders() if order["status"] in ("Approved", "Complete")]

    def _order(self, common_name: str) -> dict[str, Any]:
        return next(order for order in self._sim.orders() if order["commonName"] == common_name)

    def _issued(self, common_name: str) -> dict[str, str]:
        return self._sim.issue(self._order(common_name)["id"])

    def _encrypted_key(self, common_name: str) -> str:
        key = load_pem_private_key(self._sim.key_path(common_name).read_bytes(), None)
        return made.key_pem(cast(made.Key, key), passphrase=made.PASSPHRASE)


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
