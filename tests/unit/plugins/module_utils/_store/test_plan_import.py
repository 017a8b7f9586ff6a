# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done about each certificate, decided without any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError, Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.import_files import why_import_blocked
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.orders import Order
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate
from ansible_collections.softlayer.certificates.plugins.module_utils._store.check import (
    Content,
    ImportOptions,
    assemble,
    check_order,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store.plan_import import (
    CHAIN,
    ImportAction,
    SupersededCertificate,
    build_diff,
    cancel_conflicting_removals,
    evaluate_kept_chain,
    list_warnings,
    mark_repeated,
    plan_absent,
    plan_found,
    plan_present,
    plan_record_removal,
    plan_without_request,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import (
    Bundle,
    read_parts,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.read import read_certificates
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certificates import (
    DAY,
    NOW,
    Authority,
    Issued,
    key_pem,
    new_key,
    pem_of,
    pkcs7_of,
    self_signed,
)
from tests.support.failing import fails
from tests.support.stored import view_with

NAME = "www.example.com"
AUTHORITY = Authority(intermediates=2)
OTHER_AUTHORITY = Authority("Another")
ISSUED = AUTHORITY.issue(NAME, organization="Example Inc.")
OTHER = OTHER_AUTHORITY.issue(NAME)
OLD = AUTHORITY.issue(NAME, organization="Example Inc.", days=(-300, 10))
OPTIONS = ImportOptions()
CLIENTS = view_with(AUTHORITY.root)


def material(issued: Issued = ISSUED, **others: bytes | None) -> Bundle:
    """What a user gives for a certificate, with ``others`` changed."""
    parts = {
        "certificate": issued.pem.encode(),
        "privatekey": issued.key_pem.encode(),
        "intermediate": issued.chain_pem.encode() or None,
    }
    return read_parts({**parts, **others})


def content(issued: Issued = ISSUED, notes: str | None = None, **others: bytes | None) -> Content:
    """What would be stored for it."""
    return assemble(material(issued, **others), OPTIONS, NOW, notes=notes)[0]


def stored(issued: Issued = ISSUED, identifier: int = 1, **others: Any) -> StoreCertificate:
    """A record that holds it."""
    certificate = Certificate(issued.der)
    record = StoreCertificate(
        id=identifier,
        common_name=certificate.common_name,
        notes="",
        associated_service_count=0,
        certificate=certificate,
        intermediates=tuple(read_certificates(issued.chain_pem.encode())),
        request_pem=None,
        created_at=None,
        modified_at=None,
    )
    return replace(record, **others)


def plan(wanted: Content, index: StoreIndex, order_id: int | None = None, *, remove: bool = False) -> ImportAction:
    """The plan to have it in a store."""
    return plan_present(ImportAction.of(wanted, order_id), index, CLIENTS, remove_superseded=remove)


def refusal(given: Bundle, options: ImportOptions = OPTIONS) -> str:
    """Why it is not taken."""
    with pytest.raises(CertificatesError) as error:
        assemble(given, options, NOW)
    return str(error.value.code)


# What a diff shows


def test_a_diff_shows_public_facts() -> None:
    facts = {
        "common_name": NAME,
        "fingerprint_sha256": ISSUED.fingerprint,
        "not_after": f"{ISSUED.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
    }
    headers = {"before_header": NAME, "after_header": NAME}
    new = ImportAction.of(content(notes="web"))
    assert new.as_diff() == {**headers, "before": {}, "after": {"id": None, **facts, "state": "Imported."}}
    assert new.simulate().as_diff()["after"]["state"] == "To be imported."
    known = {
        "id": 1,
        "record": stored(notes="old"),
        "changes": {"notes": "web"},
        "superseded": (SupersededCertificate(stored(OLD, 7), True), SupersededCertificate(stored(OLD, 8), False)),
    }
    changed = replace(new, outcome="updated", facts={"changed": ("notes",)}, **known)
    assert changed.as_diff() == {
        **headers,
        "before": {"id": 1, **facts, "notes": "old", "superseded": [7]},
        "after": {"id": 1, **facts, "state": "Updated: notes.", "notes": "web", "superseded": []},
    }


def test_a_diff_follows_what_became_of_a_plan() -> None:
    """What failed has none, what is stored has its id, and what was not deleted is not shown as deleted."""
    planned = replace(
        ImportAction.of(content()),
        superseded=(SupersededCertificate(stored(OLD, 7), True), SupersededCertificate(stored(OLD, 8), True)),
    )
    assert build_diff(planned, planned.mark_failed_by(NOT_TAKEN)) is None
    removal = plan_record_removal(stored(OLD, 7))
    assert build_diff(removal, removal.mark_failed_by(NOT_TAKEN)) is None
    assert build_diff(removal, replace(removal, outcome="unchanged", facts={"is_gone": True})) is None
    assert build_diff(removal, removal) == removal.as_diff() and removal.as_diff()["after"] == {}
    left = (SupersededCertificate(stored(OLD, 7), False), SupersededCertificate(stored(OLD, 8), True))
    shown = build_diff(planned, replace(planned, id=9, superseded=left))
    assert shown and (shown["before"], shown["after"]["id"]) == ({"superseded": [8]}, 9)
    shown = build_diff(planned, replace(planned, id=9, superseded=left[:1]))
    assert shown and (shown["before"], "superseded" in shown["after"]) == ({}, False)
    cut = build_diff(planned, planned.mark_failed("chain_truncated", {}, id=9, has_written=True))
    assert cut and (cut["before"], cut["after"]["id"]) == ({}, 9), "it is stored all the same"


def test_a_diff_of_an_update_has_what_was_there_before() -> None:
    """Though the record was read again after it."""
    new = replace(ImportAction.of(content(notes="web")), id=1, outcome="updated")
    planned = replace(new, record=stored(notes="old"), changes={"notes": "web"}, facts={"changed": ("notes",)})
    shown = build_diff(planned, replace(planned, record=stored(notes="web")))
    assert shown and (shown["before"]["notes"], shown["after"]["notes"]) == ("old", "web")
    by_another = replace(planned, outcome="imported", record=None, changes={}, facts={})
    assert build_diff(by_another, planned) == planned.as_diff()


def test_a_diff_of_what_has_no_name() -> None:
    """One without a common name is called by its first DNS name."""
    assert ImportAction.of(content(AUTHORITY.issue(None, names=[NAME]))).as_diff()["after_header"] == NAME
    assert ImportAction("removed", None, {}, 7).as_diff() == {
        **dict.fromkeys(("before_header", "after_header"), "unknown name"),
        "before": {"id": 7, "common_name": "unknown name"},
        "after": {},
    }


# What would be stored


def test_a_template() -> None:
    """What was not given is left out."""
    alone = self_signed("alone.example.com")
    assert content(alone).as_template() == {"certificate": alone.pem, "privateKey": alone.key_pem}
    assembled, warnings = assemble(material(csr=ISSUED.csr_pem.encode()), OPTIONS, NOW, notes="web")
    assert warnings == ()
    assert assembled.as_template() == {
        "certificate": ISSUED.pem,
        "privateKey": ISSUED.key_pem,
        "intermediateCertificate": ISSUED.chain_pem,
        "certificateSigningRequest": ISSUED.csr_pem,
        "notes": "web",
    }


@given(st.permutations(ISSUED.all), st.integers(1, len(ISSUED.all)), st.booleans())
def test_whatever_stands_where(pile: list[x509.Certificate], cut: int, as_pkcs7: bool) -> None:
    """The certificate is the key's, in whichever place among those given; what is stored is always the same."""
    first, rest = pile[:cut], pile[cut:]
    if ISSUED.certificate not in first:
        first, rest = rest, first
    given = material(
        certificate=pkcs7_of(first, Encoding.DER) if as_pkcs7 else pem_of(first).encode(),
        intermediate=pem_of(rest).encode() or None,
    )
    assembled, warnings = assemble(given, OPTIONS, NOW)
    assert assembled.as_template() == content().as_template()
    assert warnings == (Obstacle("left_out", {"certificates": [Certificate.from_library(AUTHORITY.root)]}),)


REFUSED = {
    "other_key": ("key_mismatch", material(privatekey=OTHER.key_pem.encode())),
    "swapped": ("key_mismatch", material(certificate=ISSUED.chain_pem.encode(), intermediate=ISSUED.pem.encode())),
    "other_request": ("csr_mismatch", material(csr=OTHER.csr_pem.encode())),
    "other_chain": ("chain_invalid", material(intermediate=OTHER.chain_pem.encode())),
    "in_one_file": ("chain_invalid", material(certificate=(ISSUED.pem + OTHER.chain_pem).encode(), intermediate=None)),
    "gap": ("chain_invalid", material(intermediate=pem_of(ISSUED.chain[1:]).encode())),
    "expired": ("expired", material(AUTHORITY.issue(NAME, days=(-90, -1e-4)))),
    "future": ("not_yet_valid", material(AUTHORITY.issue(NAME, days=(1e-4, 90)))),
    "ed25519": ("refused", material(AUTHORITY.issue(NAME, key=new_key("ed25519")))),
    "two_of_one_key": (
        "ambiguous",
        material(certificate=(ISSUED.pem + AUTHORITY.issue(NAME, key=ISSUED.key).pem).encode()),
    ),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_refused(case: str) -> None:
    reason, given = REFUSED[case]
    assert refusal(given) == reason


@pytest.mark.parametrize("days", [(0, 1), (-1, 0)])
def test_the_edges_of_validity(days: tuple[float, float]) -> None:
    assert assemble(material(AUTHORITY.issue(NAME, days=days)), OPTIONS, NOW)


def test_expired_chain() -> None:
    """What is not valid yet is refused even then."""
    assert refusal(REFUSED["future"][1], ImportOptions(allow_expired=True)) == "not_yet_valid"
    late = pem_of([AUTHORITY.reissue(not_after=NOW - DAY), *ISSUED.chain[1:]]).encode()
    assert refusal(material(intermediate=late)) == "chain_invalid"
    assembled, _warnings = assemble(material(intermediate=late), ImportOptions(allow_expired=True), NOW)
    assert assembled.as_template()["intermediateCertificate"] == late.decode()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (ISSUED.chain[::-1], ISSUED.chain[::-1]),
        (OTHER.chain, OTHER.chain),
        ([*ISSUED.chain, AUTHORITY.root], ISSUED.chain),
        ([ISSUED.certificate, *ISSUED.chain], ISSUED.chain),
    ],
    ids=["reversed", "another", "with the root", "with itself"],
)
def test_an_unverified_chain_is_taken_as_it_is(given: list[x509.Certificate], kept: list[x509.Certificate]) -> None:
    """But what is no intermediate stays out, and what was stored so is unchanged then."""
    wanted, _warnings = assemble(material(intermediate=pem_of(given).encode()), ImportOptions(verify_chain=False), NOW)
    assert "".join(one.to_pem() for one in wanted.intermediates) == pem_of(kept)
    held = tuple(read_certificates(wanted.as_template()["intermediateCertificate"].encode()))
    assert plan(wanted, StoreIndex([stored(intermediates=held)])).outcome == "unchanged"


# Present


def test_imported() -> None:
    new = ImportAction.of(content(notes="web"), 4711, (Obstacle("no_issuer"),))
    step = plan_present(new, StoreIndex([stored(OTHER, 7)]), CLIENTS)
    assert (step.outcome, step.reason, step.id, step.notes, step.order_id) == ("imported", None, None, "web", 4711)
    assert step.has_changes and step.warnings == new.warnings and ImportAction.of(content()).notes == ""


@pytest.mark.parametrize("container", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_unchanged(container: PrivateFormat) -> None:
    """Also with a root in the store, and with another record that is not as wanted."""
    wanted = content(privatekey=key_pem(ISSUED.key, container).encode())
    held = stored(identifier=8, notes="web")
    held = replace(held, intermediates=(*held.intermediates, Certificate.from_library(AUTHORITY.root)))
    step = plan(wanted, StoreIndex([stored(OTHER, 7), stored(identifier=9, intermediates=()), held]))
    assert (step.outcome, step.id, step.notes, step.has_changes) == ("unchanged", 8, "web", False)


KEEPS_TWO = stored(AUTHORITY.issue("api.example.com"), 99)
"""Another record, by which the store is known to keep two issuers."""
UPDATES: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "notes": ({"notes": "new"}, {"notes": "old"}, {"notes"}),
    "notes_removed": ({"notes": ""}, {"notes": "old"}, {"notes"}),
    "csr_added": ({"csr": ISSUED.csr_pem.encode()}, {"notes": "old"}, {"certificateSigningRequest"}),
    "chain_added": ({}, {"intermediates": ()}, {"intermediateCertificate"}),
    "chain_reordered": ({}, {"intermediates": stored().intermediates[::-1]}, {"intermediateCertificate"}),
    "all": (
        {"notes": "new", "csr": ISSUED.csr_pem.encode()},
        {"intermediates": stored().intermediates[:1]},
        {"notes", "certificateSigningRequest", "intermediateCertificate"},
    ),
    "notes_not_given": ({}, {"notes": "old"}, set()),
    "csr_not_given": ({}, {"request_pem": ISSUED.csr_pem}, set()),
    "chain_not_given": ({"intermediate": None}, {}, set()),
    "same_csr": ({"csr": ISSUED.csr_pem.replace("\n", "\r\n").encode()}, {"request_pem": ISSUED.csr_pem}, set()),
}


@pytest.mark.parametrize("services", [0, 2])
@pytest.mark.parametrize("case", sorted(UPDATES))
def test_updates(case: str, services: int) -> None:
    wanted, held, changes = UPDATES[case]
    step = plan(content(**wanted), StoreIndex([stored(associated_service_count=services, **held), KEEPS_TWO]))
    in_use = bool(services) and "intermediateCertificate" in changes
    if in_use and case != "chain_reordered":
        assert (step.outcome, step.id, [one.record.id for one in step.superseded]) == ("imported", None, [1])
    else:
        outcome = "updated" if changes and not in_use else "unchanged"
        assert (step.outcome, step.as_result()["reason"], step.id) == (outcome, None, 1)
        assert step.notes == wanted.get("notes", held.get("notes", ""))
        assert step.superseded == () and len(step.warnings) == in_use
    assert set(step.changes) == (set() if in_use else changes)
    assert not {"certificate", "privateKey"} & set(step.changes)


NOT_TAKEN = CertificatesError("refused", "The store rejected the request: It is in use.")


def test_without_the_csr_that_the_store_refuses_the_rest_is_changed() -> None:
    held = stored(notes="old", intermediates=stored().intermediates[:1])
    wanted = content(notes="new", csr=ISSUED.csr_pem.encode())
    step = replace(plan(wanted, StoreIndex([held, KEEPS_TWO])), warnings=(Obstacle("no_issuer"),))
    left = plan_without_request(step, NOT_TAKEN)
    assert (left.outcome, left.facts) == ("updated", {"changed": (CHAIN, "notes")})
    assert left.changes == {name: step.changes[name] for name in (CHAIN, "notes")}
    why = Obstacle("csr_stays", {"id": 1, "error": NOT_TAKEN.message})
    assert left.warnings == (Obstacle("no_issuer"), why)
    assert left.expected_content == replace(wanted, request=None)  # what to compare with, if no answer comes
    assert (left.id, left.notes, left.record, left.superseded) == (1, "new", held, step.superseded)
    alone = plan_without_request(plan(content(csr=ISSUED.csr_pem.encode()), StoreIndex([stored()])), NOT_TAKEN)
    assert (alone.outcome, alone.facts, alone.changes, alone.has_changes) == ("unchanged", {}, {}, False)


@pytest.mark.parametrize("notes", ["two\r\nlines", "two\nlines\n", "two\rlines"])
def test_line_ends_of_notes_do_not_count(notes: str) -> None:
    step = plan(content(notes="two\nlines"), StoreIndex([stored(notes=notes)]))
    assert step.outcome == "unchanged"


def test_stored_twice() -> None:
    records = [stored(identifier=1, notes="a"), stored(identifier=2, notes="b")]
    assert plan(content(notes="b"), StoreIndex(records)).id == 2
    step = plan(content(notes="c"), StoreIndex(records))
    assert (step.outcome, step.reason, step.facts) == ("failed", "ambiguous", {"same": records})


# The same certificate once more, for its chain

BARE = stored(identifier=1, intermediates=(), associated_service_count=2)
"""In use, so that it cannot be given the chain that it lacks."""
PARTIAL = stored(identifier=2, intermediates=stored().intermediates[:1])
WHOLE = stored(identifier=3, notes="web")


def planned(*records: StoreCertificate, remove: bool = False, **given: Any) -> ImportAction:
    """The plan for the certificate with its chain, if the store holds these records, and one by which it is known to keep two issuers."""
    return plan(content(**given), StoreIndex([*records, KEEPS_TWO]), remove=remove)


def test_it_is_stored_once_more_with_its_chain() -> None:
    step = planned(BARE, remove=True)
    assert step.outcome == "imported" and step.incomplete_ids and step.id is None
    assert step.facts == {"lacking": 1}
    assert [(one.record.id, one.removed) for one in step.superseded] == [(1, False)]
    first = planned()
    assert first.outcome == "imported" and not first.incomplete_ids
    assert first.fingerprint == ISSUED.fingerprint != step.fingerprint, "the first one may be on record in the ledger"
    assert len(step.fingerprint) == len(first.fingerprint)
    assert not first.is_result_in(replace(BARE, certificate=None))
    assert first.is_result_in(BARE) and step.is_result_in(WHOLE) and not step.is_result_in(BARE)


def test_a_record_with_its_chain_counts_beside_one_without() -> None:
    """And once nothing uses the incomplete one any more, that can go."""
    step = planned(BARE, WHOLE, remove=True)
    assert (step.outcome, step.id) == ("unchanged", 3)
    assert [(one.record.id, one.removed) for one in step.superseded] == [(1, False)]
    step = planned(replace(BARE, associated_service_count=0), replace(WHOLE, associated_service_count=2), remove=True)
    assert [(one.record.id, one.removed) for one in step.superseded] == [(1, True)]
    assert (planned(BARE, WHOLE, notes="x").outcome, planned(BARE, WHOLE, notes="x").id) == ("updated", 3)


def test_of_two_without_it_the_one_that_is_not_in_use_is_given_it() -> None:
    """So there is never a third."""
    step = planned(BARE, PARTIAL, remove=True)
    assert (step.outcome, step.id, set(step.changes)) == ("updated", 2, {"intermediateCertificate"})
    assert [(one.record.id, one.removed) for one in step.superseded] == [(1, False)]
    step = planned(replace(BARE, associated_service_count=0), replace(PARTIAL, associated_service_count=2), remove=True)
    assert (step.outcome, step.id) == ("updated", 1)
    assert [(one.record.id, one.removed) for one in step.superseded] == [(2, False)]
    assert planned(*(replace(one, associated_service_count=0) for one in (BARE, PARTIAL))).id == 2


def test_if_both_are_in_use_it_is_stored_once_more() -> None:
    step = planned(BARE, replace(PARTIAL, associated_service_count=2))
    assert step.outcome == "imported" and step.incomplete_ids and step.facts == {"lacking": 2}
    assert [one.record.id for one in step.superseded] == [1, 2]


def test_a_record_in_use_that_lacks_nothing_is_left_as_it_is() -> None:
    whole = replace(WHOLE, associated_service_count=1)
    assert planned(whole, intermediate=None).outcome == "unchanged"
    fewer = planned(whole, intermediate=pem_of(ISSUED.chain[:1]).encode())
    assert (fewer.outcome, fewer.id, fewer.changes) == ("unchanged", 3, {})
    assert fewer.warnings == (Obstacle("chain_stays", {"record": whole, "given": WHOLE.intermediates[:1]}),)
    noted = planned(whole, intermediate=pem_of(ISSUED.chain[:1]).encode(), notes="new")
    assert (noted.outcome, noted.notes, set(noted.changes), len(noted.warnings)) == ("updated", "new", {"notes"}, 1)


def test_what_another_run_was_faster_to_store_is_not_stored_once_more() -> None:
    new = planned()
    in_use, unused = (
        plan_found(new, [replace(BARE, associated_service_count=count)], CLIENTS, is_listed=False) for count in (1, 0)
    )
    assert (in_use.outcome, in_use.reason, in_use.facts["lacks_issuers"]) == ("failed", "in_use", True)
    assert (unused.outcome, unused.id) == ("updated", 1)
    second = plan_found(planned(BARE), [WHOLE], CLIENTS, is_listed=False)
    assert (second.outcome, second.id, second.incomplete_ids, second.facts) == ("unchanged", 3, frozenset(), {})
    third = plan_found(planned(BARE), [PARTIAL], CLIENTS, is_listed=False)
    assert (third.outcome, third.id, third.incomplete_ids) == ("updated", 2, frozenset())


# What the store has kept of a chain

FIRST, LAST = stored().intermediates
LEFT = {"first": (FIRST,), "last": (LAST,), "none": ()}
"""What stores have left of the two issuers."""
UNKNOWN = view_with(OTHER_AUTHORITY.root)
"""Clients that this machine knows nothing about: the root is one's own."""
CUT_BY = {"trusted": CLIENTS, "unknown": UNKNOWN}


def kept_of(step: ImportAction, intermediates: tuple[Certificate, ...], identifier: int = 9) -> ImportAction:
    """What becomes of it where the store leaves these issuers."""
    return evaluate_kept_chain(
        step, replace(step.expected_content.as_record(), id=identifier, intermediates=intermediates)
    )


@pytest.mark.parametrize("known", CUT_BY)
@pytest.mark.parametrize("left", LEFT)
def test_a_chain_is_cut_if_clients_need_what_is_left_out(left: str, known: str) -> None:
    """Where it is not known whether they trust it, they need the whole path."""
    new = plan_present(ImportAction.of(content()), StoreIndex([]), CUT_BY[known], remove_superseded=True)
    assert kept_of(new, (FIRST, LAST)).outcome == "imported"
    step = kept_of(new, LEFT[left])
    assert (step.outcome, step.reason, step.id, step.has_changes) == ("failed", "chain_truncated", 9, True)
    assert step.record and step.record.intermediates == LEFT[left] and not step.content
    assert step.facts == {"record": step.record, "given": (FIRST, LAST), "is_tried": True}


@pytest.mark.parametrize("left", LEFT)
def test_a_store_of_which_no_record_has_more_is_not_tried_again(left: str) -> None:
    """Night after night, in check mode, too; a record without any issuer may be from a client that gave none."""
    held = stored(identifier=9, intermediates=LEFT[left])
    one_of_two = stored(AUTHORITY.issue("api.example.com"), 99, intermediates=(FIRST,))
    step = plan(content(), StoreIndex([held, one_of_two]))
    if not LEFT[left]:
        assert step.outcome == "updated"
        return
    assert (step.outcome, step.reason, step.id, step.has_changes) == ("failed", "chain_truncated", 9, False)
    assert step.simulate() == step and step.facts == {"record": held, "given": (FIRST, LAST), "is_tried": False}
    noted = plan(content(notes="new"), StoreIndex([held, one_of_two]))
    assert (noted.reason, noted.notes) == ("chain_truncated", held.notes), "nothing of it is changed"
    used = replace(held, id=8, associated_service_count=1)
    assert plan(content(), StoreIndex([used, held, one_of_two])).reason == "chain_truncated", "there is never a third"


def test_a_second_that_is_in_use_by_now_is_no_reason_to_store_a_third() -> None:
    """As the ledger tells who is about to."""
    used = replace(PARTIAL, associated_service_count=1)
    step = plan_found(planned(BARE), [used], CLIENTS, is_listed=False)
    assert (step.outcome, step.reason, step.id, step.has_changes) == ("failed", "chain_truncated", 2, False)


ENOUGH = view_with(AUTHORITY.root, x509.load_pem_x509_certificate(pem_of(ISSUED.chain[1:]).encode()))
"""Clients that know the second issuer, too, as they know an authority that an older one has cross-signed."""


def test_what_clients_do_not_need_may_be_left_out() -> None:
    new = plan_present(ImportAction.of(content()), StoreIndex([]), ENOUGH)
    step = kept_of(new, (FIRST,))
    assert (step.outcome, step.reason, step.resulting_record.intermediates) == ("imported", None, (FIRST,))
    assert step.warnings == (Obstacle("chain_stays", {"record": step.resulting_record, "given": (FIRST, LAST)}),)
    assert kept_of(new, (LAST,)).reason == "chain_truncated"
    knowing_the_first = replace(new, view=view_with(AUTHORITY.root, ISSUED.chain[0]))
    assert kept_of(knowing_the_first, ()).outcome == "imported"


@pytest.mark.parametrize("services", [0, 1])
def test_a_record_without_what_clients_do_not_need_is_unchanged_each_night(services: int) -> None:
    held = stored(intermediates=(FIRST,), associated_service_count=services)
    step = plan_present(ImportAction.of(content()), StoreIndex([held]), ENOUGH)
    assert (step.outcome, step.id, len(step.warnings)) == ("unchanged", 1, 1)
    assert step.facts == {} and step.warnings[0].facts["record"] == held
    noted = plan_present(ImportAction.of(content(notes="new")), StoreIndex([held]), ENOUGH)
    assert (noted.outcome, set(noted.changes), noted.resulting_record.intermediates) == ("updated", {"notes"}, (FIRST,))
    whole = plan_present(ImportAction.of(content()), StoreIndex([held, stored(identifier=2)]), ENOUGH)
    assert (whole.outcome, whole.id, whole.warnings) == ("unchanged", 2, ())
    bare = stored(identifier=2, intermediates=())
    assert plan_present(ImportAction.of(content()), StoreIndex([held, bare]), ENOUGH).id == 1
    with_root = replace(held, intermediates=(FIRST, Certificate.from_library(AUTHORITY.root)))
    assert plan_present(ImportAction.of(content()), StoreIndex([with_root]), ENOUGH).outcome == "unchanged"


def test_an_edit_that_changes_nothing_is_none() -> None:
    """Of a store that keeps the chain in an order of its own."""
    held = stored(intermediates=(LAST, FIRST))
    step = planned(held)
    assert step.outcome == "updated"
    same = evaluate_kept_chain(step, held)
    assert (same.outcome, same.facts, len(same.warnings)) == ("unchanged", {}, 1)
    other = evaluate_kept_chain(replace(step, record=replace(held, intermediates=())), held)
    assert (other.outcome, other.resulting_record) == ("updated", held)


def test_of_two_chains_to_unknown_roots_neither_is_taken_for_better() -> None:
    """So one in use is left alone, and what would tell is named."""
    other = Certificate.from_library(AUTHORITY.reissue(not_after=NOW + DAY))
    held = stored(intermediates=(other,), associated_service_count=1)
    step = plan_present(ImportAction.of(content()), StoreIndex([held]), UNKNOWN)
    assert (step.outcome, step.reason, step.id) == ("failed", "in_use", 1)
    assert step.facts == {"record": held, "lacks_issuers": False}
    second = replace(ImportAction.of(content()), incomplete_ids=frozenset([5]))
    assert plan_found(second, [held], UNKNOWN, is_listed=False).reason == "in_use"
    reordered = replace(held, intermediates=(LAST, FIRST))
    assert plan_present(ImportAction.of(content()), StoreIndex([reordered]), UNKNOWN).outcome == "unchanged"


# What it supersedes


@pytest.mark.parametrize(("count", "removed"), [(0, True), (1, False), (None, False)])
def test_an_older_one_is_superseded_and_goes_if_it_is_surely_not_used(count: int | None, removed: bool) -> None:
    """And if that is wanted. What may stand in for what: `_replacement`."""
    index = StoreIndex([stored(OLD, 9, associated_service_count=count)])
    facts = {"id": 9, "not_after": format_time(NOW + 10 * DAY), "associated_service_count": count}
    assert plan(content(), index, remove=True).as_result()["superseded"] == [{**facts, "removed": removed}]
    kept = plan_present(ImportAction.of(content()), index, CLIENTS)
    assert kept.as_result()["superseded"] == [{**facts, "removed": False}]


@pytest.mark.parametrize(
    ("days", "listed"),
    [((-100, -1), False), ((-100, 5), False), ((-1, 8), True), ((-1, 10), True), ((1, 400), False), ((-1, 400), True)],
    ids=["expired", "shorter, and due", "shorter", "as long", "not yet valid", "valid"],
)
def test_what_is_not_valid_now_takes_no_place(days: tuple[float, float], *, listed: bool) -> None:
    new = AUTHORITY.issue(NAME, organization="Example Inc.", days=days)
    wanted = replace(content(), certificate=read_certificates(new.pem.encode())[0])
    step = plan(wanted, StoreIndex([stored(OLD, 9)]), remove=True)
    is_removed = days[1] >= 10  # what ends later is not deleted
    assert [(old.record.id, old.removed) for old in step.superseded] == ([(9, is_removed)] if listed else [])
    earlier = Obstacle("expires_earlier", {"end": wanted.certificate.not_after, "longer": [stored(OLD, 9)]})
    assert list_warnings(step) == ((earlier,) if days[1] == 8 else ())


# Absent


RECORDS = [stored(ISSUED, 1), stored(OLD, 2), stored(AUTHORITY.issue("shop.example.com"), 3)]


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"certificate_id": 3}, 3),
        ({"certificate_id": 4}, None),
        ({"fingerprint_sha256": ISSUED.fingerprint}, 1),
        ({"fingerprint_sha256": ":".join(ISSUED.fingerprint[i : i + 2] for i in range(0, 64, 2)).upper()}, 1),
        ({"fingerprint_sha256": "00" * 32}, None),
        ({"common_name": "SHOP.example.com"}, 3),
        ({"common_name": "*.example.com"}, None),
        ({"common_name": NAME, "certificate_id": 2}, 2),
        ({"common_name": NAME, "certificate_id": 3}, None),
    ],
)
def test_absent(identity: dict[str, Any], expected: int | None) -> None:
    step = absent(RECORDS, **identity)
    assert (step.id, step.outcome) == (expected, "removed" if expected else "unchanged")
    record = next((record for record in RECORDS if record.id == expected), None)
    assert (step.record, step.certificate) == (record, record and record.certificate)
    assert (step.has_changes, step.facts) == ((True, {}) if record else (False, {"is_absent": True}))
    assert expected or step.as_result()["common_name"] == identity.get("common_name")


