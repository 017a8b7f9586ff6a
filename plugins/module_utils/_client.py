# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SoftLayer SDK's session as this collection uses it. Private to softlayer.certificates.

Who to log in as, where to send it, what may be tried again, how fast, and reading lists whole. What is asked for is
the business of the modules above.
"""

from __future__ import annotations

import concurrent.futures
import configparser
import os
import re
import threading
import traceback
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ansible.module_utils.api import generate_jittered_backoff
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._faults import (
    ANSWERED,
    NOT_CARRIED_OUT,
    Answer,
    explain,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._names import is_loopback
from ansible_collections.softlayer.certificates.plugins.module_utils._paging import Page, Row, list_all
from ansible_collections.softlayer.certificates.plugins.module_utils._rate import RateLimiter
from ansible_collections.softlayer.certificates.plugins.module_utils._transport import keep_quiet, make_adapter

SOFTLAYER_IMPORT_ERROR: str | None = None
try:
    import requests
    from SoftLayer import API_PUBLIC_ENDPOINT, BaseClient, consts
    from SoftLayer.auth import BasicAuthentication, BasicHTTPAuthentication
    from SoftLayer.config import get_client_settings_config_file
    from SoftLayer.transports import RestTransport, XmlRpcTransport
except ImportError:
    SOFTLAYER_IMPORT_ERROR = traceback.format_exc()

T = t.TypeVar("T")
R = t.TypeVar("R")

PAGE_SIZE = 500
"""Rows asked for at once."""
SMALLEST_PAGE = 25
"""Rows below which a page is not halved any more when the API finds it too much."""
DIGITS = re.compile(r"[0-9]+")
TOTAL_HEADER = "softlayer-total-items"
IDS_PER_FILTER = 200
"""Ids in one object filter; over REST it travels in the URL."""
FEW_CALLS = 4
"""So many calls are made without asking first whether there is a shorter way."""
LONGEST_TIMEOUT = 86400
"""Seconds; more, and infinity, would make a run that never ends."""
LARGEST_ID = 2**63 - 1
"""What 64 bits hold; the ledger keeps no larger one."""
LARGEST_XMLRPC_INTEGER = 2**31 - 1
LONGEST_WAIT = 300
"""Seconds; a server whose C(Retry-After) asks for more is not waited for, and gets no more calls."""
CODES_TO_READ_AGAIN = NOT_CARRIED_OUT | {"no_answer"}


@dataclass(frozen=True)
class Settings:
    """Where and as whom to call the API."""

    username: str
    api_key: str = field(repr=False)
    endpoint_url: str
    timeout: float
    proxy: str | None = field(repr=False)
    verify: bool | str
    retries: int

    @property
    def is_rest(self) -> bool:
        """Whether the endpoint speaks REST; otherwise it is XML-RPC."""
        return "rest" in urlsplit(self.endpoint_url).path.split("/")

    @property
    def secrets(self) -> set[str]:
        """What must appear in no output: the API key, and passwords inside URLs."""
        password = urlsplit(self.proxy).password if self.proxy else None
        return {self.api_key} | ({password, unquote(password)} if password else set())


def resolve_settings(params: Mapping[str, t.Any], given: frozenset[str]) -> Settings:
    """Return the settings by precedence: option, then environment, then config file, then default.

    Args:
        params: the module's options, the environment's values and the defaults already filled in.
        given: the options that the user gave.

    Raises:
        CertificatesError: C(missing_credentials), C(invalid_config_file), C(insecure_endpoint), C(invalid_argument).
    """
    config = _read_config_file(params["config_file"])
    username = (params["username"] or config.get("username") or "").strip()
    api_key = (params["api_key"] or config.get("api_key") or "").strip()
    missing = [name for name, value in (("username", username), ("api_key", api_key)) if not value]
    if missing:
        raise CertificatesError(
            "missing_credentials",
            f"No SoftLayer {' and '.join(missing)} given: set the options username and api_key, the environment variables "
            "SL_USERNAME and SL_API_KEY, or both in the section [softlayer] of ~/.softlayer.",
            missing=missing,
        )
    timeout = params["timeout"] if "timeout" in given else config.get("timeout") or params["timeout"]
    if not 0 < timeout < LONGEST_TIMEOUT or params["retries"] < 0:
        raise CertificatesError(
            "invalid_argument",
            f"timeout must be above 0 and below {LONGEST_TIMEOUT} seconds, retries must not be negative.",
        )
    settings = Settings(
        username=username,
        api_key=api_key,
        endpoint_url=(params["endpoint_url"] or config.get("endpoint_url") or API_PUBLIC_ENDPOINT).strip().rstrip("/"),
        timeout=timeout,
        proxy=_proxy(params["proxy"] or ("" if _proxy_in_environment() else config.get("proxy"))),
        verify=_verification(params, given, config),
        retries=params["retries"],
    )
    _guard_endpoint(settings)
    return settings


def _verification(params: Mapping[str, t.Any], given: frozenset[str], config: Mapping[str, t.Any]) -> bool | str:
    """Return what requests takes as C(verify): a CA bundle's path, or whether to verify at all."""
    configured: bool | str = config.get("verify", True)
    ca_path = params["ca_path"] or (configured if isinstance(configured, str) else None)
    wanted = params["validate_certs"] if given & {"validate_certs", "ca_path"} else configured is not False
    if not wanted:
        return False
    return _existing_ca(ca_path) if ca_path else True


