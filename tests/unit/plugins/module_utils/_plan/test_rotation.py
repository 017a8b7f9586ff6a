# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which steps a rotation has, which certificates of the sources it imports, and what it would leave behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.forecast import after
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation import (
    Choice,
    Wishes,
    choose,
    steps,
    why_refused,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation_result import (
    Rotation,
    outcome,
    what_to_remove,
)
from hypothesis import given
from hypothesis import strategies as st

AT = datetime(2026, 6, 1, tzinfo=timezone.utc)
ALL = ["import", "deploy", "verify", "clean_up", "report"]
SETTINGS = {
    "phases": ALL,
    "sources": [{"certbot": "/etc/letsencrypt"}],
    "remove_superseded": False,
    "deploy_concurrency": 4,
}


def certificate(
    fingerprint: str, begin: str = "2026-05", names: Iterable[str] = ("www.example.com",), **other: Any
) -> Any:
    """The facts of a certificate without a common name, as ACME authorities issue them."""
    return {
        "common_name": None,
        "subject_alt_names": list(names),
        "not_before": f"{begin}-01T00:00:00Z",
        "not_after": "2026-08-01T00:00:00Z",
        "key_type": "RSA",
        "organization_name": None,
        "fingerprint_sha256": fingerprint,
        **other,
    }


def entry(
    fingerprint: str = "new", begin: str = "2026-05", names: Iterable[str] = ("www.example.com",), **other: Any
) -> Any:
    """A certificate of a source."""
    about = {"source": "certbot", "name": fingerprint, "path": f"/live/{fingerprint}/cert.pem"}
    trust = {"trust": "trusted", "trust_message": "Give the root."}
    return {**certificate(fingerprint, begin, names), **about, **trust, **other}


def stored(identifier: int, begin: str = "2026-01", names: Iterable[str] = ("www.example.com",), **other: Any) -> Any:
    """A certificate of the store that no service uses."""
    facts = certificate(f"stored-{identifier}", begin, names)
    return {**facts, "id": identifier, "associated_service_count": 0, "services": [], **other}


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


def reasons(choice: Choice) -> dict[str, str]:
    """Why each certificate was skipped."""
    return {one["name"]: one["reason"] for one in choice.skipped}


def chosen(choice: Choice) -> list[str]:
    """The certificates to import."""
    return [one["name"] for one in choice.chosen]


# The run


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["sources", "import", "deploy"]),
        ({"report_path": "/r.html"}, ["sources", "import", "deploy", "report"]),
        ({"remove_superseded": True}, ["sources", "import", "deploy", "clean_up"]),
        ({"phases": ["verify"]}, ["listeners", "verify"]),
        ({"phases": ["clean_up"]}, []),
        ({"phases": ["clean_up"], "remove_superseded": True}, ["listeners", "verify", "clean_up"]),
        ({"phases": ["report"], "report_path": "/r.html"}, ["sources", "listeners", "report"]),
        ({"phases": ["report"], "report_path": "/r.html", "sources": []}, ["sources", "listeners", "report"]),
        ({"phases": ["import", "verify"]}, ["sources", "import", "listeners", "verify"]),
    ],
)
def test_steps(changes: dict[str, Any], expected: list[str]) -> None:
    """A run that deploys looks at the listeners by that; any other looks only if something needs it."""
    assert steps({**SETTINGS, **changes}) == expected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sources": []}, "names no source"),
        ({"sources": [{}]}, "ssl_rotation_sources[0] must name one of certbot, lego, acme_sh, folder, mail."),
        (
            {"sources": [{"lego": "/l"}, {"lego": "/l", "folder": "/f"}]},
            "[1] must name one of certbot, lego, acme_sh, folder, mail: it names lego and folder",
        ),
        ({"sources": [{"certbot": "/none"}]}, "[0] names /none, but there is no such folder"),
        ({"sources": [{"folder": "/f", "privatekey_dir": "/f"}]}, "privatekey_dir, which belongs to mail"),
        ({"sources": [{"mail": {"maildir": "/m"}}]}, "needs privatekey_dir"),
        ({"sources": [{"mail": {"maildir": "/m"}, "privatekey_dir": "/none"}]}, "needs privatekey_dir"),
        ({"sources": [{"mail": {"maildir": "/m", "secret": "x"}, "privatekey_dir": "/f"}]}, "a mail with unknown keys"),
        ({"sources": [{"mail": {"max_age_days": 3}, "privatekey_dir": "/f"}]}, "must name the mailbox by one of imap"),
        ({"deploy_concurrency": 0}, "ssl_rotation_deploy_concurrency is 0"),
        ({"phases": ["report"]}, "needs ssl_rotation_report_path"),
        ({"report_path": "/none/r.html"}, "ssl_rotation_report_path is /none/r.html"),
        ({"report_path": "/f/r.txt"}, "ssl_rotation_report_path is /f/r.txt"),
    ],
)
def test_a_run_that_cannot_begin_is_refused(changes: dict[str, Any], said: str) -> None:
    """With one sentence that names the variable."""
    reason = why_refused({**SETTINGS, **changes}, lambda path: not path.startswith("/none"), lambda path: path)
    assert said in (reason or "")
    assert why_refused(SETTINGS, lambda _path: True, lambda path: path) is None


