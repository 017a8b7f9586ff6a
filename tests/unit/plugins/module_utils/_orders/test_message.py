# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking certificates out of messages: out of every form, never without the key, never at any price."""

from __future__ import annotations

import email
import email.policy
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import plan_collect as search
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_collect import (
    Headers,
    Match,
    Message,
    read_message,
    why_unmatched,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.certificates import DAY, NOW, Authority, Issued, leaks, new_key, pem_of, self_signed
from tests.support.long import FUZZ_EXAMPLES, LONG, one_in
from tests.support.messages import (
    BODY_SECRET,
    DATE,
    EXTREMES,
    FLOODS,
    FORMS,
    MESSAGE_ID,
    NEGATIVES,
    SENDER,
    SUBJECT,
    attachment,
    der_of,
    forwarded,
    mail,
    mail_signer,
    multipart,
    rapidssl,
    smime_signed,
    text_part,
    zip_entries,
    zipped,
)

fuzz = settings(max_examples=FUZZ_EXAMPLES)
AT = NOW.astimezone(timezone.utc)
FORMATS = {"inline_pem", "pem", "der", "pkcs7", "zip"}
REASONS = {
    *("link_only", "approval_request", "no_certificate", "no_matching_key", "expired", "not_yet_valid", "malformed"),
    *("encrypted", "too_large", "unsupported_attachment"),
}

AUTHORITY = Authority(intermediates=2)
ISSUED = AUTHORITY.issue("www.example.com")
OTHER = Authority("Another", intermediates=2).issue("www.example.com")


@cache
def _key_of(der: bytes) -> str:
    return Certificate(der).public_key_sha256


def key_of(issued: Issued) -> str:
    return _key_of(issued.der)


def ders(certificates: tuple[Certificate, ...]) -> list[bytes]:
    return [certificate.der for certificate in certificates]


def chain_of(issued: Issued) -> list[bytes]:
    return [der_of(certificate) for certificate in issued.chain]


@cache
def form_data(name: str) -> bytes:
    return FORMS[name].build(ISSUED)


def read(data: bytes, *wanted: Issued, at: datetime = AT) -> tuple[dict[str, Match], str | None]:
    """Read a message, take what is wanted and ask why not; whatever the message is, some things hold."""
    return taken(read_only(data), *wanted, at=at)


def read_only(data: bytes) -> Message:
    """Read a message: each certificate is there once, and nothing else of it can be seen but its headers."""
    message = read_message(data)
    assert isinstance(message.candidates, tuple) and isinstance(message.headers, Headers)
    candidates = [candidate.certificate.der for candidate in message.candidates]
    assert len(candidates) == len(set(candidates))
    assert {candidate.format for candidate in message.candidates} <= FORMATS
    assert_silent(repr(message).replace(repr(message.headers), ""))
    return message


def assert_silent(shown: str) -> None:
    """Nothing of the body or of a key is shown."""
    assert not leaks(shown)
    assert BODY_SECRET not in shown and "BEGIN" not in shown


def select_matches(message: Message, keys: Iterable[str], at: datetime) -> dict[str, Match]:
    """Take what carries these public keys, whatever it is for; a damaged copy may come after the best one."""
    found = search.select_matches(message, search.group_by_key((key, frozenset()) for key in keys), at)
    return {key: one for (key, _names), (one, *_others) in found.items()}


def taken(message: Message, *wanted: Issued, at: datetime = AT) -> tuple[dict[str, Match], str | None]:
    """Take what is wanted and ask why not: it has the key, is valid, and its issuers did issue it."""
    keys = {key_of(issued) for issued in wanted or (ISSUED,)}
    found, reason = select_matches(message, keys, at), why_unmatched(message, keys, at)
    assert reason in REASONS if not found else reason is None
    assert found.keys() <= keys
    for key, one in found.items():
        assert one.certificate.public_key_sha256 == key
        assert one.certificate.not_before <= at <= one.certificate.not_after
        assert not any(issuer.is_root for issuer in one.chain.issuers)
        for issuer, below in zip(one.chain.issuers, (one.certificate, *one.chain.issuers), strict=False):
            assert below.is_issued_by(issuer)
    assert_silent(repr(found))
    return found, reason


def look(data: bytes, *wanted: Issued, at: datetime = AT) -> dict[str, Match]:
    """What is to be taken from a message."""
    return read(data, *wanted, at=at)[0]


def reason_of(data: bytes, *wanted: Issued, at: datetime = AT) -> str | None:
    """Why nothing is to be taken from a message."""
    return read(data, *wanted, at=at)[1]


def assert_found(data: bytes, form: str, chain: list[bytes]) -> None:
    found, reason = read(data)
    assert reason is None
    (one,) = found.values()
    assert one.certificate.der == ISSUED.der
    assert ders(one.chain.issuers) == chain
    assert one.format == form


# Every form


@pytest.mark.parametrize("name", FORMS)
def test_every_form(name: str) -> None:
    form = FORMS[name]
    assert_found(form_data(name), form.format, chain_of(ISSUED) if form.chain else [])


@pytest.mark.parametrize("name", one_in(8, (name for name, form in FORMS.items() if not form.exact)))
def test_every_form_as_a_server_gives_it(name: str) -> None:
    """Parsed and written anew, with the line ends of the protocol; or only with these."""
    parsed = email.message_from_bytes(form_data(name), policy=email.policy.compat32)
    anew = parsed.as_bytes(policy=email.policy.compat32.clone(linesep="\r\n"))
    form = FORMS[name]
    for data in (anew, re.sub(rb"\r?\n", b"\r\n", form_data(name))):
        assert_found(data, form.format, chain_of(ISSUED) if form.chain else [])


@pytest.mark.parametrize("name", one_in(8, FORMS))
def test_every_form_with_another_key(name: str) -> None:
    """All is right but for the key that is looked for."""
    assert read(form_data(name), OTHER) == ({}, "no_matching_key")


@pytest.mark.parametrize("name", [name for name in FORMS if name.endswith(("br", "zip_sectigo", "cer_der"))])
def test_every_form_of_another_kind_of_key(name: str) -> None:
    """An RSA certificate is three times as long."""
    rsa = Authority("RSA", intermediates=2).issue("www.example.com", key=new_key("rsa"))
    data = FORMS[name].build(rsa)
    assert [one.certificate.der for one in look(data, rsa).values()] == [rsa.der]


@pytest.mark.parametrize(
    "name", [name for name in NEGATIVES if LONG or name != "bomb_bzip2"]
)  # a second to unpack as far as it is
def test_every_reason(name: str) -> None:
    negative = NEGATIVES[name]
    data, at = negative.build(ISSUED), AT + negative.days * DAY
    found, reason = read(data, at=at)
    assert found == {}
    assert reason in negative.reasons


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_are_read_or_given_up(name: str) -> None:
    data = EXTREMES[name](ISSUED)
    assert [one.certificate.der for one in look(data).values()] in ([], [ISSUED.der])
    assert look(data, OTHER) == {}


def test_ten_levels_are_not_too_many() -> None:
    content = text_part(rapidssl(ISSUED.pem, ISSUED.chain_pem))
    for _level in range(5):
        content = forwarded(content)
    assert_found(mail(content), "inline_pem", chain_of(ISSUED))


# What is chosen


@pytest.mark.parametrize("damaged_first", [True, False])
def test_of_two_alike_the_one_that_its_issuer_signed(damaged_first: bool) -> None:
    """A copy whose signature was damaged on its way still parses."""
    damaged = pem_of([x509.load_der_x509_certificate(ISSUED.der[:-4] + b"\x00\x01\x02\x03")])
    pems = [damaged, ISSUED.pem]
    data = mail(text_part(rapidssl("".join(pems if damaged_first else pems[::-1]), ISSUED.chain_pem)))
    assert_found(data, "inline_pem", chain_of(ISSUED))


@given(st.permutations([*ISSUED.all, *OTHER.all]))
@fuzz
def test_the_order_of_certificates_does_not_matter(pile: list[x509.Certificate]) -> None:
    data = mail(text_part(rapidssl(pem_of(pile))))
    found = look(data, ISSUED, OTHER)
    for issued in (ISSUED, OTHER):
        one = found[key_of(issued)]
        assert (one.certificate.der, ders(one.chain.issuers)) == (issued.der, chain_of(issued))


def test_candidates_are_in_order_of_appearance() -> None:
    body = text_part(rapidssl(OTHER.pem))
    data = mail(multipart("mixed", body, attachment(zipped(zip_entries(ISSUED)), "a.zip"), attachment(OTHER.der)))
    candidates = read_message(data).candidates
    assert [candidate.certificate.der for candidate in candidates] == [
        OTHER.der,
        *(der_of(each) for each in reversed(ISSUED.all)),
    ]
    assert [candidate.format for candidate in candidates] == ["inline_pem", *["zip"] * 4]


@pytest.mark.parametrize("newer_first", [True, False])
@pytest.mark.parametrize(
    "days", [(-90, -1), (-90, 5), (-90, 400), (3, 500)], ids=["expired", "older", "longer", "future"]
)
def test_of_two_certificates_of_a_key_the_newest_valid_one(days: tuple[int, int], newer_first: bool) -> None:
    renewed = AUTHORITY.issue("www.example.com", key=ISSUED.key, days=days)
    pems = [ISSUED.pem, renewed.pem]
    data = mail(text_part(rapidssl("".join(pems if newer_first else pems[::-1]), ISSUED.chain_pem)))
    assert_found(data, "inline_pem", chain_of(ISSUED))


def test_validity_includes_its_first_and_last_second() -> None:
    data = mail(text_part(ISSUED.pem))
    first, last = ISSUED.certificate.not_valid_before_utc, ISSUED.certificate.not_valid_after_utc
    second = timedelta(seconds=1)
    assert look(data, at=first) and look(data, at=last)
    assert reason_of(data, at=first - second) == "not_yet_valid"
    assert reason_of(data, at=last + second) == "expired"


def test_a_self_signed_certificate_of_the_key() -> None:
    alone = self_signed("www.example.com")
    (one,) = look(mail(text_part(alone.pem)), alone).values()
    assert (one.certificate.der, one.chain.issuers) == (alone.der, ())


def test_the_signer_of_a_message_is_no_one() -> None:
    data = mail(smime_signed(text_part(rapidssl(ISSUED.pem, ISSUED.chain_pem))))
    assert_found(data, "inline_pem", chain_of(ISSUED))
    assert all(one.certificate.der == mail_signer().der for one in look(data, mail_signer()).values())


def test_nothing_is_wanted() -> None:
    message = read_message(form_data("text_canonical"))
    assert select_matches(message, (), AT) == {}
    assert why_unmatched(message, set(), AT) == "no_matching_key"


def test_where_any_names_will_do_a_certificate_for_others_hides_none() -> None:
    """Whoever has got hold of a signing request can have it signed for a name of his own, and so can another organization."""
    key = ISSUED.key
    old, new, other, organization = (
        AUTHORITY.issue(name, key=key, days=(begin, 90), organization=of)
        for name, begin, of in (
            ("www.example.com", -9, None),
            ("www.example.com", -8, None),
            ("zzz.example.com", -1, None),
            ("www.example.com", -1, "Ltd"),
        )
    )
    looking = search.Search([(key_of(ISSUED), frozenset())], require_trust=False)
    for one in (new, other, organization, old):
        looking.examine(one.pem.encode(), search.Location(), NOW)
    found = [one.match.certificate for one in looking.find_collected(looking.targets[0])]
    assert found == [Certificate.from_library(one.certificate) for one in (new, other, organization)]


# Headers


def headers_of(*lines: bytes) -> Headers:
    return read_message(b"\n".join([*lines, b"", b"body"])).headers


def test_headers() -> None:
    headers = read_message(form_data("zip_sectigo")).headers
    assert headers == Headers(MESSAGE_ID, SENDER, datetime(2026, 1, 5, 9, 11, 12, tzinfo=timezone.utc), SUBJECT)
    assert DATE.endswith("+0100") and headers.date is not None and headers.date.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("data", "subject"),
    [
        (b"Subject: Fwd\n" + bytes(forwarded(text_part(ISSUED.pem))), "Fwd"),  # those of the outer message
        (b"\n\nbody", None),
        (b"Subject:\nFrom: \nDate:\nMessage-ID:\n\nbody", None),
    ],
    ids=["forwarded", "none", "empty"],
)
def test_headers_that_are_missing(data: bytes, subject: str | None) -> None:
    assert read_message(data).headers == Headers(None, None, None, subject)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"Z\xc3\xbcrich", "Zürich"),
        (b"Z\xfcrich", "Zürich"),
        (b"=?utf-8?Q?Z=C3=BCrich?=", "Zürich"),
        (b"=?iso-8859-1?q?Z=FCrich?=\n =?iso-8859-1?q?_ist_gro=DF?=", "Zürich ist groß"),
        (b"Ihr\n\tZertifikat", "Ihr Zertifikat"),
        (b"=?iso-2022-jp?B?GyRCPlpMQD1xGyhC?=", "証明書"),
        (b"=?utf-8?q?a=0D=0ABcc:_b?=", "a Bcc: b"),
    ],
)
def test_subjects(written: bytes, expected: str) -> None:
    assert headers_of(b"Subject: " + written).subject == expected


