# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From Ansible's variables to Python's values, and back. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from functools import wraps

import ansible.template
from ansible.parsing.dataloader import DataLoader
from ansible.utils.unsafe_proxy import wrap_var
from ansible.utils.vars import load_extra_vars
from ansible_collections.softlayer.certificates.plugins.plugin_utils._unforeseen import quoting_nothing

P = t.ParamSpec("P")
R = t.TypeVar("R")
MARKS_TEMPLATES = hasattr(ansible.template, "trust_as_template")
"""Whether this ansible-core takes no text for a template unless it is marked as one: from 2.19 on."""


def on_variables(function: Callable[P, R]) -> Callable[P, R]:
    """Return a filter that is given plain values, and whose result Ansible never takes for a template, whatever texts are in it."""

    @quoting_nothing
    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        result: t.Any = function(*map(plain, args), **{name: plain(value) for name, value in kwargs.items()})
        # Where templates are marked, none of what Python put together is one, and to go through a large result would take long.
        return t.cast(R, result if MARKS_TEMPLATES else wrap_var(result))

    return called


def extra_variables() -> dict[str, t.Any]:
    """Return what `-e` sets, as it is written; Ansible has read it before, and does not read it again."""
    return {str(name): value for name, value in load_extra_vars(DataLoader()).items()}


def plain(value: t.Any) -> t.Any:
    """Return a value without lazy containers and tags of ansible-core, decrypted."""
    if isinstance(value, str):  # first, since most values are texts
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    plain_type = next((kind for kind in (int, float) if isinstance(value, kind)), str)
    return plain_type(value)
