# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook `rotate`: from the files of other clients to what HAProxy serves for the load balancers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.approvals import preview_of

from tests.simulator.client import Simulator
from tests.support.balanced import (
    AUTHORITY,
    UPDATE,
    Told,
    account,
    balanced,
    balancer,
    general,
    have,
    ids,
    put,
    run,
    store,
)
from tests.support.certificates import Authority, Issued, leaks, new_key, pkcs12_of, self_signed
from tests.support.dovecot import Server
from tests.support.messages import mail, text_part
from tests.support.playing import play

__all__ = ["account", "balanced"]
pytest_plugins = ["tests.support.dovecot"]

CREATE, DELETE = "createObject", "deleteObject"
CHANGES = {UPDATE, CREATE, DELETE, "editObject"}
ONCE_SEEN = "Would be removed, once it was seen that what replaces it is served."


def keep(folder: Path, name: str, issued: Issued, *endings: str) -> None:
    """Put a certificate into a folder, as people keep it."""
    folder.mkdir(exist_ok=True)
    contents = {".crt": issued.pem, ".key": issued.key_pem, ".ca-bundle": issued.chain_pem}
    for ending in endings or contents:
        (folder / f"{name}{ending}").write_text(contents[ending], encoding="utf-8")


def renewed(*names: str, **how: Any) -> Issued:
    """A new certificate, with a key of its own and an empty subject unless something else is said."""
    return AUTHORITY.issue(None, names=list(names), **{"key": new_key("rsa"), **how})


def rotate(sim: Simulator, folder: Path, *options: str, playbook: str = "rotate", **variables: Any) -> Told:
    """Rotate what is in the folder `keys`; that certificates are due is not what most tests are about."""
    given = {"sources": [{"folder": str(folder / "keys")}], "fail_on": [], **variables}
    ready = {f"ssl_rotation_{name}": value for name, value in given.items() if value is not None}
    told = run(sim, folder, playbook, *options, **ready)
    assert not leaks(told.ran.output + json.dumps(told.result))
    return told


def reasons(told: Told) -> dict[str, str]:
    """Why each certificate of a source was left out."""
    return {one["name"]: one["reason"] for one in told.result["skipped"]}


def changes(told: Told) -> Counter[str]:
    """What was called that changes something."""
    return Counter(call for call in told.calls if call in CHANGES)


def test_from_the_files_to_what_is_served(account: Simulator, tmp_path: Path) -> None:
    """The plan says what the run does; a second run changes nothing."""
    www, api = store(account, "www.example.com", is_old=True), store(account, "api.example.com", is_old=True)
    balancer(account, "web", p443=www, p8443=www)
    balancer(account, "api", p443=api)
    keep(tmp_path / "keys", "first", renewed("www.example.com"))
    keep(tmp_path / "keys", "second", renewed("api.example.com"))
    keep(tmp_path / "keys", "third", renewed("new.example.com"))
    before, held = have(account), ids(account)
    options = {"remove_superseded": True, "report_path": str(tmp_path / "report.html")}

    plan = rotate(account, tmp_path, "--check", "--diff", **options)
    assert plan.ran.code == 0, plan.ran.output
    assert (have(account), ids(account), changes(plan)) == (before, held, Counter())
    assert "www.example.com: would be imported, from folder first" in plan.ran.output
    assert "web:443: would be switched to the certificate that is to be imported (www.example.com)" in plan.ran.output
    assert f"certificate {www} (www.example.com): would be removed, once it is seen that what" in plan.ran.output
    assert {one["message"] for one in plan.result["imported"]} == {"Would be imported."}
    assert {one["message"].partition(",")[0] for one in plan.result["deployed"]} == {"Would be switched"}
    assert {one["message"] for one in plan.result["removed"]} == {ONCE_SEEN}
    assert [one["certificate_id"] for one in plan.result["deployed"]] == [None, None, None]
    assert {one["id"] for one in plan.result["removed"]} == {www, api}
    assert not (tmp_path / "report.html").exists()

    done = rotate(account, tmp_path, **options)
    assert done.ran.code == 0, done.ran.output
    assert changes(done) == Counter({CREATE: 2, UPDATE: 2, DELETE: 2})
    stored = {one["subject_alt_names"][0]: one["id"] for one in done.result["imported"]}
    assert have(account) == {
        "web:443": stored["www.example.com"],
        "web:8443": stored["www.example.com"],
        "api:443": stored["api.example.com"],
    }
    assert ids(account) == sorted(stored.values())
    assert len(done.result["verified"]) == len(done.result["deployed"]) == 3
    assert {one["id"] for one in done.result["removed"]} == {www, api}
    assert {one["message"] for one in done.result["imported"]} == {"Imported."}
    assert {one["message"] for one in done.result["removed"]} == {"Removed."}
    assert reasons(done) == {"third": "new_name"}
    assert preview_of(plan.result) == preview_of(done.result)
    assert (tmp_path / "report.html").exists()

    again = rotate(account, tmp_path, **options)
    assert (again.ran.code, again.ran.changed, changes(again)) == (0, 0, Counter()), again.ran.output
    assert reasons(again) == {"first": "already_imported", "second": "already_imported", "third": "new_name"}
    assert len(again.result["verified"]) == 3


