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
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_deploy import UNAPPROVED_CHANGE
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_import import (
    describe_changed_files,
    describe_unusable,
    why_empty,
    why_skipped,
    why_unadopted,
    why_unread,
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
ISSUER = Certificate.from_library(TRUSTED.chain[0])
LEAF = certificate_of(NEW.record())
BEGIN, END = format_time(NOW - DAY), format_time(NOW + 90 * DAY)
REVOKED = f"revoked at {BEGIN} (keyCompromise)"
ADOPT = f"`ansible-playbook -i localhost, softlayer.certificates.adopt -e source=/certbot/1 -e common_name={NAME}`"
REISSUE = "eissue the certificate with `certbot renew --cert-name entry-1 --force-renewal`"


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
    "Cannot identify the renewal: the certificate in the source expires later than certificate 3 in the certificate store, which covers the "
    "same DNS names, but was issued earlier. To deploy the certificate in the source, run `ansible-playbook -i localhost, softlayer.certificates.adopt {}-e "
    "common_name=www.example.com`; otherwise, {}."
)
NO_RENEWAL = "Cannot replace certificate 1 in the certificate store. The new certificate lacks DNS names of the current certificate: api.example.com."


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("not_approved"), UNAPPROVED_CHANGE),
        (
            Obstacle("expired"),
            f"The certificate expired at {END}. Run `certbot renew --cert-name entry-1` and check its output.",
        ),
        (
            Obstacle("not_yet_valid"),
            f"The certificate is not valid before {BEGIN}. Run the playbook again after that time, or check the clock of the control node.",
        ),
        (Obstacle("revoked", {"revocation": revocation(LEAF)}), f"The certificate was {REVOKED}. R{REISSUE}."),
        (
            Obstacle("untrusted", {"revocation": revocation(ISSUER)}),
            f"The intermediate certificate Public CA 2 was {REVOKED}. Import the certificate again with the replacement chain of its CA.",
        ),
        (
            Obstacle("untrusted"),
            "The certificate is not trusted: a stranger signed it. Reissue the certificate, or provide another chain of its CA.",
        ),
        (
            Obstacle("already_imported", {"certificate_id": 2}),
            "The certificate is already in the certificate store, with the ID 2.",
        ),
        (
            Obstacle("superseded", {"stored": NEW.record(2)}),
            f"The certificate store contains a newer certificate for the same DNS names: certificate 2, which expires at {END}.",
        ),
        (
            Obstacle("superseded", {"other": entry(NEW, 2)}),
            f"certbot contains a better certificate for the same DNS names: /certbot/2/cert.pem, which expires at {END}.",
        ),
        (
            Obstacle("superseded", {"other": entry(replace(NEW, names=(NAME, OTHER)), 2, key=None)}),
            f"certbot contains a better certificate for the same and more DNS names: entry-2, which expires at {END}.",
        ),
        (
            Obstacle("ambiguous", {"stored": NEW.record(2)}),
            "Cannot identify the renewal: certificate 2 in the certificate store is equally new. To deploy the certificate "
            f"in the source, run {ADOPT}.",
        ),
        (
            Obstacle("ambiguous", {"other": entry(NEW, 2)}),
            "Cannot identify the renewal: /certbot/2/cert.pem in certbot is equally new. Keep only one of the certificates in the sources.",
        ),
        (
            Obstacle("ambiguous", {"later": OLD.record(3), "listeners": ["web:443"]}),
            LATER.format("-e source=/certbot/1 -e listener=web:443 ", f"r{REISSUE}"),
        ),
        (
            Obstacle("new_name", {"names": None}),
            "The API returned an empty certificate store. If certificates are stored, grant the API user the permission "
            "SECURITY_CERTIFICATE_MANAGE; otherwise, to import the certificate, set import_new: true.",
        ),
        (
            Obstacle("new_name", {"names": frozenset()}),
            (
                "The certificate does not contain a DNS name, so it cannot replace a certificate in the store. To import the certificate, set "
                "import_new: true."
            ),
        ),
        (
            Obstacle("new_name", {"names": frozenset({"b.example", "a.example"})}),
            "The certificate store does not contain a certificate for a.example, b.example. To import the certificate, set import_new: true.",
        ),
        (
            renews_nothing("names_not_covered", ["web:443", "web:8443"], lost=[OTHER]),
            f"{NO_RENEWAL} Reissue the certificate for all names. To drop the missing names, run `ansible-playbook -i localhost, "
            f"softlayer.certificates.adopt -e source=/certbot/1 -e listeners=web:443,web:8443 -e common_name={NAME}`.",
        ),
        (
            renews_nothing("names_not_covered", obstacles=[], lost=[OTHER]),
            (
                f"{NO_RENEWAL} The wildcards of the certificate cover the missing names. To deploy the certificate, run {ADOPT}; otherwise, reissue "
                "the certificate for the missing names, too."
            ),
        ),
        (
            renews_nothing("organization_differs", new=frozenset(), present=frozenset({"B"})),
            f"Cannot replace certificate 1 in the certificate store. The organization differs: none instead of B. To accept the difference, run {ADOPT} "
            "once.",
        ),
        (
            renews_nothing("not_yet_valid", start=NOW),
            (
                f"Cannot replace certificate 1 in the certificate store. The certificate is not valid before {format_time(NOW)}. Run the playbook again "
                "when the certificate is valid."
            ),
        ),
    ],
    ids=reason_of,
)
def test_why_not_imported(why: Obstacle[Any], said: str) -> None:
    strange = replace(entry(NEW), chain=Chain((), "untrusted", "a stranger signed it"))
    assert why_skipped(why, strange) == said


