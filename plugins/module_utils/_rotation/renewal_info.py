# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request the renewal information of ACME CAs (RFC 9773), and cache it. Private to softlayer.certificates.

A missed renewal window shows that an ACME client no longer renews its certificates. One GET request per certificate is sufficient, without an ACME
account.
"""

from __future__ import annotations

import json
import os
import typing as t
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from .._base.errors import CertificatesError
from .._base.files import open_plain_file, replace_file
from .._base.module import Module
from .._base.names import is_loopback
from .._base.text import escape_invisible, join_first
from .._base.times import format_time, parse
from .._http.connection import Deadline
from .._http.download import MIB, Limits, Reach, download, get_content
from .._http.faults import read_retry_after
from .._http.network import split_url
from .._http.transport import Response
from .._ledger.place import find_ledger_directory
from .._softlayer.client import Client
from .._sources.source import find_acme_directory
from .._x509.certificate import Certificate
from .attention import find_served
from .options import RotationOptions
from .target import Target
from .world import RenewalRequest, SourceCertificate, World

DEFAULT_RETRY, MIN_RETRY, MAX_RETRY = 6 * 3600.0, 60.0, 24 * 3600.0
"""Seconds until the next request: the default without a Retry-After header (RFC 9773, 4.3.2), and its limits."""
MAX_SECONDS = 10.0
"""Time limit in seconds for all requests of a run."""
LIMITS = Limits(64 * 1024, 16 * MIB, max_requests=16, max_requests_per_server=16, max_redirects=0)
"""The limits for responses; the total size is also the limit for the cache, about 40,000 responses."""
CACHE_FILE = "renewal-info.json"
"""File name of the cache, in the directory of the ledger."""
OVERLOAD_STATUSES = frozenset({429, 503})
"""HTTP status codes of an overloaded server, which specifies a Retry-After header."""
CachedInfo = dict[str, t.Any]
"""A cached response with the keys `end` (of the time window), `explanation_url`, and `until` (the expiration of the entry); for an overloaded
server, with `until` only."""
SAFE_CHARACTERS = "!#$%&'()*+,/:;=?@[]-._~"
"""Characters allowed in a URL in addition to letters and digits; all other characters are percent-encoded."""
MAX_URL_LENGTH = 500


def request_renewal_info(
    module: Module, client: Client, world: World, targets: Iterable[Target], options: RotationOptions
) -> Mapping[Certificate, RenewalRequest]:
    """Return the renewal requests of CAs for served certificates from the sources, and warn about failed HTTP requests.

    With `check_revocation: off`, nothing is requested, as for CRLs.
    """
    if "verify" not in options.phases or options.adopt or module.params.get("check_revocation") == "off":
        return {}
    at, folder = world.view.at, find_ledger_directory(module.params["ledger_url"])
    entries = {entry.certificate: entry for entry in world.bundles.entries}
    asked: dict[str, tuple[SourceCertificate, str]] = {}
    for certificate in dict.fromkeys(find_served(target, world).certificate for target in targets):
        entry = entries.get(certificate) if certificate and certificate.is_valid(at) else None
        identifier = entry.certificate.renewal_info_id if entry else None
        if entry and identifier and (url := find_acme_directory(entry.source, entry.path)):
            asked[identifier] = entry, url
    path = os.path.join(folder or os.devnull, CACHE_FILE)  # without a folder nothing is there, and nothing can be kept
    known = read_cache(path, at)
    answers = fetch_renewal_info(client, {name: url for name, (_entry, url) in asked.items() if name not in known}, at)
    new = {name: given for name, given in answers.items() if isinstance(given, dict)}
    known |= new
    if new and not module.check_mode:
        write_cache(path, known)
    unknown: dict[str, list[str]] = defaultdict(list)
    for name, given in answers.items():
        entry, url = asked[name]
        server = escape_invisible(split_url(url)[0].netloc.rpartition("@")[2]) or "the CA"
        if isinstance(given, str) or "end" not in given:
            why = given if isinstance(given, str) else f"the server is overloaded until {given['until']}"
            unknown[f"{server}: {why}."].append(entry.certificate.shown_name)
    for why, names in unknown.items():
        module.warn(f"Cannot get the renewal information of {join_first(names)} from {why}")
    return {
        entry.certificate: RenewalRequest(entry, end, known[name].get("explanation_url"))
        for name, (entry, _url) in asked.items()
        if (end := parse(known.get(name, {}).get("end")))
    }


def fetch_renewal_info(
    client: Client, questions: Mapping[str, str], at: datetime, seconds: float = MAX_SECONDS
) -> dict[str, CachedInfo | str]:
    """Return a response or an error clause for each certificate; certificates of CAs without renewal information are omitted.

    Args:
        client: the session, with the HTTP settings and the stop event.
        questions: identifiers of certificates, each with the directory URL of the CA (RFC 8555, 7.1.1).
        at: the current time.
        seconds: the time limit for all requests.
    """
    deadline = Deadline(seconds)
    # Half of the time, so that a directory that never answers hides no others.
    directories = _get(client, {url: url for url in questions.values()}, seconds / 2)
    found = {url: _parse_object(got) for url, got in directories.items()}
    results: dict[str, CachedInfo | str] = {}
    urls: dict[str, str] = {}
    for identifier, directory in questions.items():
        given = found[directory]
        if isinstance(given, str):
            results[identifier] = given
        elif (place := given.get("renewalInfo")) is not None:
            urls[identifier] = f"{str(place).rstrip('/')}/{identifier}"
    answers = _get(client, {url: questions[identifier] for identifier, url in urls.items()}, deadline.remaining_seconds)
    return results | {identifier: _read(answers[url], at) for identifier, url in urls.items()}


def _get(client: Client, urls: Mapping[str, str], seconds: float) -> dict[str, Response | str]:
    """Return a response or an error clause for each URL; the values of `urls` are the directories that specify the URLs."""
    refused = {url: why for url, directory in urls.items() if (why := why_rejected(url, directory))}
    wanted = {url: Reach.ALL_NETWORKS for url in urls if url not in refused}
    return {**refused, **download(wanted, client.settings, LIMITS, seconds, client.stop)}


def _parse_object(got: Response | str) -> CachedInfo | str:
    """Return the JSON object in a response, or an error clause."""
    content = get_content(got)
    if isinstance(content, bytes):
        with suppress(ValueError, RecursionError):
            if isinstance(given := json.loads(content), dict):
                return given
    return content if isinstance(content, str) else "the response is not a JSON object"


def _read(got: Response | str, at: datetime) -> CachedInfo | str:
    """Return the cache entry of a response, or an error clause."""
    wait = read_retry_after(got.headers) if isinstance(got, Response) else None
    until = {"until": format_time(at + timedelta(seconds=limit_retry(wait)))}
    if isinstance(got, Response) and got.status in OVERLOAD_STATUSES and wait is not None:
        return until
    given = _parse_object(got)
    if isinstance(given, str):
        return given
    end, url = parse_window_end(given), clean_url(given.get("explanationURL"))
    return (
        {"end": format_time(end), "explanation_url": url, **until}
        if end
        else "the response does not contain a time window"
    )


def why_rejected(url: str, directory: str) -> str | None:
    """Return the reason why a URL is rejected: plain HTTP and local URLs are allowed only if the directory is local, too."""
    is_here, is_from_here = (is_loopback(split_url(given)[1] or "") for given in (url, directory))
    if is_here and not is_from_here:
        return "the URL is on this host, unlike the directory of the CA"
    return None if is_here or url.startswith("https:") else "the URL does not begin with https"


def read_cache(path: str, at: datetime) -> dict[str, CachedInfo]:
    """Return the valid entries of the cache; empty for a missing or unreadable cache."""
    latest = at + timedelta(seconds=limit_retry(float("inf")))
    problems = (OSError, ValueError, RecursionError, AttributeError, LookupError, TypeError, CertificatesError)
    with suppress(*problems), open_plain_file("file", path) as file:
        kept = json.loads(file.read(LIMITS.max_total_size)).items()
        return {key: given for key, given in kept if (until := parse(given["until"])) and at < until <= latest}
    return {}


def write_cache(path: str, answers: Mapping[str, CachedInfo]) -> None:
    """Write the cache; errors are ignored, because later runs can repeat the requests."""
    with suppress(OSError, CertificatesError):
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        replace_file(path, json.dumps(answers, indent=1).encode(), 0o600)


def parse_window_end(answer: Mapping[str, t.Any]) -> datetime | None:
    """Return the end of the suggested renewal window (RFC 9773, 4.2), also of a past window; `None` without a valid window.

    With a past window, a CA requests an immediate renewal.
    """
    window = answer.get("suggestedWindow")
    given = window if isinstance(window, Mapping) else {}
    start, end = parse(given.get("start")), parse(given.get("end"))
    return end if start and end and start < end else None


def clean_url(given: object) -> str | None:
    """Return a URL without characters that a terminal, shell, or web page could interpret; `None` for an invalid URL."""
    text = quote(given, safe=SAFE_CHARACTERS, errors="replace") if isinstance(given, str) else ""
    with suppress(ValueError):
        parts = urlsplit(text)
        if parts.scheme in {"http", "https"} and parts.hostname and not {*"@%"} & {*parts.netloc}:
            return text if len(text) <= MAX_URL_LENGTH else None
    return None


def limit_retry(seconds: float | None) -> float:
    """Return the seconds until the next request, from `MIN_RETRY` to `MAX_RETRY`."""
    return DEFAULT_RETRY if seconds is None else min(max(seconds, MIN_RETRY), MAX_RETRY)
