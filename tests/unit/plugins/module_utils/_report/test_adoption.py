# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of listeners that adopt a certificate."""

from __future__ import annotations

from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._remedies import remove
from ansible_collections.softlayer.certificates.plugins.module_utils._report.adoption import adoption_lines

NAME = "www.example.com"
WEB = "web:443"
OLD, NEW = 4699, 4711


def certificate(
    identifier: int | None, organization: str | None, begin: str = "2026-01-01T00:00:00Z"
) -> dict[str, Any]:
    facts = {"common_name": None, "subject_alt_names": [NAME], "key_type": "RSA", "key_size": 2048}
    dates = {"not_before": begin, "not_after": "2026-06-01T00:00:00Z", "ends_at": "2026-05-31T00:00:00Z"}
    return {"id": identifier, "organization_name": organization, **facts, **dates}


HAD, GETS = certificate(OLD, "Example Ltd"), certificate(NEW, None, "2026-02-01T00:00:00Z")


def listener(**given: Any) -> dict[str, Any]:
    known = {
        "load_balancer": "web",
        "port": 443,
        "outcome": "switched",
        "message": "Switched.",
        "had": HAD,
        "gets": GETS,
    }
    lost = {"lost": ["the organization Example Ltd"], "allowed": ["allow_organization_change"], "still_used_by": []}
    return {**known, **lost, **given}


def lines(*listeners: dict[str, Any], is_check_mode: bool = False) -> list[str]:
    return list(adoption_lines(listeners, is_check_mode=is_check_mode))


def test_what_it_had_got_and_lost_and_how_to_remove_the_old_one() -> None:
    assert lines(listener()) == [
        f"{WEB} had certificate {OLD}: {NAME}, Example Ltd, RSA 2048, until 2026-05-31T00:00:00Z",
        f"{WEB} got certificate {NEW}: {NAME}, no organization, RSA 2048, until 2026-05-31T00:00:00Z",
        f"{WEB} lost the organization Example Ltd, by allow_organization_change",
        f"certificate {OLD} is used by no listener any more; if nobody wants it back, {remove(OLD)} deletes it",
    ]


def test_a_plan_removes_nothing_and_has_no_id_for_what_is_not_stored() -> None:
    assert lines(listener(gets={**GETS, "id": None}, lost=[], allowed=[]), is_check_mode=True) == [
        f"{WEB} has certificate {OLD}: {NAME}, Example Ltd, RSA 2048, until 2026-05-31T00:00:00Z",
        f"{WEB} would get a certificate that is to be imported: {NAME}, no organization, RSA 2048, until 2026-05-31T00:00:00Z",
        f"{WEB} would lose nothing",
    ]


def test_the_old_one_is_told_once_and_by_whom_it_is_still_used() -> None:
    both = [listener(still_used_by=["api:443"]), listener(port=8443, still_used_by=["api:443"])]
    assert lines(*both)[6:] == [f"certificate {OLD} is still used by api:443"]


def test_an_old_one_that_is_newer_is_told_of_by_each_run() -> None:
    newer = {**HAD, "not_before": "2026-03-01T00:00:00Z"}
    last = f"until {OLD} is removed, or {NAME} is renewed, each run tells that it is newer (held_back)"
    assert lines(listener(had=newer))[-1] == last
    assert last not in lines(listener(had=newer, allowed=[]))


def test_what_was_not_switched() -> None:
    """What has failed is told with all that has; a listener without a certificate has none to remove."""
    assert lines(listener(outcome="unchanged", gets=None, message="It has it.")) == [f"{WEB}: It has it."]
    assert lines(listener(outcome="failed", gets=None)) == []
    assert lines(listener(had=None, lost=[], allowed=[]))[::2] == [f"{WEB} had no certificate", f"{WEB} lost nothing"]
