# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of filters about values that are not lists, and about unexpected errors, which quote nothing."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.filter import (
    certificate_facts,
    certificate_files,
    fulfillment_report,
    key_matches,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import convert_variables
from jinja2 import UndefinedError

SECRET = "s3same-0pen"


class Odd:
    """Stands for a value that nobody expects; whatever is done with it quotes a secret."""

    def __getattribute__(self, name: str) -> Any:
        raise ZeroDivisionError(SECRET)

    def __iter__(self) -> Any:
        raise ZeroDivisionError(SECRET)

    __getitem__ = __str__ = __bool__ = __iter__


CALLS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "certificate_facts": (certificate_facts, (Odd(),)),
    "certificate_files": (certificate_files, (Odd(), "/", "/")),
    "fulfillment_report": (fulfillment_report, (Odd(), {})),
    "key_matches": (key_matches, (Odd(), "", None)),
}


def run(name: str, *arguments: Any, **options: Any) -> Any:
    return CALLS[name][0].FilterModule().filters()[name](*arguments, **options)


ORDERS = [{"id": 7, "common_name": "www.example.com", "status": "complete"}]
NO_LIST: list[Any] = ["x", 5, [None], [1], {"orders": ORDERS}]


@pytest.mark.parametrize("given", NO_LIST, ids=str)
@pytest.mark.parametrize(
    ("name", "argument", "others"),
    [
        ("certificate_files", "orders", {"certificate_dir": "/", "privatekey_dir": "/"}),
        ("certificate_files", "collected", {"orders": ORDERS, "certificate_dir": None, "privatekey_dir": "/"}),
        ("fulfillment_report", "orders", {"words": {"reasons": {}}}),
        *(
            ("fulfillment_report", argument, {"orders": ORDERS, "words": {"reasons": {}}})
            for argument in ("store", "emails", "collected", "missing", "skipped", "failed")
        ),
    ],
)
def test_what_is_no_list_of_another_module(name: str, argument: str, others: dict[str, Any], given: Any) -> None:
    """Mostly all of a module's result, and not the list in it."""
    with pytest.raises(AnsibleFilterError, match=f"{name}: {argument} must be a list of dicts.*Set {argument} to "):
        run(name, **{**others, argument: given})


@pytest.mark.parametrize("name", CALLS)
def test_a_filter_quotes_nothing(name: str) -> None:
    with pytest.raises(AnsibleFilterError) as raised:
        run(name, *CALLS[name][1])
    said = "".join(traceback.format_exception(raised.value))
    assert f"{name}: Unexpected error: ZeroDivisionError in " in str(raised.value)
    assert ".py, line " in str(raised.value)
    assert SECRET not in said


def test_a_filter_of_the_roles_quotes_nothing() -> None:
    with pytest.raises(AnsibleFilterError) as raised:
        convert_variables(lambda value: value[SECRET])({})
    assert "KeyError" in str(raised.value)
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_what_a_user_is_to_be_shown_is_shown() -> None:
    """That an argument is missing, or something undefined."""
    with pytest.raises(TypeError, match="privatekey_dir"):
        run("certificate_files", [])

    def undefined(_value: object) -> None:
        raise UndefinedError("'x' is undefined")

    with pytest.raises(UndefinedError):
        convert_variables(undefined)(None)
