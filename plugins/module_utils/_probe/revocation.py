# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetch certificate revocation lists (CRLs) from CAs. Private to softlayer.certificates.

A failed check has the status `unknown`, and causes only a warning.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._base.errors import Obstacle
from .._base.files import is_fixed
from .._base.module import Module
from .._base.options import ArgumentSpec
from .._base.times import now
from .._http.download import CRL_LIMITS, Cache, Reach, download, get_content
from .._http.network import Network
from .._replacement.roots import read_roots
from .._softlayer.client import Client
from .._softlayer.store import StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .._x509.chain import Anchors, Chain
from .._x509.crl import (
    NOT_NAMED,
    DistributionPoint,
    Revocation,
    RevocationCheck,
    plan_checks,
    read_crl,
    select_decisive_result,
)
from . import messages

SPEC = ArgumentSpec(
    options={"check_revocation": {"type": "str", "choices": ["warn", "off"], "default": "warn"}},
)
MAX_CACHE_AGE = 12 * 3600.0
"""Maximum age of a cached list in seconds. An older list is fetched again, because many lists are valid for a week or longer; if the download
fails, the cached list is used until it expires."""
CertificateChain = tuple[Certificate, Chain]
SentCertificate = tuple[Certificate, Sequence[Certificate]]
"""A certificate and its intermediate certificates."""
PointQuery = tuple[RevocationCheck, DistributionPoint]


@dataclass(frozen=True)
class CrlResult:
    """The revocation statuses in one list.

    Attributes:
        revocations: the revocation status of each certificate.
        issued_at: issue time of a usable list.
        obstacle: the reason why the list cannot be used, or `None`.
    """

    revocations: Mapping[Certificate, Revocation]
    issued_at: datetime = datetime.min
    obstacle: Obstacle[str] | None = None


class RevocationClient:
    """Client that fetches revocation lists during a run, each URL at most once.

    Args:
        network: returns the network settings; called before the first request.
        cache: the cache of earlier runs.
        seconds: maximum time for all lists together, in seconds.
        named: the CA certificates that the user specified; only their lists may have private addresses.
        stop: ends the queries when set.
    """

    def __init__(
        self,
        network: Callable[[], Network],
        cache: Cache,
        seconds: float,
        named: Anchors,
        stop: threading.Event | None = None,
    ) -> None:
        self._network, self._cache, self._seconds, self._stop = network, cache, seconds, stop
        self._named = named
        self._asked: set[CertificateChain] = set()
        self._got: dict[str, bytes | str] = {}
        self._failed: dict[str, Obstacle[str]] = {}
        """Problems, by the URL of a list or the name of a certificate with an unknown status."""

    @property
    def warnings(self) -> list[str]:
        """The warnings about unusable lists."""
        return [messages.warn_of_unusable_lists(self._failed)] if self._failed else []

    def query(
        self, pairs: Iterable[CertificateChain], anchors: Callable[[], Anchors], known: Mapping[Certificate, Revocation]
    ) -> dict[Certificate, Revocation]:
        """Return the revocation status of each certificate in the chains, except known certificates.

        Args:
            pairs: the certificates with their chains; untrusted chains are skipped, because the CA is unknown.
            anchors: returns the trusted certificates; called before the first query.
            known: the known revocation statuses.
        """
        at = now()
        questions: dict[Certificate, RevocationCheck] = {}
        private: set[str] = set()
        for leaf, chain in pairs:
            if (leaf, chain) in self._asked or not leaf.is_valid(at):
                continue
            self._asked.add((leaf, chain))
            new = [each for each in plan_checks(leaf, chain, anchors()) if each.certificate not in known]
            questions |= {question.certificate: question for question in new}
            if any(issuer in self._named for issuer in (leaf, *chain.path)):
                private.update(url for question in new for url in question.urls)
        asked: dict[str, list[PointQuery]] = {}
        for question in questions.values():
            for point in question.points:
                for url in point.urls:
                    asked.setdefault(url, []).append((question, point))
        answers: dict[Certificate, list[Revocation]] = {certificate: [] for certificate in questions}
        for reading in self._read_lists(asked, private, at):
            for certificate, answer in reading.revocations.items():
                answers[certificate].append(answer)
        decided = {
            certificate: select_decisive_result(reported)
            if reported
            else Revocation("unknown", certificate, why=NOT_NAMED)
            for certificate, reported in answers.items()
        }
        for certificate, answer in decided.items():
            is_told = any(url in self._failed for url in questions[certificate].urls)
            if answer.why and answers[certificate] and not is_told:
                self._failed.setdefault(certificate.shown_name, answer.why)
        return decided

    def _read_lists(
        self, asked: Mapping[str, Sequence[PointQuery]], private: Collection[str], at: datetime
    ) -> Iterator[CrlResult]:
        """Yield the result of each list: a recent cached list, else a fetched list, else an old cached list."""
        older: dict[str, CrlResult | None] = {}
        for url, questions in asked.items():
            kept = self._cache.read(url) if url not in self._got else None
            if kept is None or (reading := read_list(url, kept.data, questions, at)).obstacle:
                older[url] = None
            elif kept.age < MAX_CACHE_AGE:
                yield reading
            else:
                older[url] = reading
        # What nothing is known of comes first, as there may be more than a run gets.
        first = sorted(older, key=lambda url: older[url] is not None)
        reaches = {url: Reach.OWN_NETWORKS if url in private else Reach.INTERNET for url in first}
        wanted = {url: reach for url, reach in reaches.items() if url not in self._got}
        if wanted:
            got = download(wanted, self._network(), CRL_LIMITS, self._seconds, self._stop)
            self._got |= {url: get_content(answer) for url, answer in got.items()}
        new: dict[str, bytes] = {}
        for url, before in older.items():
            data, questions = self._got[url], asked[url]
            reading = (
                create_unusable_result(url, questions, Obstacle("not_there", {"error": data}))
                if isinstance(data, str)
                else read_list(url, data, questions, at)
            )
            if (
                isinstance(data, bytes)
                and not reading.obstacle
                and not (before and before.issued_at > reading.issued_at)
            ):
                new[url] = data
                before = None
            elif before is None and reading.obstacle:
                self._failed[url] = reading.obstacle
            yield before or reading
        self._cache.write(new)


