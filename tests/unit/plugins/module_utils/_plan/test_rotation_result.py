# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation would leave behind, what it removes, and what it tells of what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.forecast import after
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation_result import (
    Rotation,
    outcome,
    what_to_remove,
)

from tests.unit.plugins.module_utils._plan.test_rotation import ALL, AT, certificate, entry, stored


def service(balancer: str, port: int = 443) -> dict[str, Any]:
    """A listener, as the store's listing names what uses a certificate."""
    return {"load_balancer": balancer, "load_balancer_uuid": f"uuid-of-{balancer}", "port": port}


def listener(
    balancer: str, before: int, after_it: int | None, fingerprint: str = "new", **other: Any
) -> dict[str, Any]:
    """A listener, in the plan for another certificate."""
    return {
        **service(balancer),
        "address": f"{balancer}.lb.example.net",
        "previous_certificate_id": before,
        "certificate_id": after_it,
        "fingerprint_sha256": fingerprint,
        "common_name": None,
        "subject_alt_names": ["www.example.com"],
        "outcome": "unchanged" if before == after_it else "switched",
        "reason": None,
        "served": None,
        "served_fingerprint_sha256": None,
        "message": "",
        **other,
    }


# What it would leave behind


def test_after_a_run_that_imports_first() -> None:
    """The old one would be unused, the new one served; nothing that is shown has the id of what is not stored yet."""
    old = stored(1, associated_service_count=2, services=[service("web"), service("other")])
    records, settled = after([old, stored(2)], [listener("web", 1, None), listener("shop", 2, 2)], [entry()])
    assert [(one["id"], one["associated_service_count"]) for one in records] == [(1, 1), (2, 0), (-1, 0)]
    assert records[0]["services"] == [service("other")]
    assert [(one.record["certificate_id"], one.record["served"]) for one in settled] == [(-1, True), (2, None)]


@pytest.mark.parametrize(
    ("services", "expected"),
    [([service("web")], [1]), ([service("web"), service("other")], [])],
)
def test_what_check_mode_expects_to_be_removed(services: list[dict[str, Any]], expected: list[int]) -> None:
    """What the plan leaves unused and replaces by what is served then; what another service uses is kept."""
    old = stored(1, associated_service_count=len(services), services=services)
    run = Rotation(listeners={"listeners": [listener("web", 1, None)]}, stock={"certificates": [old]})
    found = removal_of(run, [entry()], is_check_mode=True)
    assert [one["id"] for one in found["expected"]] == expected
    assert [(one["id"], one["reason"]) for one in found["kept"]] == ([] if expected else [(1, "in_use")])
    assert found["absent"] == []


SEEN = {**certificate("new"), "certificate_ids": [2], "reason": None, "message": ""}
SILENT = {**SEEN, "certificate_ids": [], "reason": "timeout"}


@pytest.mark.parametrize(
    ("endpoint", "how", "removed", "kept"),
    [
        (SEEN, {}, [1], []),
        ({**SEEN, "certificate_ids": [9]}, {}, [], ["not_served"]),
        ({**SEEN, "certificate_ids": [9]}, {"remove_unseen": True}, [], ["not_served"]),
        (SILENT, {}, [], ["not_reachable"]),
        (SILENT, {"remove_unseen": True}, [1], []),
        (None, {}, [], ["not_reachable"]),
    ],
)
def test_check_mode_removes_what_listeners_that_stay_were_seen_to_replace(
    endpoint: dict[str, Any] | None, how: dict[str, Any], removed: list[int], kept: list[str]
) -> None:
    """By the same look as a run takes; what would be switched is assumed to be served then."""
    switching = listener("web", 1, 2)
    plan = {"listeners": [switching, listener("shop", 2, 2)]}
    old = stored(1, associated_service_count=1, services=[service("web")])
    stock = {"certificates": [old, stored(2, "2026-05", associated_service_count=1, services=[service("shop")])]}
    run = Rotation(listeners=plan, stock=stock, seen=endpoint and {"endpoints": [endpoint]})
    found = removal_of(run, is_check_mode=True, **how)
    assert [one["id"] for one in found["expected"]] == removed
    assert [one["reason"] for one in found["kept"]] == kept


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ({"associated_service_count": 1, "services": [service("far", 8443)]}, "because far:8443 uses it."),
        ({"associated_service_count": 2}, "because 2 services use it that this run does not deal with."),
        ({"associated_service_count": 1, "services": None}, "because a service uses it that this run does not deal"),
        ({"associated_service_count": None}, "because the API does not tell whether a service uses it."),
    ],
)
def test_what_another_service_uses_is_kept_and_told(use: dict[str, Any], said: str) -> None:
    """If it would have been removed otherwise."""
    records = [stored(1, **use), stored(2, "2026-05"), stored(3, names=["api.example.com"], associated_service_count=1)]
    done = {"listeners": [listener("web", 1, 2, served=True)]}
    found = removal_of(Rotation(listeners=done, stock={"certificates": records}))
    assert found["absent"] == []
    ((told),) = found["kept"]
    assert (told["id"], told["outcome"], told["reason"]) == (1, "skipped", "in_use")
    assert told["message"].startswith("Certificate 1 is kept, ") and said in told["message"]


