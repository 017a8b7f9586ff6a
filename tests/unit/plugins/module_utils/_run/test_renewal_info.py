# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authorities are asked whether they want renewals, whatever they do; what they say is kept for a while."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._api.settings import Network
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.renewal_info import RenewalInfo
from ansible_collections.softlayer.certificates.plugins.module_utils._run import renewal_info
from ansible_collections.softlayer.certificates.plugins.module_utils._run.renewal_info import (
    KEPT,
    Inquiry,
    RenewalAnswer,
    RenewalQuestion,
    keep,
    read_kept,
    why_not_asked,
)

from tests.support.certificates import NOW
from tests.support.renewal_desk import FUTURE, PAST, WHY, Desk, answer
from tests.support.tls_servers import HOST, Server, Visit, free_port

IDENTIFIER = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
NETWORK = Network(60, None, True, 5)
"""The retries are those of the API; an authority is asked once."""
SHORT = 1.0
"""Seconds for all, where a server never answers."""
HOUR = timedelta(hours=1)


def asked(*questions: RenewalQuestion, seconds: float = 30, network: Network = NETWORK) -> list[Any]:
    """What is answered."""
    return list(Inquiry(network, seconds=seconds).ask(questions, NOW).values())


def of(desk: Desk, **how: Any) -> Any:
    """What a desk answers about one certificate."""
    (given,) = asked(RenewalQuestion(desk.url, IDENTIFIER), **how)
    return given


def why(desk: Desk, **how: Any) -> str:
    """Why that is not known."""
    given = of(desk, **how)
    assert isinstance(given, CertificatesError) and given.message.endswith("."), given
    return given.message


def test_one_question_about_each_certificate() -> None:
    """Of a directory once, without an account; what came with it says when to ask again."""
    with Desk(answer(PAST, Retry_After="7200")) as desk, Desk(answer(FUTURE)) as other:
        given = asked(
            *(RenewalQuestion(desk.url, f"{IDENTIFIER}{number}") for number in range(20)),
            RenewalQuestion(other.url, "x"),
        )
    assert given[:20] == [RenewalAnswer(RenewalInfo.of(PAST), NOW + 2 * HOUR)] * 20  # type: ignore[arg-type]
    assert given[20] == RenewalAnswer(RenewalInfo.of(FUTURE), NOW + 6 * HOUR)  # type: ignore[arg-type]
    assert given[0].info.explanation_url == WHY
    assert sorted(desk.asked) == sorted(
        ["/directory", *(f"/renewal-info/{IDENTIFIER}{number}" for number in range(20))]
    )
    assert other.asked == ["/directory", "/renewal-info/x"]
    assert {line.split(b" ")[0] for line in desk.received} == {b"GET"}


def test_an_authority_that_answers_no_such_questions() -> None:
    with Desk(answer(PAST), answer({"newNonce": "https://ca.example/nonce"})) as desk:
        assert of(desk) is None
    assert desk.asked == ["/directory"]


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_an_authority_that_has_too_much_to_do_says_when_to_ask_again(status: str, tmp_path: Path) -> None:
    with Desk(answer("", status, Retry_After="7200")) as desk:
        [told] = asked(RenewalQuestion(desk.url, "x"))
    assert told == RenewalAnswer(None, NOW + 2 * HOUR)
    path = str(tmp_path / "renewal-info.json")
    keep(path, {"x": told})
    assert read_kept(path, NOW) == {"x": told} and read_kept(path, NOW + 2 * HOUR) == {}


def endless(visit: Visit) -> None:
    """An answer that never ends, as fast as it can be read."""
    visit.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        visit.say(b" " * 65536)