def test_phases_without_sources_need_none() -> None:
    """Deploying, looking and removing deal with the store and the listeners alone."""
    settings = {**SETTINGS, "phases": ["deploy", "verify", "clean_up"], "sources": None}
    assert why_refused(settings, lambda _path: True, lambda path: path) is None


# What to import


def test_the_newest_valid_one_of_each_set_of_names_and_type_of_key() -> None:
    """An older one gives way to it, an expired one does not count, and another type of key is another certificate."""
    entries = [
        entry("older", "2026-03"),
        entry("newest"),
        entry("later", "2026-07"),
        entry("expired", not_after="2026-05-31T23:59:59Z", not_before="2026-05-30T00:00:00Z"),
        entry("ec", "2026-02", key_type="EC"),
        entry("newest", source="folder", path="/copy.crt"),
        entry("api", "2026-02", ("api.example.com",)),
    ]
    found = choose(entries, [stored(1), stored(2, names=["API.example.com"])], Wishes(), AT)
    assert chosen(found) == ["newest", "ec", "api"]
    assert reasons(found) == {"older": "superseded", "later": "not_yet_valid", "expired": "expired"}


def test_a_trusted_one_is_preferred_to_a_newer_one() -> None:
    """A certificate of a staging authority never replaces a real one."""
    entries = [entry("staging", trust="untrusted"), entry("real", "2026-04")]
    assert chosen(choose(entries, [stored(1)], Wishes(), AT)) == ["real"]
    assert reasons(choose(entries, [stored(1)], Wishes(), AT)) == {"staging": "untrusted"}
    lenient = choose(entries, [stored(1)], Wishes(needs_trust=False), AT)
    assert (chosen(lenient), reasons(lenient)) == (["real"], {"staging": "superseded"})
    assert chosen(choose(entries[:1], [stored(1)], Wishes(needs_trust=False), AT)) == ["staging"]
    lacking = choose([entry(trust="incomplete")], [stored(1)], Wishes(), AT)
    assert reasons(lacking) == {"new": "chain_incomplete"}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (stored(1, fingerprint_sha256="new"), "already_imported"),
        (stored(1, "2026-05"), "superseded"),
        (
            stored(1, "2026-06", names=["www.example.com", "more.example.com"], not_after="2027-01-01T00:00:00Z"),
            "superseded",
        ),
        (stored(1, "2026-06", key_type="EC"), None),
        (stored(1, "2026-05", not_after="2026-05-20T00:00:00Z"), None),
        (
            stored(1, fingerprint_sha256=None, subject_alt_names=None, common_name="www.example.com", key_type=None),
            None,
        ),
        (stored(1, names=["api.example.com"]), "new_name"),
        (stored(1, names=["www.example.com", "api.example.com"]), "new_name"),
        (stored(1, names=[]), "new_name"),
    ],
)
def test_what_the_store_has(record: dict[str, Any], reason: str | None) -> None:
    """It holds the certificate, one as new, one that it renews, or none of that."""
    found = choose([entry()], [record], Wishes(), AT)
    assert reasons(found).get("new") == reason
    assert chosen(found) == ([] if reason else ["new"])


def test_new_names_on_request() -> None:
    """What lacks a name of the only related certificate says which."""
    records = [stored(1, names=["www.example.com", "api.example.com"])]
    (told,) = choose([entry()], records, Wishes(), AT).skipped
    assert "certificate 1 is also for api.example.com" in told["message"]
    assert "ssl_rotation_import_new: true" in told["message"]
    assert chosen(choose([entry()], records, Wishes(import_new=True), AT)) == ["new"]
    assert chosen(choose([entry()], [], Wishes(import_new=True), AT)) == ["new"]


