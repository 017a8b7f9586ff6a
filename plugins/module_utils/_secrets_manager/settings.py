# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options for an instance of IBM Cloud Secrets Manager and its secrets, and the login. Private to softlayer.certificates."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .._base.errors import CertificatesError
from .._base.options import Argument, ArgumentSpec, read_environment
from .._http.network import Network, guard_url
from .._softlayer.settings import (
    IBM_CLOUD_USER,
    TOKEN_VARIABLE,
    check_ascii,
    parse_token,
    resolve_network,
    resolve_settings,
)
from .._store.options import build_certificates_options
from .._x509.options import build_certificate_options

DOMAIN = ".secrets-manager.appdomain.cloud"
"""Domain of instances; the first label of a host name is the ID of the instance."""
DEFAULT_PORTS = {"http": 80, "https": 443}
EXAMPLE_URL = "https://INSTANCE-ID.REGION.secrets-manager.appdomain.cloud"
IAM_URL = "https://iam.cloud.ibm.com"
PRIVATE_IAM_URL = "https://private.iam.cloud.ibm.com"
"""IAM URL for access over IBM Cloud's private network."""
KEY_VARIABLE = "IBMCLOUD_API_KEY"
"""Environment variable for the API key, also used by the tools of IBM."""
SECRET_TYPES = ("public_cert", "imported_cert", "private_cert")
"""The secret types of certificates in IBM Cloud Secrets Manager."""
MAX_LABELS = 30
LABEL_LENGTHS = range(2, 65)
MAX_DESCRIPTION_LENGTH = 1024
NAME_PATTERN = re.compile(r"(?=.{2,256}\Z)[A-Za-z0-9_][A-Za-z0-9_.-]*[A-Za-z0-9]")
"""Secret names that IBM's API reference allows. Other names are not rejected, because the service may allow more."""
NAME_RULE = (
    "According to IBM's API reference, the name of a secret must have 2 to 256 characters: letters from A to Z, digits, and the characters _ - . between "
    "letters and digits. The first character may also be _. Change name."
)


def build_instance_options() -> ArgumentSpec:
    """Return the options for an instance of IBM Cloud Secrets Manager."""
    return ArgumentSpec(
        options={
            "instance_url": {"type": "str", "fallback": (read_environment, ["SOFTLAYER_CERTIFICATES_INSTANCE_URL"])},
            "iam_url": {"type": "str", "fallback": (read_environment, ["SOFTLAYER_CERTIFICATES_IAM_URL"])},
        }
    )


def build_secrets_source_options() -> ArgumentSpec:
    """Return the options of a Secrets Manager source in a rotation."""
    return build_instance_options() + ArgumentSpec(
        options={
            "api_key": {"type": "str", "no_log": True},
            "names": {"type": "list", "elements": "str", "limits": True},
            "labels": {"type": "list", "elements": "str", "limits": True},
            "secret_groups": {"type": "list", "elements": "str", "no_log": False, "limits": True},
            "types": {"type": "list", "elements": "str", "choices": list(SECRET_TYPES), "limits": True},
        },
    )


def build_secret_certificate_options() -> ArgumentSpec:
    """Return the options of `secrets_manager_certificate`: one certificate at top level, or several in `certificates`."""
    material = [
        *(f"{part}_{form}" for part in ("certificate", "privatekey", "intermediate") for form in ("path", "content")),
        *("privatekey_passphrase", "pkcs12_path", "pkcs12_passphrase"),
    ]
    of_file = build_certificate_options()
    shared = of_file.select(*material, "allow_expired", "verify_chain", "trust", "trusted_ca_path")
    options: dict[str, Argument] = {
        "state": {"type": "str", "choices": ["present"], "default": "present"},
        "name": {"type": "str"},
        **shared.options,
        "certificate_id": {"type": "int"},
        "secret_group": {"type": "str", "default": "default", "no_log": False},
        "labels": {"type": "list", "elements": "str"},
        "description": {"type": "str"},
        "force": {"type": "bool", "default": False},
    }
    exclusive = [
        *(names for names in of_file.mutually_exclusive if {*names} <= options.keys()),
        *(("certificate_id", name) for name in material),
    ]
    single = ArgumentSpec(options, exclusive)
    return single + build_certificates_options(single) + ArgumentSpec(required_one_of=[("certificates", "name")])