def test_what_cannot_be_read_has_no_fingerprint() -> None:
    unread = [replace(record, certificate=None) for record in RECORDS]
    assert absent(unread, fingerprint_sha256=ISSUED.fingerprint).outcome == "unchanged"
    step = absent(unread, certificate_id=3)
    assert (step.outcome, step.id, step.common_name) == ("removed", 3, "shop.example.com")


def absent(records: Sequence[StoreCertificate], **identity: Any) -> ImportAction:
    """The plan to remove what is named so."""
    return plan_absent(records, **{"certificate_id": None, "fingerprint_sha256": None, "common_name": None, **identity})


def test_absent_but_ambiguous() -> None:
    step = absent(RECORDS, common_name=NAME)
    assert (step.outcome, step.as_result()["reason"], step.has_changes) == ("failed", "ambiguous", False)
    assert step.facts == {"matching": RECORDS[:2]}
    assert step.name == step.as_result()["common_name"] == NAME
    assert absent(RECORDS, common_name=NAME.upper()).name == NAME.upper()
    copies = [stored(ISSUED, 1), stored(ISSUED, 2, common_name="other")]
    assert absent(copies, fingerprint_sha256=ISSUED.fingerprint).name == copies[0].common_name == NAME


@pytest.mark.parametrize("count", [2, None])
def test_absent_but_perhaps_in_use(count: int | None) -> None:
    """That no listener has it does not say that nothing does."""
    record = stored(associated_service_count=count, has_no_listeners=True)
    step = absent([record], certificate_id=1)
    assert (step.outcome, step.reason, step.id, step.facts) == ("failed", "in_use", 1, {"record": record})


