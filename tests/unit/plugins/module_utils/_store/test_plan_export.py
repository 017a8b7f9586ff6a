# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates are exported, under which names, and what of them is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError, Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    StoreListing,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store.plan_export import (
    ENDINGS,
    ExportAction,
    ExportOptions,
    build_content,
    check_key,
    compare,
    find_leftover_keys,
    list_file_stems,
    plan_exports,
)

from tests.support.certificates import NOW, PASSPHRASE, key_pem, new_key
from tests.support.stored import KEYS, Made, stored

WWW, OTHER = "www.example.com", "shop.example.com"
A, B = Made(), Made(OTHER, (OTHER, "alt.example.com"), key="ec")
KEY_PEM = A.issued.key_pem
ALL = ExportOptions()
DAMAGED = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"


def plan(*records: StoreCertificate, is_limited: bool = False, **options: Any) -> list[ExportAction]:
    return plan_exports(StoreListing(records, is_limited), ExportOptions(**options), NOW)


def told(actions: list[ExportAction]) -> list[tuple[int | None, str, str | None]]:
    return [(one.id, one.outcome, one.reason) for one in actions]


def test_a_diff_shows_public_facts() -> None:
    def facts(made: Made, name: str) -> dict[str, Any]:
        issued = made.issued
        end = f"{issued.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        return {"common_name": name, "fingerprint_sha256": issued.fingerprint, "not_after": end}

    [action] = plan(A.record(1))
    new = replace(action, outcome="exported", facts={"parts": ("certificate",)}, parts=("certificate",))
    headers = dict.fromkeys(("before_header", "after_header"), f"/srv/{WWW}")
    after = {"id": 1, **facts(A, WWW)}
    assert new.as_diff("/srv/{}".format) == {
        **headers,
        "before": {},
        "after": {**after, "state": "Exported: certificate."},
    }
    instead = replace(new, previous_certificate=B.record(2).certificate).simulate()
    assert instead.as_diff("/srv/{}".format) == {
        **headers,
        "before": facts(B, OTHER),
        "after": {**after, "state": "To be exported: certificate."},
    }


# Names


@pytest.mark.parametrize(
    ("made", "stem"),
    [
        (Made(), "www.example.com"),
        (Made("*.Example.com", ()), "_.example.com"),
        (Made(None, (OTHER, WWW)), OTHER),
        (Made("Some/../name", ()), "some_.._name"),
        (Made("B\u00fccher.example", ()), "xn--bcher-kva.example"),
        (Made(None, (), ("10.0.0.1",)), "10.0.0.1"),
        (Made(None, ()), "certificate"),
    ],
    ids=lambda value: "" if isinstance(value, Made) else value,
)
def test_files_have_the_name_of_their_certificate(made: Made, stem: str) -> None:
    assert list_file_stems([made.record(7)]) == {7: stem}


def test_one_that_cannot_be_read_has_the_name_that_the_api_tells() -> None:
    assert list_file_stems([A.record(7, certificate="?", commonName="Api.example.com")]) == {7: "api.example.com"}


def test_all_of_one_name_have_their_ids() -> None:
    records = [A.record(1), B.record(2), Made("WWW.example.com", (), days=(-9, -1)).record(3)]
    names = {1: f"{WWW}+1", 2: OTHER, 3: f"{WWW}+3"}
    assert list_file_stems(records) == list_file_stems(records[::-1]) == names
    assert [one.stem for one in plan(*records)] == [names[1], names[2]]
    assert [one.stem for one in plan(*records, certificate_ids=[3], include_expired=True)] == [names[3]]


def test_a_name_is_never_that_of_another_one_with_its_id() -> None:
    records = [A.record(1), A.record(2), Made("www.example.com+1", ()).record(3)]
    assert len(set(list_file_stems(records).values())) == 3


def test_files_of_a_former_name_are_noticed() -> None:
    two = plan(A.record(1), A.record(2), B.record(3))
    assert find_leftover_keys(two, {f"{WWW}.key", f"{WWW}+1.key", f"{OTHER}.key", "other.key"}) == [f"{WWW}.key"]
    [one] = plan(A.record(1))
    assert find_leftover_keys([one], {f"{WWW}.key", f"{WWW}+1.key", f"{WWW}+2.key"}) == [f"{WWW}+1.key"]
    assert find_leftover_keys(plan(certificate_ids=[9]), {"certificate+9.key", "certificate.key", ".key"}) == []


