# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a variable means in each of its forms, and the sentences about what cannot be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._forms import (
    in_words_of_role,
    meant_type,
    read_variable,
    read_variables,
)
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[4]


def options_of(role: Path) -> dict[str, Any]:
    """A role's variables, with what Ansible is not told of them."""
    options = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"][
        "options"
    ]
    meant = yaml.safe_load((role / "vars" / "main.yml").read_text("utf-8"))[f"__{role.name}_meant"]
    known = {
        name: {key: value for key, value in entries.items() if not isinstance(value, dict) and "{" not in str(value)}
        for name, entries in meant.items()
    }
    return {name: {**option, **known.get(name, {})} for name, option in options.items()}


ROLES = {role.name: options_of(role) for role in ROOT.glob("roles/ssl_*")}
ROLE = ROLES["ssl_fulfillment"]
IDS = {"type": "list", "elements": "int"}
WORDS = {"type": "list", "elements": "str"}
PATHS = {"type": "list", "elements": "path"}
BOOL, INT, FLOAT, STR = ({"type": kind} for kind in ("bool", "int", "float", "str"))
PASSWORD = {"type": "str", "no_log": True}
SELECT, MAIL = ROLE["ssl_fulfillment_select"], ROLE["ssl_fulfillment_mail"]
PHASES, FAIL_ON = ({"type": "list", **ROLES["ssl_rotation"][f"ssl_rotation_{name}"]} for name in ("phases", "fail_on"))
TYPES: dict[str, Any] = {"list": list, "dict": dict, "bool": bool, "int": int, "float": float, "str": str, "path": str}


def parse(text: str) -> object:
    """YAML as the filter parses it."""
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def read(value: object, option: dict[str, Any]) -> Any:
    """What a value of the variable `it` means."""
    return read_variable("it", value, option, parse)


