# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A public key is no secret: a certificate is taken for its key and for its chain to a root that is trusted.

Promise: A forged email does no harm.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.outside.pki import DAY, NAME, NOW, Ca, csr_pem, key_pem, letter, named, new_key, pem, with_unknown_algorithm
from tests.outside.playing import play
from tests.outside.stranger import Stranger
from tests.support.modules import Run, run_module

LONG_AGO = (-3000, -100)
Parts = dict[str, Any]


@dataclass(frozen=True)
class World:
    """A trusted root with an authority below it, an attacker's of the same names, and a key that all know the public half of."""

    root: Ca = field(default_factory=lambda: Ca("Real Root"))
    key: Any = field(default_factory=new_key)

    @property
    def ca(self) -> Ca:
        """The authority that the certificate was ordered from."""
        return Ca("Real CA", above=self.root, key=CA_KEY)


CA_KEY = new_key()
WORLD = World()
ROOT, CA, KEY = WORLD.root, WORLD.ca, WORLD.key
GENUINE = CA.issue(KEY)
FORGER = Ca("Real CA", above=Ca("Real Root"))
FORGED = FORGER.issue(KEY, days=(-0.5, 900))
"""The right key and names, newer and longer valid, by an authority that has the right names as well."""


@pytest.fixture
def trusted(tmp_path: Path) -> str:
    """The file of roots that are trusted."""
    path = tmp_path / "roots" / "root.pem"
    path.parent.mkdir()
    path.write_text(pem(Ca("Some other root").certificate, ROOT.certificate), encoding="ascii")
    return str(path)


@pytest.fixture
def private_key(tmp_path: Path) -> str:
    """The file of the private key."""
    path = tmp_path / "www.key"
    path.write_text(key_pem(KEY), encoding="ascii")
    return str(path)


Look = Callable[..., Run]


@pytest.fixture
def look(tmp_path: Path, trusted: str, private_key: str) -> Look:
    """Looks for the key's certificate in messages, each given as the PEM texts in it."""
    folder = tmp_path / "mails"
    folder.mkdir()

    def run(*messages: tuple[str, ...], **options: Any) -> Run:
        paths = [str(letter(folder, f"mail{number}", *blocks)) for number, blocks in enumerate(messages)]
        given = {"paths": paths, "privatekey_paths": [private_key], "trusted_ca_path": trusted, **options}
        return run_module("ssl_fulfillment_email_info", **{name: value for name, value in given.items() if value})

    return run


@pytest.fixture
def api() -> Iterator[Stranger]:
    """A certificate store."""
    with Stranger().serving() as served:
        yield served


def found(run: Run) -> tuple[str, str | None, str]:
    """Certificate, chain and trust of what was found."""
    assert not run.failed, run.result
    [one] = run["certificates"]
    return one["certificate"], one["intermediate_certificate"], one["trust"]


def reasons(run: Run) -> list[str]:
    """Why messages were not taken; each says what to do."""
    assert not run.failed, run.result
    assert all(entry["message"].endswith(".") for entry in run["unmatched"])
    return [entry["reason"] for entry in run["unmatched"]]


def warnings(run: Run) -> str:
    """All warnings of a run."""
    return str(run.result.get("warnings", ""))


# In emails


@pytest.mark.parametrize("order", [1, -1])
def test_a_forged_certificate_of_the_right_key_is_left_where_it_is(look: Look, order: int) -> None:
    messages = [(pem(GENUINE), pem(CA.certificate)), (pem(FORGED), pem(FORGER.certificate))][::order]
    run = look(*messages)
    assert found(run) == (pem(GENUINE), pem(CA.certificate), "trusted")
    assert set(reasons(run)) <= {"untrusted"}


def test_genuine_and_forged_in_one_message(look: Look) -> None:
    run = look((pem(FORGED), pem(GENUINE), pem(CA.certificate)))
    assert found(run) == (pem(GENUINE), pem(CA.certificate), "trusted")


def test_a_forged_certificate_alone_is_not_taken_and_said(look: Look) -> None:
    run = look((pem(FORGED), pem(CA.certificate)))
    assert run["certificates"] == []
    assert [missing["reason"] for missing in run["missing"]] == ["untrusted"]
    assert reasons(run) == ["untrusted"]
    assert "trusted_ca_path" in run["unmatched"][0]["message"]
    assert "right public key" in warnings(run)


