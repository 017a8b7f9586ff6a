# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be created and changed in Secrets Manager, and what is left as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError, Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.plan import (
    SecretAction,
    compare_content,
    find_large_part,
    mark_repeated,
    plan_secret,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.secret import (
    Secret,
    Value,
    parse_secret,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store.check import Content
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors
from cryptography import x509

from tests.simulator.secrets_manager import certificates as simulated
from tests.support.certificates import DAY, NOW, Authority, Issued, new_key, pem_of, self_signed

AUTHORITY = Authority(intermediates=2)
WWW, EARLIER = AUTHORITY.issue("www.example.com"), AUTHORITY.issue("www.example.com", days=(-30, 60))
CLIENTS = TrustView(lambda: Anchors([Certificate.from_library(AUTHORITY.root)]), NOW)
NO_CHANGE = ("unchanged", {})
WARNINGS = (Obstacle("no_issuer"),)


def content(issued: Issued = WWW, chain: bool = True) -> Content:
    issuers = tuple(map(Certificate.from_library, issued.chain)) if chain else ()
    return Content(Certificate.from_library(issued.certificate), issued.key_pem, issuers, None, None)


def new(wanted: Content | None = None, **given: Any) -> SecretAction:
    action = SecretAction("created", None, {}, "www", "web", **{"group_id": "g1", **given})
    return action.add_content(wanted or content(), WARNINGS, CLIENTS)


def secret(issued: Issued = WWW, **given: Any) -> Secret:
    row = {"id": "s1", "crn": "crn:s1", "name": "www", "secret_type": "imported_cert", "secret_group_id": "g1"}
    found = parse_secret({**row, **simulated.facts(issued.pem), "state": 1, **given})
    assert found
    return found


def planned(*there: Secret, at: datetime = NOW, **given: Any) -> SecretAction:
    return plan_secret(new(**given), there, at)


def value(issued: Issued = WWW, **given: Any) -> Value:
    parts = {"certificate": issued.pem, "private_key": issued.key_pem, "chain": issued.chain_pem}
    return Value(secret(issued), **{**parts, **given})


def renewed(**given: Any) -> SecretAction:
    """What to do where an earlier certificate is there."""
    return compare_content(planned(secret(EARLIER), **given), value(EARLIER).bundle)


def test_what_is_not_there_is_created() -> None:
    action = planned(labels=("b", "a"), description="")
    assert action == new(labels=("b", "a"), description="") and action.changes_something
    assert (action.outcome, action.facts, action.warnings) == ("created", {}, WARNINGS)
    version = {"certificate": WWW.pem, "intermediate": WWW.chain_pem, "private_key": WWW.key_pem}
    assert action.build_version() == version
    about = {"secret_type": "imported_cert", "name": "www", "secret_group_id": "g1"}
    assert action.build_secret() == {**about, "labels": ["b", "a"], "description": "", **version}
    assert planned().build_secret() == {**about, **version}
    assert "intermediate" not in new(content(chain=False)).build_version()
    assert WWW.key_pem not in repr(action)


def test_a_diff_shows_public_facts() -> None:
    def facts(issued: Issued) -> dict[str, Any]:
        end = f"{issued.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        serial = issued.certificate.serial_number
        return {"common_name": "www.example.com", "serial_number": serial, "not_after": end}

    headers = dict.fromkeys(("before_header", "after_header"), "web/www")
    assert planned().as_diff() == {**headers, "before": {}, "after": {**facts(WWW), "state": "Created."}}
    there = secret(EARLIER, labels=["b", "a"], description="old")
    action = compare_content(planned(there, labels=("c",), description="new"), value(EARLIER).bundle).simulate()
    assert action.as_diff() == {
        **headers,
        "before": {**facts(EARLIER), "labels": ["a", "b"], "description": "old"},
        "after": {**facts(WWW), "labels": ["c"], "description": "new", "state": action.state},
    }
    assert replace(action, metadata={"labels": ["c"]}).as_diff()["before"] == {**facts(EARLIER), "labels": ["a", "b"]}


@pytest.mark.parametrize("there", [secret(), secret(EARLIER), secret(serial_number=None, validity=None)])
def test_the_values_of_what_is_there_are_read_whatever_its_metadata_says(there: Secret) -> None:
    action = planned(there)
    assert action.is_to_be_read and not action.changes and (action.outcome, action.facts) == NO_CHANGE
    assert action.secret == there


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({}, {}),
        ({"labels": ("b", "a", "b"), "description": "old"}, {}),
        ({"labels": ("a",)}, {"labels": ["a"]}),
        ({"labels": ()}, {"labels": []}),
        ({"description": ""}, {"description": ""}),
        ({"labels": ("c", "a"), "description": "new"}, {"labels": ["c", "a"], "description": "new"}),
    ],
)
def test_metadata_changes_only_as_far_as_it_is_given(given: Any, changes: dict[str, Any]) -> None:
    action = compare_content(planned(secret(labels=["a", "b"], description="old"), **given), value().bundle)
    assert action.metadata == changes and not action.changes
    assert (action.outcome, action.facts) == (("updated", {"changed": tuple(changes)}) if changes else NO_CHANGE)