@pytest.mark.parametrize(
    ("option", "value", "meant"),
    [
        (IDS, 12, [12]),
        (IDS, "12", [12]),
        (IDS, 12.0, [12]),
        (IDS, "12.0", [12]),
        (IDS, "2013,2014", [2013, 2014]),
        (IDS, " 2013 ; 2014\n", [2013, 2014]),
        (IDS, "[2013, 2014]", [2013, 2014]),
        (IDS, "['0123', 0456]", [123, 456]),
        (IDS, "- 1\n- 2", [1, 2]),
        (IDS, [1, "2", None, " "], [1, 2]),
        (IDS, None, []),
        (IDS, " ", []),
        (IDS, "[]", []),
        (IDS, "[null]", []),
        (WORDS, "a, b,,c", ["a", "b", "c"]),
        (WORDS, "a b\nc", ["a", "b", "c"]),
        (WORDS, "[*].example.com", ["[*].example.com"]),
        (WORDS, "[a, 'b c']", ["a", "b c"]),
        (WORDS, '["on", 1.5]', ["on", "1.5"]),
        (WORDS, 12, ["12"]),
        (WORDS, [12, "x"], ["12", "x"]),
        (PATHS, "/a b, /c\n/d", ["/a b", "/c", "/d"]),
        (PATHS, "- /a b\n-\n- /c", ["/a b", "/c"]),
        (BOOL, " Yes ", True),
        (BOOL, "off", False),
        (BOOL, 1, True),
        (BOOL, 0.0, False),
        (BOOL, "", None),
        (BOOL, None, None),
        (INT, "-5", -5),
        (INT, 7.0, 7),
        (INT, "007", 7),
        (INT, "", None),
        (FLOAT, "1.5", 1.5),
        (FLOAT, ".5", 0.5),
        (FLOAT, 24, 24.0),
        (STR, " kept as it is ", " kept as it is "),
        (STR, 83, "83"),
        (STR, "", None),
        (PASSWORD, "   ", "   "),
        (PASSWORD, "", None),
        (SELECT, {}, {}),
        (SELECT, "{}", {}),
        (SELECT, '{"order_ids": [1, "2"], "imported": "no"}', {"order_ids": [1, 2], "imported": False}),
        (SELECT, "{order_ids: 0123}", {"order_ids": [123]}),
        (SELECT, {"order_ids": None, "imported": None}, {"order_ids": []}),
        (SELECT, "common_names: [a]\nstatuses: approved, Complete", {"common_names": ["a"], "statuses": ["approved", "complete"]}),
        (MAIL, "maildir=/srv/mail", {"maildir": "/srv/mail"}),
        (MAIL, {"paths": "/a, /b", "imap": None}, {"paths": ["/a", "/b"]}),
        (MAIL, {"imap": {"host": "h", "username": "u", "password": 12}}, {"imap": {"host": "h", "username": "u", "password": "12"}}),
        (MAIL, "", None),
        (MAIL, None, None),
        (FAIL_ON, "Expired, held_back", ["expired", "held_back"]),
        *((FAIL_ON, nothing, []) for nothing in ([], None, "", "[]", [None])),
    ],
)  # fmt: skip
def test_what_is_meant(option: dict[str, Any], value: object, meant: object) -> None:
    found = read(value, option)
    assert found == meant and type(found) is type(meant)


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        (IDS, True, "no list"),
        (IDS, [True], "is true, but must be a whole number"),
        (IDS, 2.9, "whole number"),
        (IDS, "2.9", "whole number"),
        (IDS, "1e3", "whole number"),
        (IDS, "0x10", "whole number"),
        (IDS, "1-5", "whole number"),
        (IDS, "all", '"all"'),
        (IDS, "[1, 2", "no list"),
        (IDS, "[1, [2]]", "a list"),
        (IDS, {"1": 2}, "a dict"),
        (IDS, "٣", "whole number"),
        (WORDS, '"a","b"', "no list"),
        (WORDS, "[*.example.com]", "no list"),
        (WORDS, "a\n# b", "no list"),
        (WORDS, "{a}", "no list"),
        (WORDS, [True], "true, but must be text"),
        (WORDS, [["a"]], "a list"),
        (BOOL, "maybe", "true or false"),
        (BOOL, 2, "true or false"),
        (BOOL, [], "true or false"),
        (INT, True, "whole number"),
        (INT, "1,000", "whole number"),
        (INT, "1_000", "whole number"),
        (INT, "9" * 5000, "whole number"),
        (FLOAT, "nan", "a number"),
        (FLOAT, float("inf"), "a number"),
        (FLOAT, "1" * 5000, "a number"),
        (STR, True, "text"),
        (STR, ["a"], "text"),
        (SELECT, None, "Write {} for all"),
        (SELECT, "\n", "Write {} for all"),
        (SELECT, "everything", "must be a dict"),
        (SELECT, "common_names=a,b", "must be a dict"),
        (SELECT, "common_names=a", """ -e '{"it": {"common_names": ...}}', or in a file"""),
        (SELECT, "common_names=a.example.com statuses=Approved", "cuts -e name=value at a blank"),
        (SELECT, "imported=no imported=yes", "all of them as JSON"),
        (SELECT, "{", "must be a dict"),
        (SELECT, "[" * 100_000, "must be a dict"),
        (SELECT, ["order_ids"], "must be a dict"),
        (SELECT, {"common_name": "a", "status": "b"}, "has no key common_name, status (it.common_name, it.status)"),
        (SELECT, {"statuses": "cancelled"}, "pending, approved, complete, canceled, unknown"),
        (MAIL, {"imap": {"host": "h"}}, "it.imap lacks username, password"),
        (MAIL, {"imap": "imap.example.com"}, "it.imap is"),
        (FAIL_ON, "nothing", "must be one of expired, expiring, held_back, not_served"),
        *((PHASES, nothing, "it is empty. Name one or more of ") for nothing in ([], None, "", "[]", [None])),
    ],
)  # fmt: skip
def test_one_sentence_says_what_to_write(option: dict[str, Any], value: object, says: str) -> None:
    with pytest.raises(CertificatesError) as caught:
        read(value, option)
    sentence = caught.value.message
    assert caught.value.code == "invalid_argument"
    assert says in sentence and sentence.startswith("it") and sentence.endswith(".")
    assert "\n" not in sentence and len(sentence) < 400


