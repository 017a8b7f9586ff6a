# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint and the credentials of the API, from options, environment, and configuration file. Private to softlayer.certificates."""

from __future__ import annotations

import configparser
import os
import re
import typing as t
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit
from urllib.request import getproxies

from .._base.errors import CertificatesError
from .._base.secrets import find_secrets
from .._http.network import Network, guard_url, read_network_settings
from .options import TRANSPORTS

with suppress(ImportError):
    from SoftLayer import API_PUBLIC_ENDPOINT
    from SoftLayer.config import get_client_settings_config_file


IBM_CLOUD_USER = "apikey"
IBM_CLOUD_KEY, CLASSIC_KEY = re.compile(r"[A-Za-z0-9_-]{44}"), re.compile(r"[0-9a-fA-F]{64}")
"""The formats of the two kinds of API keys."""
KEY_VARIABLE, TOKEN_VARIABLE = "SL_API_KEY", "IBMCLOUD_IAM_TOKEN"
TOKEN_PREFIX = re.compile(r"\Abearer(\s+|\Z)", re.IGNORECASE)
"""The word before a token in an HTTP header, which the IBM Cloud CLI also prints."""
TOKEN_PATTERN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""The format of a bearer token (RFC 6750, 2.1)."""


@dataclass(frozen=True)
class Settings(Network):
    """The endpoint and the credentials of the API: a user name with an API key, or an IAM token."""

    username: str
    api_key: str = field(repr=False)
    endpoint_url: str
    iam_token: str = field(default="", repr=False)

    @property
    def is_rest(self) -> bool:
        """Whether the protocol of the endpoint is REST; otherwise XML-RPC."""
        return "rest" in urlsplit(self.endpoint_url).path.split("/")

    @property
    def why_denied(self) -> str | None:
        """The problem of rejected credentials that their format shows, as a sentence, or `None`."""
        if IBM_CLOUD_KEY.fullmatch(self.iam_token):
            return "The value of iam_token looks like an IBM Cloud API key. Set api_key to an API key."
        if self.iam_token and not self.is_rest:
            return "Over XML-RPC, the API may reject every token. Set transport: rest."
        is_of_ibm_cloud = self.username == IBM_CLOUD_USER
        if IBM_CLOUD_KEY.fullmatch(self.api_key) and not is_of_ibm_cloud:
            return f"The API key looks like an IBM Cloud API key. Set the user name to {IBM_CLOUD_USER}."
        if CLASSIC_KEY.fullmatch(self.api_key) and is_of_ibm_cloud:
            return (
                f"The user name {IBM_CLOUD_USER} requires an IBM Cloud API key, but the API key looks like a classic infrastructure API "
                "key. Specify the user name that the portal shows next to the key."
            )
        return None

    @property
    def secrets(self) -> set[str]:
        """The secrets to hide: the API key or the token, and passwords in URLs, including proxies from the environment."""
        return {self.api_key, self.iam_token, *find_secrets([self.endpoint_url, self.proxy, *getproxies().values()])}


def resolve_settings(params: Mapping[str, t.Any], given: frozenset[str]) -> Settings:
    """Return the settings. The precedence is option, environment, configuration file, default.

    Args:
        params: the options of the module, including environment values and defaults.
        given: names of the options that the user set.

    Raises:
        CertificatesError: `missing_credentials`, `invalid_config_file`, `insecure_endpoint`, `invalid_argument`.
    """
    config = _read_config_file(params["config_file"])
    username, api_key, iam_token = _resolve_login(params, given, config)
    settings = Settings(
        **vars(read_network_settings(params, given, config)),
        username=username,
        api_key=api_key,
        iam_token=iam_token,
        endpoint_url=(params["endpoint_url"] or config.get("endpoint_url") or API_PUBLIC_ENDPOINT).strip().rstrip("/"),
    )
    guard_url("endpoint_url", settings.endpoint_url, API_PUBLIC_ENDPOINT, "a host and a path", settings.proxy)
    if params["transport"]:
        return replace(settings, endpoint_url=replace_transport(settings.endpoint_url, params["transport"]))
    return settings


def _resolve_login(
    params: Mapping[str, t.Any], given: frozenset[str], config: Mapping[str, t.Any]
) -> tuple[str, str, str]:
    """Return the user name, the API key, and the IAM token: either the first two or the last.

    In the environment, a user name with a key takes precedence over a token.

    Raises:
        CertificatesError: `missing_credentials`, `invalid_argument`.
    """
    username = (params["username"] or config.get("username") or "").strip()
    api_key, token = ((params[name] or "").strip() for name in ("api_key", "iam_token"))
    if not (api_key or token):
        if "iam_token" in given:  # a token that could not be had must not make the run use another account
            parse_token(token)
        api_key, token = (os.environ.get(name, "").strip() for name in (KEY_VARIABLE, TOKEN_VARIABLE))
        if username and api_key:
            token = ""
    if token:
        return "", "", parse_token(token)
    api_key = api_key or (config.get("api_key") or "").strip()
    missing = [name for name, value in (("username", username), ("api_key", api_key)) if not value]
    if missing:
        raise CertificatesError(
            "missing_credentials",
            f"Missing SoftLayer {' and '.join(missing)}. Set the environment variables SL_USERNAME and SL_API_KEY, the options username "
            "and api_key, or both in the section [softlayer] of ~/.softlayer. With an IBM Cloud API key, the user name is "
            f"{IBM_CLOUD_USER}. Alternatively, set {TOKEN_VARIABLE} or iam_token to an IAM access token.",
            missing=missing,
        )
    for name, value in (("username", username), ("api_key", api_key)):
        check_ascii(name, value)
    return username, api_key, ""


def parse_token(value: str) -> str:
    """Return an IAM token without the word `Bearer` before the token.

    Raises:
        CertificatesError: `invalid_argument`, if the value contains characters that are not part of a token.
    """
    token = TOKEN_PREFIX.sub("", value.strip())
    if not token:
        raise CertificatesError(
            "invalid_argument",
            "iam_token is empty. Specify an IAM access token, or remove iam_token to use an API key.",
        )
    if not TOKEN_PATTERN.fullmatch(token):
        why = "iam_token contains a space or another character that is not part of an IAM token. Copy only the token again, without quotation marks."
        raise CertificatesError("invalid_argument", why)
    return token


def check_ascii(name: str, value: str) -> None:
    """Reject a user name or a key with invalid characters.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    if not value.isascii():
        why = f"{name} contains an invalid character, such as a typographic quotation mark. Copy the value again."
        raise CertificatesError("invalid_argument", why)


