# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads what needs attention, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import (
    DEPLOY_COMMAND,
    ROTATE_COMMAND,
    adopt,
    deploy,
    remove,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.messages import (
    CURRENT_CHAIN_REMEDY,
    find_trust_remedy,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.attention import (
    AttentionItem,
    ServedCertificate,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_attention import (
    describe_attention,
    why_attention,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_deploy import REFUSAL_REMEDIES
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import RenewalRequest
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import certificate_of
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Chain
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import Revocation
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.lifespan import Lifespan

from tests.support.certificates import DAY, NOW
from tests.support.rotating import entry, listener
from tests.support.stored import NAME, TRUSTED, Made

OLD, NEW = Made(days=(-80, 10)), Made()
ISSUER = Certificate.from_library(TRUSTED.chain[0])
LEAF = certificate_of(NEW.record())
BEGIN = format_time(NOW - DAY)
REVOKED = f"revoked at {BEGIN} (keyCompromise)"
REISSUE = "Reissue the certificate with `certbot renew --cert-name entry-1 --force-renewal`."


def revocation(of: Certificate) -> Revocation:
    """A certificate was revoked yesterday."""
    return Revocation("revoked", of, NOW - DAY, "keyCompromise")


def reason_of(value: object) -> str:
    """The name of a case: sentences tell the time."""
    return value.reason if isinstance(value, Obstacle) else ""


LISTENER = listener(1, NEW.record(1), accepted=False, rejection="its issuer is missing")
WWW = {"source": "lego", "name": "www", "common_name": None, "subject_alt_names": [NAME], "message": "It is locked."}
HELD = {"new": NEW.record(10), "old": OLD.record(1), "listener": LISTENER, "entry": None}
ACCEPTING = f"To accept the difference, run {deploy(10, 'web:443', ['allow_organization_change'])} once."
STRANGE = Chain((), "untrusted", "a stranger signed it")
RSA_KEY = "Use the ACME client or CA to reissue the certificate with an RSA key."
ENTRY, THERE = entry(NEW), "certbot entry-1 (/certbot/1/cert.pem)"
REQUEST = RenewalRequest(ENTRY, NOW, "https://ca.example/why")
HELD_BACK = "The newer certificate 10 in the certificate store was not deployed. It lacks a name."
CERTBOT_FAILED = (
    "but certbot entry-1 has not renewed the certificate. Run `certbot renew --cert-name entry-1` and check its output."
)
NOT_YET = f"The certificate is not valid before {BEGIN}, and TLS clients reject it until then. Check the clock of the control node, or"
NOT_DEPLOYED = "Certificate 10 in the certificate store can replace the current certificate but was not deployed"


def held(reason: str = "untrusted", *others: Obstacle[str], **facts: Any) -> Obstacle[str]:
    """Something newer is held back, and other things speak against it, too."""
    why = Obstacle(reason, {"error": "It lacks a name."})
    return Obstacle("held_back", {**HELD, "why": why, "obstacles": [why, *others], **facts})


ORGANIZATION = Obstacle("organization_differs", {"new": frozenset({"A Ltd"}), "present": frozenset({"B Ltd"})})
OF_OTHER = "The organization differs: A Ltd instead of B Ltd."


def not_deployed(because: str | None) -> Obstacle[str]:
    """What is newer is stored, and nobody serves it."""
    return Obstacle("not_deployed", {"certificate_id": 10, "because": because})


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("listener", {"listener": LISTENER}), LISTENER.message),
        (held(entry=ENTRY), f"The newer certificate in {THERE} was not deployed. It lacks a name."),
        (
            held("names_not_covered", obstacles=[]),
            f"{HELD_BACK} The wildcards of the certificate cover the missing names. To deploy the certificate, run {deploy(10, 'web:443')}; otherwise, "
            "reissue the certificate for the missing names, too.",
        ),
        (
            held("names_not_covered", ORGANIZATION),
            f"{HELD_BACK} {OF_OTHER} Reissue the certificate for all names. To accept all differences, run "
            f"{deploy(10, 'web:443', ['allow_name_loss', 'allow_organization_change'])} once.",
        ),
        (
            held("names_not_covered", ORGANIZATION, entry=ENTRY),
            f"The newer certificate in {THERE} was not deployed. It lacks a name. {OF_OTHER} Reissue the certificate for all names. To accept all "
            f"differences, run {adopt(NAME, ['web:443'], '/certbot/1')} once.",
        ),
        (
            held("names_not_covered", obstacles=[ORGANIZATION]),
            f"{HELD_BACK} {OF_OTHER} To accept the difference, run {deploy(10, 'web:443', ['allow_organization_change'])} once.",
        ),
        (
            held("names_not_covered", Obstacle("untrusted", {"chain": STRANGE, "is_revoked": False})),
            f"{HELD_BACK} TLS clients would not trust the new certificate: a stranger signed it. {find_trust_remedy(STRANGE)}",
        ),
        (
            held("key_type_differs", old=replace(OLD, key="ec").record(1)),
            f"{HELD_BACK} To accept the difference, run {deploy(10, 'web:443', ['allow_key_type_change'])} once.",
        ),
        (
            held("key_differs"),
            f"{HELD_BACK} Reissue the certificate with the current key. To change the key, run {deploy(10, 'web:443')} once.",
        ),
        (
            held("switched_back", obstacles=[]),
            f"{HELD_BACK} To deploy the newer certificate, run {deploy(10, 'web:443')}.",
        ),
        (held("key_type_differs", new=replace(NEW, key="ec").record(10)), f"{HELD_BACK} {RSA_KEY}"),
        (
            held("organization_differs"),
            f"{HELD_BACK} {ACCEPTING} To delete the newer certificate instead, run {remove(10)}.",
        ),
        (held("organization_differs", new=NEW.record(10, associatedServiceCount=1)), f"{HELD_BACK} {ACCEPTING}"),
        (Obstacle("unusable", {"skipped": WWW}), "Cannot use the renewal in lego www: It is locked."),
        (
            Obstacle("renewal_requested", {"request": REQUEST}),
            f"The CA requested a renewal before {format_time(NOW)} (see https://ca.example/why ), {CERTBOT_FAILED}",
        ),
        (
            Obstacle("renewal_requested", {"request": replace(REQUEST, explanation_url=None)}),
            f"The CA requested a renewal before {format_time(NOW)}, {CERTBOT_FAILED}",
        ),
        (
            Obstacle("not_yet_valid", {"listener": LISTENER, "before": 7}),
            f"{NOT_YET} switch back to certificate 7 with {deploy(7, 'web:443')}.",
        ),
        (Obstacle("not_yet_valid", {"listener": LISTENER, "before": None}), f"{NOT_YET} deploy a valid certificate."),
        (
            Obstacle("not_accepted", {"listener": LISTENER, "has_whole_chain": True}),
            "TLS clients reject the certificate: its issuer is missing. The chain in the certificate store is complete. Check the chain that "
            "the load balancer sends, or import the certificate again.",
        ),
        (
            Obstacle("not_accepted", {"listener": LISTENER, "has_whole_chain": False}),
            f"TLS clients reject the certificate: its issuer is missing. {REFUSAL_REMEDIES['chain']}",
        ),
        (not_deployed(None), f"{NOT_DEPLOYED}. Run {DEPLOY_COMMAND}."),
        (
            not_deployed("refused"),
            f"{NOT_DEPLOYED}, because this run switched no listener. Check the errors of this run.",
        ),
        (
            not_deployed("phase"),
            f"{NOT_DEPLOYED}, because this run did not include the phase deploy. Run {DEPLOY_COMMAND}.",
        ),
        (not_deployed("not_approved"), f"{NOT_DEPLOYED}, because the change was not approved. Run {DEPLOY_COMMAND}."),
        (
            Obstacle("newer_elsewhere", {"record": NEW.record(2)}),
            "Certificate 2 in the certificate store is newer. Deploy the newer certificate at this endpoint.",
        ),
        (
            Obstacle("newer_elsewhere", {"entry": ENTRY}),
            f"The certificate in {THERE} is newer. Deploy the newer certificate at this endpoint.",
        ),
        (
            Obstacle("not_held", {"listener": LISTENER, "newest": NEW.record(10)}),
            "The listener uses certificate 1, which cannot be read. Certificate 10 covers the same DNS names. To switch the listener, run "
            f"{deploy(10, 'web:443', ['allow_name_loss'])}.",
        ),
        (
            Obstacle("not_held", {"listener": LISTENER, "newest": NEW.record(None)}),
            f"The listener uses certificate 1, which cannot be read. Certificate for {NAME} (not stored yet) covers the same DNS names. To switch "
            f"the listener, run `ansible-playbook -i localhost, softlayer.certificates.adopt -e listener=web:443 -e common_name={NAME}`.",
        ),
        (Obstacle("left_out", {"entry": ENTRY, "skipped": WWW}), f"Skipped the renewal in {THERE}: It is locked."),
        (
            Obstacle("not_imported", {"entry": ENTRY, "because": "phase"}),
            f"Did not deploy the renewal in {THERE}, because this run did not include the phase import. Run {ROTATE_COMMAND}.",
        ),
        (
            Obstacle("not_imported", {"entry": ENTRY, "because": "refused"}),
            f"Did not deploy the renewal in {THERE}, because this run switched no listener. Check the errors of this run.",
        ),
        (
            Obstacle("not_imported", {"entry": ENTRY, "because": "not_stored"}),
            f"Did not deploy the renewal in {THERE}, because the renewal could not be stored. Check the errors of this run.",
        ),
        (
            Obstacle("not_renewed", {"skipped": {**WWW, "source": "acme_sh", "key_type": "EC"}}),
            f"acme.sh www has not renewed the certificate. Run `acme.sh --renew --domain {NAME} --ecc` and check its output.",
        ),
        (Obstacle("unused", {"skipped": WWW}), "lego www: It is locked."),
        (Obstacle("unused", {"skipped": {**WWW, "name": None}}), f"lego {NAME}: It is locked."),
        (
            Obstacle("no_source", {"has_sources": True, "is_managed": True}),
            "No source contains a newer certificate. Renew the certificate with its ACME client, and check that sources includes the "
            "directory of that client.",
        ),
        (
            Obstacle("no_source", {"has_sources": False, "is_managed": True}),
            f"Renew the certificate, then run {ROTATE_COMMAND}.",
        ),
        (Obstacle("no_source", {"has_sources": False, "is_managed": False}), "Renew the certificate at this endpoint."),
    ],
    ids=reason_of,
)
def test_why_attention(why: Obstacle[str], said: str) -> None:
    record = NEW.record(1)
    assert why_attention(why, ServedCertificate(Lifespan.from_path(LEAF, ()), LEAF, record)) == said