@pytest.mark.parametrize(
    ("held", "wanted", "changes", "chain"),
    [
        (value(), content(), (), WWW.chain),
        (value(certificate=WWW.pem + WWW.chain_pem, chain=""), content(), (), WWW.chain),
        (value(chain=WWW.pem + WWW.chain_pem), content(), (), WWW.chain),
        (value(chain=""), content(), ("intermediate",), WWW.chain),
        (value(chain=pem_of(WWW.chain[::-1])), content(), ("intermediate",), WWW.chain),
        (value(), content(chain=False), (), WWW.chain),
        (value(private_key=None), content(chain=False), ("private_key",), WWW.chain),
        (value(private_key="no key"), content(), ("private_key",), WWW.chain),
        (value(EARLIER, private_key=WWW.key_pem), content(), ("certificate",), WWW.chain),
        (value(certificate="none", chain="none"), content(chain=False), ("certificate",), ()),
        (value(EARLIER, chain=""), content(), ("certificate", "intermediate", "private_key"), WWW.chain),
    ],
)
def test_values_are_compared_by_der_and_public_key(
    held: Value, wanted: Content, changes: tuple[str, ...], chain: tuple[Any, ...]
) -> None:
    action = compare_content(plan_secret(new(wanted), [secret()], NOW), held.bundle)
    assert action.changes == changes and action.issuers == tuple(map(Certificate.from_library, chain))
    assert not action.is_to_be_read
    assert (action.outcome, action.facts) == (("updated", {"changed": changes}) if changes else NO_CHANGE)


OTHERS = Authority("Other", intermediates=2)
"""One that clients do not trust."""


def issued(name: str = "www.example.com", by: Authority = AUTHORITY, **given: Any) -> Issued:
    return by.issue(name, **{"days": (-10, 80), **given})


def without_chain(given: Issued) -> Content:
    return content(given, chain=False)


def with_chain(given: Issued, *chain: x509.Certificate) -> Content:
    return replace(without_chain(given), intermediates=tuple(map(Certificate.from_library, chain)))