# Selection


def test_all_that_has_not_expired_is_selected() -> None:
    records = [A.record(1), Made(days=(-9, -1)).record(2), B.record(3)]
    assert told(plan(*records)) == [(1, "unchanged", None), (3, "unchanged", None)]
    assert told(plan(A.record(1, certificate=None))) == [(1, "failed", "invalid_pem")], "it has no end"
    assert [one.id for one in plan(*records, include_expired=True)] == [1, 2, 3]
    end = A.issued.certificate.not_valid_after_utc
    assert len(plan_exports(StoreListing(records[:1], False), ALL, end)) == 1, "the last second is valid"


def test_ids_are_selected_and_missed() -> None:
    records = [A.record(1), Made(days=(-9, -1)).record(2), B.record(5)]
    found = plan(*records, certificate_ids=[5, 9, 2, 4, 4])
    missing = [(id, "failed", "not_found") for id in (2, 4, 9)]
    assert told(found) == [*missing[:2], (5, "unchanged", None), missing[2]]
    assert found[0].facts == {"certificate_id": 2, "expired": records[1].not_after}
    assert found[3].facts == {"why": Obstacle("not_found", {"certificate_id": 9, "is_there": False})}
    assert found[0].as_result(NOW, str)["fingerprint_sha256"] == Made(days=(-9, -1)).issued.fingerprint
    assert find_leftover_keys(plan(records[1], certificate_ids=[2]), {f"{WWW}.key", f"{WWW}+2.key"}) == [f"{WWW}+2.key"]
    assert plan(*records, certificate_ids=[]) == plan(*records, common_names=[]) == []


def test_patterns_are_selected_and_missed() -> None:
    records = [A.record(1), Made("old.example.com", ("old.example.com",), days=(-9, -1)).record(2), B.record(3)]
    found = plan(*records, common_names=["ALT.*", "old.*", "none.*", "none.*"])
    assert told(found) == [(3, "unchanged", None), (None, "failed", "not_found"), (None, "failed", "not_found")]
    assert [one.name for one in found] == [OTHER, "old.*", "none.*"]
    assert [one.facts for one in found[1:]] == [
        {"pattern": "old.*", "have_expired": True},
        {"pattern": "none.*", "have_expired": False},
    ]


def test_a_user_who_may_only_view_gets_nothing() -> None:
    found = plan(A.record(1, notes="-"), is_limited=True, certificate_ids=[1, 2])
    assert told(found) == [(1, "failed", "no_permission"), (2, "failed", "no_permission")]
    shown = found[0].as_result(NOW, str)
    assert (shown["common_name"], shown["notes"], shown["associated_service_count"]) == (WWW, None, None)


# What differs


def contents(action: ExportAction, passphrase: str | None = None, key: str = KEY_PEM) -> dict[str, bytes | None]:
    """What is in a folder to which all of a certificate was written."""
    whole = replace(action, parts=tuple(ENDINGS))
    written = build_content(whole, check_key(action.id, action.bundle[0], key), passphrase)
    return {part: written[name] for part, name in action.files().items()}


def compared(action: ExportAction, passphrase: str | None = None, **folder: bytes | None) -> tuple[str, ...]:
    return compare(action, folder, passphrase).parts


[ACTION] = plan(A.record(4))


def test_the_certificate_comes_last() -> None:
    found = compare(ACTION, {}, None)
    assert (found.outcome, found.reason, found.previous_certificate) == ("exported", None, None)
    assert found.parts == ("privatekey", "intermediate", "certificate")
    assert list(build_content(found, check_key(ACTION.id, ACTION.bundle[0], KEY_PEM), None)) == [
        f"{WWW}{end}" for end in (".key", ".ca-bundle", ".crt")
    ]
    assert ACTION.simulate() == ACTION


