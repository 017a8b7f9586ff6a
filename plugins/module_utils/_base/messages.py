# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages that all rooms share. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

ISSUES_URL = "https://github.com/softlayer/softlayer.certificates/issues"
Form = t.Literal["done", "would be", "to be"]
"""Forms of a message: after a change, in check mode, or in a diff."""


def participle(form: Form, verb: str) -> str:
    """Return the beginning of a sentence without a subject: `Imported`, `Would be imported`, `To be imported`."""
    return verb.capitalize() if form == "done" else f"{form.capitalize()} {verb}"


RETRY_REMEDY = "Run the playbook again. The playbook checks the current state before it changes anything."
"""The remedy for a change whose outcome is unknown."""


def describe_error(reason: str | None, facts: Mapping[str, t.Any]) -> str:
    """Return the message of an action that failed with an error; the error is in `facts`."""
    return f"{facts['error']} {RETRY_REMEDY}" if reason == "outcome_unknown" else facts["error"]


def describe_unexpected_error(error: str, place: str | None, state: str) -> str:
    """Return the message of an unexpected error.

    Args:
        error: type of the error.
        place: location of the error; `None` if unknown.
        state: sentences about possible changes and the remedy.
    """
    where = place or "an unknown location"
    return f"Unexpected error: {error} in {where}. {state}If the error persists, open an issue with this message: {ISSUES_URL}"


def describe_missing_result(answer: Mapping[str, t.Any]) -> str:
    """Return the message for a module without a result, with its last error line but without a traceback, which may contain a secret."""
    stderr, msg = (str(answer.get(name) or "").strip().splitlines() for name in ("module_stderr", "msg"))
    said = msg[:1] if any(line.startswith("Traceback") for line in stderr) else stderr[-1:] or msg[:1]
    return ": ".join(["The module ended without a result", *said]).rstrip(".") + "."