def removal_of(run: Rotation, new: Iterable[Mapping[str, Any]] = (), **how: Any) -> dict[str, Any]:
    """What to remove after a run."""
    usual: dict[str, Any] = {"deploys": True, "is_check_mode": False, "remove_unseen": False, "patterns": None}
    return what_to_remove(run, new, AT, **{**usual, **how})


def test_only_what_was_seen_to_be_replaced_is_removed() -> None:
    """Not what no listener has a successor of, not what was not looked at, and nothing outside the patterns."""
    records = [stored(1), stored(2, "2026-05", fingerprint_sha256="new"), stored(3, names=["api.example.com"])]
    records.append(stored(4, "2026-05", names=["api.example.com"]))
    done = {"listeners": [listener("web", 1, 2, served=True)]}
    run = Rotation(listeners=done, stock={"certificates": records})
    assert removal_of(run)["absent"] == [{"state": "absent", "certificate_id": 1}]
    assert removal_of(run, patterns=["api.*"])["absent"] == []
    wrong = listener("old", 2, 2, outcome="failed", reason="not_served", served=False)
    both = {"listeners": [*done["listeners"], wrong]}
    told = removal_of(Rotation(listeners=both, stock={"certificates": records}), remove_unseen=True)
    assert (told["absent"], [one["reason"] for one in told["kept"]]) == ([], ["not_served"])
    unseen = Rotation(listeners={"listeners": [listener("web", 1, 2)]}, stock={"certificates": records})
    assert (removal_of(unseen)["absent"], [one["id"] for one in removal_of(unseen)["kept"]]) == ([], [1])
    assert removal_of(unseen, remove_unseen=True)["absent"] == [{"state": "absent", "certificate_id": 1}]


def test_without_the_deploy_phase_only_what_was_looked_at_counts() -> None:
    """A plan to switch a listener is no sight of it; nor is a look that failed."""
    records = [stored(1), stored(2, "2026-05", fingerprint_sha256="new")]
    plan = {"listeners": [listener("web", 2, 2)]}
    endpoint = {
        **certificate("new"),
        "certificate_ids": [2],
        "reason": None,
        "message": "",
    }
    run = Rotation(listeners=plan, stock={"certificates": records}, seen={"endpoints": [endpoint]})
    assert removal_of(run, deploys=False)["absent"] == [{"state": "absent", "certificate_id": 1}]
    for address, removed in ((None, [{"state": "absent", "certificate_id": 1}]), ("192.0.2.1", [])):
        silent = {**endpoint, "certificate_ids": [], "reason": "timeout", "ip_address": address}
        hanging = Rotation(listeners=plan, stock={"certificates": records}, seen={"endpoints": [silent]})
        assert removal_of(hanging, deploys=False, remove_unseen=True)["absent"] == removed
    failed = Rotation(listeners=plan, stock={"certificates": records}, seen={"failed": True})
    assert removal_of(failed, deploys=False)["absent"] == []


# What was done


def imports(*outcomes: tuple[str, str | None]) -> dict[str, Any]:
    """What the import returned."""
    return {"certificates": [{"id": 7, "outcome": one, "reason": why, "message": "Because."} for one, why in outcomes]}


def test_what_became_of_the_certificates() -> None:
    """Files that changed between reading and importing stop nothing; the next run takes them."""
    choice = {"chosen": [entry(name) for name in "abcde"], "skipped": [entry("s", reason="new_name", message="")]}
    did = imports(
        ("imported", None), ("updated", None), ("unchanged", None), ("failed", "key_mismatch"), ("failed", "refused")
    )
    run = Rotation(
        found={"skipped": [entry("k", reason="key_missing", message="")]},
        choice=choice,
        imports=did,
        store={"certificates": []},
    )
    result = outcome(run, ["import"], is_check_mode=False)
    assert [one["name"] for one in result["imported"]] == ["a", "b"]
    assert [(one["name"], one["reason"]) for one in result["skipped"]] == [
        ("k", "key_missing"),
        ("s", "new_name"),
        ("c", "already_imported"),
        ("d", "being_renewed"),
    ]
    assert [(one["name"], one["reason"]) for one in result["failed"]] == [("e", "refused")]


