# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read network settings: timeout, proxy, and trusted CA certificates. Private to softlayer.certificates."""

from __future__ import annotations

import os
import ssl
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from .._base.errors import CertificatesError
from .._base.files import build_read_error, format_path, read_file
from .._base.names import is_loopback

MAX_TIMEOUT = 86400
"""Exclusive maximum of the option `timeout` in seconds."""
ROOTS_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR")
"""Environment variables with paths of root certificates, as in OpenSSL and requests, in order of preference."""
ROOT_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
)
"""Paths of the root certificates in Linux distributions and BSD systems."""


@dataclass(frozen=True)
class Network:
    """Network settings of a module."""

    timeout: float
    proxy: str | None = field(repr=False)
    verify: bool | str
    retries: int


def read_network_settings(params: Mapping[str, t.Any], given: frozenset[str], config: Mapping[str, t.Any]) -> Network:
    """Return the network settings of a module.

    Args:
        params: the options.
        given: the names of the options that the user set.
        config: the configuration file of the SoftLayer SDK; empty for modules that do not call the API.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    timeout = params["timeout"] if "timeout" in given else config.get("timeout") or params["timeout"]
    if not 0 < timeout < MAX_TIMEOUT:
        raise CertificatesError(
            "invalid_argument", f"timeout must be greater than 0 and less than {MAX_TIMEOUT} seconds."
        )
    of_environment = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    proxy = params["proxy"] or ("" if of_environment else config.get("proxy"))
    if proxy and "://" not in proxy:  # a host and a port mean an HTTP proxy
        proxy = f"http://{proxy.lstrip('/')}"
    return Network(
        timeout=timeout,
        proxy=proxy or None,
        verify=_read_verification(params, given, config),
        retries=params["retries"],
    )


def _read_verification(params: Mapping[str, t.Any], given: frozenset[str], config: Mapping[str, t.Any]) -> bool | str:
    """Return the `verify` argument for requests: the path of a CA bundle, or whether to verify at all.

    A path in the configuration file has precedence over environment variables, because it applies only to this API.
    """
    configured: bool | str = config.get("verify", True)
    ca_path = params["ca_path"] or (configured if isinstance(configured, str) else None)
    is_said = params["ca_path"] or "validate_certs" in given
    wanted = params["validate_certs"] if is_said else configured is not False
    if not wanted:
        return False
    if not ca_path:
        return find_default_roots() or True
    expanded = os.path.expanduser(ca_path)
    if not (os.path.isfile(expanded) or os.path.isdir(expanded)) or not os.access(expanded, os.R_OK):
        raise CertificatesError(
            "invalid_argument",
            f"Cannot read the CA file {ca_path}. Check ca_path, or verify in the configuration file.",
        )
    return expanded


def guard_url(option: str, url: str, example: str, parts: str, proxy: str | None) -> None:
    """Reject URLs that would send credentials without encryption, except to loopback addresses.

    Args:
        option: the option with the URL.
        url: the destination of the credentials.
        example: a valid URL, for the message.
        parts: the required parts of the URL, for the message.
        proxy: the URL of the proxy, if any.

    Raises:
        CertificatesError: `invalid_argument` or `insecure_endpoint`.
    """
    proxy_parts, proxy_host = split_url(proxy) if proxy else (None, None)
    if proxy_parts and (not proxy_host or "@" in proxy_parts.path + proxy_parts.query + proxy_parts.fragment):
        raise CertificatesError(
            "invalid_argument",
            "proxy must be a URL such as http://proxy.example.com:3128 or, with a login, http://user:password@proxy.example.com:3128. "
            "Percent-encode all characters of the login except letters and digits.",
        )
    parsed, host = split_url(url)
    if not host or parsed.scheme not in {"http", "https"} or "@" in parsed.netloc or parsed.query or parsed.fragment:
        raise CertificatesError(
            "invalid_argument", f"{option} must be an https URL with {parts}, and without a login, such as {example}."
        )
    if parsed.scheme == "http" and not (is_loopback(host) and (proxy_host is None or is_loopback(proxy_host))):
        raise CertificatesError(
            "insecure_endpoint",
            f"Cannot send credentials to {host} over plain HTTP. Set {option} to an https URL.",
            host=host,
        )


def split_url(url: str) -> tuple[SplitResult, str | None]:
    """Return the parts and the host of a URL; the host is `None` if the URL is invalid."""
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts, parts.hostname if parts.port != 0 else None
    return urlsplit(""), None


def find_default_roots() -> str | None:
    """Return the path of the default root certificates: from the environment, or else of the host, or else of certifi.

    The API, mail servers, and certificate checks use the same root certificates.

    Raises:
        CertificatesError: `invalid_argument` if a path from the environment contains no certificates.
    """
    for variable in ROOTS_VARIABLES:
        path = os.environ.get(variable, "").strip()
        if path:
            why_not = _why_unusable(path)
            if why_not:
                raise CertificatesError(
                    "invalid_argument",
                    f"Cannot use the environment variable {variable}. {why_not} Set the variable to a file with root certificates, "
                    "or unset the variable.",
                    variable=variable,
                )
            return path
    return next((path for path in _list_root_paths() if path and _why_unusable(path) is None), None)


def _list_root_paths() -> Iterator[str]:
    """Yield the possible paths of root certificates, in order of preference."""
    yield from ROOT_BUNDLES
    openssl = ssl.get_default_verify_paths()
    yield from (openssl.openssl_cafile, openssl.openssl_capath)
    with suppress(ImportError):
        import certifi

        yield certifi.where()


def _why_unusable(path: str) -> str | None:
    """Return the reason for rejecting a path without certificates, as a sentence; `None` if the path contains any."""
    try:
        has_some = bool(os.listdir(path)) if os.path.isdir(path) else b"CERTIFICATE-----" in read_file(path)
    except OSError as error:
        return build_read_error("directory", path, error).message
    except CertificatesError as error:
        return error.message
    return None if has_some else f"Cannot find certificates in{format_path(path) or ' the file'}."
