# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open a report in Chromium without a window, and note when it answers: `python -m tests.benchmark.browser`.

Reads from standard input what to open and the paths of Chromium and its driver; prints how many rows the page has and how
long it took. Speaks the WebDriver protocol itself, which is a few requests, so that no library is needed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--window-size=1400,900"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en"),
)
STARTED = re.compile(r"started successfully on port (\d+)")
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


class Driver:
    """A session of chromedriver."""

    def __init__(self, port: int, chromium: str, profile: str) -> None:
        self._base = f"http://127.0.0.1:{port}/session"
        options = {"binary": chromium, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        self._base += f"/{self.ask('POST', '', wanted)['sessionId']}"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a command and return its value."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with DIRECT.open(request) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            sys.exit(f"the driver refuses {path or '/session'}: {json.load(error)['value']['message']}")

    def run(self, script: str) -> Any:
        """Run a script in the page and return what it is done with."""
        return self.ask("POST", "/execute/async", {"script": script, "args": []})


DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def driver(programs: dict[str, str]) -> Iterator[Driver]:
    """Chromium, which ends with the block. Its files are where their paths are short: it has sockets among them."""
    with (
        tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as profile,
        subprocess.Popen(
            [programs["chromedriver"], "--port=0"],
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": profile},
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            port = next(int(found[1]) for line in process.stdout if (found := STARTED.search(line)))
            session = Driver(port, programs["chromium"], profile)
            try:
                yield session
            finally:
                session.ask("DELETE", "")
        finally:
            process.terminate()


def main() -> None:
    """Open it."""
    given = json.load(sys.stdin)
    with driver(given) as session:
        session.ask("POST", "/url", {"url": given["url"]})
        found = session.run(INTERACTIVE)
        told = {"done": found["rows"]}
        if found["marked"]:
            told["interactive_seconds"] = found["milliseconds"] / 1000
            told["search_seconds"] = session.run(SEARCH) / 1000
    print(json.dumps(told))


if __name__ == "__main__":
    main()
