# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse the variables of a role, in any form that a shell, a survey, AWX or YAML gives them. Private to softlayer.certificates.

Pure. A value is read as a person would read it, or refused with one sentence that names the variable and says what to write
instead; these sentences never contain the values of secrets. The expected type comes from the options in a role's
`meta/argument_specs.yml`. Ansible checks those first, and would refuse readable values in its own words. So an option with
type `raw` there is expected to be a dict if it has `options`, else to have the type of its `default`, unless the role says more.
"""

from __future__ import annotations

import json
import math
import re
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from ._errors import CertificatesError

Option = Mapping[str, t.Any]
"""An option in the form of `meta/argument_specs.yml`."""
Parser = Callable[[str], object]
"""Parses YAML with all scalars as text, so that `0123` does not change; raises `ValueError`."""

TRUE = ("true", "yes", "on", "y", "t", "1")
FALSE = ("false", "no", "off", "n", "f", "0")
WHOLE_NUMBER = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
PAIR = re.compile(r"(\w+)=(.+)")
ITEM_OF_YAML = re.compile(r"^[ \t]*-(?:[ \t]+|$)", re.MULTILINE)
KEY = re.compile(r"\w{1,40}")
ENTRY_OF_YAML = re.compile(r"\w+:(?:\s|$)")
SEPARATORS = {"path": re.compile(r"[,\r\n]+")}
"""Paths may contain blanks; numbers, names, addresses and patterns may not."""
USUAL_SEPARATORS = re.compile(r"[\s,;]+")
ALIKE = 0.9
"""How like a name must be to what is written for it to be meant, for `difflib`: all begin alike."""
OPTION_NAME = re.compile(r"(?<![\w./@-])[a-z0-9]+(?:[._][a-z0-9]+)+(?![\w./@-]*[\w/@-])")
"""What may be an option's name in a sentence, not a part of a path or an address.

A single word is not matched: it might be prose.
"""
LONGEST_SHOWN = 60

WORDS = {"dict": "a dict", "list": "a list", "bool": "a boolean", "str": "text", "path": "a path"}
EXAMPLES = {
    "bool": "true or false",
    "int": "a whole number, such as 12",
    "float": "a number, such as 1.5",
    "str": "text, in quotation marks where YAML would take it for something else",
    "path": "a path",
}


def meant_type(option: Option) -> str:
    """Return the expected type of an option; for `raw` see above."""
    declared = str(option.get("type", "str"))
    if declared != "raw":
        return declared
    return "dict" if "options" in option else type(option["default"]).__name__


def read_variables(
    given: Mapping[str, object],
    options: Mapping[str, Option],
    parse: Parser,
    meant: Mapping[str, Option] | None = None,
) -> tuple[dict[str, t.Any], list[str]]:
    """Return the parsed variables, and sentences about those that cannot be read.

    Args:
        given: the variables that are defined, by name; those that are not in `options` are ignored.
        options: all options.
        parse: parses YAML.
        meant: what is not declared to Ansible about some options, as it would refuse mismatches in its own words.

        A variable that is not defined, or is blank where a single value is expected, gets its default. Without a default it is
        left out.
    """
    values, refused = {}, []
    for name, option in options.items():
        reading = _Reading(name, {**option, **(meant or {}).get(name, {})}, parse)
        try:
            value = reading.read(given[name]) if name in given else None
        except CertificatesError as error:
            refused.append(error.message)
            continue
        value = option.get("default") if value is None else value
        if value is not None:
            values[name] = value
    return values, refused


def read_variable(name: str, value: object, option: Option, parse: Parser) -> t.Any:
    """Return one parsed variable, or `None` if it is blank where a single value is expected.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    return _Reading(name, option, parse).read(value)


def plain(value: t.Any, omit: object = None) -> t.Any:
    """Return a value without lazy containers and tags of ansible-core, decrypted, and without omitted entries."""
    if isinstance(value, str):  # first, since most values are texts
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item, omit) for key, item in value.items() if omit is None or item != omit}
    if isinstance(value, list | tuple):
        return [plain(item, omit) for item in value if omit is None or item != omit]
    if value is None or isinstance(value, bool):
        return value
    plain_type = next((kind for kind in (int, float) if isinstance(value, kind)), str)
    return plain_type(value)


def why_unreadable(
    role: str, refused: Sequence[str], unknown: Sequence[str], unread: str | None, known: t.Iterable[str] = ()
) -> str | None:
    """Return why a role's variables cannot be used, or `None` if they can.

    Args:
        role: the role's name.
        refused: what `read_variables` said about values.
        unknown: defined variables that have the prefix of the role's variables but are none of them.
        unread: the part of the extra variables that Ansible could not read as variables.
        known: all variables of the role.
    """
    if unread:
        return (
            f"Ansible could make no variable of {json.dumps(unread)}, so nothing was done. Write -e @FILE for a file, "
            "-e NAME=VALUE without blanks around the sign, or JSON."
        )
    if unknown:
        close = dict.fromkeys(name for one in unknown for name in get_close_matches(one, list(known), 1, ALIKE))
        meant = f" Is {' and '.join(close)} meant?" if close else ""
        return (
            f"The role {role} does not know {', '.join(unknown)}.{meant} "
            f"`ansible-doc --type role softlayer.certificates.{role}` lists its variables."
        )
    return " ".join(refused) or None