@pytest.mark.parametrize("nothing", ["", " ", "."])
@pytest.mark.parametrize("name", ["fingerprint_sha256", "common_name"])
def test_an_empty_name_is_no_name_of_anything(name: str, nothing: str) -> None:
    """What an unset variable leaves behind must not remove the only certificate that there is."""
    try:
        step = absent([stored()], **{name: nothing})
    except CertificatesError as error:
        assert error.code == "invalid_argument"
    else:
        assert step.outcome != "removed"


# Orders


def order(**others: Any) -> Order:
    """The order of the certificate."""
    known: dict[str, Any] = {
        "id": 4711,
        "common_name": NAME,
        "status": "complete",
        "status_name": "Complete",
        "public_key_sha256": Certificate(ISSUED.der).public_key_sha256,
    }
    unknown = (
        *("approver_email", "technical_contact_email", "created_at", "modified_at"),
        *("effective_at", "expires_at", "product", "billing_order_id"),
    )
    return Order(**{**dict.fromkeys(unknown), **known, **others})


def test_what_the_store_holds_then() -> None:
    """What another certificate of the run may supersede, and what listeners are pointed to."""
    there = stored()
    assert planned(there).resulting_record == there and planned(there, notes="new").resulting_record == there
    assert planned().resulting_record == content().as_record() and planned().resulting_record.id is None
    bare = replace(BARE, associated_service_count=0)
    assert planned(bare).resulting_record == replace(bare, intermediates=content().intermediates)


