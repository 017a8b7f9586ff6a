# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask ACME authorities whether they want certificates renewed (RFC 9773), and keep what they say. Private to softlayer.certificates.

Only who has died is learned from it: a client that renews when its authority wants it to never lets a window pass. One GET a certificate, without
an account; what cannot be had in time is unknown.
"""

from __future__ import annotations

import json
import os
import threading
import typing as t
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from .._api.caller import Caller
from .._api.client import Client
from .._api.faults import explain_unanswered, retry_after_seconds, shorten
from .._api.settings import Network
from .._api.transport import Attempt, keep_quiet
from .._errors import CertificatesError
from .._files import open_plain_file, put_in_place
from .._ledger.place import folder_beside
from .._module import Module
from .._names import is_loopback
from .._net.connection import Deadline
from .._plan.attention import served_by
from .._plan.deployments import ListenerAction
from .._plan.renewal_info import RenewalInfo, RenewalRequest, retry_after
from .._plan.world import World
from .._sources.source import directory_of
from .._text import printable, some_of
from .._times import iso, parse
from .._x509.certificate import Certificate
from .rotation_options import RotationOptions
from .rotation_steps import Seen

T = t.TypeVar("T")
SECONDS = 10.0
"""For all questions of a run together."""
AT_ONCE = 16
"""Questions that are asked at the same time."""
LARGEST_ANSWER = 64 * 1024
"""Bytes of a directory, or of an answer."""
LARGEST_FILE = 4 * 1024 * 1024
"""Bytes of the file of what is kept: 10,000 answers."""
KEPT = "renewal-info.json"
"""Its name, beside the ledger."""
MOST_BRACKETS = 500
"""What an answer may have of opening ones: real ones have some ten, and what is nested too deep is more than a parser takes."""
OVERLOADED = frozenset({429, 503})
"""The status of an answer by which an authority says only when to ask again."""
ASKING = "Asking for renewal information"
WHOSE = "the server that the client is set to"
"""What to check if it is not reached."""


@dataclass(frozen=True)
class RenewalQuestion:
    """What is asked of whom."""

    directory: str
    """The URL of the authority's directory (RFC 8555, 7.1.1)."""
    identifier: str
    """That of the certificate."""

    @property
    def key(self) -> str:
        """What its answer is kept by."""
        return f"{self.directory} {self.identifier}"


@dataclass(frozen=True)
class RenewalAnswer:
    """What was answered, and until when that holds."""

    info: RenewalInfo | None
    """`None` if the authority only said when it may be asked again."""
    until: datetime


