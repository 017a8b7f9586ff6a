# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says of each order, and when it counts as another one."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, get_args

import pytest
import yaml
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import IneligibilityReason
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import report as order_report
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.report import ATTENTION, ORDERS, STATES
from ansible_collections.softlayer.certificates.plugins.module_utils._report import report as reports
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import MISSING_ENTRY_FIELDS

from tests.support.pages import ROOT
from tests.support.words import cases_of, shape, standing, texts, words_of

WORDS = words_of("orders")
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=timezone.utc)
NAME, KEY = "www.example.com", "aa" * 32


def order(identifier: int = 1, days: float | None = 200, **given: Any) -> dict[str, Any]:
    """An approved order as `ssl_order_info` returns it, with so many days left."""
    return {
        "id": identifier,
        "common_name": NAME,
        "product": "RapidSSL - 1 year",
        "status": "approved",
        "approver_email": "admin@example.com",
        "expires_at": None if days is None else format_time(NOW + timedelta(days=days)),
        "public_key_sha256": KEY,
        "certificate_ids": [],
        **given,
    }


def stored(identifier: int = 70, services: int | None = 0, **given: Any) -> dict[str, Any]:
    """A certificate as `ssl_certificate_info` returns it, which ends with an ordinary order."""
    facts = {
        "common_name": NAME,
        "subject_alt_names": [NAME],
        "public_key_sha256": KEY,
        "key_type": "RSA",
        "fingerprint_sha256": f"{identifier:064x}",
        "not_before": format_time(NOW - timedelta(days=165)),
        "not_after": format_time(NOW + timedelta(days=200)),
        "associated_service_count": services,
        "notes": "",
    }
    return {"id": identifier, **facts, **given}


ISSUED = {"effective_at": format_time(NOW - timedelta(days=100)), "expires_at": format_time(NOW + timedelta(days=265))}
"""The term of an order of a year."""


def issued(begin: float, end: float, **given: Any) -> dict[str, Any]:
    """A certificate of the store that is valid in these days from now."""
    return stored(
        not_before=format_time(NOW + timedelta(days=begin)), not_after=format_time(NOW + timedelta(days=end)), **given
    )


def ended(days: float = 0, **given: Any) -> dict[str, Any]:
    """The same, which ended, or will, so many days from now."""
    return stored(
        not_before=format_time(NOW - timedelta(days=365)), not_after=format_time(NOW + timedelta(days=days)), **given
    )


NEWER = stored(
    80,
    public_key_sha256="bb" * 32,
    not_before=format_time(NOW - timedelta(days=1)),
    not_after=format_time(NOW + timedelta(days=364)),
)


def served(record: dict[str, Any], *places: str) -> dict[str, Any]:
    """The same record with the listeners that serve it, such as `web:443`, as `gather_services` tells them."""
    parts = [place.rpartition(":") for place in places]
    return {**record, "services": [{"load_balancer": name, "port": int(port)} for name, _colon, port in parts]}


ELSEWHERE = served(
    stored(90, 1, public_key_sha256="cc" * 32, common_name="api.example.com", subject_alt_names=[]), "api:443"
)
"""A certificate of other names that a load balancer serves."""


def email(reason: str | None = None, **given: Any) -> dict[str, Any]:
    """What `ssl_fulfillment_email` would do with order 1."""
    outcome = "requested" if reason is None else "skipped"
    times = {"previous_requested_at": None, "next_allowed_at": None}
    return {"order_id": 1, "outcome": outcome, "reason": reason, **times, **given}


def cooling(**given: Any) -> dict[str, Any]:
    """The same, with a request of three hours ago."""
    times = {
        "previous_requested_at": format_time(NOW - timedelta(hours=3)),
        "next_allowed_at": format_time(NOW + timedelta(hours=21)),
    }
    return email("cooldown", **times, **given)


def found(date: str | None = "2026-03-10T09:30:00Z") -> dict[str, Any]:
    """A certificate of order 1 as `ssl_fulfillment_email_info` returns it."""
    return {"order_id": 1, "common_name": NAME, "source": {"date": date}}