def test_what_the_store_does_not_have() -> None:
    said = why_attention(
        Obstacle("not_held", {"listener": LISTENER, "newest": NEW.record(10)}),
        ServedCertificate(Lifespan.from_path(LEAF, ())),
    )
    assert said.startswith(
        "The listener uses certificate 1, which is not in the certificate store. Certificate 10 covers the same DNS names. "
    )


def test_an_issuer_that_is_not_valid_yet() -> None:
    later = Lifespan(NOW, NOW, latest_issuer=ISSUER)
    said = why_attention(Obstacle("not_yet_valid", {"listener": LISTENER, "before": None}), ServedCertificate(later))
    assert said.startswith("The intermediate certificate Public CA 2 is not valid before ")


def test_what_was_revoked() -> None:
    """The messages contain the command that reissues the certificate, and a rollback until then."""
    when = f"was {REVOKED}, and TLS clients that check revocation reject it."

    def said(of: Certificate, source: Any = None, before: int | None = None, **changed: Any) -> str:
        facts = {
            "listener": replace(LISTENER, **changed),
            "revocation": revocation(of),
            "entry": source,
            "before": before,
        }
        return why_attention(Obstacle("revoked", facts), ServedCertificate(Lifespan.from_path(LEAF, ()), LEAF))

    reissue, then = "Reissue the certificate with its ACME client or CA", f"Then run {ROTATE_COMMAND}."
    chain = f"{reissue}, or add the replacement chain of the CA to the source."
    back = f"Before the reissue, you can switch back to certificate 2, which was probably the previous certificate: {deploy(2, 'web:443')}."
    assert said(ISSUER) == f"The intermediate certificate Public CA 2 {when} {chain} {then}"
    assert said(LEAF, ENTRY) == f"The certificate {when} {REISSUE} {then}"
    assert said(LEAF, before=2) == f"The certificate {when} {reissue}. {then} {back}"
    replaced = f"To deploy certificate 7 from the certificate store instead, run {DEPLOY_COMMAND}."
    assert said(LEAF, renewal_id=7) == f"The certificate {when} {replaced}"


