# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lists are asked for in a run, in which order, and which of those that are kept still count."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http.download import Cache, Reach
from ansible_collections.softlayer.certificates.plugins.module_utils._http.network import Network
from ansible_collections.softlayer.certificates.plugins.module_utils._http.transport import Response
from ansible_collections.softlayer.certificates.plugins.module_utils._probe import revocation
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.revocation import (
    MAX_CACHE_AGE,
    RevocationClient,
    create_revocation_client,
    open_cache,
    read_named_anchors,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import (
    Anchors,
    Chain,
    evaluate_sent_chain,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import NOT_NAMED, Revocation
from cryptography import x509

from tests.support.certificates import NOW, Issued
from tests.support.revoking import Revoking

AUTHORITY = Revoking()
ANCHORS = Anchors([Certificate.from_library(AUTHORITY.root)])
URLS = [f"http://crl.example.com/part-{number}.crl" for number in range(3)]
LEAVES = [AUTHORITY.leaf(f"{number}.example.com", url=url) for number, url in enumerate(URLS)]
ABOVE = AUTHORITY.url_of(0)


class Web:
    """What is there, and what was asked for, with where it might be."""

    def __init__(self) -> None:
        self.lists: dict[str, bytes] = {**dict.fromkeys(URLS, AUTHORITY.crl()), ABOVE: AUTHORITY.crl(level=0)}
        self.asked: list[tuple[str, Reach]] = []

    def download(self, wanted: Mapping[str, Reach], *_how: Any) -> dict[str, Response | str]:
        self.asked += wanted.items()
        return {url: Response(200, self.lists[url]) if url in self.lists else "it is not there" for url in wanted}

    @property
    def urls(self) -> list[str]:
        return [url for url, _reach in self.asked]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    made = Web()
    monkeypatch.setattr(revocation, "download", made.download)
    return made


def authorities(folder: Path, named: Anchors | None = None) -> RevocationClient:
    return RevocationClient(lambda: Network(60, None, True, 5), Cache(str(folder)), 60, named or Anchors())


def pair(issued: Issued) -> tuple[Certificate, Chain]:
    leaf = Certificate.from_library(issued.certificate)
    return leaf, evaluate_sent_chain(leaf, [Certificate.from_library(each) for each in issued.chain], ANCHORS, NOW)


def ask(run: RevocationClient, issued: Sequence[Issued] = LEAVES, known: Any = None) -> dict[Certificate, Revocation]:
    return run.query(map(pair, issued), lambda: ANCHORS, known or {})


def age(folder: Path, seconds: float) -> None:
    """Make what is kept so old."""
    for path in folder.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def test_each_list_is_asked_for_once(tmp_path: Path, web: Web) -> None:
    run = authorities(tmp_path)
    known = ask(run)
    assert {answer.status for answer in known.values()} == {"good"} and len(known) == len(LEAVES) + 1
    assert sorted(web.urls) == sorted([*URLS, ABOVE]) and run.warnings == []
    assert ask(run) == {}, "they are known"
    assert ask(authorities(tmp_path)) == known and len(web.asked) == 4, "the next run has them"


def test_what_failed_is_not_asked_for_again_in_the_same_run(tmp_path: Path, web: Web) -> None:
    del web.lists[URLS[0]]
    run = authorities(tmp_path)
    ask(run, LEAVES[:1])
    other = AUTHORITY.leaf("other.example.com", url=URLS[0])
    (answer,) = [told for told in ask(run, [other]).values() if told.certificate == pair(other)[0]]
    assert answer.status == "unknown" and answer.why and answer.why.reason == "unusable_list"
    assert web.urls.count(URLS[0]) == 1
    assert f"({URLS[0]}: it is not there)" in run.warnings[0]


def test_a_list_that_says_nothing_of_a_certificate_is_reported_by_its_name(tmp_path: Path, web: Web) -> None:
    for_authorities = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
    web.lists[URLS[0]] = AUTHORITY.crl(extensions=[(for_authorities, True)])
    run = authorities(tmp_path)
    assert ask(run, LEAVES[:1])[pair(LEAVES[0])[0]].status == "unknown"
    assert f"({pair(LEAVES[0])[0].shown_name}: " in run.warnings[0]


def test_a_kept_list_counts_until_it_is_asked_for_again(tmp_path: Path, web: Web) -> None:
    ask(authorities(tmp_path))
    age(tmp_path, MAX_CACHE_AGE - 60)
    web.lists = dict.fromkeys(web.lists, b"nothing")
    assert {answer.status for answer in ask(authorities(tmp_path)).values()} == {"good"} and len(web.asked) == 4
    age(tmp_path, MAX_CACHE_AGE + 60)
    run = authorities(tmp_path)
    assert {answer.status for answer in ask(run).values()} == {"good"} and len(web.asked) == 8
    assert run.warnings == [], "what is kept still holds"


def test_an_older_list_takes_no_place_of_a_newer_one(tmp_path: Path, web: Web) -> None:
    """Whoever is between could bring one from before a certificate was revoked."""
    web.lists[URLS[0]] = AUTHORITY.crl(LEAVES[0].certificate, days=(-1, 7))
    ask(authorities(tmp_path), LEAVES[:1])
    web.lists[URLS[0]] = AUTHORITY.crl(days=(-2, 6))
    for _night in range(2):
        age(tmp_path, MAX_CACHE_AGE + 60)
        web.asked.clear()
        run = authorities(tmp_path)
        assert ask(run, LEAVES[:1])[pair(LEAVES[0])[0]].status == "revoked" and URLS[0] in web.urls
        assert run.warnings == []
    web.lists[URLS[0]] = AUTHORITY.crl(days=(-0.5, 7))
    assert ask(authorities(tmp_path), LEAVES[:1])[pair(LEAVES[0])[0]].status == "good"


def test_what_names_no_list_is_not_known(tmp_path: Path, web: Web) -> None:
    unnamed = AUTHORITY.leaf("unnamed.example.com", url="https://crl.example.com/1.crl")
    leaf, _chain = pair(unnamed)
    run = authorities(tmp_path)
    assert ask(run, [unnamed])[leaf] == Revocation("unknown", leaf, why=NOT_NAMED)
    assert web.urls == [ABOVE] and run.warnings == []


def test_what_nothing_is_known_of_is_asked_for_first(tmp_path: Path, web: Web) -> None:
    """There may be more than a run gets."""
    ask(authorities(tmp_path), LEAVES[:2])
    age(tmp_path, MAX_CACHE_AGE + 60)
    web.asked.clear()
    ask(authorities(tmp_path))
    assert web.urls[0] == URLS[2] and len(web.urls) == 4


@pytest.mark.parametrize("is_named", [True, False])
def test_private_addresses_are_for_an_authority_that_is_named(tmp_path: Path, web: Web, is_named: bool) -> None:
    ask(authorities(tmp_path, ANCHORS if is_named else Anchors([Certificate.from_library(Revoking().root)])))
    assert {reach for _url, reach in web.asked} == {Reach.OWN_NETWORKS if is_named else Reach.INTERNET}


def test_no_one_is_asked_about_what_has_ended_or_is_known(tmp_path: Path, web: Web) -> None:
    over = AUTHORITY.leaf("over.example.com", days=(-90, -1))
    leaf, issuer = Certificate.from_library(over.certificate), Certificate.from_library(AUTHORITY.issuer)
    trusted = Chain((issuer,), "trusted", path=(issuer, Certificate.from_library(AUTHORITY.root)))
    assert authorities(tmp_path).query([(leaf, trusted)], lambda: ANCHORS, {}) == {} and web.asked == []
    known = ask(authorities(tmp_path), LEAVES[:1])
    assert ask(authorities(tmp_path), LEAVES[:1], known) == {}


def test_which_certificates_a_user_names(tmp_path: Path) -> None:
    root = Certificate.from_library(AUTHORITY.root)
    path = tmp_path / "roots.pem"
    path.write_text(root.to_pem(), encoding="ascii")
    assert root in read_named_anchors(str(path))
    assert root not in read_named_anchors(None) and root not in read_named_anchors("")


@pytest.mark.parametrize("given", ["named", "off"])
def test_no_one_is_asked_if_that_is_off(tmp_path: Path, given: str) -> None:
    client: Any = SimpleNamespace(settings=SimpleNamespace(timeout=60), stop=None)
    module: Any = SimpleNamespace(params={"check_revocation": given, "trusted_ca_path": None}, check_mode=False)
    assert (create_revocation_client(module, client, str(tmp_path)) is None) is (given == "off")


def test_where_lists_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a folder of a folder; nowhere, if that is nowhere."""
    url = "http://crl.example.com/"
    open_cache(str(tmp_path / "a"), is_check_mode=False).write({url: b"a list"})
    assert len(list((tmp_path / "a/crls").iterdir())) == 1
    monkeypatch.chdir(tmp_path)
    for nowhere in ("relative", "", None):
        open_cache(nowhere, is_check_mode=False).write({url: b"a list"})
        assert open_cache(nowhere, is_check_mode=False).read(url) is None
        assert [path.name for path in tmp_path.iterdir()] == ["a"]
