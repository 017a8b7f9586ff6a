# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specifications that compose. Private to softlayer.certificates.

Options are documented in `plugins/doc_fragments/` if modules share them, else in the module.
"""

from __future__ import annotations

import json
import math
import os
import re
import typing as t
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches

from ansible.module_utils.basic import AnsibleFallbackNotFound, env_fallback
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict

from ._errors import CertificatesError

OneArgument = dict[str, t.Any]
Limit: t.TypeAlias = "tuple[float, float] | str"
"""How far an option goes. Of a number: the least and the greatest value. Of a dict that limits what is done: what to write instead of
what is none, since Ansible would read null, or half of a text, as a wider limit than was meant."""

SOURCES = ("certificate_path", "certificate_content", "pkcs12_path")
"""Options of `ssl_certificate_import` that say which certificate to store."""
IDENTITIES = ("certificate_id", "fingerprint_sha256", "common_name")
"""Options of `ssl_certificate_import` that say which certificate to delete."""
MAILBOXES = ("imap", "maildir", "paths")
"""Options of `ssl_fulfillment_email_info` that name where the messages are."""
STATUS_CHOICES = ("pending", "approved", "complete", "canceled", "unknown")
"""The collection's words for the status of an order."""
SECRET_TYPES = ("public_cert", "imported_cert", "private_cert")
"""The types of secrets in IBM Cloud Secrets Manager that are certificates."""
TRANSPORTS = ("xmlrpc", "rest")
"""The transports of the API, by the part of an endpoint's path that selects each."""


