# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret in the system's log, nor in what a module prints, whichever option holds it and whatever it looks like.

Modules are run as Ansible runs them, in processes of their own, where what they write to syslog or to the journal goes to a
file. The options come from the modules themselves, so that one that is added later is tested as well.

Promise: No output contains secrets.
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

from tests.outside.recording import record
from tests.support import certificates
from tests.support.forked import ForkedModule
from tests.support.modules import received

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
    "secrets_manager_certificate": {
        "name": "shop",
        "instance_url": "http://127.0.0.1:1",
        "certificate_content": "none",
    },
    "ssl_certificate_export": {"all": True, "dest": "/nowhere"},
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
        return json.loads(self.output)

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

    def _run(module: str, /, to: str = "syslog", environment: dict[str, str] | None = None, **options: Any) -> Ran:
        log.write_text("", encoding="utf-8")
        given = {"_ansible_module_name": module, "_ansible_inject_invocation": True, **options}
        if "inject_invocation" not in known_variables():
            del given["_ansible_inject_invocation"]
        recorded = {"RECORDED_LOG": str(log), "RECORDED_AS": to}
        process = ForkedModule(
            module,
            json.dumps({"ANSIBLE_MODULE_ARGS": given}),
            environment={**os.environ, **recorded, **(environment or {})},
            first=record,
        )
        output, errors = process.communicate(timeout=120)
        assert not errors, errors
        result = json.loads(received(output))
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
    login = {name: given for name, given in LOGIN.items() if path != ("iam_token",) or name != "api_key"}
    return {**login, **needed, path[0]: whole}


OPTIONS = {(module, path): option for module in MODULES for path, option in all_options(spec_of(module))}
SECRET_OPTIONS = [place for place, option in OPTIONS.items() if option.get("no_log")]


def name_of(place: object) -> str:
    """A place as part of a test's name."""
    return f"{place[0]}:{'.'.join(place[1])}" if isinstance(place, tuple) else str(place)


def new_key() -> str:
    """A new private key in PEM."""
    return certificates.key_pem(certificates.new_key())


PASSWORDS: dict[str, str] = {
    "backslash": r'zq\back\\slash-\new "double" 100%25 %s',
    "both_quotes": "zq-it's \\ \"both\" 'of them'",
    "lines": "zq-first-line\nzq-second 'line'\r\nzq-third\tline ünï-密码-😀-pass",
    "short": "zQ7w",
    "odd": "  zq 31415926535\0-zq-behind  ",
    "key": new_key(),
}


@pytest.mark.parametrize(("number", "place"), list(enumerate(SECRET_OPTIONS)), ids=name_of)
def test_a_secret_is_not_logged(run: Runner, number: int, place: tuple[str, Path_]) -> None:
    """Whatever it looks like, in the system's log or the fields of the journal, in check mode, or where a run is debugged."""
    module, path = place
    secret = list(PASSWORDS.values())[number % len(PASSWORDS)]
    internal = {"_ansible_check_mode": number % 4 == 1, "_ansible_diff": True, "_ansible_debug": number % 4 == 3}
    ran = run(module, to="journal" if number % 4 == 2 else "syslog", **placed(module, path, secret), **internal)
    assert "Invoked with" in ran.log, ran.output
    assert ran.holds(secret) == []


def test_of_each_of_many_certificates_nothing_is_logged(run: Runner) -> None:
    """Nor where a password stands elsewhere too."""
    certificates = [
        {"certificate_content": "none", "privatekey_content": new_key(), "privatekey_passphrase": password}
        for password in PASSWORDS.values()
    ]
    for one in certificates[:-1]:
        one["notes"] = f"it is {one['privatekey_passphrase']}!"
    ran = run("ssl_certificate_import", **LOGIN, certificates=certificates)
    assert "Invoked with" in ran.log and "certificate_content" in ran.log
    for one in certificates:
        assert ran.holds(one["privatekey_content"]) == []
        assert "log" not in ran.holds(
            one["privatekey_passphrase"]
        )  # in the output, a newer ansible-core hides it itself


# What people get wrong


