# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A list that is null or blank selects nothing and allows nobody, in every module."""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import options_for, run_module

ROOT = Path(__file__).resolve().parents[3]
SPECS = {
    path.stem: import_module(f"ansible_collections.softlayer.certificates.plugins.modules.{path.stem}").SPEC
    for path in ROOT.glob("plugins/modules/*.py")
}
OF_KEYS = {("ssl_order_info", "fields"), ("secrets_manager_certificate", "labels")}
"""Lists that select nothing: what is told of each order, where an empty one leaves only its id, see `test_ssl_order_fields.py`; and what
a secret is given."""
LISTS = sorted(
    (module, name)
    for module, spec in SPECS.items()
    for name, option in spec.options.items()
    if option["type"] == "list" and "default" not in option and (module, name) not in OF_KEYS
)
MAILBOX: dict[str, Any] = {"paths": [os.devnull]}
# What a module needs beside the list, and what of its result says that nothing was selected.
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("secrets_manager_certificate", "certificates"): {
        "instance_url": "https://example.com",
        "iam_api_key": "never sent",
    },
    ("ssl_certificate_deploy", "listeners"): {"certificate_id": 1},
    ("ssl_certificate_export", "certificate_ids"): {"dest": os.path.join(os.sep, "exported")},
    ("ssl_certificate_export", "common_names"): {"dest": os.path.join(os.sep, "exported")},
    ("ssl_certificate_rotate", "common_names"): {"phases": ["deploy"]},
    ("ssl_certificate_rotate", "endpoints"): {"phases": ["verify"], "load_balancers": []},
    ("ssl_certificate_rotate", "load_balancers"): {"phases": ["deploy"]},
    ("ssl_certificate_rotate", "sources"): {"phases": ["deploy"]},
    ("ssl_certificate_import", "orders"): {"privatekey_dir": os.sep, "certificate_dir": os.sep},
    ("ssl_certificate_import", "collected"): {"privatekey_dir": os.sep},
    ("ssl_fulfillment_email", "allowed_recipients"): {"common_names": ["*"]},
    ("ssl_fulfillment_email", "recipients"): {"common_names": ["*"]},
    ("ssl_fulfillment_email", "approved"): {"common_names": ["*"]},
    ("ssl_fulfillment_email_info", "paths"): {"order_ids": [1]},
    ("ssl_fulfillment_email_info", "emails"): {**MAILBOX, "orders": []},
    **{("ssl_fulfillment_email_info", name): MAILBOX for name in ("orders", "order_ids", "csr_paths", "privatekey_paths")},
}  # fmt: skip
SELECTED = {
    "ssl_certificate_deploy": "listeners",
    "ssl_order_info": "orders",
    "ssl_certificate_info": "certificates",
    "ssl_certificate_import": "certificates",
    "ssl_certificate_export": "certificates",
    "secrets_manager_certificate": "certificates",
    "ssl_fulfillment_email_info": "certificates",
    "ssl_fulfillment_email": "requested_count",
    "ssl_endpoint_info": "endpoints",
    "ssl_certificate_rotate": "listeners",
}


@pytest.mark.parametrize(("module", "name"), LISTS)
def test_all_that_is_nothing_means_the_same(module: str, name: str) -> None:
    for nothing in (None, "", [None, " "]):
        assert SPECS[module].as_meant({name: nothing}) == {name: []}


@pytest.mark.parametrize(("module", "name"), LISTS)
def test_a_module_selects_nothing(sim: Simulator, module: str, name: str) -> None:
    ran = run_module(module, **options_for(sim), **{**BESIDE.get((module, name), {}), name: None})
    assert not ran.result.get(SELECTED[module]) and not ran["changed"], ran.output
    assert ran.failed == (name in {"allowed_recipients", "recipients", "approved"}), ran.output
    assert "None" not in json.dumps(ran.result)
    assert sim.sends() == []


def test_null_is_no_way_around_a_choice_between_lists(sim: Simulator) -> None:
    ran = run_module("ssl_fulfillment_email", **options_for(sim), order_ids=None, common_names=["*"])
    assert ran.failed and "mutually exclusive" in ran["msg"]
    assert sim.sends() == []


def test_true_is_no_id(sim: Simulator) -> None:
    ran = run_module("ssl_order_info", **options_for(sim), order_ids=[True])
    assert ran.failed and "order_ids[0] takes a number" in ran["msg"]
