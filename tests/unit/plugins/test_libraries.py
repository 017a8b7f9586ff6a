# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python library that is missing or too old ends a run with one sentence, before anything else happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.libraries import IMPORT_NAMES, MIN_VERSIONS

pytestmark = pytest.mark.later

MODULES = "ansible_collections.softlayer.certificates.plugins.modules."
MODULES = "ansible_collections.softlayer.certificates.plugins.modules."
LOGIN = {
    "username": "SL1",
    "api_key": "0123456789abcdef",
    "endpoint_url": "http://127.0.0.1:9/xmlrpc/v3.1",
    "retries": 0,
}
API, CERTIFICATES = ("SoftLayer", "requests", "urllib3"), ("cryptography", "idna")
CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "ssl_order_info": (LOGIN, (*API, *CERTIFICATES)),
    "ssl_certificate_info": (LOGIN, (*API, *CERTIFICATES)),
    "ssl_endpoint_info": ({**LOGIN, "endpoints": [], "gather_stored": True}, (*API, *CERTIFICATES)),
    "ssl_certificate_import": (
        {**LOGIN, "state": "absent", "certificate_id": 1},
        (*API, *CERTIFICATES, "SQLAlchemy"),
    ),
    "secrets_manager_certificate": (
        {
            **LOGIN,
            "instance_url": "http://127.0.0.1:9",
            "iam_url": "http://127.0.0.1:9",
            "iam_api_key": "0123456789abcdef",
            "name": "www",
            "certificate_id": 1,
        },
        (*API, *CERTIFICATES, "SQLAlchemy", "ibm-secrets-manager-sdk"),
    ),
    "ssl_certificate_deploy": ({**LOGIN, "exclusive": True}, (*API, *CERTIFICATES, "SQLAlchemy")),
    "ssl_fulfillment_email": ({**LOGIN, "order_ids": [1]}, (*API, *CERTIFICATES, "SQLAlchemy")),
    "ssl_fulfillment_email_info": (
        {
            **LOGIN,
            "order_ids": [1],
            "imap": {"host": "127.0.0.1", "port": 9, "username": "me", "password": "s3cr3t-w0rd"},
        },
        (*API, *CERTIFICATES, "imap-tools"),
    ),
    "ssl_certificate_report": (
        {"path": "/nowhere.html", "metrics_path": "/nowhere.prom"},
        (*CERTIFICATES, "Jinja2", "prometheus-client"),
    ),
}
"""The options of a run that needs all libraries that its module may need, and those."""
MISSING = [
    *((module, CASES[module][1]) for module in ("ssl_fulfillment_email_info", "secrets_manager_certificate")),
    ("ssl_certificate_deploy", ("SQLAlchemy",)),
    ("ssl_certificate_report", ("Jinja2", "prometheus-client")),
]
"""Modules that together need each library, and what they find missing at once; a run in a new process takes a while."""


def run(module: str, folder: Path, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """The result of a module which finds what is in a folder before what is installed."""
    path = os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])
    process = subprocess.run(
        [sys.executable, "-m", MODULES + module],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {**(options or CASES[module][0]), "_ansible_module_name": module}}),
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in process.stdout + process.stderr, process.stderr
    result: dict[str, Any] = json.loads(process.stdout)
    return result


def name_to_import(library: str) -> str:
    return IMPORT_NAMES.get(library, library)


def make_missing(folder: Path, *libraries: str) -> None:
    blocking = [f"sys.modules[{name_to_import(library)!r}] = None\n" for library in libraries]
    (folder / "sitecustomize.py").write_text("".join(["import sys\n", *blocking]), encoding="utf-8")


def make_old(folder: Path, library: str, version: str) -> None:
    """Let a library say of itself that it is an old release."""
    described = folder / f"{library.replace('-', '_')}-{version}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {library}\nVersion: {version}\n", encoding="utf-8"
    )