def test_each_phase_alone(account: Simulator, tmp_path: Path) -> None:
    """In any order; what a phase needs to know it finds out by itself."""
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    assert rotate(account, tmp_path, phases="deploy", sources=None).result["deployed"] == []
    alone = rotate(account, tmp_path, phases=["import"])
    assert (changes(alone), have(account)) == (Counter({CREATE: 1}), {"web:443": www})
    (new,) = (one["id"] for one in alone.result["imported"])
    early = rotate(account, tmp_path, phases=["clean_up"], remove_superseded="yes", sources=None)
    assert changes(early) == Counter() and www in ids(account)
    deploy = rotate(account, tmp_path, phases="deploy", sources=None)
    assert (changes(deploy), have(account)) == (Counter({UPDATE: 1}), {"web:443": new})
    assert deploy.result["verified"] == []
    verify = rotate(account, tmp_path, phases="verify", sources=None)
    assert (changes(verify), verify.outcomes("verified")) == (Counter(), {"web:443": ("verified", None, True)})
    kept = rotate(account, tmp_path, phases="clean_up", sources=None)
    assert (kept.ran.code, kept.result["removed"], changes(kept)) == (0, [], Counter())
    assert "remove_superseded is false" in kept.ran.output
    planned = rotate(account, tmp_path, "--check", phases="clean_up", remove_superseded=True, sources=None)
    assert ([one["id"] for one in planned.result["removed"]], changes(planned)) == ([www], Counter())
    assert planned.ran.changed > 0
    removed = rotate(account, tmp_path, phases="clean_up", remove_superseded=True, sources=None)
    assert ([one["id"] for one in removed.result["removed"]], ids(account)) == ([www], [new])


def test_a_listener_that_serves_something_else_keeps_the_old_certificate(account: Simulator, tmp_path: Path) -> None:
    """It is pointed back and the run fails; nothing is removed."""
    www = store(account, "www.example.com", is_old=True)
    web = balancer(account, "web", p443=www, p8443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    account.patch_listener(web["listeners"][0]["uuid"], misbehaves="closed", changes=9)
    told = rotate(account, tmp_path, remove_superseded=True)
    assert told.ran.code == 2 and "web:443: FAILED, " in told.ran.output
    assert have(account)["web:443"] == www and www in ids(account)
    assert changes(told)[DELETE] == 0


def test_more_than_is_allowed_is_refused_and_finished_later(account: Simulator, tmp_path: Path) -> None:
    """What was imported stays, and the next run deploys it."""
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www, p8443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    refused = rotate(account, tmp_path, max_listeners=1)
    assert refused.ran.code == 2 and "raise max_listeners" in refused.ran.output
    assert changes(refused) == Counter({CREATE: 1}) and set(have(account).values()) == {www}
    foreseen = rotate(account, tmp_path, "--check", max_listeners=1, remove_superseded=True)
    assert foreseen.ran.code == 2 and "removed 0, skipped 1, failed 1" in foreseen.ran.output, foreseen.ran.output
    finished = rotate(account, tmp_path, max_listeners="2")
    assert (finished.ran.code, changes(finished)) == (0, Counter({UPDATE: 1}))


RESCUED = """
- hosts: localhost
  gather_facts: false
  tasks:
    - block:
        - include_role:
            name: softlayer.certificates.ssl_rotation
      always:
        - copy:
            content: "{{ ssl_rotation_result | to_json }}"
            dest: "{{ tell }}"
            mode: "0600"
"""


def test_a_module_that_fails_as_a_whole_is_told_with_its_reason(account: Simulator, tmp_path: Path) -> None:
    """In the result, too."""
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www, p8443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    (tmp_path / "rescued.yml").write_text(RESCUED, encoding="utf-8")
    given = {"ssl_rotation_sources": [{"folder": str(tmp_path / "keys")}], "ssl_rotation_max_listeners": 1}
    given |= general(tmp_path) | {"tell": str(tmp_path / "told.json")}
    ran = play(account, tmp_path, str(tmp_path / "rescued.yml"), **given)
    assert ran.code == 2, ran.output
    (failure,) = json.loads((tmp_path / "told.json").read_text("utf-8"))["failed"]
    assert (failure["common_name"], failure["reason"]) == ("the load balancers", "too_many_listeners")
    assert failure["code"] == failure["reason"] and failure["message"].endswith("raise max_listeners.")


def test_broken_entries_stop_nothing(account: Simulator, tmp_path: Path) -> None:
    """They are skipped with a reason each, and the others are rotated."""
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www)
    keys = tmp_path / "keys"
    keep(keys, "www", renewed("www.example.com"))
    keep(keys, "lost", renewed("www.example.com", "lost.example.com", key=new_key()), ".crt")
    keep(keys, "stranger", self_signed("www.example.com"), ".crt", ".key")
    keep(keys, "late", renewed("www.example.com", days=(-90, -1)))
    (keys / "half.crt").write_text(renewed("www.example.com").pem[:300], encoding="utf-8")
    (keys / "nowhere.crt").symlink_to(keys / "gone.crt")
    told = rotate(account, tmp_path)
    assert told.ran.code == 0, told.ran.output
    expected = {"lost": "key_missing", "stranger": "untrusted", "late": "expired"}
    expected |= {"half": "malformed", "nowhere": "broken_link"}
    assert reasons(told) == expected
    assert changes(told) == Counter({CREATE: 1, UPDATE: 1})
    assert "folder lost: SKIPPED, key_missing: " in told.ran.output


