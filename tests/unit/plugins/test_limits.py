# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An option that limits what a run may change is never null or empty, in any module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError

from tests.simulator.client import Simulator
from tests.support.modules import options_for, run_module

ROOT = Path(__file__).resolve().parents[3]
SPECS = {
    path.stem: import_module(f"ansible_collections.softlayer.certificates.plugins.modules.{path.stem}").SPEC
    for path in ROOT.glob("plugins/modules/*.py")
}
CONTRACT = (
    *("allowed_recipients", "order_ids", "common_names", "load_balancers", "ports", "select", "recipients", "approved"),
    *("phases", "max_orders", "max_listeners"),
)
"""The options that the contract with users names."""
LIMIT_NOTHING = {"all", "certificate_id", "fields", "labels", "order_id", "port"}
"""Those that are like conditions, and say what is done, or what is told."""


def every(options: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The paths and names of options, and the options, at any depth."""
    for name, option in options.items():
        yield f"{within}{name}", name, option
        yield from every(option.get("options") or {}, f"{within}{name}.")


OPTIONS = [(module, *each) for module, spec in SPECS.items() for each in every(spec.options)]
LIMITING = sorted((module, place) for module, place, _name, option in OPTIONS if option.get("limits"))


def test_each_condition_limits() -> None:
    """What has no default, and is a number, a yes or no, or a list of values: without it there is no restriction."""
    conditions = [
        (module, place)
        for module, place, name, option in OPTIONS
        if "default" not in option and name not in LIMIT_NOTHING
        if option.get("elements", option["type"]) in {"int", "bool"}
        or (option["type"], option.get("elements")) == ("list", "str")
    ]
    assert sorted({*conditions} - {*LIMITING}) == [] and len(conditions) > 40


def test_what_the_contract_names_limits_wherever_it_is() -> None:
    named = [(module, place, name) for module, place, name, _option in OPTIONS if name in CONTRACT]
    assert [(module, place) for module, place, _name in named if (module, place) not in LIMITING] == []
    assert {name for _module, _place, name in named} == {*CONTRACT}


def placed(module: str, place: str, value: object) -> dict[str, Any]:
    """The options of a module with a value in this place."""
    name, _dot, inner = place.partition(".")
    option = SPECS[module].options[name]
    for part in reversed(inner.split(".") if inner else []):
        value = {part: value}
    return {name: [value] if inner and option["type"] == "list" else value}


@pytest.mark.parametrize(("module", "place"), LIMITING, ids=lambda value: value)
def test_a_limit_that_is_null_or_empty_is_refused(module: str, place: str) -> None:
    """A text that is blank is what ansible-core 2.18 makes of null."""
    for nothing in (None, "", " ", []):
        with pytest.raises(CertificatesError, match=f"^{place} must not be null or empty"):
            SPECS[module].read(placed(module, place, nothing))


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("ssl_fulfillment_email", {"common_names": ["*"], "allowed_recipients": None}),
        ("ssl_fulfillment_email", {"select": {"common_names": []}}),
        ("ssl_certificate_deploy", {"deployments": None}),
        ("ssl_certificate_rotate", {"phases": ["deploy"], "load_balancers": []}),
        ("ssl_certificate_rotate", {"phases": ["deploy"], "adopt": None}),
    ],
)
def test_nothing_is_called_then(sim: Simulator, module: str, options: dict[str, Any]) -> None:
    ran = run_module(module, **{**options_for(sim), **options})
    assert ran.failed and ran.code == "invalid_argument" and "must not be null or empty: " in ran["msg"]
    assert sim.calls() == []


def test_without_a_selection_no_email_is_requested(sim: Simulator) -> None:
    ran = run_module("ssl_fulfillment_email", **options_for(sim))
    assert ran.failed and ran["msg"] == "one of the following is required: order_ids, common_names, select"
    assert sim.calls() == []
    ran = run_module("ssl_fulfillment_email", **options_for(sim), select={}, on_ineligible="skip")
    assert not ran.failed and len(sim.sends()) == ran["requested_count"] > 1
