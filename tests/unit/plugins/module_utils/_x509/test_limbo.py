# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cases of C2SP/x509-limbo: where our verdict differs from that of OpenSSL's command, and from what the suite expects, and why.

They are not kept here, as they have private keys in them. `LIMBO` names the file that the suite's `limbo compile` writes.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import now
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import (
    Anchors,
    Chain,
    evaluate_sent_chain,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import DistributionPoint, read_crl
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.read import read_certificates

LIMBO = os.environ.get("LIMBO", "")
DIFFERENT: Mapping[str, Sequence[str]] = {
    "a list of revoked certificates without a number says what it says": ["crl::crlnumber-missing"],
    "what cannot be found out changes nothing": ["crl::crlnumber-critical", "crl::issuer-missing-crlsign"],
    "there is no handshake without digital signatures": [
        "pathlen::validation-ignores-pathlen-in-leaf",
        "rfc5280::ca-as-leaf",
    ],
    "nobody asks for a shorter chain": ["pathlen::max-chain-depth-*"],
    "a second has no parts": ["rfc5280::validity::notafter-fractional"],
    "key identifiers are hints": ["rfc5280::?ki::*", "webpki::aki::*"],
    "name constraints are looked at as far as they concern the names that are there": [
        *("cve::cve-2025-61727", "rfc5280::nc::*", "webpki::nc::*")
    ],
    "the common name is not looked at where there are DNS names, and is the name where there are none": [
        *("webpki::cn::*", "webpki::san::no-san")
    ],
    "wildcards of public suffixes are a matter of the authority": ["webpki::san::public-suffix-*-wildcard-san"],
    "forms that authorities must keep to, and no client insists on": [
        *("rfc5280::pc::ica-noncritical-pc", "rfc5280::san::*", "rfc5280::serial::*", "rfc5280::ca-empty-subject"),
        *("rfc5280::root-non-critical-basic-constraints", "rfc5280::leaf-ku-keycertsign", "webpki::eku::*"),
        *("webpki::san::san-critical-with-nonempty-subject", "webpki::malformed-aia", "webpki::forbidden-*"),
        *("webpki::v1-cert", "webpki::ee-basicconstraints-ca"),
    ],
}
"""Why the verdict differs from what the suite expects, with the patterns of the cases."""
THAN_OPENSSL: Mapping[str, Sequence[str]] = {
    "the second in which it ends belongs to its validity": ["rfc5280::validity::notafter-exact"],
    "browsers take no such keys and no such root, and the command does": [
        *("rfc5280::root-missing-basic-constraints", "webpki::forbidden-p192-*", "webpki::forbidden-dsa-leaf"),
        "webpki::forbidden-weak-rsa-*",
    ],
    "a wildcard is a whole label": ["webpki::san::wildcard-embedded-leftmost-san"],
}
"""Why it differs from what OpenSSL's command says."""


@cache
def cases() -> list[dict[str, Any]]:
    """The cases about servers."""
    if not LIMBO:
        pytest.skip("LIMBO names no file with the cases of x509-limbo")
    every = json.loads(Path(LIMBO).read_text(encoding="utf-8"))["testcases"]
    return [case for case in every if case["validation_kind"] == "SERVER"]


def when(case: Mapping[str, Any]) -> datetime:
    """The instant at which it is asked."""
    return datetime.fromisoformat(case["validation_time"]) if case["validation_time"] else now()


def certificates(texts: Sequence[str]) -> list[Certificate]:
    """Those in PEM that can be read."""
    return [certificate for text in texts for certificate in read_certificates(text.encode())]


def is_accepted(case: Mapping[str, Any]) -> bool:
    """Our verdict."""
    at, name = when(case), (case["expected_peer_name"] or {}).get("value")
    try:
        [leaf] = certificates([case["peer_certificate"]])
        sent, roots = certificates(case["untrusted_intermediates"]), certificates(case["trusted_certs"])
    except CertificatesError:
        return False
    chain = evaluate_sent_chain(leaf, sent, Anchors(roots), at)
    is_trusted = chain.trust == "trusted" and leaf.is_valid(at) and (name is None or leaf.is_accepted_for(name))
    return is_trusted and not is_revoked(leaf, chain, case["crls"], at)


def is_revoked(leaf: Certificate, chain: Chain, lists: Sequence[str], at: datetime) -> bool:
    """Whether a list that can be used has the certificate, or an issuer of it."""
    anywhere = DistributionPoint((), frozenset())
    links = list(zip((leaf, *chain.path), chain.path, strict=False))
    read = filter(None, (read_crl(text.encode()) for text in lists))
    return any(
        crl.why_unusable(issuer, at) is None and crl.find_status(issued, anywhere).status == "revoked"
        for crl in read
        for issued, issuer in links
    )


def is_accepted_by_openssl(case: Mapping[str, Any], folder: Path) -> bool:
    """The verdict of its command, which takes lists of revoked certificates for a must: they are left out."""
    command = ["openssl", "verify", "-purpose", "sslserver", "-partial_chain", "-auth_level", "1"]
    command += ["-attime", str(int(when(case).timestamp())), "-no-CAfile", "-no-CApath", "-no-CAstore"]
    for option, name in (("-CAfile", "trusted_certs"), ("-untrusted", "untrusted_intermediates")):
        if case[name]:
            path = folder / name
            path.write_text("\n".join(case[name]), encoding="ascii")
            command += [option, str(path)]
    wanted = case["expected_peer_name"]
    if wanted:
        command += ["-verify_ip" if wanted["kind"] == "IP" else "-verify_hostname", wanted["value"]]
    leaf = folder / "leaf"
    leaf.write_text(case["peer_certificate"], encoding="ascii")
    return subprocess.run([*command, str(leaf)], capture_output=True, check=False).returncode == 0


def unexplained(names: set[str], why: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Which cases no pattern has, and which patterns have no case."""
    patterns = [pattern for of_reason in why.values() for pattern in of_reason]
    return (
        sorted(name for name in names if not any(fnmatch(name, pattern) for pattern in patterns)),
        [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in names)],
    )


def test_where_openssl_says_something_else(tmp_path: Path) -> None:
    without = [{**case, "crls": []} for case in cases()]
    names = {case["id"] for case in without if is_accepted(case) != is_accepted_by_openssl(case, tmp_path)}
    assert unexplained(names, THAN_OPENSSL) == ([], [])


def test_where_the_suite_expects_something_else() -> None:
    names = {case["id"] for case in cases() if is_accepted(case) != (case["expected_result"] == "SUCCESS")}
    assert unexplained(names, DIFFERENT) == ([], [])
