# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sentences of all rooms have in common. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

Form = t.Literal["done", "would be", "to be"]
"""Whether a message says what was done, what would be done in check mode, or, in a diff, what is to be done."""


def participle(form: Form, verb: str) -> str:
    """Return the beginning of a sentence that has no subject: `Imported`, `Would be imported`, `To be imported`."""
    return verb.capitalize() if form == "done" else f"{form.capitalize()} {verb}"


def of_error(reason: str | None, facts: Mapping[str, t.Any]) -> str:
    """Return the message of an action that failed with an error."""
    return (
        f"{facts['error']} Run it again: it looks first what was done."
        if reason == "outcome_unknown"
        else facts["error"]
    )
