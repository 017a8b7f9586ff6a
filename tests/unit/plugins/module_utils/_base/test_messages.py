# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sentences of all rooms have in common."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.messages import (
    Form,
    describe_error,
    describe_missing_result,
    describe_unexpected_error,
    participle,
)


@pytest.mark.parametrize(
    ("form", "said"), [("done", "Painted"), ("would be", "Would be painted"), ("to be", "To be painted")]
)
def test_how_a_sentence_without_a_subject_begins(form: Form, said: str) -> None:
    assert participle(form, "painted") == said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("api_error", "It did not answer."),
        (None, "It did not answer."),
        (
            "outcome_unknown",
            "It did not answer. Run the playbook again. The playbook checks the current state before it changes anything.",
        ),
    ],
)
def test_an_error(reason: str | None, said: str) -> None:
    assert describe_error(reason, {"error": "It did not answer."}) == said


@pytest.mark.parametrize(
    ("place", "state", "said"),
    [
        ("a.py, line 2 (ask)", "Look there. ", "a.py, line 2 (ask). Look there. "),
        (None, "", "an unknown location. "),
    ],
)
def test_an_unexpected_error(place: str | None, state: str, said: str) -> None:
    assert describe_unexpected_error("ValueError", place, state) == (
        f"Unexpected error: ValueError in {said}If the error persists, open an issue with this message: "
        "https://github.com/softlayer/softlayer.certificates/issues"
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "."),
        ({"msg": "No.\nAnd more", "module_stderr": None}, ": No."),
        ({"msg": "No", "module_stderr": "one\nKilled\n"}, ": Killed."),
        ({"msg": "No", "module_stderr": "Traceback (most recent call last):\nValueError: s3cret"}, ": No."),
    ],
)
def test_a_module_that_returned_nothing(answer: dict[str, Any], said: str) -> None:
    assert describe_missing_result(answer) == f"The module ended without a result{said}"
