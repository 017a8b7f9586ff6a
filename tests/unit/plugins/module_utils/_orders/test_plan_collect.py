# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A public key is no secret: of all that messages hold, a certificate is taken for its key, its chain to a trusted root and its names."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from itertools import permutations
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import plan_collect as searching
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.messages import (
    describe_late_email,
    describe_missing,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_collect import (
    CollectedCertificate,
    Location,
    Search,
    SearchTarget,
    Target,
    format_missing,
    mark_needs_attention,
    why_missing,
    why_untrusted,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors
from cryptography import x509

from tests.support.certificates import DAY, NOW, Authority, Issued, certificate_of, new_key, pem_of

AT = NOW.astimezone(timezone.utc)
NAME = "www.example.com"
KEY = new_key()
REAL, FORGER = Authority("Real"), Authority("Real")
GENUINE = REAL.issue(NAME, key=KEY)
FORGED = FORGER.issue(NAME, key=KEY, days=(-0.5, 900))
"""The right key and names, newer and longer valid, by an authority that has the right names as well."""
THEIRS = REAL.issue("attacker.example", key=KEY, days=(-0.5, 900))
"""Whoever has got hold of the signing request has it signed for a name of his own, by the trusted authority."""
CHAIN = list(REAL.chain)
Letter = list[x509.Certificate]


def target(*names: str) -> Target:
    """The key, and the names that the certificate should be for."""
    return Certificate(GENUINE.der).public_key_sha256, frozenset(names)


def letter(certificates: Letter) -> bytes:
    """A message with certificates in its text."""
    message = EmailMessage()
    message["From"], message["Subject"] = "Orders <orders@ca.example>", "Your SSL certificate"
    message["Message-ID"], message["Date"] = "<1@ca.example>", NOW
    message.set_content("Your certificate:\n\n" + pem_of(certificates))
    return bytes(message)


def search(*letters: Letter, wanted: Target | None = None, require_trust: bool = True, **how: Any) -> Search:
    """A search through messages, to its end."""
    anchors = Anchors([Certificate.from_library(REAL.root)])
    found = Search({wanted or target()}, lambda: anchors, require_trust=require_trust, **how)
    for number, certificates in enumerate(letters):
        found.examine(letter(certificates), Location(path=str(number)), AT)
    found.complete_chains(AT)
    return found


def collected(found: Search) -> list[CollectedCertificate]:
    """What was found for all targets."""
    return [one for target in found.targets for one in found.find_collected(target)]


def taken(found: Search) -> tuple[bytes, list[bytes], str]:
    """The certificate that was taken, its chain, and whether it is trusted."""
    [one] = collected(found)
    return one.match.certificate.der, [issuer.der for issuer in one.match.chain.issuers], one.match.chain.trust


def trusted(issued: Issued = GENUINE, *issuers: x509.Certificate) -> tuple[bytes, list[bytes], str]:
    """What is taken if all is right."""
    chain = [Certificate.from_library(one).der for one in issuers or issued.chain]
    return issued.der, chain, "trusted"


def reasons(found: Search) -> list[str]:
    """Why messages were not taken."""
    assert found.unmatched_count == len(found.unmatched)
    return [entry["reason"] for entry in found.unmatched]


@pytest.mark.parametrize(
    "letters", list(permutations([[GENUINE.certificate, *CHAIN], [FORGED.certificate, *FORGER.chain]]))
)
def test_a_forged_certificate_of_the_right_key_is_left_where_it_is(letters: tuple[Letter, ...]) -> None:
    found = search(*letters)
    assert (taken(found), reasons(found), found.is_complete) == (trusted(), ["untrusted"], True)
    assert taken(search([one for certificates in letters for one in certificates])) == trusted(), "in one message"
    assert taken(search(*letters, require_trust=False)) == trusted()


def test_of_two_that_are_right_the_newer_is_taken() -> None:
    older = REAL.issue(NAME, key=KEY, days=(-30, 60))
    for letters in permutations([[older.certificate, *CHAIN], [GENUINE.certificate, *CHAIN]]):
        for several in (letters, [[one for each in letters for one in each]]):
            assert taken(search(*several)) == taken(search(*several, wanted=target(NAME))) == trusted()


def test_a_certificate_for_a_name_of_the_sender_is_not_the_orders() -> None:
    wanted, theirs = target(NAME), [THEIRS.certificate, *CHAIN]
    assert taken(search([GENUINE.certificate, *CHAIN], theirs, wanted=wanted)) == trusted()
    alone = search(theirs, wanted=wanted)
    assert (collected(alone), reasons(alone)) == ([], ["untrusted"])
    [refused] = alone.rejected.values()
    assert why_untrusted(refused) == Obstacle("untrusted", {"certificate": Certificate(THEIRS.der), "chain": None})
    late = search([THEIRS.certificate], CHAIN, wanted=wanted)
    assert not collected(late) and "untrusted" in reasons(late), "also where its issuer comes in another email"
    assert taken(search(theirs, wanted=wanted, require_trust=False)) == trusted(THEIRS)


def test_who_looks_for_any_names_finds_those_that_another_looks_for_too() -> None:
    """Two signing requests of one key, of which one names nothing."""
    for_any, for_theirs = target(), target(NAME)
    found = Search([for_any, for_theirs, target("other.example.com")])
    found.examine(letter([GENUINE.certificate, *CHAIN]), Location(), AT)
    assert [len(found.find_collected(one)) for one in found.targets] == [1, 1, 0]


@pytest.mark.parametrize("in_one", [True, False], ids=["one message", "two messages"])
def test_of_certificates_of_a_key_the_one_with_all_names_that_were_asked_for(in_one: bool) -> None:
    """The others are newer."""
    both = (NAME, "shop.example.com")
    right, other = REAL.issue(NAME, key=KEY, names=both), REAL.issue(NAME, key=KEY, days=(-0.5, 900))
    for several in permutations([right.certificate, other.certificate, THEIRS.certificate]):
        letters = [[*several, *CHAIN]] if in_one else [[one, *CHAIN] for one in several]
        assert taken(search(*letters, wanted=target(*both))) == trusted(right)


def test_a_longer_chain_is_not_a_better_one() -> None:
    """An intermediate of the real authority's name and key, signed by a stranger, and the stranger's own."""
    stranger = Authority("Stranger")
    foreign = certificate_of(REAL.issuer.subject, stranger.issuer.subject, REAL.key, stranger.key, ca=True)
    longer = [GENUINE.certificate, foreign, *stranger.chain]
    assert taken(search([GENUINE.certificate, *CHAIN], longer)) == trusted()
    assert taken(search([*longer, *CHAIN])) == trusted()
    [first] = collected(search([GENUINE.certificate, *CHAIN], [GENUINE.certificate, *CHAIN]))
    assert first.location.path == "0", "nor is a later copy"


def test_issuers_from_messages_without_a_certificate_that_is_wanted() -> None:
    """Authorities send the intermediate by itself, or nobody asks for the certificate that it came with."""
    deep = Authority("Deep", intermediates=2)
    leaf = deep.issue(NAME, key=KEY)
    letters = [[leaf.certificate], [deep.chain[0]], [deep.issue("other.example.com").certificate, deep.chain[1]]]
    for several in permutations(letters):
        found = Search({target()}, lambda: Anchors([Certificate.from_library(deep.root)]), require_trust=True)
        for certificates in several:
            found.examine(letter(certificates), Location(), AT)
        found.complete_chains(AT)
        assert (taken(found), set(reasons(found))) == (trusted(leaf), {"no_matching_key"})
        assert [one.match.chain.why for one in collected(found)] == [""]


def test_issuers_that_are_trusted_complete_what_has_come_before_at_once() -> None:
    """So that a mailbox need not be read to its end."""
    own = REAL.issue("other.example.com")
    theirs = Certificate(own.der).public_key_sha256, frozenset[str]()
    seen = Search({target(), theirs}, lambda: Anchors([Certificate.from_library(REAL.root)]), require_trust=True)
    seen.examine(letter([GENUINE.certificate]), INBOX, AT)
    assert not seen.find_collected(target())
    seen.examine(letter([own.certificate, *CHAIN]), INBOX, AT)
    assert seen.find_collected(target()) and seen.is_complete


def test_issuers_from_other_messages_are_trusted_for_their_signatures_alone() -> None:
    assert collected(search([GENUINE.certificate], list(FORGER.chain))) == []
    assert collected(search([FORGED.certificate], list(FORGER.chain), CHAIN)) == []


@pytest.mark.parametrize(("most", "is_complete"), [(1, False), (2, True)])
def test_only_so_many_issuers_are_remembered(monkeypatch: pytest.MonkeyPatch, most: int, is_complete: bool) -> None:
    """Of all messages together."""
    monkeypatch.setattr(searching, "MAX_ISSUERS", most)
    assert search([GENUINE.certificate], list(FORGER.chain), CHAIN).is_complete is is_complete
    again = [*FORGER.chain, *CHAIN]
    assert search([GENUINE.certificate], list(FORGER.chain), again).is_complete is is_complete, "each counts once"


def test_what_needs_no_other_message_takes_no_place_of_what_waits_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_UNMATCHED_MESSAGES", 2)
    forged = [[FORGED.certificate, *FORGER.chain, FORGER.root]] * 3
    assert taken(search(*forged, [GENUINE.certificate], CHAIN)) == trusted()


@pytest.mark.parametrize(("most", "is_complete"), [(1, False), (2, True)])
def test_only_so_many_certificates_wait_for_their_issuers(
    monkeypatch: pytest.MonkeyPatch, most: int, is_complete: bool
) -> None:
    monkeypatch.setattr(searching, "MAX_UNMATCHED_MESSAGES", most)
    seen = search([THEIRS.certificate], [GENUINE.certificate], CHAIN, wanted=target(NAME))
    assert bool(collected(seen)) is seen.is_complete is is_complete


def test_only_so_many_messages_are_listed_but_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_UNMATCHED_MESSAGES", 2)
    found = search(*[[]] * 3)
    found.record_skipped(Location(), Obstacle("too_large", {"is_unread": True}), letter([]))
    assert (len(found.unmatched), found.unmatched_count, found.examined_count) == (2, 4, 4)


# What is said

SOURCE = {
    "message_id": "<1@ca.example>",
    "from": "Orders <orders@ca.example>",
    "date": format_time(NOW),
    "subject": "Your SSL certificate",
    "folder": "INBOX",
    "uid": 7,
    "path": "/mails",
}
INBOX = Location("INBOX", 7, "/mails")


def test_what_has_come_is_reported_with_what_it_is_for_and_where_it_was() -> None:
    found = Search([target()], lambda: Anchors([Certificate.from_library(REAL.root)]))
    found.examine(letter([GENUINE.certificate, *CHAIN]), INBOX, AT)
    [one] = found.find_collected(target())
    result = one.as_result(SearchTarget(target()[0], 1, "asked.example.com", "/a.csr"))
    assert result == {
        **Certificate(GENUINE.der).facts(),
        "order_id": 1,
        "common_name": "asked.example.com",
        "path": "/a.csr",
        "trust": "trusted",
        "certificate": GENUINE.pem,
        "intermediate_certificate": pem_of(CHAIN),
        "source": {**SOURCE, "format": "inline_pem"},
    }
    assert one.as_result(SearchTarget(target()[0]))["common_name"] == NAME
    [alone] = collected(search([GENUINE.certificate], require_trust=False))
    assert alone.as_result(SearchTarget(target()[0]))["intermediate_certificate"] is None


@pytest.mark.parametrize(
    ("is_outlook", "ends"),
    [
        (False, "manually. The file name of the attachment is certificate.tar.gz."),
        (True, "as an .eml file in Outlook, or save the certificate manually."),
    ],
)
def test_a_file_that_may_hold_the_certificate_and_is_not_read_is_reported(is_outlook: bool, ends: str) -> None:
    message = EmailMessage()
    message["Subject"] = "Your SSL certificate"
    message.set_content("It is attached.")
    message.add_attachment(gzip.compress(b"x"), "application", "gzip", filename="certificate.tar.gz")
    seen = search()
    seen.examine(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" if is_outlook else bytes(message), INBOX, AT)
    [entry] = seen.unmatched
    assert entry["reason"] == "unsupported_attachment" and entry["message"].endswith(ends)


EXPIRED, LATER = REAL.issue(NAME, key=KEY, days=(-90, -1)), REAL.issue(NAME, key=KEY, days=(1, 90))


@pytest.mark.parametrize(
    ("letters", "reason", "came", "is_told"),
    [
        ([], "waiting_for_email", None, False),
        ([[EXPIRED.certificate]], "waiting_for_email", EXPIRED, True),
        ([[LATER.certificate]], "waiting_for_email", LATER, True),
        ([[FORGED.certificate, *FORGER.chain, FORGER.root]], "untrusted", FORGED, False),
        ([[GENUINE.certificate]], "chain_incomplete", GENUINE, False),
        ([[EXPIRED.certificate], [GENUINE.certificate]], "chain_incomplete", GENUINE, False),
    ],
    ids=["nothing", "expired", "not_yet_valid", "untrusted", "incomplete", "expired_and_incomplete"],
)
def test_what_has_not_come_is_reported_with_the_reason_and_what_came_instead(
    letters: list[Letter], reason: str, came: Issued | None, is_told: bool
) -> None:
    """With its validity where that is what is wrong."""
    found, key = search(*letters), target()[0]
    asked = SearchTarget(key, 1, "asked.example.com", "/a.csr", csr_names=("also.example.com",))
    why = why_missing(asked, search(*letters, wanted=asked.target), AT)
    assert (why.reason, why.facts.get("certificate")) == (reason, came and Certificate(came.der))
    assert why.facts.get("is_expired") == ((came is EXPIRED) if is_told else None)
    assert format_missing(asked, why) == {
        "order_id": 1,
        "common_name": "asked.example.com",
        "subject_alt_names": ["also.example.com"],
        "path": "/a.csr",
        "public_key_sha256": key,
        "not_before": format_time(came.certificate.not_valid_before_utc) if came and is_told else None,
        "not_after": format_time(came.certificate.not_valid_after_utc) if came and is_told else None,
        "reason": reason,
        "message": describe_missing(why),
    }
    unnamed = format_missing(SearchTarget(key), why_missing(SearchTarget(key), found, AT))
    assert (unnamed["common_name"], unnamed["subject_alt_names"]) == ((NAME, [NAME]) if letters else (None, []))
    for asked in (
        SearchTarget(key, csr_names=("also.example.com",)),
        SearchTarget(key, common_name="asked.example.com"),
    ):
        named = format_missing(asked, why_missing(asked, found, AT))
        assert (named["common_name"], named["subject_alt_names"]) == (asked.common_name, list(asked.csr_names))


@pytest.mark.parametrize(("exists", "reason"), [(True, "no_public_key"), (False, "not_found")])
def test_what_could_not_be_searched_for_is_reported_with_the_reason(exists: bool, reason: str) -> None:
    """Nothing that came is said to be what it is about, as nobody knows its key."""
    wanted = SearchTarget(None, 1, is_existing=exists)
    why = why_missing(wanted, search([EXPIRED.certificate]), AT)
    assert why == Obstacle(reason)
    assert [format_missing(wanted, why)[name] for name in ("public_key_sha256", "common_name", "not_before")] == [
        None
    ] * 3


def test_of_certificates_that_are_not_valid_the_newest_is_reported() -> None:
    """A valid one is none of these, even if it cannot be taken."""
    older = REAL.issue(NAME, key=KEY, days=(-180, -91))
    for several in permutations([older, EXPIRED, GENUINE]):
        found = search(*([one.certificate] for one in several))
        assert found.invalid_certificates == {target()[0]: Certificate(EXPIRED.der)}


@pytest.mark.parametrize(
    ("skipped", "requested", "is_needed"),
    [
        ({"reason": "chain_incomplete"}, None, True),
        ({"reason": "untrusted"}, None, False),
        ({"reason": "waiting_for_key", "needs_attention": True}, None, True),
        ({"reason": "waiting_for_key", "needs_attention": False}, AT - 9 * DAY, False),
        ({"reason": "waiting_for_certificate"}, AT - 9 * DAY, False),
        ({"reason": "pending"}, AT - 9 * DAY, False),
        ({"reason": "waiting_for_email"}, None, False),
        ({"reason": "waiting_for_email"}, AT - DAY + timedelta(seconds=1), False),
        ({"reason": "waiting_for_email"}, AT - DAY, True),
        ({"reason": "waiting_for_email", "not_before": format_time(AT - 90 * DAY)}, AT - DAY, True),
        ({"reason": "waiting_for_email", "not_before": format_time(AT + DAY)}, AT - DAY, False),
    ],
)
def test_what_waits_for_a_person_longer_than_it_should(
    skipped: dict[str, Any], requested: datetime | None, is_needed: bool
) -> None:
    """Of an email that is late, its message says so; else the module has named the remedy."""
    email = {"recipient": "admin@example.com", "first_requested_at": format_time(requested)} if requested else {}
    is_late = is_needed and skipped["reason"] == "waiting_for_email"
    said = describe_late_email("It waits.", AT - DAY, "admin@example.com") if is_late else "It waits."
    marked = mark_needs_attention({"message": "It waits.", **skipped}, email, AT)
    assert marked == {**skipped, "needs_attention": is_needed, "message": said}
