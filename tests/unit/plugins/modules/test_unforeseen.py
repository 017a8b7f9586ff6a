# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nobody foresaw, in each module: it ends with a failure that says where that was, and quotes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import run_list as order_info

from tests.support.forked import MODULES as PACKAGE
from tests.support.modules import run_module

pytestmark = pytest.mark.later

MODULES = sorted(path.stem for path in Path(__file__).resolve().parents[4].glob("plugins/modules/[!_]*.py"))
SECRET = "s3same-0pen"
LOGIN = {"username": "somebody", "api_key": SECRET, "endpoint_url": "http://127.0.0.1:1/rest/v3.1/"}
NEEDED: dict[str, dict[str, Any]] = {
    "secrets_manager_certificate": {
        "name": "shop",
        "instance_url": "http://127.0.0.1:1",
        "certificate_content": "none",
        "privatekey_passphrase": SECRET,
    },
    "ssl_certificate_export": {**LOGIN, "all": True, "dest": "/nowhere"},
    "ssl_certificate_import": {**LOGIN, "common_name": "www.example.com", "state": "absent"},
    "ssl_certificate_report": {"path": "/nowhere.html"},
    "ssl_certificate_rotate": {**LOGIN, "phases": ["verify"]},
    "ssl_endpoint_info": {**LOGIN, "endpoints": ["127.0.0.1"]},
    "ssl_fulfillment_email": {**LOGIN, "order_ids": [1]},
    "ssl_fulfillment_email_info": {
        "imap": {"host": "127.0.0.1", "username": "somebody", "password": SECRET},
        "csr_paths": ["/nowhere.csr"],
    },
}
"""Options without which a module does not begin."""


class Panic(BaseException):
    """What cryptography raises where its Rust fails, which is no `Exception`."""


def divide(*_arguments: object, **_named: object) -> Any:
    """Fail with a text that quotes a secret."""
    raise ZeroDivisionError(f"the password {SECRET} is divided by zero")


def panic(*_arguments: object, **_named: object) -> Any:
    """Fail as no function of Python does."""
    raise Panic(SECRET)


def no_json(*_arguments: object, **_named: object) -> dict[str, Any]:
    """Return what cannot be written."""
    return {"changed": False, "orders": [{"id": type(SECRET, (), {})()}]}


BROKEN: dict[Callable[..., Any], str] = {
    divide: "ZeroDivisionError",
    panic: f"{__name__}.Panic",
    no_json: "TypeError",
}
"""What takes the place of a function, by the type of the error that comes of it."""


def replace(where: str, name: str, what: Callable[..., Any]) -> None:
    """Put something else in the place of a function of a file."""
    setattr(import_module(where), name, what)


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("broken", BROKEN, ids=lambda function: str(function.__name__))
def test_an_unexpected_error_is_a_failure(name: str, broken: Callable[..., Any]) -> None:
    if broken is not divide and MODULES.index(name) % len(BROKEN) != list(BROKEN).index(broken):
        pytest.skip("each module with one of them is enough, since they end in the same place")
    program = import_module(PACKAGE + name).run.__module__
    run = run_module(name, first=partial(replace, program, "run", broken), **NEEDED.get(name, LOGIN))
    assert (run.failed, run.code) == (True, "internal_error")
    assert run["msg"] == run["failure"]["message"]
    details = run["failure"]["details"]
    assert details["type"] == BROKEN[broken]
    assert details["place"][0].startswith("module_utils/_base/module.py, line ")
    assert f"Unexpected error: {BROKEN[broken]} in {details['place'][-1]}. " in run["msg"]
    assert "https://github.com/softlayer/softlayer.certificates/issues" in run["msg"]
    assert SECRET not in run.output and "Traceback" not in run.output


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("ansible.module_utils.basic.AnsibleModule", "_log_invocation"),
        ("ansible.module_utils.basic.AnsibleModule", "exit_json"),
        ("", "of_environment"),
    ],
)
@pytest.mark.parametrize("broken", [divide, panic])
def test_wherever_it_happens(where: str, name: str, broken: Callable[..., Any]) -> None:
    """Before the module's own program begins, or after it has ended."""
    run = run_module("ssl_order_info", first=partial(_break, where, name, broken), **LOGIN, order_ids=[1])
    assert run.code == "internal_error", run.output
    assert run["failure"]["details"]["type"] == BROKEN[broken]
    assert SECRET not in run.output and "Traceback" not in run.output


def _break(where: str, name: str, broken: Callable[..., Any]) -> None:
    if name == "of_environment":  # the options hold the function itself
        for option in order_info.SPEC.options.values():
            if "fallback" in option:
                option["fallback"] = (broken, *option["fallback"][1:])
        return
    file, _dot, kind = where.rpartition(".")
    setattr(getattr(import_module(file), kind), name, broken)
    order_info.run = _nothing  # type: ignore[assignment]


def _nothing(*_arguments: object, **_named: object) -> dict[str, Any]:
    return {"changed": False, "orders": [], "order_count": 0, "missing_order_ids": [], "api_calls": 0}


def test_an_interruption_is_called_so() -> None:
    run = run_module("ssl_order_info", first=partial(replace, order_info.__name__, "run", interrupt), **LOGIN)
    assert (run.failed, run.code) == (True, "interrupted")


def interrupt(*_arguments: object, **_named: object) -> Any:
    """Do what Ctrl-C does."""
    raise KeyboardInterrupt
