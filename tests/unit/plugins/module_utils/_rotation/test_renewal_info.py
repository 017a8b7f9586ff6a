# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authorities are asked whether they want renewals, whatever they do; what they say is kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._http.network import Network
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation import renewal_info
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.renewal_info import (
    CACHE_FILE,
    fetch_renewal_info,
    read_cache,
    request_renewal_info,
    why_rejected,
    write_cache,
)

from tests.support.certificates import NOW
from tests.support.renewal_desk import FUTURE, PAST, WHY, Desk, answer
from tests.support.tls_servers import HOST, Server, Visit

IDENTIFIER = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
NETWORK = Network(60, None, True, 5)
"""The time and the retries are those of the API; an authority is asked once."""
SHORT = 1.0
"""Seconds for all, where a server never answers."""
HOUR = timedelta(hours=1)


def asked(
    questions: dict[str, str], seconds: float = 30, network: Network = NETWORK, stop: threading.Event | None = None
) -> dict[str, Any]:
    """What is answered about certificates, by their identifiers; the directory that each is asked of is given."""
    client: Any = SimpleNamespace(settings=network, stop=stop or threading.Event())
    return fetch_renewal_info(client, questions, NOW, seconds)


def why(desk: Desk) -> str:
    """Why it is not known what a desk answers about one certificate."""
    given = asked({IDENTIFIER: desk.url})[IDENTIFIER]
    assert isinstance(given, str), given
    return given


def known(said: dict[str, Any], hours: float) -> dict[str, str | None]:
    """What is kept of an answer, which holds for so long."""
    end = said["suggestedWindow"]["end"]
    return {"end": end, "explanation_url": said.get("explanationURL"), "until": str(format_time(NOW + hours * HOUR))}


def test_one_question_about_each_certificate() -> None:
    """Of a directory once, without an account; what came with it says when to ask again."""
    identifiers = [f"{IDENTIFIER}{number}" for number in range(20)]
    with Desk(answer(PAST, Retry_After="7200")) as desk, Desk(answer(FUTURE)) as other:
        given = asked({**dict.fromkeys(identifiers, desk.url), "x": other.url})
    assert given == {**dict.fromkeys(identifiers, known(PAST, 2)), "x": known(FUTURE, 6)}
    assert given["x"]["explanation_url"] is None and given[identifiers[0]]["explanation_url"] == WHY
    assert sorted(desk.asked) == sorted(["/directory", *(f"/renewal-info/{identifier}" for identifier in identifiers)])
    assert other.asked == ["/directory", "/renewal-info/x"]
    assert {line.split(b" ")[0] for line in desk.received} == {b"GET"}


def test_an_authority_that_answers_no_such_questions() -> None:
    with Desk(answer(PAST), answer({"newNonce": "https://ca.example/nonce"})) as desk:
        assert asked({IDENTIFIER: desk.url}) == {}
    assert desk.asked == ["/directory"]


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_an_authority_that_has_too_much_to_do_says_when_to_ask_again(status: str, tmp_path: Path) -> None:
    with Desk(answer("", status, Retry_After="7200")) as desk:
        told = asked({"x": desk.url})
    assert told == {"x": {"until": format_time(NOW + 2 * HOUR)}}
    path = str(tmp_path / "renewal-info.json")
    write_cache(path, told)
    assert read_cache(path, NOW) == told and read_cache(path, NOW + 2 * HOUR) == {}


def endless(visit: Visit) -> None:
    """An answer that never ends, as fast as it can be read."""
    visit.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        visit.say(b" " * 65536)


BROKEN = "the download failed: "
ODD: dict[str, tuple[bytes | Callable[[Visit], None], str]] = {
    "no JSON": (answer("<html>"), "the response is not a JSON object"),
    "too deep": (answer("[" * 60_000), "the response is not a JSON object"),
    "not found": (answer({"type": "malformed"}, "404 Not Found"), "the server returned HTTP status 404"),
    "too many": (answer("", "429 Too Many Requests"), "the server returned HTTP status 429"),
    "endless": (endless, "the content is larger than 0.0625 MiB"),
    "broken off": (Visit.break_off, BROKEN),
}


@pytest.mark.parametrize("how", ODD)
@pytest.mark.parametrize("where", ["directory", "info"])
def test_what_is_no_answer_is_unknown(how: str, where: str) -> None:
    """With the end of a sentence, and nothing is asked twice."""
    given, said = ODD[how]
    with Desk(given) if where == "info" else Desk(answer(PAST), given) as desk:
        assert why(desk).startswith(said)
    assert len(desk.asked) == (2 if where == "info" else 1)


