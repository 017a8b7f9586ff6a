# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every unit test stands on."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.support.certificates import NOW
from tests.support.environment import home, tmp_path
from tests.support.long import EXAMPLES
from tests.support.simulators import demo_simulator, sim

__all__ = ["demo_simulator", "home", "sim", "tmp_path"]

# How long an example takes, or how long it takes to think one up, tells of the machine and what else it does.
settings.register_profile(
    "whatever the clock says",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=EXAMPLES,
)
settings.load_profile("whatever the clock says")

# Tests both import these and name them as their plugin.
pytest.register_assert_rewrite(
    *(f"tests.support.{name}" for name in ("deploying", "dovecot", "haproxy", "postgresql", "sources")),
)


# Under nohup, the tests start with SIGHUP ignored, and a module goes on ignoring it.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Keep the time of day out of the names of tests: the workers of pytest-xdist must agree on these."""
    return argname if isinstance(val, str) and f"{NOW:%H:%M:%S}" in val else None
