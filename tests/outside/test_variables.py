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
NULL = Refused("NoneType")
"""What Ansible says of null where a default is."""
CASES: dict[str, list[tuple[Any, set[int] | Refused]]] = {
    "ssl_fulfillment_phases": [
        ("request", ALL),
        (None, NULL),
        ("", Refused("Name one or more of request, collect, import, report")),
        ("reqest", Refused("names reqest. Name one or more of request, collect, import, report")),
        ({"request": True}, Refused("list")),
        (
            "request, deploy",
            Refused("Run the playbook softlayer.certificates.deploy, or that role with ssl_rotation_phases"),
        ),
    ],
    "ssl_fulfillment_select": [
        ({}, ALL),
        ("{}", ALL),
        ('{"common_names": ["one.example.com"], "order_ids": [1, 2, 12]}', {1}),
        ('{"common_names": "one.example.com, *.example.org"}', {1, 2013, 2014}),
        ("{common_names: [one.example.com, '*.example.org']}", Refused("dict")),
        ("common_names=two.example.com", Refused("write JSON there")),
        ("common_names=two.example.com,imported=false", Refused("write JSON there")),
        ({"common_names": None}, set()),
        ({"common_names": [None, ""]}, set()),
        ({"order_ids": None}, set()),
        ({"statuses": ""}, Refused("statuses")),
        ({"approver_emails": None}, set()),
        ({"statuses": "approved", "approver_emails": "*@example.net"}, {2014}),
        ({"expires_within_days": ""}, Refused("int")),
        ({"order_ids": [True]}, Refused("takes a number, and true or false is none")),
        ({"imported": "maybe"}, Refused("bool")),
        ({"common_name": "one.example.com"}, Refused("ssl_fulfillment_select.common_name")),
        (None, NULL),
        (" ", Refused("dict")),
        ('{"common_names": ["one.example.com"]', Refused("dict")),
    ],
    "ssl_fulfillment_order_ids": [
        (12, {12}),
        ("2013,2014", {2013, 2014}),
        ("[2013, 2014]", Refused("int")),
        (None, set()),
        ([None], Refused("int")),
        (2.9, Refused("int")),
        (True, Refused("int")),
        ("[2013, 2014", Refused("int")),
        ({"1": "2"}, Refused("list")),
    ],
    "ssl_fulfillment_from_inventory": [
        ("No", ALL),
        (None, NULL),
        ("yes", Refused("No host of the play is an SSL order")),
        ("maybe", Refused("bool")),
    ],
    "ssl_fulfillment_inventory_vars_prefix": [("order_", ALL), (None, ALL)],
    "ssl_fulfillment_batch_size": [("2", ALL), (None, NULL), (2.5, Refused("int"))],
    "ssl_fulfillment_min_interval_hours": [("0.5", ALL), (None, NULL), (True, Refused("takes a number"))],
    "ssl_fulfillment_allowed_recipients": [
        ("*@example.net, *@example.org", {2013, 2014}),
        ('["*@example.net"]', {2014}),
        (None, set()),
        ("", set()),
        ([None, ""], set()),
        ("*@example.net\n# *@example.com\n", Refused("which is no list")),
        ("[*@example.net", Refused("which is no list")),
        ({"a": "*"}, Refused("list")),
    ],
    "ssl_fulfillment_max_orders": [
        ("5", ALL),
        (None, NULL),
        ("4", Refused("raise max_orders")),
        ("2.9", Refused("int")),
    ],
    "ssl_fulfillment_force": [("false", ALL), (None, NULL), ("perhaps", Refused("bool"))],
    "ssl_fulfillment_ledger_url": [(None, ALL), (["sqlite://"], Refused("ledger_url"))],
    "ssl_fulfillment_allow_ephemeral_ledger": [("yes", ALL), (None, NULL), ("later", Refused("bool"))],
    "ssl_fulfillment_mail": [
        (None, ALL),
        ('{"maildir": "/nowhere"}', Refused("ssl_fulfillment_mail is no dict")),
        ({"imap": {"host": "h", "username": "u"}}, Refused("imap lacks password")),
        (f"{{imap: {{host: h, username: u, password: a, {SECRET}: b}}}}", Refused("dict")),
        (
            {"imap": {"host": "h", "username": "u", "password": SECRET, "security": "none"}},
            Refused("ssl_fulfillment_mail cannot be used: The password is not sent to h without TLS"),
        ),
        (
            {"imap": {"host": "h", "username": "u", f"password {SECRET}": None}},
            Refused("imap has an unknown key."),
        ),
        ({"pop3": "h"}, Refused("ssl_fulfillment_mail.pop3")),
        ("mail.example.com", Refused("dict")),
    ],
    "ssl_fulfillment_wait": [("on", ALL), (None, NULL), ("2", Refused("bool"))],
    "ssl_fulfillment_wait_timeout": [
        ("60", ALL),
        (None, NULL),
        ("long", Refused("float")),
        ("-1", Refused("greater than 0")),
    ],
    "ssl_fulfillment_certificate_dir": [("~/certificates", ALL), (None, ALL)],
    "ssl_fulfillment_trust": [("warn", ALL), (None, Refused("got: ")), ("perhaps", Refused("require, warn"))],
    "ssl_fulfillment_trusted_ca_path": [("~/roots", ALL), (None, ALL)],
    "ssl_fulfillment_intermediate_path": [("~/ca.pem", ALL), (None, ALL)],
    "ssl_fulfillment_privatekey_dir": [("", ALL), (None, ALL)],
    "ssl_fulfillment_privatekey_passphrase": [(123, ALL), (None, ALL)],
    "ssl_fulfillment_remove_superseded": [("n", ALL), (None, NULL), ("sure", Refused("bool"))],
    "ssl_fulfillment_report_path": [("report.html", ALL), (None, ALL), ("report.pdf", Refused("an .html file"))],
    "ssl_fulfillment_report_language": [("de", ALL), (None, Refused("got: ")), ("fr", Refused("en, de"))],
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
            fine = (
                not mailed
                and expected in sentence
                and any(name.removeprefix("ssl_fulfillment_") in sentence for name in (*variables, "No host"))
            )
        else:
            fine = mailed == sorted(expected) and (not sentence or "recipient" in sentence)
        if not fine:
            wrong.append((variables, expected, mailed, sentence))
    assert not wrong, wrong
    assert SECRET not in ran.output


ON_THE_COMMAND_LINE: dict[str, set[int] | Refused] = {
    'ssl_fulfillment_select={"common_names":["one.example.com"]}': {1},
    "ssl_fulfillment_select=common_names=one.example.com order_ids=12": Refused("""-e '{"ssl_fulfillment_select": {"""),
    "ssl_fulfillment_select=": Refused("ssl_fulfillment_select"),
    "ssl_fulfillment_select=null": Refused("ssl_fulfillment_select"),
    "ssl_fulfillment_order_ids=12": {12},
    "ssl_fulfillment_order_ids=2013,2014": {2013, 2014},
    "ssl_fulfillment_order_ids='[2013, 2014]'": Refused("ssl_fulfillment_order_ids"),
    "ssl_fulfillment_order_ids=": Refused("ssl_fulfillment_order_ids"),
    '{"ssl_fulfillment_order_ids": null}': set(),
    '{"ssl_fulfillment_allowed_recipients": null}': Refused("allowed_recipients"),
    "ssl_fulfillment_allowed_recipients=*@example.net ssl_fulfillment_order_ids=2014": {2014},
    "ssl_fulfillment_phases=report": Refused("ssl_fulfillment_phases"),
    "ssl_fulfillment_phases=request,import": Refused("ssl_fulfillment_phases"),
    '{"ssl_fulfillment_from_inventory": false, "ssl_fulfillment_order_ids": "1"}': {1},
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
    "given",
    [
        '{"ssl_fulfillment_select": {"common_names": null}}',
        '{"ssl_fulfillment_order_ids": null}',
        '{"ssl_fulfillment_select": {"common_names": "none.example"}}',
    ],
)
def test_a_selection_of_nothing_is_told(api: Stranger, tmp_path: Path, given: str) -> None:
    ran = play(tmp_path, RESEND, "-e", given, env=api.login)
    assert ran.code == 0 and api.mailed == [], ran.output
    assert "no order is selected, because the account has none that fits the selection" in ran.output
    assert "a list that is null or empty selects none" in ran.output
