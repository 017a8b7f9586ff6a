# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be created and changed in Secrets Manager, and what is left as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.material import Content
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.secret_versions import (
    NAME,
    SecretAction,
    SecretContent,
    as_simulated,
    compare,
    mark_repeated,
    plan_secret,
    why_no_metadata,
    why_not_changed,
    why_not_taken,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.secret import (
    Secret,
    Value,
    secret_of,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.simulator.secrets_manager import certificates as simulated
from tests.support.certificates import DAY, NOW, Authority, Issued, pem_of

AUTHORITY = Authority(intermediates=2)
WWW, RENEWED = AUTHORITY.issue("www.example.com"), AUTHORITY.issue("www.example.com")
SHORT = AUTHORITY.issue("www.example.com", days=(-100, -1))
NO_CHANGE = ("unchanged", "Secrets Manager has it already.")


def content(issued: Issued = WWW, chain: bool = True) -> Content:
    issuers = tuple(map(Certificate.of, issued.chain)) if chain else ()
    return Content(Certificate.of(issued.certificate), issued.key_pem, issuers, None, None)


def new(wanted: Content | None = None, **given: Any) -> SecretAction:
    action = SecretAction("created", "", "www", "web", **{"group_id": "g1", **given})
    return action.with_content(wanted or content(), ("a warning",))


def secret(issued: Issued = WWW, **given: Any) -> Secret:
    row = {"id": "s1", "crn": "crn:s1", "name": "www", "secret_type": "imported_cert", "secret_group_id": "g1"}
    found = secret_of({**row, **simulated.facts(issued.pem), "state": 1, **given})
    assert found
    return found


def planned(*there: Secret, at: datetime = NOW, **given: Any) -> SecretAction:
    return plan_secret(new(**given), there, at)


def value(issued: Issued = WWW, **given: Any) -> Value:
    parts = {"certificate": issued.pem, "private_key": issued.key_pem, "chain": issued.chain_pem}
    return Value(secret(issued), **{**parts, **given})


def renewed(**given: Any) -> SecretAction:
    """What to do where another certificate is there."""
    return compare(planned(secret(RENEWED), **given), SecretContent.of(value(RENEWED)))


def test_what_is_not_there_is_created() -> None:
    action = planned(labels=("b", "a"), description="")
    assert action == new(labels=("b", "a"), description="") and action.changes_something
    assert (action.outcome, action.message, action.warnings) == ("created", "Created.", ("a warning",))
    version = {"certificate": WWW.pem, "intermediate": WWW.chain_pem, "private_key": WWW.key_pem}
    assert action.as_version() == version
    about = {"secret_type": "imported_cert", "name": "www", "secret_group_id": "g1"}
    assert action.as_secret() == {**about, "labels": ["b", "a"], "description": "", **version}
    assert planned().as_secret() == {**about, **version}
    assert "intermediate" not in new(content(chain=False)).as_version()
    assert WWW.key_pem not in repr(action)


@pytest.mark.parametrize("there", [secret(), secret(RENEWED), secret(serial_number=None, validity=None)])
def test_the_values_of_what_is_there_are_read_whatever_its_metadata_says(there: Secret) -> None:
    action = planned(there)
    assert action.is_to_be_read and not action.changes and (action.outcome, action.message) == NO_CHANGE
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
    action = compare(planned(secret(labels=["a", "b"], description="old"), **given), SecretContent.of(value()))
    assert action.metadata == changes and not action.changes
    told = f"Updated: {', '.join(changes)}." if changes else NO_CHANGE[1]
    assert (action.outcome, action.message) == ("updated" if changes else "unchanged", told)


@pytest.mark.parametrize(
    ("held", "wanted", "changes", "chain"),
    [
        (value(), content(), (), WWW.chain),
        (value(certificate=WWW.pem + WWW.chain_pem, chain=""), content(), (), WWW.chain),
        (value(chain=WWW.chain_pem + pem_of([AUTHORITY.root])), content(), (), WWW.chain),
        (value(chain=WWW.pem + WWW.chain_pem), content(), (), WWW.chain),
        (value(chain=""), content(), ("intermediate certificates",), WWW.chain),
        (value(chain=pem_of(WWW.chain[::-1])), content(), ("intermediate certificates",), WWW.chain),
        (value(), content(chain=False), (), WWW.chain),
        (value(private_key=None), content(chain=False), ("private key",), WWW.chain),
        (value(private_key=RENEWED.key_pem), content(), ("private key",), WWW.chain),
        (value(private_key="no key"), content(), ("private key",), WWW.chain),
        (value(certificate=RENEWED.pem), content(chain=False), ("certificate",), ()),
        (value(certificate="none", chain="none"), content(chain=False), ("certificate",), ()),
        (value(RENEWED, chain=""), content(), ("certificate", "intermediate certificates", "private key"), WWW.chain),
    ],
)
def test_values_are_compared_by_der_and_public_key(
    held: Value, wanted: Content, changes: tuple[str, ...], chain: tuple[Any, ...]
) -> None:
    action = compare(plan_secret(new(wanted), [secret()], NOW), SecretContent.of(held))
    assert action.changes == changes and action.issuers == tuple(map(Certificate.of, chain))
    assert not action.is_to_be_read
    told = ("updated", f"Updated: {', '.join(changes)}.") if changes else NO_CHANGE
    assert (action.outcome, action.message) == told


@pytest.mark.parametrize(
    ("given", "at", "reason"),
    [
        ({"secret_type": "public_cert"}, NOW, "other_type"),
        ({"secret_type": "arbitrary"}, NOW, "other_type"),
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
    refusal, action = why_not_changed(found, at), planned(found, at=at)
    assert (refusal.code if refusal else None) == reason == action.reason
    assert (action.outcome == "failed") == (action.content is None) == (reason is not None)
    assert action.secret == found and action.as_result()["id"] == "s1"


def test_one_that_expires_at_this_moment_has_not_expired() -> None:
    end = secret().not_after
    assert end and planned(secret(state=3), at=end).reason == "not_active"


def test_the_imported_one_is_meant_whatever_else_has_the_name() -> None:
    assert planned(secret(secret_type="public_cert", id="s0"), secret()).secret == secret()
    twice = planned(secret(id="s2"), secret())
    assert twice.reason == "ambiguous" and "(ids s1, s2)" in twice.message


def test_the_same_secret_given_more_than_once() -> None:
    refused = new().failed(CertificatesError("expired", "It expired.", trust="untrusted"))
    groupless = new(group_id="").failed(CertificatesError("not_found", "There is none."))
    others = [new(group_id="g2"), replace(new(), name="other")]
    marked = mark_repeated([new(), *others, new(content(RENEWED)), refused, groupless, groupless])
    assert marked[1:3] == others and marked[4:] == [refused, groupless, groupless]
    assert {(one.outcome, one.reason) for one in (marked[0], marked[3])} == {("failed", "ambiguous")}
    assert [one.reason for one in mark_repeated([new(), new(), *others])] == ["ambiguous", "ambiguous", None, None]
    assert "items 0, 3, 4:" in marked[0].message and refused.trust == "untrusted"


def test_what_failed_is_told_with_its_facts() -> None:
    told = new().failed(CertificatesError("expired", "It expired.")).as_result()
    assert (told["outcome"], told["reason"], told["message"]) == ("failed", "expired", "It expired.")
    assert told["fingerprint_sha256"] == WWW.fingerprint and told["id"] is told["crn"] is told["version_id"] is None
    nothing = SecretAction("failed", "", "www", "web").as_result()
    assert (nothing["name"], nothing["secret_group"]) == ("www", "web") and nothing["subject_alt_names"] == []
    assert nothing["common_name"] is None and nothing.keys() == told.keys()


def test_what_failed_is_no_plan_any_more() -> None:
    found = replace(planned(secret(), labels=("a",)), trust="incomplete")
    assert found.metadata and found.is_to_be_read
    refused = found.failed(CertificatesError("api_error", "No."))
    assert (refused.metadata, refused.is_to_be_read, refused.content, refused.trust) == ({}, False, None, "incomplete")
    other = renewed(labels=("a",))
    assert (other.metadata, other.message) == ({"labels": ["a"]}, "Updated: certificate, private key, labels.")
    assert other.failed(CertificatesError("api_error", "No.")).changes == ()
    assert new(replace(content(), trust="trusted")).as_result()["trust"] == "trusted"


def test_check_mode_says_what_would_be_done() -> None:
    assert as_simulated(new()).message == "Would be created."
    assert as_simulated(renewed()).message == "Would be updated: certificate, private key."
    assert as_simulated(planned(secret())) == planned(secret())


def test_a_new_look_forgets_the_one_before() -> None:
    found = replace(renewed(labels=("a",)), version_id="v1")
    assert found.as_new() == new(labels=("a",)) and planned(secret()).as_new() == new()


@pytest.mark.parametrize(
    ("labels", "description", "why"),
    [
        (None, None, None),
        (["xx", "x" * 64] * 15, "d" * 1024, None),
        ([f"label{number}" for number in range(31)], None, "at most 30"),
        (["x"], None, "2 to 64"),
        (["x" * 65], None, "2 to 64"),
        ([], "d" * 1025, "at most 1024"),
    ],
)
def test_limits_of_metadata(labels: list[str] | None, description: str | None, why: str | None) -> None:
    told = why_no_metadata(labels, description)
    assert told is None if why is None else told is not None and why in told


def test_limits_of_values() -> None:
    assert why_not_taken(content()) is None
    fitting = replace(content(), private_key_pem="k" * 100_000)
    assert why_not_taken(fitting) is None
    for large, part in (
        (replace(fitting, private_key_pem="k" * 100_001), "The private key is"),
        (replace(content(), intermediates=content().intermediates * 200), "The chain of"),
    ):
        refusal = why_not_taken(large)
        assert refusal and refusal.code == "refused" and refusal.message.startswith(part)


@pytest.mark.parametrize("name", ["www.example.com", "_a", "9-9", "a" * 256])
def test_usual_names(name: str) -> None:
    assert NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["a", "a" * 257, "-a", "a-", "a_", "a b", "ä1", "*.example.com", "", "ab\n"])
def test_unusual_names(name: str) -> None:
    assert not NAME.fullmatch(name)
