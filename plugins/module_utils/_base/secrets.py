# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets inside other values: private keys in texts, passwords in URLs. Private to softlayer.certificates.

Ansible itself hides the values of options with `no_log`.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

HIDDEN_VALUE = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""Ansible's replacement for a secret value."""
HIDDEN_TEXT = "********"
"""Ansible's replacement for a secret inside a text."""
MIN_SECRET_LENGTH = 4
"""Minimum length of a secret in characters. Many words contain a shorter text, so the collection does not search for a shorter secret."""
KEY_MARK = "PRIVATE"
"""Text in each private key in PEM format, even with changed line ends."""
PRIVATE_KEY_PATTERN = re.compile(
    r"(?:-{0,5}BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|Proc-Type: ?4,ENCRYPTED)"
    r".*?(?:END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-{0,5}|\Z)",
    re.DOTALL,
)
"""Pattern of a private key in PEM format, even if the key is truncated or lacks its dashes. An encrypted key in the traditional format matches even
without its first line."""
LOGIN_PATTERN = re.compile(r"//([^\s/:@]*):(\S*)@")
"""Pattern of the user name and password in a URL, up to the last `@`, because users may forget to percent-encode a password."""
PARAMETER_PATTERN = re.compile(
    r"(?<![\w.-])(?:[\w.-]*(?:password|passwd|passphrase|pwd|secret|token)|pass|key|(?:api|access)_?key)\s*=\s*('[^']*'|[^\s&;']+)",
    re.IGNORECASE,
)
"""Pattern of a password in URL parameters, or in a PostgreSQL connection string."""
_BASE64_CHARACTER = r"[A-Za-z0-9+/=_-]"
_BASE64_LINES = re.compile(
    rf"{_BASE64_CHARACTER}{{16,}}(?:(?:[ \t\r]*\n\s*|(?:\\r)?\\n){_BASE64_CHARACTER}+(?=\s*(?:\n|\Z)|\\[rn]))*"
)
"""Pattern of lines that may be part of a key; the last line may be short."""
_WORD_PATTERN = re.compile(
    r"[A-Za-z][a-z]*([A-Z][a-z]+)*([_-][A-Za-z][a-z]*([A-Z][a-z]+)*)*|[A-Z]+(_[A-Z]+)+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
"""Pattern of a text that is not part of a key: a word, an API name, a status such as MAINTENANCE_PENDING, or a UUID."""


def find_secrets(value: object) -> Iterator[str]:
    """Yield the secrets in the texts of a value, in all forms that may appear in other texts."""
    for text in find_texts(value):
        if KEY_MARK in text or "Proc-Type" in text:
            yield from (key[0] for key in PRIVATE_KEY_PATTERN.finditer(text))
        for user, password in LOGIN_PATTERN.findall(text):
            # URL parsers differ in which @ ends the password.
            for part in (password, *password.split("@")) if password else (user,):
                yield from _list_spellings(part)
        for parameter in PARAMETER_PATTERN.findall(text) if "=" in text else ():
            yield from _list_spellings(parameter.strip("'"))


def _list_spellings(password: str) -> set[str]:
    plain = unquote(password)
    return {password, plain, unquote_plus(password), quote(plain, safe="")}


def hide_key_material(text: str) -> str:
    """Return a text of a server with each possible part of a key replaced by `HIDDEN_TEXT`."""

    def replace_lines(lines: re.Match[str]) -> str:
        return (
            lines[0]
            if all(map(_WORD_PATTERN.fullmatch, re.findall(f"{_BASE64_CHARACTER}+", lines[0])))
            else HIDDEN_TEXT
        )

    return _BASE64_LINES.sub(replace_lines, PRIVATE_KEY_PATTERN.sub(HIDDEN_TEXT, text))


def hide_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return a text with these secrets, including their quoted forms, replaced by `HIDDEN_TEXT`."""
    for form in sorted(list_quoted_forms(secrets), key=len, reverse=True):
        text = text.replace(form, HIDDEN_TEXT)
    return text


def list_quoted_forms(secrets: Iterable[str]) -> set[str]:
    """Return secrets in all quoted forms."""
    return {form for secret in secrets if len(secret) >= MIN_SECRET_LENGTH for form in _quote(secret)}


@lru_cache(maxsize=10_000)
def _quote(secret: str) -> tuple[str, ...]:
    """Return the forms of a secret in texts that Python or JSON has quoted."""
    both = repr(f"{secret}'\"")[1:-4]  # in a text with both kinds of quotes, one kind has a backslash
    return (secret, repr(secret)[1:-1], both, json.dumps(secret)[1:-1], _quote_json(secret))


def select_contained(value: object, secrets: Iterable[str]) -> set[str]:
    """Return the secrets that occur in a text, name, or number of a result."""
    shown = json.dumps(value, ensure_ascii=False, default=str)
    has_key = KEY_MARK in shown  # else none of thousands of keys has to be looked for
    return {secret for secret in secrets if (has_key or KEY_MARK not in secret) and _quote_json(secret) in shown}


def _quote_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def find_texts(value: object) -> Iterator[str]:
    """Yield all texts and numbers of a value, at any depth."""
    if isinstance(value, Mapping):
        yield from find_texts([*value.values()])
    elif isinstance(value, list | tuple):
        for item in t.cast("list[object]", value):
            yield from find_texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
