# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All scenarios, in the order in which they are told of."""

from __future__ import annotations

from tests.benchmark.mailbox import SearchMail
from tests.benchmark.roles import Collect, CollectAndImport, Deploy, Page, Report, Request, RequestAgain
from tests.benchmark.rotation import Rotate, RotateAgain
from tests.benchmark.scenario import Scenario
from tests.benchmark.scenarios import GatherImported, Import, ListOrders, Resend, SecondRun, StartUp

SCENARIOS: dict[str, type[Scenario]] = {
    scenario.name: scenario
    for scenario in (
        *(StartUp, ListOrders, GatherImported, Resend, Import, SecondRun, SearchMail),
        *(Request, RequestAgain, Collect, CollectAndImport, Deploy, Report, Page),
        *(Rotate, RotateAgain),
    )
}