@pytest.mark.parametrize(
    "written",
    [
        *(b"=?x-none?q?Z=FCrich?=", b"=?utf-8?q?=FF=FE?=", b"=?utf-8?b?WsO8cml?=", b"=?utf-8?b?****?="),
        *(b"=?utf-8?x?abc?=", b"=?u\xf4-8?q?abc?=", b"=?u\xc3\xb4-8?b?YWJj?=", b"=?utf-16?b?2AA=?= lone"),
        *(b"=?utf-7?q?+2AA-?= lone", b"=?unicode_escape?q?=5Cud800?= lone", b"=?hex?q?00?=", b"=?" * 1000),
        *(b"a" * 100_000, b"\n a" * 10_000, b"=?utf-8?q?a=00=1B[31m=E2=80=A8=C2=85?= b\x00\x1b[2Jc", b"\xff\xfe\x00"),
        b"\xed\xa0\x80 lone",
    ],
)
@pytest.mark.parametrize("field", [b"Subject", b"From", b"Message-ID"])
def test_odd_headers_are_one_short_line_of_text(field: bytes, written: bytes) -> None:
    headers = headers_of(field + b": " + written)
    for value in (headers.subject, headers.sender, headers.message_id):
        if value is not None:
            assert len(value) <= 1000
            assert len(value.splitlines()) == 1 and not set(value) & set(map(chr, range(32)))
            assert json.loads(json.dumps(value)).encode() == value.encode()


