# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate store's records, and what its answers mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    PEM_FIELDS,
    StoreSelection,
    create,
    delete,
    edit,
    fetch_for_orders,
    fetch_stored,
    fetch_visible,
    find_by_common_name,
    normalize,
)

from tests.support.api import Api, client
from tests.support.certificates import DISORDER, NOW, Authority, pem_of
from tests.support.failing import fails

ISSUED = Authority(intermediates=2).issue("www.example.com")
ROW = {
    "id": "17",
    "commonName": "www.example.com",
    "organizationName": "Example Inc.",
    "certificate": DISORDER["crlf"](ISSUED.pem),
    "intermediateCertificate": ISSUED.chain_pem,
    "certificateSigningRequest": ISSUED.csr_pem,
    "privateKey": ISSUED.key_pem,
    "notes": "web",
    "associatedServiceCount": "2",
    "createDate": "2026-01-30T18:00:00-06:00",
    "modifyDate": "2026-02-01T00:00:00+00:00",
}


def api_error(message: str, code: str = "api_error") -> CertificatesError:
    """What a fault of the API becomes."""
    return CertificatesError(code, f"failed: {message}", api_message=message, http_status=500)


def masked(mask: str) -> set[str]:
    """The properties that a mask asks for."""
    return set(re.findall(r"\w+", mask)) - {"mask"}


def test_a_record() -> None:
    record = normalize(ROW)
    assert (record.id, record.common_name, record.notes, record.associated_service_count) == (
        17,
        "www.example.com",
        "web",
        2,
    )
    assert record.certificate is not None and record.certificate.der == ISSUED.der
    assert [issuer.to_pem() for issuer in record.intermediates] == [pem_of([one]) for one in ISSUED.chain]
    assert record.request is not None and record.request.to_pem() == ISSUED.csr_pem
    assert record.created_at == datetime(2026, 1, 31, tzinfo=timezone.utc)
    assert record.modified_at == datetime(2026, 2, 1, tzinfo=timezone.utc)


def test_a_record_never_holds_its_private_key() -> None:
    record = normalize(ROW)
    lines = ISSUED.key_pem.splitlines()[1:-1]
    held = " ".join(repr(getattr(record, item.name)) for item in fields(record)) + repr(vars(record))
    assert not [line for line in lines if line in held]


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize("name", [name for name in ROW if name != "id"])
def test_anything_but_the_id_may_be_missing(name: str, empty: str | None) -> None:
    without = {key: value for key, value in ROW.items() if key != name}
    assert normalize({**ROW, name: empty}) == normalize(without)


@pytest.mark.parametrize("count", [None, "", "many", -1, True, []])
def test_a_count_that_is_none_is_not_zero(count: Any) -> None:
    """Nothing is deleted, or called unused, on a guess."""
    record = normalize({**ROW, "associatedServiceCount": count})
    assert record.associated_service_count is None
    assert not normalize({**ROW, "associatedServiceCount": count, "lbaasListeners": []}).is_unused
    for unused in (True, False):
        assert not StoreSelection(unused=unused).matches(record, datetime.now(timezone.utc))


DUE: dict[str, tuple[dict[str, Any], bool | None]] = {
    "6 days at half its life": ({"begin": -3, "end": 3}, False),
    "6 days in the last quarter": ({"begin": -5, "end": 1}, True),
    "a year with 31 days left": ({"begin": -334, "end": 31}, False),
    "a year with 29 days left": ({"begin": -336, "end": 29}, True),
    "expired": ({"begin": -90, "end": -10}, True),
    "no begin, 29 days left": ({"begin": None, "end": 29}, True),
    "no end": ({"begin": -3, "end": None}, None),
}


@pytest.mark.parametrize(("given", "due"), DUE.values(), ids=DUE)
def test_a_renewal_is_due_or_not_or_no_one_knows(given: dict[str, float | None], due: bool | None) -> None:
    """An entry, as users with view permission get it, has the dates without the certificate."""
    dates = {name: days and (NOW + timedelta(days=days)).isoformat() for name, days in given.items()}
    entry = normalize({"id": 5, "validityBegin": dates["begin"], "validityEnd": dates["end"]})
    records = [entry]
    if None not in given.values():
        issued = Authority().issue("due.example.com", days=(given["begin"], given["end"]))
        records.append(normalize({**ROW, "certificate": issued.pem, "validityBegin": None, "validityEnd": None}))
    for record in records:
        assert record.as_result(NOW)["renewal_due"] is due
        assert StoreSelection().matches(record, NOW)
        for wanted in (True, False):
            assert StoreSelection(renewal_due=wanted).matches(record, NOW) is (due is wanted)
            assert not StoreSelection(renewal_due=wanted, certificate_ids=[6]).matches(record, NOW)