ODD: dict[str, tuple[bytes | Callable[[Visit], None], str]] = {
    "no JSON": (answer("<html>"), " answers with no object of JSON."),
    "a list": (answer([PAST]), " answers with no object of JSON."),
    "too deep": (answer("[" * 60_000), " answers with no object of JSON."),
    "no window": (answer({"suggestedWindow": None}), " answers with no window of time."),
    "a window that ends before it begins": (
        answer({"suggestedWindow": {"start": "2030-01-02T00:00:00Z", "end": "2030-01-01T00:00:00Z"}}),
        " answers with no window of time.",
    ),
    "not found": (answer({"type": "urn:ietf:params:acme:error:malformed"}, "404 Not Found"), " answers HTTP 404."),
    "an error": (answer("", "500 Internal Server Error"), " answers HTTP 500."),
    "too many": (answer("", "429 Too Many Requests"), " answers HTTP 429."),
    "elsewhere": (answer("", "302 Found", Location="http://127.0.0.1:1/"), " answers HTTP 302."),
    "endless": (endless, " answered more than was to be expected, and it was not read on: "),
    "broken off": (Visit.break_off, " did not answer (the connection broke)."),
    "half": (lambda visit: visit.say(answer(PAST)[:-5]), " did not answer (the connection broke)."),
    "no HTTP": (lambda visit: visit.say(b"220 mail.example.com ESMTP\r\n"), " did not answer (the connection broke)."),
}


@pytest.mark.parametrize("how", ODD)
@pytest.mark.parametrize("where", ["directory", "info"])
def test_what_is_no_answer_is_unknown(how: str, where: str) -> None:
    """With a sentence, and nothing is asked twice."""
    given, said = ODD[how]
    if where == "directory" and "window" in how:
        return  # an object is one, and names no place to ask
    with Desk(given) if where == "info" else Desk(answer(PAST), given) as desk:
        assert said in (message := why(desk)), message
    assert len(desk.asked) == (2 if where == "info" else 1)


@pytest.mark.parametrize("script", [Visit.hear_all, lambda visit: visit.drip(b" ")], ids=["silent", "slow"])
def test_what_never_answers_takes_no_longer_than_all_may(script: Callable[[Visit], None]) -> None:
    """Others are asked at the same time; what comes too late is not asked."""
    with Desk(script) as dead, Desk(answer(PAST)) as good:
        questions = [RenewalQuestion(dead.url, f"{number}") for number in range(40)]
        *late, told = asked(*questions, RenewalQuestion(good.url, "x"), seconds=SHORT)
    late_words = ("did not answer in time (timeout)", "There was no time left to ask ")
    assert [error.message for error in late if not any(words in error.message for words in late_words)] == []
    assert isinstance(told, RenewalAnswer) or "There was no time left" in told.message


def test_a_directory_that_never_answers_keeps_nobody_from_others() -> None:
    with Desk(answer(PAST), Visit.hear_all) as dead, Desk(answer(PAST)) as good:
        late, told = asked(RenewalQuestion(dead.url, "x"), RenewalQuestion(good.url, "x"), seconds=3)
    assert "did not answer in time" in late.message and isinstance(told, RenewalAnswer)


def test_nobody_there() -> None:
    (given,) = asked(RenewalQuestion(f"http://{HOST}:{free_port()}/directory", IDENTIFIER))
    assert "connection refused" in given.message and "the server that the client is set to" in given.message


def test_a_run_that_is_told_to_stop_asks_nothing() -> None:
    stop = threading.Event()
    stop.set()
    with Desk(answer(PAST)) as desk:
        (given,) = Inquiry(NETWORK, stop).ask([RenewalQuestion(desk.url, IDENTIFIER)], NOW).values()
    assert given.code == "interrupted" and desk.asked == []  # type: ignore[union-attr]


def test_the_proxy_of_the_api_is_used() -> None:
    with Server(lambda visit: [visit.hear(), visit.say(answer("", "407 Proxy Authentication Required"))]) as proxy:  # type: ignore[arg-type,return-value]
        network = Network(60, f"http://{HOST}:{proxy.port}", True, 0)
        (given,) = asked(RenewalQuestion("https://acme.example.com/directory", IDENTIFIER), network=network)
    assert proxy.received[0].startswith(b"CONNECT acme.example.com:443 ")
    assert given.code == "unreachable" and "Proxy Authentication Required" in given.message


HERE, THERE = "http://127.0.0.1:4000/dir", "https://acme.example.com/dir"