class Inquiry(Caller):
    """Asks authorities, any number of questions at the same time, within one limit of time.

    Args:
        network: how servers are reached.
        stop: once it is set, nothing more is asked.
        seconds: for all of it.
    """

    def __init__(self, network: Network, stop: threading.Event | None = None, seconds: float = SECONDS) -> None:
        super().__init__(seconds, 0, AT_ONCE, stop)
        keep_quiet("urllib3", verify=network.verify)
        self._how: dict[str, t.Any] = {"verify": network.verify, "allow_redirects": False}
        if network.proxy:
            self._how["proxies"] = {"http": network.proxy, "https": network.proxy}
        self._deadline, self._seconds = Deadline(seconds), seconds
        self._sessions: dict[str, t.Any] = {}

    def ask(
        self, questions: Collection[RenewalQuestion], at: datetime
    ) -> dict[RenewalQuestion, RenewalAnswer | CertificatesError | None]:
        """Return what is answered; why that is not known, or nothing if the authority answers no such questions.

        Args:
            questions: what is asked.
            at: the present instant.
        """
        directories = list(dict.fromkeys(question.directory for question in questions))
        whole, self._deadline = self._deadline, Deadline(self._seconds / 2)  # one that never answers hides no others
        places = dict(zip(directories, self.each(partial(tried, self._find), directories), strict=True))

        self._deadline = whole

        def answer(question: RenewalQuestion) -> RenewalAnswer | CertificatesError | None:
            place = places[question.directory]
            return (
                tried(lambda url: self._ask(url, at), f"{place}/{question.identifier}")
                if isinstance(place, str)
                else place
            )

        return dict(zip(questions, self.each(answer, list(questions)), strict=True))

    def _find(self, directory: str) -> str | None:
        """Return the URL where an authority is asked, by its directory; nothing if there is none.

        Raises:
            CertificatesError: it is not known.
        """
        given, _headers = self._get(directory)
        url = given.get("renewalInfo")
        if url is None:
            return None
        if not isinstance(url, str):
            raise CertificatesError("api_error", f"{called(directory)} names no URL as renewalInfo.")
        if why_not := why_not_asked(url, directory):
            raise CertificatesError("api_error", why_not)
        return url.rstrip("/")

    def _ask(self, url: str, at: datetime) -> RenewalAnswer:
        """Return what is answered at a URL.

        Raises:
            CertificatesError: nothing is.
        """
        try:
            given, headers = self._get(url)
        except CertificatesError as error:
            if error.code != "rate_limited":
                raise
            return RenewalAnswer(None, at + timedelta(seconds=retry_after(error.details["retry_after"])))
        info = RenewalInfo.of(given)
        if info is None:
            raise CertificatesError("api_error", f"{called(url)} answers with no window of time.")
        return RenewalAnswer(info, at + timedelta(seconds=retry_after(retry_after_seconds(headers))))

    def _get(self, url: str) -> tuple[Mapping[str, t.Any], Mapping[str, str]]:
        """Return the JSON object at a URL, with the headers of the answer.

        Raises:
            CertificatesError: it cannot be had.
        """
        if why_not := why_not_asked(url, url):
            raise CertificatesError("invalid_argument", why_not)
        shown, session = called(url), self._session(url)

        def call_once(attempt: Attempt) -> tuple[Mapping[str, t.Any], Mapping[str, str]]:
            attempt.largest_answer = LARGEST_ANSWER
            try:
                with attempt:
                    session.get(url, headers={"Accept": "application/json"}, timeout=self._timeout, **self._how)
            except Exception as error:  # what a broken answer makes the library raise may be anything
                if attempt.answer is None:
                    raise explain_unanswered(ASKING, shown, attempt, error, repeatable=True, option=WHOSE) from None
            answer = t.cast(t.Any, attempt.answer)
            if answer.status in OVERLOADED and (seconds := retry_after_seconds(answer.headers)) is not None:
                raise CertificatesError("rate_limited", f"{shown} answers HTTP {answer.status}.", retry_after=seconds)
            if answer.status != 200:
                raise CertificatesError("api_error", f"{shown} answers HTTP {answer.status}.")
            given = None
            if answer.body.count(b"[") + answer.body.count(b"{") <= MOST_BRACKETS:
                with suppress(ValueError):
                    given = json.loads(answer.body)
            if not isinstance(given, dict):
                raise CertificatesError("api_error", f"{shown} answers with no object of JSON.")
            return given, answer.headers

        try:
            return self.call_until_done(call_once, repeatable=True)
        except TimeoutError:
            raise CertificatesError("timeout", f"There was no time left to ask {shown}.") from None

    def _begin(self) -> Attempt:
        """Return the request that this thread makes next, which has the time that is left."""
        self._timeout = self._deadline.seconds_to_wait()
        return super()._begin()

    def _session(self, url: str) -> t.Any:
        parts = urlsplit(url)
        server = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if server not in self._sessions:
                self._sessions[server] = self.make_session(server)
            return self._sessions[server]


def tried(find: Callable[[str], T], url: str) -> T | CertificatesError:
    """Return what a function finds at a URL, or why it finds nothing."""
    try:
        return find(url)
    except CertificatesError as error:
        return error


