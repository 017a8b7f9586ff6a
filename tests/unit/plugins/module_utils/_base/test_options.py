# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read before Ansible does it, and what is refused beside it."""

from __future__ import annotations

import math
import typing as t

import pytest
from ansible.module_utils.basic import AnsibleFallbackNotFound
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._base.options import ArgumentSpec, read_environment

SPEC = ArgumentSpec(
    options={
        "ids": {"type": "list", "elements": "int", "limits": True},
        "names": {"type": "list", "elements": "str", "limits": True},
        "phases": {"type": "list", "elements": "str", "default": ["one"], "limits": True},
        "select": {
            "type": "dict",
            "options": {
                "names": {"type": "list", "elements": "str", "limits": True},
                "days": {"type": "int", "limits": True},
                "imported": {"type": "bool", "limits": True},
                "gather": {"type": "bool", "default": False},
            },
            "limits": True,
        },
        "approved": {"type": "dict", "limits": True},
        "places": {
            "type": "list",
            "elements": "dict",
            "options": {"port": {"type": "int", "required": True}},
            "limits": True,
        },
        "sources": {
            "type": "list",
            "elements": "dict",
            "options": {
                "folder": {"type": "path"},
                "mail": {"type": "dict", "options": {"paths": {"type": "list", "elements": "path"}}},
                "manager": {
                    "type": "dict",
                    "options": {
                        "key": {"type": "str", "no_log": True},
                        "names": {"type": "list", "elements": "str", "limits": True},
                    },
                },
            },
        },
        "url": {"type": "str", "limits": True},
        "number": {"type": "int"},
        "note": {"type": "str"},
        "days": {"type": "int", "default": 1, "range": (0, math.inf), "limits": True},
        "seconds": {"type": "float", "range": (0.1, 60)},
    },
)


@pytest.mark.parametrize(
    ("option", "given", "read"),
    [
        ("ids", "1,2", [1, 2]),
        ("ids", "[1, 2]", [1, 2]),
        ("names", "a.example.com,*.example.com", ["a.example.com", "*.example.com"]),
        ("names", "[ab].example.com", ["[ab].example.com"]),
        ("names", '["a", "b,c"]', ["a", "b,c"]),
        ("number", " ", None),
        ("note", '["a"]', '["a"]'),
        ("select", ' {"names": "a,b", "days": "3"}', {"names": ["a", "b"], "days": 3}),
        ("approved", '{"a": [1]}', {"a": [1]}),
        ("sources", '[{"folder": "/a"}, {"folder": "/b"}]', [{"folder": "/a"}, {"folder": "/b"}]),
        ("sources", ['{"folder": "/a"}'], [{"folder": "/a"}]),
        ("sources", "folder=/a", [{"folder": "/a"}]),
        ("sources", "folder=/a;folder=/b", [{"folder": "/a"}, {"folder": "/b"}]),
        ("sources", [{"mail": '{"paths": ["/a", "/b,c"]}'}], [{"mail": {"paths": ["/a", "/b,c"]}}]),
    ],
)
def test_a_value_is_read(option: str, given: object, read: object) -> None:
    assert given_part(SPEC.read({option: given})[option], read) == read


def given_part(value: t.Any, like: t.Any) -> t.Any:
    """A value less what Ansible adds to dicts: suboptions that are not set."""
    if isinstance(like, list):
        return [given_part(*pair) for pair in zip(value, like, strict=True)]
    return {name: given_part(value[name], like[name]) for name in like} if isinstance(like, dict) else value


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"select": None}, "select"),
        ({"approved": {}}, "approved"),
        ({"url": " "}, "url"),
        ({"days": ""}, "days"),
        ({"select": {"names": None}}, "select.names"),
        ({"select": {"imported": None}}, "select.imported"),
        ({"places": []}, "places"),
        ({"sources": [{"manager": {"names": []}}]}, "sources.manager.names"),
        ({"sources": ['{"manager": {"names": ""}}']}, "sources.manager.names"),
    ],
)
def test_what_limits_is_never_empty(given: dict[str, t.Any], place: str) -> None:
    refuse(given, f"{place} must not be null or empty: without a value, the run may do more than intended. ")


def test_true_is_no_number() -> None:
    """Ansible would make it 1."""
    refuse({"number": True}, "number must be a number, not true.")
    refuse({"select": {"days": False}}, "select.days must be a number, not false.")


def test_what_does_not_limit_may_be_empty_and_so_may_conditions() -> None:
    for given in ({"sources": []}, {"note": ""}, {"sources": None}, {"select": {}}, {"select": "{}"}):
        SPEC.read(given)


