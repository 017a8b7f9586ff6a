# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of modules name options, and who runs a role has variables: what such are called there. Private to softlayer.certificates."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Callable, Mapping
from functools import cache

from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.softlayer.certificates.plugins.plugin_utils._roles import role_variables
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import MARKS_TEMPLATES

TOLD = frozenset({"msg", "message", "trust_message", "summary", "warnings"})
"""The parts of results that are for people; all else is for programs, and stays as it is."""
NOT_TOLD = frozenset({"invocation", "diff", "preview"})
OF_REPORT = {"path": "report_path", "language": "report_language"}
"""What the roles call options of `ssl_certificate_report`."""
BY_ENVIRONMENT = {"endpoint_url": "SL_ENDPOINT_URL"}
"""Options that no variable of a role stands for, and what sets them."""
NO_WAY = ", or set skip_imported: false"
"""A way out that no variable of a role is: it is left out."""
NO_WORDS = frozenset({"concurrency", "rollback", "imap", "maildir"})
"""Names without an underscore that in a sentence mean an option in any place."""
COMMAND = r"`[^`]*`"
OPTION = r"(?<![\w./\\$@-])(?:{names})(?![\w/@-]|\.\w)"
WORD = r"(?:\A|(?<![\w./\\$@-])(?=\w+(?:\[\d|: (?:true|false)\b)))(?:{words})(?![\w/@.-])"
"""A name that is also a word of the language means the option where a sentence begins with it, and before an index or a value."""


def with_variables(
    result: Mapping[str, t.Any], role: str, module: str, completed: Callable[[str], str] = str
) -> dict[str, t.Any]:
    """Return a module's result, in whose messages options of the module have the names of the role's variables.

    Args:
        result: what it returned.
        role: name of the role that has called it; blank if none has.
        module: its name.
        completed: returns a command, which stands in backticks, as a person can run it.
    """
    pattern, variables = _named_in(role, module.rpartition(".")[2]) if role else (re.compile(COMMAND), {})

    def called(match: re.Match[str]) -> str:
        text = match[0]
        return variables[text] if text in variables else completed(text) if text[0] == "`" else text

    def told(value: t.Any) -> t.Any:
        if isinstance(value, list):
            return [told(item) for item in value]
        if not isinstance(value, str):
            return walked(value)
        text = pattern.sub(called, value)
        return value if text == value else text if MARKS_TEMPLATES else wrap_var(text)

    def walked(value: t.Any) -> t.Any:
        if isinstance(value, list):
            return [walked(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: told(item) if name in TOLD else item if name in NOT_TOLD else walked(item)
            for name, item in value.items()
        }

    changed = t.cast("dict[str, t.Any]", walked(result))
    if changed.get("msg") != result.get("msg"):
        changed.pop(
            "exception", None
        )  # from ansible-core 2.19 on, it has the message, too, and is made anew where there is none
    return changed


@cache
def _named_in(role: str, module: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Return what finds options in a text, and the variables by their names."""
    variables = role_variables(role)
    called = {
        name: f"{variable}.{name}"
        for variable, option in variables.items()
        if option["type"] == "dict"
        for name in option.get("options", ())
        if "_" in name or name in NO_WORDS
    }
    called |= {variable.removeprefix(f"{role}_"): variable for variable in variables}
    called |= {option: name for option, name in BY_ENVIRONMENT.items() if os.environ.get(name)}
    if module == "ssl_certificate_report":
        called |= {name: f"{role}_{other}" for name, other in OF_REPORT.items()}
    words = {name for name in called if "_" not in name and name not in NO_WORDS}
    parts = {OPTION: called.keys() - words, WORD: words}
    found = (form.format(names="|".join(names), words="|".join(names)) for form, names in parts.items() if names)
    return re.compile("|".join([COMMAND, NO_WAY, *found])), {**called, NO_WAY: ""}