def _existing_ca(path: str) -> str:
    expanded = os.path.expanduser(path)
    if not os.access(expanded, os.R_OK):
        raise CertificatesError(
            "invalid_argument", f"The CA file {path} cannot be read: check ca_path, or verify in the config file."
        )
    return expanded


def _proxy(url: str | None) -> str | None:
    """Return a proxy's URL; a bare host and port is one that speaks HTTP."""
    if not url:
        return None
    return url if "://" in url else f"http://{url.lstrip('/')}"


def _proxy_in_environment() -> bool:
    return bool(os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY"))


def _read_config_file(path: str | None) -> dict[str, t.Any]:
    """Return the C([softlayer]) section as the SDK reads it: C(/etc/softlayer.conf), C(~/.softlayer), C(path)."""
    if path and not os.access(path, os.R_OK):
        raise CertificatesError("invalid_config_file", f"The config file {path} cannot be read: check config_file.")
    try:
        return get_client_settings_config_file(config_file=path) or {}
    except (configparser.Error, ValueError):  # the exceptions' texts may quote the line that holds the key
        raise CertificatesError(
            "invalid_config_file",
            f"The config file {path or '~/.softlayer'} is not an INI file with a section [softlayer] as the SoftLayer SDK reads it: "
            "write it anew with `slcli config setup`, or give username and api_key as options.",
        ) from None


def _guard_endpoint(settings: Settings) -> None:
    """Refuse to send credentials in the clear to anything but this machine."""
    try:
        url = urlsplit(settings.endpoint_url)
        host = url.hostname if url.port != 0 else None
        proxy_host = urlsplit(settings.proxy).hostname if settings.proxy else None
    except ValueError:
        host = None
    if not host or url.scheme not in {"http", "https"} or "@" in url.netloc or url.query or url.fragment:
        raise CertificatesError(
            "invalid_argument",
            f"endpoint_url must look like {API_PUBLIC_ENDPOINT}: https, a host and a path, without a login in it.",
        )
    if url.scheme == "http" and not (is_loopback(host) and (proxy_host is None or is_loopback(proxy_host))):
        raise CertificatesError(
            "insecure_endpoint",
            f"Credentials are not sent to {host} over plain http: use https in endpoint_url.",
            host=host,
        )


class Interrupted(CertificatesError):
    """The run was told to stop, and this call was not made."""

    def __init__(self) -> None:
        super().__init__("interrupted", "The run was told to stop before this was done; nothing was sent.")


class Client:
    """A logged-in session that any number of threads may use.

    Attributes:
        api_calls: HTTP requests made so far, repetitions included.
        stop: once it is set, the calls in flight finish and no more are made; every waiting ends at once.
    """

    def __init__(self, settings: Settings, concurrency: int = 8, stop: threading.Event | None = None) -> None:
        self.settings = settings
        self.concurrency = concurrency
        self.api_calls = 0
        self.stop = stop or threading.Event()
        self._lock = threading.Lock()
        self._limiter = RateLimiter()
        self._turned_away: CertificatesError | None = None
        self._seen = threading.local()
        keep_quiet(verify=settings.verify)
        transport_class, authentication = (
            (RestTransport, BasicHTTPAuthentication) if settings.is_rest else (XmlRpcTransport, BasicAuthentication)
        )
        transport = transport_class(
            endpoint_url=settings.endpoint_url, timeout=settings.timeout, proxy=settings.proxy, verify=settings.verify
        )
        # The SDK's own session repeats requests by itself, also those that must not be; this one never does.
        session = self._make_session()
        transport._client = session
        if transport.client is not session:
            raise CertificatesError(
                "missing_library",
                "This release of the Python library SoftLayer cannot be kept from repeating requests: use 6.2 or 6.3.",
            )
        self._sdk = BaseClient(
            auth=authentication(settings.username, settings.api_key), transport=transport, config_file=os.devnull
        )

    def _make_session(self) -> requests.Session:
        session = requests.Session()
        # The two headers of the SDK's own session.
        session.headers.update({"Content-Type": "application/json", "User-Agent": consts.USER_AGENT})
        adapter = make_adapter(self._seen)(max_retries=0, pool_maxsize=self.concurrency)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.hooks["response"].append(self._remember)
        session.max_redirects = 0  # a redirect would take the credentials to another host
        session.auth = _no_login  # otherwise requests looks for one in ~/.netrc
        if is_loopback(t.cast(str, urlsplit(self.settings.endpoint_url).hostname)):
            session.trust_env = False  # no proxy of the environment stands before this machine itself
        return session

    def _remember(self, response: requests.Response, **_kwargs: object) -> None:
        """Keep the answer beyond the SDK's exceptions, and a total that is no number from the SDK, which trips over it."""
        self._seen.answer = response
        response.encoding = "utf-8"  # as JSON is (RFC 8259), whatever the header makes of it
        if not DIGITS.fullmatch(response.headers.get(TOTAL_HEADER, "")):
            response.headers.pop(TOTAL_HEADER, None)

    def call(
        self,
        service: str,
        method: str,
        *args: t.Any,
        identifier: int | None = None,
        mask: str | None = None,
        filter: Mapping[str, t.Any] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        repeatable: bool = True,
    ) -> t.Any:
        """Call an API method and return its answer.

        Args:
            service: name without C(SoftLayer_), such as C(Account).
            method: name of the API method.
            args: the method's arguments.
            identifier: id of the object that it is called on.
            mask: object mask; always give one where an answer could hold a private key.
            filter: object filter.
            limit: rows wanted at most.
            offset: rows to pass over.
            repeatable: whether it may be called again after an answer was lost. C(False) for what sends or creates.

        Raises:
            CertificatesError: with a code of C(_faults); C(interrupted) if it was not called because of C(stop).
        """
        args = tuple(map(_portable, args))
        keywords = {"id": _portable(identifier), "mask": mask, "filter": filter, "limit": limit, "offset": offset}
        codes = CODES_TO_READ_AGAIN if repeatable else NOT_CARRIED_OUT
        for delay in [*self._delays(), None]:
            self._limiter.wait(self.stop.wait)
            if self.stop.is_set():
                raise Interrupted
            if self._turned_away:
                raise self._turned_away
            try:
                answer = self._call_once(service, method, args, keywords)
            except CertificatesError as error:
                if error.code == "rate_limited":
                    retry_after = error.details.get("retry_after_seconds", 0.0)
                    if retry_after > LONGEST_WAIT:  # which counts for all other calls as well
                        self._turned_away = error
                        raise
                    self._limiter.refused(retry_after)
                elif error.code in ANSWERED:
                    self._limiter.taken()
                if error.code == "no_answer" and not repeatable:
                    raise CertificatesError(
                        error.code, f"{error.message} It may have been processed.", **error.details
                    ) from None
                if error.code not in codes or delay is None:
                    raise
                if error.code != "rate_limited":
                    self.stop.wait(delay)
            else:
                self._limiter.taken()
                return answer
        raise AssertionError("unreachable")  # pragma: no cover

    def _delays(self) -> list[float]:
        """Return how long to wait before each repetition, in seconds: up to a quarter of 4, 8, 16 ..., at random."""
        return [
            quarters / 4
            for quarters in generate_jittered_backoff(self.settings.retries, delay_base=4, delay_threshold=120)
        ]

    def _call_once(self, service: str, method: str, args: Sequence[t.Any], keywords: Mapping[str, t.Any]) -> t.Any:
        """Make one HTTP request; whatever fails comes out as what it means."""
        name = f"SoftLayer_{service}::{method}"
        self._seen.answer = None
        self._seen.connected = False
        with self._lock:
            self.api_calls += 1
        try:
            result = self._sdk.call(service, method, *args, **keywords)
        except Exception as error:  # the SDK lets through whatever a parser raises on half an answer
            raise self._explained(name, error) from None
        if isinstance(result, dict) and {"error", "code"} <= result.keys():  # a fault that came with HTTP 200
            raise self._explained(name, ValueError())
        return result

    def _explained(self, call: str, error: Exception) -> CertificatesError:
        answer = _as_answer(self._seen.answer)
        return explain(call, self.settings.endpoint_url, answer, error, connected=self._seen.connected)

    def read_list(self, service: str, method: str, *args: t.Any, mask: str, root: str | None = None) -> list[Row]:
        """Return all rows of a method that gives a list, each once, sorted by id.

        Args:
            service: name without C(SoftLayer_).
            method: name of the API method.
            args: the method's arguments.
            mask: object mask; must hold C(id).
            root: what the object filter starts from, the property's name for C(Account::getX), none where the
                service's own type is listed.

        Raises:
            CertificatesError: as C(call); C(incomplete_listing) where the server does not hand out the whole list.
        """
        by_id = _rooted(root, {"id": {"operation": "orderBy", "options": [{"name": "sort", "value": ["ASC"]}]}})

        def fetch(offset: int, limit: int) -> Page:
            return self._fetch_page(service, method, args, mask=mask, filter=by_id, offset=offset, limit=limit)

        return list_all(fetch, PAGE_SIZE, self.each)

    def read_ids(
        self, service: str, method: str, *args: t.Any, identifiers: Iterable[int], mask: str, root: str | None = None
    ) -> list[Row]:
        """Return the rows with these ids, sorted by id; an id that does not exist is left out.

        They are picked by a filter as long as that takes fewer calls than the whole list. The server's filter only saves
        bytes: a malformed one is ignored, and other rows are left out here; an id that the filtered listing lacks is looked
        for in the whole list.

        Args:
            service: as with C(read_list), like the others.
            method: name of the API method.
            args: the method's arguments.
            identifiers: the ids.
            mask: object mask; must hold C(id).
            root: what the object filter starts from.

        Raises:
            CertificatesError: as C(read_list).
        """
        wanted = sorted(set(identifiers))
        chunks = [wanted[start : start + IDS_PER_FILTER] for start in range(0, len(wanted), IDS_PER_FILTER)]

        def fetch(chunk: Sequence[int]) -> Page:
            data = [_portable(identifier) for identifier in chunk]
            these = _rooted(root, {"id": {"operation": "in", "options": [{"name": "data", "value": data}]}})
            return self._fetch_page(service, method, args, mask=mask, filter=these, offset=0, limit=len(chunk))

        found: dict[int, Row] = {}
        if len(chunks) <= FEW_CALLS or not self._is_shorter(service, method, args, len(chunks)):
            found = {int(row["id"]): row for page in self.each(fetch, chunks) for row in page.rows}
        if not found.keys() >= set(wanted):
            found = {int(row["id"]): row for row in self.read_list(service, method, *args, mask=mask, root=root)}
        return [found[identifier] for identifier in wanted if identifier in found]

    def _is_shorter(self, service: str, method: str, args: Sequence[t.Any], calls: int) -> bool:
        """Return whether the whole list is known to take fewer calls than this."""
        total = self._fetch_page(service, method, args, mask="mask[id]", filter=None, offset=0, limit=1).total
        return total is not None and total <= calls * PAGE_SIZE

    def _fetch_page(
        self, service: str, method: str, args: Sequence[t.Any], *, offset: int, limit: int, **keywords: t.Any
    ) -> Page:
        try:
            answer = self.call(service, method, *args, offset=offset, limit=limit, **keywords)
        except CertificatesError as error:
            too_much = (
                error.code == "api_error" and "internal error" in str(error.details.get("api_message", "")).lower()
            )
            if not too_much or limit // 2 < SMALLEST_PAGE:
                raise
            return self._fetch_page(service, method, args, offset=offset, limit=limit // 2, **keywords)
        if not isinstance(answer, list) or not all(_has_id(row) for row in answer):
            raise CertificatesError(
                "api_error",
                f"SoftLayer_{service}::{method} answered something else than a list of objects: check endpoint_url.",
            )
        return Page(answer, getattr(answer, "total_count", 0) or None)

    def each(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Return C(function) of every item, in order, up to C(concurrency) at the same time."""
        if len(items) <= 1:
            return [function(item) for item in items]
        with concurrent.futures.ThreadPoolExecutor(max_workers=min(self.concurrency, len(items))) as pool:
            return list(pool.map(function, items))

    def account_id(self, given: int | None = None) -> int:
        """Return the account id that was given, else that of the API user (C(SoftLayer_Account::getObject))."""
        if given is not None:
            check_ids("account_id", [given])
            return given
        account = self.call("Account", "getObject", mask="mask[id]")
        try:
            return int(account["id"])
        except (TypeError, KeyError, ValueError):
            raise CertificatesError(
                "api_error", "SoftLayer_Account::getObject gave no id: check endpoint_url."
            ) from None


def check_ids(name: str, ids: Iterable[int]) -> None:
    """Refuse what cannot be an id, before it is looked for.

    Raises:
        CertificatesError: C(invalid_argument).
    """
    impossible = [identifier for identifier in ids if not 0 < identifier <= LARGEST_ID]
    if impossible:
        what = name.rstrip("s").replace("_", " ")
        raise CertificatesError(
            "invalid_argument",
            f"{name}: {', '.join(map(str, impossible))} is no {what}; ids are whole numbers from 1 to {LARGEST_ID}.",
        )


def _as_answer(response: requests.Response | None) -> Answer | None:
    """Return what arrived, or C(None) where it did not arrive whole."""
    try:
        return None if response is None else Answer(response.status_code, response.content, response.headers)
    except (requests.RequestException, RuntimeError):
        return None


def _has_id(row: object) -> bool:
    return isinstance(row, dict) and DIGITS.fullmatch(str(row.get("id", ""))) is not None


def _portable(value: t.Any) -> t.Any:
    """Return a value as either transport can carry it: an integer that XML-RPC does not know, as text."""
    return str(value) if isinstance(value, int) and value > LARGEST_XMLRPC_INTEGER else value


def _rooted(root: str | None, condition: dict[str, t.Any]) -> dict[str, t.Any]:
    return {root: condition} if root else condition


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Module(t.Protocol):
    """What C(connect) needs of an C(AnsibleModule)."""

    params: dict[str, t.Any]
    given: frozenset[str]
    no_log_values: set[str]


def connect(module: _Module, concurrency: int = 8, stop: threading.Event | None = None) -> Client:
    """Return a client with the module's options; nothing is sent yet. Its secrets are kept out of the module's output.

    Args:
        module: holds the options.
        concurrency: how many calls may be under way at the same time.
        stop: see C(Client).

    Raises:
        CertificatesError: as C(resolve_settings).
    """
    settings = resolve_settings(module.params, module.given)
    module.no_log_values.update(settings.secrets)
    return Client(settings, concurrency, stop)
