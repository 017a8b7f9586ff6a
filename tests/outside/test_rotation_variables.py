# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the role ssl_rotation mean what a person reads in them, or the run is refused.

Some of each kind; what each form means, whichever the option: the pure tests of `_base/options`.

Promise: No run succeeds while a certificate is about to expire without a renewal.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.outside.forms import Refused, told_by_each
from tests.outside.runs import changes
from tests.simulator.client import Simulator
from tests.support.certificates import Authority

A, B = "a.example.com", "b.example.com"
BOTH = {A, B}
SECRET = "h0rse-battery-staple"
OF_NO_EFFECT = {
    **{"import_new": "no", "load_balancers": "prod-*,web", "max_listeners": "5", "concurrency": "2"},
    **{"balancer_wait_timeout": "0.5", "verify_timeout": "60", "rollback": "n", "trusted_ca_path": None},
    **{"privatekey_passphrase": 123, "remove_superseded": "yes", "approved": '{"imported": [], "deployed": []}'},
    **{"sources": '[{"folder": "FOLDER"}]'},
    **{"fail_on": "expired,held_back", "metrics_path": None, "report_path": None, "report_language": "de"},
}
CASES: list[tuple[dict[str, Any], set[str] | Refused]] = [
    (OF_NO_EFFECT, BOTH),
    ({"sources": [{"path": "FOLDER"}]}, BOTH),
    ({"sources": []}, Refused("sources must not be empty")),
    (
        {"sources": [{"mail": {"imap": {"password": SECRET}}, "privatekey_dir": "FOLDER"}]},
        Refused("missing required arguments: host, username"),
    ),
    ({"max_listener": 3}, Refused("Did you mean ssl_rotation_max_listeners?")),
    ({"common_names": None}, Refused("common_names must not be null or empty: ")),
    ({"common_names": []}, Refused("common_names must not be null or empty: ")),
    ({"load_balancers": "prdo-*,web"}, Refused("No load balancer matches prdo-* in load_balancers")),
]


@pytest.fixture
def sources(account: Simulator, tmp_path: Path) -> list[dict[str, str]]:
    """A folder with two certificates, and an account with two load balancers."""
    for name in ("prod-1", "web"):
        account.add_balancer(name=name)
    (keys := tmp_path / "keys").mkdir()
    for name in (A, B):
        issued = Authority().issue(None, names=[name])
        (keys / f"{name}.pem").write_text(issued.pem + issued.key_pem, encoding="ascii")
    return [{"folder": str(keys)}]


def test_forms_of_variables(account: Simulator, tmp_path: Path, sources: list[dict[str, str]]) -> None:
    """Nothing is called that changes something, and a refusal is one sentence that names the variable and shows no secret."""
    folder = sources[0]["folder"]
    usual = {"phases": ["import", "report"], "sources": [{"folder": "FOLDER"}], "trust": "warn"}
    given = [
        json.loads(
            json.dumps({f"ssl_rotation_{name}": value for name, value in {**usual, **each}.items()}).replace(
                "FOLDER", folder
            )
        )
        for each, _expected in CASES
    ]
    told, output = told_by_each(account, tmp_path, "ssl_rotation", "ssl_rotation_result.skipped", given)
    wrong = []
    for (variables, expected), sentence in zip(CASES, told, strict=True):
        names = {one["name"] for one in sentence} if isinstance(sentence, list) else set()
        if not (expected in sentence if isinstance(expected, Refused) else names == expected):
            wrong.append((variables, expected, sentence))
    assert not wrong, wrong
    assert changes(account) == []
    assert SECRET not in output


LIMITS = ("phases", "sources", "common_names", "load_balancers", "max_listeners", "approved", "trust")


@pytest.mark.later
@pytest.mark.parametrize("validate", [True, False], ids=["validated", "not validated"])
def test_a_limit_that_says_nothing_is_refused(
    account: Simulator, tmp_path: Path, sources: list[dict[str, str]], validate: bool
) -> None:
    usual = {"sources": sources, "import_new": True, "trust": "warn"}
    spoiled = [{**usual, name: value} for name in LIMITS for value in ("{{ not_there }}", '["half')]
    given = [{f"ssl_rotation_{name}": value for name, value in each.items()} for each in spoiled]
    told, output = told_by_each(account, tmp_path, "ssl_rotation", "'nothing'", given, validate=validate)
    assert changes(account) == [], output
    assert "nothing" not in told, list(zip(given, told, strict=True))