def read_list(url: str, data: bytes, asked: Iterable[PointQuery], at: datetime) -> CrlResult:
    """Verify the signature of a list, and return the revocation statuses in the list."""
    crl, asked = read_crl(data), list(asked)
    if crl is None:
        return create_unusable_result(url, asked, Obstacle("no_list"))
    answers: dict[Certificate, Revocation] = {}
    why_not = {issuer: crl.why_unusable(issuer, at) for issuer in {question.issuer for question, _point in asked}}
    for question, point in asked:
        why = why_not[question.issuer]
        certificate = question.certificate
        answers |= (
            create_unusable_result(url, [(question, point)], why).revocations
            if why
            else {certificate: crl.find_status(certificate, point)}
        )
    return CrlResult(answers, crl.this_update, next(filter(None, why_not.values()), None))


def create_unusable_result(url: str, asked: Iterable[PointQuery], why: Obstacle[str]) -> CrlResult:
    """Return unknown revocation statuses for an unusable list."""
    reason = Obstacle("unusable_list", {"url": url, "why": why})
    answers = {
        question.certificate: Revocation("unknown", question.certificate, why=reason) for question, _point in asked
    }
    return CrlResult(answers, obstacle=why)


def create_revocation_client(module: Module, client: Client, folder: str | None) -> RevocationClient | None:
    """Return the client for revocation queries; `None` if the queries are disabled.

    Args:
        module: the options.
        client: the API session.
        folder: the ledger directory, which also contains the cache.

    Raises:
        CertificatesError: as `read_named_anchors`.
    """
    params = module.params
    if params["check_revocation"] == "off":
        return None
    return RevocationClient(
        lambda: client.settings,
        open_cache(folder, is_check_mode=module.check_mode),
        client.settings.timeout,
        read_named_anchors(params["trusted_ca_path"]),
        client.stop,
    )


def get_sent_certificates(record: StoreCertificate) -> SentCertificate:
    """Return the certificate and the intermediate certificates of a record."""
    return certificate_of(record), record.intermediates


def open_cache(folder: str | None, *, is_check_mode: bool) -> Cache:
    """Return the cache in the ledger directory, read-only in check mode."""
    return Cache(os.path.join(folder, "crls") if folder and is_fixed(folder) else None, is_read_only=is_check_mode)


def read_named_anchors(path: str | None) -> Anchors:
    """Return the trusted certificates that the user specified."""
    return read_roots(path) if path else Anchors()
