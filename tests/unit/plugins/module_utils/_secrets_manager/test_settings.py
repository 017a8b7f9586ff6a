# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instance is meant, and whose API key is for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.settings import (
    NAME_PATTERN,
    Instance,
    resolve_instance,
    why_metadata_invalid,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.options import build_api_options

URL = "https://one.eu-de.secrets-manager.appdomain.cloud"
PRIVATE = "https://one.private.eu-de.secrets-manager.appdomain.cloud"
KEY = "of-ibm-cloud"


@pytest.fixture(autouse=True)
def _no_login(home: object) -> None:
    """None but what is given."""


def resolved(own: dict[str, Any], **params: Any) -> Instance:
    options = {name: option.get("default") for name, option in build_api_options().options.items()}
    source = {"instance_url": URL, "iam_url": None, "api_key": KEY, **own}
    return resolve_instance({**options, **params}, frozenset(params), source, "api_key")


def refused(own: dict[str, Any], **params: Any) -> CertificatesError:
    with pytest.raises(CertificatesError) as caught:
        resolved(own, **params)
    assert KEY not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("given", "url", "iam_url"),
    [
        ({}, URL, "https://iam.cloud.ibm.com"),
        ({"instance_url": f" {URL}/ "}, URL, "https://iam.cloud.ibm.com"),
        ({"instance_url": f"{URL}/api/v2"}, URL, "https://iam.cloud.ibm.com"),
        ({"instance_url": PRIVATE}, PRIVATE, "https://private.iam.cloud.ibm.com"),
        ({"iam_url": "https://iam.test.cloud.ibm.com/"}, URL, "https://iam.test.cloud.ibm.com"),
        ({"iam_url": "https://iam.cloud.ibm.com/identity/token"}, URL, "https://iam.cloud.ibm.com"),
        ({"instance_url": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080", "https://iam.cloud.ibm.com"),
    ],
)
def test_urls(given: dict[str, str], url: str, iam_url: str) -> None:
    found = resolved(given)
    assert (found.url, found.iam_url, found.api_key) == (url, iam_url, KEY) and KEY not in repr(found)


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        (URL, "one"),
        (PRIVATE, "one"),
        ("https://ONE.eu-de.Secrets-Manager.appdomain.cloud.:443/", "one"),
        ("https://two.eu-de.secrets-manager.appdomain.cloud", "two"),
        ("https://LOCALHOST", "localhost:443"),
        ("https://localhost:443/api/v2", "localhost:443"),
        ("https://localhost:8443/one", "localhost:8443/one"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
    ],
)
def test_an_instance_is_the_same_however_its_url_is_written(url: str, identity: str) -> None:
    assert resolved({"instance_url": url}).identity == identity


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"instance_url": None}, "invalid_argument", "instance_url is missing"),
        ({"instance_url": " "}, "invalid_argument", "instance_url is missing"),
        (
            {"instance_url": "one.example.com"},
            "invalid_argument",
            "instance_url must be an https URL with a host, and without a login, such as",
        ),
        ({"instance_url": "https://user:word@example.com"}, "invalid_argument", "and without a login"),
        ({"instance_url": "http://example.com"}, "insecure_endpoint", "Set instance_url to an https URL"),
        ({"iam_url": "http://example.com"}, "insecure_endpoint", "Set iam_url to an https URL"),
        ({"api_key": "“key”"}, "invalid_argument", "api_key contains an invalid character"),
    ],
)
def test_what_is_refused(given: dict[str, Any], code: str, said: str) -> None:
    error = refused(given)
    assert error.code == code and said in error.message


def test_a_key_of_softlayer_alone_is_none() -> None:
    assert (
        "the API key of the user SL1 is valid for the SoftLayer API only"
        in refused({"api_key": ""}, username="SL1", api_key="other").message
    )
    missing = refused({"api_key": None})
    assert (
        missing.code == "missing_credentials"
        and "Set api_key or the environment variable IBMCLOUD_API_KEY" in missing.message
    )