@pytest.mark.parametrize(
    ("reason", "issuer", "why", "said"),
    [
        (
            "expired",
            None,
            Obstacle("unusable", {"skipped": WWW}),
            f"The certificate expired at {format_time(NOW)}. Cannot use the renewal in lego www",
        ),
        (
            "expiring",
            None,
            Obstacle("unused", {"skipped": WWW}),
            f"The certificate expires at {format_time(NOW)}, and no renewal is available. lego",
        ),
        (
            "expiring",
            ISSUER,
            held(),
            f"The intermediate certificate Public CA 2 expires at {format_time(NOW)}; TLS clients will reject the chain after that. {CURRENT_CHAIN_REMEDY} The "
            "newer certificate 10",
        ),
        (
            "expired",
            ISSUER,
            Obstacle("not_renewed", {"skipped": WWW}),
            f"The intermediate certificate Public CA 2 expired at {format_time(NOW)}; TLS clients have rejected the chain since then, and no renewal is "
            f"available. {CURRENT_CHAIN_REMEDY} lego www has not renewed",
        ),
        ("unusable", None, Obstacle("unusable", {"skipped": WWW}), "Cannot use the renewal in lego www"),
    ],
    ids=reason_of,
)
def test_needs_attention(reason: Any, issuer: Certificate | None, why: Obstacle[str], said: str) -> None:
    item = AttentionItem(reason, LISTENER, ServedCertificate(Lifespan(NOW - DAY, NOW, issuer)), why)
    plain = describe_attention(item)
    assert plain.startswith(said) and plain.endswith(why_attention(why, item.served_certificate))
    until = f" Once the certificate is due for renewal, runs fail with the reason {reason}."
    assert describe_attention(replace(item, failure_start="due")) == f"{plain}{until}"
    assert (
        describe_attention(replace(item, failure_start=NOW))
        == f"{plain} From {format_time(NOW)}, runs fail with the reason {reason}."
    )
