# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the check of an account has found, as it stands on a terminal."""

from __future__ import annotations

from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._report.account import (
    answer,
    how_to_send,
    lines_of,
)

MAY = ("list_orders", "list_store", "list_balancers", "create", "edit", "delete")
FACTS: dict[str, Any] = {
    "may": dict.fromkeys(MAY, True) | {"edit": None},
    "store": {
        "intermediates_kept": "first",
        "create_tells_what_is_kept": False,
        "takes_ec_key": True,
        "takes_no_common_name": None,
        "refuses_wrong_chain": True,
        "listed_after_seconds": 2,
        "refusals": {"wrong_chain": "Not its issuer.", "ec_key": "No EC key."},
    },
    "lists": {
        **{f"{name}_keep_limit": None for name in ("orders", "store", "balancers")},
        **{f"{name}_give_total": True for name in ("orders", "store", "balancers")},
        "orders_keep_limit": False,
        "listeners_agree": True,
        "services_counted": None,
    },
}


def test_the_lines() -> None:
    assert lines_of(FACTS) == [
        "the key may list                                                  SSL orders yes, certificates yes, load balancers yes",
        "the key may change certificates                                   create yes, edit not known, delete yes",
        "the store: of several intermediate certificates, it keeps         first",
        "the store: it says truly what it keeps                            no",
        "the store: it takes EC keys                                       yes",
        "the store: it takes certificates without a common name            not known",
        "the store: it refuses a chain that did not issue the certificate  yes",
        "the store: it lists what was created after                        2 seconds",
        "certificates name the listeners that have them                    yes",
        "certificates count at least these listeners                       not known",
        "lists keep to a limit                                             SSL orders no, certificates not known, load balancers not known",
        "lists tell their total                                            SSL orders yes, certificates yes, load balancers yes",
        "of an EC key, the store says: No EC key.",
        "of a wrong chain, the store says: Not its issuer.",
    ]


def test_an_answer() -> None:
    answers = {value: answer(value) for value in (None, 0, 2, "last")}
    assert answers == {None: "not known", 0: "no time", 2: "2 seconds", "last": "last"}
    assert (answer(1), answer(True), answer(False)) == ("1 second", "yes", "no")


def test_how_it_is_sent_in() -> None:
    known, unknown = (how_to_send("/srv/account.json", is_known=is_known) for is_known in (True, False))
    assert known.startswith("Please attach /srv/account.json to an issue") and known.endswith("/issues")
    assert unknown.startswith("What the store does is found out with try_store=true") and unknown.endswith(known)