@pytest.fixture
def in_tokyo() -> Iterator[None]:
    """The local time is that of a place far from Greenwich."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"Thu, 1 Jan 2026 00:30:00 +0100", "2025-12-31T23:30:00+00:00"),
        (b"Thu, 1 Jan 2026 00:30:00 -0000", "2026-01-01T00:30:00+00:00"),
        (b"Thu, 1 Jan 2026 00:30:00 EST (comment)", "2026-01-01T05:30:00+00:00"),
        (b"yesterday", None),
        (b"Thu, 1 Jan 99999999999 00:30:00 +0000", None),
        (b"Fri, 31 Dec 9999 23:59:59 -2359", None),
        (b"Thu, 1 Jan 2026 00:30:00", "2026-01-01T00:30:00+00:00"),
        (b"Thu, 1 Jan 2026 00:30:00 +9999999999", None),
        (b"9 " * 100_000, None),
        (b"\xff\xfe", None),
    ],
)
@pytest.mark.usefixtures("in_tokyo")
def test_dates(written: bytes, expected: str | None) -> None:
    """The same wherever the controller is."""
    date = headers_of(b"Date: " + written).date
    assert (date.isoformat() if date else None) == expected
    assert date is None or date.utcoffset() == timedelta(0)


# What nobody would have thought of


@cache
def seeds() -> list[bytes]:
    """A message of each form, large ones left out: what is damaged is to be many things, not much of one."""
    built = [form_data(name) for name in FORMS if "bomb" not in name]
    built += [negative.build(ISSUED) for name, negative in NEGATIVES.items() if "bomb" not in name]
    return [data for data in built if len(data) < 50_000]


def examine(data: bytes) -> None:
    """Look for each of the certificates that may be in a message, and for some that cannot, in three years."""
    message = read_only(data)
    for wanted in ((ISSUED,), (OTHER,), (ISSUED, OTHER, mail_signer())):
        for at in (AT, AT - 300 * DAY, AT + 300 * DAY):
            taken(message, *wanted, at=at)


TOKENS = [
    *(b"Content-Type: ", b"Content-Transfer-Encoding: ", b"Content-Disposition: ", b"Subject: ", b"Date: ", b"From: "),
    *(b"text/plain", b"text/html", b"multipart/mixed", b"message/rfc822", b"application/zip", b"multipart/encrypted"),
    *(
        *(b"; boundary=", b"; charset=", b"; filename=", b"; filename*0*=", b"utf-16", b"utf-7", b"idna", b"x", b'"'),
        b"\\",
    ),
    *(b"base64", b"quoted-printable", b"attachment", b"inline", b"=?utf-8?q?", b"=?=", b"?=", b"="),
    *(b"\n", b"\r\n", b"\r", b"\n\n", b"\n--x\n", b"\n--x--\n", b"\n ", b":", b";", b"\0", b"\xff", b"\xc2\xa0", b"> "),
    *(
        *(b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----", b"-----", b"BEGIN", b"-", b"<br>", b"<", b"&#"),
        b">",
    ),
    *(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x30\x82\x01\x00", b"\x30\x80", b"%PDF-1.4", b"MII", b"<!--"),
    ISSUED.pem.encode(),
    ISSUED.der,
    zipped([("a.crt", ISSUED.pem.encode())]),
    *(b"\x1f\x8b\x08", b"data:a/b;base64,", b"A\0B\0", b"MIIB"),
]


POSITION = st.floats(0, 1, exclude_max=True)
MUTATION = st.tuples(
    st.sampled_from(["flip", "delete", "double", "move", "insert", "cut"]),
    POSITION,
    POSITION,
    st.integers(1, 400),
    st.sampled_from(TOKENS),
)


def mutated(data: bytes, mutations: list[tuple[str, float, float, int, bytes]]) -> bytes:
    """A message after some accidents."""
    for kind, where, whither, length, token in mutations:
        start, target = int(where * len(data)), int(whither * len(data))
        piece = data[start : start + length]
        without = data[:start] + data[start + length :]
        flipped = bytes(byte ^ 1 << length % 8 for byte in data[start : start + 1])
        data = {
            "flip": data[:start] + flipped + data[start + 1 :],
            "delete": without,
            "double": data[:target] + piece + data[target:],
            "move": without[:target] + piece + without[target:],
            "insert": data[:target] + token + data[target:],
            "cut": data[: max(start, 1)],
        }[kind]
    return data


@given(st.integers(0, 10_000), st.lists(MUTATION, min_size=1, max_size=8))
@fuzz
def test_damaged_messages(seed: int, mutations: list[tuple[str, float, float, int, bytes]]) -> None:
    examine(mutated(seeds()[seed % len(seeds())], mutations))


TEXT_AROUND = st.text(st.characters(exclude_characters="-", exclude_categories=["Cs"]), max_size=60)


@given(TEXT_AROUND, TEXT_AROUND)
@fuzz
def test_any_text_around(before: str, after: str) -> None:
    """Beginnings of text are not to be mistaken, say for a mark of its encoding, nor are the lines around the block."""
    data = mail(text_part(f"{before}\n{ISSUED.pem}{after}\n", encoding="base64"))
    assert [one.certificate.der for one in look(data).values()] == [ISSUED.der]


# What is made to be slow, or to fill the memory

MEBIBYTE = 1024 * 1024
ADDRESS_SPACE, MEMORY = 500 * MEBIBYTE, 200 * MEBIBYTE
SECONDS = 5
"""Of processor time: ten times what is needed, and far less than anything takes whose time grows with the square."""
GUARDED = """
import json, os, resource, sys
from datetime import datetime, timezone
from pathlib import Path
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_collect import group_by_key, read_message, select_matches, why_unmatched