IN_IMPORT: dict[str, Callable[[str], Any]] = {
    "a name that is none": lambda value: [{"certificate_content": "none", "privatekey_pasphrase": value}],
    "a text in a list": lambda value: [f"privatekey_passphrase={value}"],
    "a dictionary": lambda value: {"privatekey_passphrase": value},
    "a number before it": lambda value: [{"privatekey_content": value}, 7],
}
IN_MAIL: dict[str, Callable[[str], Any]] = {
    "a name that is none": lambda value: {"imap": {"host": "127.0.0.1", "username": "somebody", "pasword": value}},
    "a text": lambda value: f"imap=127.0.0.1 password={value}",
    "a list of it": lambda value: {"imap": {**IMAP, "password": [value]}},
}


@pytest.mark.parametrize(
    ("module", "mistake"),
    [
        *(("ssl_certificate_import", name) for name in IN_IMPORT),
        *(("ssl_certificate_rotate", name) for name in IN_MAIL),
    ],
)
def test_a_secret_in_the_wrong_form_or_place(run: Runner, module: str, mistake: str) -> None:
    if module == "ssl_certificate_import":
        secret = PASSWORDS["both_quotes"]
        given = {"certificates": IN_IMPORT[mistake](secret)}
    else:
        secret = PASSWORDS["short"]
        given = {"sources": [{"folder": "/nowhere"}, {"mail": IN_MAIL[mistake](secret), "privatekey_dir": "/nowhere"}]}
    ran = run(module, **LOGIN, **given)
    assert ran.result["failed"]
    assert ran.holds(secret) == []


NAMED_LIKE_A_SECRET = re.compile(
    r"pass(word|phrase|wd)?$|pwd|secret|token|(api|private|secret)_?key(?!.*_(paths?|dir)$)|credential"
)


NAMES_OF_SECRETS = {"secret_group", "secret_groups", "secrets_manager"}
"""What only says where secrets are."""


def test_each_option_that_sounds_secret_is_so() -> None:
    names = {place: place[1][-1] for place in OPTIONS if place[1][-1] not in NAMES_OF_SECRETS}
    sounding = [place for place, name in names.items() if NAMED_LIKE_A_SECRET.search(name)]
    assert len(sounding) > 10 and [place for place in sounding if not OPTIONS[place].get("no_log")] == []


# URLs. How a password is found in all forms of them: the pure tests of `_secrets`.

PIECES = ("S3cr", "et-zq")
LEDGER = "postgresql://me:S3cr%40et-zq@127.0.0.1:1/ledger"
UNREADABLE = "host=127.0.0.1 dbname=ledger password='S3cr et-zq' user=me"


@pytest.mark.parametrize(("how", "url"), [("environment", LEDGER), ("option", LEDGER), ("option", UNREADABLE)])
def test_a_password_in_the_url_of_a_database(run: Runner, how: str, url: str) -> None:
    """What is no secret of it can be read."""
    environment = {"SOFTLAYER_CERTIFICATES_LEDGER_URL": url} if how == "environment" else {}
    options = {} if environment else {"ledger_url": url}
    ran = run("ssl_fulfillment_email", environment=environment, **LOGIN, order_ids=[1], **options)
    assert ran.result["failed"] and "Invoked with" in ran.log
    assert [piece for piece in PIECES if ran.holds(piece)] == []
    assert url == UNREADABLE or "127.0.0.1:1/ledger" in ran.output
    assert options != {"ledger_url": LEDGER} or "127.0.0.1:1/ledger" in ran.log


PROXY, NO_PROXY = "http://me:S3cr%40et-zq@127.0.0.1:1", "http://me:S3cr'\"\\et-zq@127.0.0.1:1"


@pytest.mark.parametrize(
    ("how", "url"), [("option", PROXY), ("option", NO_PROXY), ("environment", PROXY), ("config file", NO_PROXY)]
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
    assert how != "environment" or "the proxy 127.0.0.1:1 for https://api.invalid" in ran.result["msg"]
    assert [piece for piece in PIECES if ran.holds(piece)] == []