@dataclass(frozen=True)
class Instance:
    """The URLs, login, and network settings of an instance. The login is an API key, or an IAM token that replaces the login at IAM."""

    url: str
    iam_url: str
    api_key: str = field(repr=False)
    network: Network
    iam_token: str = field(default="", repr=False)

    @property
    def identity(self) -> str:
        """Unique identity: the ID in the public or private host name, or else the normalized URL."""
        parts = urlsplit(self.url)
        host = (parts.hostname or "").rstrip(".")
        if host.endswith(DOMAIN):
            return host.partition(".")[0]
        return f"{host}:{parts.port or DEFAULT_PORTS[parts.scheme.lower()]}{parts.path}"


def resolve_instance(
    params: Mapping[str, t.Any], given: frozenset[str], own: Mapping[str, t.Any], key_option: str
) -> Instance:
    """Return the instance that the options specify.

    Args:
        params: the module's options.
        given: names of the options that the user set.
        own: the values of `instance_url`, `iam_url`, and `key_option`, or `None`.
        key_option: name of the option with the API key.

    Raises:
        CertificatesError: `missing_credentials`, `invalid_config_file`, `insecure_endpoint`, `invalid_argument`.
    """
    url = (own["instance_url"] or "").strip().rstrip("/").removesuffix("/api").removesuffix("/api/v2")
    if not url:
        raise CertificatesError(
            "invalid_argument",
            f"instance_url is missing. Set instance_url to the endpoint of the instance from the page Endpoints of Secrets Manager, such as {EXAMPLE_URL}.",
        )
    network = resolve_network(params, given)
    guard_url("instance_url", url, EXAMPLE_URL, "a host", network.proxy)
    is_private = ".private." in (urlsplit(url).hostname or "")
    iam_url = (own["iam_url"] or (PRIVATE_IAM_URL if is_private else IAM_URL)).strip().rstrip("/")
    iam_url = iam_url.removesuffix("/identity/token")
    guard_url("iam_url", iam_url, IAM_URL, "a host", network.proxy)
    api_key, token = _resolve_login(params, given, (own.get(key_option) or "").strip(), key_option)
    return Instance(url, iam_url, api_key, network, token)


def _resolve_login(
    params: Mapping[str, t.Any], given: frozenset[str], api_key: str, key_option: str
) -> tuple[str, str]:
    """Return an IBM Cloud API key and an empty text, or an empty text and an IAM token.

    The precedence is `key_option`, `iam_token`, the SoftLayer API key if the user name is `apikey`, the key of the environment, its token.

    Args:
        params: see `resolve_instance`.
        given: see `resolve_instance`.
        api_key: value of `key_option`.
        key_option: see `resolve_instance`.

    Raises:
        CertificatesError: as `resolve_settings`.
    """
    remedy = (
        f"Set {key_option} or the environment variable {KEY_VARIABLE}, or set username to {IBM_CLOUD_USER} and api_key to an IBM Cloud API key, "
        f"or set iam_token or the environment variable {TOKEN_VARIABLE} to an IAM access token."
    )
    of_environment, token = (os.environ.get(name, "").strip() for name in (KEY_VARIABLE, TOKEN_VARIABLE))
    if not api_key and (params["iam_token"] or "").strip():
        return "", parse_token(params["iam_token"])
    username = ""
    if not api_key:
        try:
            settings = resolve_settings(params, given)
        except CertificatesError as error:
            if error.code != "missing_credentials":
                raise
            of_api = ""
        else:
            username, of_api = settings.username, settings.api_key
        api_key = of_api if username == IBM_CLOUD_USER else of_environment
    if not api_key and token:
        return "", parse_token(token)
    if not api_key:
        what = f", but the API key of the user {username} is valid for the SoftLayer API only" if username else ""
        raise CertificatesError(
            "missing_credentials",
            f"Secrets Manager requires an IBM Cloud API key{what}. {remedy}",
            missing=[key_option],
        )
    check_ascii(key_option, api_key)
    return api_key, ""


def why_metadata_invalid(labels: Sequence[str] | None, description: str | None) -> str | None:
    """Return why Secrets Manager would reject labels or a description, or `None`."""
    if len(labels or ()) > MAX_LABELS:
        return f"labels must not contain more than {MAX_LABELS} items."
    if any(len(label) not in LABEL_LENGTHS for label in labels or ()):
        return f"Each item of labels must have {LABEL_LENGTHS[0]} to {LABEL_LENGTHS[-1]} characters."
    if len(description or "") > MAX_DESCRIPTION_LENGTH:
        return f"description must not have more than {MAX_DESCRIPTION_LENGTH} characters."
    return None
