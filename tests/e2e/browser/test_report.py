# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a person meets it: in a browser, from disk, in every size and colour, with and without a script."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.e2e.browser.conftest import HOSTILE, MANY, SCREENSHOTS, Browser
from tests.e2e.browser.looking import VIEWS, column, heading, number_of, sort_by, violations
from tests.support.long import LONG

LOADS, SECONDS = 3 if LONG else 1, 2
Reports = dict[str, Path]
"""By language."""


@pytest.mark.parametrize("reports", ["fleet", "balanced", "rotated"])
@pytest.mark.parametrize(("language", "width", "dark"), VIEWS)
def test_it_is_accessible_and_nothing_sticks_out(
    *, browser: Browser, request: pytest.FixtureRequest, reports: str, language: str, width: int, dark: bool
) -> None:
    browser.open(request.getfixturevalue(reports)[language], width=width, dark=dark)
    assert violations(browser) == []
    assert browser.run("return document.documentElement.scrollWidth") == width
    assert browser.run(STICKS_OUT) == []
    assert browser.complaints() == []


STICKS_OUT = """
return [...document.querySelectorAll('section *, section')]
    .filter((element) => element.clientWidth && element.scrollWidth > element.clientWidth + 1 && element.tagName !== 'INPUT')
    .map((element) => element.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("width", [400, 768, 1024])
def test_on_small_screens_each_row_is_a_card_and_the_buttons_have_a_label(
    browser: Browser, fleet: Reports, width: int
) -> None:
    browser.open(fleet["en"], width=width)
    cards = browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert len({card.rect["x"] for card in cards}) == (1 if width == 400 else 2)
    label = browser.find("#sortable b")
    first = browser.driver.find_elements(By.CSS_SELECTOR, "thead button")[0]
    assert label.text == "Sort by:" and 0 <= first.rect["y"] - label.rect["y"] < 60
    sort_by(browser, 0)
    assert column(browser, 0) == sorted(column(browser, 0))
    browser.open(fleet["en"], width=width, script=False)
    assert not browser.find("thead").is_displayed(), "there is nothing to press"
    browser.open(fleet["en"])
    assert not browser.find("#sortable b").is_displayed()


def test_marks_have_a_form_and_enough_contrast(browser: Browser, rotated: Reports) -> None:
    """They are called by their form, and are visible in the light and in the dark (WCAG 2.2, 1.4.1 and 1.4.11)."""
    for dark in (False, True):
        browser.open(rotated["en"], dark=dark)
        assert browser.run(MARKS) == {"is-unfit": "\u2715", "is-due": "\u25b2"}
        card = browser.run("return getComputedStyle(document.querySelector('.card')).backgroundColor")
        for kind in ("unfit", "due"):
            colour = browser.run(f"return getComputedStyle(document.querySelector('.is-{kind}'), '::before').color")
            assert contrast(colour, card) >= 3, (kind, dark)
    assert browser.find("#served-title + .legend").text.split("\n")[-2:] == [
        "expired, revoked, rejected, or not served",
        "due for renewal",
    ]


MARKS = """
return Object.fromEntries(['is-unfit', 'is-due'].map((name) => [
    name, getComputedStyle(document.querySelector(`tbody .${name}`), '::before').content.slice(1, 2)
]))
"""


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_no_request_leaves_the_page(browser: Browser, fleet: Reports) -> None:
    browser.open(fleet["en"])
    browser.search("example.com", "5 of 12 orders shown")
    sort_by(browser, 0)
    assert browser.requests() == {fleet["en"].as_uri(), "data:,"} or browser.requests() == set()
    assert browser.complaints() == []


def test_the_page_forbids_what_it_does_not_have(browser: Browser, fleet: Reports) -> None:
    browser.open(fleet["en"])
    browser.run(
        """const script = document.createElement("script");
        script.textContent = "document.title = 'owned'";
        document.body.append(script);
        const image = document.createElement("img");
        image.src = "http://127.0.0.1:9/x.png";
        document.body.append(image);"""
    )
    assert browser.driver.title != "owned"
    assert len([complaint for complaint in browser.complaints() if "Content Security Policy" in complaint]) == 2


def test_sorting(browser: Browser, fleet: Reports) -> None:
    browser.open(fleet["en"])
    assert heading(browser, 10) == ("Days left", None)
    sort_by(browser, 10)
    days = [int(text) for text in column(browser, 10)]
    assert days == sorted(days) and days[0] < 0 and len(days) == 8
    assert heading(browser, 10)[1] == "ascending"
    sort_by(browser, 10)
    assert [int(text) for text in column(browser, 10)] == days[::-1]
    assert heading(browser, 10)[1] == "descending"
    blank = browser.run("return [...document.querySelectorAll('tbody tr')].map(row => row.cells[10].innerText === '')")
    assert blank == sorted(blank)  # what is not known comes last either way

    sort_by(browser, 0)
    names = column(browser, 0)
    assert names == sorted(names)
    assert [heading(browser, number)[1] for number in (0, 10)] == ["ascending", None]


def test_filtering_by_text(browser: Browser, fleet: Reports) -> None:
    browser.open(fleet["en"])
    assert browser.shown() == "12 of 12 orders shown"
    assert browser.find("#shown").get_attribute("role") == "status"
    browser.search("EXAMPLE.org pending", "1 of 12 orders shown")
    assert browser.rows() == [100210]
    browser.search("hostmaster@", "2 of 12 orders shown")
    browser.search("no such thing", "0 of 12 orders shown")
    assert browser.find("#empty").is_displayed()
    browser.find("#reset").click()
    browser.wait_for("12 of 12 orders shown")
    assert not browser.find("#empty").is_displayed()


SERVED, UNSERVED = 100201, {100204, 100205}


def test_filtering_by_what_serves(browser: Browser, balanced: Reports) -> None:
    browser.open(balanced["en"])
    assert browser.complaints() == []
    options = browser.driver.find_elements(By.CSS_SELECTOR, "#served option")
    assert [option.text for option in options] == [
        "All certificates",
        "No load balancer (2)",
        "shop:eu (1)",
        f"{HOSTILE} (1)",
    ]
    options[1].click()
    assert browser.shown() == "2 of 12 orders shown"
    assert set(browser.rows()) == UNSERVED
    for option in options[2:]:
        option.click()
        assert browser.rows() == [SERVED]
    browser.find("#state option[value=not_served]").click()
    assert browser.shown() == "0 of 12 orders shown"
    browser.find("#reset").click()
    browser.wait_for("12 of 12 orders shown")
    assert browser.find("#served").get_property("selectedIndex") == 0
    tile = browser.find(".tiles button[data-state=not_served]")
    assert tile.text.split("\n") == ["2", "Imported, not served yet"]
    tile.click()
    assert set(browser.rows()) == UNSERVED
    options[2].click()
    browser.find("button[data-kind=expiring]").click()  # shows all of them, whatever was chosen before
    assert browser.rows() == [100205]


def test_the_column_of_what_serves(browser: Browser, balanced: Reports, fleet: Reports) -> None:
    browser.open(balanced["en"])
    number = number_of(browser, "Served by")
    cell = browser.find(f"#order-{SERVED} td:nth-of-type({number})").text
    assert "shop:eu:443, shop:eu:8443" in cell and "and 1 more" in cell
    sort_by(browser, number)
    assert browser.rows()[0] == SERVED
    browser.open(fleet["en"])
    assert browser.driver.find_elements(By.CSS_SELECTOR, "#served, [data-served]") == []


def test_what_needs_a_person_leads_to_the_table(browser: Browser, fleet: Reports) -> None:
    browser.open(fleet["en"])
    button = browser.find("button[data-kind=expiring]")
    button.click()
    assert browser.rows() == [100205]
    assert button.get_attribute("aria-pressed") == "true"
    browser.find(".attention a[href='#order-100208']").click()  # one that is filtered out
    assert 100208 in browser.rows()
    assert browser.driver.current_url.endswith("#order-100208")


def test_without_a_script_it_is_complete(browser: Browser, fleet: Reports, large: Path) -> None:
    browser.open(fleet["en"], script=False)
    assert browser.find("#rows").is_displayed()
    assert len([row for row in browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr") if row.is_displayed()]) == 12
    assert [
        button
        for button in browser.driver.find_elements(By.CSS_SELECTOR, "button, input, select")
        if button.is_displayed()
    ] == []
    browser.open(large, script=False)
    assert browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr:last-child")[0].is_displayed()


def test_printed_it_has_every_row_and_no_controls(browser: Browser, fleet: Reports, large: Path) -> None:
    for path, rows in ((fleet["en"], 12), (large, MANY)):
        browser.open(path, dark=True)
        browser.command("Emulation.setEmulatedMedia", media="print")
        assert [
            control for control in browser.driver.find_elements(By.CSS_SELECTOR, CONTROLS) if control.is_displayed()
        ] == []
        first, *_others, last = browser.driver.find_elements(By.CSS_SELECTOR, "thead th")
        assert (first.text, last.text) == ("Name", "Days left")
        assert len(browser.rows()) == rows
        assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


CONTROLS = ".plain, thead button, input, select, label, summary, #sortable"
"""What is of no use on paper; the tiles with the counts are."""


def test_printed_a_large_fleet_takes_few_pages(browser: Browser, large: Path) -> None:
    """A row is a line or two, and each page has the headings of the columns."""
    browser.open(large)
    printed = base64.b64decode(browser.command("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= MANY / 20


def test_hostile_values_are_text(browser: Browser, hostile: Path) -> None:
    browser.open(hostile)
    sort_by(browser, 0)
    browser.search("<script>", "12 of 12 orders shown")
    assert browser.driver.title.startswith("SSL certificates")
    assert browser.complaints() == []
    assert browser.driver.find_elements(By.CSS_SELECTOR, "img, textarea") == []
    assert set(column(browser, 0)) == {HOSTILE}
    assert set(column(browser, 1)) == {HOSTILE}
    number = number_of(browser, "Imported as")
    assert HOSTILE in browser.find(f"#order-{SERVED} td:nth-of-type({number})").text


def test_thousands_of_rows_are_there_at_once(browser: Browser, large: Path) -> None:
    times = []
    for _load in range(LOADS):
        browser.open(large)
        times.append(browser.run("return performance.getEntriesByName('interactive')[0].startTime / 1000"))
    assert not LONG or min(times) < SECONDS, times
    assert browser.shown() == f"{MANY} of {MANY} orders shown"
    assert len(browser.rows()) == 100
    browser.search(f"host{MANY - 1:05}", f"1 of {MANY} orders shown")
    assert len(browser.rows()) == 1
    browser.find("#reset").click()
    browser.wait_for(f"{MANY} of {MANY} orders shown")
    sort_by(browser, 0)
    assert column(browser, 0)[0].startswith("host00000.")
    browser.find("#rest button").click()
    assert len(browser.rows()) == MANY
    focused = browser.driver.switch_to.active_element.get_attribute("id")
    assert browser.row_ids().index(focused) == 100, "the keyboard goes on where the button was"


PICTURES: dict[str, tuple[str, str, int, int, bool]] = {
    "report-light": ("fleet", "en", 1400, 1250, False),
    "report-dark": ("fleet", "de", 1400, 1250, True),
    "report-narrow": ("fleet", "en", 400, 2100, False),
    "report-narrow-dark": ("fleet", "de", 400, 2100, True),
    "rotation-light": ("rotated", "en", 1400, 2250, False),
    "rotation-narrow-dark": ("rotated", "de", 400, 2700, True),
}
"""Those of the documentation: reports, language, width and height, and whether it is dark."""


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    reports, language, width, height, dark = PICTURES[name]
    browser.open(request.getfixturevalue(reports)[language], width=width, height=height, dark=dark)
    picture = Path(SCREENSHOTS or tmp_path) / f"{name}.png"
    assert browser.driver.save_screenshot(str(picture))
    assert picture.stat().st_size > 20_000


def test_a_picture_of_a_large_fleet(browser: Browser, large: Path, tmp_path: Path) -> None:
    browser.open(large, width=1400, height=700)
    assert browser.driver.save_screenshot(str(Path(SCREENSHOTS or tmp_path) / "report-large.png"))
