# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all items of a plan have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.action import (
    Action,
    build_certificates_failure,
    build_items_failure,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import Code
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._base.messages import describe_error, participle


def of_painting(action: Painting) -> str:
    if action.outcome == "failed":
        return describe_error(action.reason, action.facts)
    return f"{participle(action.form, 'painted')} {action.colour}: the {action.facts['what']}."


@dataclass(frozen=True)
class Painting(Action[str, str]):
    MESSAGE = of_painting
    REASONS = frozenset({"not_found"})
    RESET_ON_FAILURE = {"brush": None}
    ERROR_DETAILS = frozenset({"colour"})

    colour: str | None = "green"
    brush: str | None = None


@dataclass(frozen=True)
class Checked(Painting):
    """One that the next run checks."""

    CHECKS_STATE_ON_RETRY = True


PAINTED = Painting("painted", None, {"what": "door"})
NO_DOOR = {"error": "No door."}


def test_a_failure_keeps_what_it_is_about_unless_its_kind_says_otherwise() -> None:
    failed = Painting("failed", "not_found", NO_DOOR, "green")
    assert PAINTED.mark_failed("not_found", NO_DOOR) == failed
    assert PAINTED.mark_failed("not_found", NO_DOOR, colour=None) == replace(failed, colour=None)
    at_work = replace(PAINTED, brush="wide")
    assert at_work.mark_failed("not_found", NO_DOOR) == failed
    assert at_work.mark_failed("not_found", NO_DOOR, brush="thin").brush == "thin"


def test_a_failure_takes_over_details_of_its_error() -> None:
    failed = PAINTED.mark_failed_by(CertificatesError("not_found", "No.", colour="red", brush="wide"))
    assert (failed.colour, failed.brush, failed.facts) == ("red", None, {"error": "No."})


def test_without_an_answer_nothing_is_known_if_the_next_run_checks() -> None:
    lost = CertificatesError("no_answer", "It did not answer.")
    failed, unknown = PAINTED.mark_failed_by(lost), Checked("painted", None, {}).mark_failed_by(lost)
    assert (failed.reason, failed.facts) == ("api_error", {"error": "It did not answer."})
    assert unknown == Checked("failed", "outcome_unknown", {"error": "It did not answer."})
    assert Checked("painted", None, {}).mark_failed_by(CertificatesError("refused", "No.")).reason == "api_error"


@pytest.mark.parametrize(("code", "reason"), [("not_found", "not_found"), ("refused", "api_error")])
def test_an_error_gives_its_code_as_reason_where_the_kind_has_it(code: Code, reason: str) -> None:
    failed = PAINTED.mark_failed_by(CertificatesError(code, "No door."))
    assert failed.build_outcome() == {"outcome": "failed", "reason": reason, "message": "No door."}


def test_what_would_be_done_does_not_say_that_it_was() -> None:
    simulated = PAINTED.simulate()
    assert (simulated.form, PAINTED.form) == ("would be", "done")
    assert simulated.message == "Would be painted green: the door."
    assert PAINTED.message == "Painted green: the door."
    assert PAINTED.state == PAINTED.message and simulated.state == "To be painted green: the door."


@pytest.mark.parametrize("outcome", ["unchanged", "skipped", "failed", "rolled_back"])
def test_what_was_not_done_has_one_form(outcome: str) -> None:
    settled = Painting(outcome, None, {"what": "door", **NO_DOOR})
    assert settled.simulate() is settled and settled.state == settled.message


def test_a_run_fails_with_what_is_said_of_its_items() -> None:
    assert build_items_failure("listeners_failed", ["a: no", "b: no"], "7 doors stay", listeners=["a", "b"]) == {
        "code": "listeners_failed",
        "message": "2 of 7 doors stay: a: no; b: no",
        "details": {"listeners": ["a", "b"]},
    }
    many = build_items_failure("listeners_failed", [f"{number}." for number in range(7)], "7 doors stay", between=" ")
    assert many["message"] == "7 of 7 doors stay: 0. 1. 2. 3. 4. and 2 more"


def test_a_run_that_was_interrupted_says_so_first() -> None:
    stopped = build_items_failure(
        "listeners_failed", ["a: no"], "7 doors stay", stopped=True, stop="It was told to stop."
    )
    assert (stopped["code"], stopped["message"]) == ("interrupted", "It was told to stop. 1 of 7 doors stay: a: no")
    alone = build_items_failure("listeners_failed", [], "7 doors stay", stopped=True, stop="It was told to stop.")
    assert alone["message"] == "It was told to stop."
    usual = build_items_failure("listeners_failed", ["a", "b"], "7 doors stay", stopped=True, most=1, end=". Why?")
    assert usual["message"] == "The run was interrupted. 2 of 7 doors stay: a; and 1 more. Why?"


def test_the_only_certificate_fails_with_its_own_words() -> None:
    failed = PAINTED.mark_failed("not_found", NO_DOOR)
    assert (
        build_certificates_failure([("door", PAINTED)], stopped=True)
        == build_certificates_failure([], stopped=False)
        == {}
    )
    for stopped, code in ((False, "not_found"), (True, "interrupted")):
        failure = build_certificates_failure([("door", failed)], stopped=stopped)["failure"]
        assert (failure["code"], failure["message"]) == (code, "No door.")


def test_of_many_certificates_those_that_failed_are_reported_by_their_places() -> None:
    failed = PAINTED.mark_failed("not_found", NO_DOOR)
    failure = build_certificates_failure([("one", PAINTED), ("two", failed)], stopped=False)["failure"]
    assert failure == {
        "code": "certificates_failed",
        "message": "1 of 2 certificates failed: item 1 (two): not_found: No door.",
        "details": {"failed_items": [{"item": 1, "reason": "not_found", "message": "No door."}]},
    }
    assert (
        build_certificates_failure([("one", PAINTED), ("two", failed)], stopped=True)["failure"]["code"]
        == "interrupted"
    )