@pytest.mark.parametrize("given", [{"select": "names=a days=3"}, {"sources": [{"manager": "names=a"}]}])
def test_conditions_are_not_read_from_text_that_ansible_cuts(given: dict[str, t.Any]) -> None:
    refuse(given, r"[\w.]+ must be a dict: Ansible splits a string at spaces")


def refuse(given: dict[str, t.Any], why: str) -> None:
    with pytest.raises(CertificatesError, match=f"^{why}") as refused:
        SPEC.read(given)
    assert refused.value.code == "invalid_argument"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"days": -1}, "days must be 0 or more."),
        ({"seconds": 0}, "seconds must be from 0.1 to 60."),
        ({"seconds": "inf"}, "seconds must be from 0.1 to 60."),
        ({"seconds": math.nan}, "seconds must be from 0.1 to 60."),
    ],
)
def test_a_number_out_of_bounds_is_refused(given: dict[str, t.Any], why: str) -> None:
    with pytest.raises(CertificatesError) as refused:
        SPEC.read(given)
    assert refused.value.message == why


@pytest.mark.parametrize(("given", "read"), [({}, 1), ({"days": "0"}, 0), ({"days": 10**30}, 10**30), ({"days": 3}, 3)])
def test_a_number_within_its_bounds_is_read(given: dict[str, t.Any], read: int) -> None:
    assert SPEC.read(given)["days"] == read


def test_the_rest_ansible_refuses() -> None:
    for given in ({"days": "many"}, {"nobody": 1}, {"select": {"nobody": 1}}, {"sources": {"folder": "/a"}}):
        refuse(given, ".+")


def test_specs_compose() -> None:
    part = SPEC.select("days", "note")
    assert part.options.keys() == {"days", "note"}
    whole = ArgumentSpec(part.options, [("days", "note")], [("note",)]) + ArgumentSpec(
        {"ports": {"type": "list"}}, [("note", "ports")], [("ports",)]
    )
    given = whole.build_keywords()
    assert given["mutually_exclusive"] == [("days", "note"), ("note", "ports")]
    assert given["required_one_of"] == [("note",), ("ports",)]
    assert whole.options.keys() == {"days", "note", "ports"}


def test_ansible_does_not_get_what_only_this_collection_knows() -> None:
    """At no depth: `ansible-test sanity` refuses keys that it does not know."""
    given = SPEC.build_keywords()["argument_spec"]
    assert given["days"] == {"type": "int", "default": 1} and given["note"] == SPEC.options["note"]
    assert given["select"]["options"]["names"] == {"type": "list", "elements": "str"}
    assert "limits" not in str(given) and "range" not in str(given) and given.keys() == SPEC.options.keys()


def test_secrets_at_any_depth() -> None:
    given = {
        "sources": [
            {"manager": {"key": {"it": ["one"]}}},
            '{"manager": {"key": "two"}}',
            [{"manager": {"key": 3}}],
            "x",
        ],
        "note": "no",
    }
    assert [*SPEC.list_secrets(given)] == ["one", "two", "3"]


def test_secrets_are_not_shown() -> None:
    given = {"sources": [{"manager": {"key": "one", "names": ["a"]}}, {"folder": None}], "names": None, "places": None}
    manager = {"key": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "names": ["a"]}
    assert SPEC.redact(given) == {**given, "sources": [{"manager": manager}, {"folder": None}]}


def test_relative_paths_begin_in_a_folder() -> None:
    values = SPEC.read(
        {"sources": [{"folder": "a"}, {"folder": "/b"}, {"mail": {"paths": ["c", "/d"]}}, {"mail": {}}], "note": "e"}
    )
    SPEC.resolve_paths(values, "/srv")
    assert [source["folder"] for source in values["sources"]] == ["/srv/a", "/b", None, None]
    assert values["sources"][3]["mail"]["paths"] is None
    assert (values["sources"][2]["mail"]["paths"], values["note"]) == (["/srv/c", "/d"], "e")


@pytest.mark.parametrize("value", [None, "", " "])
def test_an_environment_variable_that_is_empty_sets_nothing(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("ONE", raising=False)
    if value is not None:
        monkeypatch.setenv("ONE", value)
    with pytest.raises(AnsibleFallbackNotFound):
        read_environment("ONE")
    monkeypatch.setenv("OTHER", " set\n")
    assert read_environment("ONE", "OTHER") == "set"