def test_a_certificate_for_a_name_of_the_sender_is_not_the_orders(look: Look) -> None:
    """Whoever has got hold of the signing request has it signed for a name of his own, by the trusted authority."""
    theirs = CA.issue(KEY, subject=named("attacker.example"), names=["attacker.example"], days=(-0.5, 900))
    public = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    order = {"id": 1, "common_name": NAME.upper(), "public_key_sha256": hashlib.sha256(public).hexdigest()}
    run = look(
        (pem(GENUINE), pem(CA.certificate)), (pem(theirs), pem(CA.certificate)), privatekey_paths=None, orders=[order]
    )
    assert found(run) == (pem(GENUINE), pem(CA.certificate), "trusted")
    assert "attacker.example" not in warnings(run)
    alone = {"privatekey_paths": None, "orders": [order]}
    run = look((pem(theirs), pem(CA.certificate)), **alone)
    assert (run["certificates"], reasons(run)) == ([], ["untrusted"]), "else it would be in the place of the right one"
    assert "attacker.example has the right public key, but not the order's common name" in warnings(run)
    late = look((pem(theirs),), (pem(CA.certificate),), **alone)
    assert not late["certificates"] and "untrusted" in reasons(late), "also where its issuer comes in another email"
    run = look((pem(theirs), pem(CA.certificate)), **alone, trust="warn")
    assert run["certificates"][0]["certificate"] == pem(theirs)
    assert "attacker.example has the right public key, but not the order's common name" in warnings(run)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("in_one", [True, False], ids=["one message", "two messages"])
def test_of_two_certificates_of_a_key_the_one_for_the_names_of_the_signing_request(
    look: Look, tmp_path: Path, order: int, in_one: bool
) -> None:
    """The other one is newer."""
    request = tmp_path / "shop.csr"
    request.write_text(csr_pem(KEY, NAME, [NAME, "shop.example.com"]), encoding="ascii")
    right = CA.issue(KEY, names=[NAME, "shop.example.com"])
    other = CA.issue(KEY, names=[NAME], days=(-0.5, 900))
    theirs = CA.issue(KEY, subject=named("attacker.example"), names=["attacker.example"], days=(-0.1, 900))
    pems = [pem(right), pem(other), pem(theirs)][::order]
    messages = [(*pems, pem(CA.certificate))] if in_one else [(each, pem(CA.certificate)) for each in pems]
    run = look(*messages, privatekey_paths=None, csr_paths=[str(request)])
    assert found(run) == (pem(right), pem(CA.certificate), "trusted")
    assert warnings(run) == ""
    alone = look((pem(theirs), pem(CA.certificate)), privatekey_paths=None, csr_paths=[str(request)])
    assert "attacker.example has the right public key, but not" in warnings(alone)
    assert "a name of the signing request" in warnings(alone)


def test_a_longer_chain_is_not_a_better_one(look: Look) -> None:
    """An intermediate of the real authority's name and key, signed by a stranger, and the stranger's own."""
    stranger = Ca("Stranger CA", above=Ca("Stranger Root"))
    foreign = CA.signed_by(stranger)
    run = look((pem(GENUINE), pem(CA.certificate)), (pem(GENUINE), pem(foreign, stranger.certificate)))
    assert found(run) == (pem(GENUINE), pem(CA.certificate), "trusted")
    alone = look((pem(GENUINE), pem(foreign, stranger.certificate, CA.certificate)))
    assert found(alone) == (pem(GENUINE), pem(CA.certificate), "trusted")


def test_issuers_that_a_message_lacks(look: Look, tmp_path: Path) -> None:
    leaf, issuers = pem(GENUINE), tmp_path / "issuers.pem"
    issuers.write_text(pem(CA.certificate), encoding="ascii")
    lacking = look((leaf,))
    assert (lacking["certificates"], reasons(lacking)) == ([], ["chain_incomplete"])
    assert "Real CA" in lacking["unmatched"][0]["message"] and "intermediate_path" in lacking["unmatched"][0]["message"]
    assert found(look((leaf,), intermediate_path=str(issuers))) == (leaf, pem(CA.certificate), "trusted")
    assert found(look((leaf,), intermediate_content=pem(CA.certificate)))[2] == "trusted"