def test_a_key_that_is_not_offered() -> None:
    """The remedy is for all names, the one that it is called by first."""
    why = renews_nothing("key_type_differs", new="EC", present="RSA")
    ec = entry(Made(names=(OTHER, NAME), key="ec"), source="lego")
    assert "The key type differs: EC instead of RSA. " in why_skipped(why, ec)
    said = f"`lego run --key-type RSA2048 --renew-force --domains {NAME} --domains {OTHER}` "
    assert said in why_skipped(why, ec)


def test_what_is_in_no_folder_is_searched_for_among_the_sources() -> None:
    said = why_skipped(Obstacle("ambiguous", {"stored": NEW.record(2)}), entry(NEW, source="mail"))
    assert f"softlayer.certificates.adopt -e common_name={NAME}`." in said


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            Obstacle("not_active"),
            "The secret is not active: Secrets Manager reports that it is pre-activation. Check the secret in Secrets Manager.",
        ),
        (
            Obstacle("expired"),
            f"The certificate expired at {END}. Renew the certificate in Secrets Manager, or import a new version.",
        ),
        (
            Obstacle(
                "names_not_covered",
                {"nearest": OLD.record(1), "lost": [OTHER], "remedy": "names_not_covered", "listeners": ["web:443"]},
            ),
            f"{NO_RENEWAL} Reissue the certificate for all names. To drop the missing names, run `ansible-playbook -i localhost, "
            f"softlayer.certificates.adopt -e listener=web:443 -e common_name={NAME}`.",
        ),
        (
            Obstacle("ambiguous", {"later": OLD.record(3), "listeners": ()}),
            LATER.format("", "reissue the certificate in Secrets Manager"),
        ),
        (
            Obstacle("new_name", {"names": frozenset()}),
            (
                "The certificate does not contain a DNS name, so it cannot replace a certificate in the store. To import the certificate, set "
                "import_new: true."
            ),
        ),
        (
            Obstacle("certificate_missing", {"is_gone": True}),
            "The secret was deleted from Secrets Manager during the run.",
        ),
        (
            Obstacle("key_missing", {"has_key": False}),
            "Secrets Manager contains no private key for the certificate. Import the certificate into Secrets Manager again with its private key.",
        ),
    ],
    ids=reason_of,
)
def test_why_not_read(why: Obstacle[Any], said: str) -> None:
    assert why_unread(why, secret(NEW.issued, state=0)) == said


def test_a_secret_without_a_common_name_is_called_by_another_name() -> None:
    facts = {"later": OLD.record(3), "names": frozenset({"b.example", "a.example"}), "listeners": ()}
    said = why_unread(Obstacle("ambiguous", facts), secret(NEW.issued, common_name=None))
    assert "-e common_name=a.example`; otherwise" in said


