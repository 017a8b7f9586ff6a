# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates that are damaged, unusual or made to harm: each fails alone, in a sentence, and nothing reaches the terminal.

All forms of keys are tried in the pure tests of `_x509/keys`.

Promise: A forged email does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.outside.runs import login, stored
from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, key_pem
from tests.support.modules import Run, run_module

IMPORT = "ssl_certificate_import"
PASSPHRASE = "correct horse"
AUTHORITY = Authority()
ISSUED = AUTHORITY.issue("www.example.com")
ENCRYPTED = key_pem(ISSUED.key, PrivateFormat.TraditionalOpenSSL, PASSPHRASE)
DAMAGED = re.sub(r"(DEK-Info: [^,]+,)\w+", r"\g<1>0011223344556677", ENCRYPTED)
"""The library panics at such an initialisation vector."""


def test_a_damaged_key_fails_alone(account: Simulator) -> None:
    good = [AUTHORITY.issue(f"{name}.example.com") for name in "ab"]
    damaged = ISSUED.options(privatekey_content=DAMAGED, privatekey_passphrase=PASSPHRASE)
    run = run_module(IMPORT, **login(account), certificates=[good[0].options(), damaged, good[1].options()])
    assert [entry["outcome"] for entry in run["certificates"]] == ["imported", "failed", "imported"]
    assert run["certificates"][1]["reason"] in {"invalid_pem", "bad_passphrase"}
    assert stored(account) == {one.pem: 1 for one in good}


# Control characters


def test_control_characters_are_neither_stored_nor_printed(account: Simulator) -> None:
    bad = ("\x1b[31mred", "bell\x07", "null\x00", "\ufffe")
    fleet: list[Issued] = [
        *(AUTHORITY.issue(text, names=["www.example.com"]) for text in bad),
        *(AUTHORITY.issue("www.example.com", organization=text) for text in bad),
        AUTHORITY.issue("csi\x9b31m", names=["www.example.com"]),  # XML can carry it, terminals must not see it
        Authority("auth\x1b[2Jority").issue("www.example.com"),
    ]
    stranger = Authority("stranger\x1b]0;owned\x07").chain
    items = [one.options() for one in fleet]
    items[-1]["intermediate_content"] = Issued(
        fleet[-1].key, fleet[-1].certificate, (*stranger, *fleet[-1].chain)
    ).chain_pem
    run = run_module(IMPORT, diff=True, **login(account), certificates=items)
    *refused, strange, foreign = run["certificates"]
    assert {(one["outcome"], one["reason"]) for one in refused} == {("failed", "refused")}
    assert all("control characters" in one["message"] for one in refused)
    assert [one["outcome"] for one in (strange, foreign)] == ["imported", "imported"]
    assert "Ignored the certificates" in str(run["warnings"]) and "is not trusted" in str(run["warnings"])
    assert_printable(run)


def assert_printable(run: Run) -> None:
    """Nothing in a result, warning or diff steers a terminal."""

    def strings(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name, each in value.items():
                yield from strings(name)
                yield from strings(each)
        elif isinstance(value, list):
            for each in value:
                yield from strings(each)
        elif isinstance(value, str):
            yield value

    result = {name: value for name, value in run.result.items() if name != "invocation"}
    odd = [text for text in strings(result) if re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)]
    assert odd == []
