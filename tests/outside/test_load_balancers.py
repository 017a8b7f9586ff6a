# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a switch comes to, each listener has a certificate, and clients meet one that works.

What is seen of several addresses, and what is done about it, is in the pure tests of `_rotation/watch` and `_rotation/switch`.

Promise: A listener never loses its certificate.
Promise: No certificate in use is deleted.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.outside.runs import changes, login
from tests.simulator.client import Simulator
from tests.support.deploying import NAME, UPDATE, balancer, issue, old, placed, store
from tests.support.modules import Run, run_module

PORT = 8443
HABITS = ("handshake", "other", "stale", "closed")
BALANCERS = ("lost request", "lost answer", "well", "shared", *HABITS)
"""By what becomes of them."""


def test_what_is_deleted(serving: Simulator, roots: Path, tmp_path: Path) -> None:
    """An old certificate is deleted only after every listener that had it was seen to serve the new one."""
    names = {name: f"{name.replace(' ', '-')}.example.com" for name in BALANCERS}
    before = {name: store(serving, old(names[name])) for name in names}
    after = {name: store(serving, issue(names[name])) for name in names}
    kept = store(serving, issue(NAME))
    web = {name: balancer(serving, had, had, kept, name=name, first_port=PORT) for name, had in before.items()}
    stuck = balancer(serving, before["shared"], name="sharing", first_port=PORT)["id"]
    serving.patch_balancer(stuck, provisioningStatus="ERROR")
    for name in HABITS:
        was_so_before = {"at_once": True, "changes": 2} if name == "closed" else {}
        serving.patch_listener(web[name]["listeners"][0]["uuid"], misbehaves=name, **was_so_before)
    serving.fault("reset_before", argument=web["lost request"]["uuid"], method=UPDATE, times=1)
    serving.fault("reset_after", argument=web["lost answer"]["uuid"], method=UPDATE, times=1)

    def night() -> Run:
        given = {"phases": ["deploy", "verify", "clean_up"], "remove_superseded": True, "verify_timeout": 3}
        given |= {"trusted_ca_path": str(roots), "ledger_url": f"sqlite:///{tmp_path}/ledger.sqlite3"}
        return run_module("ssl_certificate_rotate", **login(serving), **given)

    def left() -> dict[str, bool]:
        ids = {record["id"] for record in serving.certificates()}
        assert ids >= {*after.values(), kept} and set(placed(serving).values()) <= ids
        return {name: identifier in ids for name, identifier in before.items()}

    first = night()
    assert first.failed, first.output
    assert left() == {name: name not in {"well", "lost answer"} for name in names}
    switched = {name: name not in {"lost request", "handshake", "other"} for name in names}
    assert placed(serving) == {
        **{f"{name}:{PORT}": (after if switched[name] else before)[name] for name in names},
        **{f"{name}:{PORT + 1}": (before if name == "lost request" else after)[name] for name in names},
        **{f"{name}:{PORT + 2}": kept for name in names},
        f"sharing:{PORT}": before["shared"],
    }
    sent = [call["arguments"] for call in serving.calls(method=UPDATE)]
    changes_of_one = {name: [one[1] for one in sent if one[0] == web[name]["uuid"]] for name in names}
    for name, changed in changes_of_one.items():
        uuids = [one["uuid"] for one in web[name]["listeners"]]
        forth = [{"listenerUuid": uuid, "tlsCertificateId": after[name]} for uuid in uuids[:2]]
        back = [{"listenerUuid": uuids[0], "tlsCertificateId": before[name]}]
        assert changed == ([forth, back] if name in {"handshake", "other"} else [forth]), name

    serving.patch_balancer(stuck, provisioningStatus="ACTIVE")
    for name in ("stale", "closed"):
        serving.patch_listener(web[name]["listeners"][0]["uuid"], tlsCertificateId=after[name])
    second = night()
    assert not second.failed, second.output
    assert not any(left().values()) and Counter(changes(serving)) == {
        **{UPDATE: len(sent) + 4, "deleteObject": len(names)}
    }