def entry(reason: str | None, message: str = "") -> dict[str, Any]:
    """What a phase says of order 1."""
    return {"order_id": 1, "common_name": NAME, "reason": reason, "message": message}


def build(*orders: dict[str, Any], at: datetime = NOW, previous: str | None = None, **known: Any) -> dict[str, Any]:
    """A report in English; the store is empty if not given."""
    return dict(order_report.build({"store": [], **known, "orders": orders}, WORDS["en"], at, previous))


def as_csv(report: dict[str, Any]) -> str:
    """The orders of a report as CSV."""
    return reports.render_csv(ORDERS, report)


def row(*orders: dict[str, Any], **known: Any) -> dict[str, Any]:
    """What a report says of the first of these orders, or of an ordinary one."""
    wanted = (orders or (order(),))[0]["id"]
    return next(row for row in build(*(orders or (order(),)), **known)["orders"] if row["order_id"] == wanted)


VIEWED = {**stored(), **dict.fromkeys(MISSING_ENTRY_FIELDS)}
"""The same for a user who may only view: nothing can be compared with it."""
NOT_ALLOWED = email("recipient_not_allowed", outcome="failed")
UNCLEAR = email("outcome_unknown", next_allowed_at=format_time(NOW + timedelta(hours=1)))
CASES: dict[str, dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "requestable: requestable": {
        "nothing was done yet": ({}, {"emails": [email()]}),
        "one that its own key has signed": (
            {**ISSUED, "imported": False, "certificate_ids": [70], "superseded_by": []},
            {"store": [issued(-100, 100)], "emails": [email()]},
        ),
        "expires in 31 days": ({"expires_at": format_time(NOW + timedelta(days=31))}, {}),
    },
    "requestable: store_unknown": {
        "the store may only be viewed": ({"imported": None}, {"store": [VIEWED], "emails": [email()]}),
    },
    "requested: cooldown": {
        "the store may only be viewed, the email is on its way": (
            {"imported": None},
            {"store": [VIEWED], "emails": [cooling()]},
        )
    },
    "requested: waiting_for_email": {
        "requested, no mail": ({}, {"emails": [cooling()], "missing": [entry("waiting_for_email")]}),
        "an earlier certificate of the same key in the store and in the mail": (
            {},
            {
                "store": [ended(3)],
                "emails": [cooling()],
                "collected": [{**found(), "fingerprint_sha256": f"{70:064x}"}],
            },
        ),
    },
    "requestable: requestable_again": {
        "requested long ago, no mail": (
            {},
            {
                "emails": [email(previous_requested_at=format_time(NOW - timedelta(days=2)))],
                "missing": [entry("waiting_for_email")],
            },
        )
    },
    "requested: waiting_for_certificate; waiting_for_certificate": {
        "requested, certificate not saved": ({}, {"emails": [cooling()], "skipped": [entry("waiting_for_certificate")]})
    },
    "received: waiting_for_import": {"mail has come": ({}, {"emails": [cooling()], "collected": [found()]})},
    "received: waiting_for_key; waiting_for_key": {
        "mail has come, key has not": (
            {},
            {"emails": [cooling()], "collected": [found()], "skipped": [entry("waiting_for_key")]},
        )
    },
    "requested: untrusted; untrusted": {
        "mail has come, not trusted": ({}, {"emails": [cooling()], "missing": [entry("untrusted")]})
    },
    "requested: chain_incomplete; chain_incomplete": {
        "mail has come, without its issuers": ({}, {"emails": [cooling()], "missing": [entry("chain_incomplete")]})
    },
    "requestable: no_public_key; no_public_key": {
        "no CSR": ({"public_key_sha256": None}, {"emails": [email()], "missing": [entry("no_public_key")]})
    },
    "imported: already_imported": {
        "in the store, by the listing": (
            {"certificate_ids": [70], "imported": True, "superseded_by": []},
            {"store": None},
        ),
        "in the store, where nothing is served by load balancers": (
            {},
            {"store": [served(stored()), served(stored(71, public_key_sha256="bb" * 32))]},
        ),
        "in the store, used by something else than a listener": (
            {},
            {"store": [served(stored(services=1)), ELSEWHERE]},
        ),
        "in the store, no longer served as a newer one is": (
            {"expires_at": format_time(NOW + timedelta(days=100))},
            {"store": [served(ended(100, superseded_by=[80])), served(NEWER, "web:443")]},
        ),
    },
    "superseded: superseded": {
        "replaced": ({"expires_at": format_time(NOW + timedelta(days=20)), "superseded_by": [80]}, {"store": [NEWER]}),
    },
    "requestable: requestable; expiring": {
        "expires in 30 days": ({"expires_at": format_time(NOW + timedelta(days=30))}, {}),
    },
    "imported: already_imported; expiring": {
        "replaced and in the store": (
            {"expires_at": format_time(NOW + timedelta(days=20))},
            {"store": [NEWER, ended(20)]},
        )
    },
    "not_served: waiting_for_deploy": {
        "in the store, not served yet": ({}, {"store": [served(stored()), ELSEWHERE], "emails": [email()]}),
    },
    "not_served: waiting_for_deploy; expiring": {
        "in the store, not served and soon to expire": (
            {"expires_at": format_time(NOW + timedelta(days=20))},
            {"store": [served(ended(20)), ELSEWHERE]},
        )
    },
    "expired: expired": {
        "expired": ({"expires_at": format_time(NOW)}, {}),
        "expired, used after a renewal with the same key": (
            {"expires_at": format_time(NOW - timedelta(days=1))},
            {"store": [ended(-1), stored(71, services=2)]},
        ),
    },
    "expired: expired; expired_in_use": {
        "expired, served by a listener that the number of services leaves out": (
            {"expires_at": format_time(NOW)},
            {"store": [served(ended(services=None), "web:443")]},
        ),
    },
    "pending: pending; pending": {"pending": ({"status": "pending", "expires_at": None}, {})},
    "canceled: canceled": {"canceled": ({"status": "canceled", "expires_at": None}, {})},
    "unknown_status: unknown_status; unknown_status": {"unknown status": ({"status": "unknown"}, {})},
    "not_allowed: recipient_not_allowed; not_allowed": {
        "not allowed": ({}, {"emails": [NOT_ALLOWED]}),
    },
    "unclear: outcome_unknown; unclear": {"perhaps sent": ({}, {"emails": [UNCLEAR]})},
    "failed: outcome_unknown; failed": {
        "perhaps imported": ({}, {"emails": [cooling()], "failed": [entry("outcome_unknown")]})
    },
    "failed: refused; failed": {"failed": ({}, {"emails": [email()], "failed": [entry("refused")]})},
    "failed: api_error; failed": {"failed without a reason": ({}, {"failed": [entry(None)]})},
}