@pytest.mark.parametrize("script", [Visit.hear_all, lambda visit: visit.drip(b" ")], ids=["silent", "slow"])
def test_what_never_answers_takes_no_longer_than_all_may(script: Callable[[Visit], None]) -> None:
    """Others are asked at the same time; what comes too late is not asked."""
    with Desk(script) as dead, Desk(answer(PAST)) as good:
        given = asked({**{f"{number}": dead.url for number in range(40)}, "x": good.url}, seconds=SHORT)
    assert given.pop("x") == known(PAST, 6)
    assert len(given) == 40 and {said[:34] for said in given.values()} == {"the download did not finish within"}


def test_a_run_that_is_interrupted_asks_nothing() -> None:
    stop = threading.Event()
    stop.set()
    with Desk(answer(PAST)) as desk:
        given = asked({IDENTIFIER: desk.url}, stop=stop)
    assert isinstance(given[IDENTIFIER], str) and desk.asked == []


def test_the_proxy_of_the_api_is_used() -> None:
    with Server(lambda visit: [visit.hear(), visit.say(answer("", "407 Proxy Authentication Required"))]) as proxy:  # type: ignore[arg-type,return-value]
        network = Network(60, f"http://{HOST}:{proxy.port}", True, 0)
        given = asked({IDENTIFIER: "https://acme.example.com/directory"}, network=network)
    assert proxy.received[0].startswith(b"CONNECT acme.example.com:443 ")
    assert given == {IDENTIFIER: "the download failed: the proxy returned HTTP status 407"}


HERE, THERE = "http://127.0.0.1:4000/dir", "https://acme.example.com/dir"


@pytest.mark.parametrize(
    ("url", "directory", "may_be"),
    [
        *(
            (url, url, True)
            for url in (HERE, THERE, "http://localhost/", "https://[::1]:14000/dir", "https://10.0.0.1/acme")
        ),
        *((url, url, False) for url in ("http://acme.example.com/dir", "ftp://acme.example.com/", "/dir", "")),
        ("http://10.0.0.1/", "http://10.0.0.1/", False),
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
    assert (why_rejected(url, directory) is None) == may_be


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "https://\x1b[2J/", "http:// /", 7, ["https://ca.example"]]
)
def test_a_directory_that_leads_elsewhere(url: Any) -> None:
    with Desk(answer(PAST), answer({"renewalInfo": url})) as desk:
        assert why(desk).isprintable()
    assert desk.asked == ["/directory"]


def test_who_asks_authorities_nothing_asks_them_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option that ends the look at what they have revoked ends this, too; so does a run that does not look at what is served."""
    asked_of: list[object] = []
    monkeypatch.setattr(renewal_info, "fetch_renewal_info", lambda *_given: asked_of.append(1) or {})
    world: Any = SimpleNamespace(view=SimpleNamespace(at=NOW), bundles=SimpleNamespace(entries=[]))
    for given, phases, adopt in (("off", {"verify"}, None), ("warn", {"deploy"}, None), ("warn", {"verify"}, "one")):
        module: Any = SimpleNamespace(params={"check_revocation": given})
        options: Any = SimpleNamespace(phases=phases, adopt=adopt)
        assert request_renewal_info(module, module, world, [], options) == {} and not asked_of
    client: Any = SimpleNamespace(settings=NETWORK, stop=None)
    for params in ({}, {"check_revocation": "warn"}):
        module = SimpleNamespace(params={**params, "ledger_url": None})
        options = SimpleNamespace(phases={"verify"}, adopt=None)
        assert request_renewal_info(module, client, world, [], options) == {} and asked_of.pop()


# What is kept


def test_what_is_kept_holds_until_it_is_to_be_asked_again(tmp_path: Path) -> None:
    path = str(tmp_path / "state/softlayer.certificates" / CACHE_FILE)
    assert read_cache(path, NOW) == {}
    answers = {"a": known(PAST, 1), "b": known(FUTURE, 2), "c": known(PAST, 0)}
    write_cache(path, answers)
    assert read_cache(path, NOW) == {name: answers[name] for name in "ab"}
    assert read_cache(path, NOW + HOUR) == {"b": answers["b"]}
    assert read_cache(path, NOW - timedelta(days=2)) == {}, "the clock was wrong"
    assert (tmp_path / "state/softlayer.certificates").stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"a": 1}', b'{"a": {"until": "2030-01-01"}}'),
        *(b'{"a": {"until": null}}', b'{"a": {"until": "9999-01-01T00:00:00Z"}}'),
    ],
    ids=range(9),
)
def test_what_was_kept_and_cannot_be_read_is_asked_again(content: bytes, tmp_path: Path) -> None:
    (tmp_path / CACHE_FILE).write_bytes(content)
    assert read_cache(str(tmp_path / CACHE_FILE), NOW) == {}


def test_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (str(tmp_path / "file/inner" / CACHE_FILE), f"/dev/null/{CACHE_FILE}"):
        write_cache(path, {"a": known(PAST, 1)})
        assert read_cache(path, NOW) == {}
