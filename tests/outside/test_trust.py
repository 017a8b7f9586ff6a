# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A public key is no secret: a certificate is taken for its key and for its chain to a root that is trusted.

Which chains are, and which of several certificates is taken: the pure tests of `_x509/chain` and `_orders/plan_collect`.

Promise: A forged email does no harm.
"""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.outside.runs import play, stored
from tests.simulator.client import Simulator
from tests.support.certificates import DAY, NOW, Authority, pem_of
from tests.support.modules import run_module

NAME = "www.example.com"
AUTHORITY, FORGER = Authority("Real"), Authority("Real")
GENUINE = AUTHORITY.issue(NAME, days=(-1, 90))
FORGED = FORGER.issue(NAME, key=GENUINE.key, days=(-0.5, 900))
"""The right key and names, newer and longer valid, by an authority that has the right names as well."""


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    """The paths of the root that is trusted, of the private key, and of a folder for messages."""
    paths = {"root": tmp_path / "root.pem", "keys": tmp_path / "keys", "mails": tmp_path / "mails"}
    paths["root"].write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    for name in ("keys", "mails"):
        paths[name].mkdir()
    paths["key"] = paths["keys"] / f"{NAME}.key"
    paths["key"].write_text(GENUINE.key_pem, encoding="ascii")
    return {name: str(path) for name, path in paths.items()}


def deliver(given: dict[str, str], name: str, *blocks: str) -> None:
    """Put a message with PEM in its text into the folder."""
    message = EmailMessage()
    message["From"], message["Subject"] = "Orders <orders@ca.example>", "Your SSL certificate"
    message.set_content("Your certificate:\n\n" + "\n".join(blocks))
    Path(given["mails"], f"{name}.eml").write_bytes(bytes(message))


def look(given: dict[str, str], **options: Any) -> Any:
    """Look for the key's certificate in the messages."""
    look_for = {"privatekey_paths": [given["key"]], "trusted_ca_path": given["root"]}
    run = run_module("ssl_fulfillment_email_info", paths=[given["mails"]], **look_for, **options)
    assert not run.failed, run.result
    return run


def found(run: Any) -> tuple[str, str, str]:
    """Certificate, chain and trust of what was found."""
    [one] = run["certificates"]
    return one["certificate"], one["intermediate_certificate"], one["trust"]


def test_a_forged_certificate_of_the_right_key_is_left_where_it_is(given: dict[str, str]) -> None:
    deliver(given, "1", FORGED.pem, FORGED.chain_pem)
    alone = look(given)
    assert (alone["certificates"], [one["reason"] for one in alone["missing"]]) == ([], ["untrusted"])
    assert [one["reason"] for one in alone["unmatched"]] == ["untrusted"]
    assert "expected public key" in str(alone["warnings"])
    assert found(look(given, trust="warn")) == (FORGED.pem, FORGED.chain_pem, "untrusted")
    deliver(given, "2", GENUINE.pem)
    deliver(given, "3", GENUINE.chain_pem)
    for trust in ("require", "warn"):
        assert found(look(given, trust=trust)) == (GENUINE.pem, GENUINE.chain_pem, "trusted")


def test_a_certificate_for_a_name_of_the_sender_is_not_the_requests(given: dict[str, str], tmp_path: Path) -> None:
    """Whoever has got hold of the signing request has it signed for a name of his own, by the trusted authority."""
    request = tmp_path / "www.csr"
    request.write_text(GENUINE.csr_pem, encoding="ascii")
    theirs = AUTHORITY.issue("attacker.example", key=GENUINE.key, days=(-0.5, 900))
    deliver(given, "1", theirs.pem, theirs.chain_pem)
    by_request = {"csr_paths": [str(request)], "trusted_ca_path": given["root"], "paths": [given["mails"]]}
    alone = run_module("ssl_fulfillment_email_info", **by_request)
    assert (alone["certificates"], [one["reason"] for one in alone["unmatched"]]) == ([], ["untrusted"])
    assert "attacker.example has the expected public key, but neither" in str(alone["warnings"])
    deliver(given, "2", GENUINE.pem, GENUINE.chain_pem)
    assert found(run_module("ssl_fulfillment_email_info", **by_request)) == (
        GENUINE.pem,
        GENUINE.chain_pem,
        "trusted",
    )


def test_the_role_stores_the_genuine_certificate_alone(
    account: Simulator, tmp_path: Path, given: dict[str, str]
) -> None:
    """Of another name there is only one that is forged."""
    other = FORGER.issue("other.example.com", days=(-1, 90))
    dates = {"effectiveDate": str(NOW - DAY), "expirationDate": str(NOW + 90 * DAY)}
    for number, (name, issued) in enumerate({NAME: GENUINE, "other.example.com": other}.items(), 2013):
        account.add_order(id=number, commonName=name, certificateSigningRequest=issued.csr_pem, **dates)
        Path(given["keys"], f"{name}.key").write_text(issued.key_pem, encoding="ascii")
    deliver(given, "forged", FORGED.pem, FORGED.chain_pem)
    deliver(given, "other", other.pem, other.chain_pem)
    deliver(given, "genuine", GENUINE.pem)
    (issuers := tmp_path / "issuers.pem").write_text(GENUINE.chain_pem, encoding="ascii")
    ran = play(
        account,
        tmp_path,
        "softlayer.certificates.import",
        ssl_fulfillment_mail={"paths": [given["mails"]]},
        ssl_fulfillment_privatekey_dir=given["keys"],
        ssl_fulfillment_trusted_ca_path=given["root"],
        ssl_fulfillment_intermediate_path=str(issuers),
    )
    assert ran.code == 0 and "skipped: other.example.com (untrusted)" in ran.output, ran.output
    assert stored(account) == {GENUINE.pem: 1}
    assert [record["intermediateCertificate"] for record in account.certificates()] == [GENUINE.chain_pem]
