# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the check of an account has found, as lines for people. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from .._errors import ISSUES

MAY = {
    "the key may list": {"list_orders": "SSL orders", "list_store": "certificates", "list_balancers": "load balancers"},
    "the key may change certificates": {"create": "create", "edit": "edit", "delete": "delete"},
}
STORE = {
    "intermediates_kept": "of several intermediate certificates, it keeps",
    "create_tells_what_is_kept": "it says truly what it keeps",
    "takes_ec_key": "it takes EC keys",
    "takes_no_common_name": "it takes certificates without a common name",
    "refuses_wrong_chain": "it refuses a chain that did not issue the certificate",
    "listed_after_seconds": "it lists what was created after",
}
LISTS = {
    "listeners_agree": "certificates name the listeners that have them",
    "services_counted": "certificates count at least these listeners",
}
PAGES = {"keep_limit": "lists keep to a limit", "give_total": "lists tell their total"}
LISTED = {"orders": "SSL orders", "store": "certificates", "balancers": "load balancers"}
UNKNOWN = "not known"


def lines_of(facts: Mapping[str, t.Any]) -> list[str]:
    """Return the facts as lines: what is known, and what is not."""
    may, store, lists = facts["may"], facts["store"], facts["lists"]
    told = {words: _each({shown: may[name] for name, shown in parts.items()}) for words, parts in MAY.items()}
    told |= {f"the store: {words}": answer(store[name]) for name, words in STORE.items()}
    told |= {words: answer(lists[name]) for name, words in LISTS.items()}
    told |= {
        words: _each({shown: lists[f"{name}_{what}"] for name, shown in LISTED.items()})
        for what, words in PAGES.items()
    }
    width = max(map(len, told))
    return [*(f"{words.ljust(width)}  {value}" for words, value in told.items()), *_refusals(store["refusals"])]


def _each(facts: Mapping[str, object]) -> str:
    return ", ".join(f"{words} {answer(value)}" for words, value in facts.items())


REFUSED = {
    "ec_key": "an EC key",
    "no_common_name": "no common name",
    "wrong_chain": "a wrong chain",
    "any": "every certificate that was tried",
}


def _refusals(refusals: Mapping[str, str]) -> Iterator[str]:
    for name, words in REFUSED.items():
        if refusals.get(name):
            yield f"of {words}, the store says: {refusals[name]}"


def answer(value: object) -> str:
    """Return a fact in a word or two."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return "no time" if value == 0 else f"{value} second{'s' if value > 1 else ''}"
    return str(value)


def how_to_send(path: str, *, is_known: bool) -> str:
    """Return how to let others know what was found, as a sentence; first, how to find out the rest."""
    rest = (
        ""
        if is_known
        else "What the store does is found out with try_store=true, by one certificate that is deleted again. "
    )
    return f"{rest}Please attach {path} to an issue, since it names nothing of the account: {ISSUES}"
