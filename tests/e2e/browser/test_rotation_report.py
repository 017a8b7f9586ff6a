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

from tests.e2e.browser.conftest import HOSTILE, LARGE, Browser, write_report
from tests.e2e.browser.looking import column, heading, sort_by
from tests.support.rotations import listener

COUNT = 14
HEADINGS = {
    "en": ["Listener", "Name", "State", "Certificate", "Served", "Accepted", "Ends by", "Days left"],
    "de": [
        *("Listener", "Name", "Zustand", "Zerti\u00adfikat", "Ausge\u00adliefert", "Ange\u00adnommen"),
        *("Endet durch", "Tage übrig"),
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
    assert [group.get_attribute("class") for group in groups][:4] == ["urgent"] * 3 + [""]
    remedies = [remedy.text for remedy in browser.driver.find_elements(By.CSS_SELECTOR, ".attention .remedies li")]
    assert "shop:443 (shop.example.org): Pointed back." in remedies
    assert "old:443 (old.example.com): It expired, and nothing renews it. Have it renewed." in remedies
    assert len(remedies) == 7
    browser.find(".attention button[data-kind=unusable]").click()
    assert browser.row_ids() == [rows["api:443"]]
    browser.find(f".attention a[href='#{rows['mail:993']}']").click()  # one that is filtered out
    assert rows["mail:993"] in browser.row_ids()
    notices = browser.find("#notices + ul").text.split("\n")
    assert notices == [
        "the mailbox: No answer.",
        "lego half.example.net: Put the key there.",
        "The source lego brings nothing.",
    ]


def test_a_row_tells_what_is_served(browser: Browser, rotated: dict[str, Path]) -> None:
    browser.open(rotated["en"])
    row = browser.find(f"#{keys(rotated['en'])['api:443']}")
    cells = [cell.text.split("\n") for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
    assert cells[:2] == [["api:443"], ["api.example.com"]]
    assert cells[2][:2] == ["Expires soon", "As it was."] and len(cells[2]) == 4, "with both messages"
    assert cells[3:7] == [["1"], ["yes"], ["yes"], [""]] and cells[7][0] == "10"
    far = browser.find(f"#{keys(rotated['en'])['far:443']}")
    assert [cell.text for cell in far.find_elements(By.CSS_SELECTOR, "td")][3:5] == ["not seen", "not seen"]


def test_bars_stand_in_the_order_of_days_left(browser: Browser, rotated: dict[str, Path]) -> None:
    browser.open(rotated["en"])
    bars = browser.driver.find_elements(By.CSS_SELECTOR, ".bars li")
    assert [bar.text.split("\n") for bar in bars[:2]] == [
        ["old:443 · old.example.com", "expired 2 days ago"],
        ["api:443 · api.example.com", "10 days, to be renewed"],
    ]
    assert len(bars) == COUNT - 1, "of one, the days are not known"
    kinds = browser.run(
        "return [...document.querySelectorAll('.bars rect:last-child')].map(bar => bar.className.baseVal)"
    )
    assert kinds[:3] == ["expired", "due", "imported"]


def test_what_the_run_did_and_what_only_the_sources_have(browser: Browser, rotated: dict[str, Path]) -> None:
    browser.open(rotated["en"])
    done = browser.find("section[aria-labelledby=done]").text.split("\n")
    *lines, counts = done[1:]
    assert lines == data(rotated["en"])["done"]
    assert counts == "imported 1, switched 2, seen 2, removed 1, skipped 1, failed 3"
    folded = browser.find("details")
    assert folded.text == "Only in the sources: 2"
    browser.find("summary").click()
    assert "certbot new.example.com" in folded.text and "lego half.example.net" in folded.text


def test_sorting_and_filtering(browser: Browser, rotated: dict[str, Path]) -> None:
    browser.open(rotated["en"])
    assert browser.shown() == f"{COUNT} of {COUNT} listeners shown"
    sort_by(browser, 7)
    days = [int(text) for text in column(browser, 7)]
    assert days == sorted(days) and days[0] == -2
    browser.search("example.org pointed", f"1 of {COUNT} listeners shown")
    browser.find("#reset").click()
    browser.wait_for(f"{COUNT} of {COUNT} listeners shown")
    browser.find("#state option[value=rolled_back]").click()
    assert browser.row_ids() == [keys(rotated["en"])["shop:443"]]
    assert not browser.driver.find_elements(By.CSS_SELECTOR, "#served")


def test_every_name_is_found_in_either_spelling(browser: Browser, named_rotation: Path) -> None:
    browser.open(named_rotation)
    rows = keys(named_rotation)
    for text, name in (
        ("tenant-005", "many:443"),
        ("bücher", "puny:443"),
        ("xn--bcher-kva", "puny:443"),
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


def test_nothing_is_only_said_where_there_is_nothing(browser: Browser, named_rotation: Path, tmp_path: Path) -> None:
    """A run that does not look after listeners names none; what is due is still to be seen."""
    due = write_report(tmp_path / "due.html", "en", {"listeners": [listener("web:443", 9)]})
    for path, said in ((named_rotation, "Nothing. Every listener"), (due, "The run names no listener. But see below")):
        browser.open(path)
        assert browser.find("#attention + p").text.startswith(said)


def test_no_request_leaves_the_page_and_without_a_script_it_is_complete(
    browser: Browser, rotated: dict[str, Path]
) -> None:
    browser.open(rotated["en"])
    sort_by(browser, 0)
    assert browser.requests() <= {rotated["en"].as_uri(), "data:,"}
    browser.open(rotated["en"], script=False)
    assert len(browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr")) == COUNT
    assert not browser.find("#controls").is_displayed()


def test_hostile_values_are_text(browser: Browser, hostile_rotation: Path) -> None:
    browser.open(hostile_rotation)
    sort_by(browser, 0)
    browser.search("<script>", "1 of 1 listeners shown")
    assert browser.driver.title.startswith("Rotation of SSL certificates")
    assert browser.complaints() == []
    assert browser.driver.find_elements(By.CSS_SELECTOR, "img, textarea") == []
    assert browser.run("return document.querySelectorAll('script').length") == 2
    assert column(browser, 0) == [f"{HOSTILE}:443"] and column(browser, 1) == [HOSTILE]


def test_many_rows_are_there_at_once(browser: Browser, large_rotation: Path) -> None:
    browser.open(large_rotation)
    assert browser.shown() == f"{LARGE} of {LARGE} listeners shown"
    assert len(browser.row_ids()) == 100
    browser.search("host00999", f"1 of {LARGE} listeners shown")
    browser.find("#reset").click()
    browser.wait_for(f"{LARGE} of {LARGE} listeners shown")
    sort_by(browser, 1)
    assert column(browser, 1)[0] == "host00000.example.com"
