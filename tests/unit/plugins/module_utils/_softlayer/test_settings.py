# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the endpoint and the credentials come from, what is refused, and the same endpoint at the path of another transport."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._http import network
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import connect
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.options import build_api_options
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.settings import (
    Settings,
    replace_transport,
    resolve_settings,
)

from tests.support.failing import fails
from tests.support.wire import KEY, SETTINGS


def module_with(monkeypatch: pytest.MonkeyPatch, **options: Any) -> Module:
    """A module that was given these options, made as Ansible makes it."""
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments)
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    return Module(build_api_options())


def settings_with(monkeypatch: pytest.MonkeyPatch, **options: Any) -> Settings:
    """What these options resolve to."""
    module = module_with(monkeypatch, **options)
    return resolve_settings(module.params, module.given)


LOGIN = {"username": "SL1", "api_key": KEY}


@pytest.mark.parametrize(
    ("name", "default", "in_file", "environment", "option"),
    [
        ("username", None, "file-user", {"SL_USERNAME": "environment-user"}, "option-user"),
        ("api_key", None, "f" * 64, {"SL_API_KEY": "e" * 64}, "a" * 64),
        (
            *("endpoint_url", "https://api.softlayer.com/xmlrpc/v3.1", "https://file.example/rest/v3.1"),
            *({"SL_ENDPOINT_URL": "https://environment.example/rest/v3.1"}, "https://option.example/rest/v3.1"),
        ),
        ("timeout", 60, 11, {}, 22),
        ("timeout", 60, 11, {}, 60),
        ("proxy", None, "http://file.example:1", {"https_proxy": "http://environment.example:2"}, "http://o.example:3"),
        ("proxy", None, "http://file.example:1", {"HTTPS_PROXY": "http://environment.example:2"}, "http://o.example:3"),
    ],
)
def test_precedence(
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    name: str,
    default: object,
    in_file: object,
    environment: dict[str, str],
    option: object,
) -> None:
    others = {key: value for key, value in LOGIN.items() if key != name}
    if default is not None:
        assert getattr(settings_with(monkeypatch, **others), name) == default
    (home / ".softlayer").write_text(f"[softlayer]\n{name} = {in_file}\n", encoding="utf-8")
    assert getattr(settings_with(monkeypatch, **others), name) == in_file
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
        # The proxy of the environment is left to requests, which heeds no_proxy.
        expected = None if name == "proxy" else value
        assert getattr(settings_with(monkeypatch, **others), name) == expected
    assert getattr(settings_with(monkeypatch, **{**others, name: option}), name) == option


def test_the_named_config_file_goes_before_the_one_at_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / ".softlayer").write_text("[softlayer]\nusername = home\napi_key = h\ntimeout = 5\n", encoding="utf-8")
    (home / "named").write_text("[softlayer]\nusername = named\n", encoding="utf-8")
    settings = settings_with(monkeypatch, config_file="~/named")
    assert (settings.username, settings.api_key, settings.timeout) == ("named", "h", 5)


@pytest.mark.parametrize(
    ("in_file", "options", "verify"),
    [
        (None, {}, "ROOTS"),
        (None, {"validate_certs": False}, False),
        (None, {"ca_path": "CA"}, "CA"),
        (None, {"ca_path": "CA", "validate_certs": False}, False),
        ("True", {}, "ROOTS"),
        ("False", {}, False),
        ("false", {"validate_certs": True}, "ROOTS"),
        ("CA", {}, "CA"),
        ("CA", {"validate_certs": False}, False),
        ("CA", {"ca_path": "OTHER"}, "OTHER"),
    ],
)
def test_what_certificates_are_verified_by(
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    tmp_path: Path,
    in_file: str | None,
    options: dict[str, Any],
    verify: bool | str,
) -> None:
    paths = {name: str(tmp_path / name) for name in ("CA", "OTHER", "ROOTS")}
    for path in paths.values():
        Path(path).write_text("-----BEGIN CERTIFICATE-----\n", encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", paths["ROOTS"])
    if in_file is not None:
        text = f"[softlayer]\nverify = {paths.get(in_file, in_file)}\n"
        (home / ".softlayer").write_text(text, encoding="utf-8")
    given = {name: paths.get(str(value), value) for name, value in options.items()}
    assert settings_with(monkeypatch, **LOGIN, **given).verify == paths.get(str(verify), verify)


def test_the_machines_roots_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, the library uses its own."""
    for roots, verify in (("/some/roots.pem", "/some/roots.pem"), (None, True)):
        monkeypatch.setattr(network, "find_default_roots", lambda roots=roots: roots)
        assert settings_with(monkeypatch, **LOGIN).verify == verify


def test_the_environments_ca_path_is_verified_by(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Whatever the config file says, as with the option."""
    (home / "ca.pem").touch()
    monkeypatch.setenv("SOFTLAYER_CERTIFICATES_CA_PATH", "~/ca.pem")
    for verify in ("False", "True", "/no/such/ca.pem"):
        (home / ".softlayer").write_text(f"[softlayer]\nverify = {verify}\n", encoding="utf-8")
        assert settings_with(monkeypatch, **LOGIN).verify == str(home / "ca.pem")
    assert settings_with(monkeypatch, **LOGIN, validate_certs=False).verify is False


@pytest.mark.parametrize("where", ["option", "file"])
def test_a_ca_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch, home: Path, where: str) -> None:
    if where == "file":
        (home / ".softlayer").write_text("[softlayer]\nverify = /no/such/ca.pem\n", encoding="utf-8")
    with fails("invalid_argument", "/no/such/ca.pem"):
        settings_with(monkeypatch, **LOGIN, **({"ca_path": "/no/such/ca.pem"} if where == "option" else {}))