@pytest.mark.parametrize(
    ("run", "about"),
    [
        (Rotation(mails=[{"skipped": True}, {"msg": "No."}]), "the mailbox"),
        (Rotation(store={"msg": "No."}), "the certificate store"),
        (Rotation(choice={"chosen": [entry()], "skipped": []}, imports={"msg": "No."}), "the import"),
        (Rotation(listeners={"msg": "No."}), "the load balancers"),
    ],
)
def test_a_module_that_fails_as_a_whole_fails_the_run(run: Rotation, about: str) -> None:
    """And is named by what it was about."""
    (told,) = outcome(run, ALL, is_check_mode=False)["failed"]
    assert (told["common_name"], told["reason"]) == (about, None)


def test_a_module_that_says_why_it_failed_has_that_as_the_reason() -> None:
    """As every other record; and its message is in the words of the role."""
    failure = {"code": "not_found", "message": "raise max_listeners", "details": {}}
    whole = Rotation(listeners={"failure": failure})
    words: Callable[[str], str] = lambda text: text.replace("max_listeners", "ssl_rotation_max_listeners")  # noqa: E731
    (told,) = outcome(whole, ALL, words, is_check_mode=False)["failed"]
    about = {"common_name": "the load balancers", "reason": "not_found"}
    assert told == {**about, **failure, "message": "raise ssl_rotation_max_listeners"}
    removing = Rotation(listeners={"listeners": []}, stock={"certificates": []}, removed=[{"failure": failure}])
    (told,) = outcome(removing, ALL, is_check_mode=False)["failed"]
    assert (told["common_name"], told["reason"]) == ("the certificate store", "not_found")


def test_what_another_run_has_removed_meanwhile_is_no_listener_that_was_left_alone() -> None:
    """Nor anything else that there is to say."""
    gone = {"id": None, "outcome": "unchanged", "reason": None, "message": "The store holds no such certificate."}
    used = {"id": 1, "outcome": "failed", "reason": "in_use", "message": "It is in use."}
    run = Rotation(
        listeners={"listeners": []},
        stock={"certificates": []},
        removed=[{"certificates": [gone]}, {"certificates": [used]}],
    )
    result = outcome(run, ALL, is_check_mode=False)
    assert {name: len(records) for name, records in result.items() if records} == {"skipped": 1}


def seen_by(deploys: bool, *listeners: dict[str, Any], is_check_mode: bool = False) -> dict[str, Any]:
    """The outcome of a run with these listeners."""
    phases = ["deploy", "verify"] if deploys else ["verify"]
    return outcome(Rotation(listeners={"listeners": list(listeners)}), phases, is_check_mode=is_check_mode)


def test_what_the_deploy_phase_has_seen_is_verified() -> None:
    """It looks at all listeners; one that cannot be looked at is skipped, and check mode sees nothing."""
    listeners = [
        listener("new", 1, 2, served=True),
        listener("old", 2, 2, served=True),
        listener("far", 2, 2, reason="not_reachable"),
        listener("wrong", 2, 2, outcome="failed", reason="not_served", served=False),
    ]
    result = seen_by(True, *listeners)
    told: Callable[[str], list[str]] = lambda name: [one["load_balancer"] for one in result[name]]  # noqa: E731
    assert (told("verified"), told("deployed"), told("skipped"), told("failed")) == (
        ["new", "old"],
        ["new"],
        ["far"],
        ["wrong"],
    )
    assert seen_by(True, *listeners, is_check_mode=True)["verified"] == []


def test_what_check_mode_has_seen() -> None:
    """Of what would be left alone, as a run says it; what would be removed is removed only once the rest was seen."""
    listeners = [listener("new", 1, 2), listener("good", 2, 2), listener("far", 2, 2), listener("wrong", 2, 2)]
    far = {**SILENT, "ip_address": None}
    seen = {"endpoints": [SEEN, far, {**SEEN, "certificate_ids": [9]}]}
    gone = {"id": 5, "outcome": "removed", "reason": None, "message": "Would be removed."}
    run = Rotation(listeners={"listeners": listeners}, seen=seen, removed=[{"certificates": [gone]}])
    for phases, verified, skipped in ((ALL, ["good"], ["far"]), (["deploy", "clean_up"], [], [])):
        result = outcome(run, phases, is_check_mode=True)
        assert [one["load_balancer"] for one in result["verified"]] == verified
        assert [one["load_balancer"] for one in result["skipped"]] == skipped
        assert [(one["load_balancer"], one["reason"]) for one in result["failed"]] == [("wrong", "not_served")]
        assert [one["message"] for one in result["removed"]] == [
            "Would be removed, once it was seen that what replaces it is served."
        ]
    blind = outcome(Rotation(listeners={"listeners": listeners}, seen={"failed": True}), ALL, is_check_mode=True)
    assert [one["common_name"] for one in blind["failed"]] == ["what the load balancers serve"]