UNREADABLE = value(certificate="none", chain="none")
LOST = {"lost": ["www.example.com"]}
PRIVATE = issued(by=OTHERS)
ENDED = issued(days=(-100, -1))
RSA, ALSO_RSA = (issued(key=new_key("rsa"), days=days) for days in ((-10, 80), (-5, 85)))
REPLACED: dict[str, tuple[Value, Content, str | None, dict[str, Any]]] = {
    "a renewal": (value(EARLIER), content(), None, {}),
    "an older one": (
        value(WWW),
        content(EARLIER),
        "superseded",
        {"new": Certificate(EARLIER.der), "present": Certificate(WWW.der)},
    ),
    "one of the same age": (value(issued()), content(issued()), "ambiguous", {}),
    "without its chain": (value(EARLIER), without_chain(WWW), "chain_incomplete", {"is_revoked": False}),
    "of an authority of one's own": (value(EARLIER), content(PRIVATE), "chain_incomplete", {"is_revoked": False}),
    "one that has expired": (value(EARLIER), content(ENDED), "expired", {}),
    # of the same certificate
    "the key that was missing": (value(private_key=None), content(), None, {}),
    "a chain that was missing": (value(chain=""), content(), None, {}),
    "the same chain in order": (value(chain=pem_of(WWW.chain[::-1])), content(), None, {}),
    "a chain that is cut": (value(), with_chain(WWW, WWW.chain[0]), "chain_incomplete", {"is_revoked": False}),
    "a chain that is cut, of an authority of one's own": (
        value(PRIVATE),
        with_chain(PRIVATE, PRIVATE.chain[0]),
        "chain_incomplete",
        {"lacks_issuers": True},
    ),
    # of one that has expired
    "an expired one's renewal": (value(ENDED), content(), None, {}),
    "an expired one's predecessor": (value(issued(days=(-7, -1))), content(EARLIER), None, {}),
    "an expired one, by other names": (value(ENDED), content(issued("example.org")), "names_not_covered", LOST),
    "an expired one, by one signed by itself": (value(ENDED), content(self_signed("www.example.com")), "untrusted", {}),
    # of one that cannot be read
    "an unreadable one": (UNREADABLE, content(EARLIER), None, {}),
    "an unreadable one, by other names": (UNREADABLE, content(issued("example.org")), "names_not_covered", LOST),
}


@pytest.mark.parametrize("name", REPLACED)
def test_only_what_may_stand_in_for_the_current_version_replaces_it(name: str) -> None:
    held, wanted, reason, facts = REPLACED[name]
    there = plan_secret(new(wanted, labels=("a",)), [held.secret], NOW)
    action = compare_content(there, held.bundle)
    assert (action.outcome, action.reason) == (("failed", reason) if reason else ("updated", None))
    assert facts.items() <= action.facts.items()
    assert action.secret == held.secret
    if reason:
        assert not action.changes and not action.metadata and action.content is None
    forced = compare_content(replace(there, view=None), held.bundle)
    assert forced.outcome == "updated" and forced.changes and forced.metadata == {"labels": ["a"]}
    assert forced.content == wanted and forced.issuers == (wanted.intermediates or forced.issuers)


def test_what_is_there_is_no_replacement() -> None:
    """Whatever the rule says of it: it has expired, nobody trusts it, and so on."""
    for held in (ENDED, self_signed("www.example.com"), PRIVATE, RSA):
        action = compare_content(plan_secret(new(content(held)), [secret(held)], NOW), value(held).bundle)
        assert (action.outcome, action.facts) == NO_CHANGE
        action = compare_content(plan_secret(new(without_chain(held)), [secret(held)], NOW), value(held).bundle)
        assert (action.outcome, action.facts) == NO_CHANGE


def test_nothing_is_known_of_what_cannot_be_read_and_is_not_described() -> None:
    there = secret(common_name=None, alt_names=[])
    action = compare_content(plan_secret(new(), [there], NOW), UNREADABLE.bundle)
    assert (action.outcome, action.changes) == ("updated", ("certificate", "intermediate"))


@pytest.mark.parametrize(
    ("given", "at", "reason"),
    [
        ({"secret_type": "public_cert"}, NOW, "wrong_type"),
        ({"secret_type": "arbitrary"}, NOW, "wrong_type"),
        ({"managed_csr": {"csr": "..."}, "state": 0}, NOW, "managed_csr"),
        *(({"state": state}, NOW, "not_active") for state in (0, 2, 3, 5)),
        ({"state": 5}, NOW + 9999 * DAY, "not_active"),
        ({"state": 3, "validity": {}, "expiration_date": None}, NOW, "not_active"),
        ({"state": 3}, NOW + 9999 * DAY, None),
        ({"state": None}, NOW, None),
        ({}, NOW, None),
    ],
)
def test_what_is_left_as_it_is(given: dict[str, Any], at: datetime, reason: str | None) -> None:
    found = secret(**given)
    action = planned(found, at=at)
    assert action.reason == reason
    assert (action.outcome == "failed") == (action.content is None) == (reason is not None)
    assert action.secret == found and action.as_result()["id"] == "s1"


