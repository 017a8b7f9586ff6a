# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads why a source brings nothing, and why a certificate of a source is not imported."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import iso
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_deploy import (
    NOT_APPROVED,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_import import (
    changed_while_read,
    none_usable,
    why_empty,
    why_not_adopted,
    why_not_imported,
    why_not_read,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import SourceContents
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import certificate_of
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.messages import source_name
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import Bundle, Origin
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Chain
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import Revocation

from tests.support.certificates import DAY, NOW
from tests.support.rotating import entry
from tests.support.secrets import secret
from tests.support.stored import NAME, TRUSTED, Made

OLD, NEW = Made(days=(-80, 10)), Made()
OTHER = "api.example.com"
ISSUER = Certificate.of(TRUSTED.chain[0])
LEAF = certificate_of(NEW.record())
BEGIN, END = iso(NOW - DAY), iso(NOW + 90 * DAY)
REVOKED = f"revoked at {BEGIN} (keyCompromise)"
ADOPT = f"`ansible-playbook -i localhost, softlayer.certificates.adopt -e source=/certbot/1 -e common_name={NAME}`"
ANEW = "`certbot renew --cert-name entry-1 --force-renewal` has it issued anew"


def revocation(of: Certificate) -> Revocation:
    """A certificate was revoked yesterday."""
    return Revocation("revoked", of, NOW - DAY, "keyCompromise")


def reason_of(value: object) -> str:
    """The name of a case: sentences tell the time."""
    return value.reason if isinstance(value, Obstacle) else ""


# Why a certificate of a source is not imported


def renews_nothing(reason: str, listeners: Any = (), obstacles: Any = None, **facts: Any) -> Obstacle[Any]:
    """A certificate of the store is the nearest to it, and cannot be replaced by it."""
    why = Obstacle(reason, facts)
    known = {"nearest": OLD.record(1), "listeners": listeners}
    return Obstacle(reason, {**known, "why": why, "obstacles": [why] if obstacles is None else obstacles})


LATER = (
    "It ends later than certificate 3 of the store, which is for the same names, but begins earlier, so it does not renew that: "
    "`ansible-playbook -i localhost, softlayer.certificates.adopt {}-e common_name=www.example.com` has this one served; or {}."
)
NO_RENEWAL = (
    "It renews no certificate of the store. For certificate 1, it lacks names that are served now: api.example.com."
)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("not_approved"), NOT_APPROVED),
        (Obstacle("expired"), f"It expired at {END}: `certbot renew --cert-name entry-1` renews it, or says why not."),
        (
            Obstacle("not_yet_valid"),
            f"It is not valid before {BEGIN}: run it again then, or check this machine's clock.",
        ),
        (Obstacle("revoked", {"revocation": revocation(LEAF)}), f"It was {REVOKED}: {ANEW}."),
        (
            Obstacle("untrusted", {"revocation": revocation(ISSUER)}),
            f"Its issuer Public CA 2 was {REVOKED}. Import it again with the chain that its authority has in its place.",
        ),
        (
            Obstacle("untrusted"),
            "Not trusted: a stranger signed it. Have it issued anew, or give another chain of its authority.",
        ),
        (Obstacle("already_imported", {"certificate_id": 2}), "The store has it: certificate 2."),
        (
            Obstacle("superseded", {"stored": NEW.record(2)}),
            f"The store has a newer one for the same names: certificate 2, valid until {END}.",
        ),
        (
            Obstacle("superseded", {"other": entry(NEW, 2)}),
            f"certbot has a better one for the same names, /certbot/2/cert.pem, valid until {END}.",
        ),
        (
            Obstacle("superseded", {"other": entry(replace(NEW, names=(NAME, OTHER)), 2, key=None)}),
            f"certbot has a better one for these names and more, entry-2, valid until {END}.",
        ),
        (
            Obstacle("ambiguous", {"stored": NEW.record(2)}),
            "The store has one that is exactly as new, certificate 2, so it is not known which one is meant: "
            f"{ADOPT} has this one served.",
        ),
        (
            Obstacle("ambiguous", {"other": entry(NEW, 2)}),
            "certbot has another one that is exactly as new, /certbot/2/cert.pem, so it is not known which one is meant: leave one of them there.",
        ),
        (
            Obstacle("ambiguous", {"later": OLD.record(3), "listeners": ["web:443"]}),
            LATER.format("-e source=/certbot/1 -e listener=web:443 ", ANEW),
        ),
        (
            Obstacle("new_name", {"names": None}),
            "The list of the store is empty. If certificates are stored, give the API user the permission SECURITY_CERTIFICATE_MANAGE; if none "
            "is, import_new: true imports it.",
        ),
        (
            Obstacle("new_name", {"names": frozenset()}),
            "It is for no name, so it renews no certificate of the store. import_new: true imports it.",
        ),
        (
            Obstacle("new_name", {"names": frozenset({"b.example", "a.example"})}),
            "The store holds no certificate for a.example, b.example that it would renew: import_new: true imports it.",
        ),
        (
            renews_nothing("names_not_covered", ["web:443", "web:8443"], lost=[OTHER]),
            f"{NO_RENEWAL} Have it issued for all names; or if they are to go, `ansible-playbook -i localhost, softlayer.certificates.adopt "
            f"-e source=/certbot/1 -e listeners=web:443,web:8443 -e common_name={NAME}` has it served.",
        ),
        (
            renews_nothing("names_not_covered", obstacles=[], lost=[OTHER]),
            f"{NO_RENEWAL} Its wildcards have them: {ADOPT} has it served; or have it issued for these names, too.",
        ),
        (
            renews_nothing("organization_differs", new=frozenset(), present=frozenset({"B"})),
            "It renews no certificate of the store. For certificate 1, its organization (none) is not that of what is served now (B). "
            f"If that is meant, {ADOPT} has it served, once.",
        ),
        (
            renews_nothing("not_yet_valid", start=NOW),
            f"It renews no certificate of the store. For certificate 1, it is not valid before {iso(NOW)}: run it again then.",
        ),
    ],
    ids=reason_of,
)
def test_why_not_imported(why: Obstacle[Any], said: str) -> None:
    strange = replace(entry(NEW), chain=Chain((), "untrusted", "a stranger signed it"))
    assert why_not_imported(why, strange) == said


