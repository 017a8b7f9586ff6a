# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Night after night: what was renewed, with its key or another, is asked for once, imported once, and then left in peace.

Promise: Safe to run every night.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.outside.nights import Account, day, nightly_authority
from tests.outside.pki import Ca, csr_pem, key_pem, pem, rsa_key
from tests.outside.playing import play, telling
from tests.outside.stranger import time_text

NAME = "www.example.com"


@dataclass(frozen=True)
class Night:
    """What a night's run said and did."""

    code: int
    output: str
    changed: int
    result: dict[str, list[dict[str, Any]]]

    def reasons(self) -> dict[int, str]:
        """Why orders were skipped."""
        return {entry["order_id"]: entry["reason"] for entry in self.result["skipped"]}

    def imported(self) -> list[int]:
        """The orders whose certificates were imported."""
        return [entry["order_id"] for entry in self.result["imported"]]


@dataclass(frozen=True)
class Site:
    """An account, and the controller whose runs look after it."""

    account: Account
    folder: Path

    @property
    def keys(self) -> Path:
        """The folder with the private keys."""
        return self.folder / "keys"

    def run(self, text: str, **variables: Any) -> Night:
        """Play a playbook, and take its result."""
        told = self.folder / "result.json"
        told.unlink(missing_ok=True)
        given = {
            "ssl_fulfillment_mail": {"maildir": str(self.account.maildir), "wait_interval": 1},
            "ssl_fulfillment_wait_timeout": 1,
            "ssl_fulfillment_privatekey_dir": str(self.keys),
            "ssl_fulfillment_trusted_ca_path": str(self.folder / "root.pem"),
            "ssl_fulfillment_allowed_recipients": ["*@example.com"],
            **variables,
        }
        (self.folder / "vars.json").write_text(json.dumps(given), encoding="utf-8")
        played = play(self.folder, text, "-e", "@vars.json", env=self.account.login)
        recap = re.search(r"changed=(\d+)", played.output)
        result = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
        return Night(played.code, played.output, int(recap[1]) if recap else -1, result)

    def night(self, **variables: Any) -> Night:
        """A run of the playbook that does everything, as a timer would start it."""
        night = self.run(telling("fulfill"), **variables)
        assert night.code == 0, night.output
        return night

    def report(self, language: str = "en") -> dict[int, dict[str, Any]]:
        """The rows of a report that is written now."""
        path = str(self.folder / "report.html")
        report = telling("report")
        run = self.run(report, ssl_fulfillment_report_path=path, ssl_fulfillment_report_language=language)
        assert run.code == 0, run.output
        rows = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))["orders"]
        return {row["order_id"]: row for row in rows}


@pytest.fixture(scope="module")
def authority() -> Ca:
    """One authority for all tests: its keys take long to make."""
    return nightly_authority()


@pytest.fixture
def site(authority: Ca, tmp_path: Path) -> Iterator[Site]:
    """An account without orders."""
    account = Account(tmp_path / "Maildir", authority)
    assert authority.above
    (tmp_path / "root.pem").write_text(pem(authority.above.certificate), encoding="utf-8")
    with account.serving():
        site = Site(account, tmp_path)
        site.keys.mkdir()
        yield site


def test_what_a_renewal_replaced_is_not_asked_for_again_by_the_next_nights(site: Site) -> None:
    """Night 1 imports the renewal and deletes what it replaced; the nights after it have nothing left to do."""
    account, old_key, key = site.account, rsa_key(), rsa_key()
    old = account.issue(old_key, NAME, -340, 25)
    account.order(1, csr_pem(old_key, NAME), old)
    account.order(2, csr_pem(key, NAME), account.issue(key, NAME, -1, 364))
    account.keep(7, old)
    account.deliver(1)  # the old email lies in the mailbox still
    (site.keys / f"{NAME}.key").write_text(key_pem(key), encoding="utf-8")
    nightly = {"ssl_fulfillment_remove_superseded": True, "ssl_fulfillment_min_interval_hours": 0}

    first = site.night(**nightly)
    assert (account.mailed, account.created, account.deleted) == ([2], [8], [7])
    assert (first.imported(), first.reasons()) == ([2], {1: "already_imported"})
    for _number in (2, 3):
        night = site.night(**nightly)
        assert (night.changed, night.result["failed"]) == (0, []), night.output
        assert night.reasons() == {1: "superseded", 2: "already_imported"}
        message = next(entry["message"] for entry in night.result["skipped"] if entry["order_id"] == 1)
        assert "id 8" in message
    assert (account.mailed, account.created, account.deleted) == ([2], [8], [7])

    # Those who select what is not imported get the old order, and only that: the renewal's key is not for it.
    narrowed = site.night(**nightly, ssl_fulfillment_select={"imported": False})
    assert (narrowed.changed, narrowed.reasons()) == (0, {1: "superseded"})
    rows = site.report("de")
    assert {identifier: row["state"] for identifier, row in rows.items()} == {1: "superseded", 2: "imported"}
    assert rows[1]["attention"] == rows[2]["attention"] == []
    assert "Ersetzt" in (site.folder / "report.html").read_text(encoding="utf-8")
    assert (account.mailed, account.created, account.deleted) == ([2], [8], [7])