LISTENERS = [{"id": 1, "uuid": "a"}, {"id": 2, "uuid": "b"}]


@pytest.mark.parametrize(
    ("count", "listeners", "services"),
    [
        (0, LISTENERS, 2),
        ("1", LISTENERS, 2),
        (3, LISTENERS, 3),
        (None, LISTENERS, 2),
        (0, [], 0),
        (None, [], None),
        (1, None, 1),
    ],
)
def test_listeners_use_a_record_whatever_its_count_says(count: Any, listeners: Any, services: int | None) -> None:
    record = normalize({**ROW, "associatedServiceCount": count, "lbaasListeners": listeners})
    assert record.associated_service_count == services


@pytest.mark.parametrize(
    "odd",
    ["\ud800", ISSUED.pem.replace("M", "\udcff", 1), "\x00", ISSUED.pem.replace("\n", "\x00\n"), 7, ["a"]],
    ids=["surrogate", "PEM with a surrogate", "NUL", "PEM with NULs", "number", "list"],
)
def test_odd_texts_are_not_readable_and_no_traceback(odd: Any) -> None:
    names = ("certificate", "intermediateCertificate", "certificateSigningRequest")
    record = normalize({**ROW, **dict.fromkeys(names, odd)})
    assert record.pems().keys() == set(PEM_FIELDS)
    unread, read = fetch_for_orders(client([{**ROW, "certificate": odd}, ROW]), "")
    assert unread.certificate in {None, read.certificate}


def test_a_key_that_was_written_into_notes() -> None:
    record = normalize({**ROW, "notes": f"key: {ISSUED.key_pem}"})
    assert record.notes == "key: (private key removed)\n"


@pytest.mark.parametrize("name", ["certificate", "intermediateCertificate", "certificateSigningRequest"])
@pytest.mark.parametrize("text", ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "text", 7])
def test_what_does_not_parse_is_comparable_to_nothing(name: str, text: Any) -> None:
    record = normalize({**ROW, name: text})
    read = {"certificate": record.certificate, "intermediateCertificate": record.intermediates}
    assert not read.get(name, record.request)


def test_listing_asks_for_no_private_key() -> None:
    api = client([ROW])
    assert [record.id for record in fetch_stored(api)] == [17]
    (held,) = fetch_for_orders(api, "do without it")
    record = normalize(ROW)
    assert (held.id, held.certificate, held.intermediates) == (17, record.certificate, record.intermediates)
    assert held.names == {"www.example.com"} and not api.warnings
    for args, keywords in api.asked:
        assert args == ("Account", "getSecurityCertificates")
        assert keywords["root"] == "securityCertificates"
        assert "id" in masked(keywords["mask"]) and "privateKey" not in masked(keywords["mask"])


def test_what_cannot_be_compared_is_said() -> None:
    api = client([ROW, {"id": 18, "certificate": "text"}, {"id": 19}])
    assert [record.id for record in fetch_for_orders(api, "do without it")] == [17, 18, 19]
    (said,) = api.warnings
    assert "Cannot read these certificates in the store: 18, 19." in said


def test_what_is_yet_to_be_stored_is_reported_from_others_by_its_certificate() -> None:
    record = replace(normalize(ROW), id=None)
    assert record.certificate and record.handle == record.certificate.fingerprint_sha256
    assert normalize(ROW).handle == 17


def test_a_listing_without_permission_says_what_is_missing() -> None:
    with fails("not_found", "SECURITY_CERTIFICATE_MANAGE"):
        fetch_stored(client(api_error("Unable to find object", "not_found")))


class Viewer(Api):
    """Stands for the client of a user who may view alone."""

    def read_list(self, *_args: Any, **_keywords: Any) -> Any:
        raise api_error("Unable to find object", "not_found")


@pytest.mark.parametrize(
    ("entries", "ids", "left_out"),
    [
        ([], [], 0),
        ([{"certificateId": "6"}, {"certificateId": 5}, {"certificateId": 5}], [5, 6], 0),
        ([{"certificateId": 5}, {"commonName": "a.example.com"}, None], [5], 2),
    ],
)
def test_entries_that_may_be_viewed(entries: list[Any], ids: list[int], left_out: int) -> None:
    """An entry may lack everything but its id; each counts once."""
    viewer: Any = Viewer(entries)
    found = fetch_visible(viewer)
    assert ([record.id for record in found.records], found.is_limited) == (ids, True)
    assert all(record.common_name is record.certificate is None for record in found.records)
    assert len(viewer.warnings) == (left_out > 0) and all(f": {left_out}." in said for said in viewer.warnings)


