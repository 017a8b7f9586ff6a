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
    DEPLOY,
    ROTATE,
    adopt,
    deploy,
    remove,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import iso
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.messages import trust_remedy
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.attention import AttentionItem, Served
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_attention import (
    needs_attention,
    why_attention,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_deploy import (
    REFUSAL_REMEDIES,
)
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
ISSUER = Certificate.of(TRUSTED.chain[0])
LEAF = certificate_of(NEW.record())
BEGIN = iso(NOW - DAY)
REVOKED = f"revoked at {BEGIN} (keyCompromise)"
ANEW = "`certbot renew --cert-name entry-1 --force-renewal` has it issued anew"


def revocation(of: Certificate) -> Revocation:
    """A certificate was revoked yesterday."""
    return Revocation("revoked", of, NOW - DAY, "keyCompromise")


def reason_of(value: object) -> str:
    """The name of a case: sentences tell the time."""
    return value.reason if isinstance(value, Obstacle) else ""


LISTENER = listener(1, NEW.record(1), accepted=False, refusal="its issuer is missing")
WWW = {"source": "lego", "name": "www", "common_name": None, "subject_alt_names": [NAME], "message": "It is locked."}
HELD = {"new": NEW.record(10), "old": OLD.record(1), "listener": LISTENER, "entry": None}
ACCEPTING = f"If that is meant, {deploy(10, 'web:443', ['allow_organization_change'])} has it served, once."
STRANGE = Chain((), "untrusted", "a stranger signed it")
RSA_KEY = "Request the renewal with an RSA key from its CA or ACME client."
ENTRY, THERE = entry(NEW), "certbot entry-1 (/certbot/1/cert.pem)"
REQUEST = RenewalRequest(ENTRY, NOW, "https://ca.example/why")
HELD_BACK = "Certificate 10 of the store, which is newer, is held back. It lacks a name."
CERTBOT_FAILED = "certbot entry-1 has not done so: `certbot renew --cert-name entry-1` renews it, or says why not."
NOT_YET = f"It is not valid before {BEGIN}, and clients refuse it until then:"
NOT_DEPLOYED = "Certificate 10 of the store can replace it, and was not deployed"


def held(reason: str = "untrusted", *others: Obstacle[str], **facts: Any) -> Obstacle[str]:
    """Something newer is held back, and other things speak against it, too."""
    why = Obstacle(reason, {"error": "It lacks a name."})
    return Obstacle("held_back", {**HELD, "why": why, "obstacles": [why, *others], **facts})


ORGANIZATION = Obstacle("organization_differs", {"new": frozenset({"A Ltd"}), "present": frozenset({"B Ltd"})})
OF_OTHER = "Its organization (A Ltd) is not that of what is served now (B Ltd)."


def not_deployed(because: str | None) -> Obstacle[str]:
    """What is newer is stored, and nobody serves it."""
    return Obstacle("not_deployed", {"certificate_id": 10, "because": because})


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("listener", {"listener": LISTENER}), LISTENER.message),
        (held(entry=ENTRY), f"The newer certificate of {THERE} is held back. It lacks a name."),
        (
            held("names_not_covered", obstacles=[]),
            f"{HELD_BACK} Its wildcards have them: {deploy(10, 'web:443')} has it served; or have it issued for these names, too.",
        ),
        (
            held("names_not_covered", ORGANIZATION),
            f"{HELD_BACK} {OF_OTHER} Have it issued for all names; or if all that is meant, "
            f"{deploy(10, 'web:443', ['allow_name_loss', 'allow_organization_change'])} has it served, once.",
        ),
        (
            held("names_not_covered", ORGANIZATION, entry=ENTRY),
            f"The newer certificate of {THERE} is held back. It lacks a name. {OF_OTHER} Have it issued for all names; or if all that is meant, "
            f"{adopt(NAME, ['web:443'], '/certbot/1')} has it served, once.",
        ),
        (
            held("names_not_covered", obstacles=[ORGANIZATION]),
            f"{HELD_BACK} {OF_OTHER} If that is meant, {deploy(10, 'web:443', ['allow_organization_change'])} has it served, once.",
        ),
        (
            held("names_not_covered", Obstacle("untrusted", {"chain": STRANGE, "is_revoked": False})),
            f"{HELD_BACK} Clients would not trust it: a stranger signed it. {trust_remedy(STRANGE)}",
        ),
        (
            held("key_type_differs", old=replace(OLD, key="ec").record(1)),
            f"{HELD_BACK} If that is meant, {deploy(10, 'web:443', ['allow_key_type_change'])} has it served, once.",
        ),
        (held("key_type_differs", new=replace(NEW, key="ec").record(10)), f"{HELD_BACK} {RSA_KEY}"),
        (
            held("organization_differs"),
            f"{HELD_BACK} {ACCEPTING} Or if nobody wants it, {remove(10)} deletes it.",
        ),
        (held("organization_differs", new=NEW.record(10, associatedServiceCount=1)), f"{HELD_BACK} {ACCEPTING}"),
        (Obstacle("unusable", {"skipped": WWW}), "lego www would renew it and cannot be used: It is locked."),
        (
            Obstacle("renewal_requested", {"request": REQUEST}),
            f"Its authority wanted it renewed by {iso(NOW)} (it says why at https://ca.example/why ), and {CERTBOT_FAILED}",
        ),
        (
            Obstacle("renewal_requested", {"request": replace(REQUEST, explanation_url=None)}),
            f"Its authority wanted it renewed by {iso(NOW)}, and {CERTBOT_FAILED}",
        ),
        (
            Obstacle("not_yet_valid", {"listener": LISTENER, "before": 7}),
            f"{NOT_YET} {deploy(7, 'web:443')} goes back to certificate 7, or check this machine's clock.",
        ),
        (
            Obstacle("not_yet_valid", {"listener": LISTENER, "before": None}),
            f"{NOT_YET} have one served that is valid, or check this machine's clock.",
        ),
        (
            Obstacle("not_accepted", {"listener": LISTENER, "has_whole_chain": True}),
            "Clients refuse what is served: its issuer is missing. The chain that the store holds is complete: see why the load balancer does "
            "not send it, or import the certificate again.",
        ),
        (
            Obstacle("not_accepted", {"listener": LISTENER, "has_whole_chain": False}),
            f"Clients refuse what is served: its issuer is missing. {REFUSAL_REMEDIES['chain']}",
        ),
        (not_deployed(None), f"{NOT_DEPLOYED}: {DEPLOY} has it served."),
        (not_deployed("refused"), f"{NOT_DEPLOYED}, because no listener was switched: see what failed."),
        (
            not_deployed("phase"),
            f"{NOT_DEPLOYED}, because this run was without the phase deploy: {DEPLOY} has it served.",
        ),
        (not_deployed("not_approved"), f"{NOT_DEPLOYED}, because nobody has approved it: {DEPLOY} has it served."),
        (
            Obstacle("newer_elsewhere", {"record": NEW.record(2)}),
            "Certificate 2 of the store is newer: have it served there.",
        ),
        (Obstacle("newer_elsewhere", {"entry": ENTRY}), f"The certificate of {THERE} is newer: have it served there."),
        (
            Obstacle("not_held", {"listener": LISTENER, "newest": NEW.record(10)}),
            "The store cannot show certificate 1, which the listener has, but certificate 10 for its names: "
            f"{deploy(10, 'web:443', ['allow_name_loss'])} has it served.",
        ),
        (
            Obstacle("not_held", {"listener": LISTENER, "newest": NEW.record(None)}),
            f"The store cannot show certificate 1, which the listener has, but certificate for {NAME}, which is not stored yet, for its names: "
            f"`ansible-playbook -i localhost, softlayer.certificates.adopt -e listener=web:443 -e common_name={NAME}` has it served.",
        ),
        (
            Obstacle("left_out", {"entry": ENTRY, "skipped": WWW}),
            f"{THERE} would renew it, but was left out: It is locked.",
        ),
        (
            Obstacle("not_imported", {"entry": ENTRY, "because": "phase"}),
            f"{THERE} would renew it, but this run was without the phase import: {ROTATE} brings it here.",
        ),
        (
            Obstacle("not_imported", {"entry": ENTRY, "because": "refused"}),
            f"{THERE} would renew it, but no listener was switched: see what failed.",
        ),
        (
            Obstacle("not_imported", {"entry": ENTRY, "because": "not_stored"}),
            f"{THERE} would renew it, but could not be stored as it is: see what failed.",
        ),
        (
            Obstacle("not_renewed", {"skipped": {**WWW, "source": "acme_sh", "key_type": "EC"}}),
            f"acme.sh www has it, and has not renewed it: `acme.sh --renew --domain {NAME} --ecc` renews it, or says why not.",
        ),
        (Obstacle("unused", {"skipped": WWW}), "lego www: It is locked."),
        (Obstacle("unused", {"skipped": {**WWW, "name": None}}), f"lego {NAME}: It is locked."),
        (
            Obstacle("no_source", {"has_sources": True, "is_managed": True}),
            "No source has a newer certificate for it: have the client that looks after it renew it, and see that its certificates are among "
            "the sources.",
        ),
        (
            Obstacle("no_source", {"has_sources": False, "is_managed": True}),
            f"Have it renewed, and {ROTATE} brings it here.",
        ),
        (Obstacle("no_source", {"has_sources": False, "is_managed": False}), "Have it renewed there."),
    ],
    ids=reason_of,
)
def test_why_attention(why: Obstacle[str], said: str) -> None:
    record = NEW.record(1)
    assert why_attention(why, Served(Lifespan.of(LEAF, ()), LEAF, record)) == said