def test_force_asks_for_what_was_replaced(site: Site) -> None:
    account, old_key, key = site.account, rsa_key(), rsa_key()
    account.order(1, csr_pem(old_key, NAME), account.issue(old_key, NAME, -340, 25))
    account.keep(8, account.issue(key, NAME, -1, 364))
    (site.keys / f"{NAME}.key").write_text(key_pem(old_key), encoding="utf-8")
    night = site.night(ssl_fulfillment_force=True)
    assert (account.mailed, night.imported(), len(account.store)) == ([1], [1], 2)


def test_a_renewal_that_keeps_its_key_is_asked_for_and_imported(site: Site) -> None:
    """The expired certificate is in use, has the same public key, and is neither taken for the new one nor deleted."""
    account, key = site.account, rsa_key()
    request = csr_pem(key, NAME)
    old = account.issue(key, NAME, -400, -3)
    account.order(1, request, old)
    account.order(2, request, account.issue(key, NAME, -5, 360))
    account.keep(7, old, associatedServiceCount=1, lbaasListeners=[{"id": 1, "uuid": "aa-bb"}])
    (site.keys / f"{NAME}.key").write_text(key_pem(key), encoding="utf-8")
    nightly = {"ssl_fulfillment_remove_superseded": True}

    before = site.report()
    assert (before[1]["state"], before[1]["attention"]) == ("expired", ["expired_in_use"])
    assert (before[2]["state"], before[2]["certificate_ids"]) == ("requestable", [])
    first = site.night(**nightly)
    assert (account.mailed, first.imported(), account.deleted) == ([2], [2], [])
    assert first.reasons() == {1: "expired"}
    second = site.night(**nightly)
    assert (second.changed, second.reasons()) == (0, {1: "expired", 2: "already_imported"})
    assert (account.mailed, account.created, account.deleted) == ([2], [8], [])
    after = site.report()
    assert (after[2]["state"], after[2]["certificate_ids"]) == ("imported", [8])
    assert (after[1]["certificate_ids"], after[1]["attention"]) == ([7], ["expired_in_use"])


def test_a_renewal_that_keeps_its_key_and_was_mailed_is_imported_without_asking(site: Site) -> None:
    account, key = site.account, rsa_key()
    request = csr_pem(key, NAME)
    old = account.issue(key, NAME, -350, 15)
    account.order(1, request, old)
    account.order(2, request, account.issue(key, NAME, -5, 360))
    account.keep(7, old, associatedServiceCount=1)
    account.deliver(1)
    account.deliver(2)
    (site.keys / f"{NAME}.key").write_text(key_pem(key), encoding="utf-8")
    assert site.report()[2]["state"] == "received"
    imported = site.run(telling("import"))
    assert (imported.code, imported.imported(), account.mailed) == (0, [2], []), imported.output
    night = site.night()
    assert (night.changed, set(night.reasons().values())) == (0, {"already_imported"})


def test_the_key_of_a_renewal_is_not_taken_for_the_order_before_it(site: Site) -> None:
    """Its email is there, and under its name lies a key that is not its own: it waits, and nothing fails."""
    account, old_key = site.account, rsa_key()
    account.order(1, csr_pem(old_key, NAME), account.issue(old_key, NAME, -340, 25))
    account.deliver(1)
    (site.keys / f"{NAME}.key").write_text(key_pem(rsa_key()), encoding="utf-8")
    night = site.night()
    assert (night.reasons(), night.result["failed"], account.created) == ({1: "waiting_for_key"}, [], [])
    message = night.result["skipped"][0]["message"]
    assert f"{NAME}.key" in message