def test_a_certificate_that_is_skipped_is_told_without_its_text() -> None:
    """It is long, and in the way of who reads the result."""
    (told,) = choose([entry(certificate="PEM", intermediate_certificate=None)], [], Wishes(), AT).skipped
    assert told["reason"] == "new_name" and not {"certificate", "intermediate_certificate"} & told.keys()


def test_patterns_narrow_what_is_looked_at() -> None:
    """Anything else is not told of; an empty list selects nothing."""
    entries = [entry("a"), entry("b", names=["shop.example.com", "api.example.com"])]
    narrow = choose(entries, [], Wishes(["API.*"], import_new=True), AT)
    assert (chosen(narrow), narrow.skipped) == (["b"], [])
    assert choose(entries, [], Wishes([], import_new=True), AT) == Choice([], [])


def test_an_address_is_no_name_that_a_pattern_matches() -> None:
    """As in the modules; but it must not be lost."""
    both, address = entry("both", names=["192.0.2.1", "www.example.com"]), entry("address", names=["192.0.2.1"])
    wishes = Wishes(["192.*", "www.*"], import_new=True)
    assert chosen(choose([both, address], [], wishes, AT)) == ["both"]
    (told,) = choose([entry()], [stored(1, names=["192.0.2.1", "www.example.com"])], Wishes(), AT).skipped
    assert "certificate 1 is also for 192.0.2.1" in told["message"]


def test_certificates_without_any_name_do_not_replace_each_other() -> None:
    """Nothing says that they are for the same."""
    entries = [entry("a", "2026-02", []), entry("b", "2026-03", []), entry("c", "2026-04", [])]
    assert chosen(choose(entries, [stored(1, names=[])], Wishes(import_new=True), AT)) == ["a", "b", "c"]
    told = choose(entries[:1], [stored(1, names=[])], Wishes(), AT).skipped
    assert [one["message"] for one in told] == [
        "It is for no name, so it renews no certificate of the store. ssl_rotation_import_new: true imports it."
    ]


@given(st.permutations([entry("a", "2026-02"), entry("b", "2026-03"), entry("c", "2026-04"), entry("c", "2026-04")]))
def test_the_order_of_the_sources_does_not_matter(entries: list[Any]) -> None:
    """As long as one is the newest."""
    found = choose(entries, [stored(1)], Wishes(), AT)
    assert (chosen(found), set(reasons(found))) == (["c"], {"a", "b"})


# What it would leave behind


def test_after_a_run_that_imports_first() -> None:
    """The old one would be unused, the new one served; nothing that is shown has the id of what is not stored yet."""
    old = stored(1, associated_service_count=2, services=[service("web"), service("other")])
    records, settled = after([old, stored(2)], [listener("web", 1, None), listener("shop", 2, 2)], [entry()])
    assert [(one["id"], one["associated_service_count"]) for one in records] == [(1, 1), (2, 0), (-1, 0)]
    assert records[0]["services"] == [service("other")]
    assert [(one.record["certificate_id"], one.record["served"]) for one in settled] == [(-1, True), (2, True)]


@pytest.mark.parametrize(
    ("services", "expected"),
    [([service("web")], [1]), ([service("web"), service("other")], [])],
)
def test_what_check_mode_expects_to_be_removed(services: list[dict[str, Any]], expected: list[int]) -> None:
    """What the plan leaves unused and replaces by what is served then."""
    old = stored(1, associated_service_count=len(services), services=services)
    run = Rotation(listeners={"listeners": [listener("web", 1, None)]}, stock={"certificates": [old]})
    found = removal_of(run, [entry()], is_check_mode=True)
    assert [one["id"] for one in found["expected"]] == expected
    assert found["absent"] == found["kept"] == []


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
    choice = {"chosen": [entry(name) for name in "abcde"], "skipped": [entry("s", reason="new_name")]}
    did = imports(
        ("imported", None), ("updated", None), ("unchanged", None), ("failed", "key_mismatch"), ("failed", "refused")
    )
    run = Rotation(
        found={"skipped": [entry("k", reason="key_missing")]}, choice=choice, imports=did, store={"certificates": []}
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
    assert [one["common_name"] for one in outcome(run, ALL, is_check_mode=False)["failed"]] == [about]


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
