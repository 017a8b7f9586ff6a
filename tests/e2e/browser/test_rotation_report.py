# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a rotation as a person meets it; what it shares with the other one is tested there in more detail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from tests.e2e.browser.conftest import COMMAND, Browser
from tests.e2e.browser.looking import heading

COUNT = 16
HEADINGS = {
    "en": ["Listener", "Name", "State", "Certificate", "Served", "Accepted", "Days left"],
    "de": [
        *("Listener", "Name", "Zustand", "Zerti\u00adfikat", "Ausge\u00adliefert", "Ange\u00adnommen"),
        "Tage übrig",
    ],
}


def data(path: Path) -> dict[str, Any]:
    """What is beside a page."""
    told: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return told


def keys(path: Path) -> dict[str, str]:
    """The ids of the rows, by their listeners."""
    return {row["listener"]: f"listener-{row['key']}" for row in data(path)["listeners"]}


@pytest.mark.parametrize("language", sorted(HEADINGS))
def test_it_tells_all_outcomes(browser: Browser, rotated: dict[str, Path], language: str) -> None:
    browser.open(rotated[language])
    states = data(rotated[language])["states"]
    tiles = browser.driver.find_elements(By.CSS_SELECTOR, ".tiles button")
    assert [(tile.get_attribute("data-state"), int(tile.text.split()[0])) for tile in tiles] == list(states.items())
    assert [heading(browser, number)[0] for number in range(len(HEADINGS[language]))] == HEADINGS[language]
    colours = browser.run(
        "return [...document.querySelectorAll('.pill')].filter(pill => getComputedStyle(pill).backgroundColor === 'rgba(0, 0, 0, 0)').length"
    )
    assert colours == 0
    badges = browser.run(
        "return [...document.querySelectorAll('tbody tr')].map(row => row.querySelectorAll('.pill').length)"
    )
    assert badges == [1] * COUNT


def test_what_needs_a_person_says_its_remedy_and_leads_to_the_row(browser: Browser, rotated: dict[str, Path]) -> None:
    browser.open(rotated["en"])
    rows = keys(rotated["en"])
    groups = browser.driver.find_elements(By.CSS_SELECTOR, ".attention > li")
    assert [group.get_attribute("class") for group in groups][:6] == ["urgent"] * 5 + [""]
    remedies = browser.find(".attention").text
    assert "old:443 (old.example.com): The certificate expired, and no renewal is available. Renew it " in remedies
    browser.find(".attention button[data-kind=unusable]").click()
    assert browser.row_ids() == [rows["api:443"]]
    browser.find(f".attention a[href='#{rows['mail:993']}']").click()  # one that is filtered out
    assert rows["mail:993"] in browser.row_ids()
    notices = browser.find("#notices + ul").text.split("\n")
    assert notices == [
        "the mailbox: No answer.",
        "lego half.example.net: Put the key there.",
        "The source lego contains no certificate.",
    ]


def test_a_row_tells_what_is_served_and_a_section_what_the_run_did(browser: Browser, rotated: dict[str, Path]) -> None:
    browser.open(rotated["en"])
    row = browser.find(f"#{keys(rotated['en'])['api:443']}")
    cells = [cell.text.split("\n")[0] for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
    assert cells == ["api:443", "api.example.com", "Expires soon", "1", "yes", "yes", "10"]
    done = browser.find("section[aria-labelledby=done]").text.split("\n")
    assert done[1:-1] == data(rotated["en"])["done"]


def test_bars_have_the_colour_of_their_urgency(browser: Browser, rotated: dict[str, Path]) -> None:
    """What TLS clients cannot use comes first, and is not green however long it is valid."""
    browser.open(rotated["en"])
    colours = browser.run(
        "return [...document.querySelectorAll('.bars rect:last-child')].map(bar => getComputedStyle(bar).fill)"
    )
    red, amber, green = colours[0], colours[3], colours[4]
    assert len({red, amber, green}) == 3
    assert colours == [red] * 3 + [amber] + [green] * (COUNT - 1 - 4), "of one, the days are not known"


@pytest.mark.parametrize("width", [400, 1200])
def test_no_command_breaks_at_its_hyphens(browser: Browser, rotated: dict[str, Path], width: int) -> None:
    """It is copied as it was, and each of its options is on one line."""
    browser.open(rotated["en"], width=width)
    code = browser.find(".attention code")
    assert code.get_property("textContent") == COMMAND
    heights = browser.run(
        "return [...arguments[0].querySelectorAll('span')].map(word => [word.textContent, word.offsetHeight])", code
    )
    one_line = dict(heights)["-e"]
    assert dict(heights)["--check"] == one_line
    assert width == 400 or {height for _word, height in heights} == {one_line}


def test_every_name_is_found_in_either_spelling(browser: Browser, named_rotation: Path) -> None:
    browser.open(named_rotation)
    rows = keys(named_rotation)
    for text, name in (
        ("bücher", "puny:443"),
        ("xn--mnchen-3ya", "wide:443"),
        ("MÜNCHEN", "wide:443"),
    ):
        browser.search(text, "1 of 3 listeners shown")
        assert browser.row_ids() == [rows[name]], text
        browser.find("#reset").click()
        browser.wait_for("3 of 3 listeners shown")
    browser.search("tenant-005", "1 of 3 listeners shown")
    assert browser.find("tbody summary").text == "and 96 more: tenant-005.example.com"
    browser.find("#reset").click()
    browser.wait_for("3 of 3 listeners shown")
    assert browser.find("tbody summary").text == "and 96 more"
    browser.open(named_rotation, script=False)
    browser.find("tbody summary").click()
    assert "tenant-099.example.com" in browser.find("tbody details").text