class ToldOfNone(Viewer):
    """Stands for that of a user to whom the API lists nothing, instead of refusing it."""

    def read_list(self, *_args: Any, **_keywords: Any) -> Any:
        return []


@pytest.mark.parametrize(
    ("entries", "ids", "is_limited"),
    [
        ([{"certificateId": 5}], [5], True),
        ([], [], False),
        (None, [], False),
        (api_error("Unable to find object", "not_found"), [], False),
        (api_error("Bad gateway", "no_answer"), [], False),
    ],
    ids=str,
)
def test_an_empty_list_may_be_that_of_a_user_who_may_view_alone(entries: Any, ids: list[int], is_limited: bool) -> None:
    """The entries tell; if they do not, the list is believed."""
    viewer: Any = ToldOfNone(entries)
    found = fetch_visible(viewer)
    assert ([record.id for record in found.records], found.is_limited) == (ids, is_limited)


@pytest.mark.parametrize(
    "answer",
    [
        *([{"certificateId": odd}] for odd in (None, "abc", 0, True)),
        *([{"id": 5}], [{}], [None], None, False, {"certificateId": 5}),
    ],
    ids=str,
)
def test_what_is_no_list_of_entries(answer: Any) -> None:
    viewer: Any = Viewer(answer)
    with fails("api_error", "getValidSecurityCertificateEntries", "SECURITY_CERTIFICATE_MANAGE"):
        fetch_visible(viewer)


@pytest.mark.parametrize(
    ("answer", "ids"), [([ROW, {}, None, "text"], [17]), *((nothing, []) for nothing in (False, None, {}, []))]
)
def test_finding_by_name(answer: Any, ids: list[int]) -> None:
    api = client(answer)
    assert [record.id for record in find_by_common_name(api, "www.example.com")] == ids
    [(args, keywords)] = api.asked
    assert args == ("Security_Certificate", "findByCommonName", "www.example.com")
    assert "privateKey" not in masked(keywords["mask"])


@pytest.mark.parametrize("answer", [{"id": 18}, {"id": "18", "privateKey": ISSUED.key_pem}])
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, None),
        ({"intermediateCertificate": None}, None),
        ({"intermediateCertificate": ""}, 0),
        ({"intermediateCertificate": ISSUED.chain_pem}, 2),
    ],
    ids=["not told", "null", "none", "all"],
)
def test_creating(answer: dict[str, Any], given: dict[str, Any], kept: int | None) -> None:
    """What was kept of the chain is what the answer says, or not known."""
    api = client({**answer, **given})
    template = {"certificate": ISSUED.pem}
    identifier, intermediates = create(api, template)
    assert identifier == 18 and kept == (None if intermediates is None else len(intermediates))
    [(args, keywords)] = api.asked
    assert args == ("Security_Certificate", "createObject", template)
    assert keywords["repeatable"] is False
    assert masked(keywords["mask"]) == {"id", "intermediateCertificate"}


@pytest.mark.parametrize(
    "answer", [None, True, {}, [], "18", "maintenance", *({"id": odd} for odd in (None, "abc", True, 1.5, -1, 0, []))]
)
def test_creating_without_an_id(answer: Any) -> None:
    with fails("no_answer"):
        create(client(answer), {})


CALLS: dict[str, Callable[[Any], Any]] = {
    "create": lambda api: create(api, {}),
    "edit": lambda api: edit(api, 17, {"notes": "x"}),
    "delete": lambda api: delete(api, 17),
}


@pytest.mark.parametrize("call", sorted(CALLS))
@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (False, "refused", ""),
        (api_error("Invalid value provided for 'privateKey'."), "refused", "Invalid value provided for 'privateKey'."),
        *((api_error(words), "no_answer", words) for words in ("Internal Error", "The request timed out.")),
    ],
    ids=str,
)
def test_the_store_says_no_or_perhaps(call: str, answer: Any, code: str, said: str) -> None:
    with fails(code, said) as error:
        CALLS[call](client(answer))
    assert code == "no_answer" or not said or error.value.details["http_status"] == 500


@pytest.mark.parametrize("call", sorted(CALLS))
@pytest.mark.parametrize("error", [api_error(""), api_error("", "no_answer"), api_error("slow down", "rate_limited")])
def test_other_errors_stay_what_they_are(call: str, error: CertificatesError) -> None:
    with pytest.raises(CertificatesError) as raised:
        CALLS[call](client(error))
    assert raised.value is error


@pytest.mark.parametrize("call", ["edit", "delete"])
def test_editing_and_deleting(call: str) -> None:
    api = client(True)
    CALLS[call](api)
    assert [keywords["identifier"] for _args, keywords in api.asked] == [17]
