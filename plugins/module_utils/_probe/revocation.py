# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask authorities which certificates they have revoked. Private to softlayer.certificates.

What is learned disqualifies or alarms. What cannot be found out is `unknown`, with a warning if a list could not be had or used, and
changes nothing else.
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
from .._http.download import CRL_LIMITS, Cache, Reach, content_of, download
from .._http.network import Network
from .._replacement.roots import roots_in
from .._softlayer.client import Client
from .._softlayer.store import StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .._x509.chain import Anchors, Chain
from .._x509.crl import NOT_NAMED, DistributionPoint, Question, Revocation, decisive, questions_about, read_crl
from . import messages

SPEC = ArgumentSpec(
    options={"check_revocation": {"type": "str", "choices": ["warn", "off"], "default": "warn"}},
)
ASKED_AGAIN_AFTER = 12 * 3600.0
"""Seconds for which a list that is kept is not asked for again, so that what was revoked yesterday is known today: many hold for a week or
more. Where no newer one can be had, it counts until its end."""
Pair = tuple[Certificate, Chain]
Sent = tuple[Certificate, Sequence[Certificate]]
"""A certificate, and what is sent with it."""
Asked = tuple[Question, DistributionPoint]


@dataclass(frozen=True)
class CrlAnswers:
    """What a list says of all that is asked of it.

    Attributes:
        answers: one for each question.
        made_at: when the list was made, of one that can be used.
        why: why it cannot be used, if that is so.
    """

    answers: Mapping[Certificate, Revocation]
    made_at: datetime = datetime.min
    why: Obstacle[str] | None = None