def test_what_failed_has_nothing_left_to_do() -> None:
    """Neither has what is given twice the second time."""
    update = planned(stored(OLD, 9), replace(BARE, associated_service_count=0), remove=True)
    assert update.changes and update.record and [old.removed for old in update.superseded] == [True]
    failed = update.mark_failed_by(CertificatesError("untrusted", "It is not trusted.", trust="untrusted"))
    _first, second = mark_repeated([update, update])
    assert second.facts == {"first": second.first}
    for step in (failed, second):
        assert (step.content, step.record, step.changes, step.superseded) == (None, None, {}, ())
    assert (failed.outcome, failed.reason, failed.trust) == ("failed", "untrusted", "untrusted")


def test_a_deletion_of_what_is_superseded_is_a_change() -> None:
    there = [stored(OLD, 9), stored()]
    step = planned(*there, remove=True)
    assert step.outcome == "unchanged" and step.has_changes and not planned(*there).has_changes


@pytest.mark.parametrize(
    ("found", "reason", "said"),
    [
        (None, "not_found", "SSL order 4711 does not exist"),
        (order(public_key_sha256=None), "order_mismatch", "has no CSR to compare the certificate with"),
        (order(public_key_sha256="ab"), "order_mismatch", "does not have the public key"),
    ],
)
def test_not_the_order_of_the_certificate(found: Order | None, reason: str, said: str) -> None:
    check_order(content(), order(), 4711)
    with fails(reason, said):
        check_order(content(), found, 4711)