@pytest.mark.parametrize(
    "text",
    [
        "username = SL1\napi_key = sesame-open\n",
        "[softlayer]\nusername = SL1\napi_key sesame-open\n",
        "[softlayer]\napi_key = sesame-open\napi_key = sesame-open\n",
        "[softlayer]\napi_key = sesame-open\ntimeout = sesame-open\n",
        b"\xff\xfe[softlayer]\napi_key = sesame-open\n",
    ],
    ids=["no section", "no equals sign", "twice", "timeout", "no text"],
)
@pytest.mark.parametrize("named", [False, True])
def test_a_broken_config_file_is_named_but_not_quoted(
    monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path, text: str | bytes, named: bool
) -> None:
    path = tmp_path / "mine" if named else home / ".softlayer"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with fails("invalid_config_file") as caught:
        settings_with(monkeypatch, **({"config_file": str(path)} if named else {}))
    assert "sesame" not in json.dumps(caught.value.build_failure())
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    if named:
        assert str(path) in caught.value.message


def test_a_config_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with fails("invalid_config_file", "/no/such/file"):
        settings_with(monkeypatch, **LOGIN, config_file="/no/such/file")


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, ["username", "api_key"]),
        ({"username": "SL1"}, ["api_key"]),
        ({"api_key": KEY}, ["username"]),
        ({"username": "  ", "api_key": KEY}, ["username"]),
        ({"username": "SL1", "api_key": " "}, ["api_key"]),
    ],
)
def test_missing_credentials(monkeypatch: pytest.MonkeyPatch, options: dict[str, str], missing: list[str]) -> None:
    with fails("missing_credentials") as caught:
        settings_with(monkeypatch, **options)
    assert caught.value.details == {"missing": missing}
    for name in ("SL_USERNAME", "SL_API_KEY", "~/.softlayer", "IBMCLOUD_IAM_TOKEN", "iam_token", *missing):
        assert name in caught.value.message


TOKEN = "eyJraWQiOiIxIn0.eyJpYW1faWQiOiJpYW0tUHJvZmlsZS0xIn0.c2lnbmF0dXJl-_"
USER = {"SL_USERNAME": "SL1"}
BY_KEY = {**USER, "SL_API_KEY": KEY}
BY_TOKEN = {"IBMCLOUD_IAM_TOKEN": TOKEN}


