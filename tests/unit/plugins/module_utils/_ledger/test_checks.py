# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""URLs of ledgers that are understood without the library for databases: they mean to that what they mean here."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.checks import is_plain
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.place import find_place
from hypothesis import given
from hypothesis import strategies as st


@given(st.text("aZ0./-_", max_size=20) | st.text("aä./:@%?#&= \n", max_size=5))
def test_what_is_plain_is_a_file_that_can_be_the_ledger(name: str) -> None:
    url = f"sqlite:////{name}"
    if is_plain(url):
        place = find_place(url)
        assert (place.get_backend_name(), place.database, dict(place.query)) == ("sqlite", f"/{name}", {})


@pytest.mark.parametrize("path", ["/var/lib/certificates/ledger.sqlite3", "//a", "/home/me/.local/state/a-b_c.db"])
def test_a_usual_path_is_plain(path: str) -> None:
    assert is_plain(f"sqlite:///{path}")


@pytest.mark.parametrize(
    "url",
    [
        *("", "sqlite://", "sqlite:///", "sqlite:///:memory:"),
        *("sqlite:///ledger.sqlite3", "sqlite:///../ledger.sqlite3"),
        *("sqlite:////proc/self/cwd/ledger", "sqlite:////a/../proc/self/cwd/ledger", "sqlite:////a\n", "sqlite:////ä"),
        *("sqlite:////a?mode=ro", "sqlite:////a%20b", "sqlite+aiosqlite:////a", "SQLITE:////a", " sqlite:////a"),
        *("postgresql://user@host/database", "postgresql:////a", "/var/lib/certificates/ledger.sqlite3"),
    ],
)
def test_of_others_the_library_knows(url: str) -> None:
    assert not is_plain(url)
