# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation do what they say: each page is followed, in a world that has what it speaks of.

Without `LONG=1` in the environment, only the quick start is, less its runs in check mode: `test_outputs` runs those of the README, and
what all pages name is looked up by `test_options`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.outside.servers import Proxy
from tests.simulator.client import Simulator
from tests.support.documented import deviations
from tests.support.dovecot import Server as MailServer
from tests.support.long import LONG
from tests.support.pages import PREFIX, Page, pages
from tests.support.postgresql import Server as Database
from tests.unit.docs.reader import Reader
from tests.unit.docs.world import World

pytestmark = pytest.mark.later

pytest_plugins = ["tests.support.dovecot", "tests.support.postgresql"]

FOUND = {
    "ssl_order_info": "orders",
    "ssl_fulfillment_email": "emails",
    "ssl_fulfillment_email_info": "certificates",
    "ssl_certificate_import": "certificates",
    "ssl_certificate_info": "certificates",
    "ssl_certificate_export": "certificates",
    "secrets_manager_certificate": "certificates",
    "ssl_certificate_deploy": "listeners",
    "ssl_certificate_rotate": "listeners",
    "ssl_endpoint_info": "endpoints",
    "ssl_certificate_report": "paths",
}
"""What of each module's result an example should have something in."""
ENDS_RUN = "lines"
"""What `ssl_certificate_report` returns in place of the files where it ends a run."""
FIND_NOTHING = (
    "Check the mailbox before any email is requested",
    "Check that the store no longer lists the test certificates",
)
"""Tasks that look for no order, and for what was deleted."""
READ_FIRST = "docs/docsite/rst/guide_quick_start.rst"
WALKED = "README.md"
"""A page that installs itself on the machine: `tests/e2e/walk` and `test_outputs` follow it."""
OF_ROLES = ("softlayer.certificates.ssl_fulfillment : ", "softlayer.certificates.ssl_rotation : ")
"""Tasks of roles begin so; they may have nothing to do."""


@pytest.fixture(scope="module")
def empty_simulator() -> Iterator[Simulator]:
    """One simulator for all pages; its load balancers serve."""
    with Simulator.start(fleet="empty", serve=True) as simulator:
        yield simulator


@pytest.fixture
def reader(empty_simulator: Simulator, dovecot: MailServer, postgresql: Database, tmp_path: Path) -> Iterator[Reader]:
    """A reader in a new world."""
    empty_simulator.reset()
    inbox = dovecot.new_user(empty_simulator.maildir)
    with Proxy(urlsplit(empty_simulator.rest_url).port or 0) as proxy:
        world = World(tmp_path, empty_simulator, inbox, postgresql, proxy)
        with world.servers:
            yield Reader(world)


PAGES = [page for page in pages() if (LONG and page.name != WALKED) or page.name == READ_FIRST]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name.replace(" ", "-"))
def test_the_page_can_be_followed(page: Page, reader: Reader) -> None:
    reader.follow(page)
    for record in reader.records():
        module = str(record["action"]).removeprefix(PREFIX)
        if module not in FOUND or record["no_log"]:
            continue
        for result in results(record):
            assert deviations(module, result) == []
            if not record["task"].startswith((*OF_ROLES, *FIND_NOTHING)):
                what = ENDS_RUN if ENDS_RUN in result else FOUND[module]
                assert record["outcome"] == "ok" and result[what], f"{record['task']}: finds nothing"


def results(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the module itself returned, each time if it is in a loop."""
    of_ansible = ("_ansible", "__ssl_", "ansible_", "attempts", "changed_when", "failed_when", "item")
    for result in record["result"].get("results", [record["result"]]) if record["outcome"] != "skipped" else ():
        yield {name: value for name, value in result.items() if not name.startswith(of_ansible)}