def test_issuers_from_another_message_of_the_run(look: Look, tmp_path: Path) -> None:
    other = new_key()
    second = tmp_path / "other.key"
    second.write_text(key_pem(other), encoding="ascii")
    run = look(
        (pem(GENUINE),),
        (pem(CA.issue(other)), pem(CA.certificate)),
        privatekey_paths=[str(tmp_path / "www.key"), str(second)],
    )
    assert [one["trust"] for one in run["certificates"]] == ["trusted", "trusted"]
    assert {one["intermediate_certificate"] for one in run["certificates"]} == {pem(CA.certificate)}
    assert reasons(run) == []


@pytest.mark.parametrize("order", [1, -1])
def test_issuers_from_messages_without_a_certificate_that_is_wanted(look: Look, order: int) -> None:
    """Authorities send the intermediate by itself, or nobody asks for the certificate that it came with."""
    below = Ca("Real CA 2", above=CA)
    leaf = below.issue(KEY)
    run = look(*[(pem(leaf),), (pem(below.certificate),), (pem(CA.issue(new_key())), pem(CA.certificate))][::order])
    assert found(run) == (pem(leaf), pem(below.certificate, CA.certificate), "trusted")
    assert (reasons(run), warnings(run)) == (["no_matching_key", "no_matching_key"], "")


def test_issuers_from_other_messages_are_trusted_for_their_signatures_alone(look: Look) -> None:
    """An issuer of the right name, and an issuer of a forged certificate whose root nobody trusts."""
    run = look((pem(GENUINE),), (pem(FORGER.certificate),))
    assert run["certificates"] == []
    run = look((pem(FORGED),), (pem(FORGER.certificate),), (pem(CA.certificate),))
    assert (run["certificates"], [one["reason"] for one in run["missing"]]) == ([], ["chain_incomplete"])


def test_many_issuers_of_one_name_do_no_harm_to_what_needs_none_of_them(look: Look) -> None:
    lookalikes = pem(*(Ca("Real CA", above=Ca("Real Root"), days=(-1, 3000)).certificate for _number in range(400)))
    run = look((lookalikes,), (pem(GENUINE), pem(CA.certificate)))
    assert found(run) == (pem(GENUINE), pem(CA.certificate), "trusted")


def test_with_a_warning_only_others_are_taken_too(look: Look) -> None:
    run = look((pem(FORGED), pem(CA.certificate)), trust="warn")
    assert found(run)[2] == "untrusted"
    assert "not trusted" in warnings(run)
    both = look((pem(FORGED),), (pem(GENUINE), pem(CA.certificate)), trust="warn")
    assert found(both) == (pem(GENUINE), pem(CA.certificate), "trusted")


# What is as it should be, though it looks odd


def _expired_cross_signed() -> Parts:
    """Between the authority and its trusted root an expired certificate of that root, as of AddTrust or DST Root CA X3."""
    old = Ca("Old Root", days=LONG_AGO)
    return {"pile": [CA.certificate, ROOT.signed_by(old, LONG_AGO), old.certificate], "chain": [CA.certificate]}


def _rollover() -> Parts:
    """A root has a new key; the old one signed it, so that its issuer has its own name (RFC 4210, 4.4)."""
    new = Ca("Real Root")
    link = new.signed_by(ROOT)
    below = Ca("Real CA 2", above=new)
    return {"leaf": below.issue(KEY), "pile": [link, below.certificate], "chain": [below.certificate, link]}


def _roots_first() -> Parts:
    roots = [Ca(f"Root {number}").certificate for number in range(29)]
    return {"pile": [*roots, CA.certificate], "chain": [CA.certificate]}


def _signed_by_dsa() -> Parts:
    below = Ca("DSA CA", above=ROOT, key=dsa.generate_private_key(2048))
    return {"leaf": below.issue(KEY), "pile": [below.certificate], "chain": [below.certificate]}


DAMAGED = x509.UnrecognizedExtension(x509.ExtensionOID.CRL_DISTRIBUTION_POINTS, b"\x30\x05\x01")
BROKEN_NAME = x509.UnrecognizedExtension(
    x509.ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    bytes.fromhex("3016") + b"\x82\x0fwww.example.com" + b"\xa3\x03\x02\x01\x05",
)