def test_other_forms_of_sources(account: Simulator, tmp_path: Path) -> None:
    """Several sources at once: PKCS#12 with a passphrase, an email with a key of a folder, and text as a shell gives it."""
    names = ("www.example.com", "api.example.com", "shop.example.com")
    for number, name in enumerate(names):
        balancer(account, f"b{number}", p443=store(account, name, is_old=True))
    www, api, shop = (renewed(name) for name in names)
    first, second, third = (tmp_path / name for name in ("keys", "more", "csr"))
    keep(first, "www", www)
    second.mkdir()
    (second / "api.p12").write_bytes(pkcs12_of(api, "open sesame"))
    keep(third, "shop", shop, ".key")
    mails = tmp_path / "mails"
    mails.mkdir()
    (mails / "1.eml").write_bytes(mail(text_part(shop.pem + shop.chain_pem)))
    sources = [
        {"folder": str(first)},
        {"folder": str(second)},
        {"mail": {"paths": [str(mails)]}, "privatekey_dir": str(third)},
    ]
    plan = rotate(account, tmp_path, "--check", sources=sources, privatekey_passphrase="open sesame")
    assert (plan.ran.code, len(plan.result["deployed"])) == (0, 3), plan.ran.output
    told = rotate(account, tmp_path, sources=sources, privatekey_passphrase="open sesame")
    assert (told.ran.code, len(told.result["deployed"])) == (0, 3), told.ran.output
    assert "open sesame" not in told.ran.output
    again = rotate(account, tmp_path, "-e", f"ssl_rotation_sources=folder={first}", sources=None)
    assert (again.ran.code, reasons(again)) == (0, {"www": "already_imported"}), again.ran.output


DIRECT = """
- hosts: localhost
  gather_facts: false
  tasks:
    - softlayer.certificates.ssl_certificate_rotate:
        sources: "{{ ssl_rotation_sources }}"
        privatekey_passphrase: "{{ ssl_rotation_privatekey_passphrase }}"
        trusted_ca_path: "{{ ssl_rotation_trusted_ca_path }}"
        fail_on: []
      register: done
      ignore_errors: true
    - debug: {var: done}
"""


