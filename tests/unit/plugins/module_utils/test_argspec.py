# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person writes is read as a person would read it, or refused."""

from __future__ import annotations

import math
import typing as t

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import (
    HOW_TO_SELECT,
    UNFIT,
    ArgumentSpec,
    check_beside_several,
    import_options,
    secret_certificate_options,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError

SPEC = ArgumentSpec(
    options={
        "ids": {"type": "list", "elements": "int"},
        "names": {"type": "list", "elements": "str"},
        "paths": {"type": "list", "elements": "path"},
        "phases": {"type": "list", "elements": "str", "default": ["one"]},
        "select": {
            "type": "dict",
            "options": {
                "ids": {"type": "list", "elements": "int"},
                "names": {"type": "list", "elements": "str"},
                "days": {"type": "int"},
            },
        },
        "sources": {
            "type": "list",
            "elements": "dict",
            "options": {
                "folder": {"type": "path"},
                "mail": {"type": "dict", "options": {"paths": {"type": "list", "elements": "path"}}},
            },
        },
        "user": {"type": "str", "fallback": (print, [])},
        "note": {"type": "str"},
        "days": {"type": "int", "default": 1},
        "seconds": {"type": "float"},
    },
    limits={"select": HOW_TO_SELECT, "days": (0, math.inf), "seconds": (0.1, 60)},
)


@pytest.mark.parametrize(
    ("option", "given", "meant"),
    [
        ("ids", "1,2", ["1", "2"]),
        ("ids", "1, 2", ["1", "2"]),
        ("ids", " 1 2\n3\r\n4;5 ", ["1", "2", "3", "4", "5"]),
        ("ids", "[1, 2]", [1, 2]),
        ("ids", "12", ["12"]),
        ("ids", 12, 12),  # Ansible makes a list of it
        ("ids", None, []),
        ("ids", "  ", []),
        ("ids", [None, 1, ""], [1]),
        ("names", "a.example.com,\n *.example.com", ["a.example.com", "*.example.com"]),
        ("names", "[ab].example.com", ["[ab].example.com"]),
        ("names", '["a", null, "b"]', ["a", "b"]),
        ("names", [" a"], [" a"]),  # a list says itself where an item begins
        ("paths", "/srv/my mail, /b\n/c", ["/srv/my mail", "/b", "/c"]),
        ("phases", None, None),  # Ansible refuses it
        ("phases", "one two", ["one", "two"]),
        ("select", "{}", {}),
        ("select", '{"names": "a b", "days": "3"}', {"names": ["a", "b"], "days": "3"}),
        ("select", {"names": None}, {"names": []}),
        ("sources", {"folder": "/a"}, [{"folder": "/a"}]),
        ("sources", '{"folder": "/a"}', [{"folder": "/a"}]),
        ("sources", '[{"mail": {"paths": "/a,/b"}}]', [{"mail": {"paths": ["/a", "/b"]}}]),
        ("sources", [{"mail": '{"paths": null}'}], [{"mail": {"paths": []}}]),
        ("sources", "folder=/a", ["folder=/a"]),
        ("note", "", ""),
    ],
)
def test_a_value_is_read_as_it_is_meant(option: str, given: object, meant: object) -> None:
    assert SPEC.as_meant({option: given}) == {option: meant}


def test_what_the_environment_may_set_is_not_given_where_it_is_blank() -> None:
    assert SPEC.as_meant({"user": "", "_ansible_verbosity": 0}) == {"_ansible_verbosity": 0}


@pytest.mark.parametrize("text", ['"a", "b"', "[a", "a]", "{a}", "'a'", "# a", '["a"', '{"a": 1}'])
def test_a_list_in_another_syntax_is_refused_with_the_one_that_is_meant(text: str) -> None:
    with pytest.raises(CertificatesError, match=r"^names is .*, which is no list\. Write it like one, two"):
        SPEC.as_meant({"names": text})


@pytest.mark.parametrize("text", ["folder:/a", "/a", "[folder", '{"folder": '])
def test_a_list_of_dicts_in_another_syntax_is_refused_with_an_option_that_they_have(text: str) -> None:
    with pytest.raises(
        CertificatesError, match=r'^sources is a text, .* Write it as JSON, such as \[\{"\w+": "\.\.\."\}\]'
    ):
        SPEC.as_meant({"sources": text})


@pytest.mark.parametrize("given", [None, "", "names=a", "names=a days=3", "[]", 3, "{"])
def test_a_selection_that_may_have_lost_a_condition_is_refused(given: object) -> None:
    with pytest.raises(CertificatesError, match=r"^select is no dict\. Write \{\} for all orders"):
        SPEC.read({"select": given})


@pytest.mark.parametrize(("given", "what"), [(None, "null"), (" ", "blank")])
def test_a_condition_that_says_nothing_is_refused(given: object, what: str) -> None:
    with pytest.raises(CertificatesError, match=rf"^select\.days is {what}, which is no condition\."):
        SPEC.read({"select": {"days": given}})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"days": -1}, "days must be 0 or more."),
        ({"days": "-1"}, "days must be 0 or more."),
        ({"seconds": 0}, "seconds must be from 0.1 to 60."),
        ({"seconds": "60.5"}, "seconds must be from 0.1 to 60."),
        ({"seconds": "inf"}, "seconds must be from 0.1 to 60."),
        ({"seconds": math.nan}, "seconds must be from 0.1 to 60."),
        ({"days": True}, "days takes a number, and true or false is none."),
        ({"days": "inf"}, "days takes a whole number, and its value is something else."),
        ({"days": math.inf}, "days takes a whole number, and its value is something else."),
        ({"ids": [1, "-1e999"]}, "ids[1] takes a whole number, and its value is something else."),
        ({"select": {"days": "Infinity"}}, "select.days takes a whole number, and its value is something else."),
    ],
)
def test_a_number_beyond_its_limits_is_refused(given: dict[str, t.Any], why: str) -> None:
    with pytest.raises(CertificatesError) as refused:
        SPEC.read(given)
    assert refused.value.message == why