TOKEN = "eyJraWQiOiIxIn0.e30.c2ln"
BY_KEY = {"SL_USERNAME": "apikey", "SL_API_KEY": "both"}
CLASSIC = {"SL_USERNAME": "SL1", "SL_API_KEY": "other"}
BY_TOKEN = {"IBMCLOUD_IAM_TOKEN": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("own", "options", "environment", "login"),
    [
        (None, {"username": "apikey", "api_key": "both"}, {"IBMCLOUD_API_KEY": "unused"}, ("both", "")),
        ("own", {"username": "SL1", "api_key": "other"}, {}, ("own", "")),
        (None, {"username": "SL1", "api_key": "other"}, {"IBMCLOUD_API_KEY": " stripped "}, ("stripped", "")),
        (None, {"iam_token": TOKEN}, {}, ("", TOKEN)),
        (None, {"iam_token": TOKEN}, {**BY_KEY, "IBMCLOUD_API_KEY": "of-the-environment"}, ("", TOKEN)),
        ("own", {"iam_token": TOKEN}, BY_TOKEN, ("own", "")),
        (None, {"username": "apikey", "api_key": "both"}, BY_TOKEN, ("both", "")),
        (None, {"username": "SL1", "api_key": "other"}, BY_TOKEN, ("", TOKEN)),
        (None, {}, BY_TOKEN, ("", TOKEN)),
        (None, {}, {**BY_KEY, **BY_TOKEN}, ("both", "")),
        (None, {}, {**CLASSIC, **BY_TOKEN}, ("", TOKEN)),
        (None, {}, {"IBMCLOUD_API_KEY": "of-the-environment", **BY_TOKEN}, ("of-the-environment", "")),
    ],
)
def test_a_token_or_a_key(
    monkeypatch: pytest.MonkeyPatch,
    own: str | None,
    options: dict[str, str],
    environment: dict[str, str],
    login: tuple[str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    given = {name: value for name, value in {"username": environment.get("SL_USERNAME"), **options}.items() if value}
    found = resolved({"api_key": own}, **given)
    assert (found.api_key, found.iam_token) == login
    assert TOKEN not in repr(found)


def test_a_token_is_suggested_and_checked() -> None:
    assert "iam_token or the environment variable IBMCLOUD_IAM_TOKEN" in refused({"api_key": None}).message
    error = refused({"api_key": None}, iam_token=f'"{TOKEN}"')
    assert error.code == "invalid_argument" and TOKEN not in error.message


def test_reached_as_the_api_is() -> None:
    found = resolved({}, timeout=7.0, retries=2, proxy="proxy.example.com:3128", validate_certs=False).network
    assert (found.timeout, found.retries, found.proxy, found.verify) == (7.0, 2, "http://proxy.example.com:3128", False)
    assert refused({"instance_url": "http://127.0.0.1"}, proxy="http://proxy.example.com").code == "insecure_endpoint"


@pytest.mark.parametrize(
    ("labels", "description", "why"),
    [
        (None, None, None),
        (["xx", "x" * 64] * 15, "d" * 1024, None),
        ([f"label{number}" for number in range(31)], None, "more than 30"),
        (["x"], None, "2 to 64"),
        (["x" * 65], None, "2 to 64"),
        ([], "d" * 1025, "more than 1024"),
    ],
)
def test_limits_of_metadata(labels: list[str] | None, description: str | None, why: str | None) -> None:
    told = why_metadata_invalid(labels, description)
    assert told is None if why is None else told is not None and why in told


def test_names() -> None:
    for name in ("www.example.com", "_a", "9-9", "a" * 256):
        assert NAME_PATTERN.fullmatch(name)
    for name in ("a", "a" * 257, "-a", "a-", "a_", "a b", "ä1", "*.example.com", "", "ab\n"):
        assert not NAME_PATTERN.fullmatch(name), name