def test_what_the_store_does_not_have() -> None:
    said = why_attention(
        Obstacle("not_held", {"listener": LISTENER, "newest": NEW.record(10)}), Served(Lifespan.of(LEAF, ()))
    )
    assert said.startswith("The store has no certificate 1, which the listener has, but certificate 10 for its names: ")


def test_an_issuer_that_is_not_valid_yet() -> None:
    later = Lifespan(NOW, NOW, starts_by=ISSUER)
    said = why_attention(Obstacle("not_yet_valid", {"listener": LISTENER, "before": None}), Served(later))
    assert said.startswith("Its issuer Public CA 2 is not valid before ")


def test_what_was_revoked() -> None:
    """By whom it is issued anew, and what may be served until then."""
    when = f"was {REVOKED}, and clients that look refuse it"

    def said(of: Certificate, source: Any = None, before: int | None = None, **changed: Any) -> str:
        facts = {
            "listener": replace(LISTENER, **changed),
            "revocation": revocation(of),
            "entry": source,
            "before": before,
        }
        return why_attention(Obstacle("revoked", facts), Served(Lifespan.of(LEAF, ()), LEAF))

    there = f"{ROTATE} brings it here."
    chain = "have it issued anew, or put the chain that its authority has in its place beside it"
    back = f"Until then, {deploy(2, 'web:443')} goes back to the one that was probably before it."
    assert said(ISSUER) == f"Its issuer Public CA 2 {when}: {chain}; {there}"
    assert said(LEAF, ENTRY) == f"It {when}: {ANEW}; {there}"
    assert said(LEAF, before=2) == f"It {when}: have it issued anew; {there} {back}"
    assert said(LEAF, renewal_id=7) == f"It {when}: {DEPLOY} has certificate 7 of the store served in its place."