def status(name):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024

def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

small, key, at, space, seconds = sys.argv[1:]
at = datetime.fromisoformat(at)

def use(data):
    message = read_message(data)
    found = select_matches(message, group_by_key([(key, frozenset())]), at)
    keys = [key, *(candidate.certificate.public_key_sha256 for candidate in message.candidates)]
    select_matches(message, group_by_key({(each, frozenset()) for each in keys}), at)
    repr((message, found))
    return why_unmatched(message, {key}, at), len(message.candidates), [one.certificate.der.hex() for several in found.values() for one in several]

def read(path):
    data = Path(path).read_bytes()
    before, memory = spent(), status("VmHWM")
    resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + int(space),) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (int(before + float(seconds)) + 1,) * 2)
    reason, candidates, found = use(data)
    return {
        "reason": reason, "candidates": candidates, "found": found,
        "memory": status("VmHWM") - memory, "seconds": spent() - before,
    }

use(Path(small).read_bytes())
for path in sys.stdin:
    child = os.fork()
    if not child:
        print(json.dumps(read(path.strip())), flush=True)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended:
        print(json.dumps({"exit_code": ended}), flush=True)
"""
"""Reads each message in a process of its own, under limits; the peak is that of its own address space, which `getrusage` mixes with its
parent's. It has what it needs imported before, and ends with its input, also if this process is killed."""

