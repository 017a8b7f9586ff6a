# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How modules end: by one exit, and with a failure that programs can read."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.module_utils.common.parameters import PASS_VARS
from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import ArgumentSpec, api_options
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets import HIDDEN, SHORTEST, STARS
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.support.forked import MODULES

SPEC = ArgumentSpec(
    options={"one": {"type": "int"}, "two": {"type": "str"}, "three": {"type": "bool", "default": False}},
    mutually_exclusive=[("one", "two")],
    required_one_of=[("one", "two")],
)


class Ending:
    """A module that was run in this process, and what it printed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(
        self, run: Any = None, libraries: Any = None, spec: ArgumentSpec = SPEC, **options: Any
    ) -> tuple[int, dict[str, Any]]:
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
        self._monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments)
        self._monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit) as ended:
            Module(spec).answer(run or (lambda _module: {"changed": False}), libraries or ())
        output = self._capsys.readouterr().out
        assert "Traceback" not in output
        result: dict[str, Any] = json.loads(output)
        assert "exception" not in result
        return int(str(ended.value.code)), result


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ending:
    """Runs a module to its end: exit code and result."""
    return Ending(monkeypatch, capsys)


def never(_module: Module) -> dict[str, Any]:
    """What must not run."""
    raise AssertionError("ran all the same")


def test_success(end: Ending) -> None:
    code, result = end(lambda module: {"changed": True, "seen": module.params["one"]}, one=5)
    assert (code, result["changed"], result["seen"]) == (0, True, 5)
    assert "failure" not in result


def test_what_was_given_is_known(end: Ending) -> None:
    _, result = end(lambda module: {"given": sorted(name for name in module.given if name[0] != "_")}, one=0)
    assert result["given"] == ["one"]
    _, result = end(lambda module: {"null": sorted(module.null)}, one=None)
    assert result["null"] == ["one"]


def test_an_error_is_a_failure(end: Ending) -> None:
    def run(_module: Module) -> dict[str, Any]:
        raise CertificatesError("not_found", "There is no such order.", order_id=7)

    code, result = end(run, one=1)
    assert code == 1
    assert result["failed"] is True
    assert result["msg"] == "There is no such order."
    assert result["failure"] == {
        "code": "not_found",
        "message": "There is no such order.",
        "details": {"order_id": 7},
    }


def test_a_result_with_a_failure_keeps_the_rest(end: Ending) -> None:
    failure = {"code": "some_failed", "message": "One of two failed.", "details": {}}
    code, result = end(lambda _module: {"changed": True, "emails": [1, 2], "failure": failure}, one=1)
    assert code == 1
    assert (result["msg"], result["failure"], result["emails"]) == ("One of two failed.", failure, [1, 2])
    assert result["changed"] is True


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"one": 1, "four": 4}, "four"),
        ({"one": "x"}, "one"),
        ({"one": 1, "two": "2"}, "two"),
        ({}, "one"),
        ({"one": 1, "three": "perhaps"}, "three"),
    ],
    ids=["unknown", "type", "exclusive", "required", "bool"],
)
def test_what_ansible_refuses_is_a_failure_too(end: Ending, options: dict[str, Any], named: str) -> None:
    code, result = end(**options)
    assert code == 1
    assert result["failure"]["code"] == "invalid_argument"
    assert result["failure"]["message"] == result["msg"]
    assert result["failure"]["details"] == {}
    assert named in result["msg"]


NUMBERS = ArgumentSpec(
    options={
        "whole": {"type": "int"},
        "any": {"type": "float", "default": 24},
        "many": {"type": "list", "elements": "int"},
        "yes": {"type": "bool"},
        "text": {"type": "str"},
        "inner": {"type": "dict", "options": {"port": {"type": "int"}, "pause": {"type": "float"}}},
        "items": {"type": "list", "elements": "dict", "options": {"id": {"type": "int"}, "is": {"type": "bool"}}},
        "free": {"type": "list", "elements": "dict"},
    }
)


@pytest.mark.parametrize("wrong", [True, False])
@pytest.mark.parametrize(
    ("place", "options"),
    [
        ("whole", lambda wrong: {"whole": wrong}),
        ("any", lambda wrong: {"any": wrong}),
        ("many[1]", lambda wrong: {"many": [1, wrong]}),
        ("inner.port", lambda wrong: {"inner": {"port": wrong}}),
        ("inner.pause", lambda wrong: {"inner": json.dumps({"pause": wrong})}),
        ("items[1].id", lambda wrong: {"items": [{"id": 1}, {"id": wrong}]}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_true_and_false_are_no_numbers(end: Ending, place: str, options: Any, wrong: bool) -> None:
    code, result = end(never, spec=NUMBERS, **options(wrong))
    assert code == 1
    assert result["failure"]["code"] == "invalid_argument"
    assert result["msg"] == f"{place} takes a number, and true or false is none."


def test_true_and_false_are_taken_where_they_are_meant(end: Ending) -> None:
    given = {"whole": "1", "any": 0, "many": "1,2", "yes": True, "text": True, "inner": "port=1"}
    code, _ = end(spec=NUMBERS, **given, items=[{"is": False}], free=[{"id": True}])
    assert code == 0


NAMES = ArgumentSpec(
    options={
        "certificate_path": {"type": "path", "aliases": ["path_of_certificate"]},
        "csr_path": {"type": "path"},
        "privatekey_content": {"type": "str", "no_log": True},
        "imap": {"type": "dict", "options": {"host": {"type": "str", "required": True}, "folder": {"type": "str"}}},
        "certificates": {
            "type": "list",
            "elements": "dict",
            "options": {"notes": {"type": "str"}, "inner": {"type": "dict", "options": {"deepest": {"type": "int"}}}},
        },
        "free": {"type": "dict"},
    },
    required_one_of=[("certificate_path", "certificates")],
)
ALL = "certificate_path, certificates, csr_path, free, imap, privatekey_content"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"certificate": "/x"}, "There is no option certificate; certificate_path or certificates is meant."),
        ({"CSR": "/x", "i": 1}, f"There is no option CSR; csr_path is meant. There is no option i; there are {ALL}."),
        ({"certificat_path": "/x"}, "There is no option certificat_path; certificate_path is meant."),
        ({"path_of_certificat": "/x"}, "There is no option path_of_certificat; path_of_certificate is meant."),
        ({"Certificate_Path": "/x"}, "There is no option Certificate_Path; certificate_path is meant."),
        ({"cert_path": "/x"}, f"There is no option cert_path; there are {ALL}."),
        (
            {"b": 1, "a": 2, "csr_pat": 3},
            f"There is no option csr_pat; csr_path is meant. There is no option a, b; there are {ALL}.",
        ),
        ({"imap": {"foldr": "x"}}, "There is no option imap.foldr; folder is meant."),
        ({"imap": "hosts=x"}, "There is no option imap.hosts; host is meant."),
        ({"imap": {"x": "y"}}, "There is no option imap.x; there are folder, host."),
        ({"certificates": [{"notes": "x"}, {"note": "x"}]}, "There is no option certificates[1].note; notes is meant."),
        ({"certificates": [{"note": "x"}] * 2}, "There is no option certificates[0].note; notes is meant."),
        ({"certificates": '[{"note": "x"}]'}, "There is no option certificates[0].note; notes is meant."),
        (
            {"certificates": [{"inner": {"depest": True}}]},
            "There is no option certificates[0].inner.depest; deepest is meant.",
        ),
        ({"x" * 41: 1}, f"There is no option (a name of 41 characters); there are {ALL}."),
        ({"a\nb": 1}, f"There is no option (a name of 3 characters); there are {ALL}."),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(next(iter(value))),
)
def test_a_mistyped_option_is_named_before_all_else(end: Ending, options: dict[str, Any], message: str) -> None:
    """Whatever else is wrong, most often that what was meant is missing."""

    code, result = end(never, spec=NAMES, **options)
    assert code == 1
    assert result["failure"] == {"code": "invalid_argument", "message": message, "details": {}}
    assert result["msg"] == message


def test_what_a_mistyped_option_holds_is_not_told(end: Ending) -> None:
    for options in ({"privatekey_contents": "sesame-open"}, {"certificates": [{"key": "sesame-open"}]}):
        _code, result = end(spec=NAMES, **options)
        assert "There is no option" in result["msg"]
        assert "sesame-open" not in json.dumps(result)


def test_what_is_no_mistyped_option(end: Ending) -> None:
    """An alias, what Ansible itself passes, and the keys of a dict that may have any."""
    code, _ = end(
        spec=NAMES,
        path_of_certificate="/x",
        free={"anything": 1},
        imap={"host": "x"},
        certificates=[],
        _ansible_diff=False,
        _ansible_verbosity=0,
    )
    assert code == 0


def test_unknown_options_are_ignored_where_ansible_is_told_to(end: Ending) -> None:
    code, _ = end(spec=NAMES, certificate_path="/x", certificat_path="/y", _ansible_ignore_unknown_opts=True)
    assert code == 0


def test_a_missing_library_is_named_before_anything_runs(end: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SoftLayer", None)

    code, result = end(never, ("cryptography", "SoftLayer"), one=1)
    assert code == 1
    assert result["failure"]["code"] == "missing_library"
    assert result["failure"]["details"] == {"libraries": ["SoftLayer"]}
    assert "SoftLayer" in result["msg"]


def test_specs_add_up() -> None:
    both = api_options() + SPEC
    assert set(both.options) == set(api_options().options) | set(SPEC.options)
    assert both.as_keywords()["mutually_exclusive"] == [("one", "two")]
    assert both.as_keywords()["required_one_of"] == [("one", "two")]
    assert api_options().options["api_key"]["no_log"] is True


@pytest.mark.parametrize("succeeds", [True, False])
def test_a_password_in_a_url_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], succeeds: bool
) -> None:
    """It becomes an option's value after the options were read, and Ansible shows those values at `-vvv`."""
    monkeypatch.setenv("A_LEDGER_URL", "postgresql://user:s%40same@db.example.com/ledger")
    knows = "inject_invocation" in PASS_VARS  # newer releases tell the options only where they are asked to
    arguments = {"_ansible_inject_invocation": True} if knows else {}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    url = {"type": "str", "fallback": (basic.env_fallback, ["A_LEDGER_URL"])}
    module = Module(ArgumentSpec(options={"url": url}))
    with pytest.raises(SystemExit):
        module.answer(lambda _module: {"changed": False} if succeeds else {"failure": {"message": "No."}}, {})
    result = json.loads(capsys.readouterr().out)
    result.pop("_ansible_new_secrets", None)  # from ansible-core 2.22 on: what Ansible itself is told to hide
    output = json.dumps(result)
    assert "db.example.com" in output
    assert "s%40same" not in output and "s@same" not in output