# The same certificate twice in one run


TRADITIONAL = PrivateFormat.TraditionalOpenSSL


def present(issued: Issued = ISSUED, **others: Any) -> ImportAction:
    """The plan for a certificate that the store does not have."""
    return plan(content(issued, **others), StoreIndex([]))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (present(), present(), ("unchanged", None, 1)),
        (present(), present(privatekey=key_pem(ISSUED.key, TRADITIONAL).encode()), ("unchanged", None, 1)),
        (ImportAction.of(replace(content(), trust="trusted")), present(), ("unchanged", None, 1)),
        (present(), present(notes="other"), ("failed", "ambiguous", None)),
        (present().mark_failed_by(CertificatesError("expired", "It expired.")), present(), ("imported", None, None)),
        (plan_record_removal(stored()), plan_record_removal(stored()), ("unchanged", None, 1)),
    ],
    ids=["same", "key in another container", "trust not asked for", "not the same", "failed", "deleted"],
)
def test_twice_is_once(first: ImportAction, second: ImportAction, expected: tuple[str, str | None, int | None]) -> None:
    marked = mark_repeated([present(OTHER), first, second])
    assert marked[:2] == [present(OTHER), first]
    assert (marked[2].outcome, marked[2].reason, marked[2].first) == expected
    assert expected[0] == "imported" or marked[2].facts == {"first": 1}