@pytest.mark.parametrize(
    ("reason", "issuer", "why", "said"),
    [
        ("expired", None, Obstacle("unusable", {"skipped": WWW}), f"It expired at {iso(NOW)}. lego www would renew it"),
        ("expiring", None, Obstacle("unused", {"skipped": WWW}), f"It ends at {iso(NOW)}, and nothing renews it. lego"),
        (
            "expiring",
            ISSUER,
            held(),
            f"Its issuer Public CA 2 ends at {iso(NOW)}, and clients refuse it from then on. Import the certificate again with today's chain. "
            "Certificate 10",
        ),
        (
            "expired",
            ISSUER,
            Obstacle("not_renewed", {"skipped": WWW}),
            f"Its issuer Public CA 2 expired at {iso(NOW)}, and clients refuse it from then on, and nothing renews it. Import the certificate "
            "again with today's chain. lego www has it",
        ),
        ("unusable", None, Obstacle("unusable", {"skipped": WWW}), "lego www would renew it"),
    ],
    ids=reason_of,
)
def test_needs_attention(reason: Any, issuer: Certificate | None, why: Obstacle[str], said: str) -> None:
    item = AttentionItem(reason, LISTENER, Served(Lifespan(NOW - DAY, NOW, issuer)), why)
    plain = needs_attention(item)
    assert plain.startswith(said) and plain.endswith(why_attention(why, item.served))
    until = " A run fails only once what is served is due for renewal."
    assert needs_attention(replace(item, fails_from="due")) == f"{plain}{until}"
    assert needs_attention(replace(item, fails_from=NOW)) == f"{plain} No run fails for it before {iso(NOW)}."
