# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables mean what a person reads in them, or the run is refused: no order is mailed that was not asked for.

Every variable of the role, in the forms that a shell, a survey, AWX and YAML give: `CASES` in a play that includes the role, and some
of them once more on the command line of a playbook.

Promise: Only intended recipients get emails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.outside.forms import ANSIBLES_OWN, Refused, assert_complete, included
from tests.outside.playing import Played, play
from tests.outside.stranger import Stranger

ROLE = Path(__file__).resolve().parents[2] / "roles" / "ssl_fulfillment"
VARIABLES = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"][
    "options"
]
ORDERS = {
    1: ("one.example.com", "admin@example.com"),
    2: ("two.example.com", "admin@example.com"),
    12: ("twelve.example.com", "admin@example.com"),
    2013: ("a.example.org", "admin@example.org"),
    2014: ("b.example.org", "admin@example.net"),
}
ALL = set(ORDERS)
RESEND = "softlayer.certificates.resend"
SECRET = "h0rse-battery-staple"


# By variable: what is given, and which orders are mailed then, or what the refusal says.
CASES: dict[str, list[tuple[Any, set[int] | Refused]]] = {
    "ssl_fulfillment_phases": [
        ("request", ALL),
        ('["Request"]', ALL),
        (None, Refused("request, collect, import, report")),
        ("", Refused("request, collect, import, report")),
        ("reqest", Refused("one of request, collect, import, report")),
        ({"request": True}, Refused("list")),
        (
            "request, deploy",
            Refused("Run the playbook softlayer.certificates.deploy, or that role with ssl_rotation_phases"),
        ),
    ],
    "ssl_fulfillment_select": [
        ({}, ALL),
        ("{}", ALL),
        ('{"common_names": ["one.example.com"], "order_ids": "1 2 12"}', {1}),
        ("{common_names: [one.example.com, '*.example.org']}", {1, 2013, 2014}),
        ("common_names=two.example.com", Refused("give all of them as JSON")),
        ("common_names=two.example.com,imported=false", Refused("give all of them as JSON")),
        ({"common_names": None}, set()),
        ({"common_names": [None, ""]}, set()),
        ({"order_ids": None}, set()),
        ({"statuses": ""}, set()),
        ({"approver_emails": None}, set()),
        ({"expires_within_days": "", "statuses": "Approved", "approver_emails": "*@example.net"}, {2014}),
        ({"order_ids": [True]}, Refused("whole number")),
        ({"imported": "maybe"}, Refused("true or false")),
        ({"common_name": "one.example.com"}, Refused("ssl_fulfillment_select.common_name")),
        (None, Refused("Write {} for all")),
        (" ", Refused("Write {} for all")),
        ("common_names=a.example.org,b.example.org", Refused("dict")),
        ('{"common_names": ["one.example.com"]', Refused("dict")),
        (12, Refused("dict")),
    ],
    "ssl_fulfillment_order_ids": [
        (12, {12}),
        ("2013,2014", {2013, 2014}),
        ("[2013, 2014]", {2013, 2014}),
        (None, set()),
        ([None], set()),
        (2.9, Refused("whole number")),
        (True, Refused("list")),
        ("[2013, 2014", Refused("list")),
        ({"1": "2"}, Refused("is a dict, which is no list. Write it like 12, 34")),
    ],
    "ssl_fulfillment_from_inventory": [
        (" No ", ALL),
        (None, ALL),
        ("yes", Refused("No host of the play is one of the selected orders")),
        ("maybe", Refused("true or false")),
    ],
    "ssl_fulfillment_inventory_vars_prefix": [(None, ALL), (["x"], Refused("text"))],
    "ssl_fulfillment_batch_size": [("2", ALL), (None, ALL), (0, Refused("at least 1")), (2.5, Refused("whole number"))],
    "ssl_fulfillment_min_interval_hours": [("0.5", ALL), (None, ALL), (True, Refused("number"))],
    "ssl_fulfillment_allowed_recipients": [
        ("*@example.net, *@example.org", {2013, 2014}),
        ('["*@example.net"]', {2014}),
        (None, set()),
        ("", set()),
        ([None, ""], set()),
        ("*@example.net\n# *@example.com\n", Refused("list")),
        ("[*@example.net]", Refused("list")),
        ({"a": "*"}, Refused("is a dict, which is no list. Write it like one, two")),
    ],
    "ssl_fulfillment_max_orders": [
        ("5.0", ALL),
        (None, ALL),
        ("4", Refused("raise ssl_fulfillment_max_orders")),
        ("2.9", Refused("whole")),
    ],
    "ssl_fulfillment_force": [("false", ALL), (None, ALL), ("perhaps", Refused("true or false"))],
    "ssl_fulfillment_ledger_url": [(None, ALL), (["sqlite://"], Refused("text"))],
    "ssl_fulfillment_allow_ephemeral_ledger": [("yes", ALL), (None, ALL), ("later", Refused("true or false"))],
    "ssl_fulfillment_mail": [
        (None, ALL),
        ('{"maildir": "/nowhere"}', ALL),
        ({"imap": {"host": "h", "username": "u"}}, Refused("ssl_fulfillment_mail.imap lacks password")),
        ({"imap": {"host": "h", "username": "u", "password": [SECRET]}}, Refused("ssl_fulfillment_mail.imap.password")),
        (f"{{imap: {{host: h, username: u, password: a, {SECRET}: b}}}}", Refused("unknown key")),
        (
            {"imap": {"host": "h", "username": "u", "password": SECRET, "security": "none"}},
            Refused("ssl_fulfillment_mail cannot be used: The password is not sent to h without TLS"),
        ),
        (
            {"imap": {"host": "h", "username": "u", f"password {SECRET}": None}},
            Refused("ssl_fulfillment_mail.imap has an unknown key."),
        ),
        ({"pop3": "h"}, Refused("ssl_fulfillment_mail.pop3")),
        ("mail.example.com", Refused("dict")),
    ],
    "ssl_fulfillment_wait": [("on", ALL), (None, ALL), ("2", Refused("true or false"))],
    "ssl_fulfillment_wait_timeout": [
        ("60", ALL),
        (None, ALL),
        ("long", Refused("number")),
        ("-1", Refused("greater than 0")),
    ],
    "ssl_fulfillment_certificate_dir": [("~/certificates", ALL), (None, ALL), (["/a"], Refused("path"))],
    "ssl_fulfillment_trust": [("warn", ALL), (None, ALL), ("perhaps", Refused("require, warn"))],
    "ssl_fulfillment_trusted_ca_path": [("~/roots", ALL), (None, ALL), (["/a"], Refused("path"))],
    "ssl_fulfillment_intermediate_path": [("~/ca.pem", ALL), (None, ALL), ({"a": "b"}, Refused("path"))],
    "ssl_fulfillment_privatekey_dir": [("", ALL), (None, ALL), (True, Refused("path"))],
    "ssl_fulfillment_privatekey_passphrase": [(123, ALL), (None, ALL), ({SECRET: SECRET}, Refused("text"))],
    "ssl_fulfillment_remove_superseded": [("n", ALL), (None, ALL), ("sure", Refused("true or false"))],
    "ssl_fulfillment_report_path": [("report.html", ALL), (None, ALL), (False, Refused("path"))],
    "ssl_fulfillment_report_language": [("DE", ALL), (None, ALL), ("fr", Refused("en, de"))],
}