@dataclass(frozen=True)
class ArgumentSpec:
    """A module's options and the constraints between them."""

    options: Mapping[str, OneArgument] = field(default_factory=dict)
    mutually_exclusive: Sequence[Sequence[str]] = ()
    required_one_of: Sequence[Sequence[str]] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """Those of options that stand in no other option."""
    nullable: Collection[str] = ()
    """Numbers, at any depth, of which null says something else than nothing: a blank text is null, as ansible-core 2.18 renders it."""

    def __add__(self, other: ArgumentSpec) -> ArgumentSpec:
        """Return the options and constraints of both."""
        return ArgumentSpec(
            options={**self.options, **other.options},
            mutually_exclusive=[*self.mutually_exclusive, *other.mutually_exclusive],
            required_one_of=[*self.required_one_of, *other.required_one_of],
            limits={**self.limits, **other.limits},
            nullable=[*self.nullable, *other.nullable],
        )

    def only(self, *names: str) -> ArgumentSpec:
        """Return only the options with these names, for a module that shares them."""
        limits = {name: limit for name, limit in self.limits.items() if name in names}
        return ArgumentSpec(options={name: self.options[name] for name in names}, limits=limits)

    def as_meant(self, values: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return values in the forms that Ansible reads, at any depth, if they are in those that surveys and `-e name=value` give.

        A text is a list as JSON, or its items between commas or blanks (paths: commas or line endings). A null or blank list is
        empty, and a null or blank item is none: `None` would mean "not given", which restricts nothing, but in a playbook null is what
        remains of a list whose items are all commented out. A blank text counts as not given where the environment may set the option,
        and as null in what is `nullable`.

        Raises:
            CertificatesError: `invalid_argument`.
        """
        meant = _as_meant(self.options, values)
        for _within, options, level in _levels(self.options, meant) if self.nullable else ():
            for name in options.keys() & level.keys() & set(self.nullable):
                if _is_blank(level[name]):
                    t.cast(dict[str, t.Any], level)[name] = None  # it is a copy
        return meant

    def check_names(self, values: Mapping[str, t.Any]) -> None:
        """Refuse names that are no options, at any depth: Ansible would first say what is missing, which is most often what is meant.

        Raises:
            CertificatesError: `invalid_argument`.
        """
        for level in _levels(self.options, values):
            why_not = " ".join(_unknown_names(*level))
            if why_not:  # one level says enough: thousands of certificates may have the same mistake
                raise CertificatesError("invalid_argument", why_not)

    def check_values(self, values: Mapping[str, t.Any]) -> None:
        """Refuse what is beyond the limits of an option; and at any depth, what Ansible would convert: true to 1, and a dict to a path.

        Raises:
            CertificatesError: `invalid_argument`.
        """
        for within, options, level in _levels(self.options, values):
            for name, argument in options.items():
                kind = argument.get("elements", argument["type"])
                for place, item in _items(argument, level.get(name), f"{within}{name}"):
                    if kind in NUMBERS and isinstance(item, bool):
                        raise CertificatesError(
                            "invalid_argument", f"{place} takes a number, and true or false is none."
                        )
                    if kind == "int" and _is_endless(item):  # Ansible would raise what it does not catch
                        raise CertificatesError(
                            "invalid_argument", f"{place} takes a whole number, and its value is something else."
                        )
                    if kind == "path" and isinstance(item, dict | list):
                        raise CertificatesError(
                            "invalid_argument", f"{place} takes a path alone, and no {type(item).__name__}."
                        )
        for name, limit in self.limits.items():
            why_not = _why_beyond(name, self.options[name], limit, values[name]) if name in values else None
            if why_not:
                raise CertificatesError("invalid_argument", why_not)

    def read(self, values: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return the values of all options, of their types, as a module gets them.

        Raises:
            CertificatesError: `invalid_argument`.
        """
        meant = self.as_meant(values)
        self.check_names(meant)
        self.check_values(meant)
        validated = ArgumentSpecValidator(**self.as_keywords()).validate(meant)
        if validated.error_messages:
            unfit = UNFIT.search("\n".join(validated.error_messages))
            place = ".".join([*(unfit[2] or unfit[3] or "").split(" -> "), unfit[1]]).lstrip(".") if unfit else ""
            why_not = (
                f"{place} takes {TYPES[unfit[4]]}, and its value is something else.{self._keys_of(place)}"
                if unfit
                else f"{validated.error_messages[0]}."
            )
            raise CertificatesError("invalid_argument", why_not)
        read: dict[str, t.Any] = validated.validated_parameters
        return read

    def _keys_of(self, name: str) -> str:
        """Return which keys an option has, as a sentence; blank if it is not known, or may have any."""
        keys = self.options.get(name, {}).get("options")
        return f" It has the keys {', '.join(keys)}." if keys else ""

    def as_keywords(self) -> dict[str, t.Any]:
        """Return the keyword arguments for `AnsibleModule`."""
        return {
            "argument_spec": dict(self.options),
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_one_of": list(self.required_one_of),
        }


WITHIN = r"(?: found in '([^']+)')?"
UNFIT = re.compile(
    rf"'([^']+)'{WITHIN} is of type (?:<[^>]+>|[\w.]+){WITHIN}.* and we were unable to convert to (bool|dict|float|int|list|str):"
)
"""What Ansible says of a value that is not of its option's type: from ansible-core 2.19 on, the type's name alone."""
TYPES = {
    "bool": "true or false",
    "dict": "a dict",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "str": "a text",
}
NUMBERS = frozenset({"int", "float"})
ALIKE = 0.85
"""How like a name must be to an option's for that to be meant, for `difflib`: `cert_path` is less like `csr_path`."""
PLAIN_NAME = re.compile(r"\w{1,40}")
"""A name that is shown. Any other may be the text of a key, or a password whose colon was forgotten."""
LONGEST_SHOWN = 60
"""Characters of a text that is shown."""


HOW_TO_SELECT = (
    "Write {} for all orders, or name conditions. In -e name=value, Ansible would cut them off after a blank; write JSON there, such as "
    '-e \'{"ssl_fulfillment_select": {"common_names": ["www.example.com"]}}\'.'
)
"""The limit of the option `select`."""
SEPARATORS: Mapping[str, re.Pattern[str]] = {"path": re.compile(r"[,\r\n]+")}
"""Paths may contain blanks; numbers, names, addresses and patterns may not."""
USUAL_SEPARATORS = re.compile(r"[\s,;]+")
NO_ITEM = re.compile(r"[\"'{}]|^#|^\[[^]]*$|^[^[]*\]$")
"""What belongs to a syntax that is not read here: quotation marks, braces, a comment, a lone bracket."""


Level = tuple[str, Mapping[str, OneArgument], Mapping[str, t.Any]]
"""Where options stand, as the beginning of their names; the options; their values."""


def _levels(options: Mapping[str, OneArgument], values: Mapping[str, t.Any], within: str = "") -> Iterator[Level]:
    """Yield options with their values, and then, one by one, those inside of them."""
    yield within, options, values
    for name, argument in options.items():
        if argument.get("options"):
            for place, item in _items(argument, values.get(name), f"{within}{name}"):
                yield from _levels(argument["options"], _as_dict(item), f"{place}.")


def _items(argument: OneArgument, value: object, place: str) -> list[tuple[str, object]]:
    """Return the value of an option, or those in its list, each with the place where it stands."""
    if argument["type"] != "list":
        return [(place, value)]
    items = value if isinstance(value, list) else []  # a bare true becomes text in Ansible, which refuses it
    return [(f"{place}[{number}]", item) for number, item in enumerate(items)]


def _unknown_names(within: str, options: Mapping[str, OneArgument], values: Mapping[str, t.Any]) -> Iterator[str]:
    """Yield a sentence for each name that is like an option's, and one for all others that are none."""
    known = {*options, *(alias for argument in options.values() for alias in argument.get("aliases", ()))}
    others = []
    given = map(str, values.keys() - known)
    for name in sorted(name for name in given if not name.startswith("_ansible_")):
        plain = re.sub(r"\W", "_", name.lower())  # acme.sh, report-path
        shown = name if PLAIN_NAME.fullmatch(name) or plain in known else f"(a name of {len(name)} characters)"
        longer = sorted(option for option in known if option.startswith(f"{plain}_"))
        meant = list(dict.fromkeys([*longer, *get_close_matches(plain, known, 1, ALIKE)]))
        if meant:
            *most, last = meant
            yield f"There is no option {within}{shown}; {', '.join(most)}{' or ' if most else ''}{last} is meant."
        else:
            others.append(f"{within}{shown}")
    if others:
        yield f"There is no option {', '.join(others)}; there are {', '.join(sorted(options))}."


def _as_dict(value: object) -> Mapping[str, t.Any]:
    """Return a dict's value as Ansible parses it, since it may be text; an empty dict if Ansible will refuse it."""
    try:
        return t.cast("Mapping[str, t.Any]", check_type_dict(value))
    except (TypeError, ValueError, SyntaxError):
        return {}


def _as_meant(options: Mapping[str, OneArgument], values: Mapping[str, t.Any], within: str = "") -> dict[str, t.Any]:
    """Return values as `ArgumentSpec.as_meant` does."""
    meant = dict(values)
    for name, argument in options.items():
        if name not in values:
            continue
        value, place = values[name], f"{within}{name}"
        if argument["type"] == "list":
            meant[name] = _list_as_meant(argument, value, place)
        elif argument["type"] == "dict":
            meant[name] = _dict_as_meant(argument, value, place)
        elif value == "" and "fallback" in argument:
            del meant[name]
    return meant


def _why_beyond(name: str, argument: OneArgument, limit: Limit, value: object) -> str | None:
    """Return why a value is beyond the limit of an option, `None` if it is not; what is no number at all, Ansible refuses."""
    if not isinstance(limit, str):
        least, most = limit
        with suppress(TypeError, ValueError):
            if not least <= float(t.cast(float, value)) <= most:
                return f"{name} must be {f'{least} or more' if most == math.inf else f'from {least} to {most}'}."
        return None
    if not isinstance(value, dict):
        return f"{name} is no dict. {limit}"
    for condition, option in argument.get("options", {}).items():  # Ansible would take one that says nothing for none
        if condition in value and option["type"] != "list" and _is_blank(value[condition]):
            what = "null" if value[condition] is None else "blank"
            return f"{name}.{condition} is {what}, which is no condition. Give it a value, or leave it out."
    return None


def _dict_as_meant(argument: OneArgument, value: object, place: str) -> object:
    read = from_json(value, dict)
    return _as_meant(argument.get("options") or {}, read, f"{place}.") if isinstance(read, dict) else value


def _list_as_meant(argument: OneArgument, value: object, place: str) -> object:
    elements = argument.get("elements", "str")
    if _is_blank(value):
        return value if "default" in argument else []
    items: t.Any = from_json(value, list)
    if elements == "dict":
        alone = from_json(value, dict)
        # As JSON, or as name=value,name=value, at which Ansible would split it.
        items = [alone] if isinstance(alone, dict) or (isinstance(items, str) and "=" in items) else items
        options = argument.get("options") or {}
        # Ansible reads name=value, and of anything else it would not say which option it cannot read.
        texts = [(place, items)] if isinstance(items, str) else _items(argument, items, place)
        for where, text in texts if options else ():
            if (
                isinstance(text, str)
                and text.strip()
                and "=" not in text
                and not isinstance(from_json(text, dict), dict)
            ):
                what = "dict" if where != place else "list of dicts"
                how = f'{{"{next(iter(options))}": "..."}}'
                how = f"Write it like {how}." if where != place else f"Write it as JSON, such as [{how}]."
                raise CertificatesError("invalid_argument", f"{where} is a text, and no {what}. {how}")
    elif isinstance(items, str):
        if "-----BEGIN" in items:  # split at its blanks, a key would not be known for one
            raise CertificatesError(
                "invalid_argument", f"{place} is a PEM text, which is no list. Give what the option asks for."
            )
        items = SEPARATORS.get(elements, USUAL_SEPARATORS).split(items.strip())
        if any(NO_ITEM.search(item) for item in items):
            shown = json.dumps(str(value)[:LONGEST_SHOWN], ensure_ascii=False)
            how = 'Write it like one, two or ["one", "two"].'
            raise CertificatesError("invalid_argument", f"{place} is {shown}, which is no list. {how}")
        items = [item.strip() for item in items]
    if not isinstance(items, list):
        return items
    items = [item for item in items if not _is_blank(item)]
    is_dict = elements == "dict" and argument.get("options")
    return [_dict_as_meant(argument, item, f"{place}[{at}]") for at, item in enumerate(items)] if is_dict else items


def from_json(value: object, kind: type | tuple[type, ...]) -> object:
    """Return what a text is in JSON, if it is of a kind; else the value as it is, for Ansible to read or refuse."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        with suppress(ValueError, RecursionError):
            parsed = json.loads(value)
            return parsed if isinstance(parsed, kind) else value
    return value


def _is_endless(value: object) -> bool:
    with suppress(TypeError, ValueError, OverflowError):
        return math.isinf(float(t.cast(float, value)))
    return False


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def transport_fallback(variable: str) -> str:
    """Return the transport that an environment variable names; Ansible refuses any other word, and is told where that is from.

    Raises:
        AnsibleFallbackNotFound: it is not set, or empty as a credential of AWX leaves it.
    """
    word = os.environ.get(variable, "").strip()
    if not word:
        raise AnsibleFallbackNotFound
    return word if word in TRANSPORTS else f"{word} (from the environment variable {variable})"


MOST_RETRIES = 100
"""With the pauses between them, this many retries last more than an hour."""


def api_options() -> ArgumentSpec:
    """Return the options of all modules that call the SoftLayer API."""
    return ArgumentSpec(
        options={
            "username": {"type": "str", "fallback": (env_fallback, ["SL_USERNAME"])},
            "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["SL_API_KEY"])},
            "endpoint_url": {"type": "str", "fallback": (env_fallback, ["SL_ENDPOINT_URL"])},
            "transport": {
                "type": "str",
                "choices": list(TRANSPORTS),
                "fallback": (transport_fallback, ["SOFTLAYER_CERTIFICATES_TRANSPORT"]),
            },
            "config_file": {"type": "path"},
            "timeout": {"type": "float", "default": 60},
            "proxy": {"type": "str"},
            "validate_certs": {"type": "bool", "default": True},
            "ca_path": {"type": "path", "fallback": (env_fallback, ["SOFTLAYER_CERTIFICATES_CA_PATH"])},
            "retries": {"type": "int", "default": 5},
        },
        limits={"retries": (0, MOST_RETRIES)},
    )


def ledger_options() -> ArgumentSpec:
    """Return the options of the modules that record in the ledger what they send or create."""
    return ArgumentSpec(
        options={"ledger_url": {"type": "str", "fallback": (env_fallback, ["SOFTLAYER_CERTIFICATES_LEDGER_URL"])}}
    )


MOST_CALLS_AT_ONCE = 256


def concurrency_options(default: int = 8) -> ArgumentSpec:
    """Return the option of the modules that make several calls at the same time."""
    limits: Mapping[str, Limit] = {"concurrency": (1, MOST_CALLS_AT_ONCE)}
    return ArgumentSpec(options={"concurrency": {"type": "int", "default": default}}, limits=limits)


def selection_options() -> ArgumentSpec:
    """Return the options that say which SSL orders to list, and what to report about them."""
    return ArgumentSpec(
        options={
            "order_ids": {"type": "list", "elements": "int"},
            "common_names": {"type": "list", "elements": "str"},
            "statuses": {"type": "list", "elements": "str", "choices": list(STATUS_CHOICES)},
            "approver_emails": {"type": "list", "elements": "str"},
            "expires_within_days": {"type": "int"},
            "exclude_expired": {"type": "bool", "default": False},
            "imported": {"type": "bool"},
            "gather_imported": {"type": "bool", "default": False},
            "account_id": {"type": "int"},
        },
    )


def select_option() -> ArgumentSpec:
    """Return the option that says which SSL orders are meant, for modules that do something about them."""
    options: OneArgument = {"select": {"type": "dict", "options": dict(selection_options().options)}}
    return ArgumentSpec(options, limits={"select": HOW_TO_SELECT})


def mailbox_options() -> ArgumentSpec:
    """Return the options that describe a mailbox: where the messages are, one of `MAILBOXES`, and which of them are read."""
    return ArgumentSpec(
        options={
            "imap": {
                "type": "dict",
                "options": {
                    "host": {"type": "str", "required": True},
                    "port": {"type": "int"},
                    "username": {"type": "str", "required": True},
                    "password": {"type": "str", "required": True, "no_log": True},
                    "folder": {"type": "str", "default": "INBOX"},
                    "security": {"type": "str", "choices": ["tls", "starttls", "none"], "default": "tls"},
                    "validate_certs": {"type": "bool", "default": True},
                    "ca_path": {"type": "path"},
                    "timeout": {"type": "float", "default": 60},
                },
            },
            "maildir": {"type": "path"},
            "paths": {"type": "list", "elements": "path"},
            "max_age_days": {"type": "float", "default": 30},
            "max_message_bytes": {"type": "int", "default": 10 * 1024 * 1024},
        },
        required_one_of=[MAILBOXES],
    )


def instance_options() -> ArgumentSpec:
    """Return the options that name an instance of IBM Cloud Secrets Manager."""
    return ArgumentSpec(
        options={
            "instance_url": {"type": "str", "fallback": (env_fallback, ["SOFTLAYER_CERTIFICATES_INSTANCE_URL"])},
            "iam_url": {"type": "str", "fallback": (env_fallback, ["SOFTLAYER_CERTIFICATES_IAM_URL"])},
        }
    )


def secrets_source_options() -> ArgumentSpec:
    """Return the options of a source that is an instance of IBM Cloud Secrets Manager."""
    return instance_options() + ArgumentSpec(
        options={
            "api_key": {"type": "str", "no_log": True},
            "names": {"type": "list", "elements": "str"},
            "labels": {"type": "list", "elements": "str"},
            "secret_groups": {"type": "list", "elements": "str", "no_log": False},
            "types": {"type": "list", "elements": "str", "choices": list(SECRET_TYPES)},
        }
    )


def secret_certificate_options() -> ArgumentSpec:
    """Return the options of `secrets_manager_certificate`: one certificate at top level, or several in `certificates`."""
    material = [
        *(f"{part}_{form}" for part in ("certificate", "privatekey", "intermediate") for form in ("path", "content")),
        *("privatekey_passphrase", "pkcs12_path", "pkcs12_passphrase"),
    ]
    of_import = _one_certificate()
    shared = of_import.only(*material, "certificate_id", "allow_expired", "verify_chain", "trust", "trusted_ca_path")
    options: dict[str, OneArgument] = {
        "state": {"type": "str", "choices": ["present"], "default": "present"},
        "name": {"type": "str"},
        **shared.options,
        "secret_group": {"type": "str", "default": "default", "no_log": False},
        "labels": {"type": "list", "elements": "str"},
        "description": {"type": "str"},
        "force": {"type": "bool", "default": False},
    }
    exclusive = [
        *(names for names in of_import.mutually_exclusive if {*names} <= options.keys()),
        *(("certificate_id", name) for name in material),
    ]
    single = ArgumentSpec(options, exclusive)
    return single + _several(single) + ArgumentSpec(required_one_of=[("certificates", "name")])


def _several(single: ArgumentSpec) -> ArgumentSpec:
    """Return the option for many certificates, beside the options of a single one."""
    certificates: OneArgument = {
        "type": "list",
        "elements": "dict",
        "options": single.options,
        "mutually_exclusive": single.mutually_exclusive,
    }
    alone = [name for name, argument in single.options.items() if "default" not in argument]
    return ArgumentSpec({"certificates": certificates}, [("certificates", name) for name in alone])


def check_beside_several(spec: ArgumentSpec, values: Mapping[str, t.Any], given: Collection[str]) -> None:
    """Refuse what belongs into the entries of `certificates` and stands beside them; Ansible sees only to what has no default.

    Args:
        spec: that of the module.
        values: of its options.
        given: the names of those that were given.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    options = spec.options["certificates"]["options"]
    misplaced = sorted(name for name in given if "default" in options.get(name, {}))
    if values["certificates"] is not None and misplaced:
        raise CertificatesError(
            "invalid_argument", f"With certificates, give {', '.join(misplaced)} inside its entries, not beside them."
        )


def import_options() -> ArgumentSpec:
    """Return the options of `ssl_certificate_import`: one certificate at top level, or several in `certificates`."""
    single = _one_certificate()
    of_orders: dict[str, OneArgument] = {
        "orders": {"type": "list", "elements": "dict"},
        "collected": {"type": "list", "elements": "dict"},
        "certificate_dir": {"type": "path"},
        "privatekey_dir": {"type": "path", "no_log": False},
        "force": {"type": "bool", "default": False},
    }
    alone = [name for name, argument in single.options.items() if "default" not in argument and name not in FOR_ALL]
    beside = [name for name, argument in of_orders.items() if "default" not in argument]
    return (
        single
        + _several(single)
        + ArgumentSpec(
            options=of_orders,
            mutually_exclusive=[
                *(("certificates", name) for name in beside),
                *((several, name) for several in ("orders", "collected") for name in alone),
                ("collected", "certificate_dir"),
            ],
            required_one_of=[("certificates", "orders", "collected", *SOURCES, *IDENTITIES)],
        )
    )


FOR_ALL = ("privatekey_passphrase", "intermediate_path", "trusted_ca_path")
"""Options without a default that hold of all certificates of `orders` and `collected`."""


def _one_certificate() -> ArgumentSpec:
    """Return the options of one certificate."""
    parts = ("certificate", "privatekey", "intermediate", "csr")
    return ArgumentSpec(
        options={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "certificate_path": {"type": "path"},
            "certificate_content": {"type": "str"},
            "privatekey_path": {"type": "path"},
            "privatekey_content": {"type": "str", "no_log": True},
            "privatekey_passphrase": {"type": "str", "no_log": True},
            "intermediate_path": {"type": "path"},
            "intermediate_content": {"type": "str"},
            "csr_path": {"type": "path"},
            "csr_content": {"type": "str"},
            "pkcs12_path": {"type": "path"},
            "pkcs12_passphrase": {"type": "str", "no_log": True},
            "notes": {"type": "str"},
            "order_id": {"type": "int"},
            "certificate_id": {"type": "int"},
            "fingerprint_sha256": {"type": "str"},
            "common_name": {"type": "str"},
            "allow_expired": {"type": "bool", "default": False},
            "verify_chain": {"type": "bool", "default": True},
            "remove_superseded": {"type": "bool", "default": False},
            "trust": {"type": "str", "choices": ["require", "warn", "ignore"], "default": "warn"},
            "trusted_ca_path": {"type": "path"},
        },
        mutually_exclusive=[
            *((f"{part}_path", f"{part}_content") for part in parts),
            *(("pkcs12_path", f"{part}_{form}") for part in parts for form in ("path", "content")),
        ],
    )