@pytest.mark.parametrize(
    ("url", "directory", "may_be"),
    [
        *(
            (url, url, True)
            for url in (HERE, THERE, "http://localhost/", "https://[::1]:14000/dir", "https://10.0.0.1/acme")
        ),
        *(
            (url, url, False)
            for url in ("http://acme.example.com/dir", "ftp://127.0.0.1/", "https://", "/dir", "", "https://[::1")
        ),
        *(
            (url, url, False)
            for url in ("https://user:secret@acme.example.com/", "https://acme.example.com:0/", "http://10.0.0.1/")
        ),
        (f"{THERE}/info", THERE, True),
        ("https://other.example.com/info", THERE, True),
        *(
            (url, THERE, False)
            for url in (HERE, "https://localhost/info", "http://acme.example.com/info", "http://169.254.169.254/")
        ),
        ("http://localhost:9/info", HERE, True),
        ("http://acme.example.com/info", HERE, False),
    ],
)
def test_what_may_be_asked(url: str, directory: str, may_be: bool) -> None:
    """Over plain http this machine alone, and no other machine's directory leads to this one."""
    why_not = why_not_asked(url, directory)
    assert (why_not is None) == may_be
    assert why_not is None or why_not.endswith(".")


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "https://\x1b[2J/", "http:// /", 7, ["https://ca.example"]]
)
def test_a_directory_that_leads_elsewhere(url: Any) -> None:
    with Desk(answer(PAST), answer({"renewalInfo": url})) as desk:
        message = why(desk)
    assert desk.asked == ["/directory"] and message.isprintable()


def test_who_asks_authorities_nothing_asks_them_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option that ends the look at what they have revoked ends this, too; so does a run that does not look at what is served."""
    asked_of: list[object] = []
    monkeypatch.setattr(renewal_info, "_questions", lambda *_given: asked_of.append(1) or ())
    seen: Any = SimpleNamespace(listeners=[], plan=SimpleNamespace(world=None))
    for given, phases, adopt in (("off", {"verify"}, None), ("warn", {"deploy"}, None), ("warn", {"verify"}, "one")):
        module: Any = SimpleNamespace(params={"check_revocation": given})
        options: Any = SimpleNamespace(phases=phases, adopt=adopt)
        assert renewal_info.ask_authorities(module, module, seen, options) == {} and not asked_of
    for params in ({}, {"check_revocation": "warn"}):
        module = SimpleNamespace(params=params)
        options = SimpleNamespace(phases={"verify"}, adopt=None)
        assert renewal_info.ask_authorities(module, module, seen, options) == {} and asked_of.pop()


# What is kept


def test_what_is_kept_holds_until_it_is_to_be_asked_again(tmp_path: Path) -> None:
    path = str(tmp_path / "state/softlayer.certificates" / KEPT)
    past, future = RenewalInfo.of(PAST), RenewalInfo.of(FUTURE)
    assert past and future and read_kept(path, NOW) == {}
    answers = {
        "a": RenewalAnswer(past, NOW + HOUR),
        "b": RenewalAnswer(future, NOW + 2 * HOUR),
        "c": RenewalAnswer(past, NOW),
    }
    keep(path, answers)
    assert read_kept(path, NOW) == {name: answers[name] for name in "ab"}
    assert read_kept(path, NOW + HOUR) == {"b": answers["b"]}
    assert read_kept(path, NOW - timedelta(days=2)) == {}, "the clock was wrong"
    assert (tmp_path / "state/softlayer.certificates").stat().st_mode & 0o77 == 0
    assert read_kept(None, NOW) == {}
    keep(None, answers)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"a": 1}', b'{"a": {"until": "2030-01-01"}}'),
        json.dumps({"a": {**PAST, "until": None}}).encode(),
        json.dumps({"a": {**PAST, "until": "9999-01-01T00:00:00Z"}}).encode(),
    ],
    ids=range(9),
)
def test_what_was_kept_and_cannot_be_read_is_asked_anew(content: bytes, tmp_path: Path) -> None:
    (tmp_path / KEPT).write_bytes(content)
    assert read_kept(str(tmp_path / KEPT), NOW) == {}


def test_where_nothing_can_be_kept(tmp_path: Path) -> None:
    past = RenewalInfo.of(PAST)
    (tmp_path / "file").touch()
    assert past
    keep(str(tmp_path / "file/inner" / KEPT), {"a": RenewalAnswer(past, datetime.now(NOW.tzinfo))})
