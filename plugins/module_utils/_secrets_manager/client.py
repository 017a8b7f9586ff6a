# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client for the SDK of IBM Cloud Secrets Manager. Private to softlayer.certificates.

Retries, rate limits, and timeouts are the same as for the SoftLayer API.
"""

from __future__ import annotations

import math
import re
import threading
import time
import typing as t
import uuid
from collections.abc import Callable, Mapping, Sequence

from .._base.errors import CertificatesError
from .._base.text import join_first
from .._http.caller import Caller
from .._http.transport import Attempt, silence_library
from .._softlayer.paging import MAX_PAGES, Page, Row, list_all
from .._softlayer.values import parse_number, select_dicts
from .faults import explain, explain_login
from .secret import Secret, Value, parse_secret, parse_value
from .settings import Instance

PAGE_SIZE = 1000
"""Number of secrets per page, the maximum of the API."""
MAX_PAGE_BYTES = 64 * 1024 * 1024
"""Maximum uncompressed size of a page in bytes; each secret may have 10 KB of custom metadata, names, and labels."""
MAX_RESPONSE_BYTES = 4 * 1024 * 1024
"""Maximum uncompressed size of any other response in bytes: a certificate, a chain, and a key of 100 KB each, and metadata."""
RENEWAL_FRACTION = 0.8
"""Fraction of a token's lifetime after which the token is renewed."""
DEFAULT_GROUP = "default"
"""Name and ID of the secret group that always exists."""
GROUP_ID_PATTERN = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Pattern of the ID of a secret group other than `DEFAULT_GROUP`."""
T = t.TypeVar("T")
GRANT_TYPE = "urn:ibm:params:oauth:grant-type:apikey"


class SecretsManager(Caller):
    """Session with one instance, which threads may share.

    Args:
        instance: the URLs and the login.
        concurrency: as in `Caller`.
        stop: as in `Caller`.
        warn: as in `Caller`.
        hide: hides a text in all output; called with each token before its use.
    """

    def __init__(
        self,
        instance: Instance,
        concurrency: int,
        stop: threading.Event,
        warn: Callable[[str], object],
        hide: Callable[[str], object],
    ) -> None:
        network = instance.network
        super().__init__(network.timeout, network.retries, concurrency, stop, warn)
        self.instance = instance
        self._how: dict[str, t.Any] = {"verify": network.verify, "timeout": network.timeout}
        if network.proxy:
            self._how["proxies"] = {"http": network.proxy, "https": network.proxy}
        silence_library("ibm-cloud-sdk-core", verify=network.verify)
        self._iam = self.make_session(instance.iam_url)
        self._logging_in = threading.Lock()
        self._token = instance.iam_token
        self._renew_at = math.inf if instance.iam_token else 0.0
        self._refusal: CertificatesError | None = None
        self._hide = hide
        self._groups: Mapping[str, str] | None = None
        # Imported only here, because a rotation that has no such source would need 0.2 s of CPU time to load the SDK.
        from ibm_cloud_sdk_core.authenticators import BearerTokenAuthenticator
        from ibm_secrets_manager_sdk.secrets_manager_v2 import SecretsManagerV2

        self._login = BearerTokenAuthenticator(instance.iam_token or "none yet")
        self._sdk = SecretsManagerV2(authenticator=self._login)
        self._sdk.set_service_url(instance.url)
        self._sdk.set_http_client(self.make_session(instance.url))
        self._sdk.set_http_config(self._how)

    # What is there

    def list_secrets(self, types: Sequence[str], labels: Sequence[str], group_ids: Sequence[str]) -> list[Secret]:
        """Return the metadata of the matching secrets (`GET /secrets`), sorted by ID.

        Args:
            types: types of the secrets; all types if empty.
            labels: labels that a secret must have.
            group_ids: IDs of the secret groups; all groups if empty.

        Raises:
            CertificatesError: with a code from `faults`; `incomplete_listing` if the server returns only a part of the list.
        """

        def request(offset: int) -> Mapping[str, t.Any]:
            answer = self._call(
                "Listing the secrets",
                max_response_size=MAX_PAGE_BYTES,
                send=lambda: self._sdk.list_secrets(
                    offset=offset,
                    limit=PAGE_SIZE,
                    sort="id",
                    secret_types=list(types) or None,
                    groups=list(group_ids) or None,
                    match_all_labels=list(labels) or None,
                ),
            )
            if not isinstance(answer.get("secrets"), list):
                raise self._unexpected_response("Listing the secrets")
            return answer

        return [
            secret
            for secret in (parse_secret(row["row"]) for row in _read_all(request))
            if secret
            and (not types or secret.secret_type in types)
            and secret.labels >= set(labels)
            and (not group_ids or secret.group_id in group_ids)
        ]

    def find_group_ids(self, names: Sequence[str]) -> list[str]:
        """Return the IDs of secret groups, specified by name or ID (`GET /secret_groups`).

        Raises:
            CertificatesError: with a code from `faults`; `not_found` for an unknown group.
        """
        if set(names) <= {DEFAULT_GROUP}:
            return list(names)
        if self._groups is None:
            try:
                groups = self._call("Listing the secret groups", self._sdk.list_secret_groups).get("secret_groups")
            except CertificatesError as error:
                if error.code != "no_permission":
                    raise
                if all(name == DEFAULT_GROUP or GROUP_ID_PATTERN.fullmatch(name) for name in names):
                    return list(names)  # roles for a group alone may not be enough to list all
                why = f"{error.message} Listing secret groups requires the roles for the whole instance. Alternatively, specify the ID of the secret group."
                raise CertificatesError(error.code, why, **error.details) from None
            if not isinstance(groups, list):
                raise self._unexpected_response("Listing the secret groups")
            self._groups = {str(group.get("name")): str(group.get("id")) for group in select_dicts(groups)}
        known = self._groups
        ids = {*known.values(), DEFAULT_GROUP}
        missing = [name for name in names if name not in known and name not in ids]
        if missing:
            raise CertificatesError(
                "not_found",
                f"The secret group {', '.join(missing)} does not exist. Available secret groups: {join_first(sorted({*known, DEFAULT_GROUP}))}.",
            )
        return [known.get(name, name) for name in names]

    def read(self, identifier: str) -> Value:
        """Return a certificate with its private key (`GET /secrets/{id}`).

        Raises:
            CertificatesError: with a code from `faults`.
        """
        return self._read("Reading the secret", lambda: self._sdk.get_secret(identifier), parse_value)

    def read_metadata(self, identifier: str) -> Secret:
        """Return the current metadata of a secret (`GET /secrets/{id}/metadata`).

        Raises:
            CertificatesError: with a code from `faults`.
        """
        call = "Reading the metadata of the secret"
        return self._read(call, lambda: self._sdk.get_secret_metadata(identifier), parse_secret)

    def find_current_version(self, identifier: str) -> str | None:
        """Return the ID of a secret's current version (`GET /secrets/{id}/versions`); `None` if unknown.

        Raises:
            CertificatesError: with a code from `faults`.
        """
        answer = self._call("Listing the versions of the secret", lambda: self._sdk.list_secret_versions(identifier))
        current = (version for version in select_dicts(answer.get("versions")) if version.get("alias") == "current")
        return next((str(version["id"]) for version in current if version.get("id")), None)

    # What is changed

    def create(self, secret: Mapping[str, t.Any], before_sending: Callable[[], None]) -> Value:
        """Create and return an `imported_cert` (`POST /secrets`). Never repeat the call after a lost response.

        Args:
            secret: the properties, with the names of the API.
            before_sending: called right before the request is sent.

        Raises:
            CertificatesError: with a code from `faults`.
        """
        call = "Creating the secret"
        return self._write(call, lambda: self._sdk.create_secret(t.cast(t.Any, secret)), parse_value, before_sending)

    def add_version(self, identifier: str, version: Mapping[str, t.Any], before_sending: Callable[[], None]) -> str:
        """Add a version to a secret (`POST /secrets/{id}/versions`), and return the ID of the version. Never repeat the call after a lost response.

        Args:
            identifier: the ID of the secret.
            version: the properties of the version, with the names of the API.
            before_sending: called right before the request is sent.

        Raises:
            CertificatesError: with a code from `faults`.
        """
        return self._write(
            "Adding the version",
            lambda: self._sdk.create_secret_version(identifier, t.cast(t.Any, version)),
            lambda answer: str(answer.get("id") or ""),
            before_sending,
        )

    def update_metadata(
        self, identifier: str, changes: Mapping[str, t.Any], before_sending: Callable[[], None]
    ) -> Secret:
        """Change and return the metadata of a secret (`PATCH /secrets/{id}/metadata`). Never repeat the call after a lost response.

        Args:
            identifier: the ID of the secret.
            changes: the properties to change, with the names of the API.
            before_sending: called right before the request is sent.

        Raises:
            CertificatesError: with a code from `faults`.
        """
        return self._write(
            "Changing the metadata of the secret",
            lambda: self._sdk.update_secret_metadata(identifier, t.cast(t.Any, changes)),
            parse_secret,
            before_sending,
        )

    # Calls

    def _read(self, call: str, send: Callable[[], t.Any], of: Callable[[Mapping[str, t.Any]], T | None]) -> T:
        answer = of(self._call(call, send))
        if answer is None:
            raise self._unexpected_response(call)
        return answer

    def _write(
        self,
        call: str,
        send: Callable[[], t.Any],
        of: Callable[[Mapping[str, t.Any]], T | None],
        before_sending: Callable[[], None],
    ) -> T:
        answer = of(self._call(call, send, repeatable=False, before_sending=before_sending))
        if not answer:
            why = f"{call}: the response does not describe the written data. The request may have been processed."
            raise CertificatesError("no_answer", why)
        return answer

    def _unexpected_response(self, call: str) -> CertificatesError:
        return CertificatesError(
            "api_error",
            f"{call}: {self.instance.url} returned a response that does not come from Secrets Manager. Check instance_url.",
        )

    def _call(
        self,
        call: str,
        send: Callable[[], t.Any],
        *,
        repeatable: bool = True,
        before_sending: Callable[[], None] | None = None,
        max_response_size: int = MAX_RESPONSE_BYTES,
    ) -> Mapping[str, t.Any]:
        """Return the response to a call, after a login if necessary. If the server rejects the token of a login, log in again and repeat the call once."""

        def call_once(attempt: Attempt) -> t.Any:
            attempt.max_response_size = max_response_size
            try:
                with attempt:
                    result = send().get_result()
                if not isinstance(result, dict):
                    raise TypeError("no object")
            except Exception as error:  # the SDK passes on whatever a broken answer makes its parsers raise
                raise explain(
                    call,
                    self.instance.url,
                    attempt,
                    error,
                    repeatable=repeatable,
                    with_token=bool(self.instance.iam_token),
                ) from None
            return result

        token = self._log_in()
        try:
            answer: Mapping[str, t.Any] = self.call_until_done(
                call_once, repeatable=repeatable, before_sending=before_sending
            )
        except CertificatesError as error:
            if error.code != "authentication_failed" or self.instance.iam_token:
                raise
            self._log_in(instead_of=token)
            answer = self.call_until_done(call_once, repeatable=repeatable, before_sending=before_sending)
        return answer

    def _log_in(self, instead_of: str = "") -> str:
        """Return a valid token. Request a new token if the current token is old or was rejected.

        The token manager of the SDK is not used, because it ignores the timeouts and the proxy of the session.

        Raises:
            CertificatesError: with a code from `faults`.
        """
        with self._logging_in:
            if self._refusal:
                raise self._refusal
            if not self._token or self._token == instead_of or time.monotonic() >= self._renew_at:
                began = time.monotonic()
                try:
                    self._token, seconds = self.call_until_done(self._request_token, repeatable=True)
                except CertificatesError as error:
                    if error.code == "authentication_failed":
                        self._refusal = error
                    raise
                self._hide(self._token)
                self._renew_at = began + RENEWAL_FRACTION * seconds
                self._login.set_bearer_token(self._token)
            return self._token

    def _request_token(self, attempt: Attempt) -> tuple[str, float]:
        url = self.instance.iam_url
        attempt.max_response_size = MAX_RESPONSE_BYTES
        try:
            with attempt:
                answer = self._iam.post(
                    f"{url}/identity/token",
                    data={"grant_type": GRANT_TYPE, "apikey": self.instance.api_key},
                    headers={"Accept": "application/json"},
                    **self._how,
                )
            answer.raise_for_status()
            login = answer.json()
            token, seconds = login["access_token"], float(login.get("expires_in") or 0)
            if not isinstance(token, str) or not token or not token.isascii():
                raise ValueError("no token")
        except Exception as error:  # what is answered may be anything
            raise explain_login(url, attempt, error) from None
        return token, seconds


def _read_all(ask: Callable[[int], Mapping[str, t.Any]]) -> list[Row]:
    """Return all rows of a paginated list, each once.

    Each page begins with the last row of the previous page, so that a deletion during the listing is detected. If the number of rows differs from
    the reported total, which may include invisible secrets, the list is read again until a page is empty.

    Args:
        ask: returns the response at an offset.

    Raises:
        CertificatesError: `incomplete_listing`, as `list_all`, or if the reported total cannot be reached.
    """
    totals: set[int | None] = set()
    has_end = False
    last: Mapping[str, t.Any] = {}

    def read_page(offset: int) -> list[Row]:
        nonlocal has_end, last
        last = ask(offset)
        totals.add(parse_number(last.get("total_count")))
        rows = [
            {"id": _compute_sort_key(row["id"]), "row": row} for row in select_dicts(last["secrets"]) if row.get("id")
        ]
        has_end = has_end or not rows
        return rows

    known: dict[int, Row] = {}
    offset = 0
    has_gap = False
    for _page in range(MAX_PAGES):
        before, rows = len(known), read_page(offset)
        has_gap = has_gap or (bool(known) and all(row["id"] > max(known) for row in rows))
        known |= {row["id"]: row for row in rows}
        offset += max(len(rows) - 1, 1)
        if len(known) == before or not last.get("next"):
            break
    if totals == {len(known)} and not has_gap:
        return list(known.values())
    rows = list_all(lambda offset, _limit: Page(read_page(offset), None), PAGE_SIZE)
    expected = max((total for total in totals if total is not None), default=0)
    is_full = len(last["secrets"]) >= (parse_number(last.get("limit")) or PAGE_SIZE)
    goes_on = last.get("next") or is_full
    is_cut = expected > len(rows) and (not has_end or last.get("next"))
    if is_cut or (not has_end and goes_on and expected < len(rows)):
        raise CertificatesError(
            "incomplete_listing",
            f"Cannot list all secrets: Secrets Manager reports more than {len(rows)} secrets, but returns the same {len(rows)} secrets again. Nothing was "
            "changed. Check instance_url, and any proxy between this host and the instance.",
            expected=max(expected, len(rows) + 1),
            received=len(rows),
        )
    return rows


def _compute_sort_key(identifier: object) -> int:
    """Return the sort key of an ID, in the order of the server."""
    try:
        return uuid.UUID(str(identifier)).int
    except ValueError:
        return int.from_bytes(str(identifier).encode(), "big")