def test_a_result_has_all_keys_whatever_is_known() -> None:
    step = plan(replace(content(notes="new"), trust="trusted"), StoreIndex([stored(notes="old")]), 4711)
    told = [step.as_result()[name] for name in ("outcome", "id", "notes", "order_id", "trust")]
    assert told == ["updated", 1, "new", 4711, "trusted"]
    keys = set(present().as_result())
    assert keys == set(present().mark_failed_by(CertificatesError("expired", "It expired.")).as_result())
    assert keys == set(absent([], certificate_id=1).as_result())
    assert keys == set(absent(RECORDS, certificate_id=1).as_result())


def test_a_plan_shows_no_key() -> None:
    step = present()
    assert ISSUED.key_pem.splitlines()[1] not in repr((step, content(), material()))


# What one item removes and another one wants


def test_what_another_item_wants_is_not_removed() -> None:
    wanted, removal = planned(stored()), absent([stored()], certificate_id=1)
    spared, refused = cancel_conflicting_removals([wanted, removal])
    assert spared == wanted and (refused.outcome, refused.as_result()["reason"]) == ("failed", "ambiguous")
    assert cancel_conflicting_removals([planned(stored(identifier=2)), removal])[1] == removal


@pytest.mark.parametrize("is_wanted", [True, False])
@pytest.mark.parametrize("remove", [True, False])
def test_nor_is_it_as_superseded(remove: bool, is_wanted: bool) -> None:
    old = stored(OLD, 9)
    other = plan(content(OLD), StoreIndex([old if is_wanted else stored(OLD, 8)]))
    step, _other = cancel_conflicting_removals([planned(old, remove=remove), other])
    assert [(one.record.id, one.removed) for one in step.superseded] == [(9, remove and not is_wanted)]


# Why the certificate of an order is not imported


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, None),
        ({"imported": True}, None),
        ({"expires_at": "2001-01-01T00:00:00Z", "imported": True, "has_certificate": False}, "expired"),
        ({"imported": True, "has_certificate": False, "superseded_by": [4]}, "already_imported"),
        ({"superseded_by": [4, 5], "has_certificate": False}, "superseded"),
        ({"superseded_by": [4, 5], "force": True}, None),
        ({"has_certificate": False, "by_email": True, "has_key": False}, "waiting_for_email"),
        ({"has_certificate": False, "has_key": False}, "waiting_for_certificate"),
        ({"has_key": False, "by_email": True}, "waiting_for_key"),
    ],
    ids=str,
)
def test_why_an_order_waits(facts: dict[str, Any], reason: str | None) -> None:
    ready: dict[str, Any] = {"has_certificate": True, "has_key": True, "by_email": False, "force": False}
    order = {"status": "complete", **{name: value for name, value in facts.items() if name not in ready}}
    why_not = why_import_blocked(order, NOW, **{name: facts.get(name, value) for name, value in ready.items()})
    assert (why_not and why_not.reason) == reason
    assert reason != "superseded" or (why_not and why_not.facts == {"certificate_ids": [4, 5]})
