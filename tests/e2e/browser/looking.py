# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be seen of any report: its columns, what is not accessible, and labels that lie on each other."""

from __future__ import annotations

from importlib import resources
from itertools import product

import pytest
from selenium.webdriver.common.by import By

from tests.e2e.browser.conftest import Browser
from tests.support.long import only_long

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
"""axe-core, which checks accessibility; of the package that carries it nothing else is used."""
EACH_ONCE = {("de", 400, True), ("de", 768, False), ("en", 1024, True), ("en", 1400, False)}
VIEWS = [
    pytest.param(*view, marks=() if view in EACH_ONCE else only_long, id="{}-{}-{}".format(*view))
    for view in product(("en", "de"), (400, 768, 1024, 1400), (False, True))
]
"""Languages, widths, and whether it is dark: each of them once, and in the long run all together."""


def column(browser: Browser, number: int) -> list[str]:
    """The texts of a column, from top to bottom, without what is empty."""
    cells = browser.run(
        "return [...document.querySelectorAll('tbody tr')].map(row => row.cells[arguments[0]].innerText)", number
    )
    return [cell.split("\n")[0] for cell in cells if cell.strip()]


def number_of(browser: Browser, title: str) -> int:
    """The number of the column with this heading."""
    titles = browser.run("return [...document.querySelectorAll('thead th span')].map(title => title.textContent)")
    return int(titles.index(title))


def heading(browser: Browser, number: int) -> tuple[str, str | None]:
    """The text of a column's heading, and how it is sorted."""
    cell = browser.driver.find_elements(By.CSS_SELECTOR, "thead th")[number]
    return cell.text, cell.get_attribute("aria-sort")


def sort_by(browser: Browser, number: int) -> None:
    """Press the button in a column's heading."""
    browser.driver.find_elements(By.CSS_SELECTOR, "thead button")[number].click()


def violations(browser: Browser) -> list[tuple[str, str, str]]:
    """What is not accessible in the page."""
    browser.run(AXE)
    result = browser.driver.execute_async_script("axe.run().then(arguments[0])")
    assert {"color-contrast", "label", "button-name", "html-has-lang"} <= {rule["id"] for rule in result["passes"]}
    return [
        (violation["id"], node["html"], node["failureSummary"])
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
