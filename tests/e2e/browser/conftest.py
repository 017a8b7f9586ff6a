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
from ansible_collections.softlayer.certificates.plugins.filter import _rotation_report, fulfillment_report

from tests.simulator.client import Simulator
from tests.support.lines import NAME, OTHER, certificate, entry, listener, moved, stored, unread, with_the_rest
from tests.support.long import LONG
from tests.support.modules import run_module
from tests.support.playing import play

CHROMIUM = "/usr/bin/chromium"
DRIVER = "/usr/bin/chromedriver"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en"),
)
SECONDS = 30
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""A folder for the pictures of the documentation; without it they are made and thrown away."""
LARGE = 1_000
"""How many names the large report without orders has ..."""
MANY = 5_000 if LONG or SCREENSHOTS else 1_000
"""... and how many orders the other one."""
rotation_report = _rotation_report.FilterModule().filters()["_rotation_report"]
fulfillment_files = fulfillment_report.FilterModule().filters()["_fulfillment_files"]


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


def play_phases(sim: Simulator, folder: Path, **variables: Any) -> Path:
    """Have the role do all that it does, and make a report of that; not all goes well."""
    given = {
        "ssl_fulfillment_allowed_recipients": ["*@example.*"],
        "ssl_fulfillment_report_path": str(folder / "report.html"),
        "ssl_fulfillment_mail": {"maildir": str(sim.maildir)},
        "ssl_fulfillment_privatekey_dir": str(sim.keys_dir),
    }
    ran = play(sim, folder, str(Path(__file__).with_name("report.yml")), **given)
    assert ran.code == 2, ran.output
    return folder / "report.html"


def make_report(sim: Simulator, path: Path, language: str = "en", recipients: str = "*@example.*") -> Path:
    """A report of a simulator's fleet, as the role makes it of what its modules return."""
    access = {"username": sim.username, "api_key": sim.api_key, "endpoint_url": sim.rest_url}
    orders = run_module("ssl_order_info", **access, gather_imported=True)["orders"]
    store = run_module("ssl_certificate_info", **access, gather_services=True)["certificates"]
    of_all = {"order_ids": [order["id"] for order in orders], "max_orders": len(orders), "on_ineligible": "skip"}
    of_all |= {"allowed_recipients": [recipients], "skip_imported": False, "allow_ephemeral_ledger": True}
    emails = run_module("ssl_fulfillment_email", check=True, **access, **of_all)["emails"]
    found = {"store": store, "emails": emails, "collected": [], "missing": [], "failed": []}
    files = fulfillment_files(orders, language, {"skipped": [], "failed": []}, found)
    path.write_text(files["html"], encoding="utf-8")
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
        yield {"en": play_phases(sim, folder), "de": make_report(sim, folder / "de.html", "de")}


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


def make_rotation_report(folder: Path, language: str = "en", **facts: Any) -> Path:
    """A report of what the module would have returned, as the role makes it."""
    facts = moved(with_the_rest(facts), datetime.now(timezone.utc))
    result = {"imported": [], "deployed": [], "verified": [], "removed": [], "skipped": [], "failed": []}
    done = {
        "selection": {"common_names": None, "load_balancers": None, "trust": "require"},
        "certificates": facts["store"],
        "listeners": facts["listeners"],
        "source_certificates": facts["entries"],
        "source_problems": facts.get("unread", []),
    }
    files = rotation_report(done, language, {**result, **facts.get("result", {})})
    for ending in ("html", "json"):
        (folder / f"{language}.{ending}").write_text(files[ending], encoding="utf-8")
    return folder / f"{language}.html"


