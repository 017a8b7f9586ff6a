# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How modules end: by one exit, and with a failure that programs can read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._base.options import ArgumentSpec

from tests.support.modules import received

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
            Module(spec).run_and_exit(run or (lambda _module: {"changed": False}), libraries or ())
        output = self._capsys.readouterr().out
        assert "Traceback" not in output
        result: dict[str, Any] = json.loads(received(output))
        assert "exception" not in result
        return int(str(ended.value.code)), result


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ending:
    return Ending(monkeypatch, capsys)


def never(_module: Module) -> dict[str, Any]:
    raise AssertionError("ran all the same")


def test_what_was_given_is_known(end: Ending) -> None:
    _, result = end(lambda module: {"given": sorted(name for name in module.given if name[0] != "_")}, one=0)
    assert result["given"] == ["one"]
    _, result = end(lambda module: {"null": sorted(module.null)}, one=None)
    assert result["null"] == ["one"]


def test_a_result_with_a_failure_keeps_the_rest(end: Ending) -> None:
    failure = {"code": "some_failed", "message": "One of two failed.", "details": {}}
    code, result = end(lambda _module: {"changed": True, "emails": [1, 2], "failure": failure}, one=1)
    assert code == 1
    assert (result["msg"], result["failure"], result["emails"]) == ("One of two failed.", failure, [1, 2])
    assert result["changed"] is True


def test_what_ansible_refuses_is_a_failure_too(end: Ending) -> None:
    code, result = end(one=1, two="2")
    failure = {"code": "invalid_argument", "message": result["msg"], "details": {}}
    assert (code, result["failure"]) == (1, failure) and "two" in result["msg"]


LIMITED = ArgumentSpec(
    {
        "ids": {"type": "list", "elements": "int", "limits": True},
        "select": {
            "type": "dict",
            "options": {"names": {"type": "list", "elements": "str", "limits": True}},
            "limits": True,
        },
        "most": {"type": "int", "default": 5, "range": (0, 9), "limits": True},
        "folder": {"type": "path"},
        "sources": {"type": "list", "elements": "dict", "options": {"file": {"type": "path"}}},
    },
    required_one_of=[("ids", "select")],
)


@pytest.mark.parametrize("ids", [None, "", []])
def test_what_limits_is_refused_if_it_is_empty(end: Ending, ids: object) -> None:
    """Before ansible-core says what is missing, and whatever else is set."""
    for beside in ({}, {"select": {}}, {"nobody": 1}):
        code, result = end(never, spec=LIMITED, ids=ids, **beside)
        assert (code, result["failure"]["code"]) == (1, "invalid_argument")
        assert result["msg"] == result["failure"]["message"]
        assert result["msg"].startswith("ids must not be null or empty: ")
    assert end(spec=LIMITED, select={})[0] == 0, "no condition selects all"
    assert "one of the following is required: ids, select" in end(never, spec=LIMITED)[1]["msg"]


def test_relative_paths_begin_where_the_command_was_typed(end: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"select": {}, "folder": "a", "sources": [{"file": "b"}, {"file": "~/c"}]}

    def seen(module: Module) -> dict[str, Any]:
        return {"paths": [module.params["folder"], *(source["file"] for source in module.params["sources"])]}

    monkeypatch.setenv("HOME", "/home/me")
    assert end(seen, spec=LIMITED, **given)[1]["paths"] == ["a", "b", "/home/me/c"]
    monkeypatch.setenv("SOFTLAYER_CERTIFICATES_STARTED_IN", "/srv")
    assert end(seen, spec=LIMITED, **given)[1]["paths"] == ["/srv/a", "/srv/b", "/home/me/c"]


def test_a_missing_library_is_named_before_anything_runs(end: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SoftLayer", None)

    code, result = end(never, ("cryptography", "SoftLayer"), one=1)
    assert code == 1
    assert result["failure"]["code"] == "missing_library"
    assert result["failure"]["details"] == {"libraries": ["SoftLayer"]}
    assert "SoftLayer" in result["msg"]


def values_in(value: Any) -> Iterator[str]:
    """All texts of a result, but not the names of its parts."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from values_in(part)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("fails", [False, True])
def test_a_secret_that_a_server_quotes_is_hidden_in_results(end: Ending, fails: bool) -> None:
    secret = f'pa"ss\\word-{fails}'
    said = [f"BYE session of {json.dumps(secret)} ended", repr(secret), json.dumps(secret)]
    result: dict[str, Any] = {"unmatched": [{"message": text} for text in said]}
    if fails:
        result["failure"] = {"code": "api_error", "message": "No.", "details": {}}
    spec = ArgumentSpec({"password": {"type": "str", "no_log": True}})
    _code, told = end(lambda _module: result, spec=spec, password=secret)
    assert not any("word-" in text for text in values_in(told)), told


def test_the_log_has_what_was_given_less_its_secrets(monkeypatch: pytest.MonkeyPatch, end: Ending) -> None:
    """And nothing that syslog cannot write."""
    log = list[str]()
    if hasattr(basic.AnsibleModule, "_log_to_syslog"):
        monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda _self, text: log.append(text))
        monkeypatch.setattr(basic, "has_journal", False)
    else:  # from ansible-core 2.22 on
        logging = import_module("ansible.module_utils._internal._logging")
        monkeypatch.setattr(logging, "log_to_system", lambda text, **_more: log.append(text))
    inner = {"type": "dict", "options": {"password": {"type": "str", "no_log": True}, "host": {"type": "str"}}}
    spec = ArgumentSpec({"imap": inner, "proxy": {"type": "str"}, "note": {"type": "str"}})

    def run(module: Module) -> dict[str, Any]:
        module.hide("found-later")
        module.warn("a\0b \udcff found-later")
        return {"changed": False}

    end(run, spec=spec, imap={"password": 'it\'s "a\\b@c"', "host": "h.example"}, proxy="me:s3cret@p:1", note="n")
    invoked = next(line for line in log if "Invoked with" in line)
    assert all(word in invoked for word in ("h.example", "@p:1", "note=n"))
    assert not any(word in "".join(log) for word in ("it's", "b@c", "s3cret", "found-later", "\0"))
