# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names within and outside the constraints of issuers; where the library decides, it decides the same."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.name_constraints import (
    meets_name_constraints,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification

from tests.support.certificates import DAY, NOW

KEY = ec.generate_private_key(ec.SECP256R1())
HAS_POLICIES = hasattr(verification, "ExtensionPolicy")
Bases = Sequence[x509.GeneralName] | None


def named(*parts: tuple[str, str]) -> x509.Name:
    """A distinguished name of these relative names, by the short names of their kinds."""
    kinds = {"C": x509.NameOID.COUNTRY_NAME, "O": x509.NameOID.ORGANIZATION_NAME, "CN": x509.NameOID.COMMON_NAME}
    return x509.Name([x509.NameAttribute(kinds[kind], value) for kind, value in parts])


def certificate(issuer: x509.Name, subject: x509.Name, *extensions: x509.ExtensionType) -> x509.Certificate:
    """A certificate; all have one key."""
    builder = x509.CertificateBuilder(issuer, subject, KEY.public_key(), 1, NOW - DAY, NOW + DAY)
    for extension in extensions:
        builder = builder.add_extension(
            extension, critical=not isinstance(extension, x509.SubjectAlternativeName) or not list(subject)
        )
    return builder.sign(KEY, hashes.SHA256())


CA = x509.BasicConstraints(ca=True, path_length=None)
ROOT_NAME, CA_NAME = named(("CN", "Root")), named(("C", "US"), ("CN", "CA"))


def path(
    permitted: Bases, excluded: Bases, names: Sequence[x509.GeneralName], subject: x509.Name
) -> tuple[x509.Certificate, x509.Certificate, x509.Certificate]:
    """A certificate, its issuer with constraints, and a root."""
    alternatives = [x509.SubjectAlternativeName(names)] if names else []
    return (
        certificate(CA_NAME, subject, *alternatives),
        certificate(ROOT_NAME, CA_NAME, CA, x509.NameConstraints(permitted, excluded)),
        certificate(ROOT_NAME, ROOT_NAME, CA),
    )


def decided(*certificates: x509.Certificate) -> bool:
    """What is decided here."""
    leaf, *issuers = [Certificate(one.public_bytes(Encoding.DER)) for one in certificates]
    return meets_name_constraints(leaf, issuers)


def decided_by_the_library(leaf: x509.Certificate, issuer: x509.Certificate, root: x509.Certificate) -> bool:
    """What `cryptography` decides."""
    of_ca = verification.ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, verification.Criticality.AGNOSTIC, None
    )
    builder = verification.PolicyBuilder().store(verification.Store([root])).time(NOW)
    policies = builder.extension_policies(ca_policy=of_ca, ee_policy=verification.ExtensionPolicy.permit_all())
    try:
        policies.build_client_verifier().verify(leaf, [issuer])
    except verification.VerificationError:
        return False
    return True


def dns(*names: str) -> list[x509.GeneralName]:
    """Host names."""
    return [x509.DNSName(name) for name in names]


def network(text: str) -> x509.IPAddress:
    """A network of addresses."""
    return x509.IPAddress(ipaddress.ip_network(text))


ADDRESS = x509.IPAddress(ipaddress.ip_address("192.0.2.7"))
WWW = named(("CN", "www.example.com"))
HOSTS: dict[str, tuple[Bases, Bases, list[x509.GeneralName], bool]] = {
    "the same": (dns("www.example.com"), None, dns("www.example.com"), True),
    "in the domain": (dns("example.com"), None, dns("www.example.com"), True),
    "case": (dns("Example.COM"), None, dns("WWW.example.com"), True),
    "another that ends alike": (dns("example.com"), None, dns("notexample.com"), False),
    "above": (dns("www.example.com"), None, dns("example.com"), False),
    "one of two": (dns("example.com"), None, dns("www.example.com", "www.example.org"), False),
    "two permitted": (dns("example.com", "example.org"), None, dns("www.example.com", "www.example.org"), True),
    "a wildcard": (dns("example.com"), None, dns("*.example.com"), True),
    "a wildcard above": (dns("www.example.com"), None, dns("*.example.com"), False),
    "excluded": (None, dns("example.com"), dns("www.example.com"), False),
    "not excluded": (None, dns("example.org"), dns("www.example.com"), True),
    "a wildcard that takes in what is excluded": (None, dns("www.example.com"), dns("*.example.com"), False),
    "permitted and excluded": (dns("example.com"), dns("www.example.com"), dns("www.example.com"), False),
    "an address in the network": ([network("192.0.2.0/24")], None, [ADDRESS], True),
    "an address outside": ([network("198.51.100.0/24")], None, [ADDRESS], False),
    "an address that is excluded": (None, [network("0.0.0.0/0")], [ADDRESS], False),
    "of the other version": (None, [network("::/0")], [ADDRESS], True),
    "constraints of hosts, an address": (dns("example.com"), None, [ADDRESS, *dns("example.com")], True),
    "constraints of another kind": ([x509.RFC822Name("example.com")], None, dns("www.example.com"), True),
}