@pytest.mark.parametrize(("module", "libraries"), MISSING, ids=str)
def test_libraries_that_are_missing(tmp_path: Path, module: str, libraries: tuple[str, ...]) -> None:
    make_missing(tmp_path, *libraries)
    result = run(module, tmp_path)
    assert result["failure"]["code"] == "missing_library"
    assert f"{module} needs the Python librar" in result["msg"]
    lacking = result["failure"]["details"]["libraries"]
    assert set(lacking) == set(libraries)
    install = " ".join(f"'{name}>={MIN_VERSIONS[name]}'" for name in lacking)
    assert result["msg"].endswith(f": pip install {install}")
    assert "s3cr3t-w0rd" not in json.dumps(result)


@pytest.mark.parametrize(
    ("module", "library"), [("ssl_order_info", "SoftLayer"), ("ssl_fulfillment_email_info", "imap-tools")]
)
def test_a_library_that_is_too_old(tmp_path: Path, module: str, library: str) -> None:
    make_old(tmp_path, library, "0.9")
    result = run(module, tmp_path)
    least = MIN_VERSIONS[library]
    assert result["failure"]["code"] == "missing_library"
    assert result["failure"]["details"] == {"libraries": [library]}
    assert f"needs the Python library {library} {least} or later (version 0.9 is installed), for " in result["msg"]
    assert result["msg"].endswith(f": pip install '{library}>={least}'")


def test_all_that_are_missing_are_named_at_once(tmp_path: Path) -> None:
    for library in ("SQLAlchemy", "idna"):
        make_old(tmp_path, library, "0.9")
    make_missing(tmp_path, "SoftLayer")
    told = run("ssl_fulfillment_email", tmp_path)["msg"]
    for said in (
        "SoftLayer 6.2.2 or later",
        "idna 3.3 or later (version 0.9 is installed)",
        "SQLAlchemy 2.0.30 or later (version 0.9",
    ):
        assert said in told
    assert told.endswith(": pip install 'SoftLayer>=6.2.2' 'idna>=3.3' 'SQLAlchemy>=2.0.30'")


def test_the_command_installs_what_other_modules_need(tmp_path: Path) -> None:
    make_missing(tmp_path, "SoftLayer", "SQLAlchemy", "imap-tools")
    result = run("ssl_order_info", tmp_path)
    assert result["failure"]["details"] == {"libraries": ["SoftLayer"]}
    assert result["msg"].endswith(
        " (other modules also need SQLAlchemy and imap-tools): pip install 'SoftLayer>=6.2.2' 'SQLAlchemy>=2.0.30' 'imap-tools>=1.11.0'"
    )


@pytest.mark.parametrize("module", CASES)
def test_each_module_asks_for_what_it_needs(module: str) -> None:
    """Before anything else, except the ledger where none may be needed."""
    runs = import_module(import_module(f"{MODULES}{module}").run.__module__)
    options = {name: option.get("default") for name, option in runs.SPEC.options.items()} | CASES[module][0]
    libraries = runs.list_libraries(options) if hasattr(runs, "list_libraries") else runs.LIBRARIES
    assert {*libraries, *(["SQLAlchemy"] if module == "ssl_certificate_deploy" else [])} == set(CASES[module][1])


@pytest.mark.parametrize(("check_revocation", "needed"), [("off", CERTIFICATES), ("warn", (*API[1:], *CERTIFICATES))])
def test_lists_of_revoked_certificates_are_read_by_the_client_of_the_api(
    check_revocation: str, needed: tuple[str, ...]
) -> None:
    runs = import_module(f"{MODULES}ssl_endpoint_info")
    options = {name: option.get("default") for name, option in runs.SPEC.options.items()}
    assert set(runs.list_libraries({**options, "check_revocation": check_revocation})) == set(needed)


def test_the_least_version_will_do(tmp_path: Path) -> None:
    for library in CASES["ssl_order_info"][1]:
        make_old(tmp_path, library, MIN_VERSIONS[library])
    assert run("ssl_order_info", tmp_path)["failure"]["code"] == "unreachable"


