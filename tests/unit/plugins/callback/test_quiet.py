# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is printed where nothing is to be printed unless a task fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.callback.quiet import CallbackModule


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> tuple[CallbackModule, list[tuple[str, bool]]]:
    """The callback, and what it prints, with whether that is an error."""
    callback, lines = CallbackModule(), list[tuple[str, bool]]()
    display = SimpleNamespace(display=lambda line, stderr=False: lines.append((line, stderr)))
    monkeypatch.setattr(callback, "_display", display)
    return callback, lines


@pytest.mark.parametrize("name", ["result", "_result"])
def test_a_failure_is_told_once(name: str, printed: tuple[CallbackModule, list[tuple[str, bool]]]) -> None:
    """Of a loop, the sentence of each item, too; of what may fail, none."""
    callback, lines = printed

    def ended(**result: Any) -> Any:
        return SimpleNamespace(**{name: result})

    callback.v2_runner_on_failed(ended(msg="Ignored."), ignore_errors=True)
    assert lines == []
    callback.v2_runner_on_failed(ended(msg="It failed.", lines=["A row."]))
    callback.v2_runner_on_unreachable(ended(msg="Nobody is there."))
    items = [{"msg": "It failed.", "failed": True}, {"msg": "Fine."}, {"msg": "So did this.", "failed": True}]
    callback.v2_runner_on_failed(ended(msg="It failed.", results=items))
    assert [line for line, _is_error in lines] == ["It failed.", "Nobody is there.", "It failed.", "So did this."]
    assert all(is_error for _line, is_error in lines)
