# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SDK session, which calls methods of `SoftLayer_...` services and reads complete lists. Private to softlayer.certificates."""

from __future__ import annotations

import os
import threading
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from .._base.errors import CertificatesError
from .._http.caller import Caller
from .._http.transport import Attempt, silence_library
from .faults import explain, reports_transient_error
from .paging import Page, Row, has_id, list_all, number_rows
from .settings import Settings, resolve_settings
from .values import check_ids, parse_id

if t.TYPE_CHECKING:
    from .._base.module import Module

with suppress(ImportError):
    from SoftLayer import BaseClient, consts
    from SoftLayer.auth import BasicAuthentication, BasicHTTPAuthentication, BearerAuthentication
    from SoftLayer.transports import RestTransport, XmlRpcTransport

PAGE_SIZE = 500
"""Number of rows per requested page."""
MIN_PAGE_SIZE = 25
"""Minimum number of rows per page, for pages that are halved because the API reports that a page is too large."""
MAX_FILTER_IDS = 200
"""Maximum number of IDs in one object filter, which is a part of the URL over REST."""
MAX_FILTERED_CALLS = 4
"""Maximum number of filtered calls. For more IDs, the whole list is read."""
SORT_BY_ID: Mapping[str, t.Any] = {"id": {"operation": "orderBy", "options": [{"name": "sort", "value": ["ASC"]}]}}
"""The object filter that sorts a list by ID."""
MAX_XMLRPC_INTEGER = 2**31 - 1