class Authorities:
    """Asks for a run, in which each URL is asked once, whatever is asked about.

    Args:
        network: returns how servers outside are reached; called once there is anything to ask.
        cache: what earlier runs have kept.
        seconds: for all lists together.
        named: those that the user names, whose authorities may have their lists on private addresses.
        stop: once it is set, no more is waited for.
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
        self._asked: set[Pair] = set()
        self._got: dict[str, bytes | str] = {}
        self._failed: dict[str, Obstacle[str]] = {}
        """By the list's URL; of one that says nothing of a certificate, by that one's name."""

    @property
    def warnings(self) -> list[str]:
        """A sentence about the lists that could not be had or used."""
        return [messages.unusable_lists(self._failed)] if self._failed else []

    def ask(
        self, pairs: Iterable[Pair], anchors: Callable[[], Anchors], known: Mapping[Certificate, Revocation]
    ) -> dict[Certificate, Revocation]:
        """Return what authorities say about certificates with their chains; nothing about those that are known.

        Args:
            pairs: the certificates; only those with a trusted chain are asked about, as the authority is not known of others.
            anchors: returns the trusted certificates; called once there is anything to ask about.
            known: what is known already.
        """
        at = now()
        questions: dict[Certificate, Question] = {}
        private: set[str] = set()
        for leaf, chain in pairs:
            if (leaf, chain) in self._asked or not leaf.is_valid(at):
                continue
            self._asked.add((leaf, chain))
            new = [each for each in questions_about(leaf, chain, anchors()) if each.certificate not in known]
            questions |= {question.certificate: question for question in new}
            if any(issuer in self._named for issuer in (leaf, *chain.path)):
                private.update(url for question in new for url in question.urls)
        asked: dict[str, list[Asked]] = {}
        for question in questions.values():
            for point in question.points:
                for url in point.urls:
                    asked.setdefault(url, []).append((question, point))
        answers: dict[Certificate, list[Revocation]] = {certificate: [] for certificate in questions}
        for reading in self._answers(asked, private, at):
            for certificate, answer in reading.answers.items():
                answers[certificate].append(answer)
        decided = {
            certificate: decisive(told) if told else Revocation("unknown", certificate, why=NOT_NAMED)
            for certificate, told in answers.items()
        }
        for certificate, answer in decided.items():
            is_told = any(url in self._failed for url in questions[certificate].urls)
            if answer.why and answers[certificate] and not is_told:
                self._failed.setdefault(certificate.shown_name, answer.why)
        return decided

    def _answers(
        self, asked: Mapping[str, Sequence[Asked]], private: Collection[str], at: datetime
    ) -> Iterator[CrlAnswers]:
        """Yield what each list says: the kept one if it is new, else what is there now, else the kept one."""
        older: dict[str, CrlAnswers | None] = {}
        for url, questions in asked.items():
            kept = self._cache.read(url) if url not in self._got else None
            if kept is None or (reading := read(url, kept.data, questions, at)).why:
                older[url] = None
            elif kept.age < ASKED_AGAIN_AFTER:
                yield reading
            else:
                older[url] = reading
        # What nothing is known of comes first, as there may be more than a run gets.
        first = sorted(older, key=lambda url: older[url] is not None)
        reaches = {url: Reach.OWN_NETWORKS if url in private else Reach.INTERNET for url in first}
        wanted = {url: reach for url, reach in reaches.items() if url not in self._got}
        if wanted:
            got = download(wanted, self._network(), CRL_LIMITS, self._seconds, self._stop)
            self._got |= {url: content_of(answer) for url, answer in got.items()}
        new: dict[str, bytes] = {}
        for url, before in older.items():
            data, questions = self._got[url], asked[url]
            reading = (
                unread(url, questions, Obstacle("not_there", {"error": data}))
                if isinstance(data, str)
                else read(url, data, questions, at)
            )
            if isinstance(data, bytes) and not reading.why and not (before and before.made_at > reading.made_at):
                new[url] = data
                before = None
            elif before is None and reading.why:
                self._failed[url] = reading.why
            yield before or reading
        self._cache.keep(new)


def read(url: str, data: bytes, asked: Iterable[Asked], at: datetime) -> CrlAnswers:
    """Return what a list says, once its signature was verified."""
    crl, asked = read_crl(data), list(asked)
    if crl is None:
        return unread(url, asked, Obstacle("no_list"))
    answers: dict[Certificate, Revocation] = {}
    why_not = {issuer: crl.why_unusable(issuer, at) for issuer in {question.issuer for question, _point in asked}}
    for question, point in asked:
        why = why_not[question.issuer]
        certificate = question.certificate
        answers |= (
            unread(url, [(question, point)], why).answers if why else {certificate: crl.about(certificate, point)}
        )
    return CrlAnswers(answers, crl.this_update, next(filter(None, why_not.values()), None))


def unread(url: str, asked: Iterable[Asked], why: Obstacle[str]) -> CrlAnswers:
    """Return that nothing is known by a list."""
    reason = Obstacle("unusable_list", {"url": url, "why": why})
    answers = {
        question.certificate: Revocation("unknown", question.certificate, why=reason) for question, _point in asked
    }
    return CrlAnswers(answers, why=why)


def authorities_for(module: Module, client: Client, folder: str | None) -> Authorities | None:
    """Return what asks authorities which certificates they have revoked; `None` if nobody is to be asked.

    Args:
        module: the options.
        client: the session.
        folder: where the ledger is, and what they say is kept.

    Raises:
        CertificatesError: as `named_anchors`.
    """
    params = module.params
    if params["check_revocation"] == "off":
        return None
    return Authorities(
        lambda: client.settings,
        cache_in(folder, is_check_mode=module.check_mode),
        client.settings.timeout,
        named_anchors(params["trusted_ca_path"]),
        client.stop,
    )


def as_sent(record: StoreCertificate) -> Sent:
    """Return the certificate of a record that has one, with what is sent with it."""
    return certificate_of(record), record.intermediates


def cache_in(folder: str | None, *, is_check_mode: bool) -> Cache:
    """Return what is kept in a folder, that of the ledger; check mode reads it only."""
    return Cache(os.path.join(folder, "crls") if folder and is_fixed(folder) else None, is_read_only=is_check_mode)


def named_anchors(path: str | None) -> Anchors:
    """Return the trusted certificates that the user names."""
    return roots_in(path) if path else Anchors()
