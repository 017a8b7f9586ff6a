# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A record is deleted only if it is, right before, what it was when it was listed, and surely not in use."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import Client
from ansible_collections.softlayer.certificates.plugins.module_utils._store.apply import Creator
from ansible_collections.softlayer.certificates.plugins.module_utils._store.check import Content
from ansible_collections.softlayer.certificates.plugins.module_utils._store.plan_import import ImportAction, removal_of
from ansible_collections.softlayer.certificates.plugins.module_utils._store.run_import import (
    carry_out_one,
    create,
    remove,
    was_removed,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.support.certificates import Authority
from tests.support.stored import stored

AUTHORITY = Authority()
LISTED, RENEWED = AUTHORITY.issue("www.example.com"), AUTHORITY.issue("www.example.com")
ROW = {"id": 7, "certificate": LISTED.pem, "associatedServiceCount": 0, "lbaasListeners": []}
LOST = CertificatesError("no_answer", "No answer came.")
GONE = CertificatesError("not_found", "Unable to find object with id of '7'.")


class Store:
    """Stands for the client: one record, as it is by now, and what comes of its deletion."""

    def __init__(
        self, row: dict[str, Any] | CertificatesError, deletion: Any = True, *, is_listed: bool = True
    ) -> None:
        self.answers = {"getObject": row, "deleteObject": deletion}
        self.row_after: dict[str, Any] | CertificatesError = row
        """The record once its deletion was tried."""
        self.is_listed = is_listed
        self.calls: list[str] = []
        self.warnings: list[str] = []
        self.warn = self.warnings.append

    def call(self, _service: str, method: str, **_how: Any) -> Any:
        self.calls.append(method)
        answer = self.answers[method]
        if method == "deleteObject":
            self.answers["getObject"] = self.row_after
        if isinstance(answer, CertificatesError):
            raise answer
        return answer

    def read_list(self, *_what: Any, **_how: Any) -> list[dict[str, Any]]:
        return [ROW] if self.is_listed else []

    def delete(self) -> bool:
        """Delete the record that was listed; return whether that is what has deleted it."""
        return remove(cast(Client, self), 7, Certificate(LISTED.der))


@pytest.mark.parametrize(
    ("since", "code"),
    [
        ({"associatedServiceCount": 1}, "in_use"),
        ({"lbaasListeners": [{"id": 1, "uuid": "a"}]}, "in_use"),
        ({"associatedServiceCount": None}, "in_use"),
        ({"associatedServiceCount": "many", "lbaasListeners": None}, "in_use"),
        ({"certificate": RENEWED.pem}, "ambiguous"),
        ({"certificate": "-----BEGIN"}, "ambiguous"),
    ],
    ids=["by its count", "by a listener", "use not told", "a count that is none", "renewed in place", "not readable"],
)
def test_what_was_changed_since_it_was_listed_stays(since: dict[str, Any], code: str) -> None:
    store = Store({**ROW, **since})
    with pytest.raises(CertificatesError) as caught:
        store.delete()
    assert (caught.value.code, store.calls) == (code, ["getObject"])
    assert not was_removed(cast(Client, store), stored(7, LISTED))
    assert caught.value.message in store.warnings[0] and "deleteObject" not in store.calls


@pytest.mark.parametrize(("row", "code"), [(LOST, "api_error"), (GONE, "not_found")], ids=["no answer", "not found"])
def test_what_cannot_be_read_again_stays(row: CertificatesError, code: str) -> None:
    """It may be there all the same: the API tells who may not see it that there is none."""
    store = Store(row)
    with pytest.raises(CertificatesError) as caught:
        store.delete()
    assert (caught.value.code, store.calls) == (code, ["getObject"])


@pytest.mark.parametrize(
    ("row", "deletion", "is_own"),
    [(GONE, True, False), (ROW, LOST, True), (ROW, GONE, False)],
    ids=["before", "no answer", "meanwhile"],
)
def test_what_is_not_listed_any_more_is_as_good_as_deleted(row: Any, deletion: Any, is_own: bool) -> None:
    """By this run, only if it was that: a deletion whose answer was lost is."""
    assert Store(row, deletion, is_listed=False).delete() == is_own
    store = Store(row, deletion, is_listed=False)
    assert was_removed(cast(Client, store), stored(7, LISTED)) == is_own
    why = "The certificate 7, which is superseded, was not removed: somebody else has deleted it meanwhile."
    assert store.warnings == ([] if is_own else [why])
    step = carry_out_one(cast(Client, store), cast(Creator, None), removal_of(stored(7, LISTED)))
    assert (step.outcome, step.reason, step.changes_something) == ("removed" if is_own else "unchanged", None, is_own)


@pytest.mark.parametrize("deletion", [LOST, False, CertificatesError("unreachable", "Away.")])
def test_what_is_listed_still_was_not_deleted(deletion: Any) -> None:
    store = Store(ROW)
    assert store.delete() and store.calls == ["getObject", "deleteObject"]
    with pytest.raises(CertificatesError):
        Store(ROW, deletion).delete()


REFUSED = CertificatesError("refused", "The store refused it: there are associated services.")


@pytest.mark.parametrize(
    ("since", "code"),
    [
        ({"associatedServiceCount": 1}, "in_use"),
        ({"lbaasListeners": [{"id": 1, "uuid": "a"}]}, "in_use"),
        ({"associatedServiceCount": None, "lbaasListeners": None}, "refused"),
        ({}, "refused"),
    ],
    ids=["by its count", "by a listener", "not told", "unused"],
)
@pytest.mark.parametrize("deletion", [REFUSED, False], ids=["a fault", "false"])
def test_a_deletion_that_is_refused_since_somebody_uses_the_record_again(
    since: dict[str, Any], code: str, deletion: Any
) -> None:
    store = Store(ROW, deletion)
    store.row_after = {**ROW, **since}
    with pytest.raises(CertificatesError) as caught:
        store.delete()
    assert (caught.value.code, store.calls) == (code, ["getObject", "deleteObject", "getObject"])
    assert ("A service uses it since it was looked at." in caught.value.message) == (code == "in_use")


def test_a_refusal_after_which_the_record_cannot_be_read_stays_one() -> None:
    store = Store(ROW, REFUSED)
    store.row_after = LOST
    with pytest.raises(CertificatesError, match="associated services") as caught:
        store.delete()
    assert caught.value.code == "refused"


@pytest.mark.parametrize("code", ["refused", "no_answer", "rate_limited"])
@pytest.mark.parametrize("name", ["www.example.com", None])
def test_the_store_may_not_take_a_certificate_without_a_common_name(name: str | None, code: Any) -> None:
    class Refusing:
        def create(self, _creation: ImportAction) -> Any:
            raise CertificatesError(code, "The store says no.", call="createObject")

    certificate = Certificate(AUTHORITY.issue(name, names=["www.example.com"]).der)
    with pytest.raises(CertificatesError) as caught:
        create(cast(Creator, Refusing()), ImportAction.of(Content(certificate, "", (), None, None)))
    assert (caught.value.code, caught.value.details) == (code, {"call": "createObject"})
    assert ("It has no common name" in caught.value.message) == (name is None and code != "rate_limited")
