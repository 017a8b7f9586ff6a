# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specifications that modules can combine. Private to softlayer.certificates.

`plugins/doc_fragments/` documents shared options, and each module documents its own options.
"""

from __future__ import annotations

import json
import math
import os
import typing as t
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ansible.module_utils.basic import AnsibleFallbackNotFound
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .errors import CertificatesError
from .secrets import HIDDEN_VALUE, find_texts

Argument = dict[str, t.Any]
"""An option in Ansible's format, with two additional keys: `limits` marks an option that limits the changes of a run, which null or an empty
value would permit; `range` contains the minimum and maximum of a number."""
COLLECTION_KEYS = {"limits", "range"}
Values = Mapping[str, t.Any]
MAX_CONCURRENCY = 256


@dataclass(frozen=True)
class ArgumentSpec:
    """A module's options, and the constraints between the options."""

    options: Mapping[str, Argument] = field(default_factory=dict)
    mutually_exclusive: Sequence[Sequence[str]] = ()
    required_one_of: Sequence[Sequence[str]] = ()

    def __add__(self, other: ArgumentSpec) -> ArgumentSpec:
        """Return the options and constraints of both specifications."""
        return ArgumentSpec(
            options={**self.options, **other.options},
            mutually_exclusive=[*self.mutually_exclusive, *other.mutually_exclusive],
            required_one_of=[*self.required_one_of, *other.required_one_of],
        )

    def select(self, *names: str) -> ArgumentSpec:
        """Return a specification with only the options of these names."""
        return ArgumentSpec({name: self.options[name] for name in names})

    def build_keywords(self) -> dict[str, t.Any]:
        """Return the keyword arguments for `AnsibleModule`."""
        return {
            "argument_spec": _drop_collection_keys(self.options),
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_one_of": list(self.required_one_of),
        }

    def normalize(self, values: Values) -> dict[str, t.Any]:
        """Return values with the conversions that Ansible does not do, at any depth.

        JSON text becomes a list or a dict, because Ansible would split the text at its commas, or validate options before parsing the text. An
        empty number becomes null, because ansible-core 2.18 renders null as an empty text.
        """
        normal = dict(values)
        for name, argument, items in _iterate_options(self.options, values):
            inner = ArgumentSpec(argument.get("options") or {})
            new = [inner.normalize(item) if isinstance(item, Mapping) else item for item in items]
            normal[name] = new if isinstance(_parse_value(argument, values[name]), list) else new[0]
            if argument["type"] == "int" and "default" not in argument and _is_empty(normal[name]):
                normal[name] = None
        return normal

    def check_limits(self, values: Values, within: str = "") -> None:
        """Raise an error for null or empty options that limit a run, and for booleans in place of numbers, which Ansible converts, at any depth.

        An empty dict of conditions is valid and selects everything.

        Raises:
            CertificatesError: `invalid_argument`.
        """
        for name, argument, items in _iterate_options(self.options, values):
            place, options = f"{within}{name}", argument.get("options") or {}
            if argument.get("limits") and (not items or any(_is_empty(item, options) for item in items)):
                raise CertificatesError(
                    "invalid_argument",
                    f"{place} must not be null or empty: without a value, the run may do more than intended. Specify a value, or remove the option.",
                )
            if argument["type"] in {"int", "float"} and any(isinstance(item, bool) for item in items):
                raise CertificatesError("invalid_argument", f"{place} must be a number, not {str(items[0]).lower()}.")
            for item in items if options else ():
                if (
                    isinstance(item, str)
                    and argument["type"] == "dict"
                    and any("limits" in inner for inner in options.values())
                ):
                    raise CertificatesError(
                        "invalid_argument",
                        f"{place} must be a dict: Ansible splits a string at spaces, so conditions would be lost. Specify a dict, or a dict as JSON.",
                    )
                if isinstance(item, Mapping):
                    ArgumentSpec(options).check_limits(item, f"{place}.")

    def check_ranges(self, values: Values) -> None:
        """Raise an error for top-level numbers outside of their ranges.

        Raises:
            CertificatesError: `invalid_argument`.
        """
        for name, argument in self.options.items():
            if "range" not in argument or values.get(name) is None:
                continue
            least, most = argument["range"]
            if not least <= values[name] <= most:
                wanted = f"{least} or more" if most == math.inf else f"from {least} to {most}"
                raise CertificatesError("invalid_argument", f"{name} must be {wanted}.")

    def read(self, values: Values) -> dict[str, t.Any]:
        """Return the validated values of all options, with defaults, as a module gets the values.

        Raises:
            CertificatesError: `invalid_argument`.
        """
        given = self.normalize(values)
        self.check_limits(given)
        validated = ArgumentSpecValidator(**self.build_keywords()).validate(given)
        if validated.error_messages:
            raise CertificatesError("invalid_argument", f"{validated.error_messages[0].rstrip('.')}.")
        read: dict[str, t.Any] = validated.validated_parameters
        self.check_ranges(read)
        return read

    def list_secrets(self, values: Values) -> Iterator[str]:
        """Yield the texts in secret options, at any depth."""
        for _name, argument, items in _iterate_options(self.options, values):
            for item in items:
                if argument.get("no_log"):
                    yield from find_texts(item)
                for each in item if isinstance(item, list) else [item]:  # a list too many, which Ansible would quote
                    if isinstance(each, Mapping) and argument.get("options"):
                        yield from ArgumentSpec(argument["options"]).list_secrets(each)

    def redact(self, values: Values) -> dict[str, t.Any]:
        """Return values with placeholders for secret options, at any depth, because a search for thousands of keys is slow."""
        shown = dict(values)
        for name, argument, items in _iterate_options(self.options, values):
            if argument.get("no_log"):
                shown[name] = values[name] and HIDDEN_VALUE
            elif argument.get("options"):
                inner = ArgumentSpec(argument["options"])
                new = [inner.redact(item) if isinstance(item, Mapping) else item for item in items]
                shown[name] = new if isinstance(values[name], list) else new[0]
        return shown

    def resolve_paths(self, values: dict[str, t.Any], folder: str) -> None:
        """Replace relative paths, at any depth, by paths below a directory."""
        for name, argument, items in _iterate_options(self.options, values):
            if argument.get("elements", argument["type"]) == "path":
                begun = [os.path.join(folder, item) if item else item for item in items]
                values[name] = begun if isinstance(values[name], list) else begun[0]
            for item in items:
                if isinstance(item, dict) and argument.get("options"):
                    ArgumentSpec(argument["options"]).resolve_paths(item, folder)