INVENTORY = "plugin: softlayer.certificates.ssl_orders\n"
GROUPS = """
- hosts: ssl_orders
  connection: local
  gather_facts: false
  tasks:
    - debug:
        msg: "order {{ ssl_order_id }}: {{ ['imported', 'not_imported', 'superseded'] | select('in', group_names) | join(' ') }} {{ ssl_order_superseded_by }}"
"""


def test_the_inventory_tells_the_same_and_from_its_cache_too(site: Site) -> None:
    account, key, other = site.account, rsa_key(), rsa_key()
    request = csr_pem(key, NAME)
    old = account.issue(key, NAME, -400, -3)
    account.order(1, request, old)
    account.order(2, request, account.issue(key, NAME, -5, 360))
    account.order(
        3,
        csr_pem(other, "a.example.com"),
        account.issue(other, "a.example.com", -340, 25),
        "a.example.com",
    )
    account.keep(7, old)
    account.keep(8, account.issue(rsa_key(), None, -1, 89, ["b.example.com", "a.example.com"]))
    (site.folder / "ssl_orders.yml").write_text(
        INVENTORY + "cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: cache\n", encoding="utf-8"
    )
    expected = ["order 1: imported []", "order 2: not_imported []", "order 3: not_imported superseded [8]"]

    def listed() -> list[str]:
        played = play(site.folder, GROUPS, "-i", "ssl_orders.yml", env=site.account.login)
        assert played.code == 0 and "Traceback" not in played.output, played.output
        return sorted(re.findall(r"order \d: .*\]", played.output)) or [played.output]

    assert listed() == expected
    calls = len(account.calls)
    assert listed() == expected and len(account.calls) == calls
    (file,) = (site.folder / "cache").iterdir()
    written = json.loads(file.read_text(encoding="utf-8"))
    payload = written.get("__payload__")  # as newer releases of ansible-core write it
    whole = json.loads(payload) if payload else written

    def as_file(data: Any) -> str:
        return json.dumps({**written, "__payload__": json.dumps(data)} if payload else data)

    for misshapen in (
        "[]",
        "{",
        "\x00\xff",
        as_file(None),
        as_file([]),
        as_file({"orders": whole["orders"], "ids_by_key": {}}),
        as_file({**whole, "orders": [{**whole["orders"][0], "expires_at": "soon"}]}),
    ):
        file.write_text(misshapen, encoding="latin-1")
        calls = len(account.calls)
        assert listed() == expected, misshapen
        assert len(account.calls) > calls, f"{misshapen} was believed"


ODD = {
    "lone surrogate": "\ud800",
    "surrogate in a certificate": "-----BEGIN CERTIFICATE-----\nMIIB\udcff\n-----END CERTIFICATE-----\n",
    "nul": "\x00",
    "number": 7,
    "list": ["-----BEGIN CERTIFICATE-----"],
    "object": {"certificate": None},
}
READ_ALL = """
- hosts: localhost
  gather_facts: false
  tasks:
    - softlayer.certificates.ssl_certificate_info:
        include_pem: true
      register: store
    - softlayer.certificates.ssl_order_info:
        gather_imported: true
      register: listed
    - softlayer.certificates.ssl_fulfillment_email:
        common_names: ["*"]
      check_mode: true
    - softlayer.certificates.ssl_certificate_import:
        certificate_path: new.pem
        privatekey_path: new.key
        remove_superseded: true
      check_mode: true
    - assert:
        that:
          - store.certificates | map(attribute='id') | sort == odd_ids + [80]
          - listed.orders[0].certificate_ids == [80]
"""


def test_a_stored_text_that_cannot_be_read_hides_nothing_and_stops_nothing(site: Site) -> None:
    """The ids of all that are left out tell which kind it is."""
    account, key = site.account, rsa_key()
    certificate = account.issue(key, NAME, -300, 60)
    account.order(1, csr_pem(key, NAME), certificate)
    account.keep(80, certificate)
    names = ("certificate", "intermediateCertificate", "certificateSigningRequest", "notes", "commonName")
    for identifier, text in enumerate(ODD.values(), 71):
        account.keep(identifier, certificate, **dict.fromkeys(names, text))
    (site.folder / "new.pem").write_text(pem(account.issue(key, NAME, -1, 364)) + pem(account.authority.certificate))
    (site.folder / "new.key").write_text(key_pem(key))
    played = site.run(READ_ALL, odd_ids=sorted(account.store.keys() - {80}))
    assert played.code == 0 and "Traceback" not in played.output, played.output