def test_a_key_that_is_not_offered() -> None:
    """The remedy is for all names, the one that it is called by first."""
    why = renews_nothing("key_type_differs", new="EC", present="RSA")
    ec = entry(Made(names=(OTHER, NAME), key="ec"), source="lego")
    assert "For certificate 1, its key is EC, and that of what is served now is RSA: " in why_not_imported(why, ec)
    said = f"`lego run --key-type RSA2048 --renew-force --domains {NAME} --domains {OTHER}` issues it anew"
    assert said in why_not_imported(why, ec)


def test_what_is_in_no_folder_is_looked_for_among_the_sources() -> None:
    said = why_not_imported(Obstacle("ambiguous", {"stored": NEW.record(2)}), entry(NEW, source="mail"))
    assert f"softlayer.certificates.adopt -e common_name={NAME}` has" in said


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("not_active"), "Secrets Manager says that it is pre-activation: look there why it is not active."),
        (Obstacle("expired"), f"It expired at {END}: have Secrets Manager renew it, or import a new version there."),
        (
            Obstacle(
                "names_not_covered",
                {"nearest": OLD.record(1), "lost": [OTHER], "remedy": "names_not_covered", "listeners": ["web:443"]},
            ),
            f"{NO_RENEWAL} Have it issued for all names; or if they are to go, `ansible-playbook -i localhost, softlayer.certificates.adopt "
            f"-e listener=web:443 -e common_name={NAME}` has it served.",
        ),
        (
            Obstacle("ambiguous", {"later": OLD.record(3), "listeners": ()}),
            LATER.format("", "have Secrets Manager get it issued anew"),
        ),
        (
            Obstacle("new_name", {"names": frozenset()}),
            "It is for no name, so it renews no certificate of the store. import_new: true imports it.",
        ),
        (Obstacle("certificate_missing", {"is_gone": True}), "It was removed from Secrets Manager while this ran."),
        (
            Obstacle("key_missing", {"has_key": False}),
            "Secrets Manager has no private key of it: import it there again, with its key.",
        ),
    ],
    ids=reason_of,
)
def test_why_not_read(why: Obstacle[Any], said: str) -> None:
    assert why_not_read(why, secret(NEW.issued, state=0)) == said