def test_the_loudest_output_has_no_secrets(
    account: Simulator, dovecot: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the role and of the module in a play of one's own: what they print, return and log, whether the mailbox lets them in or not."""
    monkeypatch.setenv("ANSIBLE_LOG_PATH", str(tmp_path / "ansible.log"))
    monkeypatch.setenv("ANSIBLE_INJECT_INVOCATION", "true")  # as older releases of ansible-core do by themselves
    balancer(account, "web", p443=store(account, "www.example.com", is_old=True))
    www, mailbox = renewed("www.example.com"), dovecot.new_user()
    keep(tmp_path / "csr", "www", www, ".key")
    mailbox.deliver(mail(text_part(f"The code of the door is 739184-rosebud.\n{www.pem}{www.chain_pem}")))
    (tmp_path / "direct.yml").write_text(DIRECT, encoding="utf-8")
    output = ""
    for imap, code in ((mailbox.options(password="not this one"), 2), (mailbox.options(), 0)):
        given = {
            "sources": [{"mail": {"imap": imap}, "privatekey_dir": str(tmp_path / "csr")}],
            "privatekey_passphrase": "open sesame",
        }
        told = rotate(account, tmp_path, "-vvvv", "--diff", **given)
        assert told.ran.code == code, told.ran.output
        ready = {f"ssl_rotation_{name}": value for name, value in given.items()} | general(tmp_path)
        output += (
            told.ran.output + play(account, tmp_path, str(tmp_path / "direct.yml"), "-vvvv", "--diff", **ready).output
        )
    assert len(told.result["deployed"]) == 1
    assert output.count("refuses the login") > 1 and output.count('"invocation"') > 3
    output += (tmp_path / "ansible.log").read_text(encoding="utf-8")
    for secret in (mailbox.password, "not this one", "open sesame", account.api_key, "rosebud"):
        assert secret not in output
    assert not leaks(output)


def test_an_email_from_an_authority_that_nobody_trusts(account: Simulator, tmp_path: Path) -> None:
    """It is told as it is for a file; a key that no email has come for is passed over."""
    store(account, "www.example.com", is_old=True)
    fake = Authority("Staging").issue(None, names=["www.example.com"])
    keep(tmp_path / "csr", "www", fake, ".key")
    keep(tmp_path / "csr", "api", renewed("api.example.com"), ".key")
    mails = tmp_path / "mails"
    mails.mkdir()
    (mails / "1.eml").write_bytes(mail(text_part(fake.pem + fake.chain_pem)))
    told = rotate(
        account, tmp_path, sources=[{"mail": {"paths": [str(mails)]}, "privatekey_dir": str(tmp_path / "csr")}]
    )
    assert (told.ran.code, told.ran.changed, reasons(told)) == (0, 0, {"www": "chain_incomplete"}), told.ran.output
    assert "mail www: SKIPPED, chain_incomplete: " in told.ran.output
    (skipped,) = told.result["skipped"]
    assert (skipped["common_name"], skipped["subject_alt_names"]) == (None, ["www.example.com"])


def test_an_email_that_lacks_the_intermediate_certificates(account: Simulator, tmp_path: Path) -> None:
    """The message says by which option to give them, and that is enough."""
    www, leaf = store(account, "www.example.com", is_old=True), renewed("www.example.com")
    keep(tmp_path / "csr", "www", leaf, ".key")
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails/1.eml").write_bytes(mail(text_part(leaf.pem)))
    (tmp_path / "issuers.pem").write_text(leaf.chain_pem)
    source = {"mail": {"paths": [str(tmp_path / "mails")]}, "privatekey_dir": str(tmp_path / "csr")}
    told = rotate(account, tmp_path, sources=[source])
    assert (told.ran.code, reasons(told), ids(account)) == (0, {"www": "chain_incomplete"}, [www]), told.ran.output
    assert "as intermediate_path;" in told.result["skipped"][0]["message"]
    told = rotate(account, tmp_path, sources=[source], intermediate_path=str(tmp_path / "issuers.pem"))
    assert (told.ran.code, changes(told)) == (0, Counter({CREATE: 1})), told.ran.output
    again = rotate(account, tmp_path, sources=[source], intermediate_path=str(tmp_path / "no.pem"))
    assert (again.ran.code, again.calls) == (2, []) and "intermediate_path" in again.ran.output


def test_an_email_with_a_certificate_that_is_not_valid_now(account: Simulator, tmp_path: Path) -> None:
    """It is told as it is for a file; of a key whose renewed certificate has come, too, the expired one is not."""
    names = ("past.example.com", "soon.example.com", "both.example.com")
    for name in names:
        put(account, renewed(name, days=(-350, 15), key=new_key()))
    past, soon, both = (
        renewed(name, days=days, key=new_key())
        for name, days in zip(names, [(-90, -1), (1, 91), (-90, -1)], strict=True)
    )
    for name, one in (("past", past), ("soon", soon), ("both", both)):
        keep(tmp_path / "csr", name, one, ".key")
    now_valid = renewed("both.example.com", key=both.key)
    mails = tmp_path / "mails"
    mails.mkdir()
    for number, one in enumerate((past, soon, both, now_valid)):
        (mails / f"{number}.eml").write_bytes(mail(text_part(one.pem + one.chain_pem)))
    told = rotate(account, tmp_path, sources=[{"mail": {"paths": str(mails)}, "privatekey_dir": str(tmp_path / "csr")}])
    assert (told.ran.code, reasons(told)) == (0, {"past": "expired", "soon": "not_yet_valid"}), told.ran.output
    assert [one["name"] for one in told.result["imported"]] == ["both"]
    assert "skipped (expired): past.example.com" in told.ran.output
    (skipped,) = (one for one in told.result["skipped"] if one["name"] == "past")
    ended = past.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert skipped["not_after"] == ended and f"it expired on {ended}. No newer one" in skipped["message"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sources": None}, "sources names no source"),
        (
            {"sources": "/etc/letsencrypt"},
            "unable to convert to dict",
        ),
        ({"sources": [{"certbott": "/x"}]}, "ssl_rotation_sources.certbott. Supported parameters include"),
        ({"sources": [{"certbot": "/no/such"}]}, "sources[0]: /no/such, which is given as certbot, does not exist"),
        ({"phases": ["request"]}, "must be one or more of: import, deploy, verify, clean_up, report."),
        ({"max_listener": 3}, "does not know ssl_rotation_max_listener. Is ssl_rotation_max_listeners meant?"),
        ({"phases": ["report"]}, "needs ssl_rotation_report_path"),
        ({"max_listeners": -1}, "max_listeners must be 0 or more."),
        ({"verify_timeout": "-1"}, "verify_timeout must be from 0 to 86400."),
        ({"balancer_wait_timeout": -2.5}, "balancer_wait_timeout must be from 0 to 86400."),
        (
            {"trusted_ca_path": "/no/root.pem"},
            "trusted_ca_path cannot be used. The file /no/root.pem cannot be read: No such file or directory. Name a file",
        ),
        ({"trusted_ca_path": __file__}, f"There is no certificate in trusted_ca_path ({__file__}). Name a"),
        ({"trusted_ca_path": "/proc/self/fd"}, "There is no certificate in trusted_ca_path (/proc/"),
    ],
)
def test_mistakes_are_refused_before_anything_is_called(
    account: Simulator, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    """With one sentence that names the variable, or the module's option of that name."""
    (tmp_path / "keys").mkdir()
    told = rotate(account, tmp_path, **given)
    assert told.ran.code == 2 and told.calls == []
    assert said in told.ran.output


def test_phases_that_read_no_source_need_none(account: Simulator, tmp_path: Path) -> None:
    """Nor a folder that is gone: the same variables are for all phases."""
    balancer(account, "web", p443=store(account, "www.example.com"))
    gone = [{"certbot": "/no/such"}, {"mail": {"maildir": "/no/mail"}, "privatekey_dir": "/no/keys"}]
    for phases in ("verify", "deploy", "clean_up"):
        told = rotate(account, tmp_path, phases=phases, sources=gone, remove_superseded=True)
        assert (told.ran.code, told.result["failed"]) == (0, []), told.ran.output


def test_a_certificate_whose_names_another_new_one_has_too(account: Simulator, tmp_path: Path) -> None:
    """It is not imported, for no listener would get it; unless the other one is not imported either."""
    www = store(account, "www.example.com", is_old=True)
    both = store(account, "www.example.com", is_old=True, names=["www.example.com", "api.example.com"])
    balancer(account, "web", p443=www)
    balancer(account, "both", p443=both)
    keep(tmp_path / "keys", "narrow", renewed("www.example.com", days=(-2, 88)))
    staging = Authority("Staging").issue(None, names=["www.example.com", "api.example.com"], key=new_key("rsa"))
    keep(tmp_path / "keys", "wide", staging)
    plan = rotate(account, tmp_path, "--check", remove_superseded=True)
    assert [one["name"] for one in plan.result["imported"]] == ["narrow"]
    keep(tmp_path / "keys", "wide", renewed("www.example.com", "api.example.com"))
    told = rotate(account, tmp_path, remove_superseded=True)
    assert (told.ran.code, changes(told)) == (0, Counter({CREATE: 1, UPDATE: 2, DELETE: 2})), told.ran.output
    assert reasons(told) == {"narrow": "superseded"}
    (new,) = (one["id"] for one in told.result["imported"])
    assert (have(account), ids(account)) == ({"web:443": new, "both:443": new}, [new])


@pytest.mark.parametrize(("habit", "code", "reason"), [("closed", 0, "not_reachable"), ("other", 2, "not_served")])
def test_check_mode_looks_at_the_listeners_that_stay(
    account: Simulator, tmp_path: Path, habit: str, code: int, reason: str
) -> None:
    """What is not replaced by what they serve is not removed by a run, nor foreseen to be; and nothing is changed."""
    www = store(account, "www.example.com", is_old=True)
    web = balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    rotate(account, tmp_path)
    good = rotate(account, tmp_path, "--check", remove_superseded=True)
    assert (good.ran.code, changes(good)) == (0, Counter())
    assert [(one["id"], one["message"]) for one in good.result["removed"]] == [(www, ONCE_SEEN)]
    assert good.outcomes("verified") == {"web:443": ("verified", None, True)}
    account.patch_listener(web["listeners"][0]["uuid"], misbehaves=habit, changes=9, at_once=True)
    for options in (["--check"], []):
        told = rotate(account, tmp_path, *options, remove_superseded=True)
        assert (told.ran.code, changes(told), www in ids(account)) == (code, Counter(), True), told.ran.output
        assert "removed 0" in told.ran.output and f"skipped ({reason}): " in told.ran.output
        assert ("web:443: FAILED, " in told.ran.output) == (code != 0)


def test_a_listener_that_no_new_certificate_suits_is_looked_at(account: Simulator, tmp_path: Path) -> None:
    """Once it is seen that it serves what it keeps, what that replaced is removed; if it serves nothing, the run fails."""
    names = ("www.example.com", "api.example.com")
    before, kept = (put(account, renewed(*names, days=days)) for days in ((-350, 15), (-20, 70)))
    web = balancer(account, "web", p443=kept)
    keep(tmp_path / "keys", "ec", renewed(*names, key=new_key("ec")))
    for options in (["--check"], []):
        told = rotate(account, tmp_path, *options, import_new=True, remove_superseded=True)
        assert (told.ran.code, told.outcomes("verified")["web:443"][2]) == (0, True), told.ran.output
        assert [one["id"] for one in told.result["removed"]] == [before], told.ran.output
        assert "skipped (key_type_not_offered): web:443" in told.ran.output, told.ran.output
    assert have(account) == {"web:443": kept}
    account.patch_listener(web["listeners"][0]["uuid"], misbehaves="other", changes=9, at_once=True)
    for options in (["--check"], []):
        told = rotate(account, tmp_path, *options, remove_superseded=True)
        assert (told.ran.code, changes(told)) == (2, Counter()), told.ran.output
        assert "web:443: FAILED, " in told.ran.output and "skipped 1, failed 1" in told.ran.output, told.ran.output


def test_an_old_certificate_that_another_service_uses(account: Simulator, tmp_path: Path) -> None:
    """It is kept, and the run says which one uses it."""
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www)
    balancer(account, "spare", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    for options in (["--check"], []):
        told = rotate(account, tmp_path, *options, load_balancers="web", remove_superseded=True)
        assert (told.ran.code, told.result["removed"]) == (0, []), told.ran.output
        (kept,) = (one for one in told.result["skipped"] if one.get("id") == www)
        assert (kept["reason"], kept["message"]) == ("in_use", f"Certificate {www} is kept, because spare:443 uses it.")
    assert www in ids(account)


def test_narrowed_by_names_and_load_balancers(account: Simulator, tmp_path: Path) -> None:
    """In all phases; an empty list selects nothing."""
    www, api = store(account, "www.example.com", is_old=True), store(account, "api.example.com", is_old=True)
    balancer(account, "web", p443=www)
    balancer(account, "spare", p443=www)
    balancer(account, "api", p443=api)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    keep(tmp_path / "keys", "api", renewed("api.example.com"))
    none = rotate(account, tmp_path, common_names=[])
    assert (none.ran.code, changes(none)) == (0, Counter())
    told = rotate(account, tmp_path, common_names="www.*", load_balancers=["we?"], remove_superseded=True)
    assert (told.ran.code, changes(told)) == (0, Counter({CREATE: 1, UPDATE: 1})), told.ran.output
    assert {name: one for name, one in have(account).items() if one in {www, api}} == {"spare:443": www, "api:443": api}
