# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call that the collection makes is one that the API offers: methods, masks, filters and limits against its metadata."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import WITH_KEY_MASK

from tests.simulator import masks
from tests.simulator.metadata import SIGNATURES, Datatype, Signature
from tests.support.modules import DELIBERATE
from tests.unit.plugins.api_calls import ApiCall, Source, UnreadableError, sources

SECRET = "privateKey"
WITH_KEY = ("SoftLayer_Security_Certificate::getObject", WITH_KEY_MASK)
"""The one call that asks for private keys."""


@cache
def api_calls() -> list[ApiCall]:
    return [call for source in sources() for call in source.calls()]


def problems(call: ApiCall) -> Iterator[str]:
    """What is wrong with a call, in words."""
    signature = SIGNATURES.get(call.service, {}).get(call.method)
    if signature is None:
        yield f"there is no {call.service}::{call.method}"
        return
    for condition in call.conditions - signature.takes:
        if (str(signature), condition) not in DELIBERATE:
            yield f"{signature} takes no {condition}"
    if call.arguments != signature.parameters:
        yield f"{signature} takes {signature.parameters} arguments"
    if call.has_identifier == signature.is_static:
        yield f"{signature} is {'static' if signature.is_static else 'the method of an object'}"
    yield from _problems_of_the_answer(call, signature)


def _problems_of_the_answer(call: ApiCall, signature: Signature) -> Iterator[str]:
    if signature.gives is None:
        return
    mask = masks.parse(call.mask or "")
    if (str(signature), call.mask) == WITH_KEY:
        del mask[SECRET]
    yield from problems_of_mask(mask, signature.gives)
    if call.is_listing:
        if not signature.is_list or "id" not in signature.gives.local:
            yield f"{signature} gives no list of objects with an id"
        if (call.root or "") != signature.relation:
            yield f"the filters of {signature} start at {signature.relation or 'the datatype itself'}"


def problems_of_mask(mask: masks.Mask, datatype: Datatype) -> Iterator[str]:
    """What is wrong with one level of a mask and those below it."""
    for name, inner in mask.items():
        if name == SECRET:
            yield f"it asks for {SECRET}"
        elif name in datatype.relations:
            yield from problems_of_mask(inner, datatype.relations[name])
        elif inner or name not in datatype.local | datatype.values | datatype.counts.keys():
            yield f"{datatype.name} has no {name}"
    if not datatype.local & mask.keys():
        if SECRET in datatype.local:
            yield f"all of {datatype.name} comes, {SECRET} included"
        elif mask:
            yield f"it names no local property of {datatype.name}, so that all of them come"


def test_the_api_offers_what_is_called() -> None:
    assert [(call.where, problem) for call in api_calls() for problem in problems(call)] == []


def test_every_call_and_mask_was_checked() -> None:
    assert {f"{call.service}::{call.method}" for call in api_calls()} > {
        "SoftLayer_Account::getObject",
        "SoftLayer_Account::getSecurityCertificates",
        "SoftLayer_Account::getValidSecurityCertificateEntries",
        "SoftLayer_Security_Certificate::createObject",
        "SoftLayer_Security_Certificate_Request::getSslCertificateRequests",
        "SoftLayer_Security_Certificate_Request::resendEmail",
    }
    used = {call.mask for call in api_calls()}
    assert {name for source in sources() for name, mask in source.masks().items() if mask not in used} == set()


# What it would find

GOOD = {
    "mask": "mask[id,certificate,associatedServiceCount,lbaasListeners[id,uuid]]",
    "root": "securityCertificates",
}


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ('read_list("Account", "getSecurityCertificates", mask="{mask}", root="{root}")', None),
        ('read_list("Account", "getSecurityCertificates", mask="{mask}")', "start at securityCertificates"),
        ('read_list("Account", "getSecurityCertificates", mask="mask[id,colour]", root="{root}")', "has no colour"),
        (
            'read_list("Account", "getSecurityCertificates", mask="mask[associatedServiceCount]", root="{root}")',
            "all of",
        ),
        (
            'read_list("Account", "getSecurityCertificates", mask="mask[id,lbaasListeners[l7PolicyCount]]", root="{root}")',
            "names no local property of SoftLayer_Network_LBaaS_Listener",
        ),
        ('read_list("Account", "getValidSecurityCertificateEntries", mask="mask[id]")', "takes no mask"),
        ('call("Account", "getValidSecurityCertificateEntries", limit=5)', "takes no limit"),
        ('call("Account", "getFlowers")', "there is no SoftLayer_Account::getFlowers"),
        ('call("Security_Certificate", "createObject", {{}})', "all of SoftLayer_Security_Certificate comes"),
        ('call("Security_Certificate", "deleteObject")', "the method of an object"),
        ('call("Security_Certificate", "findByCommonName", "x", mask="mask[id]", filter={{}})', "takes no filter"),
    ],
)
def test_what_is_wrong_is_found(code: str, problem: str | None, in_a_file: Path) -> None:
    in_a_file.write_text(f"def f(client):\n    client.{code.format(**GOOD)}\n", encoding="utf-8")
    (call,) = Source(in_a_file).calls()
    found = "; ".join(problems(call))
    assert problem in found if problem else not found


@pytest.mark.parametrize(
    "code",
    [
        "def f(client, **given):\n    client.call('Account', 'getObject', **given)\n",
        "def f(client, mask):\n    client.call('Account', 'getObject', mask=mask)\n",
    ],
)
def test_what_cannot_be_read_is_an_error(code: str, in_a_file: Path) -> None:
    in_a_file.write_text(code, encoding="utf-8")
    with pytest.raises(UnreadableError):
        list(Source(in_a_file).calls())


@pytest.fixture
def in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where to write code that is read as if it were the collection's."""
    monkeypatch.setattr("tests.unit.plugins.api_calls.ROOT", tmp_path)
    return tmp_path / "code.py"