def _unreadable_extension() -> Parts:
    below = Ca("Careless CA", above=ROOT, extensions=[(DAMAGED, False)])
    return {"leaf": below.issue(KEY, (DAMAGED, False)), "pile": [below.certificate], "chain": [below.certificate]}


def _unreadable_name() -> Parts:
    """One of the alternative names is of a kind that the library does not know."""
    return {"leaf": CA.issue(KEY, (BROKEN_NAME, False), names=[]), "pile": [CA.certificate], "chain": [CA.certificate]}


def _names_within_constraints() -> Parts:
    permitted = x509.NameConstraints([x509.DNSName("example.com")], None)
    below = Ca("Narrow CA", above=ROOT, extensions=[(permitted, True)])
    return {"leaf": below.issue(KEY), "pile": [below.certificate], "chain": [below.certificate]}


def _constrained(*extensions: Any, organization: str | None = None, names: list[str] | None = None) -> Parts:
    """A certificate, which may have an organization in its subject, by an authority that is limited to some names."""
    below = Ca("Narrow CA", above=ROOT, extensions=extensions)
    leaf = below.issue(KEY, subject=named(NAME, organization), names=[NAME] if names is None else names)
    return {"leaf": leaf, "pile": [below.certificate], "chain": [below.certificate]}


EXAMPLE_INC = x509.DirectoryName(
    x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "EXAMPLE  inc"),
        ]
    )
)
OTHER_INC = x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Other Inc")]))


def _subject_within_constraints() -> Parts:
    """The subject begins with what is permitted, in whatever case, and not with what is excluded."""
    limits = x509.NameConstraints([EXAMPLE_INC, x509.DNSName("example.com")], [OTHER_INC])
    return _constrained((limits, True), organization="Example Inc")


def _unknown_algorithm() -> Parts:
    return {"pile": [CA.certificate], "chain": [CA.certificate], "beside": with_unknown_algorithm(Ca("GOST CA"))}


GOOD: dict[str, Callable[[], Parts]] = {
    "expired cross-signed": _expired_cross_signed,
    "key rollover": _rollover,
    "29 roots first": _roots_first,
    "DSA": _signed_by_dsa,
    "unreadable extension": _unreadable_extension,
    "unreadable name": _unreadable_name,
    "names within constraints": _names_within_constraints,
    "subject within constraints": _subject_within_constraints,
    "unknown algorithm": _unknown_algorithm,
}


@pytest.mark.parametrize("case", GOOD)
def test_what_is_right_is_trusted(look: Look, api: Stranger, trusted: str, case: str) -> None:
    parts = GOOD[case]()
    leaf, beside = parts.get("leaf", GENUINE), parts.get("beside", "")
    expected = (pem(leaf), pem(*parts["chain"]), "trusted")
    run = look((beside, pem(leaf), pem(*parts["pile"])))
    assert found(run) == expected
    assert run["certificates"][0]["subject_alt_names"] == [NAME]
    imported = run_module(
        "ssl_certificate_import",
        certificate_content=pem(leaf),
        intermediate_content=beside + pem(*parts["pile"]),
        privatekey_content=key_pem(KEY),
        trust="require",
        trusted_ca_path=trusted,
        **api.options,
    )
    assert not imported.failed, imported.result
    assert imported["certificate"]["trust"] == "trusted"
    [record] = api.store.values()
    assert (record["certificate"], record["intermediateCertificate"]) == expected[:2]
    is_left_out = case in {"expired cross-signed", "unknown algorithm", "29 roots first"}
    assert ("Left out" in warnings(imported)) == is_left_out


# What is not


def _outside_constraints() -> Parts:
    permitted = x509.NameConstraints([x509.DNSName("example.org")], None)
    below = Ca("Narrow CA", above=ROOT, extensions=[(permitted, True)])
    return {"leaf": below.issue(KEY), "pile": [below.certificate]}


def _subject_not_permitted() -> Parts:
    return _constrained((x509.NameConstraints([OTHER_INC], None), True), organization="Example Inc")


def _subject_longer_than_permitted() -> Parts:
    """What is permitted has more in it than the subject."""
    return _constrained((x509.NameConstraints([EXAMPLE_INC], None), True))