ReadGuarded = Callable[[bytes], dict[str, object]]


@pytest.fixture(scope="module")
def read_guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadGuarded]:
    """Read messages in processes that may take so much memory and time and no more."""
    folder = tmp_path_factory.mktemp("guarded")
    path, small = folder / "message.eml", folder / "small.eml"
    small.write_bytes(form_data("several_sectigo_zip_and_inline"))
    arguments = [str(small), key_of(ISSUED), AT.isoformat(), str(ADDRESS_SPACE), str(SECONDS)]
    command = [sys.executable, "-c", GUARDED, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        asks, answers = process.stdin, process.stdout

        def read(data: bytes) -> dict[str, object]:
            path.write_bytes(data)
            print(path, file=asks, flush=True)
            result: dict[str, object] = json.loads(answers.readline())
            path.unlink()
            assert "exit_code" not in result, result
            return result

        yield read
        asks.close()


FEW_FLOODS = [*("tags", "dashes", "base64", "deep_multipart", "entangled_issuers", "zip_ratio", "zip_of_zips")]
"""One of each kind."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("name", FLOODS if LONG else FEW_FLOODS)
def test_floods(read_guarded: ReadGuarded, name: str) -> None:
    result = read_guarded(FLOODS[name](ISSUED))
    assert isinstance(result["memory"], int) and result["memory"] < MEMORY, result
    assert result["reason"] in REASONS or result["found"], result