SHARED = """
- hosts: localhost
  gather_facts: false
  tasks:
    - softlayer.certificates.ssl_certificate_info:
        unused: true
      register: unused
    - softlayer.certificates.ssl_certificate_import:
        certificate_path: new.pem
        privatekey_path: new.key
        remove_superseded: true
      register: done
    - softlayer.certificates.ssl_certificate_import:
        certificate_id: 7
        state: absent
      register: absent
      failed_when: absent.certificate.reason != 'in_use'
    - assert:
        that:
          - unused.certificates == []
          - done.certificate.superseded | map(attribute='associated_service_count') == [2]
          - not done.certificate.superseded[0].removed
"""


def test_what_listeners_use_is_in_use_whatever_the_count_says(site: Site) -> None:
    account, key = site.account, rsa_key()
    listeners = [{"id": number, "uuid": f"listener-{number}"} for number in (1, 2)]
    account.keep(7, account.issue(key, NAME, -300, 60), associatedServiceCount=0, lbaasListeners=listeners)
    (site.folder / "new.pem").write_text(pem(account.issue(key, NAME, -1, 364)) + pem(account.authority.certificate))
    (site.folder / "new.key").write_text(key_pem(key))
    played = site.run(SHARED)
    assert played.code == 0, played.output
    assert (account.deleted, account.made("deleteObject")) == ([], [])


LATE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - softlayer.certificates.ssl_certificate_import:
        certificate_path: "{{ item }}.pem"
        privatekey_path: new.key
        allow_expired: true
        remove_superseded: true
      register: done
      loop: [expired, shorter]
    - assert:
        that:
          - done.results[0].certificate.superseded == []
          - done.results[1].certificate.superseded | selectattr('removed') | map(attribute='id') == [7, 8]
"""


def test_what_is_not_valid_any_more_takes_the_place_of_nothing(site: Site) -> None:
    """One that is valid does, though it ends earlier than what was issued before it."""
    account, key = site.account, rsa_key()
    account.keep(7, account.issue(key, NAME, -300, 60))
    for name, ends in (("expired", -1), ("shorter", 30)):
        certificate = pem(account.issue(key, NAME, -100, ends))
        (site.folder / f"{name}.pem").write_text(certificate + pem(account.authority.certificate))
    (site.folder / "new.key").write_text(key_pem(key))
    played = site.run(LATE)
    assert played.code == 0, played.output
    assert "earlier than what it takes the place of: certificate 7 (" in " ".join(played.output.split())
    assert (account.created, account.deleted) == ([8, 9], [7, 8])


NAMELESS = """
- hosts: localhost
  gather_facts: false
  tasks:
    - softlayer.certificates.ssl_certificate_info:
        common_names: ["B.example.com"]
      register: found
    - softlayer.certificates.ssl_certificate_import:
        certificate_path: new.pem
        privatekey_path: new.key
        remove_superseded: true
      register: done
    - assert:
        that:
          - found.certificates | map(attribute='id') == [8, 9]
          - found.certificates[0].common_name is none
          - done.certificate.superseded | selectattr('removed') | map(attribute='id') == [7, 8]
"""


def test_certificates_go_by_all_their_names_where_the_subject_is_empty(site: Site) -> None:
    """As ACME authorities issue them; what has a name that the new one lacks stays."""
    account, key = site.account, rsa_key()
    issue = account.issue
    account.keep(7, issue(rsa_key(), "a.example.com", -60, 30))
    account.keep(8, issue(rsa_key(), None, -50, 40, ["A.example.com", "b.example.com"]))
    account.keep(9, issue(rsa_key(), None, -50, 40, ["b.example.com", "c.example.com"]))
    new = issue(key, None, -1, 89, ["a.example.com", "b.example.com"])
    (site.folder / "new.pem").write_text(pem(new) + pem(account.authority.certificate))
    (site.folder / "new.key").write_text(key_pem(key))
    played = site.run(NAMELESS)
    assert played.code == 0, played.output
    assert (account.deleted, sorted(account.store)) == ([7, 8], [9, 10])


NOT_ONE_ADDRESS = [
    "a@evil.example, admin@example.com",
    "a@evil.example;admin@example.com",
    "a@evil.example admin@example.com",
    "a@evil.example\r\nadmin@example.com",
    "a@evil.example\x00admin@example.com",
    "a@evil.example@example.com",
    '"a@evil.example"@example.com',
    "<a@evil.example>admin@example.com",
    "a(@evil.example)@example.com",
    "a\N{FULLWIDTH COMMERCIAL AT}evil.example@example.com",
    "a\N{RIGHT-TO-LEFT OVERRIDE}@example.com",
    "@example.com",
]
ASK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - softlayer.certificates.ssl_fulfillment_email:
        common_names: ["*"]
        allowed_recipients: ["*@example.com", "*"]
        on_ineligible: skip
      register: asked
      failed_when: false
    - copy:
        content: "{{ {'skipped': asked.emails} | to_json }}"
        dest: result.json
        mode: "0600"
"""