def test_why_not_adopted() -> None:
    lacks = Obstacle("not_found", {"names": [NAME, OTHER]})
    said = f"The source does not contain a readable certificate for a.example. Available names: {NAME}, {OTHER}."
    assert why_unadopted(lacks, "a.example", SourceContents()) == said
    useless = {"name": "shop", "message": "It is locked."}
    sources = SourceContents(
        unusable_records=[useless],
        excluded_records=[useless],
        failed_records=[{"message": "No answer."}],
        empty_records=[{"message": "No."}],
    )
    others = "Cannot use shop: It is locked. Cannot use shop: It is locked. No answer. No."
    assert why_unadopted(lacks, "a.example", sources) == f"{said} {others}"
    nothing = why_unadopted(
        Obstacle("not_found", {"names": []}), "a.example", SourceContents(unusable_records=[useless] * 11)
    )
    assert "Available names: none. Cannot use shop: " in nothing and nothing.count("Cannot use") == 10
    used = Obstacle("untrusted", {"entry": entry(NEW), "why": Obstacle("already_imported", {"certificate_id": 2})})
    assert (
        why_unadopted(used, NAME, SourceContents())
        == "Cannot use certbot entry-1: The certificate is already in the certificate store, with the ID 2."
    )


def test_of_several_to_adopt_one_is_named_by_its_folder_or_moved_to_one() -> None:
    both = [entry(NEW), entry(OLD, 2)]
    said = (
        f"Cannot choose between several certificates for {NAME}, because none of them can replace all others: /certbot/1/cert.pem (RSA, expires "
        f"at {END}), /certbot/2/cert.pem (RSA, expires at {format_time(NOW + 10 * DAY)}). "
    )
    why = Obstacle("ambiguous", {"rivals": both})
    assert (
        why_unadopted(why, NAME, SourceContents())
        == f"{said}Specify one directory as the source: /certbot/1 or /certbot/2."
    )
    same = Obstacle("ambiguous", {"rivals": [replace(each, path="/keys/cert.pem") for each in both]})
    moved = (
        "Copy one certificate, with its private key, to a separate directory, and specify the directory as the source."
    )
    assert why_unadopted(same, NAME, SourceContents()).endswith(
        f"(RSA, expires at {format_time(NOW + 10 * DAY)}). {moved}"
    )


def test_what_was_changed_while_it_was_read() -> None:
    action: Any = SimpleNamespace(message="It is another key.")
    said = "The files of the certificate changed while they were read. Run the playbook again. It is another key."
    assert describe_changed_files(action) == said


# A source that brings nothing


@pytest.mark.parametrize(
    ("why", "kind", "said"),
    [
        (Obstacle("not_found", {"path": "/a"}), "certbot", "/a does not exist. {PATH_REMEDY}"),
        (Obstacle("not_found", {"error": "It is no folder."}), "certbot", "It is no folder."),
        (Obstacle("empty", {"path": "/a"}), "certbot", "/a is empty. {PATH_REMEDY}"),
        (
            Obstacle("other_kind", {"path": "/a", "kind": "lego"}),
            "certbot",
            "/a is a source of the kind lego. Write lego instead of certbot.",
        ),
        (Obstacle("nothing", {"path": "/a"}), "mail", "/a does not contain a private key. {PATH_REMEDY}"),
        (
            Obstacle("nothing", {"path": "/a"}),
            "acme_sh",
            "/a does not contain a certificate with its private key. {PATH_REMEDY}",
        ),
        (Obstacle("no_messages", {"error": "0 messages."}), "mail", "0 messages."),
        (
            Obstacle("no_secrets", {"url": "https://a"}),
            "secrets_manager",
            "no certificate in https://a matches the options names, labels, secret_groups, and types. Check the options and instance_url.",
        ),
    ],
)
def test_why_empty(why: Obstacle[str], kind: str, said: str) -> None:
    see = "Check that the disk is mounted, and that the path is correct."
    assert (
        why_empty(why, kind)
        == f"Cannot find certificates in the source {source_name(kind)}: {said.format(PATH_REMEDY=see)}"
    )


def test_none_usable() -> None:
    locked = Bundle(origin=Origin("www", "/a"), problem=Obstacle("malformed", {"error": "It is locked."}))
    said = "Cannot use any of the 2 certificates in /keys. www: It is locked."
    assert describe_unusable("/keys", [locked, locked]) == said
