# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report without orders as a person meets it; what it shares with the other one is tested there in more detail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from tests.e2e.browser.conftest import LARGE, Browser
from tests.e2e.browser.looking import column, heading, sort_by

NAMES = 18
HEADINGS = {
    "en": ["Name", "Key", "State", "Served by", "In the store", "In the source", "Today", "Services", "Days left"],
    "de": [
        *("Name", "Schlüssel", "Zustand", "Ausgeliefert von", "Im Speicher", "In der Quelle", "Heute", "Dienste"),
        "Tage übrig",
    ],
}


def data(path: Path) -> dict[str, Any]:
    """What is beside a page."""
    told: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return told


def keys(path: Path) -> dict[str, str]:
    """The ids of the rows, by their names."""
    return {row["name"]: f"line-{row['key']}" for row in data(path)["lines"]}


@pytest.mark.parametrize("language", sorted(HEADINGS))
def test_it_tells_all_states(browser: Browser, rotated: dict[str, Path], language: str) -> None:
    browser.open(rotated[language])
    states = {state: count for state, count in data(rotated[language])["states"].items() if count}
    assert states.keys() == data(rotated[language])["states"].keys() - {"unknown"}
    tiles = browser.driver.find_elements(By.CSS_SELECTOR, ".tiles button")
    assert [(tile.get_attribute("data-state"), int(tile.text.split()[0])) for tile in tiles] == list(states.items())
    assert [heading(browser, number)[0] for number in range(len(HEADINGS[language]))] == HEADINGS[language]
    colours = browser.run(
        "return [...document.querySelectorAll('.pill')].filter(pill => getComputedStyle(pill).backgroundColor === 'rgba(0, 0, 0, 0)').length"
    )
    assert colours == 0


def test_what_needs_a_person_says_its_remedy_and_leads_to_the_row(browser: Browser, rotated: dict[str, Path]) -> None:
    browser.open(rotated["en"])
    rows = keys(rotated["en"])
    remedies = browser.driver.find_elements(By.CSS_SELECTOR, ".remedies li")
    told = dict(remedy.text.split(": ", 1) for remedy in remedies)
    assert told["odd.example.net"] == "Not trusted: Name the root."
    assert told["mail.example.com"] == "mail:993: Its organization is another one."
    assert told["half.example.net"] == "Put the key there."
    assert told["old.example.com"] == (
        "No source has a certificate with all of these names and this type of key, so nothing renews it."
    )
    browser.find(".attention button[data-kind=refused]").click()
    assert browser.row_ids() == [rows["odd.example.net"]]
    browser.find(f".attention a[href='#{rows['mail.example.com']}']").click()  # one that is filtered out
    assert rows["mail.example.com"] in browser.row_ids()


def test_a_row_tells_what_is_where_and_what_was_done(browser: Browser, rotated: dict[str, Path]) -> None:
    browser.open(rotated["en"])
    row = browser.find(f"#{keys(rotated['en'])['www.example.com']}")
    cells = [cell.text.split("\n") for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
    [told] = [one for one in data(rotated["en"])["lines"] if one["name"] == "www.example.com"]
    until = f"until {told['served_until'][:10]}"
    assert cells[0] == ["www.example.com"] and cells[1] == ["EC"]
    assert cells[2] == ["Renewed today", "The listeners were switched to the newest certificate."]
    assert cells[3] == ["api-west:443, web:443, web:8443", "and 1 more", until]
    assert cells[4] == ["2", until, "front"]
    assert cells[5] == ["certbot: www.example.com", until]
    assert cells[6][:2] == ["Imported as 2", "Switched: web:443"] and cells[6][-1] == "Removed: 1"
    assert cells[7:] == [["4"], cells[8]] and cells[8][0] == "89"


def test_sorting_and_filtering(browser: Browser, rotated: dict[str, Path]) -> None:
    browser.open(rotated["en"])
    assert browser.shown() == f"{NAMES} of {NAMES} names shown"
    names = column(browser, 0)
    assert names == sorted(names, key=lambda name: name.removeprefix("*."))
    sort_by(browser, 8)
    days = [int(text) for text in column(browser, 8)]
    assert days == sorted(days) and days[0] == -2
    browser.search("lego broken", f"0 of {NAMES} names shown")
    browser.search("lego link", f"1 of {NAMES} names shown")
    browser.find("#reset").click()
    browser.wait_for(f"{NAMES} of {NAMES} names shown")
    browser.find("#served option[value=web]").click()
    assert browser.row_ids() == [keys(rotated["en"])["www.example.com"]]


def test_no_request_leaves_the_page_and_without_a_script_it_is_complete(
    browser: Browser, rotated: dict[str, Path]
) -> None:
    browser.open(rotated["en"])
    sort_by(browser, 0)
    assert browser.requests() <= {rotated["en"].as_uri(), "data:,"}
    browser.open(rotated["en"], script=False)
    assert len(browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr")) == NAMES
    assert not browser.find("#controls").is_displayed()


def test_hostile_values_are_text(browser: Browser, hostile_rotation: Path) -> None:
    browser.open(hostile_rotation)
    sort_by(browser, 0)
    browser.search("<script>", "1 of 1 names shown")
    assert browser.driver.title.startswith("Renewal of SSL certificates")
    assert browser.complaints() == []
    assert browser.driver.find_elements(By.CSS_SELECTOR, "img, textarea") == []
    assert browser.run("return document.querySelectorAll('script').length") == 2


def test_many_rows_are_there_at_once(browser: Browser, large_rotation: Path) -> None:
    browser.open(large_rotation)
    assert browser.shown() == f"{LARGE} of {LARGE} names shown"
    assert len(browser.row_ids()) == 250
    browser.search("host00999", f"1 of {LARGE} names shown")
    browser.find("#reset").click()
    browser.wait_for(f"{LARGE} of {LARGE} names shown")
    sort_by(browser, 0)
    assert column(browser, 0)[0] == "host00000.example.com"
