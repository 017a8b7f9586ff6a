# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where messages come from, as far as a module's run cannot show it: what happens between two looks, or in the middle of one."""

from __future__ import annotations

import imaplib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import imap as imap_module
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.imap import (
    CERTIFICATE_PART,
    MAX_BATCH_BYTES,
    MAX_CONSECUTIVE_FAILURES,
    MAX_REQUEST_MESSAGES,
    MAX_SMALL_FOLDER,
    ImapMailbox,
    ImapSettings,
    _group_batches,
    _parse_responses,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.mailbox import (
    MaildirMailbox,
    PathsMailbox,
    RawMessage,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.messages import describe_unreadable
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_collect import Location

from tests.support.dovecot import HOST, Mailbox, Server, fill, make_maildir
from tests.support.failing import fails
from tests.support.false_imap import (
    AFTER_GREETING,
    AFTER_LOGIN,
    GAPS,
    GARBAGE,
    SILENT,
    Fault,
    Gap,
    GappedMail,
    HangingUp,
)
from tests.support.waiting import until

pytestmark = pytest.mark.later

pytest_plugins = ["tests.support.dovecot"]

LARGEST = 10 * 1024 * 1024
LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)
SECONDS = 60
"""How long anything may take that takes no time."""


def message(subject: str) -> bytes:
    """A short message."""
    return f"From: someone@mail.example\nSubject: {subject}\n\nHow are you?\n".encode()


def never() -> bool:
    """Something is missing still."""
    return False


def always() -> bool:
    """All is found."""
    return True


def subjects(raws: list[RawMessage] | Iterator[RawMessage]) -> list[str]:
    """What messages are about."""
    found = []
    for raw in raws:
        lines = raw.data.decode("ascii", "replace").splitlines()
        found += [line.partition(": ")[2] for line in lines if line.startswith("Subject: ")]
    return found


def settings_for(**changes: Any) -> ImapSettings:
    """Settings of a server on loopback."""
    login = {"host": HOST, "port": None, "username": "user", "password": "s3cr3t-w0rd", "security": "none"}
    common = {"folder": "INBOX", "validate_certs": True, "ca_path": None, "timeout": 20}
    return ImapSettings(**{**login, **common, **changes})


def imap(box: Mailbox, security: str = "tls", **changes: Any) -> ImapMailbox:
    """A mailbox on the server."""
    return ImapMailbox(settings_for(**{**box.options(security), **changes}), LARGEST)


def read_all(box: ImapMailbox) -> list[RawMessage]:
    """All that is in a mailbox."""
    with box:
        return list(box.read(LONG_AGO, never))


# What a structure shows


@pytest.mark.parametrize(
    "structure",
    [
        b'("application" "pkix-cert" ("name" "a.cer") NIL NIL "base64" 1000)',
        b'("APPLICATION" "OCTET-STREAM" NIL NIL NIL "BASE64" 1000 NIL ("ATTACHMENT" NIL) NIL NIL)',
        b'("application" "zip" ("name" "example_com.zip") NIL NIL "base64" 1000)',
        b'("application" "x-pkcs7-certificates" NIL NIL NIL "base64" 1000)',
        b'("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 100 3)("message" "rfc822" NIL NIL NIL "7bit" 1000)',
        b'("text" "plain" ("charset" "utf-8" "name" "www_example_com.crt") NIL NIL "base64" 100 3)',
        b'("image" "png" ("name" "www.example.com.p7b") NIL NIL "base64" 100)',
        b'("application" "vnd.unknown" NIL NIL NIL "base64" 9 NIL ("attachment" ("filename" "example.ca-bundle")) NIL)',
        b'("text" "plain" NIL NIL NIL "base64" 9 1 NIL ("attachment" ("filename*0" "a" "filename*1" "b.crt")) NIL)',
        b'("text" "plain" NIL NIL NIL "base64" 9 1 NIL ("attachment" ("filename*" "utf-8\'\'b%C3%BCcher.crt")) NIL)',
        b'("application" "vnd.ms-outlook" NIL NIL NIL "base64" 9)',
        b'("text" "plain" ("name" "Your certificate.MSG") NIL NIL "base64" 9)',
    ],
)
def test_a_structure_that_may_hold_a_certificate(structure: bytes) -> None:
    assert CERTIFICATE_PART.search(b"1 (UID 1 BODYSTRUCTURE (" + structure + b' "mixed"))')


@pytest.mark.parametrize(
    "structure",
    [
        b'("text" "plain" NIL NIL NIL "7bit" 100 3)("image" "png" ("name" "logo.png") NIL NIL "base64" 100)',
        b'("APPLICATION" "PDF" ("NAME" "certificate.pdf") NIL NIL "BASE64" 9)',
        b'("application" "vnd.ms-excel" ("name" "certificates.xls") NIL NIL "base64" 9)',
        b'("text" "plain" NIL NIL NIL "7bit" 9 1)("application" "pgp-signature" ("name" "signature.asc") NIL NIL "7bit" 9)',
        b'("text" "calendar" ("method" "REQUEST" "name" "invite.ics") NIL NIL "7bit" 9 1)',
        b"",
    ],
)
def test_a_structure_that_holds_none(structure: bytes) -> None:
    assert not CERTIFICATE_PART.search(b"1 (UID 1 BODYSTRUCTURE (" + structure + b' "mixed"))')


# How the server is asked


def test_batches_are_small_and_leave_nothing_out() -> None:
    sizes = {uid: (uid * 7919 % 23) ** 5 if uid % 3 else 2_000 for uid in range(1, 2_000)}
    batches = list(_group_batches(sizes))
    assert [uid for batch in batches for uid in batch] == list(sizes)
    for batch in batches:
        assert len(batch) == 1 or sum(sizes[uid] for uid in batch) <= MAX_BATCH_BYTES
    assert list(_group_batches({})) == []


def test_what_a_response_to_fetch_consists_of() -> None:
    """Exchange writes the UID after the content, in the order of the command; file names may be literals; news may come between."""
    size = b"3 (UID 3 RFC822.SIZE 9)"
    news = b"9 (FLAGS (\\Seen))"
    name = (b'4 (UID 4 BODYSTRUCTURE ("text" "plain" ("name" {9}', b"b\xc3\xbc.UID 8")
    data = [(b"2 (BODY[] {3}", b"UID"), b" UID 2)", size, news, None, name, b") NIL NIL))"]
    assert [(uid, content) for uid, _attributes, content in _parse_responses(data)] == [
        (2, b"UID"),
        (3, None),
        (4, None),
    ]
    assert [attributes for _uid, attributes, _content in _parse_responses(data)][2] == b"".join(name) + b") NIL NIL))"


# What cannot be opened


def refusal(code: str, *words: str, read: Callable[[], object]) -> CertificatesError:
    """What is raised: one or two sentences with these words, and nothing that only programmers understand."""
    with pytest.raises(CertificatesError) as raised:
        read()
    assert raised.value.code == code, raised.value.message
    for word in words:
        assert word in raised.value.message
    for artifact in ("Error", "errno", "<class", "_ssl.c", "b'", "  ", "..", "None"):
        assert artifact not in raised.value.message
    assert raised.value.message.isprintable()
    return raised.value


@pytest.mark.parametrize("path", ["box/new", "file", "nowhere", ""])
def test_what_is_no_maildir(tmp_path: Path, path: str) -> None:
    make_maildir(tmp_path / "box")
    (tmp_path / "file").touch()
    refusal("not_found", "Maildir", read=lambda: MaildirMailbox(str(tmp_path / path), LARGEST))


def test_a_maildir_is_no_folder_of_files(tmp_path: Path) -> None:
    """Its messages have no names that end in .eml, so none would be found."""
    make_maildir(tmp_path / "box")
    with fails("invalid_argument", "box is a Maildir, not a directory of .eml files. Set maildir instead of paths."):
        PathsMailbox([str(tmp_path / "box")], LARGEST)


@pytest.mark.parametrize("path", ["nowhere.eml", "loop", "nul\0"])
def test_what_is_no_file_or_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with fails("not_found", "eml"):
        PathsMailbox([str(tmp_path), str(tmp_path / path)], LARGEST)


@pytest.mark.parametrize("path", ["nowhere.pem", "empty.pem", "text.pem", ".", "nul\0"])
def test_a_ca_path_that_cannot_be_used(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty.pem").touch()
    (tmp_path / "text.pem").write_text("no certificate\n", encoding="ascii")
    settings = settings_for(host="localhost", security="tls", ca_path=str(tmp_path / path))
    error = refusal("invalid_argument", "ca_path", read=lambda: ImapMailbox(settings, LARGEST))
    assert path.startswith(("nul", ".")) or str(tmp_path / path) in error.message


def test_roots_of_the_environment_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They need not be usable where nothing is verified."""
    path = tmp_path / "damaged.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", encoding="ascii")
    settings = settings_for(host="localhost", security="tls")
    for named, words in ((path, "the file of trusted root certificates"), (tmp_path / "nowhere.pem", "SSL_CERT_FILE")):
        monkeypatch.setenv("SSL_CERT_FILE", str(named))
        error = refusal("invalid_argument", words, str(named), read=lambda: ImapMailbox(settings, LARGEST))
        assert "ca_path" not in error.message
        ImapMailbox(replace(settings, validate_certs=False), LARGEST)


@pytest.mark.parametrize(
    "where",
    [
        *(
            {"host": host, "security": "tls", "port": 1}
            for host in ("a" * 64 + ".example", ".example.com", "mail..example")
        ),
        {"host": "no-such-host.invalid", "security": "tls", "port": 1},
        {"security": "starttls", "port": 993},  # the usual port of TLS
    ],
    ids=str,
)
def test_a_place_that_cannot_be(where: dict[str, Any]) -> None:
    with pytest.raises(CertificatesError) as raised:
        ImapMailbox(settings_for(**where), LARGEST).__enter__()
    assert raised.value.code in {"unreachable", "tls_error", "invalid_argument"}


@pytest.mark.parametrize(
    "folder", ["Größe & Maß", 'a"b', "back\\slash", "+ {5}%*", "(x)", "&AOQ-", "\N{GRINNING FACE}"]
)
def test_folders_of_all_names(mailbox: Mailbox, folder: str) -> None:
    mailbox.create_folder(folder)
    mailbox.deliver(message("one"), folder=folder)
    with imap(mailbox, folder=folder) as box:
        [raw] = box.read(LONG_AGO, never)
    assert (raw.location.folder, subjects([raw])) == (folder, ["one"])


@pytest.mark.parametrize("folder", ["inbox/nowhere", "\N{SNOWMAN}"])
def test_a_folder_that_cannot_be(mailbox: Mailbox, folder: str) -> None:
    refusal("not_found", "INBOX", read=lambda: imap(mailbox, folder=folder).__enter__())


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (AFTER_GREETING, "unreachable"),
        (AFTER_LOGIN, "unreachable"),
        (GARBAGE, "unreachable"),
        (SILENT, "unreachable"),
        (Fault("GREETING", b"* BYE too busy\r\n"), "unreachable"),
        (Fault("LOGIN", hang_up=False), "unreachable"),
        (Fault("LOGIN", b"TAG NO [UNAVAILABLE] come back later\r\n"), "unreachable"),
        (Fault("LOGIN", b"TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n"), "unreachable"),
        (Fault("LOGIN", b"* BYE too many logins\r\n"), "unreachable"),
        (Fault("SEARCH", b"TAG NO no such thing\r\n"), "mailbox_error"),
        (Fault("SEARCH", b"TAG BAD what?\r\n"), "mailbox_error"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.at} {value.say!r}",
)
def test_a_server_that_misbehaves(fault: Fault, code: str) -> None:
    with HangingUp(fault) as server:
        settings = settings_for(**server.options(timeout=1))
        error = refusal(code, f"{HOST}:{server.port}", read=lambda: read_all(ImapMailbox(settings, LARGEST)))
        assert settings.password not in error.message


def test_a_name_that_is_no_ascii_is_sent_too(mailbox: Mailbox) -> None:
    settings = settings_for(**{**mailbox.options(), "username": "jürgen", "password": "pässwört"})
    refusal("authentication_failed", "jürgen", read=lambda: ImapMailbox(settings, LARGEST).__enter__())


def test_a_password_that_has_to_be_quoted() -> None:
    with HangingUp() as server:
        password = "s3\"cr3t\\ {{ 'w0rd' }} $&*() end"
        read_all(ImapMailbox(settings_for(**server.options(password=password)), LARGEST))
        [login] = [line for line in server.received if b" LOGIN " in line]
    assert login.rstrip().endswith(b'"s3\\"cr3t\\\\ {{ \'w0rd\' }} $&*() end"')


# Files, between two looks


def test_which_files_of_a_maildir_are_messages(tmp_path: Path) -> None:
    box = tmp_path / "box"
    for folder in (box, box / ".Archive"):
        make_maildir(folder)
    messages = ("new/1.a", "cur/2.b:2,", "cur/3.c:2,FRS", "cur/4.d:2,ST,weird")
    for place in (*messages, "new/.hidden", "tmp/5.e", ".Archive/new/6.f"):
        (box / place).write_bytes(message(place))
    (box / "new/folder").mkdir()
    (box / "new/gone").symlink_to(tmp_path / "nowhere")
    (box / "new/link").symlink_to(box / "cur/2.b:2,")
    (box / "maildirfolder").touch()
    raws = [*MaildirMailbox(str(box), LARGEST).read(LONG_AGO, never)]
    assert {raw.location.path for raw in raws} == {str(box / place) for place in (*messages, "new/link")}
    assert {*subjects(raws)} == {*messages}


def test_which_files_of_folders_are_messages(tmp_path: Path) -> None:
    for folder in ("mails/deeper.eml", "mails/.hidden"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "mails/round").symlink_to(tmp_path / "mails")
    messages = ("mails/B.EML", "mails/a.eml", "mails/outlook.MSG", "mails/deeper.eml/d.eml", "saved message")
    for place in (*messages, "mails/no.txt", "mails/msg", "mails/.c.eml", "mails/.hidden/d.eml"):
        (tmp_path / place).write_bytes(message(place))
    exact = message("exact").ljust(1_000)
    (tmp_path / "exact").write_bytes(exact)
    (tmp_path / "longer").write_bytes(exact + b"x")
    (tmp_path / "link.eml").symlink_to(tmp_path / "mails/a.eml")
    named = ("mails", "mails/a.eml", "mails/../mails", "link.eml", "saved message", "exact", "longer")
    raws = [*PathsMailbox([str(tmp_path / path) for path in named], len(exact)).read(LONG_AGO, never)]
    assert subjects(raws) == [*messages, "exact", "exact"]
    assert [raw.is_complete for raw in raws] == [True] * 6 + [False]


def test_a_message_that_is_moved_in_its_maildir_is_not_handed_on_twice(tmp_path: Path) -> None:
    make_maildir(tmp_path)
    (tmp_path / "new/1.a").write_bytes(message("one"))
    (tmp_path / "cur/2.b:2,S").write_bytes(message("two"))
    box = MaildirMailbox(str(tmp_path), LARGEST)
    assert sorted(subjects(box.read(LONG_AGO, never))) == ["one", "two"]
    (tmp_path / "new/1.a").rename(tmp_path / "cur/1.a:2,FS")
    (tmp_path / "cur/2.b:2,S").rename(tmp_path / "cur/2.b:2,")
    (tmp_path / "new/3.c").write_bytes(message("three"))
    assert subjects(box.read(LONG_AGO, never)) == ["three"]
    assert subjects(box.read(LONG_AGO, never)) == []


def test_a_message_that_another_program_takes_out_meanwhile_is_met_in_its_new_place(tmp_path: Path) -> None:
    make_maildir(tmp_path)
    for number in range(3):
        (tmp_path / f"new/{number}.a").write_bytes(message(str(number)))
    looking = MaildirMailbox(str(tmp_path), LARGEST).read(LONG_AGO, never)
    assert subjects([next(looking)]) == ["0"]
    (tmp_path / "new/1.a").rename(tmp_path / "cur/1.a:2,S")
    (tmp_path / "new/2.a").unlink()
    assert subjects(looking) == ["1"]


def test_a_file_that_was_being_saved_is_read_again_once_it_is_whole(tmp_path: Path) -> None:
    """With what came meanwhile."""
    path = tmp_path / "one.eml"
    path.write_bytes(message("on"))
    box = PathsMailbox([str(tmp_path)], LARGEST)
    assert subjects(box.read(LONG_AGO, never)) == ["on"]
    path.write_bytes(message("one"))
    (tmp_path / "two.eml").write_bytes(message("two"))
    assert subjects(box.read(LONG_AGO, never)) == ["one", "two"]
    assert subjects(box.read(LONG_AGO, never)) == []


def mbox_of(*messages: bytes) -> bytes:
    """An mbox of messages that have just come."""
    separator = f"From someone@mail.example {time.asctime(time.gmtime())}\n".encode()
    return b"".join(separator + each + b"\n" for each in messages)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_an_mbox_is_reported_with_what_to_do(tmp_path: Path, line_end: bytes) -> None:
    """Where it is named, and where it is only met; one that holds a single message is read as that."""
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder/mails.eml"
    path.write_bytes(mbox_of(message("one"), message("two")).replace(b"\n", line_end))
    with fails("not_found", "the file is an mbox. Save each message as an .eml file"):
        list(PathsMailbox([str(path)], LARGEST).read(LONG_AGO, never))
    box = PathsMailbox([str(tmp_path)], LARGEST)
    assert subjects(box.read(LONG_AGO, never)) == []
    assert ["is an mbox" in why.facts["error"] for _location, why in box.list_unread()] == [True]
    path.write_bytes(mbox_of(message("one") + b"\nFrom now on, renew it yourself.\n"))
    assert [b"renew" in raw.data for raw in box.read(LONG_AGO, never)] == [True]


def test_of_a_file_that_is_too_large_only_the_beginning_is_read(tmp_path: Path) -> None:
    large = message("large") + b"x" * 200_000
    (tmp_path / "large.eml").write_bytes(large)
    [raw] = PathsMailbox([str(tmp_path)], 100_000).read(LONG_AGO, never)
    assert (raw.is_complete, len(raw.data) < 100_000, subjects([raw])) == (False, True, ["large"])


def test_a_message_shows_in_no_representation() -> None:
    assert "How are you" not in repr(RawMessage(message("x"), Location(path="x")))
    settings = ImapSettings("localhost", None, "user", "s3cr3t-w0rd", "INBOX", "tls", True, None, 1)
    assert "s3cr3t" not in repr(settings)


# IMAP, between two looks and in the middle of one


def restart(server: Server, _box: Mailbox) -> None:
    server.stop()
    server.start()


LOSSES: dict[str, Callable[[Server, Mailbox], None]] = {
    "a crash": lambda server, box: server.kick(box.username, bye=False),
    "a server that is shut down": lambda server, box: server.kick(box.username),
    "a restart, which ends all": restart,
}


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_a_connection_that_is_lost_between_batches(
    dovecot: Server, mailbox: Mailbox, lose: Callable[[Server, Mailbox], None], security: str
) -> None:
    number = MAX_REQUEST_MESSAGES + 50
    for each in range(number):
        mailbox.deliver(message(str(each)))
    before = mailbox.flags()
    with imap(mailbox, security) as box:
        looking = box.read(LONG_AGO, never)
        found = [next(looking)]
        lose(dovecot, mailbox)
        found += [next(looking) for _ in range(MAX_REQUEST_MESSAGES)]  # the second chunk is on its way
        lose(dovecot, mailbox)
        found += looking
        assert sorted(map(int, subjects(found))) == list(range(number))
        assert len({raw.location.uid for raw in found}) == number
        assert {raw.location.folder for raw in found} == {"INBOX"}
    assert mailbox.flags() == before


def test_a_connection_that_is_lost_between_two_looks(dovecot: Server, mailbox: Mailbox) -> None:
    mailbox.deliver(message("one"))
    with imap(mailbox) as box:
        assert subjects(box.read(LONG_AGO, never)) == ["one"]
        dovecot.kick(mailbox.username, bye=False)
        mailbox.deliver(message("two"))
        assert subjects(box.read(LONG_AGO, never)) == ["two"]
        dovecot.kick(mailbox.username)
        box.wait(0.01)
        mailbox.deliver(message("three"))
        assert subjects(box.read(LONG_AGO, never)) == ["three"]


def test_all_connections_are_closed_in_the_end(dovecot: Server, mailbox: Mailbox) -> None:
    mailbox.deliver(message("one"))
    with imap(mailbox) as box:
        next(box.read(LONG_AGO, never))
        assert len(dovecot.connections(mailbox.username)) == 1
    until(lambda: dovecot.connections(mailbox.username) == [], seconds=SECONDS)


# Messages that the server does not give

FIVE = [message(str(number)) + b"Some more.\r\n" * 20 for number in range(1, 6)]
OTHERS = ["1", "2", "4", "5"]


def looks(mail: GappedMail, **changes: Any) -> ImapMailbox:
    """A mailbox on a server with gaps."""
    return ImapMailbox(settings_for(**mail.options(**{"timeout": 1, **changes})), LARGEST)


def unread(box: ImapMailbox) -> list[int | None]:
    """The messages that could not be read."""
    for location, why in box.list_unread():
        assert (why.facts["folder"], why.facts["uid"]) == (location.folder, location.uid) == ("INBOX", location.uid)
        assert describe_unreadable(why.facts).isprintable() and describe_unreadable(why.facts).endswith(".")
    return [location.uid for location, _why in box.list_unread()]


@pytest.mark.parametrize("few", [MAX_SMALL_FOLDER, 1], ids=["small_folder", "large_folder"])
@pytest.mark.parametrize("at", [b"BODY.PEEK", b"RFC822.SIZE", b"BODYSTRUCTURE"])
@pytest.mark.parametrize("name", GAPS)
def test_what_the_server_does_not_give_hides_no_other(
    at: bytes, name: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_module, "MAX_SMALL_FOLDER", few)
    with GappedMail(FIVE, {3: GAPS[name]}, at) as mail:
        box = looks(mail)
        found = sorted(subjects(read_all(box)))
        if at == b"BODYSTRUCTURE":  # what a search finds is read all the same
            assert found in (OTHERS, ["1", "2", "3", "4", "5"])
            return
        assert found == OTHERS
        assert unread(box) == [3]
        said = describe_unreadable(box.list_unread()[0][1].facts)
        assert "s3cr3t" not in said and "Some more" not in said
        assert mail.connections <= 4 and mail.fetches(3) <= 3
        assert mail.fetches(1) == 1 or name in ("bad_command", "bye")  # with these, the others do not come, either


@pytest.mark.parametrize("name", ["refused", "left_out", "bye"])
@pytest.mark.parametrize("at", [b"BODY.PEEK", b"RFC822.SIZE"])
def test_what_another_client_has_deleted_meanwhile_is_no_problem(at: bytes, name: str) -> None:
    with GappedMail(FIVE, {3: replace(GAPS[name], deletes=True)}, at) as mail:
        box = looks(mail)
        assert (sorted(subjects(read_all(box))), unread(box)) == (OTHERS, [])


def test_a_message_that_is_larger_than_the_server_says_is_too_large() -> None:
    """Exchange estimates sizes."""
    estimate = Gap(lambda uid: b"* %d FETCH (UID %d RFC822.SIZE 100)\r\n" % (uid, uid))
    with GappedMail([*FIVE, message("large") + b"x" * 200_000], {6: estimate}, b"RFC822.SIZE") as mail:
        raws = read_all(ImapMailbox(settings_for(**mail.options()), 100_000))
        assert [raw.location.uid for raw in raws] == [6, 5, 4, 3, 2, 1]
        assert [(len(raw.data) < 100_000, raw.is_complete) for raw in raws] == [(True, False)] + [(True, True)] * 5


@pytest.mark.parametrize("name", GAPS)
def test_what_was_given_up_is_not_asked_for_at_the_next_search(name: str) -> None:
    with GappedMail(FIVE, {3: GAPS[name]}) as mail, looks(mail) as box:
        assert len(list(box.read(LONG_AGO, never))) == 4
        asked, mail.messages[6] = mail.fetches(3), message("6")
        assert subjects(box.read(LONG_AGO, never)) == ["6"]
        assert (mail.fetches(3), unread(box)) == (asked, [3])
        mail.validity, mail.gaps = 2, {}
        box._close_connection()
        assert len(list(box.read(LONG_AGO, never))) == 6 and unread(box) == []


@pytest.mark.parametrize("name", GAPS)
def test_a_server_that_gives_nothing_is_given_up(name: str) -> None:
    """It limits the client, or fails; each message would be reported as unreadable otherwise."""
    number = MAX_CONSECUTIVE_FAILURES + 5
    with GappedMail(FIVE[:1] * number, dict.fromkeys(range(1, number + 1), GAPS[name])) as mail:
        with fails("mailbox_error", f"{HOST}:{mail.port} did not return {MAX_CONSECUTIVE_FAILURES} messages in a row"):
            read_all(looks(mail))
        assert mail.connections <= 2 * MAX_CONSECUTIVE_FAILURES + 2


@pytest.mark.parametrize("few", [MAX_SMALL_FOLDER, 1], ids=["small_folder", "large_folder"])
def test_a_file_that_the_mail_server_may_not_read(mailbox: Mailbox, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dovecot ends the connection when it is asked for such a message, and refuses to search where it is."""
    if mailbox.owner is None and not os.geteuid():
        pytest.skip("the server reads everything")
    monkeypatch.setattr(imap_module, "MAX_SMALL_FOLDER", few)
    monkeypatch.setattr(imap_module, "MAX_REQUEST_MESSAGES", 2)
    pem = b"-----BEGIN CERTIFICATE-----\nMIIA\n-----END CERTIFICATE-----\n"
    names = [mailbox.deliver(message(str(number)) + pem, flags="S") for number in range(1, 6)]
    (mailbox.maildir / "cur" / names[2]).chmod(0)
    box = imap(mailbox)
    assert sorted(subjects(read_all(box))) == OTHERS and unread(box) == [3]


# Waiting


def waits(box: ImapMailbox, seconds: float = 600) -> threading.Thread:
    """Let a mailbox wait in another thread."""
    thread = threading.Thread(target=box.wait, args=[seconds], daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("security", ["tls", "none"])
def test_a_message_ends_the_waiting(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, security: str) -> None:
    with imap(mailbox, security) as box:
        assert subjects(box.read(LONG_AGO, never)) == []
        assert box._box is not None
        idle, started = box._box.idle, threading.Event()
        start = idle.start

        def told() -> Any:
            answer = start()
            started.set()
            return answer

        monkeypatch.setattr(idle, "start", told)
        thread = waits(box)
        assert started.wait(SECONDS)
        mailbox.deliver(message("one"))
        thread.join(SECONDS)
        assert not thread.is_alive()
        assert subjects(box.read(LONG_AGO, never)) == ["one"]


@pytest.mark.parametrize("security", ["tls", "none"])
def test_a_message_that_came_between_searching_and_waiting_ends_the_waiting_at_once(
    mailbox: Mailbox, security: str
) -> None:
    with imap(mailbox, security) as box:
        assert subjects(box.read(LONG_AGO, never)) == []
        mailbox.deliver(message("one"))
        thread = waits(box)
        thread.join(20)
        assert not thread.is_alive(), "the server's word was lost in a buffer"
        assert subjects(box.read(LONG_AGO, never)) == ["one"]


def test_a_message_that_is_reported_together_with_the_answer_to_idle_ends_the_waiting() -> None:
    """The report is in a buffer by then, where polling the connection does not find it."""
    with GappedMail(FIVE, {}) as mail, looks(mail) as box:
        assert len(list(box.read(LONG_AGO, never))) == len(FIVE)
        thread = waits(box)
        thread.join(20)
        assert not thread.is_alive()


def test_a_lost_connection_ends_the_waiting(dovecot: Server, mailbox: Mailbox) -> None:
    with imap(mailbox) as box:
        assert subjects(box.read(LONG_AGO, never)) == []
        thread = waits(box)
        dovecot.kick(mailbox.username, bye=False)
        thread.join(SECONDS)
        assert not thread.is_alive()
        mailbox.deliver(message("one"))
        assert subjects(box.read(LONG_AGO, never)) == ["one"]


# A folder with very many messages


def test_in_a_large_folder_no_more_is_read_than_has_to_be(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(mailbox, MAX_SMALL_FOLDER + 300, days=5)
    mailbox.deliver(message("see below") + b"-----BEGIN\xa0CERTIFICATE-----\nMIIA\n-----END\xa0CERTIFICATE-----\n")
    mailbox.deliver(message("Your certificate") + b"-----BEGIN CERTIFICATE-----\nMIIA\n-----END CERTIFICATE-----\n")
    since = datetime.now(timezone.utc) - timedelta(days=30)
    with imap(mailbox) as box:
        assert list(box.read(since, always)) == []
    sent = commands(monkeypatch)
    with imap(mailbox) as box:
        looking = box.read(since, never)
        assert subjects([next(looking), next(looking)]) == ["Your certificate", "see below"]
        rest = list(looking)
        assert len(rest) <= MAX_SMALL_FOLDER
        assert len(sent) < 30
        assert list(box.read(since, never)) == []
        mailbox.deliver(message("news"))
        assert subjects(box.read(since, never)) == ["news"]


def test_a_message_that_is_too_large_is_not_downloaded(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for subject in ("one", "two", "three"):
        mailbox.deliver(message(subject) + b"x\n" * (100_000 if subject == "two" else 1))
    sent = commands(monkeypatch)
    with ImapMailbox(settings_for(**mailbox.options()), 100_000) as box:
        raws = list(box.read(LONG_AGO, never))
    assert {(*subjects([raw]), raw.is_complete) for raw in raws} == {("one", True), ("two", False), ("three", True)}
    assert all(len(raw.data) < 1_000 for raw in raws)
    assert [command[1] for command in sent if "(UID BODY.PEEK[])" in command] == ["3,1"]


def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands with UIDs that are sent from now on."""
    sent, send = [], imaplib.IMAP4.uid

    def record(client: imaplib.IMAP4, *command: Any) -> Any:
        sent.append(command)
        return send(client, *command)

    monkeypatch.setattr(imaplib.IMAP4, "uid", record)
    return sent
