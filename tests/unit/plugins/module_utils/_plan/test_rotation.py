# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which steps a rotation has, and which certificates of the sources it imports."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation import (
    Choice,
    Wishes,
    choose,
    steps,
    why_refused,
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
        ({"sources": [{"certbot": "/none"}]}, "[0] names /none, which is no folder"),
        ({"sources": [{"folder": "/f", "privatekey_dir": "/f"}]}, "privatekey_dir, which belongs to mail"),
        ({"sources": [{"mail": {"maildir": "/m"}}]}, "needs privatekey_dir"),
        (
            {"sources": [{"mail": {"maildir": "/m"}, "privatekey_dir": "/none"}]},
            "has privatekey_dir /none, which is no folder",
        ),
        ({"sources": [{"mail": {"max_age_days": 3}, "privatekey_dir": "/f"}]}, "must name the mailbox by one of imap"),
        (
            {"sources": [{"mail": {"maildir": "/m", "max_age_days": -1}, "privatekey_dir": "/f"}]},
            "ssl_rotation_sources[0] has a mail that cannot be used: max_age_days must be greater than 0 and at most 36500.",
        ),
        ({"deploy_concurrency": 0}, "ssl_rotation_deploy_concurrency is 0"),
        ({"phases": ["report"]}, "needs ssl_rotation_report_path"),
        ({"report_path": "/none/r.html"}, "ssl_rotation_report_path is /none/r.html"),
        ({"report_path": "/f/r.txt"}, "ssl_rotation_report_path is /f/r.txt"),
        ({"max_listeners": -1}, "ssl_rotation_max_listeners is -1, but must be 0 or more."),
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
    assert reporting is not None and "is no folder" in reporting


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


def test_an_empty_store_may_be_one_that_is_not_shown() -> None:
    """The API leaves out what a user may not see, so importing all anew is not the first thing to advise."""
    [left] = choose([entry()], [], Wishes(), AT).skipped
    assert left["reason"] == "new_name" and "SECURITY_CERTIFICATE_MANAGE" in left["message"]


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