def _subject_excluded() -> Parts:
    return _constrained((x509.NameConstraints(None, [EXAMPLE_INC]), True), organization="Example Inc")


def _host_outside_beside_the_subject() -> Parts:
    limits = x509.NameConstraints([EXAMPLE_INC, x509.DNSName("example.org")], None)
    return _constrained((limits, True), organization="Example Inc")


def _too_long_a_path() -> Parts:
    above = Ca("Short CA", above=ROOT, path_length=0)
    below = Ca("Further CA", above=above)
    return {"leaf": below.issue(KEY), "pile": [above.certificate, below.certificate]}


def _server_as_issuer() -> Parts:
    below = Ca("A server", above=ROOT, is_ca=False)
    return {"leaf": below.issue(KEY), "pile": [below.certificate]}


def _key_not_for_signing() -> Parts:
    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    below = Ca("Not signing", above=ROOT, extensions=[(usage, True)])
    return {"leaf": below.issue(KEY), "pile": [below.certificate]}


def _issuer_for_mail_alone() -> Parts:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    below = Ca("Mail CA", above=ROOT, extensions=[(usage, False)])
    return {"leaf": below.issue(KEY), "pile": [below.certificate]}


def _not_for_servers() -> Parts:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return {"leaf": CA.issue(KEY, (usage, False)), "pile": [CA.certificate]}


def _expired_issuer() -> Parts:
    return {"pile": [CA.signed_by(ROOT, LONG_AGO)]}


def _unknown_critical_extension() -> Parts:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    below = Ca("Odd CA", above=ROOT, extensions=[(unknown, True)])
    return {"leaf": below.issue(KEY), "pile": [below.certificate]}


def _own_signature() -> Parts:
    return {"leaf": Ca(NAME, key=KEY).certificate, "pile": []}


def _unknown_root() -> Parts:
    below = Ca("Other CA", above=Ca("Other Root"))
    assert below.above is not None
    return {"leaf": below.issue(KEY), "pile": [below.certificate, below.above.certificate]}


def _broken_hash() -> Parts:
    """Signed by SHA-1, which the library does not make any more but by way of the test's own bytes."""
    below = Ca("Old CA", above=ROOT, key=rsa.generate_private_key(65537, 2048))
    leaf = below.issue(KEY)
    return {"leaf": _by_sha_1(leaf, below.key), "pile": [below.certificate]}


