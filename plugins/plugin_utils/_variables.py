# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Convert Ansible variables to Python values. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

import ansible.template
from jinja2 import StrictUndefined, Undefined, UndefinedError

HAS_TEMPLATE_MARKS = hasattr(ansible.template, "trust_as_template")
"""Whether ansible-core evaluates only marked texts as templates (2.19 and later)."""


def make_plain(value: t.Any) -> t.Any:
    """Return a decrypted value without the lazy containers and tags of ansible-core.

    Raises:
        UndefinedError: for an undefined result of an `if` expression without `else`, also inside the value.
    """
    if isinstance(value, Undefined) and not isinstance(value, StrictUndefined):
        raise UndefinedError("An if expression without else did not return a value. Add an else branch.")
    if isinstance(value, str):  # first, since most values are texts
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): make_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [make_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    plain_type = next((kind for kind in (int, float) if isinstance(value, kind)), str)
    return plain_type(value)