def in_words_of_role(message: str, options: Mapping[str, Option], prefix: str) -> str:
    """Return a module's message with the names of options replaced by the role's variables that set them."""
    return words_of_role(options, prefix)(message)


def words_of_role(options: Mapping[str, Option], prefix: str) -> Callable[[str], str]:
    """Return `in_words_of_role` for many messages: the names are put together once."""
    names = dict(_names_of_options(options, prefix))
    return lambda message: OPTION_NAME.sub(lambda found: names.get(found[0], found[0]), message)


def _names_of_options(options: Mapping[str, Option], prefix: str) -> t.Iterator[tuple[str, str]]:
    """Yield names of modules' options with the role's names for them; if an option occurs twice, the last one counts."""
    for variable, option in options.items():
        for key, entry in (option.get("options") or {}).items():
            yield key, f"{variable}.{key}"
            yield from ((f"{key}.{inner}", f"{variable}.{key}.{inner}") for inner in entry.get("options") or {})
    yield from ((variable.removeprefix(prefix), variable) for variable in options)


@dataclass(frozen=True)
class _Reading:
    """Reads one variable, or one entry of it."""

    name: str
    option: Option
    parse: Parser
    is_hidden: bool = False
    """Whether the value may contain a secret in an unknown place."""

    @property
    def kind(self) -> str:
        """The expected type."""
        return meant_type(self.option)

    def read(self, value: object) -> t.Any:
        """Return the parsed value; `None` for a blank one, unless a list or a selection is expected."""
        if self.kind == "list":
            return self._list(value)
        if value is None or (isinstance(value, str) and not value.strip()):
            if self._is_selection:
                raise self._refusal(f"is empty. Write {{}} for all, or name one or more of {_listed(self._keys)}.")
            # Blanks may be a passphrase; an empty text is none.
            return value if value and self.option.get("no_log") else None
        return self._dict(value) if self.kind == "dict" else self._one(value)

    def _one(self, value: object) -> bool | int | float | str:
        read = {"bool": _as_bool, "int": _as_int, "float": _as_float}.get(self.kind, _as_text)(value)
        if read is None:
            raise self._refusal(f"is {self._shown(value)}, but must be {EXAMPLES[self.kind]}.")
        choices = self.option.get("choices")
        if not choices or read in (*choices, *self.option.get("unlisted", ())):
            return read
        for choice in choices:
            if str(choice).casefold() == str(read).strip().casefold():
                return t.cast(str, choice)
        raise self._refusal(f"is {self._shown(value)}, but must be one of {_listed(choices)}.")

    # --- Lists ---

    def _list(self, value: object) -> list[t.Any]:
        element = _Reading(self.name, self._element, self.parse, self.is_hidden)
        given = [] if value is None else self._items(value)
        # A dict is named by its position, since others of the list have the same keys.
        is_dict = element.kind == "dict"
        items = [
            (replace(element, name=f"{self.name}[{position}]") if is_dict else element).read(item)
            for position, item in enumerate(given)
            if not _is_blank(item)
        ]
        if not items and self.option.get("default") and not self.option.get("may_be_empty"):
            raise self._refusal(f"is empty. Name one or more of {_listed(self.option.get('choices') or ())}.")
        return items

    @property
    def _element(self) -> Option:
        elements = self.option.get("elements", "str")
        kept = ("choices", "unlisted", "no_log", "options")
        return {"type": elements, **{name: self.option[name] for name in kept if self.option.get(name)}}

    def _items(self, value: object) -> Sequence[object]:
        if isinstance(value, list):
            return value
        if isinstance(value, dict) and self._element["type"] == "dict":
            return [value]
        if isinstance(value, str):
            return self._pieces(value.strip())
        if isinstance(value, int | float) and not isinstance(value, bool):
            return [value]
        raise self._no_list(value)

    def _pieces(self, text: str) -> Sequence[object]:
        if text.startswith("[") and text.endswith("]"):
            parsed = self._parsed(text)
            if not isinstance(parsed, list):
                raise self._no_list(text)
            return parsed
        if self._element["type"] == "dict":
            if (text.startswith("{") and text.endswith("}")) or ENTRY_OF_YAML.match(text):
                return [text]
            if ITEM_OF_YAML.match(text) and isinstance(parsed := self._parsed(text), list):
                return parsed
        separators = SEPARATORS.get(self._element["type"], USUAL_SEPARATORS)
        pieces = [piece.strip() for piece in separators.split(ITEM_OF_YAML.sub("", text))]
        # Quotation marks, a lone bracket or a comment belong to a syntax that is not read here.
        if any(re.search(r"[\"'{}]|^#", piece) or piece.count("[") != piece.count("]") for piece in pieces):
            raise self._no_list(text)
        return pieces

    def _no_list(self, value: object) -> CertificatesError:
        key = next(iter(self._element.get("options", ())), "key")
        example = {
            "int": ("12, 34", "[12, 34]"),
            "path": ("/one, /two", '["/one", "/two"]'),
            "dict": (f"{key}=...", f'[{{"{key}": "..."}}]'),
        }
        words, brackets = example.get(self._element["type"], ("one, two", '["one", "two"]'))
        return self._refusal(f"is {self._shown(value)}, which is no list. Write it like {words} or {brackets}.")

    # --- Dicts ---

    @property
    def _is_selection(self) -> bool:
        """Whether each entry narrows the selection, so that losing one would select more."""
        return self.kind == "dict" and "default" in self.option

    @property
    def _keys(self) -> Mapping[str, Option]:
        return t.cast("Mapping[str, Option]", self.option.get("options", {}))

    def _dict(self, value: object) -> dict[str, t.Any]:
        from_text = isinstance(value, str)
        given = self._pairs(value.strip()) if isinstance(value, str) else value
        if not isinstance(given, dict):
            example = next(iter(self._keys), "key")
            raise self._refusal(f'is {self._shown(value)}, but must be a dict, such as {{"{example}": ...}}.')
        if not self._keys:
            return given  # the caller checks its content
        # A secret that was not quoted correctly may be anywhere in a text, even in a key.
        hidden = self.is_hidden or bool(self.option.get("no_log")) or (from_text and _has_secret(self.option))
        unknown = [str(key) for key in given if key not in self._keys]
        if unknown:
            # A key that is more than a word may be a secret whose colon was forgotten.
            hidden = hidden or (_has_secret(self.option) and not all(map(KEY.fullmatch, unknown)))
            which = "has an unknown key" if hidden else f"has no key {_listed(unknown)}"
            paths = "" if hidden else f" ({_listed(f'{self.name}.{key}' for key in unknown)})"
            raise self._refusal(f"{which}{paths}. There are {_listed(self._keys)}.")
        entries = {}
        for key, option in self._keys.items():
            entry = _Reading(f"{self.name}.{key}", option, self.parse, hidden)
            read = entry.read(given[key]) if key in given else None
            if read is not None:
                entries[key] = read
        lacking = [key for key, option in self._keys.items() if option.get("required") and key not in entries]
        if lacking:
            raise self._refusal(f"lacks {_listed(lacking)}.")
        return entries

    def _pairs(self, text: str) -> object:
        """Return the content of a text: `key=value` pairs if each piece is one (refused for a selection), else JSON or YAML."""
        pairs = [PAIR.fullmatch(piece) for piece in re.split(r"[\s,]+", text)]
        if text.startswith("{") or None in pairs:
            return self._parsed(text)
        found = [(pair[1], pair[2]) for pair in pairs if pair]
        if self._is_selection:
            raise self._refusal(
                f"is {self._shown(text)}. Ansible cuts -e name=value at a blank, so that conditions may have been lost: give all "
                f'of them as JSON, -e \'{{"{self.name}": {{"{found[0][0]}": ...}}}}\', or in a file.'
            )
        return dict(found) if len(dict(found)) == len(found) else None

    # --- What both need ---

    def _parsed(self, text: str) -> object:
        """Return the parsed JSON or YAML, or `None` if it is neither."""
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
        try:
            return self.parse(text)
        except (ValueError, RecursionError):
            return None

    def _shown(self, value: object) -> str:
        if isinstance(value, dict | list):
            return WORDS[type(value).__name__]
        if self.is_hidden or _has_secret(self.option):
            return f"a value of type {type(value).__name__}"
        if isinstance(value, bool):
            return str(value).lower()
        text = str(value)
        text = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
        return json.dumps(text, ensure_ascii=False) if isinstance(value, str) else text

    def _refusal(self, predicate: str) -> CertificatesError:
        return CertificatesError("invalid_argument", f"{self.name} {predicate}")


def _as_bool(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    word = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip().lower()
    return {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}.get(word)


def _as_int(value: object) -> int | None:
    found = None if isinstance(value, bool) else WHOLE_NUMBER.fullmatch(str(value).strip())
    return int(found[1]) if found and len(found[1]) <= LONGEST_SHOWN else None


def _as_float(value: object) -> float | None:
    found = None if isinstance(value, bool) else NUMBER.fullmatch(str(value).strip())
    number = float(found[0]) if found else math.inf
    return number if math.isfinite(number) else None


def _as_text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _is_blank(item: object) -> bool:
    return item is None or (isinstance(item, str) and not item.strip())


def _has_secret(option: Option) -> bool:
    return bool(option.get("no_log")) or any(_has_secret(entry) for entry in (option.get("options") or {}).values())


def _listed(words: t.Iterable[object]) -> str:
    return ", ".join(map(str, words))
