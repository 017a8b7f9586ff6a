# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exception class of the collection, and `Obstacle`, a reason why something is not possible. Private to softlayer.certificates."""

from __future__ import annotations

import traceback
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import messages
from .codes import Code

Reason_co = t.TypeVar("Reason_co", bound=str, covariant=True)


class CertificatesError(Exception):
    """An error as data; functions below a module's `main()` intentionally raise only this class.

    `code` is stable and meant for programs. `message` is for people and contains the remedy. `details` has the
    facts of the case (ids, HTTP status, the API's message). No attribute ever contains a secret.
    """

    def __init__(self, code: Code, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.details = details

    def as_failure(self) -> dict[str, t.Any]:
        """Return the `failure` entry of a module's result."""
        return {"code": self.code, "message": self.message, "details": self.details}


@dataclass(frozen=True)
class Obstacle(t.Generic[Reason_co]):
    """Why an action is not possible: a reason code and the facts. The message is in `messages` of the room that decides."""

    reason: Reason_co
    facts: Mapping[str, t.Any] = field(default_factory=dict)


@contextmanager
def reword_not_found(message: str) -> Iterator[None]:
    """Replace the message of a `not_found` error."""
    try:
        yield
    except CertificatesError as error:
        if error.code != "not_found":
            raise
        raise CertificatesError("not_found", message, **error.details) from None


PLUGINS = "/softlayer/certificates/plugins/"
"""A part of the path of each file of the collection, whether installed or packed."""


def convert_unexpected_error(error: BaseException, state: str = "") -> CertificatesError:
    """Return the failure for an unexpected error: its type and location, but not its text, which may contain a secret.

    Args:
        error: the caught error.
        state: what may have been changed, and the remedy, as sentences.
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    places = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        _folder, inside, path = frame.f_code.co_filename.rpartition(PLUGINS)
        if inside:
            places.append(f"{path}, line {line} ({frame.f_code.co_name})")
    return CertificatesError(
        "internal_error",
        messages.describe_unexpected_error(name, places[-1] if places else None, state),
        type=name,
        place=list(dict.fromkeys(places)),  # each once, as a recursion comes to the same ones a thousand times
    )


def build_failure_record(what: str, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """Return the record of a module that failed as a whole, with its code as the reason."""
    failure: Mapping[str, t.Any] = answer.get("failure") or {"message": messages.describe_missing_result(answer)}
    return {"common_name": what, "reason": failure.get("code"), **failure}
