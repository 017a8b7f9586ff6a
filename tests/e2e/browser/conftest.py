# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A browser without a window, and reports of simulated fleets for it to open."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.environment import home  # noqa: F401  # its import also hides the user's environment

# isort: split
from ansible_collections.softlayer.certificates.plugins.plugin_utils._page import load_page

from tests.simulator.client import Simulator
from tests.support.long import LONG
from tests.support.modules import run_module
from tests.support.playing import play
from tests.support.rotations import NAME, OTHER, entry, imported, item, listener, unread

CHROMIUM = "/usr/bin/chromium"
DRIVER = "/usr/bin/chromedriver"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en"),
)
SECONDS = 30
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""A folder for the pictures of the documentation; without it they are made and thrown away."""
MANY = 5_000 if LONG or SCREENSHOTS else 1_000
"""... and how many orders the other one."""


class Browser:
    """Opens reports and tells what is to be seen of them."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(
        self, path: Path, *, width: int = 1400, height: int = 900, dark: bool = False, script: bool = True
    ) -> None:
        """Open a file from disk in a window of such a size."""
        self.driver.get("about:blank")
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.command("Emulation.setScriptExecutionDisabled", value=not script)
        self.driver.get_log("performance")  # forget what came before
        self.driver.get_log("browser")
        self.driver.get(path.as_uri())

    def resize(self, width: int, height: int) -> None:
        """Set the size of the window."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", **size)

    def command(self, name: str, **arguments: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        """The one element of a selector."""
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        assert len(found) == 1, selector
        return found[0]

    def rows(self) -> list[int]:
        """The ids of the orders that are to be seen, in their order."""
        return [int(identifier.removeprefix("order-")) for identifier in self.row_ids()]

    def row_ids(self) -> list[str]:
        """The ids of the rows that are to be seen, in their order."""
        ids: list[str] = self.run(
            "return [...document.querySelectorAll('tbody tr')].filter(row => row.offsetHeight).map(row => row.id)"
        )
        return ids

    def shown(self) -> str:
        """What the page says of how many rows there are."""
        return self.find("#shown").text

    def search(self, text: str, expected: str) -> None:
        """Type into the search field and wait until the page says what is expected."""
        field = self.find("#search")
        field.clear()
        field.send_keys(text)
        self.wait_for(expected)

    def wait_for(self, expected: str) -> None:
        """Wait until the page says that so many rows are shown."""
        WebDriverWait(self.driver, SECONDS).until(lambda _driver: self.shown() == expected, expected)

    def requests(self) -> set[str]:
        """The addresses that were asked for since the page was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return {
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        }

    def complaints(self) -> list[str]:
        """What the browser wrote to its console: errors, and what the policy of the page forbade."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One browser for all tests."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def browser(driver: webdriver.Chrome) -> Browser:
    """The browser, as tests use it."""
    return Browser(driver)


def make_report(sim: Simulator, path: Path, language: str = "en", recipients: str = "*@example.*") -> Path:
    """A report of a simulator's fleet, as the role makes it of what its modules return."""
    access = {"username": sim.username, "api_key": sim.api_key, "endpoint_url": sim.rest_url}
    orders = run_module("ssl_order_info", **access, gather_imported=True)["orders"]
    store = run_module("ssl_certificate_info", **access, gather_services=True)["certificates"]
    of_all = {"order_ids": [order["id"] for order in orders], "max_orders": len(orders), "on_ineligible": "skip"}
    of_all |= {"allowed_recipients": [recipients], "skip_imported": False, "allow_ephemeral_ledger": True}
    emails = run_module("ssl_fulfillment_email", check=True, **access, **of_all)["emails"]
    return write_report(path, language, {"orders": orders, "store": store, "emails": emails})


def write_report(path: Path, language: str, results: dict[str, Any]) -> Path:
    """A report of what modules returned, as Ansible has the module write it."""
    options = {"path": str(path), "language": language, "page": load_page(language), "results": results}
    assert run_module("ssl_certificate_report", **options)["changed"]
    return path


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Reports of the demo's fleet, in English and in German: after a run in which not all went well."""
    folder = tmp_path_factory.mktemp("fleet")
    with Simulator.start(fleet="demo") as sim:
        for order in sim.orders():
            if order["commonName"] == "api.example.org":
                sim.fault("fault", method="resendEmail", order_id=order["id"], message="This order has no approver.")
            if order["commonName"] == "shop.example.com":
                sim.patch_order(order["id"], mail_family="link_only")
        sim.key_path("*.example.org").unlink()
        sim.patch_certificate(sim.certificates()[0]["id"], associatedServiceCount=2, notes="web frontend")
        given: dict[str, Any] = {
            "ssl_fulfillment_select": {},
            "ssl_fulfillment_allowed_recipients": ["*@example.*"],
            "ssl_fulfillment_report_path": str(folder / "report.html"),
            "ssl_fulfillment_mail": {"maildir": str(sim.maildir)},
            "ssl_fulfillment_privatekey_dir": str(sim.keys_dir),
        }
        ran = play(sim, folder, str(Path(__file__).with_name("report.yml")), **given)
        assert ran.code == 2, ran.output
        yield {"en": folder / "report.html", "de": make_report(sim, folder / "de.html", "de")}