class Client(Caller):
    """A logged-in session that any number of threads may share.

    Args:
        settings: the endpoint and the credentials.
        concurrency: see `Caller`.
        stop: see `Caller`.
        warn: see `Caller`.
    """

    def __init__(
        self,
        settings: Settings,
        concurrency: int = 8,
        stop: threading.Event | None = None,
        warn: Callable[[str], object] = lambda _text: None,
    ) -> None:
        super().__init__(settings.timeout, settings.retries, concurrency, stop, warn)
        self.settings = settings
        self._account_id: int | None = None
        silence_library("SoftLayer", verify=settings.verify)
        transport_class, authentication = (
            (RestTransport, BasicHTTPAuthentication) if settings.is_rest else (XmlRpcTransport, BasicAuthentication)
        )
        transport = transport_class(
            endpoint_url=settings.endpoint_url, timeout=settings.timeout, proxy=settings.proxy, verify=settings.verify
        )
        # The SDK's own session retries by itself, even requests that must not be repeated; this one never does.
        session = self.make_session(settings.endpoint_url)
        # The same two headers as in the SDK's own session.
        session.headers.update({"Content-Type": "application/json", "User-Agent": consts.USER_AGENT})
        transport._client = session
        if transport.client is not session:
            raise CertificatesError(
                "missing_library",
                "Cannot disable automatic retries in the installed release of the Python library SoftLayer. Install release 6.2 or 6.3.",
            )
        # With a user name, the SDK would replace the token by a login without a password.
        auth = (
            BearerAuthentication("", settings.iam_token)
            if settings.iam_token
            else authentication(settings.username, settings.api_key)
        )
        self._sdk = BaseClient(auth=auth, transport=transport, config_file=os.devnull)

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
        before_sending: Callable[[], None] | None = None,
        in_turn: bool = False,
    ) -> t.Any:
        """Call an API method and return the response.

        Args:
            service: name without `SoftLayer_`, such as `Account`.
            method: name of the API method.
            args: the method's arguments.
            identifier: ID of the object.
            mask: object mask; required if the response could contain a private key.
            filter: object filter.
            limit: maximum number of rows.
            offset: number of rows to skip.
            repeatable: whether to retry the call after a lost response; `False` for all calls that change something.
            before_sending: called before each attempt, after all waiting. An exception prevents the attempt.
            in_turn: whether the call is made by a `before_sending`, within the concurrency limit of another call.

        Raises:
            CertificatesError: with a code from `faults`; `interrupted` if the call was not made because of `stop`.
        """
        args = tuple(map(_make_portable, args))
        keywords = {"id": _make_portable(identifier), "mask": mask, "filter": filter, "limit": limit, "offset": offset}

        def call_once(attempt: Attempt) -> t.Any:
            try:
                with attempt:
                    result = self._sdk.call(service, method, *args, **keywords)
                if isinstance(result, dict) and "error" in result:  # a fault in an answer with HTTP 200
                    raise ValueError("error")
                if attempt.answer is not None and attempt.answer.status >= 300:  # the SDK takes it for a normal answer
                    raise ValueError("status")
            except Exception as error:  # when an answer is truncated, the SDK passes on whatever its parser raises
                call = f"SoftLayer_{service}::{method}"
                failure = explain(
                    call,
                    self.settings.endpoint_url,
                    attempt,
                    error,
                    repeatable=repeatable,
                    with_token=bool(self.settings.iam_token),
                )
                why = self.settings.why_denied if failure.code == "authentication_failed" else None
                raise CertificatesError(
                    failure.code, f"{failure.message} {why}" if why else failure.message, **failure.details
                ) from None
            return result

        return self.call_until_done(call_once, repeatable=repeatable, before_sending=before_sending, in_turn=in_turn)

    def read_list(self, service: str, method: str, *args: t.Any, mask: str, root: str | None = None) -> list[Row]:
        """Return all rows of a list, each once, sorted by ID. Skip rows without a valid ID, with a warning.

        Args:
            service: name without `SoftLayer_`.
            method: name of the API method.
            args: the method's arguments.
            mask: object mask, including `id`.
            root: root of the object filter: the property name for `Account::getX`; `None` for a list of the service's own type.

        Raises:
            CertificatesError: as `call`; `incomplete_listing` if the server does not return the whole list, `api_error` if
                the response is not a list.
        """
        by_id = {root: SORT_BY_ID} if root else SORT_BY_ID

        def fetch(offset: int, limit: int) -> Page:
            page = self._fetch_page(service, method, args, mask=mask, filter=by_id, offset=offset, limit=limit)
            if offset == 0 and page.rows and not any(map(has_id, page.rows)):
                raise _make_list_error(service, method)
            return page

        rows = list_all(fetch, PAGE_SIZE, self.call_for_each)
        usable = [row for row in rows if has_id(row)]
        if len(usable) < len(rows):
            self.warn(describe_ignored_rows(f"SoftLayer_{service}::{method}", len(rows) - len(usable)))
        return usable

    def read_ids(self, service: str, method: str, *args: t.Any, identifiers: Iterable[int], mask: str) -> list[Row]:
        """Return the existing rows with the given IDs, sorted by ID.

        The rows are read with filters, or with the whole list if filters need too many calls or return too few rows. Other
        rows are dropped, because the API ignores malformed filters.

        Args:
            service: name without `SoftLayer_`.
            method: name of the API method.
            args: the method's arguments.
            identifiers: the IDs.
            mask: object mask, including `id`.

        Raises:
            CertificatesError: as `read_list`.
        """
        wanted = sorted(set(identifiers))
        chunks = [wanted[start : start + MAX_FILTER_IDS] for start in range(0, len(wanted), MAX_FILTER_IDS)]

        def fetch(chunk: Sequence[int]) -> Page:
            data = [_make_portable(identifier) for identifier in chunk]
            these = {"id": {"operation": "in", "options": [{"name": "data", "value": data}]}}
            return self._fetch_page(service, method, args, mask=mask, filter=these, offset=0, limit=len(chunk))

        rows: dict[int, Row] = {}
        if len(chunks) <= MAX_FILTERED_CALLS:
            rows = {int(row["id"]): row for page in self.call_for_each(fetch, chunks) for row in page.rows}
        if not rows.keys() >= set(wanted):
            rows = {int(row["id"]): row for row in self.read_list(service, method, *args, mask=mask)}
        return [rows[identifier] for identifier in wanted if identifier in rows]

    def _fetch_page(
        self, service: str, method: str, args: Sequence[t.Any], *, offset: int, limit: int, **keywords: t.Any
    ) -> Page:
        try:
            answer = self.call(service, method, *args, offset=offset, limit=limit, **keywords)
        except CertificatesError as error:
            too_much = error.code == "api_error" and reports_transient_error(error.details.get("api_message"))
            if not too_much or limit // 2 < MIN_PAGE_SIZE:
                raise
            return self._fetch_page(service, method, args, offset=offset, limit=limit // 2, **keywords)
        if not isinstance(answer, list):
            raise _make_list_error(service, method)
        return Page(number_rows(answer), getattr(answer, "total_count", 0) or None)

    def fetch_account_id(self, given: int | None = None) -> int:
        """Return the given account ID, or the account ID of the API user (`SoftLayer_Account::getObject`, called only once)."""
        if given is not None:
            check_ids("account_id", [given])
            return given
        if self._account_id is None:
            account = self.call("Account", "getObject", mask="mask[id]")
            self._account_id = parse_id(account.get("id")) if isinstance(account, dict) else None
        if self._account_id is None:
            raise CertificatesError("api_error", "SoftLayer_Account::getObject returned no ID. Check endpoint_url.")
        return self._account_id


def _make_list_error(service: str, method: str) -> CertificatesError:
    call = f"SoftLayer_{service}::{method}"
    return CertificatesError("api_error", f"{call} did not return a list of objects with IDs. Check endpoint_url.")


def describe_ignored_rows(call: str, number: int) -> str:
    """Return the warning about rows without valid IDs."""
    return (
        f"{call} returned entries without a valid ID: {number}. The collection does not select, compare, or change these entries. "
        "Ask IBM Cloud support to fix the entries."
    )


def _make_portable(value: t.Any) -> t.Any:
    """Return a value for both transports: an integer that is too large for XML-RPC becomes a string."""
    return str(value) if isinstance(value, int) and value > MAX_XMLRPC_INTEGER else value


def connect(module: Module, concurrency: int = 8, stop: threading.Event | None = None) -> Client:
    """Return a client for the options of a module, without any request, and hide its secrets in the module output.

    Args:
        module: the module with the options.
        concurrency: maximum number of concurrent calls.
        stop: see `Client`.

    Raises:
        CertificatesError: as `resolve_settings`.
    """
    settings = resolve_settings(module.params, module.given)
    module.hide(*settings.secrets)
    return Client(settings, concurrency, stop, module.warn)
