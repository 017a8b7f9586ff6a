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


def test_forms_of_variables(account: Simulator, tmp_path: Path) -> None:
    """Nothing is called that changes something, and a refusal is one sentence that names the variable and shows no secret."""
    for name in ("prod-1", "web"):
        account.add_balancer(name=name)
    keys = tmp_path / "keys"
    keys.mkdir()
    for name in (A, B):
        issued = Authority().issue(None, names=[name])
        (keys / f"{name}.pem").write_text(issued.pem + issued.key_pem, encoding="ascii")
    usual = {"phases": ["import", "report"], "sources": [{"folder": "FOLDER"}], "trust": "warn"}
    given = [
        json.loads(
            json.dumps({f"ssl_rotation_{name}": value for name, value in {**usual, **each}.items()}).replace(
                "FOLDER", str(keys)
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
