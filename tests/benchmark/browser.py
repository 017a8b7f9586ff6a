# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open a report in Chromium without a window, and note when it answers: `python -m tests.benchmark.browser`.

Reads from standard input what to open and the paths of Chromium and its driver; prints how many rows the page has and how
long it took.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--window-size=1400,900"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en"),
)
INTERACTIVE = """
const done = arguments[0];
requestAnimationFrame(() => setTimeout(() => done({
  rows: document.querySelectorAll("tbody tr").length,
  marked: performance.getEntriesByName("interactive").length > 0,
  milliseconds: performance.now(),
})));
"""
"""A frame was drawn and the script has nothing to do any more: milliseconds since the page was asked for."""
SEARCH = """
const done = arguments[0], started = performance.now(), field = document.getElementById("search");
const shown = document.getElementById("shown"), before = shown.textContent;
new MutationObserver(() => shown.textContent !== before && requestAnimationFrame(() => setTimeout(
  () => done(performance.now() - started)))).observe(shown, {childList: true, characterData: true, subtree: true});
field.value = "host00000";
field.dispatchEvent(new Event("input"));
"""
"""A word is put into the search field: milliseconds until the rows that have it are drawn."""


@contextmanager
def driver(programs: dict[str, str]) -> Iterator[webdriver.Chrome]:
    """Chromium, which ends with the block. Its files are where their paths are short: it has sockets among them."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = programs["chromium"]
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        service = Service(programs["chromedriver"], env={**os.environ, "TMPDIR": profile})
        session = webdriver.Chrome(options=options, service=service)
        try:
            yield session
        finally:
            session.quit()


def main() -> None:
    """Open it."""
    given = json.load(sys.stdin)
    with driver(given) as session:
        session.get(given["url"])
        found = session.execute_async_script(INTERACTIVE)
        told = {"done": found["rows"]}
        if found["marked"]:
            told["interactive_seconds"] = found["milliseconds"] / 1000
            told["search_seconds"] = session.execute_async_script(SEARCH) / 1000
    print(json.dumps(told))


if __name__ == "__main__":
    main()
