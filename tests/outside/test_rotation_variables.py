# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the role ssl_rotation mean what a person reads in them, or the run is refused.

Promise: A rotation is boring.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.outside.balancers import Balancing
from tests.outside.forms import ANSIBLES_OWN, Refused, assert_complete, included
from tests.outside.pki import Ca, key_pem, named, new_key, pem
from tests.outside.playing import play
from tests.outside.stranger import Stranger

ROLE = Path(__file__).resolve().parents[2] / "roles" / "ssl_rotation"
VARIABLES = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"]["options"]
A, B = "a.example.com", "b.example.com"
BOTH = {A, B}
SECRET = "h0rse-battery-staple"


# By variable: what is given, and which certificates are looked at then, or what the refusal says. FOLDER has those of A and B.
NULL = Refused("NoneType")
"""What Ansible says of null where a default is."""
CASES: dict[str, list[tuple[Any, set[str] | Refused]]] = {
    "ssl_rotation_phases": [
        ("import,report", BOTH),
        (None, NULL),
        ("request", Refused("one or more of: import, deploy, verify, clean_up, report")),
    ],
    "ssl_rotation_sources": [
        ([{"folder": "FOLDER"}], BOTH),
        ("folder=FOLDER", BOTH),
        ([{"folder": "FOLDER"}, "folder=FOLDER"], BOTH),
        ({"folder": "FOLDER"}, Refused("list")),
        ("folder: FOLDER\n- no YAML", Refused("dict")),
        (None, Refused("names no source")),
        ([], Refused("names no source")),
        ("FOLDER", Refused("dict")),
        (
            [{"folder": "FOLDER", "certbot": "FOLDER"}],
            Refused("one of certbot, lego, acme_sh, folder and mail, but one has certbot and folder."),
        ),
        ([{"certbott": "FOLDER"}], Refused("ssl_rotation_sources.certbott. Supported parameters include")),
        ([{"lego": "/no/where"}], Refused("/no/where, which is given as lego, does not exist")),
        ([{"folder": "FOLDER", "privatekey_dir": "FOLDER"}], Refused("sources[0]: privatekey_dir belongs to mail")),
        ([{"mail": {"maildir": "/m"}}], Refused("A source with mail needs a path as privatekey_dir.")),
        (
            [{"mail": {"imap": {"password": SECRET}, SECRET: 1}, "privatekey_dir": "FOLDER"}],
            Refused("There is no option sources[0].mail.(a name of 20 characters)"),
        ),
        (
            [{"folder": "FOLDER"}, {"mail": {"imap": {"hots": "a", "password": SECRET}}, "privatekey_dir": "FOLDER"}],
            Refused("There is no option sources[1].mail.imap.hots"),
        ),
        (
            [{"mail": {"imap": {"host": "a", "password": SECRET}}, "privatekey_dir": "FOLDER"}],
            Refused("missing required arguments: username"),
        ),
        ([{"mail": {"maildir": "/m", "max_age_days": "many"}, "privatekey_dir": "FOLDER"}], Refused("float")),
        (
            [
                {"folder": "FOLDER"},
                {
                    "mail": {"imap": {"host": "h", "username": "u", "password": SECRET, "port": 70000}},
                    "privatekey_dir": "FOLDER",
                },
            ],
            Refused("sources[1]: port of imap must be from 1 to 65535."),
        ),
        ([{"folder": "FOLDER"}, "FOLDER"], Refused("dict")),
        (
            [{"mail": {"mbox": "/m", "paths": ["/n"]}, "privatekey_dir": "FOLDER"}],
            Refused("by one of imap, maildir, mbox, paths: it names mbox and paths, leave all but one out."),
        ),
        ([{"mail": {"imap": None}, "privatekey_dir": "FOLDER"}], Refused("by one of imap, maildir, mbox, paths.")),
        ([{"mail": "/var/mail/x", "privatekey_dir": "FOLDER"}], Refused("dict")),
        ([{"mail": SECRET, "privatekey_dir": "FOLDER"}], Refused("dict")),
    ],
    "ssl_rotation_common_names": [
        ("A.example.com", {A}),
        ('["b.*"]', {B}),
        ('["b.*", "c.*"]', Refused("No certificate matches c.* of common_names; there are those for: a.example.com")),
        (None, set()),
        ("", set()),
        ({"a": 1}, Refused("list")),
    ],
    "ssl_rotation_import_new": [("no", BOTH), (None, NULL), ("perhaps", Refused("bool"))],
    "ssl_rotation_load_balancers": [
        *(("prod-*, web", BOTH), (None, BOTH), ({"a": 1}, Refused("list"))),
        ("prdo-*, web", Refused("No load balancer matches prdo-* of load_balancers")),
    ],
    "ssl_rotation_max_listeners": [("5", BOTH), (None, NULL), ("many", Refused("int")), (-1, Refused("0 or more"))],
    "ssl_rotation_concurrency": [("2", BOTH), (None, NULL), ("0", Refused("from 1 to 256")), ("many", Refused("int"))],
    "ssl_rotation_deploy_concurrency": [("2", BOTH), (None, NULL), ("0", Refused("from 1 to 64"))],
    "ssl_rotation_balancer_wait_timeout": [
        *(("0.5", BOTH), (None, NULL), ("long", Refused("float")), ("-1", Refused("from 0 to 86400"))),
    ],
    "ssl_rotation_verify_timeout": [
        *(("60", BOTH), (None, NULL), ("soon", Refused("float")), (86_401, Refused("from 0 to 86400"))),
    ],
    "ssl_rotation_rollback": [("n", BOTH), (None, NULL), ("perhaps", Refused("bool"))],
    "ssl_rotation_trust": [("warn", BOTH), (None, Refused("got: ")), ("perhaps", Refused("require, warn"))],
    "ssl_rotation_trusted_ca_path": [
        (None, BOTH),
        ("FOLDER", BOTH),
        ("/no/where.pem", Refused("The file /no/where.pem cannot be read: No such file or directory. Name a file")),
        ("/dev/null", Refused("/dev/null cannot be read: it is a device, not a plain file.")),
        (__file__, Refused("There is no certificate in trusted_ca_path (")),
    ],
    "ssl_rotation_intermediate_path": [
        *(("FOLDER/../ca.pem", BOTH), (None, BOTH)),
        ("/no/where.pem", Refused("The file /no/where.pem cannot be read: No such file or directory.")),
    ],
    "ssl_rotation_privatekey_passphrase": [(123, BOTH), (None, BOTH)],
    "ssl_rotation_ledger_url": [
        *((None, BOTH), ("sqlite:///ledger.db", Refused("four slashes"))),
        *(("mysql://host/ledger", Refused("SQLAlchemy URL")), ("sqlite://", Refused("in memory"))),
    ],
    "ssl_rotation_remove_superseded": [("yes", BOTH), (None, NULL), ("sure", Refused("bool"))],
    "ssl_rotation_remove_unseen": [("off", BOTH), (None, NULL), ("sure", Refused("bool"))],
    "ssl_rotation_approved": [
        ({"imported": []}, BOTH),
        ('{"imported": [], "deployed": []}', BOTH),
        (None, Refused("approved is no dict. Give what a run in check mode returned")),
        ("yes", Refused("dict")),
        ({"imported": [{"name": "a"}]}, Refused("must be what ssl_certificate_rotate returned in check mode")),
    ],
    "ssl_rotation_fail_on": [
        ("expired,held_back", BOTH),
        ([], BOTH),
        (None, NULL),
        ("soon", Refused("one or more of: expired, expiring, held_back, not_served")),
    ],
    "ssl_rotation_metrics_path": [
        *((None, BOTH), ("/no/where/c.prom", Refused("must be a file in a folder of the controller that exists"))),
    ],
    "ssl_rotation_report_path": [
        *(
            (None, BOTH),
            ("/no/where/r.html", Refused("must be an .html file in a folder of the controller that exists")),
        ),
    ],
    "ssl_rotation_report_language": [("de", BOTH), (None, Refused("got: ")), ("fr", Refused("en, de"))],
}


