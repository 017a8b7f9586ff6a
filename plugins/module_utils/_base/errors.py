# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exception class of the collection, and `Obstacle`, a reason why an action is not possible. Private to softlayer.certificates."""

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
    """An error with a code, a message, and details; functions of the collection intentionally raise only this class.

    Programs can rely on `code`. `message` contains the remedy for the user. `details` contains facts such as IDs, the HTTP status, and the
    message of the API. No attribute contains a secret.
    """

    def __init__(self, code: Code, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.details = details

    def build_failure(self) -> dict[str, t.Any]:
        """Return the `failure` entry of a module's result."""
        return {"code": self.code, "message": self.message, "details": self.details}


@dataclass(frozen=True)
class Obstacle(t.Generic[Reason_co]):
    """A reason why an action is not possible: a reason code and the facts. `messages` of each room contains the messages."""

    reason: Reason_co
    facts: Mapping[str, t.Any] = field(default_factory=dict)


@contextmanager
def reword_not_found(message: str) -> Iterator[None]:
    """Replace the message of a `not_found` error in the context."""
    try:
        yield
    except CertificatesError as error:
        if error.code != "not_found":
            raise
        raise CertificatesError("not_found", message, **error.details) from None


PLUGINS_PATH = "/softlayer/certificates/plugins/"
"""Part of the path of each installed or packed file of the collection."""


def convert_unexpected_error(error: BaseException, state: str = "") -> CertificatesError:
    """Return an error with the type and location of an unexpected error, but not its text, which may contain a secret.

    Args:
        error: the unexpected error.
        state: sentences about possible changes and the remedy.
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    places = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        _folder, inside, path = frame.f_code.co_filename.rpartition(PLUGINS_PATH)
        if inside:
            places.append(f"{path}, line {line} ({frame.f_code.co_name})")
    return CertificatesError(
        "internal_error",
        messages.describe_unexpected_error(name, places[-1] if places else None, state),
        type=name,
        place=list(dict.fromkeys(places)),  # each once, as a recursion comes to the same ones a thousand times
    )


def build_failure_record(what: str, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """Return the record of a failed module, with the failure code as the reason."""
    failure: Mapping[str, t.Any] = answer.get("failure") or {"message": messages.describe_missing_result(answer)}
    return {"common_name": what, "reason": failure.get("code"), **failure}