def _by_sha_1(certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> x509.Certificate:
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.serialization import Encoding

    of_sha_256, of_sha_1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    der = certificate.public_bytes(Encoding.DER).replace(of_sha_256, of_sha_1)
    signed = x509.load_der_x509_certificate(der).tbs_certificate_bytes
    return x509.load_der_x509_certificate(der[:-256] + key.sign(signed, padding.PKCS1v15(), hashes.SHA1()))


BAD: dict[str, Callable[[], Parts]] = {
    "outside name constraints": _outside_constraints,
    "a subject that is not permitted": _subject_not_permitted,
    "a subject that is shorter than what is permitted": _subject_longer_than_permitted,
    "a subject that is excluded": _subject_excluded,
    "a host outside, beside a subject within": _host_outside_beside_the_subject,
    "too long a path": _too_long_a_path,
    "a server as issuer": _server_as_issuer,
    "key not for signing": _key_not_for_signing,
    "an issuer for mail alone": _issuer_for_mail_alone,
    "not for servers": _not_for_servers,
    "expired issuer": _expired_issuer,
    "unknown critical extension": _unknown_critical_extension,
    "its own signature": _own_signature,
    "unknown root": _unknown_root,
    "broken hash": _broken_hash,
    "forged": lambda: {"leaf": FORGED, "pile": [CA.certificate]},
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_not_trusted(look: Look, api: Stranger, trusted: str, case: str) -> None:
    parts = BAD[case]()
    leaf = parts.get("leaf", GENUINE)
    run = look((pem(leaf), pem(*parts["pile"])))
    assert run["certificates"] == []
    assert reasons(run) == ["untrusted"]
    options = {
        "certificate_content": pem(leaf) + pem(*parts["pile"]),
        "privatekey_content": key_pem(KEY),
        "trusted_ca_path": trusted,
        **api.options,
    }
    refused = run_module("ssl_certificate_import", trust="require", **options)
    assert (refused.code, refused["certificate"]["trust"]) == ("untrusted", "untrusted")
    assert api.store == {}
    warned = run_module("ssl_certificate_import", check=True, **options)
    assert warned.code == "chain_invalid" if warned.failed else "Not trusted" in warnings(warned)


# Roots


def test_a_folder_of_roots(look: Look, trusted: str, tmp_path: Path) -> None:
    folder = Path(trusted).parent
    (folder / "README").write_text("no certificate", encoding="utf-8")
    (folder / "damaged.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", encoding="ascii"
    )
    (folder / "1a2b3c4d.0").symlink_to("root.pem")
    (folder / "5e6f7a8b.0").symlink_to("nowhere")
    assert found(look((pem(GENUINE, CA.certificate),), trusted_ca_path=str(folder)))[2] == "trusted"


def test_an_intermediate_as_what_is_trusted(look: Look, tmp_path: Path) -> None:
    pinned = tmp_path / "pinned.pem"
    pinned.write_text(pem(CA.certificate), encoding="ascii")
    assert found(look((pem(GENUINE),), trusted_ca_path=str(pinned))) == (pem(GENUINE), pem(CA.certificate), "trusted")


@pytest.mark.parametrize(
    ("content", "code"), [(None, "not_found"), ("no certificate", "invalid_argument"), ("", "invalid_argument")]
)
def test_roots_that_are_none(look: Look, tmp_path: Path, content: str | None, code: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="ascii")
    run = look((pem(GENUINE),), trusted_ca_path=str(path))
    assert run.failed and run.code == code
    assert str(path) in run["msg"]


def test_the_machines_roots_are_those_that_the_environment_names(
    look: Look, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"SSL_CERT_FILE": trusted, "REQUESTS_CA_BUNDLE": trusted, "SSL_CERT_DIR": str(Path(trusted).parent)}
    for variable in (*variables, "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    message = (pem(GENUINE, CA.certificate),)
    assert reasons(look(message, trusted_ca_path=None)) == ["chain_incomplete"]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
        assert found(look(message, trusted_ca_path=None))[2] == "trusted"
        monkeypatch.delenv(variable)


# In a playbook


@pytest.mark.parametrize("trust", ["require", "warn"])
def test_the_role_stores_the_genuine_certificate(tmp_path: Path, trusted: str, trust: str) -> None:
    stranger = Stranger()
    stranger.add_order(
        2013,
        NAME,
        status="Complete",
        certificateSigningRequest=csr_pem(KEY),
        effectiveDate=(NOW - DAY).isoformat(),
        expirationDate=(NOW + 90 * DAY).isoformat(),
    )
    mails, keys = tmp_path / "mails", tmp_path / "keys"
    mails.mkdir()
    keys.mkdir()
    (keys / f"{NAME}.key").write_text(key_pem(KEY), encoding="ascii")
    letter(mails, "forged", pem(FORGED), pem(FORGER.certificate))
    given = {
        "ssl_fulfillment_mail": {"paths": [str(mails)]},
        "ssl_fulfillment_privatekey_dir": str(keys),
        "ssl_fulfillment_trusted_ca_path": trusted,
        "ssl_fulfillment_trust": trust,
    }
    variables = json.dumps(given)
    with stranger.serving() as api:
        if trust == "require":
            before = play(tmp_path, "softlayer.certificates.import", "-e", variables, env=api.login)
            assert before.code == 0, before.output
            assert api.store == {}
            assert f"skipped (untrusted): {NAME}" in before.output
        letter(mails, "genuine", pem(GENUINE))
        (tmp_path / "issuers.pem").write_text(pem(CA.certificate), encoding="ascii")
        known = f"ssl_fulfillment_intermediate_path={tmp_path}/issuers.pem"
        ran = play(tmp_path, "softlayer.certificates.import", "-e", variables, "-e", known, env=api.login)
        assert ran.code == 0, ran.output
        assert [record["certificate"] for record in api.store.values()] == [pem(GENUINE)]
        assert [record["intermediateCertificate"] for record in api.store.values()] == [pem(CA.certificate)]
