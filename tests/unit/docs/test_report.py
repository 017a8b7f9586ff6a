# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to the reports explains each state, in the order of the code's list of them."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import DeployOutcome, State

from tests.support.pages import ROOT

ORDERS, ROTATION = (
    (ROOT / "docs/docsite/rst/guide_report.rst").read_text("utf-8").split("The report without orders\n---")
)


@pytest.mark.parametrize(("text", "declared"), [(ORDERS, State), (ROTATION, DeployOutcome)], ids=["orders", "rotation"])
def test_the_guide_explains_every_state(text: str, declared: Any) -> None:
    table = text.partition("* - State\n")[2]
    listed = [
        word for cell in re.findall(r"^   \* - (``.*)$", table, re.MULTILINE) for word in re.findall(r"``(\w+)``", cell)
    ]
    assert listed == list(get_args(declared))