@pytest.fixture(scope="session")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Reports of the demo's fleet where load balancers serve one certificate of three, in English and in German."""
    folder = tmp_path_factory.mktemp("balanced")
    with Simulator.start(fleet="demo") as sim:
        served = sim.certificates()[0]["id"]
        for order_id in (100204, 100205):
            sim.import_order(order_id)
        ports = [{"protocolPort": port, "tlsCertificateId": served} for port in (443, 8443, 9443)]
        sim.add_balancer(name=HOSTILE, listeners=[{"protocolPort": 443, "tlsCertificateId": served}])
        sim.add_balancer(name="shop:eu", listeners=ports)
        yield {language: make_report(sim, folder / f"{language}.html", language) for language in ("en", "de")}


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A report of orders whose values want to be more than text."""
    with Simulator.start(fleet="demo") as sim:
        for order in sim.orders():
            values = dict.fromkeys(("commonName", "product", "approverEmailAddress"), HOSTILE)
            sim.patch_order(order["id"], **values)
        sim.patch_certificate(sim.certificates()[0]["id"], notes=HOSTILE)
        yield make_report(sim, tmp_path_factory.mktemp("hostile") / "report.html", recipients="*")


HOSTILE = """x"'><img src=x onerror="document.title='owned'"><script>document.title='owned'</script></textarea>{{ 7*7 }}</title>"""


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A report of many orders, most of which are imported."""
    with Simulator.start(fleet=MANY, stored=MANY * 7 // 10) as sim:
        yield make_report(sim, tmp_path_factory.mktemp("large") / "report.html")


COMMAND = "ansible-playbook softlayer.certificates.rotate -e @/etc/softlayer-certificates/rotation.yml -e common_name=leaked.example.com --check"


def rotated_fleet() -> dict[str, Any]:
    """What a rotation returned, with everything in it that a report may tell."""
    now = datetime.now(timezone.utc)
    api, org = {"served_name": OTHER, "subject_alt_names": [OTHER]}, {"served_name": "shop.example.org"}
    busy = "Load balancer stuck is UPDATE_PENDING and did not become ACTIVE within 900 seconds. Run the playbook again later."
    switched = [listener(f"web:{port}", 89, "switched", now, message="Switched and verified.") for port in (443, 8443)]
    failed = [
        listener("stuck:443", 60, "failed", now, reason="balancer_busy", message=busy),
        {"common_name": "the mailbox", "code": "unreachable", "reason": "unreachable", "message": "No answer."},
    ]
    others = [
        listener("api:443", 10, "unchanged", now, **api),
        listener("old:443", -2, "unchanged", now, served_name="old.example.com", accepted=False),
        listener("mail:993", 50, "skipped", now, reason="organization_differs", message="The organization differs."),
        listener(
            "shop:443",
            40,
            "rolled_back",
            now,
            reason="not_accepted",
            message="Rolled back to certificate 1: TLS clients reject the new certificate.",
            **org,
        ),
        listener("far:443", 60, "unchanged", now, reason="unreachable", served=None, accepted=None),
        listener("odd:443", 70, "unchanged", now, served=False, served_name="odd.example.com"),
        listener("leaked:443", 80, "unchanged", now, served_name="leaked.example.com"),
        listener("none:443", 60, "skipped", now, reason="not_found", days_until_expiry=None, served_name=None),
        *(
            listener(f"lb{number:02}:443", 88, "unchanged", now, served_name=f"host{number}.example.com")
            for number in range(5)
        ),
    ]
    return {
        "listeners": [*switched, failed[0], *others],
        "attention": [
            item(
                "old:443",
                "expired",
                "The certificate expired, and no renewal is available. Renew it with its ACME client.",
            ),
            item("api:443", "expiring", "The certificate expires soon, and no renewal is available."),
            item("api:443", "unusable", "Cannot use the renewal in certbot api: the passphrase is wrong."),
            item("mail:993", "held_back", "Certificate 7 is held back. The organization differs."),
            item("old:443", "not_accepted", "TLS clients reject the certificate."),
            item("odd:443", "not_served", "Another certificate is served."),
            item("leaked:443", "revoked", f"The certificate was revoked. To replace it, run `{COMMAND}`."),
        ],
        "imported": [imported()],
        "deployed": switched,
        "verified": switched,
        "removed": [{"id": 1, "common_name": NAME, "outcome": "removed"}],
        "skipped_items": [
            entry(2, "already_imported"),
            entry(3, "new_name", "new.example.com"),
            unread("broken_link", "half.example.net"),
        ],
        "failed_items": [*failed, others[3]],
        "empty_sources": [
            {"source": "lego", "path": "/etc/lego", "message": "The source lego contains no certificate."}
        ],
    }


@pytest.fixture(scope="session")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of a rotation, in English and in German."""
    folder = tmp_path_factory.mktemp("rotated")
    return {language: write_report(folder / f"{language}.html", language, rotated_fleet()) for language in ("en", "de")}


@pytest.fixture(scope="session")
def named_rotation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a certificate with many names, and of some whose names are internationalised ones."""
    names = {
        "many": [f"tenant-{number:03}.example.com" for number in range(100)],
        "puny": ["shop.example.com", "xn--bcher-kva.example"],
        "wide": ["münchen.example"],
    }
    listeners = [listener(f"{name}:443", served_name=of[0], subject_alt_names=of) for name, of in names.items()]
    return write_report(tmp_path_factory.mktemp("named") / "report.html", "en", {"listeners": listeners})
