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
    "max_listeners": 20,
    "balancer_wait_timeout": 900.0,
    "verify_timeout": 120.0,
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


def test_check_mode_looks_at_the_listeners_if_removals_depend_on_it() -> None:
    """Since its deploy phase does not."""
    assert steps(SETTINGS, is_check_mode=True) == steps(SETTINGS)
    removing = steps({**SETTINGS, "remove_superseded": True}, is_check_mode=True)
    assert removing == ["sources", "import", "deploy", "verify", "clean_up"]
    alone = {**SETTINGS, "phases": ["verify"]}
    assert steps(alone, is_check_mode=True) == steps(alone)


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
        ({"max_listeners": -1}, "ssl_rotation_max_listeners is -1, but must be from 0 to"),
        ({"balancer_wait_timeout": -0.5}, "ssl_rotation_balancer_wait_timeout is -0.5, but must be from 0 to 86400."),
        ({"verify_timeout": 86_401.0}, "ssl_rotation_verify_timeout is 86401.0, but must be from 0 to 86400."),
        ({"trusted_ca_path": "/none/root.pem"}, "No roots in /none/root.pem."),
    ],
)
def test_a_run_that_cannot_begin_is_refused(changes: dict[str, Any], said: str) -> None:
    """With one sentence that names the variable."""
    assert said in (refusal(**changes) or "")
    assert refusal() is None
    assert refusal(trusted_ca_path="/f/root.pem") is None


def refusal(**changes: Any) -> str | None:
    """Why a run cannot begin on a controller where nothing is below `/none`."""
    return why_refused(
        {**SETTINGS, **changes},
        lambda path: not path.startswith("/none"),
        lambda path: path,
        lambda path: f"No roots in {path}." if path.startswith("/none") else None,
    )


def test_phases_without_sources_need_none() -> None:
    """Deploying, looking and removing deal with the store and the listeners alone."""
    phases = ["deploy", "verify", "clean_up"]
    assert refusal(phases=phases, sources=None) is None
    gone = [{"certbot": "/none"}]
    assert refusal(phases=phases, sources=gone) is None
    assert refusal(phases=[*phases, "report"], sources=gone) is None
    reporting = refusal(phases=[*phases, "report"], sources=gone, report_path="/f/r.html")
    assert reporting is not None and "there is no such folder" in reporting


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


BOTH = ("www.example.com", "api.example.com")


@pytest.mark.parametrize(
    ("wider", "is_needless"),
    [
        (entry("wider", names=BOTH), True),
        (entry("wider", "2026-04", BOTH), False),
        (entry("wider", names=BOTH, key_type="EC"), False),
        (entry("wider", names=BOTH, organization_name="Example Ltd"), False),
        (entry("wider", names=BOTH, trust="untrusted"), False),
        (entry("wider", names=(*BOTH, "shop.example.com")), True),
        (entry("wider", names=("api.example.com", "shop.example.com")), False),
    ],
)
def test_one_that_has_all_its_names_and_is_imported_too(wider: dict[str, Any], is_needless: bool) -> None:
    """Its listeners would get the other one, and what no listener has would be removed again."""
    shelf = [stored(1), stored(2, names=["api.example.com"])]
    found = choose([entry("narrow"), wider], shelf, Wishes(needs_trust=False), AT)
    assert chosen(found) == (["wider"] if is_needless else ["narrow", "wider"])
    assert reasons(found) == ({"narrow": "superseded"} if is_needless else {})
    if is_needless:
        assert "certbot has a better one for these names and more, /live/wider/cert.pem" in found.skipped[0]["message"]


def test_one_that_has_all_its_names_and_is_not_imported() -> None:
    """It takes the place of nothing."""
    wider = entry("wider", names=BOTH)
    for other, store, reason in (
        ({**wider, "trust": "untrusted"}, [stored(1)], "untrusted"),
        (wider, [stored(1), stored(2, "2026-04", BOTH, fingerprint_sha256="wider")], "already_imported"),
    ):
        found = choose([entry("narrow", "2026-05"), other], store, Wishes(), AT)
        assert (chosen(found), reasons(found)) == (["narrow"], {"wider": reason})


def test_the_widest_of_several_is_imported() -> None:
    """And nothing that it has all names of, in whatever order they are found."""
    names = [f"{number}.example.com" for number in range(4)]
    entries = [entry(f"for {number}", names=names[:number]) for number in (2, 1, 4, 3)]
    found = choose(entries, [stored(1, names=names[:1])], Wishes(), AT)
    assert chosen(found) == ["for 4"]
    assert set(reasons(found).values()) == {"superseded"}


@pytest.mark.parametrize(
    ("source", "remedy"),
    [("lego", "have lego renew it."), ("folder", "put a renewed one there."), ("mail", "put a renewed one there.")],
)
def test_who_is_to_renew_what_has_expired(source: str, remedy: str) -> None:
    """A client, or whoever fills the folder."""
    old = entry(source=source, not_after="2026-05-31T00:00:00Z")
    (told,) = choose([old], [stored(1)], Wishes(), AT).skipped
    assert told["message"] == f"It expired at 2026-05-31T00:00:00Z: {remedy}"


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
