# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret in the system's log, nor in what a module prints, whichever option holds it and whatever it looks like.

Modules are run as Ansible runs them, in processes of their own, where what they write to syslog or to the journal goes to a
file. The options come from the modules themselves, so that one that is added later is tested as well.

Promise: No secret in any output.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests.outside.recording import record
from tests.support.forked import ForkedModule

Options = dict[str, Any]
Path_ = tuple[str, ...]

MODULES = sorted(path.stem for path in (Path(__file__).parents[2] / "plugins" / "modules").glob("*.py"))
NOWHERE = "http://127.0.0.1:1/rest/v3.1/"
LOGIN: Options = {"username": "somebody", "api_key": "key-of-nobody", "endpoint_url": NOWHERE, "retries": 0}
IMAP: Options = {
    "host": "127.0.0.1",
    "port": 1,
    "username": "somebody",
    "password": "w0rd-of-nobody",
    "security": "none",
}
NEEDED: dict[str, Options] = {
    "ssl_certificate_import": {"common_name": "www.example.com", "state": "absent"},
    "ssl_fulfillment_email": {"order_ids": [1]},
    "ssl_fulfillment_email_info": {"imap": IMAP, "csr_paths": ["/nowhere.csr"]},
}
"""Options without which a module does not begin."""
NEEDED_INSIDE: dict[Path_, Options] = {("imap",): IMAP, ("sources", "mail", "imap"): IMAP}


@dataclass(frozen=True)
class Ran:
    """A module's run: what it printed, and what it logged."""

    output: str
    log: str

    @property
    def result(self) -> Options:
        """What Ansible gets."""
        result: Options = json.loads(self.output)
        return result

    def holds(self, secret: str) -> list[str]:
        """Where a secret stands, or a line of it, in whatever way it is written."""
        pieces = {secret, *(line for line in re.split(r"[\r\n]+", secret) if len(line) > 8)}
        forms = {
            form
            for piece in pieces
            for form in (plain(piece), quote(piece, safe=""), base64.b64encode(piece.encode()).decode()[:-4])
            if len(form) > 2
        }
        return [
            name
            for name, text in (("output", plain(self.output)), ("log", plain(self.log)))
            if any(form in text for form in forms)
        ]