@pytest.mark.parametrize(
    ("options", "environment", "in_file", "with_token"),
    [
        ({"iam_token": TOKEN}, {}, False, True),
        ({"iam_token": TOKEN}, BY_KEY, True, True),
        ({"iam_token": TOKEN, "username": "SL1"}, BY_KEY, True, True),
        (LOGIN, BY_TOKEN, True, False),
        ({"api_key": KEY}, {**USER, **BY_TOKEN}, False, False),
        ({}, BY_TOKEN, False, True),
        ({}, BY_TOKEN, True, True),
        ({}, {**BY_KEY, **BY_TOKEN}, False, False),
        ({"username": "SL1"}, {"SL_API_KEY": KEY, **BY_TOKEN}, False, False),
        ({}, {"SL_API_KEY": KEY, **BY_TOKEN}, False, True),
        ({}, {**USER, **BY_TOKEN}, True, True),
        ({}, {**USER, "SL_API_KEY": " ", **BY_TOKEN}, False, True),
        ({}, {**BY_KEY, "IBMCLOUD_IAM_TOKEN": " "}, False, False),
        ({"api_key": ""}, BY_TOKEN, False, True),
        ({}, {}, True, False),
    ],
)
def test_a_token_or_a_key(
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    options: dict[str, str],
    environment: dict[str, str],
    in_file: bool,
    with_token: bool,
) -> None:
    """An option goes before the environment, and this before the file; in the environment, a user name with its key goes before a token."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if in_file:
        (home / ".softlayer").write_text(f"[softlayer]\nusername = SL1\napi_key = {KEY}\n", encoding="utf-8")
    settings = settings_with(monkeypatch, **options)
    expected = ("", "", TOKEN) if with_token else ("SL1", KEY, "")
    assert (settings.username, settings.api_key, settings.iam_token) == expected


@pytest.mark.parametrize("given", ["", " ", "Bearer "])
def test_a_token_that_could_not_be_had(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """No other login takes its place, which may be that of another account."""
    for name, value in BY_KEY.items():
        monkeypatch.setenv(name, value)
    with fails("invalid_argument", "iam_token is empty"):
        settings_with(monkeypatch, iam_token=given)


def test_a_token_and_a_key_as_options_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        module_with(monkeypatch, **LOGIN, iam_token=TOKEN)
    said = capsys.readouterr().out
    assert "parameters are mutually exclusive: api_key|iam_token" in said
    assert TOKEN not in said and KEY not in said


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer  {TOKEN}\n", f" {TOKEN} "])
def test_the_word_before_a_token_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """The CLI of IBM Cloud prints it."""
    module = module_with(monkeypatch, iam_token=given)
    assert connect(module).settings.iam_token == TOKEN
    assert TOKEN in module._secrets


@pytest.mark.parametrize(
    "given",
    [
        f"\u201c{TOKEN}\u201d",
        f'"{TOKEN}"',
        f"{TOKEN}\n{TOKEN}",
        f"IAM token:  Bearer {TOKEN}",
        "Bearer ",
        "aBearer b",
        "{}",
    ],
)
@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_token_that_is_none_is_not_shown(monkeypatch: pytest.MonkeyPatch, given: str, how: str) -> None:
    if how == "environment":
        monkeypatch.setenv("IBMCLOUD_IAM_TOKEN", given)
    with fails("invalid_argument", "iam_token") as caught:
        settings_with(monkeypatch, **({"iam_token": given} if how == "option" else {}))
    assert TOKEN not in caught.value.message


@pytest.mark.parametrize("name", ["username", "api_key"])
def test_credentials_that_no_header_can_hold(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Such as a key with the quotation marks of the page from which it was copied; it is not shown."""
    with fails("invalid_argument") as caught:
        settings_with(monkeypatch, **{"username": "u", "api_key": "k", name: "\u201cs3cr3t\u201d"})
    assert caught.value.message.startswith(f"{name} contains an invalid character")
    assert "s3cr3t" not in caught.value.message


@pytest.mark.parametrize(
    "options",
    [
        *({"timeout": 0}, {"timeout": -1}, {"timeout": "nan"}, {"timeout": "inf"}, {"endpoint_url": "api.example.com"}),
        *({"endpoint_url": "ftp://api.example.com/"}, {"endpoint_url": "https://"}),
        *({"endpoint_url": "https:///xmlrpc/v3.1"}, {"endpoint_url": "https://user:sesame@api.example.com/"}),
        {"endpoint_url": "https://:sesame@api.example.com/"},
        {"endpoint_url": "https://api.example.com/rest/v3.1?key=sesame"},
        *({"endpoint_url": "https://api.example.com/rest/v3.1#sesame"}, {"endpoint_url": "https://[::1/rest"}),
        {"endpoint_url": "https://api.example.com:port/rest"},
        {"endpoint_url": "https://api.example.com:99999/rest"},
    ],
    ids=str,
)
def test_impossible_settings(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    with fails("invalid_argument", next(iter(options))) as caught:
        settings_with(monkeypatch, **LOGIN, **options)
    assert "sesame" not in caught.value.message


@pytest.mark.parametrize(
    ("endpoint_url", "proxy", "allowed"),
    [
        ("https://api.example.com/rest/v3.1", None, True),
        ("http://127.0.0.1:8080/rest/v3.1", None, True),
        ("http://[::1]:8080/rest/v3.1", None, True),
        ("http://localhost/rest/v3.1", None, True),
        ("http://LOCALHOST./rest/v3.1", None, True),
        ("http://api.example.com/rest/v3.1", None, False),
        ("http://0.0.0.0/rest/v3.1", None, False),
        ("http://localhost.example.com/rest/v3.1", None, False),
        ("http://api.example.com/rest/v3.1", "http://127.0.0.1:3128", False),
        ("http://127.0.0.1/rest/v3.1", "http://127.0.0.1:3128", True),
        ("http://127.0.0.1/rest/v3.1", "http://proxy.example.com:3128", False),
        ("http://127.0.0.1/rest/v3.1", "proxy.example.com:3128", False),
        ("http://127.0.0.1/rest/v3.1", "https://proxy.example.com:3128", False),
    ],
)
@pytest.mark.parametrize("by", ["key", "token"])
def test_no_credentials_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, endpoint_url: str, proxy: str | None, allowed: bool, by: str
) -> None:
    login = LOGIN if by == "key" else {"iam_token": TOKEN}
    if allowed:
        assert settings_with(monkeypatch, **login, endpoint_url=endpoint_url, proxy=proxy).proxy == proxy
        return
    with pytest.raises(CertificatesError) as caught:
        settings_with(monkeypatch, **login, endpoint_url=endpoint_url, proxy=proxy)
    assert caught.value.code in {"insecure_endpoint", "invalid_argument"}
    assert "https" in caught.value.message