def called(url: str) -> str:
    """Return what a message calls a URL: its server, as what stands behind that may look like a part of a key, and be masked."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme and parts.hostname and "@" not in parts.netloc:
            return printable(f"{parts.scheme}://{parts.netloc}")
    return shorten(url)


def why_not_asked(url: str, directory: str) -> str | None:
    """Return why a URL is not asked, as a sentence: over plain http only this machine is, and nobody else's directory leads to it.

    Args:
        url: as it was given.
        directory: where it is from: another URL, or itself.
    """
    shown, hosts = called(url), []
    for given in (url, directory):
        with suppress(ValueError):
            parts = urlsplit(given)
            if parts.scheme in {"http", "https"} and parts.port != 0 and parts.hostname and "@" not in parts.netloc:
                hosts.append(parts.hostname)
    if len(hosts) < 2:
        return f"{shown} is no URL that can be asked."
    is_here, is_from_here = map(is_loopback, hosts)
    if is_here and not is_from_here:
        return f"{shown}, which {called(directory)} names, is on this machine, so it is not asked."
    return None if is_here or url.startswith("https:") else f"{shown} is not asked, as it is not https."


# What is kept


def read_kept(path: str | None, at: datetime) -> dict[str, RenewalAnswer]:
    """Return what a run before has kept and is not outdated; nothing if it cannot be read."""
    kept: dict[str, RenewalAnswer] = {}
    if path is None:
        return kept
    with suppress(OSError, ValueError, RecursionError, CertificatesError), open_plain_file("file", path) as file:
        given = json.loads(file.read(LARGEST_FILE))
        for key, entry in given.items() if isinstance(given, dict) else ():
            info, until = RenewalInfo.of(entry), parse(entry.get("until")) if isinstance(entry, dict) else None
            if until and at < until <= at + timedelta(seconds=retry_after(float("inf"))):
                kept[key] = RenewalAnswer(info, until)
    return kept


def keep(path: str | None, answers: Mapping[str, RenewalAnswer]) -> None:
    """Keep answers for the runs to come; where that is not possible, they ask again."""
    if path is None:
        return
    content = {
        key: {**(answer.info.as_answer() if answer.info else {}), "until": iso(answer.until)}
        for key, answer in answers.items()
    }
    with suppress(OSError, CertificatesError):
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        put_in_place(path, json.dumps(content, indent=1).encode(), 0o600)


# A rotation


def ask_authorities(
    module: Module, client: Client, seen: Seen, options: RotationOptions
) -> Mapping[Certificate, RenewalRequest]:
    """Return what the authorities of served certificates answer that sources have, and warn of what is not known.

    It goes with the look at what authorities have revoked: what may not ask them that may not ask this, either.
    """
    world = seen.plan.world
    if "verify" not in options.phases or options.adopt or module.params.get("check_revocation") == "off":
        return {}
    questions = dict(_questions(seen.listeners, world))
    if not questions:
        return {}
    folder, at = folder_beside(module.params["ledger_url"]), world.clients.at
    path = os.path.join(folder, KEPT) if folder else None
    kept = read_kept(path, at)
    to_ask = [question for question in dict.fromkeys(questions.values()) if question.key not in kept]
    answers = Inquiry(client.settings, client.stop).ask(to_ask, at) if to_ask else {}
    new = {question.key: answer for question, answer in answers.items() if isinstance(answer, RenewalAnswer)}
    if new and not module.check_mode:
        keep(path, {**kept, **new})
    for warning in _warnings(questions, answers):
        module.warn(warning)
    known = {**kept, **new}
    entries = {entry.certificate: entry for entry in world.bundles.entries}
    return {
        certificate: RenewalRequest(entries[certificate], info)
        for certificate, question in questions.items()
        if (answer := known.get(question.key)) and (info := answer.info)
    }


def _questions(listeners: Iterable[ListenerAction], world: World) -> t.Iterator[tuple[Certificate, RenewalQuestion]]:
    """Yield what is served and a source has, with what there is to ask about it, if the source tells its authority."""
    entries = {entry.certificate: entry for entry in world.bundles.entries}
    for certificate in dict.fromkeys(served_by(listener, world).certificate for listener in listeners):
        entry = entries.get(certificate) if certificate and certificate.is_valid(world.clients.at) else None
        if certificate and entry and certificate.renewal_info_id:
            directory = directory_of(entry.source, entry.path)
            if directory:
                yield certificate, RenewalQuestion(directory, certificate.renewal_info_id)


def _warnings(
    questions: Mapping[Certificate, RenewalQuestion],
    answers: Mapping[RenewalQuestion, RenewalAnswer | CertificatesError | None],
) -> t.Iterator[str]:
    """Yield a warning for each reason why it is not known whether renewals are asked for."""
    names: dict[str, list[str]] = defaultdict(list)
    for certificate, question in questions.items():
        answer = answers.get(question)
        why = answer.message if isinstance(answer, CertificatesError) else None
        if isinstance(answer, RenewalAnswer) and answer.info is None:
            why = f"{called(question.directory)} has too much to do, and is not asked again before {iso(answer.until)}."
        if why:
            names[why].append(certificate.shown_name or question.identifier)
    for why, shown in names.items():
        yield f"Whether authorities ask for renewals is not known for {some_of(shown)}: {why}"
