# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base class of the items of a plan, and the failures of runs. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from .codes import Code
from .errors import CertificatesError
from .messages import Form
from .text import MAX_LISTED, join_first

Outcome = t.TypeVar("Outcome", bound=str)
Reason = t.TypeVar("Reason", bound=str)
ActionT = t.TypeVar("ActionT", bound="Action[t.Any, t.Any]")
NO_CHANGE_OUTCOMES = frozenset({"unchanged", "skipped", "failed", "rolled_back"})
"""Outcomes of actions without a lasting change."""


@dataclass(frozen=True)
class Action(t.Generic[Outcome, Reason]):
    """A planned or completed action on one object, with its reason and facts. Subclasses add the object and its `message`."""

    outcome: Outcome
    reason: Reason | None
    facts: Mapping[str, t.Any]
    """The facts for the message: `error` is the message of the error of a failed action, `form` is `done` by default."""

    MESSAGE: t.ClassVar[Callable[[t.Any], str]]
    """Function that returns the message about an action, in `messages` of the room."""
    REASONS: t.ClassVar[frozenset[str]] = frozenset(t.get_args(Code))
    """Error codes that are also reasons; all other codes become `api_error`."""
    CHECKS_STATE_ON_RETRY: t.ClassVar[bool] = False
    """Whether the next run checks the state if the API did not respond."""
    RESET_ON_FAILURE: t.ClassVar[Mapping[str, t.Any]] = {}
    """Fields that a failure resets."""
    ERROR_DETAILS: t.ClassVar[frozenset[str]] = frozenset()
    """Error details that become fields."""

    @property
    def message(self) -> str:
        """Return the message about the action."""
        return type(self).MESSAGE(self)

    def mark_failed(self: ActionT, reason: Reason, facts: Mapping[str, t.Any], **changed: t.Any) -> ActionT:
        """Return a copy with the outcome `failed`."""
        changed = {**self.RESET_ON_FAILURE, **changed, "outcome": "failed", "reason": reason, "facts": facts}
        return replace(self, **changed)

    def mark_failed_by(self: ActionT, error: CertificatesError) -> ActionT:
        """Return a copy with the outcome `failed` and the code and message of an error."""
        taken = {name: error.details[name] for name in self.ERROR_DETAILS & error.details.keys()}
        is_unknown = error.code == "no_answer" and self.CHECKS_STATE_ON_RETRY
        code = "outcome_unknown" if is_unknown else error.code if error.code in self.REASONS else "api_error"
        return self.mark_failed(code, {"error": error.message}, **taken)

    @property
    def form(self) -> Form:
        """Return the form of the message."""
        return t.cast(Form, self.facts.get("form", "done"))

    def change_form(self: ActionT, form: Form) -> ActionT:
        """Return a copy whose message has another form."""
        return replace(self, facts={**self.facts, "form": form})

    def simulate(self: ActionT) -> ActionT:
        """Return a copy with the message for check mode."""
        return self if self.outcome in NO_CHANGE_OUTCOMES else self.change_form("would be")

    @property
    def state(self) -> str:
        """Return the text of the action in a diff."""
        return self.change_form("to be").message if self.form == "would be" else self.message

    def build_outcome(self) -> dict[str, t.Any]:
        """Return the outcome, reason, and message for a result."""
        return {"outcome": self.outcome, "reason": self.reason, "message": self.message}


def build_items_failure(
    code: Code,
    lines: Sequence[str],
    whole: str,
    *,
    stopped: bool = False,
    stop: str = "The run was interrupted.",
    most: int = MAX_LISTED,
    between: str = "; ",
    end: str = "",
    **details: t.Any,
) -> dict[str, t.Any]:
    """Return the `failure` entry of a run with failed items.

    Args:
        code: the code of the failure, unless the run was interrupted.
        lines: one line for each failed item.
        whole: the number of all items and the problem: `7 listeners failed`.
        stopped: whether the run was interrupted.
        stop: the sentence about the interruption.
        most: maximum number of listed items.
        between: separator of the items.
        end: text after the items.
        details: the details of the failure.
    """
    summary = f"{len(lines)} of {whole}: {join_first(lines, most, between, between)}{end}" if lines else ""
    message = f"{stop} {summary}".strip() if stopped else summary
    return CertificatesError("interrupted" if stopped else code, message, **details).build_failure()


def build_certificates_failure(named: Sequence[tuple[str, Action[t.Any, t.Any]]], *, stopped: bool) -> dict[str, t.Any]:
    """Return the `failure` entry of a result with failed certificates, or an empty dict: the failure of a single certificate, or a summary.

    Args:
        named: the actions with the names of the certificates.
        stopped: whether the run was interrupted.
    """
    failures = [(position, name, action) for position, (name, action) in enumerate(named) if action.outcome == "failed"]
    if not failures:
        return {}
    if len(named) == 1:
        [(_position, _name, alone)] = failures
        code = "interrupted" if stopped else t.cast(Code, alone.reason)
        return {"failure": CertificatesError(code, alone.message).build_failure()}
    failure = build_items_failure(
        "certificates_failed",
        [f"item {item} ({name}): {action.reason}: {action.message}" for item, name, action in failures],
        f"{len(named)} certificates failed",
        stopped=stopped,
        failed_items=[
            {"item": item, "reason": action.reason, "message": action.message} for item, _name, action in failures
        ],
    )
    return {"failure": failure}