def test_what_is_only_needed_for_some_options_is_only_then_asked_for(tmp_path: Path) -> None:
    make_missing(tmp_path, "SoftLayer", "imap-tools")
    result = run("ssl_fulfillment_email_info", tmp_path, {"maildir": str(tmp_path), "csr_paths": ["/none"]})
    assert "is not a Maildir" in result["msg"]
    assert run("ssl_endpoint_info", tmp_path, {"endpoints": ["127.0.0.1:1"]})["endpoint_count"] == 1


def test_who_takes_no_turn_needs_no_ledger(tmp_path: Path) -> None:
    make_missing(tmp_path, "SQLAlchemy")
    given = {**LOGIN, "ledger_url": "sqlite:////var/lib/certificates/ledger.sqlite3"}
    assert run("ssl_certificate_deploy", tmp_path, given)["failure"]["code"] == "unreachable"


@pytest.mark.parametrize("ledger_url", [None, "sqlite:////var/lib/certificates/ledger.sqlite3"])
def test_a_ledger_in_a_file_is_loaded_only_for_a_turn(tmp_path: Path, ledger_url: str | None) -> None:
    (tmp_path / "sqlalchemy.py").write_text("raise SystemExit('loaded')\n", encoding="utf-8")
    given = {**LOGIN, "exclusive": True} | ({} if ledger_url is None else {"ledger_url": ledger_url})
    assert run("ssl_certificate_deploy", tmp_path, given)["failure"]["code"] == "unreachable"


def test_reading_orders_loads_neither_the_ledgers_libraries_nor_the_mailboxes(tmp_path: Path) -> None:
    """They take longer to load than all else that such a run does."""
    for name in ("sqlalchemy", "psycopg", "imap_tools"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} was loaded')\n", encoding="utf-8")
    assert run("ssl_order_info", tmp_path)["failure"]["code"] == "unreachable"


FILTERS = {
    "certificate_facts": "'x' | softlayer.certificates.certificate_facts",
    "key_matches": "'x' | softlayer.certificates.key_matches('y')",
    "certificate_files": "[] | softlayer.certificates.certificate_files('/', '/')",
    "fulfillment_report": "[] | softlayer.certificates.fulfillment_report({'reasons': {}})",
}


def said_by(expressions: Iterable[str], folder: Path) -> str:
    """What a play says in which each of these expressions is evaluated, on one line."""
    tasks = [
        {"ansible.builtin.debug": {"msg": "{{" + expression + "}}"}, "ignore_errors": True}
        for expression in expressions
    ]
    return said_in(tasks, folder)


def said_in(tasks: list[dict[str, Any]], folder: Path) -> str:
    """What a play of these tasks says, on one line."""
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (folder / "play.yml").write_text(json.dumps(play), encoding="utf-8")
    path = os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])
    process = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "play.yml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return " ".join((process.stdout + process.stderr).split())


def test_filters_say_so_too(tmp_path: Path) -> None:
    make_old(tmp_path, "cryptography", "41.0.7")
    said = said_by(FILTERS.values(), tmp_path)
    for name in FILTERS:
        assert (
            f"The filter {name} needs the Python library cryptography 42.0.0 or later (version 41.0.7 is installed), on the control "
            "node: pip install 'cryptography>=42.0.0'" in said
        )


def test_report_and_metrics_ask_each_for_their_own(tmp_path: Path) -> None:
    make_missing(tmp_path, "prometheus-client")
    module, path = "ssl_certificate_report", str(tmp_path / "r.html")
    assert not run(module, tmp_path, {"path": path, "state": "checked"}).get("failed")
    make_missing(tmp_path, "Jinja2")
    assert not run(module, tmp_path, {"metrics_path": path, "state": "checked"}).get("failed")


def test_the_metrics_files_library_is_asked_for_before_anything_is_done(tmp_path: Path) -> None:
    make_missing(tmp_path, "prometheus-client")
    role = {
        "ansible.builtin.include_role": {"name": "softlayer.certificates.ssl_rotation"},
        "vars": {"ssl_rotation_phases": ["verify"], "ssl_rotation_metrics_path": str(tmp_path / "certificates.prom")},
    }
    said = said_in([role], tmp_path)
    assert "ssl_certificate_report needs the Python library prometheus-client 0.16.0 or later" in said
    assert "Rotate the certificates" not in said
