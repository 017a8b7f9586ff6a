# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what is to run once in a play would; how Ansible does run it: `outside/test_once.py`."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import why_not_once

LINEAR, FREE = "ansible.builtin.linear", "free"


@pytest.mark.parametrize(
    ("strategy", "every", "left", "batch", "said"),
    [
        (LINEAR, "abc", "abc", "abc", None),
        (LINEAR, "abc", "bc", "cb", None),
        ("linear", "abc", "abc", "ab", "in batches (serial)"),
        ("debug", "abc", "abc", "abc", None),
        ("ansible.builtin.debug", "ab", "a", "a", None),
        ("free", "a", "a", "a", None),
        (FREE, "ab", "a", "a", "The strategy free of this play runs for each of its 2 hosts what is to run once"),
        ("ansible.builtin.host_pinned", "abc", "abc", "abc", "for each of its 3 hosts"),
        ("no.such.strategy", "ab", "ab", "ab", "The strategy no.such.strategy"),
        (FREE, "", "", "", None),
    ],
)
def test_what_runs_once(strategy: str, every: str, left: str, batch: str, said: str | None) -> None:
    """Of a play with these hosts, of which these have not failed, and these are in the batch."""
    variables = {"ansible_play_hosts_all": [*every], "ansible_play_hosts": [*left], "ansible_play_batch": [*batch]}
    why_not = why_not_once(strategy, variables)
    assert why_not is None if said is None else said in str(why_not)
    assert why_not is None or "nothing was done" in why_not