def plain(text: str) -> str:
    """A text less what may be written as an escape: blanks, line ends, backslashes; and with letters for their numbers."""
    letters = re.sub(r"\\+u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"\\[nrt]|\\|\s", "", letters)


Runner = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    """Runs a module to its end, whatever that is."""
    log = tmp_path / "log"

    def _run(name: str, to: str = "syslog", environment: dict[str, str] | None = None, **options: Any) -> Ran:
        log.write_text("", encoding="utf-8")
        given = {"_ansible_module_name": name, "_ansible_inject_invocation": True, **options}
        if "inject_invocation" not in known_variables():
            del given["_ansible_inject_invocation"]
        recorded = {"RECORDED_LOG": str(log), "RECORDED_AS": to}
        process = ForkedModule(
            name,
            json.dumps({"ANSIBLE_MODULE_ARGS": given}),
            environment={**os.environ, **recorded, **(environment or {})},
            first=record,
        )
        output, errors = process.communicate(timeout=120)
        assert not errors, errors
        result = json.loads(output)
        result.pop("_ansible_new_secrets", None)  # from ansible-core 2.22 on: what Ansible itself is told to hide
        return Ran(json.dumps(result, ensure_ascii=False), log.read_text(encoding="utf-8"))

    return _run


def known_variables() -> set[str]:
    """Which of its own variables this ansible-core tells a module."""
    return set(import_module("ansible.module_utils.common.parameters").PASS_VARS)


def spec_of(module: str) -> dict[str, Options]:
    """A module's argument specification."""
    spec: dict[str, Options] = import_module(
        f"ansible_collections.softlayer.certificates.plugins.modules.{module}"
    ).SPEC.options
    return spec


def all_options(options: dict[str, Options], above: Path_ = ()) -> Iterator[tuple[Path_, Options]]:
    """All options at all depths, by their path."""
    for name, option in options.items():
        yield (*above, name), option
        yield from all_options(option.get("options") or {}, (*above, name))


def placed(module: str, path: Path_, value: object) -> Options:
    """A module's options with a value in this place, and else what it needs."""
    options = spec_of(module)
    whole: Any = value
    for depth in range(len(path) - 1, 0, -1):
        outer = dict(all_options(options))[path[:depth]]
        inside = {**NEEDED_INSIDE.get(path[:depth], {}), path[depth]: whole}
        whole = [inside] if outer["type"] == "list" else inside
    needed = NEEDED.get(module, {})
    if path[0] == "certificates":
        needed = {}
    return {**LOGIN, **needed, path[0]: whole}


OPTIONS = {(module, path): option for module in MODULES for path, option in all_options(spec_of(module))}
SECRET_OPTIONS = [place for place, option in OPTIONS.items() if option.get("no_log")]


def name_of(place: object) -> str:
    """A place as part of a test's name."""
    return f"{place[0]}:{'.'.join(place[1])}" if isinstance(place, tuple) else str(place)


def new_key() -> str:
    """A new private key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def new_key_store() -> str:
    """A new private key in base64 of PKCS#12."""
    key = ec.generate_private_key(ec.SECP256R1())
    return base64.b64encode(
        pkcs12.serialize_key_and_certificates(None, key, None, None, BestAvailableEncryption(b"x"))
    ).decode()


PASSWORDS: dict[str, str] = {
    "backslash": r'zq\back\\slash-\new "double" 100%25 %s',
    "both_quotes": "zq-it's \\ \"both\" 'of them'",
    "lines": "zq-first-line\nzq-second 'line'\r\nzq-third\tline ünï-密码-😀-pass",
    "short": "zQ7",
    "odd": "  zq 31415926535\0-zq-behind  ",
    "key": new_key(),
}


@pytest.mark.parametrize("looks", PASSWORDS)
@pytest.mark.parametrize("place", SECRET_OPTIONS, ids=name_of)
def test_a_secret_is_not_logged(run: Runner, place: tuple[str, Path_], looks: str) -> None:
    module, path = place
    ran = run(module, **placed(module, path, PASSWORDS[looks]))
    assert "Invoked with" in ran.log, ran.output
    assert ran.holds(PASSWORDS[looks]) == []


INNER_OPTIONS = [place for place in SECRET_OPTIONS if len(place[1]) > 1]


@pytest.mark.parametrize(
    ("how", "place"),
    [("journal", place) for place in SECRET_OPTIONS]
    + [(how, place) for how in ("check", "debug") for place in INNER_OPTIONS],
    ids=name_of,
)
def test_nor_elsewhere(run: Runner, how: str, place: tuple[str, Path_]) -> None:
    """Not in the fields of the journal, in check mode, or where a run is debugged."""
    module, path = place
    options = placed(module, path, PASSWORDS["both_quotes"])
    internal = {"_ansible_check_mode": how == "check", "_ansible_diff": True, "_ansible_debug": how == "debug"}
    ran = run(module, to="journal" if how == "journal" else "syslog", **options, **internal)
    assert "Invoked with" in ran.log, ran.output
    assert ran.holds(PASSWORDS["both_quotes"]) == []


def test_of_each_of_many_certificates_nothing_is_logged(run: Runner) -> None:
    certificates = [
        {"certificate_content": "none", "privatekey_content": new_key(), "privatekey_passphrase": password}
        for password in PASSWORDS.values()
    ]
    ran = run("ssl_certificate_import", **LOGIN, certificates=certificates)
    assert "Invoked with" in ran.log and "certificate_content" in ran.log
    for one in certificates:
        assert ran.holds(one["privatekey_content"]) == [] == ran.holds(one["privatekey_passphrase"])


def test_a_password_that_stands_elsewhere_too(run: Runner) -> None:
    password = PASSWORDS["both_quotes"]
    certificates = [{"certificate_content": "none", "privatekey_passphrase": password, "notes": f"it is {password}!"}]
    ran = run("ssl_certificate_import", **LOGIN, certificates=certificates)
    assert "Invoked with" in ran.log
    assert "log" not in ran.holds(password)  # in the output, a newer ansible-core hides it on the controller


# What people get wrong


MISTAKES: dict[str, Callable[[str], Any]] = {
    "a name that is none": lambda value: [{"certificate_content": "none", "privatekey_pasphrase": value}],
    "a text": lambda value: f"privatekey_passphrase={value}",
    "a text in a list": lambda value: [f"privatekey_passphrase={value}"],
    "a list in a list": lambda value: [[{"privatekey_passphrase": value}]],
    "a dictionary": lambda value: {"privatekey_passphrase": value},
    "a list of it": lambda value: [{"certificate_content": "none", "privatekey_passphrase": [value, value]}],
    "a dictionary of it": lambda value: [{"certificate_content": "none", "privatekey_passphrase": {"it": value}}],
    "beside what excludes it": lambda value: [
        {"certificate_content": "none", "privatekey_content": value, "privatekey_path": "/nowhere"}
    ],
    "a number before it": lambda value: [{"privatekey_content": value}, 7],
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("looks", ["both_quotes", "key"])
def test_a_secret_in_the_wrong_form(run: Runner, mistake: str, looks: str) -> None:
    ran = run("ssl_certificate_import", **LOGIN, certificates=MISTAKES[mistake](PASSWORDS[looks]))
    assert ran.result["failed"]
    assert ran.holds(PASSWORDS[looks]) == []


MISTAKES_IN_A_MAILBOX: dict[str, Callable[[str], Any]] = {
    "a name that is none": lambda value: {"imap": {"host": "127.0.0.1", "username": "somebody", "pasword": value}},
    "a text": lambda value: f"imap=127.0.0.1 password={value}",
    "a text for the server": lambda value: {"imap": f"password={value}"},
    "a list of it": lambda value: {"imap": {**IMAP, "password": [value]}},
    "one level too high": lambda value: {"password": value, "imap": IMAP},
}


@pytest.mark.parametrize("mistake", MISTAKES_IN_A_MAILBOX)
@pytest.mark.parametrize("looks", ["both_quotes", "short"])
def test_a_password_in_the_wrong_place_of_a_source(run: Runner, mistake: str, looks: str) -> None:
    source = {"mail": MISTAKES_IN_A_MAILBOX[mistake](PASSWORDS[looks]), "privatekey_dir": "/nowhere"}
    ran = run("ssl_certificate_rotate", **LOGIN, sources=[{"folder": "/nowhere"}, source])
    assert ran.result["failed"]
    assert ran.holds(PASSWORDS[looks]) == []


@pytest.mark.parametrize("module", MODULES)
def test_a_secret_under_a_name_that_is_none(run: Runner, module: str) -> None:
    ran = run(module, **LOGIN, **NEEDED.get(module, {}), api_kye=PASSWORDS["both_quotes"])
    assert "api_kye" in ran.result["msg"]
    assert ran.holds(PASSWORDS["both_quotes"]) == []


def _lines(pem: str) -> list[str]:
    return pem.splitlines()[1:-1]


LOOKS_OF_A_KEY: list[Callable[[], str]] = [
    new_key,
    new_key_store,
    lambda: new_key().replace("\n", "\r\n"),
    lambda: new_key().replace("\n", "\\n"),
    lambda: "".join(_lines(new_key())),
    lambda: "\n".join(_lines(new_key())),
    lambda: f"see: {' '.join(_lines(new_key()))} (the key)",
    lambda: "\n    ".join(new_key().splitlines()[:-1]),
]
SHARED = {("username",), *(path for path, _ in all_options(spec_of("ssl_order_info")))}
"""Most of them are options of other modules too: they are tried with this one."""
PLACES = [(module, path) for module, path in OPTIONS if module == "ssl_order_info" or path not in SHARED]


@pytest.mark.parametrize(("number", "place"), list(enumerate(PLACES)), ids=[name_of(place) for place in PLACES])
def test_a_key_in_any_other_option(run: Runner, number: int, place: tuple[str, Path_]) -> None:
    module, path = place
    secret = LOOKS_OF_A_KEY[number % len(LOOKS_OF_A_KEY)]()
    wanted = OPTIONS[place]["type"]
    ran = run(module, **placed(module, path, [secret] if wanted == "list" else secret))
    assert ran.holds(secret.removeprefix("see: ").removesuffix(" (the key)")) == []


NAMED_LIKE_A_SECRET = re.compile(
    r"pass(word|phrase|wd)?$|pwd|secret|token|(api|private|secret)_?key(?!.*_(paths?|dir)$)|credential"
)


@pytest.mark.parametrize("place", OPTIONS, ids=name_of)
def test_each_option_that_sounds_secret_is_so(place: tuple[str, Path_]) -> None:
    if NAMED_LIKE_A_SECRET.search(place[1][-1]):
        assert OPTIONS[place].get("no_log") is True


# URLs

PASSWORD_URLS = [
    "{scheme}://me:S3cr%40et-zq@{host}:1{tail}",
    "{scheme}://me:S3cr@et-zq@{host}:1{tail}",
    "{scheme}://me:S3cr/et-zq@{host}:1{tail}",
    "{scheme}://me:S3cr:et-zq@{host}:1{tail}",
    "{scheme}://me:S3cr#et-zq@{host}:1{tail}",
    "{scheme}://me:S3cr?et-zq@{host}:1{tail}",
    "{scheme}://me:S3cr et-zq@{host}:1{tail}",
    "{scheme}://me:S3cr'\"\\et-zq@{host}:1{tail}",
    "{scheme}://:S3cr%et-zq@{host}:1{tail}",
    "{scheme}://me:S3cr@et-zq@{host}:port{tail}",
]
LEDGERS = [
    *(
        url.format(scheme="postgresql", host="127.0.0.1", tail="/ledger?application_name=me@work")
        for url in PASSWORD_URLS
    ),
    "postgresql+psycopg://me:S3cr%40et-zq@127.0.0.1:1/ledger",
    "postgresql+none://me:S3cr%40et-zq@127.0.0.1:1/ledger",
    "postgresql://127.0.0.1:1/ledger?user=me&password=S3cr%40et-zq",
    "postgresql://127.0.0.1:1/ledger?user=me&password=S3cr%40+et-zq&sslmode=disable",
    "postgresql://127.0.0.1:1/ledger?user=me&password=S3cr@et-zq",
    "postgresql://127.0.0.1:1/ledger?user=me&password=S3cr&et-zq&sslmode=disable",
    "postgresql://127.0.0.1:1/ledger?user=me&sslpassword=S3cr%40et-zq",
    "postgresql://127.0.0.1:1/ledger?user=me&PASSWORD=S3cr%40et-zq",
    "postgresql://127.0.0.1:1/host=there password=S3cr@et-zq",
    "postgresql:me:S3cr@et-zq@127.0.0.1/ledger",
    "mysql://me:S3cr@et-zq@127.0.0.1/ledger",
    "me:S3cr@et-zq@127.0.0.1/ledger",
    "host=127.0.0.1 dbname=ledger password=S3cr@et-zq",
    "host=127.0.0.1 dbname=ledger password='S3cr et-zq' user=me",
]
PIECES = ("S3cr", "et-zq")


@pytest.mark.parametrize(
    ("how", "url"), [("option", url) for url in LEDGERS] + [("environment", url) for url in LEDGERS[:2]]
)
def test_a_password_in_the_url_of_a_database(run: Runner, how: str, url: str) -> None:
    environment = {"SOFTLAYER_CERTIFICATES_LEDGER_URL": url} if how == "environment" else {}
    options = {} if environment else {"ledger_url": url}
    ran = run("ssl_fulfillment_email", environment=environment, **LOGIN, order_ids=[1], **options)
    assert ran.result["failed"] and "Invoked with" in ran.log
    for piece in PIECES:
        assert ran.holds(piece) == []


@pytest.mark.parametrize(
    "url", ["postgresql://me:S3cr%40et-zq@127.0.0.1:1/ledger", "postgresql://127.0.0.1:1/ledger?password=S3cr"]
)
def test_what_is_no_secret_of_a_url_can_be_read(run: Runner, url: str) -> None:
    ran = run("ssl_fulfillment_email", **LOGIN, order_ids=[1], ledger_url=url)
    for text in (ran.log, ran.output):
        assert "127.0.0.1:1/ledger" in text


PROXIES = [
    *(url.format(scheme="http", host="127.0.0.1", tail="") for url in PASSWORD_URLS),
    "socks5h://me:S3cr%40et-zq@127.0.0.1:1",
    "me:S3cr%40et-zq@127.0.0.1:1",
    "me:S3cr@et-zq@127.0.0.1:1",
    "me:S3cr/et-zq@127.0.0.1:1",
    "//me:S3cr@et-zq@127.0.0.1:1",
    "http://S3cret-zq:@127.0.0.1:1",
]


@pytest.mark.parametrize(
    ("how", "url"),
    [("option", url) for url in PROXIES]
    + [(how, url) for how in ("environment", "config file") for url in (*PROXIES[:2], PROXIES[-5])],
)
def test_a_password_in_the_url_of_a_proxy(run: Runner, tmp_path: Path, url: str, how: str) -> None:
    options = {**LOGIN, "endpoint_url": "https://127.0.0.1:1/xmlrpc/v3.1/", "timeout": 5}
    environment = {}
    if how == "option":
        options["proxy"] = url
    elif how == "environment":
        environment = {"https_proxy": url, "HTTPS_PROXY": url, "all_proxy": url}
        options["endpoint_url"] = "https://api.invalid/xmlrpc/v3.1/"  # this machine itself is called without a proxy
    else:
        options["config_file"] = str(tmp_path / "config")
        (tmp_path / "config").write_text(f"[softlayer]\nproxy = {url.replace('%', '%%')}\n", encoding="utf-8")
    ran = run("ssl_order_info", environment=environment, **options)
    assert ran.result["failed"] and "Invoked with" in ran.log
    for piece in PIECES:
        assert ran.holds(piece) == []


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_proxy_that_is_down_is_named(run: Runner, how: str) -> None:
    url = "http://me:S3cr%40et-zq@127.0.0.1:1"
    options = {**LOGIN, "endpoint_url": "https://api.invalid/rest/v3.1/"}
    given: dict[str, Any] = {"proxy": url} if how == "option" else {"environment": {"https_proxy": url}}
    ran = run("ssl_order_info", **options, **given)
    assert "the proxy 127.0.0.1:1 before https://api.invalid/rest/v3.1: connection refused" in ran.result["msg"]
    assert [ran.holds(piece) for piece in PIECES] == [[], []]


@pytest.mark.parametrize(
    "url", [url.format(scheme="https", host="api.invalid", tail="/rest/v3.1/") for url in PASSWORD_URLS]
)
def test_a_password_in_the_url_of_the_api(run: Runner, url: str) -> None:
    ran = run("ssl_order_info", **{**LOGIN, "endpoint_url": url})
    assert ran.result["failed"] and "Invoked with" in ran.log
    for piece in PIECES:
        assert ran.holds(piece) == []


# In every place that takes a URL, as people write URLs

URLS = [
    "http:/usr:S3cret-zq@127.0.0.1",
    "http:usr:S3cret-zq@127.0.0.1:1",
    "http//usr:S3cret-zq@127.0.0.1:1",
    "usr:S3cret-zq@127.0.0.1:1",
    "usr:S3cret-zq@127.0.0.1:port",
    "postgresql://127.0.0.1:1/db?options=-c%20password%3DS3cret-zq",
    "postgresql://127.0.0.1:1/db?options=-cpassword=S3cret-zq",
    "postgresql://127.0.0.1:1/db?Password=S3cret-zq",
    "postgresql://127.0.0.1:1/db?PASSWORD=S3cret-zq",
    "jdbc:postgresql://127.0.0.1:1/db?user=u&password=S3cret-zq",
    "jdbc:sqlserver://127.0.0.1:1;user=u;password=S3cret-zq",
    "127.0.0.1:1/db?password=S3cret-zq",
    "host=127.0.0.1 port=1 password=S3cret-zq",
    "host=127.0.0.1 password = 'a S3cret-zq'",
    "password = 'a S3cret-zq'",
]


def modules_in_turn(option: str) -> Iterator[tuple[str, str, str]]:
    """An option with each URL, and for each one another module that has the option."""
    takers = [module for module in MODULES if option in spec_of(module)]
    yield from ((takers[number % len(takers)], option, url) for number, url in enumerate(URLS))


@pytest.mark.parametrize(
    ("module", "option", "url"),
    [case for option in ("ledger_url", "proxy", "endpoint_url") for case in modules_in_turn(option)],
)
def test_a_password_in_whatever_is_taken_for_a_url(run: Runner, module: str, option: str, url: str) -> None:
    ran = run(module, _ansible_verbosity=4, **{**placed(module, (option,), url), "timeout": 5})
    assert "Invoked with" in ran.log
    assert ran.holds("S3cret-zq") == []
