# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reasons of skipped tests, and the slowest tests, as `make test` prints them at the end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.tools.run import count_tests, find_slowest, skip_reasons

CASES = """<testsuites><testsuite>
<testcase classname="a" name="b" time="0.5"/><testcase classname="a" name="c" time="12.25"><failure/></testcase>
<testcase><skipped type="pytest.skip" message="there is no openssl&#10;at all">a.py:1: there is no openssl</skipped></testcase>
<testcase><skipped type="pytest.skip" message="there is no openssl&#10;here">b.py:2: there is no openssl</skipped></testcase>
<testcase><skipped>only root can do it</skipped></testcase>
<testcase><skipped>No tests applicable.</skipped></testcase>
</testsuite></testsuites>"""


def test_each_reason_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "pytest.xml").write_text(CASES, encoding="utf-8")
    assert skip_reasons(tmp_path) == Counter({"there is no openssl": 2, "only root can do it": 1})
    assert count_tests(tmp_path) == Counter(passed=1, failed=1, skipped=3)


def test_the_slowest_test_comes_first(tmp_path: Path) -> None:
    (tmp_path / "pytest.xml").write_text(CASES, encoding="utf-8")
    assert find_slowest([tmp_path])[:2] == [(12.25, "a::c"), (0.5, "a::b")]