def _drop_collection_keys(options: Mapping[str, Argument]) -> dict[str, Argument]:
    """Return options, at any depth, without the keys in `COLLECTION_KEYS`."""
    return {
        name: {
            key: _drop_collection_keys(value) if key == "options" else value
            for key, value in argument.items()
            if key not in COLLECTION_KEYS
        }
        for name, argument in options.items()
    }


def _iterate_options(options: Mapping[str, Argument], values: Values) -> Iterator[tuple[str, Argument, list[t.Any]]]:
    """Yield the name, declaration, and values of each option that is set."""
    for name, argument in options.items():
        if name in values:
            value = _parse_value(argument, values[name])
            items = value if isinstance(value, list) else [value]
            yield (
                name,
                argument,
                [parse_json(item, dict) for item in items] if argument.get("elements") == "dict" else items,
            )


def _parse_value(argument: Argument, value: t.Any) -> t.Any:
    """Return the value of an option, with text converted to the list or dict that the option requires.

    The text is JSON, or `name=value,name=value;name=value,name=value` for a list of dicts, as in the commands of messages, which Ansible would split.
    """
    kinds: Mapping[str, type] = {"list": list, "dict": dict}
    read = parse_json(value, kinds[argument["type"]]) if argument["type"] in kinds else value
    is_text_of_dicts = argument.get("elements") == "dict" and isinstance(read, str) and "=" in read
    return read.split(";") if is_text_of_dicts else read


def parse_json(value: t.Any, kind: type | tuple[type, ...]) -> t.Any:
    """Return the list or dict in a JSON text, or the unchanged value."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        with suppress(ValueError, RecursionError):
            parsed = json.loads(value)
            return parsed if isinstance(parsed, kind) else value
    return value


def _is_empty(value: object, conditions: Collection[str] = ()) -> bool:
    """Return whether a value is null or empty; an empty dict of conditions does not count as empty."""
    text = value.strip() if isinstance(value, str) else value
    return text is None or text in ("", []) or (text == {} and not conditions)


def read_environment(*variables: str) -> str:
    """Return the value of the first environment variable that is not empty; AWX sets empty variables for empty fields of a credential.

    Raises:
        AnsibleFallbackNotFound: all variables are empty or not set.
    """
    for variable in variables:
        if value := os.environ.get(variable, "").strip():
            return value
    raise AnsibleFallbackNotFound


def build_concurrency_options(default: int = 8) -> ArgumentSpec:
    """Return the option `concurrency`, the maximum number of concurrent calls."""
    return ArgumentSpec({"concurrency": {"type": "int", "default": default, "range": (1, MAX_CONCURRENCY)}})