def test_an_address_list_is_no_address(site: Site) -> None:
    account, key = site.account, rsa_key()
    certificate = account.issue(key, NAME, -10, 300)
    for number, address in enumerate(NOT_ONE_ADDRESS, 1):
        account.order(number, csr_pem(key, NAME), certificate, approverEmailAddress=address)
    account.order(90, csr_pem(key, NAME), certificate, approverEmailAddress=" O'Brien+ssl@Example.com ")
    asked = site.run(ASK)
    assert asked.reasons() == {**dict.fromkeys(range(1, len(NOT_ONE_ADDRESS) + 1), "recipient_not_allowed"), 90: None}
    assert account.mailed == [90]
    for entry in asked.result["skipped"][:-1]:
        assert entry["message"].isprintable() and "exactly one address" in entry["message"]


@pytest.mark.parametrize(
    "csr", [None, "", "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_an_order_without_a_key_is_asked_for_with_a_warning(site: Site, csr: Any) -> None:
    """Its certificate may be in the store, which nobody can tell; the warning says so once."""
    account, key = site.account, rsa_key()
    certificate = account.issue(key, NAME, -10, 300)
    account.keep(7, certificate)
    account.order(1, csr, certificate)
    night = site.night()
    said = " ".join(night.output.split())
    assert account.mailed == [1]
    assert said.count("The API tells no readable CSR of order 1 (www.example.com), so") == 1
    assert "ssl_certificate_import" in said
    assert "no readable CSR" not in site.night().output, "nothing is requested in the cooldown"


UNDATED = {
    "no-dates.example.com": ({"expirationDate": None, "effectiveDate": None, "createDate": None}, None),
    "no-end.example.com": ({"expirationDate": None}, "superseded"),
    "no-beginning.example.com": ({"effectiveDate": None, "createDate": None}, "superseded"),
    "ends-as-late.example.com": ({"expirationDate": time_text(day(363))}, "superseded"),
    "ends-later.example.com": ({"expirationDate": time_text(day(370))}, "superseded"),  # today's terms are shorter
    "begins-later.example.com": (
        {"expirationDate": time_text(day(370)), "effectiveDate": time_text(day(0)), "createDate": time_text(day(0))},
        None,
    ),
}


def test_nothing_is_taken_for_replaced_on_a_guess(site: Site) -> None:
    account, key = site.account, rsa_key()
    for number, (name, (dates, _reason)) in enumerate(UNDATED.items(), 1):
        account.order(number, csr_pem(key, name), account.issue(key, name, -340, 25), name, **dates)
        account.keep(80 + number, account.issue(rsa_key(), name, -1, 364))
    asked = site.run(ASK)
    expected = {number: reason for number, (_dates, reason) in enumerate(UNDATED.values(), 1)}
    assert asked.reasons() == expected
    assert sorted(account.mailed) == [number for number, reason in expected.items() if not reason]
    for entry in asked.result["skipped"]:
        number = entry["order_id"]
        if expected[number]:
            assert f"id {80 + number}, valid until {day(364):%Y-%m-%d}" in entry["message"]


def test_what_holds_fewer_names_replaces_nothing(site: Site) -> None:
    """The order's request names another host too."""
    account, key = site.account, rsa_key()
    certificate = account.issue(key, NAME, -340, 25, [NAME, "shop.example.com"])
    account.order(1, csr_pem(key, NAME, [NAME, "shop.example.com"]), certificate)
    account.keep(8, account.issue(rsa_key(), NAME, -1, 364))
    assert site.run(ASK).reasons() == {1: None}
