# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters with which the roles and playbooks of this collection read their variables. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Mapping

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._forms import (
    Option,
    in_words_of_role,
    plain,
    read_variable,
    read_variables,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._roles import role_options
from ansible_collections.softlayer.certificates.plugins.plugin_utils._untrusted import untrusted


def role_variables(
    given: Mapping[str, object],
    options: Mapping[str, Option],
    prefix: str,
    omit: object,
    meant: Mapping[str, Option],
) -> dict[str, t.Any]:
    """Return a role's parsed variables without the prefix of their names; `refused` lists what cannot be read.

    Args:
        given: the variables that are defined, evaluated.
        options: all options, from `meta/argument_specs.yml`.
        prefix: the prefix of their names.
        omit: Ansible's placeholder for a value that counts as not given.
        meant: what is not declared to Ansible about some options.
    """
    values, refused = read_variables(plain(given, omit), plain(options), _parse, plain(meant))
    # An evaluated value must not be evaluated again as a template, whatever it contains.
    for name, one in plain(meant).items():
        if name in values and one.get("elements") == "dict":
            values[name] = [_absolute(value, {**one, "type": "dict"}) for value in values[name]]
    read: dict[str, t.Any] = untrusted({name.removeprefix(prefix): value for name, value in values.items()})
    return {"refused": untrusted(refused), **read}


def _absolute(value: t.Any, option: Option) -> t.Any:
    """Return an entry with absolute paths: the module that gets it has the playbook's folder as its own, not the user's."""
    options, kind = option.get("options"), option.get("type", "str")
    if kind == "path":
        return os.path.abspath(os.path.expanduser(value))
    if kind == "list":
        return [_absolute(one, {**option, "type": option.get("elements", "str")}) for one in value]
    return {key: _absolute(one, options[key]) for key, one in value.items()} if kind == "dict" and options else value


def role_variable(value: object, name: str, kind: str, elements: str = "str") -> t.Any:
    """Return one parsed variable; a list stays a list, any other is `None` if it is blank."""
    try:
        return untrusted(read_variable(name, plain(value), {"type": kind, "elements": elements}, _parse))
    except CertificatesError as error:
        raise AnsibleFilterError(error.message) from None


def role_message(message: str, options: Mapping[str, Option], prefix: str) -> str:
    """Return a module's message with the names of options replaced by the role's variables that set them."""
    said: str = untrusted(in_words_of_role(plain(message), plain(options), prefix))
    return said


def _parse(text: str) -> object:
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # makes only text, lists and dicts
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


class FilterModule:
    """Provides the filters by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {
            "_role_options": role_options,
            "_role_variables": role_variables,
            "_role_variable": role_variable,
            "_role_message": role_message,
        }