def rotated_fleet(names: int = 3) -> dict[str, Any]:
    """A fleet in which everything occurs that a report may tell, and names of which all is well."""
    both = ("shop.example.org", "*.shop.example.org")
    switched = listener("web:443", 1, 2, subject_alt_names=[NAME])
    seen = [
        listener(one, 2, 2, "unchanged", served=True) for one in ("web:443", "web:8443", "web:9443", "api-west:443")
    ]
    store = [
        stored(1, -62, services=[], associated_service_count=1, notes="front, old"),
        stored(2, 0, at=("web:443", "web:8443", "web:9443", "api-west:443"), notes="front"),
        stored(3, -80, OTHER, at=("api:443",)),
        stored(4, -91, "old.example.com", "alt.example.com", at=("api:8443",)),
        stored(5, -40, "mail.example.com", at=("mail:993",), key_type="RSA"),
        stored(6, 0, "mail.example.com", key_type="RSA", organization_name="Example Inc."),
        stored(7, -5, "idle.example.com"),
        stored(8, -20, "attic.example.com"),
        stored(9, -80, both[0]),
        stored(10, -1, *both, at=("shop:443",)),
        stored(11, -30, "late.example.net", at=("late:443",)),
        stored(12, -30, "stuck.example.net", at=("stuck:443",)),
        stored(13, -30, "odd.example.net", at=("odd:443",)),
        stored(14, -30, "half.example.net", at=("half:443",)),
        *(stored(100 + n, -n, f"host{n:02}.example.com", at=(f"lb{n}:443",)) for n in range(names)),
    ]
    entries = [
        entry(2, 0),
        entry(3, -80, OTHER, source="acme_sh"),
        entry(7, -5, "idle.example.com"),
        entry(10, -1, *both, source="lego"),
        entry(20, 0, "late.example.net"),
        entry(21, 0, "new.example.com", name="new.example.com"),
        entry(
            22, -1, "odd.example.net", source="folder", trust="untrusted", trust_message="Not trusted: Name the root."
        ),
        *(entry(100 + n, -n, f"host{n:02}.example.com") for n in range(names)),
    ]
    failed = [
        listener(
            *("stuck:443", 12, 12, "failed"),
            subject_alt_names=["stuck.example.net"],
            reason="balancer_busy",
            message="Load balancer stuck is UPDATE_PENDING and was not ACTIVE within 900 seconds: run it again later.",
        ),
        {"common_name": "the mailbox", "code": "unreachable", "message": "No answer."},
    ]
    held = listener(
        "mail:993", 5, 5, "skipped", reason="organization_differs", message="Its organization is another one."
    )
    beyond = listener("gone:443", 77, 77, "unchanged", subject_alt_names=["gone.example.org"])
    return {
        "store": store,
        "entries": entries,
        "unread": [unread("broken_link", "half.example.net"), unread("being_renewed", "next.example.com")],
        "listeners": [
            *(switched, *seen[1:], held, beyond, failed[0]),
            *(listener(f"{name}:{port}", number, number, "unchanged") for name, port, number in PLACES),
            *(listener(f"lb{n}:443", 100 + n, 100 + n, "unchanged") for n in range(names)),
        ],
        "result": {
            "imported": [{**certificate(2, 0), "id": 2, "outcome": "imported"}],
            "deployed": [switched],
            "verified": seen,
            "removed": [{**certificate(1, -62), "id": 1, "outcome": "removed"}],
            "skipped": [held],
            "failed": failed,
        },
    }


PLACES = [
    *(("api", 443, 3), ("api", 8443, 4), ("shop", 443, 10), ("late", 443, 11), ("odd", 443, 13), ("half", 443, 14)),
]
"""Other listeners, and the certificates that they have."""


@pytest.fixture(scope="session")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of a fleet without orders, in English and in German."""
    folder = tmp_path_factory.mktemp("rotated")
    return {language: make_rotation_report(folder, language, **rotated_fleet()) for language in ("en", "de")}


@pytest.fixture(scope="session")
def hostile_rotation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose names, messages and notes want to be more than text."""
    store = [stored(1, -80, HOSTILE, at=(f"{HOSTILE}:443",), notes=HOSTILE, common_name=HOSTILE, key_type=HOSTILE)]
    refused = {"trust": "untrusted", "trust_message": HOSTILE}
    failed = [{"id": 1, "reason": HOSTILE, "message": HOSTILE}, {"common_name": HOSTILE, "message": HOSTILE}]
    return make_rotation_report(
        tmp_path_factory.mktemp("hostile"),
        store=store,
        entries=[entry(2, 0, HOSTILE, source=HOSTILE, name=HOSTILE, path=HOSTILE, key_type=HOSTILE, **refused)],
        unread=[unread(name=HOSTILE, message=HOSTILE)],
        listeners=[listener(f"{HOSTILE}:443", 1, 1, "unchanged")],
        result={"failed": failed, "deployed": [listener(f"{HOSTILE}:443", 1, 1)]},
    )


@pytest.fixture(scope="session")
def large_rotation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of many names."""
    names = [f"host{number:05}.example.com" for number in range(LARGE)]
    return make_rotation_report(
        tmp_path_factory.mktemp("large"),
        store=[stored(n, -(n % 89), name, at=(f"lb{n % 40}:{n}",)) for n, name in enumerate(names)],
        entries=[entry(n, -(n % 89), name) for n, name in enumerate(names)],
        listeners=[listener(f"lb{n % 40}:{n}", n, n, "unchanged") for n in range(len(names))],
    )