def test_a_secret_without_a_common_name_is_called_by_another_name() -> None:
    facts = {"later": OLD.record(3), "names": frozenset({"b.example", "a.example"}), "listeners": ()}
    said = why_not_read(Obstacle("ambiguous", facts), secret(NEW.issued, common_name=None))
    assert "-e common_name=a.example` has" in said


def test_why_not_adopted() -> None:
    lacks = Obstacle("not_found", {"names": [NAME, OTHER]})
    said = f"The source has no certificate for a.example that can be read; it has those for: {NAME}, {OTHER}."
    assert why_not_adopted(lacks, "a.example", SourceContents()) == said
    useless = {"name": "shop", "message": "It is locked."}
    sources = SourceContents(
        useless=[useless], unwanted=[useless], failed=[{"message": "No answer."}], empty=[{"message": "No."}]
    )
    others = "shop cannot be used: It is locked. shop cannot be used: It is locked. No answer. No."
    assert why_not_adopted(lacks, "a.example", sources) == f"{said} {others}"
    nothing = why_not_adopted(Obstacle("not_found", {"names": []}), "a.example", SourceContents(useless=[useless] * 11))
    assert "it has those for: nothing. shop " in nothing and nothing.count("cannot be used") == 10
    used = Obstacle("untrusted", {"entry": entry(NEW), "why": Obstacle("already_imported", {"certificate_id": 2})})
    assert (
        why_not_adopted(used, NAME, SourceContents())
        == "certbot entry-1 cannot be used: The store has it: certificate 2."
    )


def test_of_several_to_adopt_one_is_named_by_its_folder_or_moved_to_one() -> None:
    both = [entry(NEW), entry(OLD, 2)]
    said = (
        f"The source has several certificates for {NAME}, and none may stand in for all others: /certbot/1/cert.pem (RSA, until {END}), "
        f"/certbot/2/cert.pem (RSA, until {iso(NOW + 10 * DAY)}). "
    )
    why = Obstacle("ambiguous", {"rivals": both})
    assert (
        why_not_adopted(why, NAME, SourceContents())
        == f"{said}Name one of them as the source: /certbot/1 or /certbot/2."
    )
    same = Obstacle("ambiguous", {"rivals": [replace(each, path="/keys/cert.pem") for each in both]})
    moved = "Copy one, with its key, to a folder of its own, and name that as the source."
    assert why_not_adopted(same, NAME, SourceContents()).endswith(f"(RSA, until {iso(NOW + 10 * DAY)}). {moved}")


def test_what_was_changed_while_it_was_read() -> None:
    action: Any = SimpleNamespace(message="It is another key.")
    said = "Its files were changed while they were read: run it again. It is another key."
    assert changed_while_read(action) == said


# A source that brings nothing


@pytest.mark.parametrize(
    ("why", "kind", "said"),
    [
        (Obstacle("not_found", {"path": "/a"}), "certbot", "/a is not there. {SEE}"),
        (Obstacle("not_found", {"error": "It is no folder."}), "certbot", "It is no folder."),
        (Obstacle("empty", {"path": "/a"}), "certbot", "/a is empty. {SEE}"),
        (
            Obstacle("other_kind", {"path": "/a", "kind": "lego"}),
            "certbot",
            "/a is a place of the kind lego: write lego in place of certbot.",
        ),
        (Obstacle("nothing", {"path": "/a"}), "mail", "there is no private key in /a. {SEE}"),
        (Obstacle("nothing", {"path": "/a"}), "acme_sh", "there is no certificate with its private key in /a. {SEE}"),
        (Obstacle("no_messages", {"error": "0 messages."}), "mail", "0 messages."),
        (
            Obstacle("no_secrets", {"url": "https://a"}),
            "secrets_manager",
            "https://a has no certificate, or none to which the source is narrowed. See that it is the right instance.",
        ),
    ],
)
def test_why_empty(why: Obstacle[str], kind: str, said: str) -> None:
    see = "See that its disk is mounted, and that the path is right."
    assert why_empty(why, kind) == f"The source {source_name(kind)} brings nothing: {said.format(SEE=see)}"


def test_none_usable() -> None:
    locked = Bundle(origin=Origin("www", "/a"), trouble=Obstacle("malformed", {"error": "It is locked."}))
    said = "None of the 2 certificates in /keys can be used. www: It is locked."
    assert none_usable("/keys", [locked, locked]) == said