def test_what_was_written_is_whole() -> None:
    written = contents(ACTION)
    assert written["privatekey"] == KEY_PEM.encode()
    assert written["intermediate"] == A.issued.chain_pem.encode()
    assert written["certificate"] == (A.issued.pem + A.issued.chain_pem).encode()


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_what_is_there_is_compared_by_content(passphrase: str | None) -> None:
    there = contents(ACTION, passphrase)
    noted = {name: b"Text\r\n" + (text or b"").replace(b"\n", b"\r\n") for name, text in there.items()}
    assert compared(ACTION, passphrase, **there) == compared(ACTION, passphrase, **noted) == ()
    for part in there:
        assert compared(ACTION, passphrase, **{**there, part: None}) == (part,)
        assert compared(ACTION, passphrase, **{**there, part: b"-----BEGIN CERTIFICATE-----\n?"}) == (part,)
    others = contents(replace(ACTION, record=B.record(4)), passphrase, B.issued.key_pem)
    assert compared(ACTION, passphrase, **others) == ("privatekey", "certificate"), "the chain is the same"
    found = compare(ACTION, others, passphrase)
    assert found.previous_certificate and found.previous_certificate.der == B.issued.der


def test_keys_are_encrypted_as_wanted() -> None:
    plain, encrypted = contents(ACTION), contents(ACTION, PASSPHRASE)
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (encrypted["privatekey"] or b"")
    assert compared(ACTION, None, **encrypted) == compared(ACTION, PASSPHRASE, **plain) == ("privatekey",)
    assert compared(ACTION, "another one", **encrypted) == ("privatekey",)


def test_one_without_a_chain_has_no_file_of_it() -> None:
    [alone] = plan(Made(by="itself").record(4))
    there = contents(alone)
    assert there["intermediate"] is None and compared(alone, **there) == ()
    assert compared(alone, **{**there, "intermediate": A.issued.chain_pem.encode()}) == ("intermediate",)
    assert compared(alone, **{**there, "intermediate": DAMAGED}) == ("intermediate",)
    [short] = plan(Made(chain="first").record(4))
    assert short.as_result(NOW, str)["paths"] == ACTION.as_result(NOW, str)["paths"]
    assert alone.as_result(NOW, str)["paths"]["intermediate_path"] is None


def test_a_chain_that_begins_with_the_certificate_is_written_without_it() -> None:
    [action] = plan(A.record(4, intermediateCertificate=A.issued.pem + A.issued.chain_pem))
    assert contents(action) == contents(ACTION) and compared(action, **contents(ACTION)) == ()


# Keys


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (None, "no_private_key"),
        ("-----BEGIN PRIVATE KEY-----", "invalid_pem"),
        ("\ud800", "invalid_pem"),
        (key_pem(new_key("rsa"), passphrase=PASSPHRASE), "invalid_pem"),
        (key_pem(KEYS["ec"]), "key_mismatch"),
    ],
    ids=["none", "broken", "no text", "encrypted", "of another one"],
)
def test_a_key_that_does_not_fit_is_not_taken(key: str | None, reason: str) -> None:
    with pytest.raises(CertificatesError) as caught:
        check_key(ACTION.id, ACTION.bundle[0], key)
    assert caught.value.code == reason and "PRIVATE KEY" not in caught.value.message


def test_results_have_public_facts() -> None:
    result = compare(ACTION, {}, None).as_result(NOW, lambda name: f"/dest/{name}")
    assert (result["id"], result["fingerprint_sha256"], result["outcome"]) == (4, A.issued.fingerprint, "exported")
    assert result["paths"] == {f"{part}_path": f"/dest/{WWW}{ending}" for part, ending in ENDINGS.items()}
    failed = compare(ACTION, {}, None).mark_failed("api_error", {"error": "No."})
    shown = failed.as_result(NOW, str)
    assert (shown["paths"], shown["reason"], failed.parts) == (None, "api_error", ())
    assert not failed.is_changed
    assert failed.mark_failed_by(CertificatesError("not_written", "No.", is_changed=True)).is_changed
    [missing] = plan(common_names=["none.*"])
    unknown = missing.as_result(NOW, str)
    assert unknown.keys() == result.keys()
    known = {name for name, value in unknown.items() if value is not None}
    assert known == {"common_name", "outcome", "reason", "message"}
    assert unknown["common_name"] == "none.*"
    [no_id] = plan(certificate_ids=[9])
    assert (no_id.name, no_id.as_result(NOW, str)["id"]) == ("certificate 9", 9)
    assert plan(A.record(1), is_limited=True)[0].as_result(NOW, str).keys() == result.keys()
    assert stored(1, A.issued).as_result(NOW)["notes"] == result["notes"] == ""


def test_nothing_was_changed_unless_that_is_said() -> None:
    assert [value for value in vars(ExportAction("unchanged", None, {})).values() if value] == ["unchanged"]