def test_one_that_expires_at_this_moment_has_not_expired() -> None:
    end = secret().not_after
    assert end and planned(secret(state=3), at=end).reason == "not_active"


def test_the_imported_one_is_expected_whatever_else_has_the_name() -> None:
    assert planned(secret(secret_type="public_cert", id="s0"), secret()).secret == secret()
    twice = planned(secret(id="s2"), secret())
    assert twice.reason == "ambiguous" and twice.facts == {"ids": ["s1", "s2"]}


def test_the_same_secret_given_more_than_once() -> None:
    refused = new().mark_failed_by(CertificatesError("expired", "It expired.", trust="untrusted"))
    groupless = new(group_id="").mark_failed_by(CertificatesError("not_found", "There is none."))
    others = [new(group_id="g2"), replace(new(), name="other")]
    marked = mark_repeated([new(), *others, new(content(EARLIER)), refused, groupless, groupless])
    assert marked[1:3] == others and marked[4:] == [refused, groupless, groupless]
    assert {(one.outcome, one.reason) for one in (marked[0], marked[3])} == {("failed", "ambiguous")}
    assert [one.reason for one in mark_repeated([new(), new(), *others])] == ["ambiguous", "ambiguous", None, None]
    assert marked[0].facts == {"items": [0, 3, 4]} and refused.trust == "untrusted"


def test_what_failed_is_reported_with_its_facts() -> None:
    told = new().mark_failed_by(CertificatesError("expired", "It expired.")).as_result()
    assert (told["outcome"], told["reason"]) == ("failed", "expired")
    assert told["fingerprint_sha256"] == WWW.fingerprint and told["id"] is told["crn"] is told["version_id"] is None
    late = new().mark_failed_by(CertificatesError("api_error", "No.", version_id="v2", has_written=True))
    assert (late.outcome, late.version_id, late.changes_something) == ("failed", "v2", True)
    nothing = SecretAction("failed", None, {"error": "No."}, "www", "web").as_result()
    assert (nothing["name"], nothing["secret_group"]) == ("www", "web") and nothing["subject_alt_names"] == []
    assert nothing["common_name"] is None and nothing.keys() == told.keys()


def test_what_failed_is_no_plan_any_more() -> None:
    found = replace(planned(secret(), labels=("a",)), trust="incomplete")
    assert found.metadata and found.is_to_be_read
    refused = found.mark_failed_by(CertificatesError("api_error", "No."))
    assert (refused.metadata, refused.is_to_be_read, refused.content, refused.trust) == ({}, False, None, "incomplete")
    other = renewed(labels=("a",))
    assert other.changes_something
    assert (other.metadata, other.facts) == ({"labels": ["a"]}, {"changed": ("certificate", "private_key", "labels")})
    assert other.mark_failed_by(CertificatesError("api_error", "No.")).changes == ()
    assert new(replace(content(), trust="trusted")).as_result()["trust"] == "trusted"


def test_after_a_lost_answer_it_is_checked_what_was_done() -> None:
    assert new().mark_failed_by(CertificatesError("no_answer", "It did not answer.")).reason == "outcome_unknown"


def test_who_would_see_it_makes_no_other_plan() -> None:
    assert replace(new(), view=None) == new()
    assert WWW.key_pem.splitlines()[1] not in repr(new())


def test_a_new_check_forgets_the_one_before() -> None:
    found = replace(renewed(labels=("a",)), version_id="v1")
    assert found.plan_creation() == new(labels=("a",)) and planned(secret()).plan_creation() == new()
    assert not new().is_to_be_read


def test_limits_of_values() -> None:
    fitting = replace(content(), private_key_pem="k" * 100_000)
    assert find_large_part(content()) is find_large_part(fitting) is None
    assert find_large_part(replace(fitting, private_key_pem="k" * 100_001)) == "private_key"
    assert find_large_part(replace(content(), intermediates=content().intermediates * 200)) == "intermediate"