@pytest.mark.parametrize(("given", "read"), [({}, 1), ({"days": "0"}, 0), ({"days": 10**30}, 10**30), ({"days": 3}, 3)])
def test_a_number_within_its_limits_is_read(given: dict[str, t.Any], read: int) -> None:
    assert SPEC.read(given)["days"] == read


def test_what_is_no_number_ansible_refuses() -> None:
    with pytest.raises(CertificatesError, match=r"days takes a whole number, and its value is something else\."):
        SPEC.read({"days": "many"})
    for inside, option in (({"days": "many"}, r"select\.days"), ({"ids": "1,many"}, r"select\.ids")):
        with pytest.raises(
            CertificatesError, match=rf"^{option} takes a whole number, and its value is something else\.$"
        ):
            SPEC.read({"select": inside})
    with pytest.raises(CertificatesError, match=r"^select\.names takes a list, and its value is something else\.$"):
        SPEC.read({"select": {"names": {"a": True}}})
    with pytest.raises(CertificatesError, match=r"^login\.password takes a text, and its value is something else\.$"):
        login = {"type": "dict", "options": {"password": {"type": "str", "required": True}}}
        ArgumentSpec({"login": login}).read({"login": {"password": None}})
    mail = ArgumentSpec({"mail": {"type": "dict", "options": {"imap": {"type": "dict"}, "maildir": {"type": "path"}}}})
    with pytest.raises(CertificatesError, match=r"mail takes a dict, .* else\. It has the keys imap, maildir\.$"):
        mail.read({"mail": "/srv/mail"})


@pytest.mark.parametrize("kind", ["<class 'dict'>", "dict"])
def test_what_each_ansible_core_says_of_a_type_is_understood(kind: str) -> None:
    """It would quote the value, which may be a secret in the wrong place."""
    for said, groups in (
        (f"argument 'days' is of type {kind} and we were unable to convert to int: no", ("days", None, None, "int")),
        (
            f"argument 'days' is of type {kind} found in 'select'. and we were unable to convert to int: no",
            ("days", None, "select", "int"),
        ),
        (
            f"Elements value for option 'ids' found in 'select' is of type {kind} and we were unable to convert to int: no",
            ("ids", "select", None, "int"),
        ),
    ):
        unfit = UNFIT.search(said)
        assert unfit and unfit.groups() == groups


@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_blank_text_is_null_where_null_says_something(blank: object) -> None:
    """As ansible-core 2.18 renders it; of any other option Ansible refuses it."""
    item = {"type": "dict", "options": {"id": {"type": "int"}, "port": {"type": "int"}}}
    spec = ArgumentSpec({"id": {"type": "int"}, "items": {**item, "type": "list", "elements": "dict"}}, nullable=["id"])
    spec += ArgumentSpec({"other": {"type": "int"}})
    given = {"id": blank, "items": [{"id": blank, "port": " "}, {"port": 1}, "id=1"], "other": ""}
    meant = spec.as_meant(given)
    assert meant == {"id": None, "items": [{"id": None, "port": " "}, {"port": 1}, "id=1"], "other": ""}
    assert given["id"] == blank and given["items"][0]["id"] == blank
    with pytest.raises(CertificatesError, match="other takes a whole number"):
        spec.read({"other": ""})


def test_the_limits_of_options_go_with_them() -> None:
    assert SPEC.only("days", "note").limits == {"days": (0, math.inf)}
    assert (SPEC.only("days") + SPEC.only("select")).limits.keys() == {"days", "select"}


def test_the_given_values_stay_as_they_are() -> None:
    given: dict[str, t.Any] = {"select": {"names": "a b"}, "ids": [None]}
    SPEC.as_meant(given)
    assert given == {"select": {"names": "a b"}, "ids": [None]}


OF_EACH = {"state", "allow_expired", "verify_chain", "trust"}
"""What entries of `certificates` have with a default in both modules that take several."""


@pytest.mark.parametrize(
    ("spec", "own"),
    [(import_options(), {"remove_superseded"}), (secret_certificate_options(), {"secret_group", "force"})],
)
def test_what_belongs_into_the_entries_of_several_does_not_stand_beside_them(spec: ArgumentSpec, own: set[str]) -> None:
    names = OF_EACH | own
    with pytest.raises(CertificatesError) as refused:
        check_beside_several(spec, {"certificates": []}, names | {"certificates", "timeout", "notes"})
    said = ", ".join(sorted(names))
    assert refused.value.message == f"With certificates, give {said} inside its entries, not beside them."
    check_beside_several(spec, {"certificates": []}, {"certificates", "timeout"})
    check_beside_several(spec, {"certificates": None}, names)