@pytest.mark.parametrize(
    "value",
    [
        {"imap": {"host": "h", "username": "u", "password": ["s3cret"]}},
        {"imap": "host=h password=s3cret"},
        '{"imap": {"host": "h", "username": "u", "password": "s3cret"',
        "{imap: {host: h, username: u, password: a, s3cret: b}}",
        "imap=h,password=s3cret",
        "maildir=/a s3cret=b",
        "s3cret",
        12,
        ["s3cret"],
    ],
)
def test_no_sentence_tells_a_secret(value: object) -> None:
    with pytest.raises(CertificatesError) as caught:
        read(value, MAIL)
    assert "s3cret" not in caught.value.message


def test_all_variables_at_once() -> None:
    options = {
        "a_phases": {"type": "raw", "elements": "str", "default": ["x"]},
        "a_number": {"type": "raw", "default": 5},
        "a_text": {"type": "str"},
        "a_list": {"type": "raw"},
        "a_word": {"type": "str", "default": "one", "choices": ["one", "two"]},
    }
    values, refused = read_variables({"a_number": "", "a_word": "TWO", "other": 1}, options, parse)
    assert (values, refused) == ({"a_phases": ["x"], "a_number": 5, "a_word": "two"}, [])
    meant = {"a_phases": {"choices": ["x", "y"]}, "a_list": {"type": "list", "elements": "int"}}
    given = {"a_phases": "z", "a_number": "q", "a_list": "1 2", "a_text": None}
    values, refused = read_variables(given, options, parse, meant)
    assert values == {"a_list": [1, 2], "a_word": "one"}
    assert refused == [
        'a_phases is "z", but must be one of x, y.',
        'a_number is "q", but must be a whole number, such as 12.',
    ]
    meant = {"a_phases": {"choices": ["x", "y"], "unlisted": ["old"]}}
    assert read_variables({"a_phases": ["x", "old"]}, options, parse, meant)[0]["a_phases"] == ["x", "old"]
    assert "one of x, y." in read_variables({"a_phases": "z"}, options, parse, meant)[1][0]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Raise max_orders.", "Raise ssl_fulfillment_max_orders."),
        ("max_orders (4), or order_ids: 1", "ssl_fulfillment_max_orders (4), or ssl_fulfillment_order_ids: 1"),
        ("check common_names", "check ssl_fulfillment_select.common_names"),
        ("check imap.password!", "check ssl_fulfillment_mail.imap.password!"),
        ("give max_age_days", "give ssl_fulfillment_mail.max_age_days"),
        ("see ssl_fulfillment_max_orders", "see ssl_fulfillment_max_orders"),
        *(
            (text, text)
            for text in (
                "set username, api_key, ca_path or timeout",
                "the mail of trust and force",
                "/srv/max_orders: no",
                "max_orders/x, max_orders.txt, x@max_orders, max_orders@x",
            )
        ),
    ],
)
def test_a_message_in_the_words_of_the_role(message: str, said: str) -> None:
    assert in_words_of_role(message, ROLE, "ssl_fulfillment_") == said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
VARIABLES = [(role, name) for role, options in ROLES.items() for name in options]


@pytest.mark.parametrize(("role", "name"), VARIABLES)
def test_every_variable_says_what_it_is_meant_to_be(role: str, name: str) -> None:
    option = ROLES[role][name]
    assert meant_type(option) in TYPES
    defaults = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text("utf-8"))
    assert defaults.get(name) == option.get("default")


@pytest.mark.parametrize(("role", "name"), VARIABLES)
@given(value=JSON)
def test_whatever_is_given_is_read_or_refused(role: str, name: str, value: object) -> None:
    values, refused = read_variables({name: value}, {name: ROLES[role][name]}, parse)
    if refused:
        assert len(refused) == 1 and re.match(rf"{name}\b", refused[0]) and name not in values
    elif name in values:
        assert isinstance(values[name], TYPES[meant_type(ROLES[role][name])])