def resolve_network(params: Mapping[str, t.Any], given: frozenset[str]) -> Network:
    """Return the network settings for servers other than the SoftLayer API, which are the same.

    Args:
        params: see `resolve_settings`.
        given: see `resolve_settings`.

    Raises:
        CertificatesError: `invalid_config_file`, `invalid_argument`.
    """
    return read_network_settings(params, given, _read_config_file(params["config_file"]))


def replace_transport(endpoint_url: str, transport: str) -> str:
    """Return an endpoint URL with the part `xmlrpc` or `rest` of its path replaced by a transport.

    Args:
        endpoint_url: a URL that `guard_url` accepted.
        transport: one of `TRANSPORTS`.

    Raises:
        CertificatesError: `invalid_argument`, if the path does not have exactly one such part.
    """
    url = urlsplit(endpoint_url)
    parts = url.path.split("/")
    if sum(part in TRANSPORTS for part in parts) != 1:
        raise CertificatesError(
            "invalid_argument",
            f"With transport: {transport}, the path of endpoint_url must contain exactly one part xmlrpc or rest, as in "
            f"{API_PUBLIC_ENDPOINT}, but endpoint_url is {endpoint_url}. Change endpoint_url, or do not set transport.",
        )
    return url._replace(path="/".join(transport if part in TRANSPORTS else part for part in parts)).geturl()


def _read_config_file(path: str | None) -> dict[str, t.Any]:
    """Return the `[softlayer]` section, from the same files as the SDK: `/etc/softlayer.conf`, `~/.softlayer`, `path`."""
    if path and not (os.path.isfile(path) and os.access(path, os.R_OK)):
        raise CertificatesError("invalid_config_file", f"Cannot read the configuration file {path}. Check config_file.")
    trusted = os.environ.get("SSL_CERT_FILE")
    try:
        return get_client_settings_config_file(config_file=path) or {}
    except (configparser.Error, ValueError):  # the text of these exceptions may quote the line with the key
        raise CertificatesError(
            "invalid_config_file",
            f"The configuration file {path or '~/.softlayer'} is not an INI file with a section [softlayer]. Create the file again with "
            "`slcli config setup`, or set the options username and api_key.",
        ) from None
    finally:  # the SDK sets it from the file's `verify`, for everything that runs in this process from then on
        os.environ.pop("SSL_CERT_FILE", None)
        if trusted is not None:
            os.environ["SSL_CERT_FILE"] = trusted
