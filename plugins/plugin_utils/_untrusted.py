# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that Ansible takes as they are. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t

import ansible.template
from ansible.utils.unsafe_proxy import wrap_var

MARKS_TEMPLATES = hasattr(ansible.template, "trust_as_template")
"""Whether this ansible-core takes no text for a template unless it is marked as one: from 2.19 on."""


def untrusted(value: t.Any) -> t.Any:
    """Return what a filter has put together, in a form in which Ansible never takes a text of it for a template.

    Where templates are marked, none of what a module returned or Python put together is one, and to go through all of a large result
    would take longer than all else.
    """
    return value if MARKS_TEMPLATES else wrap_var(value)