@cases_of(CASES)
def test_where_an_order_stands(expected: str, case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    given, known = case
    told = row(order(**given), **known)
    assert standing(told) == expected
    assert told["explanation"] == WORDS["en"]["reasons"][told["reason"]]


def test_every_state_and_all_that_needs_a_person_is_among_the_cases() -> None:
    assert {expected.partition(":")[0] for expected in CASES} == set(STATES)
    attention = {kind for expected in CASES for kind in expected.split("; ")[1:]}
    assert attention | {"switch_services"} == set(ATTENTION)


@pytest.mark.parametrize("renewal", [{"days": 390}, {"days": None, "status": "pending"}], ids=["issued", "pending"])
def test_what_is_renewed_needs_no_one_until_services_still_use_it(renewal: dict[str, Any]) -> None:
    old, new = order(1, days=10), order(2, public_key_sha256="bb" * 32, common_name="WWW.example.com", **renewal)
    assert row(old, new)["attention"] == []
    assert row(old, new, store=[ended(10)])["attention"] == []
    assert row(old, new, store=[ended(10, services=1)])["attention"] == ["switch_services"]


@pytest.mark.parametrize(
    "other",
    [{"days": 5}, {"days": 390, "status": "canceled"}, {"days": 390, "common_name": "mail.example.com"}],
    ids=["older", "canceled", "another name"],
)
def test_what_is_not_renewed_is_due(other: dict[str, Any]) -> None:
    assert row(order(1, days=10), order(2, **other))["attention"] == ["expiring"]


A, B = "a.example.com", "b.example.com"


def test_what_an_order_without_a_common_name_is_called() -> None:
    names = [A, B]
    told, line = (of(common_name=None, subject_alt_names=names) for of in (lambda **given: row(order(**given)), cells))
    assert (told["common_name"], told["name"], line["common_name"], line["name"]) == (None, A, "", A)
    assert row(order(1, common_name=None))["name"] is None
    assert row(order(1, subject_alt_names=names))["name"] == NAME


def test_what_a_row_tells() -> None:
    told = row(store=[stored(70, 2, notes="frontend"), stored(71, 1)], emails=[cooling()], collected=[found()])
    assert told == {
        "order_id": 1,
        "common_name": NAME,
        "name": NAME,
        "subject_alt_names": [NAME],
        "product": "RapidSSL - 1 year",
        "status": "approved",
        "state": "imported",
        "reason": "already_imported",
        "explanation": "The certificate is in the store.",
        "message": None,
        "attention": [],
        "recipient": "admin@example.com",
        "last_requested_at": "2026-03-10T09:00:00Z",
        "next_allowed_at": "2026-03-11T09:00:00Z",
        "mail_found": True,
        "mail_date": "2026-03-10T09:30:00Z",
        "certificate_ids": [70, 71],
        "certificate_notes": ["frontend"],
        "served_by": None,
        "services": 3,
        "expires_at": "2026-09-26T12:00:00Z",
        "days_left": 200,
    }
    assert tuple(told) == ORDERS.columns


def test_what_ends_first_comes_first_whatever_its_state() -> None:
    soon, later = order(1, days=2, imported=True, certificate_ids=[70]), order(2, days=9, common_name="b.example.com")
    told = build(later, soon, store=None)["orders"]
    assert [(row["order_id"], row["state"]) for row in told] == [(1, "imported"), (2, "requestable")]


def test_what_serves_an_order() -> None:
    told = row(store=[served(stored(), "web:8443", "api:443"), served(stored(71), "web:443", "web:8443"), ELSEWHERE])
    assert (told["served_by"], told["services"]) == (["api:443", "web:443", "web:8443"], 4)
    assert row(store=[served(stored(services=5), "web:443")])["services"] == 5
    assert row(store=[served(stored()), ELSEWHERE])["served_by"] == []
    assert row(store=[ELSEWHERE])["served_by"] is None
    assert row(store=[served(stored(), "web:443"), {**stored(71), "services": None}])["served_by"] is None
    assert row(store=[stored(services=None), stored(71, 4)])["services"] is row(store=None)["services"] is None


def test_load_balancers_are_counted() -> None:
    other = order(2, common_name="mail.example.com", public_key_sha256="bb" * 32)
    mail = stored(
        71, public_key_sha256="bb" * 32, common_name="mail.example.com", subject_alt_names=["mail.example.com"]
    )
    store = [served(stored(), "web:443", "web:8443", "a:b:443"), served(mail, "web:9443")]
    assert build(order(), other, store=store)["load_balancers"] == {"a:b": 1, "web": 2}
    assert build(order(), store=[served(stored()), ELSEWHERE])["load_balancers"] == {}
    assert build(order(), store=[served(stored())])["load_balancers"] is None
    assert build(order(), store=[stored()])["load_balancers"] is None
    assert build(order(), store=None)["load_balancers"] is None


def test_listeners_and_until_when_what_they_serve_is_valid() -> None:
    dates = {"effective_not_after": "2026-06-01T00:00:00Z", "renewal_due": False, "days_until_expiry": 82}
    store = [
        served(stored(**dates), "web:8443", "web:443"),
        served(stored(71, not_after="2026-03-20T12:00:00Z"), "api:443"),
    ]
    names = ("listener", "name", "effective_not_after", "renewal_due", "days_left")
    assert build(order(), store=store)["listeners"] == [
        dict(zip(names, (listener, NAME, *rest), strict=True))
        for listener, *rest in (
            ("api:443", "2026-03-20T12:00:00Z", None, None),
            ("web:443", dates["effective_not_after"], False, 82),
            ("web:8443", dates["effective_not_after"], False, 82),
        )
    ]


@pytest.mark.parametrize(
    ("stored_ones", "days", "state", "attention"),
    [
        ([served(issued(-100, 3), "web:443")], 3, "imported", ["expiring"]),
        ([issued(-100, 3)], 3, "imported", ["expiring"]),
        ([served(issued(-100, 100), "web:443")], 100, "imported", []),
        ([served(issued(-100, 3), "web:443"), issued(-1, 199, identifier=71)], 3, "imported", ["switch_services"]),
        ([issued(-100, 3), served(issued(-1, 199, identifier=71), "web:443")], 199, "imported", []),
        ([served(issued(-100, -11), "web:443")], 265, "requestable", ["expired_in_use"]),
        ([served(issued(-100, -11), "web:443"), issued(-1, 199, identifier=71)], 199, "imported", ["expired_in_use"]),
        ([issued(-100, -11)], 265, "requestable", []),
    ],
)
def test_a_certificate_that_ends_before_its_order(
    stored_ones: list[dict[str, Any]], days: int, state: str, attention: list[str]
) -> None:
    """Since March 2026, the certificates of an order of a year do."""
    created = {"created_at": ISSUED["effective_at"], "expires_at": ISSUED["expires_at"]}
    for term in (ISSUED, created):  # the API may not return when the term begins
        told = row(order(**term), store=stored_ones)
        assert (told["days_left"], told["state"], told["attention"]) == (days, state, attention)


def test_what_is_not_known_is_null() -> None:
    assert row(store=None)["certificate_ids"] is None
    assert row(order(imported=None), store=[VIEWED])["certificate_ids"] is None
    assert row(order(imported=False), store=None)["certificate_ids"] == []
    assert row(collected=[found(None)])["mail_date"] is None
    told = row(order(days=None), store=[stored(not_after="2026-03-20T12:00:00Z")])
    assert (told["expires_at"], told["days_left"]) == ("2026-03-20T12:00:00Z", 10), "known from the store"
    assert (
        row(emails=[email(next_allowed_at="2026-03-11T12:00:00Z")])["next_allowed_at"] is None
    )  # it would be sent now


def test_counts_and_order() -> None:
    orders = [
        order(1),
        order(2, days=5, common_name="mail.example.com"),
        order(3, status="pending", days=None, common_name="new.example.com"),
        order(4, days=100),
        order(5, days=2, common_name="shop.example.com"),
    ]
    report = build(*orders, failed=[{**entry("refused"), "order_id": 4}])
    assert [entry["order_id"] for entry in report["orders"]] == [4, 5, 2, 3, 1]
    assert report["order_count"] == sum(report["states"].values()) == 5
    counts = {state: count for state, count in report["states"].items() if count}
    assert counts == {"failed": 1, "pending": 1, "requestable": 3}
    assert report["attention"] == [
        {"kind": "failed", "count": 1, "order_ids": [4]},
        {"kind": "expiring", "count": 2, "order_ids": [5, 2]},
        {"kind": "pending", "count": 1, "order_ids": [3]},
    ]


def test_what_failed_for_all_is_a_notice() -> None:
    listener = {"load_balancer": "web", "port": 443, "common_name": "www.example.com", "message": "Not served."}
    nameless = {"common_name": None, "subject_alt_names": ["192.0.2.1", A], "message": "No."}
    other = {"order_id": 99, "common_name": NAME, "message": "Gone."}
    failed = [
        *({"common_name": "the mailbox", "message": "rejects the login"}, listener, nameless, other, {"message": "?"})
    ]
    report = build(order(), failed=failed)
    assert report["notices"] == [
        *({"source": "the mailbox", "message": "rejects the login"}, {"source": "web:443", "message": "Not served."}),
        *({"source": A, "message": "No."}, {"source": NAME, "message": "Gone."}, {"source": None, "message": "?"}),
    ]
    assert report["orders"][0]["state"] == "requestable"


def test_what_is_said_of_an_order() -> None:
    failed = [entry("key_mismatch", "The key is another one's."), entry("api_error", "No answer.")]
    assert row(failed=failed)["message"] == "The key is another one's. No answer."
    assert row(skipped=[entry("waiting_for_key", "Put the key there.")])["message"] == "Put the key there."
    assert row(missing=[entry("untrusted", "Give the root.")])["message"] == "Give the root."
    assert row(skipped=[entry("cooldown", "Not requested.")])["message"] is None, "the state says it"


# --- A run after another one ---


def after(hours: float, first: Mapping[str, Any], *orders: dict[str, Any], **known: Any) -> dict[str, Any]:
    """The report made so many hours later."""
    return build(*orders, at=NOW + timedelta(hours=hours), previous=json.dumps(first), **known)


def test_no_one_looks_for_the_email_of_an_imported_order() -> None:
    imported, store = order(), [stored()]
    first = build(imported, at=NOW, store=store, collected=[found()])
    skipped = [entry("already_imported", "The store already contains the certificate.")]
    assert first["orders"][0]["mail_found"] is True and after(1, first, imported, store=store, skipped=skipped) == first
    assert row(store=[stored()], missing=[entry("waiting_for_email")])["mail_found"] is None


# --- CSV ---


def cells(store: Any = (), **given: Any) -> dict[str, str]:
    """The line of one order in the CSV file."""
    (line,) = csv.DictReader(io.StringIO(as_csv(build(order(**given), store=[*store])), newline=""))
    return line


@pytest.mark.parametrize(
    "hostile",
    [
        *('=HYPERLINK("http://evil.example","x")', "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", " =1+1", "\n=1+1"),
        *("\uff1d1+1", "\xa0=1+1", "\ufeff=1+1"),
    ],
)
def test_no_spreadsheet_takes_text_for_a_formula(hostile: str) -> None:
    assert cells(common_name=hostile)["common_name"] == "'" + hostile


def test_other_text_and_numbers_stay_as_they_are() -> None:
    assert cells(store=[served(stored(), "=web:443", "api:443")])["served_by"] == "'=web:443; api:443"
    line = cells(common_name='a "quoted", name\nof two lines', days=-3)
    assert line["common_name"] == 'a "quoted", name\nof two lines'
    assert line["days_left"] == "-3"
    assert (line["mail_found"], line["services"]) == ("", "")


# --- The words ---


@pytest.mark.parametrize("language", sorted(WORDS))
def test_each_language_says_everything(language: str) -> None:
    words = WORDS[language]
    assert shape(words) == shape(WORDS["en"])
    assert set(words["states"]) == set(STATES)
    assert set(words["attention"]) == set(ATTENTION)
    assert set(words["warnings"]) <= set(ATTENTION)
    reasons = {expected.partition(";")[0].partition(": ")[2] for expected in CASES}
    assert set(get_args(IneligibilityReason)) | reasons <= set(words["reasons"])


@pytest.mark.parametrize("language", sorted(WORDS))
def test_the_page_needs_no_escapes_for_words(language: str) -> None:
    assert [text for text in texts(WORDS[language]) if set(text) & set('<>&"\\')] == []


@pytest.mark.parametrize("module", ["ssl_fulfillment_email", "ssl_fulfillment_email_info", "ssl_certificate_import"])
def test_every_reason_of_the_modules_has_words(module: str) -> None:
    text = (ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")
    returned = yaml.safe_load(re.search(r'RETURN = r"""(.*?)"""', text, re.DOTALL)[1])  # type: ignore[index]
    lists = {"ssl_fulfillment_email": "emails", "ssl_fulfillment_email_info": "missing"}
    described = returned[lists.get(module, "certificates")]["contains"]["reason"]["description"]
    reasons = set(re.findall(r"V\((\w+)\)", " ".join(described))) - {"skipped", "failed", "requested"}
    assert len(reasons) > 2
    assert reasons <= set(WORDS["en"]["reasons"])