def test_every_variable_has_its_cases() -> None:
    assert_complete(CASES, VARIABLES)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Stranger]:
    """A stranger's API without certificates, whose load balancers serve none."""
    stranger = Balancing(tmp_path, Ca("Balanced CA"), new_key())
    for name in ("prod-1", "web"):
        stranger.balance(name, None)
    with stranger.serving():
        yield stranger


def including(number: int, variables: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A block that includes the role with variables, and writes down what it came to, or why it was refused."""
    usual = {
        "ssl_rotation_phases": ["import", "report"],
        "ssl_rotation_sources": [{"folder": "FOLDER"}],
        "ssl_rotation_trust": "warn",
    }
    given = json.loads(json.dumps(usual | variables).replace("FOLDER", str(folder / "keys")))
    told = {"dest": f"{folder}/{number}", "mode": "0600"}
    return {
        "block": [
            {"include_role": {"name": "softlayer.certificates.ssl_rotation"}, "vars": given},
            {"copy": {"content": "{{ ssl_rotation_result.skipped | to_json }}"} | told},
        ],
        "rescue": [{"copy": {"content": "{{ ansible_failed_result.msg }}"} | told}],
    }


def test_each_form_of_each_variable(api: Stranger, tmp_path: Path) -> None:
    """Nothing is called that changes something, and a refusal is one sentence that names the variable and shows no secret."""
    (tmp_path / "keys").mkdir()
    authority = Ca("Some CA")
    (tmp_path / "ca.pem").write_text(pem(authority.certificate), encoding="ascii")
    for name in (A, B):
        key = new_key()
        content = pem(authority.issue(key, subject=named(None), names=[name])) + key_pem(key)
        (tmp_path / f"keys/{name}.pem").write_text(content, encoding="ascii")
    cases = list(included(CASES, BOTH))
    tasks = [including(number, variables, tmp_path) for number, (variables, _expected) in enumerate(cases)]
    here = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    text = yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "vars": here, "tasks": tasks}])
    ran = play(tmp_path, text, "-vvv", env=api.login)
    wrong = []
    for number, (variables, expected) in enumerate(cases):
        file = tmp_path / str(number)
        told = file.read_text("utf-8").removeprefix(ANSIBLES_OWN) if file.exists() else ""
        if isinstance(expected, Refused):
            fine = expected in told and all(name.removeprefix("ssl_rotation_") in told for name in variables)
        else:
            fine = told.startswith("[") and {one["name"] for one in json.loads(told)} == expected
        if not fine:
            wrong.append((variables, expected, told))
    assert not wrong, wrong
    assert api.changes == []
    assert SECRET not in ran.output