SENTENCE = (
    "Some messages could not be fetched from the mailbox INBOX of b.example.com:993: the server's answer was cut off."
)


def secret_options(options: Mapping[str, Any], *above: str) -> Iterator[tuple[str, ...]]:
    """The names of options that hold a secret, at any depth."""
    for name, option in options.items():
        if option.get("no_log"):
            yield (*above, name)
        yield from secret_options(option.get("options") or {}, *above, name)


PLACES = {
    (*path, module.stem): import_module(MODULES + module.stem).SPEC.options[path[0]]
    for module in sorted(Path(__file__).resolve().parents[4].glob("plugins/modules/[!_]*.py"))
    for path in secret_options(import_module(MODULES + module.stem).SPEC.options)
}


def with_secret(option: Mapping[str, Any], path: tuple[str, ...], secret: str) -> Any:
    """A value of an option that has a secret in it, and what is needed beside it."""
    if not path:
        return secret
    inner = option["options"]
    needed = {name: "x" for name, other in inner.items() if other.get("required")}
    value = {**needed, path[0]: with_secret(inner[path[0]], path[1:], secret)}
    return [value] if option["type"] == "list" else value


def values_in(value: Any) -> Iterator[str]:
    """All texts of a result, but not the names of its parts."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from values_in(part)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("place", PLACES, ids=".".join)
@pytest.mark.parametrize("fails", [False, True])
@given(
    secret=st.text("abes b.'", min_size=1, max_size=3) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=9)
)
@example(secret="b")
@example(secret="be")
@example(secret="993")
@example(secret="mess")
def test_no_word_is_garbled_and_no_secret_told(place: tuple[str, ...], fails: bool, secret: str) -> None:
    """In all that leaves a module: results, warnings, failures, diffs, its options and the log."""
    assume("\0" not in secret and secret not in HIDDEN + STARS and secret.strip() == secret)
    option, (name, *path) = PLACES[place], place[:-1]
    said = f'{SENTENCE} It said: LOGIN "me" "{secret}".'

    def run(module: Module) -> dict[str, Any]:
        module.warn(said)
        module.log(said)
        result = {"emails": [{"message": said, "count": 993}], "diff": {"before": "", "after": said}}
        return (
            {**result, "failure": {"code": "api_error", "message": said, "details": {"said": said}}}
            if fails
            else result
        )

    arguments = {name: with_secret(option, tuple(path), secret), "note": SENTENCE, "_ansible_module_name": "ssl_x"}
    if "inject_invocation" in PASS_VARS:
        arguments["_ansible_inject_invocation"] = True
    output, log = io.StringIO(), list[str]()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), pytest.raises(SystemExit):
        patch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        patch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        patch.setattr(basic, "has_journal", False)
        patch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda _self, text: log.append(text))
        warnings._global_warnings.clear()
        Module(ArgumentSpec({name: option, "note": {"type": "str"}})).answer(run, ())
    result = json.loads(output.getvalue())
    result.pop("_ansible_new_secrets", None)
    told = [*values_in(result), *log]
    if len(secret) < SHORTEST:
        sentences = [text for text in told if "Some " in text]
        assert len(sentences) >= (7 if fails else 5), told
        for text in sentences:
            words = text[text.index("Some ") :].split()
            for word, shown in zip(SENTENCE.split(), words, strict=False):
                assert shown in {word, word.replace(secret, STARS)}, text
                assert shown == word or word.strip(".:") == secret, text
            assert f'"{secret}"' not in text
        assert result["emails"][0]["count"] == 993
    else:
        assert not any(secret in text for text in told)


@pytest.mark.parametrize("fails", [False, True])
def test_a_secret_that_a_server_quotes_is_hidden_in_results(end: Ending, fails: bool) -> None:
    secret = 'pa"ss\\word-1'
    said = ['BYE session of "pa\\"ss\\\\word-1" ended', repr(secret), json.dumps(secret)]
    result: dict[str, Any] = {"unmatched": [{"message": text} for text in said]}
    if fails:
        result["failure"] = {"code": "api_error", "message": "No.", "details": {}}
    spec = ArgumentSpec({"password": {"type": "str", "no_log": True}})
    _code, told = end(lambda _module: result, spec=spec, password=secret)
    assert not any("word-1" in text for text in values_in(told)), told
