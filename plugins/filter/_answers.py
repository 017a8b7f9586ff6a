# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the answers of AWX's surveys in the same way as the modules read their options."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import ArgumentSpec, from_json
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import on_variables

SEPARATORS = re.compile(r"[\s,;]+")
"""What people write between the items of a list, in a field of several lines."""


@on_variables
def answers(given: Mapping[str, object], questions: Mapping[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """Return the answers that were given, by question; a blank one is none, except that a list is empty.

    Args:
        given: the variables that are defined.
        questions: the options in the form of an argument specification.

    Returns:
        The answers. `refused` has a sentence for each that cannot be read.
    """
    read: dict[str, t.Any] = {}
    refused = []
    for name, option in questions.items():
        value = given.get(name)
        is_blank = value is None or (isinstance(value, str) and not value.strip())
        if name not in given or (is_blank and option["type"] != "list"):
            continue
        given_list = from_json(value, list)
        if isinstance(given_list, str) and option["type"] == "list":
            value = [item for item in SEPARATORS.split(given_list) if item]
        try:
            read |= ArgumentSpec({name: option}).read({name: [] if is_blank else value})
        except CertificatesError as error:
            refused.append(error.message)
    return {**read, "refused": refused}


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filter of this file."""
        return {"_answers": answers}