INCLUDED = list(included(CASES, ALL))
PARTS = 4


def test_every_variable_has_its_cases() -> None:
    assert_complete(CASES, VARIABLES)


@pytest.fixture
def api() -> Iterator[Stranger]:
    """A stranger's API, whose emails are counted."""
    stranger = Stranger()
    for number, (name, address) in ORDERS.items():
        stranger.add_order(number, name, approverEmailAddress=address)
    with stranger.serving():
        yield stranger


def including(number: int, variables: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A block that includes the role with variables, as a user of its own, and writes down why it was refused."""
    ledger = {"ssl_fulfillment_ledger_url": f"sqlite:///{folder}/{number}.sqlite3"}
    sentence = {"content": "{{ ansible_failed_result.msg }}", "dest": f"{folder}/{number}.refused", "mode": "0600"}
    return {
        "environment": {"SL_USERNAME": f"user{number}"},
        "block": [{"include_role": {"name": "softlayer.certificates.ssl_fulfillment"}, "vars": ledger | variables}],
        "rescue": [{"copy": sentence}],
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_a_play_of_their_own(api: Stranger, tmp_path: Path, part: int) -> None:
    chosen = list(enumerate(INCLUDED))[part::PARTS]
    tasks = [including(number, variables, tmp_path) for number, (variables, _expected) in chosen]
    here = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    text = yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "vars": here, "tasks": tasks}])
    ran = play(tmp_path, text, "-vvv", env=api.login)
    wrong = []
    for number, (variables, expected) in chosen:
        told = tmp_path / f"{number}.refused"
        sentence = told.read_text("utf-8").removeprefix(ANSIBLES_OWN) if told.exists() else ""
        mailed = sorted(call.identifier for call in api.made("resendEmail") if call.username == f"user{number}")
        if isinstance(expected, Refused):
            fine = not mailed and expected in sentence and any(word in sentence for word in (*variables, "No host"))
            fine = fine and "\n" not in sentence
        else:
            fine = mailed == sorted(expected) and (not sentence or "recipient" in sentence)
        if not fine:
            wrong.append((variables, expected, mailed, sentence))
    assert wrong == [], ran.output[-5000:]
    assert SECRET not in ran.output


ON_THE_COMMAND_LINE: dict[str, set[int] | Refused] = {
    'ssl_fulfillment_select={"common_names":["one.example.com"]}': {1},
    "ssl_fulfillment_select=common_names=one.example.com order_ids=12": Refused("""-e '{"ssl_fulfillment_select": {"""),
    "ssl_fulfillment_select=": Refused("ssl_fulfillment_select is empty. Write {} for all"),
    "ssl_fulfillment_select=null": Refused("ssl_fulfillment_select"),
    "ssl_fulfillment_order_ids=12": {12},
    "ssl_fulfillment_order_ids=2013,2014": {2013, 2014},
    "ssl_fulfillment_order_ids='[2013, 2014]'": {2013, 2014},
    "ssl_fulfillment_order_ids=": set(),
    '{"ssl_fulfillment_allowed_recipients": null}': Refused("ssl_fulfillment_allowed_recipients"),
    "ssl_fulfillment_allowed_recipients=*@example.net ssl_fulfillment_order_ids=2014": {2014},
    "ssl_fulfillment_phases=report": Refused("ssl_fulfillment_phases"),
    "ssl_fulfillment_phases=request,import": Refused("ssl_fulfillment_phases"),
    '{"ssl_fulfillment_from_inventory": null, "ssl_fulfillment_order_ids": "1"}': {1},
    "ssl_fulfillment_from_inventory=maybe": Refused("ssl_fulfillment_from_inventory"),
    "vars.yml": Refused('no variable of "vars.yml"'),  # which lacks its @
    "ssl_fulfillment_select:{order_ids:1}": Refused("Write -e @FILE for a file"),
    'ssl_fulfillment_select = {"order_ids":[1]}': Refused("without blanks around the sign"),
    'ssl-fulfillment-select={"order_ids":[1]}': Refused("does not know ssl-fulfillment-select"),
}


