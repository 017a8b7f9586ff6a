# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API, the mail server and the certificates are all judged by the roots that the environment names, where no option names others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, pem_of
from tests.support.dovecot import Mailbox
from tests.support.messages import fulfillment, mail, text_part
from tests.support.modules import TRANSPORTS, Run, options_for, run_module
from tests.support.tls_servers import HOST, serving

pytest_plugins = ["tests.support.dovecot"]

VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR")
OF_THE_API = "SOFTLAYER_CERTIFICATES_CA_PATH"
NAME = "www.example.com"
AUTHORITY = Authority()
ISSUED = AUTHORITY.issue(NAME)


@pytest.fixture(scope="module")
def api() -> Iterator[Simulator]:
    """An API over TLS, with a certificate that no machine trusts."""
    with Simulator.start(fleet=1, tls=True) as simulator:
        yield simulator


@pytest.fixture
def bundles(api: Simulator, mailbox: Mailbox, tmp_path: Path) -> tuple[Path, Path]:
    """The authorities of the API, of the mail server and of the certificates: in one file, and in a folder as OpenSSL wants it."""
    servers = [Path(str(api.ca_path)), mailbox.ca_path]
    authorities = [*(path.read_text(encoding="ascii") for path in servers), pem_of([AUTHORITY.root])]
    file, folder = tmp_path / "site.pem", tmp_path / "site"
    file.write_text("".join(authorities), encoding="ascii")
    folder.mkdir()
    for number, authority in enumerate(authorities):
        (folder / f"{number}.pem").write_text(authority, encoding="ascii")
    subprocess.run(["openssl", "rehash", folder], check=True)
    return file, folder


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no roots."""
    for variable in (*VARIABLES, "CURL_CA_BUNDLE", OF_THE_API):
        monkeypatch.delenv(variable, raising=False)


class Site:
    """The modules at a site; none of their options names roots."""

    def __init__(self, api: Simulator, mailbox: Mailbox) -> None:
        self._api, self._mailbox = api, mailbox

    def list_orders(self, transport: str, **options: Any) -> Run:
        """Call the API."""
        return run_module("ssl_order_info", **options_for(self._api, transport), retries=0, **options)

    def read_mail(self, security: str, **options: Any) -> Run:
        """Look for the certificate in the mailbox."""
        (Path.home() / "host.key").write_text(ISSUED.key_pem, encoding="ascii")
        imap = self._mailbox.options(security, ca_path=None)
        keys = [str(Path.home() / "host.key")]
        return run_module("ssl_fulfillment_email_info", imap=imap, privatekey_paths=keys, **options)

    def look(self, transport: str, **options: Any) -> Run:
        """Look at an endpoint, and into the store for what it serves."""
        with serving(ISSUED) as server:
            endpoint = {"host": HOST, "port": server.port, "server_name": NAME}
            given = {**options_for(self._api, transport), "endpoints": [endpoint], "gather_stored": True}
            return run_module("ssl_endpoint_info", **given, retries=0, **options)


@pytest.fixture
def site(api: Simulator, mailbox: Mailbox) -> Site:
    """The modules."""
    api.reset()
    mailbox.deliver(mail(text_part(fulfillment(ISSUED))))
    return Site(api, mailbox)


@pytest.mark.parametrize("variable", VARIABLES)
def test_the_roots_of_the_environment_are_for_all(
    site: Site, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(bundles[variable == "SSL_CERT_DIR"]))
    number = VARIABLES.index(variable)  # so that each way of connecting has its share
    run = site.list_orders(TRANSPORTS[number % 2])
    assert not run.failed, run.output
    run = site.look(TRANSPORTS[(number + 1) % 2])
    assert not run.failed, run.output
    assert [(one["trust"], one["reason"]) for one in run["endpoints"]] == [("trusted", None)]
    run = site.read_mail(("tls", "starttls")[number % 2])
    assert not run.failed, run.output
    assert [one["trust"] for one in run["certificates"]] == ["trusted"]


def test_without_them_no_server_is_trusted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value is none: the machine's own roots are used then."""
    for transport in TRANSPORTS:
        assert site.list_orders(transport).code == "tls_error"
    monkeypatch.setenv("SSL_CERT_FILE", "")
    assert site.list_orders("xmlrpc").code == site.look("rest").code == site.read_mail("tls").code == "tls_error"
