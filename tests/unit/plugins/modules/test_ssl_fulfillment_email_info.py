# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_fulfillment_email_info as Ansible runs it: every source, and everything to look for.

What a message holds and which certificate is taken: `_orders/test_message.py` and `test_plan_collect.py`; which files are messages, and
what stands in the way of a mailbox: `_orders/test_mailbox.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tests.simulator.client import Simulator
from tests.support import waiting
from tests.support.certificates import (
    DAY,
    NOW,
    PASSPHRASE,
    Authority,
    Issued,
    key_bytes,
    key_pem,
    leaks,
    new_key,
    pem_of,
)
from tests.support.dovecot import HOST, Mailbox, Server, fill, make_maildir
from tests.support.false_imap import IN_A_LITERAL, Fault, HangingUp
from tests.support.long import only_long
from tests.support.messages import (
    BODY_SECRET,
    FORMS,
    LINK_ONLY,
    MESSAGE_ID,
    NEGATIVES,
    NOTICE,
    SENDER,
    SUBJECT,
    fulfillment,
    mail,
    text_part,
    zip_entries,
    zip_form,
    zipped,
)
from tests.support.modules import Run, finish_module, options_for, run_measured, run_module, start_module
from tests.support.tls_servers import free_port

pytest_plugins = ["tests.support.dovecot"]

MODULE = "ssl_fulfillment_email_info"
AUTHORITY = Authority(intermediates=2)
SECONDS = 60
"""How long a run may take that waits for something that has come."""
until = partial(waiting.until, seconds=SECONDS)
# Runs


@pytest.fixture(autouse=True)
def roots(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine trusts the authorities of the tests, and the simulator's where there is one."""
    trusted = pem_of([AUTHORITY.root])
    if "sim" in request.fixturenames:
        trusted += request.getfixturevalue("sim").authority_root.read_text(encoding="ascii")
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_text(trusted, encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


def finished(process: Any, seconds: float = 120) -> Run:
    """Wait for a run; checks what holds of every run."""
    run = finish_module(process, seconds)
    for secret in ("Traceback", "PRIVATE KEY", BODY_SECRET, "Congratulations!"):
        assert secret not in run.output
    assert not leaks(run.output)
    return run


def succeeded(run: Run) -> Run:
    """Check what holds of every run that succeeds."""
    assert not run.failed, run.result
    assert run["changed"] is False
    assert len(run["unmatched"]) == min(run["unmatched_count"], 1000)
    assert run["unmatched_count"] <= run["messages_examined"]
    return run


def looked(*, seconds: float = 120, **options: Any) -> Run:
    """A run that succeeds."""
    password = options.get("imap", {}).get("password")
    run = succeeded(finished(start_module(MODULE, **options), seconds))
    assert password is None or password not in run.output
    return run


def refused(code: str, *words: str, password: str | None = None, **options: Any) -> Run:
    """A run that fails, with these words."""
    run = finished(start_module(MODULE, **options))
    assert (run.failed, run.code, run["failure"]["message"]) == (True, code, run["msg"]), run.result
    assert [word for word in words if word not in run["msg"]] == []
    secret = password or (options.get("imap") or {}).get("password")
    assert not secret or secret not in run.output
    return run


# What is looked for


def key_sha256(issued: Issued) -> str:
    """The name of a public key."""
    public = issued.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()


def order(issued: Issued, id_: int = 1, common_name: str | None = None) -> dict[str, Any]:
    """An order of a certificate, as far as it is read."""
    [name] = issued.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return {"id": id_, "common_name": common_name or name.value, "public_key_sha256": key_sha256(issued)}


def issue(name: str | None = "www.example.com", **options: Any) -> Issued:
    """A certificate with two intermediates."""
    return AUTHORITY.issue(name, **options)


def letter(issued: Issued) -> bytes:
    """A mail with the certificate and its issuers in its text."""
    return mail(text_part(fulfillment(issued)))


def zip_letter(issued: Issued) -> bytes:
    """A mail with a zip attached."""
    return zip_form(lambda each: zipped(zip_entries(each))).build(issued)


def fingerprints(run: Run) -> list[str]:
    """The certificates that were found."""
    return [found["fingerprint_sha256"] for found in run["certificates"]]


def reasons(run: Run) -> list[str]:
    """Why messages were not taken."""
    return [unmatched["reason"] for unmatched in run["unmatched"]]


def nowhere(**changes: Any) -> dict[str, Any]:
    """A mail server that is not there."""
    return {"host": HOST, "port": free_port(), "username": "user", "password": "s3cr3t-w0rd", **changes}


# Sources


@dataclass
class Imap:
    """A folder on the server."""

    mailbox: Mailbox

    @property
    def options(self) -> dict[str, Any]:
        """How a module is told of it."""
        return {"imap": self.mailbox.options()}

    def put(self, message: bytes, age_days: float = 0) -> None:
        self.mailbox.deliver(message, age_days=age_days)

    def state(self) -> object:
        return self.mailbox.flags()

    def is_here(self, place: dict[str, Any]) -> bool:
        return place["folder"] == "INBOX" and place["uid"] > 0 and place["path"] is None


@dataclass
class Files:
    """A folder of files, or one of a Maildir."""

    folder: Path
    options: dict[str, Any]
    ending: str = ""
    count: int = 0

    def put(self, message: bytes, age_days: float = 0) -> None:
        self.count += 1
        written(self.folder / f"{1_700_000_000 + self.count}.M1P1.localhost{self.ending}", message, age_days)

    def state(self) -> object:
        return trace(self.folder)

    def is_here(self, place: dict[str, Any]) -> bool:
        return (place["folder"], place["uid"]) == (None, None) and Path(place["path"]).parent == self.folder


Source = Imap | Files
"""A mailbox of one of the kinds that the module reads."""


def written(path: Path, message: bytes, age_days: float = 0) -> Path:
    """Write a message that arrived so many days ago, in one step."""
    arrived = time.time() - age_days * 86_400
    temporary = path.parent.parent / f"{path.name}.tmp"
    temporary.write_bytes(message)
    os.utime(temporary, (arrived, arrived))
    return temporary.rename(path)


def trace(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file with its content, the time of its last change and its mode."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in files}


@pytest.fixture(params=["imap", "maildir", "paths"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """An empty mailbox of each kind."""
    if request.param == "imap":
        return Imap(request.getfixturevalue("mailbox"))
    box = tmp_path / "box"
    make_maildir(box)
    options = {"maildir": str(box)} if request.param == "maildir" else {"paths": [str(box / "new")]}
    return Files(box / "new", options, ending=".eml" if request.param == "paths" else "")


@pytest.fixture
def folder(tmp_path: Path) -> Files:
    """A folder of files, for what has nothing to do with where messages come from."""
    path = tmp_path / "mails/new"
    path.mkdir(parents=True)
    return Files(path, {"paths": [str(path)]}, ending=".eml")


# Every source


def test_a_certificate_with_all_that_is_reported_it(folder: Files) -> None:
    issued = issue(names=["www.example.com", "example.com"])
    folder.put(letter(issued))
    before = folder.state()
    run = looked(orders=[order(issued, 1234, "WWW.example.com")], check=True, **folder.options)
    [path] = folder.folder.iterdir()
    [found] = run["certificates"]
    assert found == {
        "order_id": 1234,
        "common_name": "WWW.example.com",
        "path": None,
        "trust": "trusted",
        "certificate": issued.pem,
        "intermediate_certificate": issued.chain_pem,
        "fingerprint_sha256": issued.fingerprint,
        "public_key_sha256": key_sha256(issued),
        "serial_number": issued.certificate.serial_number,
        "not_before": issued.certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": issued.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "subject_alt_names": ["www.example.com", "example.com"],
        "key_type": "EC",
        "key_size": 256,
        "source": {
            "message_id": MESSAGE_ID,
            "from": SENDER,
            "date": "2026-01-05T09:11:12Z",
            "subject": SUBJECT,
            "folder": None,
            "uid": None,
            "path": str(path),
            "format": "inline_pem",
        },
    }
    assert (run["missing"], run["unmatched"], run["messages_examined"], run["api_calls"]) == ([], [], 1, 0)
    assert folder.state() == before


def test_messages_are_left_out_by_when_they_arrived_and_by_their_size(source: Source) -> None:
    """To the hour, though servers compare days in a zone of their own; of one that is too large its headers are told."""
    old, young, small, large = (issue() for _message in range(4))
    source.put(letter(old), age_days=0.6)
    source.put(letter(young), age_days=0.4)
    for lines, issued in ((700, small), (1_000, large)):
        source.put(mail(text_part(("=" * 70 + "\n") * lines + fulfillment(issued), encoding="8bit")))
    before = source.state()
    orders = [order(issued, number) for number, issued in enumerate((old, young, small, large))]
    run = looked(orders=orders, max_age_days=0.5, max_message_bytes=64 * 1024, **source.options)
    assert source.state() == before
    assert [found["order_id"] for found in run["certificates"]] == [1, 2]
    [told] = run["unmatched"]
    assert all(source.is_here(place) for place in (told, *(found["source"] for found in run["certificates"])))
    assert (told["subject"], told["reason"], run["messages_examined"]) == (SUBJECT, "too_large", 3)
    assert "Raise max_message_bytes" in told["message"]


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    """It is passed over, or its message is taken, as that of any other file."""
    make_maildir(tmp_path)
    issued, other = issue(), issue()
    (tmp_path / "new/1").write_bytes(letter(issued))
    with suppress(OSError):  # macOS has no such names
        for name, data in ((b"caf\xe9.eml", mail(text_part(NOTICE))), (b"b\xe4r.eml", letter(other))):
            Path(os.fsdecode(os.fsencode(tmp_path) + b"/new/" + name)).write_bytes(data)
        os.mkfifo(os.fsencode(tmp_path) + b"/new/r\xf6hre.eml")
    wanted = [order(issued), order(other)]
    for where in ({"maildir": str(tmp_path)}, {"paths": [str(tmp_path / "new/1"), str(tmp_path / "new")]}):
        run = looked(orders=wanted, **where)
        assert issued.fingerprint in fingerprints(run)
        if sys.platform != "darwin":
            assert fingerprints(run) == [issued.fingerprint, other.fingerprint]
            assert run["certificates"][1]["source"]["path"] == str(tmp_path / "new/b?r.eml")
            assert f"Cannot read the message {tmp_path}/new/r?hre.eml: the path leads to " in run.output


# Whatever is looked for


def test_orders_requests_and_keys_together(folder: Files, tmp_path: Path) -> None:
    ec, two, absent = issue("ec.example.com"), issue("two.example.com"), issue()
    for issued in (ec, two):
        folder.put(letter(issued))
    files: dict[str, bytes] = {
        "ec.csr": x509.load_pem_x509_csr(ec.csr_pem.encode()).public_bytes(Encoding.DER),
        "absent.csr": b"text\r\n" + absent.csr_pem.replace("\n", "\r\n").encode(),
        "two.key": key_pem(two.key, passphrase=PASSPHRASE).encode(),
        "ec.key": key_bytes(ec.key),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    run = looked(
        orders=[
            order(two, 5, "two.example.com"),
            {"id": 6, "common_name": "nokey.example.com", "public_key_sha256": None},
            order(two, 4, "other.example.com"),
            {**order(absent, 3), "status": "approved", "anything": ["else"]},
        ],
        csr_paths=[str(tmp_path / name) for name in ("ec.csr", "absent.csr")],
        privatekey_paths=[str(tmp_path / name) for name in ("two.key", "ec.key")],
        privatekey_passphrase=PASSPHRASE,
        **folder.options,
    )
    told = [(one["order_id"], one["path"], one["common_name"], one["certificate"]) for one in run["certificates"]]
    assert told == [
        (5, None, "two.example.com", two.pem),
        (None, str(tmp_path / "ec.csr"), "ec.example.com", ec.pem),
        (None, str(tmp_path / "two.key"), "two.example.com", two.pem),
        (None, str(tmp_path / "ec.key"), "ec.example.com", ec.pem),
    ]
    missing = [(one["order_id"], one["path"], one["reason"], one["common_name"]) for one in run["missing"]]
    assert missing == [
        (6, None, "no_public_key", "nokey.example.com"),
        (4, None, "waiting_for_email", "other.example.com"),  # the one with its key is for order 5
        (3, None, "waiting_for_email", "www.example.com"),
        (None, str(tmp_path / "absent.csr"), "waiting_for_email", None),
    ]
    assert PASSPHRASE not in json.dumps(run.result, ensure_ascii=False)


@pytest.mark.parametrize(("option", "code"), [("privatekey_paths", "bad_passphrase"), ("csr_paths", "invalid_pem")])
def test_what_cannot_be_used(tmp_path: Path, option: str, code: str) -> None:
    """A key, or what is given as a request."""
    path, passphrase = str(tmp_path / "encrypted.key"), "wr0ng-p4ssphrase"
    Path(path).write_text(key_pem(new_key(), passphrase=PASSPHRASE), encoding="ascii")
    given = {option: [path], "privatekey_passphrase": passphrase}
    run = refused(code, path, imap=nowhere(), password=passphrase, **given)
    assert run["failure"]["details"]["path"] == path


SHOP, BOOKS, INTRANET, NOBODY = 100202, 100204, 100209, 999_999
"""Of the demo fleet."""


def test_orders_from_the_api_with_the_mails_they_caused(sim: Simulator, api: dict[str, Any], tmp_path: Path) -> None:
    sim.patch_order(BOOKS, missing=["certificateSigningRequest"])
    ledger = f"sqlite:///{tmp_path}/ledger.sqlite3"
    sent = run_module("ssl_fulfillment_email", **api, ledger_url=ledger, order_ids=[SHOP])
    assert sent["requested_count"] == 1, sent.output
    sim.clear_calls()
    wanted = [NOBODY, INTRANET, SHOP, BOOKS, SHOP]
    run = looked(order_ids=wanted, maildir=str(sim.maildir), account_id=sim.account_id, **api)
    [found] = run["certificates"]
    issued = sim.issue(SHOP)
    assert found["order_id"] == SHOP
    assert (found["certificate"], found["intermediate_certificate"]) == (
        issued["certificate"],
        issued["intermediateCertificate"],
    )
    assert [(entry["order_id"], entry["reason"], entry["common_name"]) for entry in run["missing"]] == [
        (NOBODY, "not_found", None),
        (INTRANET, "waiting_for_email", "intranet.example.com"),
        (BOOKS, "no_public_key", "xn--bcher-kva.example.net"),
    ]
    assert run["api_calls"] == len(sim.calls()) > 0
    listed = run_module("ssl_order_info", **api, order_ids=[SHOP, BOOKS, INTRANET])
    sim.clear_calls()
    again = looked(orders=listed["orders"], maildir=str(sim.maildir))
    assert again["certificates"] == run["certificates"]
    assert (again["api_calls"], sim.calls()) == (0, [])
    assert sorted(entry["reason"] for entry in again["missing"]) == ["no_public_key", "waiting_for_email"]


def test_the_mailbox_is_not_opened_if_the_api_refuses(sim: Simulator) -> None:
    with HangingUp() as server:
        options = {**options_for(sim), "api_key": "wr0ng-k3y", "retries": 0}
        refused("authentication_failed", order_ids=[SHOP], imap=server.options(), **options)
        assert server.connections == 0


@pytest.mark.parametrize(
    "wanted", [{"orders": []}, {"orders": [{"id": 1, "common_name": None, "public_key_sha256": None}]}]
)
def test_where_nothing_can_be_found_the_mail_server_is_not_asked(wanted: dict[str, Any]) -> None:
    run = looked(imap=nowhere(), wait=True, **wanted)
    assert (run["certificates"], run["unmatched"], run["messages_examined"], run["api_calls"]) == ([], [], 0, 0)
    assert [entry["reason"] for entry in run["missing"]] == ["no_public_key"] * len(run["missing"])


# Arguments


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"orders": []}, ("imap", "maildir", "paths")),
        (
            {"maildir": "/nowhere", "paths": [], "orders": []},
            ("maildir and paths are set", "Set only one mailbox"),
        ),
        ({"paths": []}, ("orders", "order_ids", "csr_paths", "privatekey_paths")),
        ({"imap": {"host": HOST, "username": "user"}, "orders": []}, ("password", "imap")),
        ({"imap": {}, "orders": []}, ("host",)),
        ({"imap": nowhere(port=993, security="ssl"), "orders": []}, ("security", "starttls")),
    ],
    ids=str,
)
def test_arguments_that_do_not_go_together(options: dict[str, Any], words: tuple[str, ...]) -> None:
    refused("invalid_argument", *words, **options)


# The mail server: security


def test_another_authority_vouches_for_nothing(dovecot: Server, mailbox: Mailbox) -> None:
    issued = issue()
    mailbox.deliver(letter(issued))
    wanted: dict[str, Any] = {"orders": [order(issued)]}
    for options in (mailbox.options(ca_path=str(dovecot.other_ca_path)), mailbox.options("starttls", ca_path=None)):
        refused("tls_error", "ca_path", imap=options, **wanted)
    options = mailbox.options(ca_path=str(dovecot.other_ca_path), validate_certs=False)
    assert fingerprints(looked(imap=options, **wanted)) == [issued.fingerprint]


@pytest.mark.skipif(sys.platform != "linux", reason="loopback has no other address")
def test_a_certificate_for_another_host(mailbox: Mailbox) -> None:
    options = mailbox.options(host="0.0.0.0")
    refused("tls_error", "0.0.0.0", "host name", imap=options, orders=[order(issue())])


def test_a_server_that_hides_starttls_does_not_get_the_password() -> None:
    with HangingUp() as server:
        refused("tls_error", "STARTTLS", imap=server.options("starttls"), orders=[order(issue())])
        assert b"LOGIN" not in b"".join(server.received).upper()
        assert b"s3cr3t" not in b"".join(server.received)


# The mail server: what goes wrong


def test_a_connection_that_is_lost_once_is_made_again() -> None:
    with HangingUp(IN_A_LITERAL, Fault("SEARCH"), None) as server:
        run = looked(orders=[order(issue())], imap=server.options(timeout=5))
        assert (reasons(run), run["messages_examined"], server.connections) == (["unreadable"], 1, 3)
        heard = b"".join(server.received).upper()
    assert b"EXAMINE" in heard and b"BODY.PEEK[]" in heard
    assert not re.search(rb"SELECT|BODY\[|STORE|COPY|MOVE|EXPUNGE|APPEND|CLOSE", heard)


# Waiting

LONG = {"wait": True, "wait_timeout": 3_600, "wait_interval": 600}


def test_a_mail_that_comes_ends_the_waiting(dovecot: Server, mailbox: Mailbox) -> None:
    """Its certificate is not valid before the run begins."""
    key, other = new_key(), issue()
    mailbox.deliver(letter(other))
    orders = [order(issue(key=key), 1), order(other, 2)]
    process = start_module(MODULE, orders=orders, imap=mailbox.options(), **LONG)
    until(lambda: dovecot.connections(mailbox.username), process)
    started = datetime.now(timezone.utc).replace(microsecond=0)
    issued = issue(key=key, days=((started - NOW) / DAY, 90))
    mailbox.deliver(mail(text_part(LINK_ONLY)))
    mailbox.deliver(letter(issued))
    run = succeeded(finished(process, SECONDS))
    assert fingerprints(run) == [issued.fingerprint, other.fingerprint]
    assert (run["missing"], run["messages_examined"], reasons(run)) == ([], 3, ["link_only"])
    assert all(name.startswith("new/") for name in mailbox.flags())


def email(order_id: int, outcome: str, reason: str | None = None) -> dict[str, Any]:
    """What ssl_fulfillment_email returns of an order, as far as it matters here."""
    return {"order_id": order_id, "outcome": outcome, "reason": reason, "next_allowed_at": None}


@pytest.mark.parametrize("source", ["maildir"], indirect=True)
def test_emails_that_were_not_requested_are_not_waited_for(source: Source) -> None:
    """What is there of them is found all the same."""
    issued, there = issue(), issue()
    for one in (issued, there):
        source.put(letter(one))
    orders = [order(issue(), 1), order(issued, 2), order(there, 3), order(issue(), 4)]
    refused = [email(1, "failed", "recipient_not_allowed"), email(3, "skipped", "pending")]
    run = looked(orders=orders, emails=[*refused, email(2, "requested")], seconds=SECONDS, **LONG, **source.options)
    assert fingerprints(run) == [issued.fingerprint, there.fingerprint]
    assert [entry["order_id"] for entry in run["missing"]] == [1, 4]


# Large folders


UNSEARCHABLE = {
    *("attached_misleading_inline_picture", "wrong_charset_utf_16_is_not"),
    *(f"wrong_charset_utf-16-{order}_without_mark" for order in ("le", "be")),
}
"""Of these a server cannot tell that there is a certificate in them: pictures, and what is so broken that it reads nothing."""
CROWD = {name: form for name, form in FORMS.items() if not form.exact and name not in UNSEARCHABLE}
"""All others but those that would be another message with the line ends that a server writes."""


@pytest.mark.later
def test_in_a_large_folder_every_form_is_found_and_little_else_is_searched(dovecot: Server) -> None:
    """Also the newest of two, where the older one stands in a text and the newer one is attached, both under a telling subject.

    Such a subject helps what cannot be searched, and tells why a certificate is missing.
    """
    mailbox, key = dovecot.new_user(), new_key()
    fill(mailbox, 520, days=25)
    issued = {name: issue() for name in CROWD}
    for number, (name, form) in enumerate(CROWD.items()):
        mailbox.deliver(form.build(issued[name]), flags="S", age_days=25 * number / len(CROWD))
    old, new = (issue(key=key, days=(-age, 90)) for age in (20, 2))
    mailbox.deliver(letter(old), age_days=20)
    mailbox.deliver(zip_letter(new), age_days=2)
    before = mailbox.flags()
    orders = [order(each, index) for index, each in enumerate([*issued.values(), new])]
    run = looked(orders=orders, imap=mailbox.options())
    assert run["missing"] == []
    assert fingerprints(run) == [each.fingerprint for each in (*issued.values(), new)]
    formats = dict(zip(issued, (found["source"]["format"] for found in run["certificates"]), strict=False))
    assert formats == {name: form.format for name, form in CROWD.items()}
    assert run["messages_examined"] <= len(CROWD) + 100
    assert mailbox.flags() == before

    hidden = {name: issue() for name in UNSEARCHABLE}
    for name, each in hidden.items():
        mailbox.deliver(FORMS[name].build(each))
    mailbox.deliver(mail(text_part(LINK_ONLY)))
    mailbox.deliver(NEGATIVES["approval_request"].build(issue()))
    orders = [order(each, index) for index, each in enumerate(hidden.values())]
    run = looked(orders=[order(issue(), 77), *orders], imap=mailbox.options())
    assert [entry["order_id"] for entry in run["missing"]] == [77]
    assert fingerprints(run) == [each.fingerprint for each in hidden.values()]
    assert {"link_only", "approval_request"} <= set(reasons(run))


MEBIBYTE = 2**20


@only_long
def test_memory_does_not_grow_with_the_mailbox(dovecot: Server) -> None:
    """The larger mailbox is ten times as large, and something is missing, so that all is looked for."""
    wanted = {"orders": [order(issue())]}
    peaks: dict[str, list[int]] = {"imap": [], "maildir": []}
    for number in (500, 5_000):
        mailbox = dovecot.new_user()
        fill(mailbox, number, days=25)
        options = {"imap": mailbox.options(), "maildir": str(mailbox.maildir)}
        for kind, option in options.items():
            run, peak = run_measured(MODULE, **{kind: option}, **wanted)
            peaks[kind].append(peak)
            if kind != "imap":
                assert run["messages_examined"] == number
    assert {kind: larger - smaller < 30 * MEBIBYTE for kind, (smaller, larger) in peaks.items()} == dict.fromkeys(
        peaks, True
    ), peaks
