# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that share what takes long are run by one of pytest-xdist's processes."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("of tests")
def test_what_hands_out_tests_knows_their_groups(request: pytest.FixtureRequest) -> None:
    """It looks for the group behind the test's name. Without it the tests pass too, but take much longer."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("all tests are run by one process")
    assert request.node.nodeid.endswith("@of tests")