@pytest.mark.parametrize(
    ("endpoint_url", "is_rest"),
    [
        ("https://api.softlayer.com/rest/v3.1/", True),
        ("https://gateway.example/softlayer/rest/v3.1", True),
        ("https://api.softlayer.com/rest", True),
        ("https://rest.example.com/xmlrpc/v3.1/", False),
    ],
)
def test_the_url_selects_the_transport(endpoint_url: str, is_rest: bool) -> None:
    assert replace(SETTINGS, endpoint_url=endpoint_url).is_rest is is_rest


@pytest.mark.parametrize(
    "proxy", ["http://me:p%40ss-word@proxy.example.com:3128", "me:p%40ss-word@proxy.example.com:3128"]
)
def test_secrets_are_kept_out_of_the_output(monkeypatch: pytest.MonkeyPatch, home: Path, proxy: str) -> None:
    """Also those that no option gave, and a proxy's password in both of its spellings."""
    (home / ".softlayer").write_text(
        f"[softlayer]\nusername = SL1\napi_key = {KEY}\nproxy = {proxy}\n", encoding="utf-8"
    )
    module = module_with(monkeypatch)
    client = connect(module, 3)
    assert (client.settings.username, client.concurrency, client.api_calls) == ("SL1", 3, 0)
    assert {KEY, "p@ss-word", "p%40ss-word"} <= module._secrets


def test_the_environments_proxies_are_kept_out_of_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:s%40same@proxy.example.com:3128")
    assert {"s%40same", "s@same"} <= SETTINGS.secrets


@pytest.mark.parametrize(
    "proxy",
    [
        *("http://me:sesame/x@proxy.example.com", "me:sesame#x@proxy:1", "http://me:1/x@proxy.example.com:1"),
        *("http://", "http://x:port"),
    ],
)
def test_a_proxy_that_is_no_url(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    with fails("invalid_argument") as raised:
        connect(module_with(monkeypatch, username="SL1", api_key=KEY, proxy=proxy))
    assert raised.value.message.startswith("proxy must be a URL such as http://proxy.example.com:3128")
    assert "sesame" not in raised.value.message


def test_secrets_are_in_no_repr() -> None:
    assert KEY not in repr(SETTINGS) and TOKEN not in repr(replace(SETTINGS, iam_token=TOKEN))
    assert "sesame" not in repr(replace(SETTINGS, proxy="http://me:sesame@proxy.example.com"))


# The path of a transport


ENDPOINTS = [
    ("https://api.softlayer.com/{}/v3.1", "the public one"),
    ("https://api.softlayer.com/{}/v3.1/", "with a slash at its end"),
    ("https://api.softlayer.com/{}", "without a version"),
    ("http://[::1]:8080/{}/v3.1", "an address with a port"),
    ("https://rest.example.com/xmlrpc-gateway/{}/v3.1", "the words elsewhere"),
]


@pytest.mark.parametrize(("url", "_what"), ENDPOINTS, ids=lambda value: value if "{}" not in value else "")
@pytest.mark.parametrize("configured", ["xmlrpc", "rest"])
@pytest.mark.parametrize("transport", ["xmlrpc", "rest"])
def test_the_endpoint_at_the_path_of_a_transport(url: str, _what: str, configured: str, transport: str) -> None:
    assert replace_transport(url.format(configured), transport) == url.format(transport)


@pytest.mark.parametrize("transport", ["xmlrpc", "rest"])
@pytest.mark.parametrize(
    "url",
    [
        *("https://gateway.example.com", "https://gateway.example.com/softlayer/v3.1", "https://rest.example.com/v3.1"),
        *("https://gateway.example.com/restful/REST/v3.1", "https://gateway.example.com/rest/xmlrpc/v3.1"),
    ],
)
def test_a_path_that_does_not_say_where_the_transport_is(url: str, transport: str) -> None:
    with fails("invalid_argument") as caught:
        replace_transport(url, transport)
    assert caught.value.message == (
        f"With transport: {transport}, the path of endpoint_url must contain exactly one part xmlrpc or rest, as in "
        f"https://api.softlayer.com/xmlrpc/v3.1/, but endpoint_url is {url}. Change endpoint_url, or do not set transport."
    )
