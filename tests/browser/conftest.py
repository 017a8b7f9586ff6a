# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A browser without a window, and reports for it to open, made by the playbook from simulated fleets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.simulator.client import Simulator
from tests.support.environment import home  # noqa: F401  # its import also hides the user's environment
from tests.support.playing import play

CHROMIUM = "/usr/bin/chromium"
DRIVER = "/usr/bin/chromedriver"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en"),
)
SECONDS = 30


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
        ids = self.run(
            "return [...document.querySelectorAll('tbody tr')].filter(row => row.offsetHeight).map(row => row.id)"
        )
        return [int(identifier.removeprefix("order-")) for identifier in ids]

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


Make = Callable[..., Path]


def make_report(sim: Simulator, folder: Path, code: int = 0, **variables: Any) -> Path:
    """Have the role make a report of a simulator's fleet."""
    given = {
        "ssl_fulfillment_allowed_recipients": ["*@example.*"],
        "ssl_fulfillment_report_path": str(folder / "report.html"),
        "ssl_fulfillment_mail": {"maildir": str(sim.maildir)},
        **variables,
    }
    ran = play(sim, folder, str(Path(__file__).with_name("report.yml")), **given)
    assert ran.code == code, ran.output
    return folder / "report.html"


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
        phases = {
            "phases": ["request", "collect", "import", "report"],
            "ssl_fulfillment_privatekey_dir": str(sim.keys_dir),
        }
        pages = {"en": make_report(sim, folder, code=2, **phases)}
        pages["en"] = pages["en"].rename(folder / "en.html")
        pages["de"] = make_report(sim, folder, ssl_fulfillment_report_language="de")
        yield pages


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
        pages = {}
        for language in ("en", "de"):
            made = make_report(sim, folder, ssl_fulfillment_report_language=language)
            pages[language] = made.rename(folder / f"{language}.html")
        yield pages


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A report of orders whose values want to be more than text."""
    with Simulator.start(fleet="demo") as sim:
        for order in sim.orders():
            values = dict.fromkeys(("commonName", "product", "approverEmailAddress"), HOSTILE)
            sim.patch_order(order["id"], **values)
        sim.patch_certificate(sim.certificates()[0]["id"], notes=HOSTILE)
        yield make_report(sim, tmp_path_factory.mktemp("hostile"), ssl_fulfillment_allowed_recipients=["*"])


HOSTILE = """x"'><img src=x onerror="document.title='owned'"><script>document.title='owned'</script></textarea>{{ 7*7 }}</title>"""


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A report of 5,000 orders, of which 3,500 are imported."""
    with Simulator.start(fleet=5000, stored=3500) as sim:
        yield make_report(sim, tmp_path_factory.mktemp("large"))