def in_one_sentence(ran: Played) -> str:
    """The sentence in which a run was refused."""
    lines = [line for line in ran.output.splitlines() if line.startswith("fatal:")]
    return json.loads(lines[0].partition("=> ")[2])["msg"] if lines else ran.output


@pytest.mark.parametrize("given", ON_THE_COMMAND_LINE)
def test_a_playbook_with_variables_of_the_command_line(api: Stranger, tmp_path: Path, given: str) -> None:
    expected = ON_THE_COMMAND_LINE[given]
    ran = play(tmp_path, RESEND, "-e", given, env=api.login)
    if isinstance(expected, Refused):
        assert ran.code != 0 and api.mailed == [], ran.output
        assert expected in in_one_sentence(ran), ran.output
    else:
        assert ran.code == 0, ran.output
        assert sorted(api.mailed) == sorted(expected)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            '{"ssl_fulfillment_select": {"common_names": null, "order_ids": " "}}',
            "ssl_fulfillment_select.order_ids and ssl_fulfillment_select.common_names are null or empty",
        ),
        ("ssl_fulfillment_order_ids=", "ssl_fulfillment_order_ids is null or empty; to select all, leave it out"),
        (
            '{"ssl_fulfillment_select": {"common_names": "none.example"}}',
            "the account has none that fits the selection",
        ),
    ],
)
def test_a_selection_of_nothing_is_told(api: Stranger, tmp_path: Path, given: str, told: str) -> None:
    ran = play(tmp_path, RESEND, "-e", given, env=api.login)
    assert ran.code == 0 and api.mailed == [], ran.output
    assert f"no order is selected, because {told}" in ran.output