@pytest.mark.parametrize("case", HOSTS)
def test_hosts_and_addresses(case: str) -> None:
    permitted, excluded, names, expected = HOSTS[case]
    certificates = path(permitted, excluded, names, named(("CN", "some name")))
    assert decided(*certificates) == expected
    assert not HAS_POLICIES or decided_by_the_library(*certificates) == expected


ACME, EXAMPLE = x509.DirectoryName(named(("C", "US"), ("O", "Acme"))), x509.DirectoryName(named(("C", "US")))
SUBJECTS: dict[str, tuple[Bases, Bases, x509.Name, list[x509.GeneralName], bool]] = {
    "begins alike": (
        [ACME],
        None,
        named(("C", "US"), ("O", "ACME "), ("CN", "www.example.com")),
        dns("a.example"),
        True,
    ),
    "in another order": ([ACME], None, named(("O", "Acme"), ("C", "US")), dns("a.example"), False),
    "in the midst": ([ACME], None, named(("CN", "a"), ("C", "US"), ("O", "Acme")), dns("a.example"), False),
    "a longer word": ([ACME], None, named(("C", "US"), ("O", "Acme Bros")), dns("a.example"), False),
    "no subject": ([ACME], None, named(), dns("a.example"), True),
    "excluded": (None, [EXAMPLE], named(("C", "US"), ("O", "Acme")), dns("a.example"), False),
    "not excluded": (None, [EXAMPLE], named(("C", "DE"), ("O", "Acme")), dns("a.example"), True),
    "permitted and excluded": ([EXAMPLE], [ACME], named(("C", "US"), ("O", "Acme")), dns("a.example"), False),
    "an alternative name outside": (
        [ACME],
        None,
        named(("C", "US"), ("O", "Acme")),
        [*dns("a.example"), x509.DirectoryName(named(("O", "Other")))],
        False,
    ),
    "all hosts": (dns(""), None, WWW, dns("www.example.com"), True),
    "everything": ([x509.DirectoryName(named())], None, WWW, dns("a.example"), True),
    "a common name for lack of others": (dns("example.com"), None, WWW, [], True),
    "such a one outside": (dns("example.org"), None, WWW, [], False),
    "one that is no host": (dns("example.org"), None, named(("CN", "Device 5")), [ADDRESS], True),
    "a kind that is not compared": (
        [x509.RFC822Name("example.com")],
        None,
        WWW,
        [x509.RFC822Name("a@example.com")],
        False,
    ),
    "a domain without its host": (dns(".example.com"), None, WWW, dns("example.com"), False),
    "a host in it": (dns(".example.com"), None, WWW, dns("www.example.com"), True),
}


@pytest.mark.parametrize("case", SUBJECTS)
def test_what_the_library_does_not_decide(case: str) -> None:
    permitted, excluded, subject, names, expected = SUBJECTS[case]
    assert decided(*path(permitted, excluded, names, subject)) == expected


def test_issuers_below_are_limited_too_but_for_those_with_a_new_key() -> None:
    """A self-issued one has the name of its issuer (RFC 5280, 6.1.4)."""
    limits = x509.NameConstraints([ACME], None)
    root = certificate(ROOT_NAME, ROOT_NAME, CA, limits)
    leaf = certificate(CA_NAME, named(("C", "US"), ("O", "Acme")), x509.SubjectAlternativeName(dns("a.example")))
    assert not decided(leaf, certificate(ROOT_NAME, CA_NAME, CA), root)
    assert decided(
        certificate(ROOT_NAME, named(("C", "US"), ("O", "Acme"))), certificate(ROOT_NAME, ROOT_NAME, CA), root
    )


def test_names_that_cannot_be_read_are_not_permitted() -> None:
    broken = x509.UnrecognizedExtension(x509.ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30\x05\x01")
    _leaf, *issuers = path([ACME], None, dns("a.example"), WWW)
    assert not decided(certificate(CA_NAME, named(("C", "US"), ("O", "Acme")), broken), *issuers)
