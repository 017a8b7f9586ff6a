# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ssl_account_check` does between its options and its result. Private to softlayer.certificates."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from .._api.account import Paging, fetch_usage, look_at_balancers, look_at_orders, look_at_store
from .._api.balancers import fetch_balancers
from .._api.client import Client, connect
from .._api.faults import NOT_PERMITTED
from .._argspec import ArgumentSpec, api_options, ledger_options
from .._errors import CertificatesError
from .._files import is_fixed, put_in_place, read_file, why_not_writable
from .._ledger.place import check_place, default_path
from .._libraries import FOR_API, FOR_CERTIFICATES, FOR_LEDGER
from .._module import Module
from .._plan.account import LADDER, Answer, Leftover, Trial, compare_usage, facts_in, facts_of, limit_in, merged
from .._plan.store_index import ChainLimit
from .._report.account import how_to_send, lines_of
from .._times import now

if t.TYPE_CHECKING:
    from .._apply.throwaway import StoreCheck

T = t.TypeVar("T")
FILE = "account.json"
MODE = 0o644
"""Whoever rotates may read it, and there is nothing secret in it."""
SPEC = (
    api_options()
    + ledger_options()
    + ArgumentSpec(
        options={
            "try_store": {"type": "bool", "default": False},
            "path": {"type": "path"},
            "wait_timeout": {"type": "float", "default": 60},
        },
        limits={"wait_timeout": (0, 3600)},
    )
)


def libraries(params: Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the Python libraries that a run with these options needs."""
    return (*FOR_API, *FOR_CERTIFICATES, *(FOR_LEDGER if params["try_store"] else ()))


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params, at = module.params, now()
    path = path_of(params["path"])
    before = facts_before(path, module.warn)
    if params["try_store"]:
        check_place(params["ledger_url"])
    client = connect(module, 4, module.stop_on_signals())
    try:
        client.account_id()
    except CertificatesError as error:
        if error.code != "not_found":  # which may be a missing permission, and all else is none
            raise
    reading = look(client)
    trials: list[Trial] = []
    left: list[Leftover] = []
    planned: list[str] = []
    calls = 0
    if params["try_store"] and reading.may["list_store"]:
        from .._apply.throwaway import StoreCheck  # only here, since it loads the library for databases

        cleaner = connect(module, 1)
        check = StoreCheck(client, cleaner, params["ledger_url"], params["wait_timeout"], module.hide)
        trials, left, planned = try_store(check, is_check_mode=module.check_mode)
        calls = cleaner.api_calls
    elif params["try_store"]:
        why = reading.why.get("list_store", "")
        module.warn(f"Nothing is tried, since what is left of it could not be found again. {why}")
    transport = "rest" if client.settings.is_rest else "xmlrpc"
    facts = merged(facts_of(reading.may, reading.pages, reading.usage, trials, transport, at), before)
    has_changed = facts != before
    if has_changed and not module.check_mode:
        write(path, facts)
    return {
        "changed": has_changed or any(item.is_removed or not item.why_kept for item in left),
        "facts": facts,
        "facts_path": path,
        "tried": [trial.as_result() for trial in trials],
        "leftovers": [item.as_result() for item in left],
        "summary": [
            *planned,
            *lines_of(facts),
            *dict.fromkeys(reading.why.values()),
            *told_of(left),
            *([] if module.check_mode else [how_to_send(path, is_known=facts["tried_on"] is not None)]),
        ],
        "api_calls": client.api_calls + calls,
        "diff": {"before": shown(before), "after": shown(facts), "before_header": path, "after_header": path},
        **failure_of(trials, left, is_stopped=client.stop.is_set()),
    }


def try_store(check: StoreCheck, *, is_check_mode: bool) -> tuple[list[Trial], list[Leftover], list[str]]:
    """Return what trials have come to, and what was left by others; in check mode, what would be tried, in sentences."""
    if not is_check_mode:
        return *check(), []
    others = f"if it is refused, up to {len(LADDER) - 1} others, of which no more than one is stored"
    wrong = replace(LADDER[0], has_issuer=False).shown
    planned = [
        f"Would import check-(random).invalid, {LADDER[0].shown}, read it, edit its notes, and delete it; {others}; then {wrong}.",
    ]
    return [], check.left(read_only=True), planned


# What is read


@dataclass(frozen=True)
class Reading:
    """What reading has shown."""

    may: Mapping[str, Answer]
    pages: Mapping[str, Paging | None]
    usage: tuple[Answer, Answer]
    why: Mapping[str, str]
    """Why something may not be done, or is not known, in sentences."""


def look(client: Client) -> Reading:
    """Return what reading shows; what fails is not permitted, or not known."""
    why: dict[str, str] = {}

    def read(what: str, fetch: Callable[[], T]) -> tuple[Answer, T | None]:
        try:
            return True, fetch()
        except CertificatesError as error:
            if error.code == "interrupted":
                raise
            why[what] = error.message
            return (False if error.code in NOT_PERMITTED else None), None

    orders, orders_pages = read("list_orders", lambda: look_at_orders(client))
    store, store_pages = read("list_store", lambda: look_at_store(client))
    balancers, balancer_pages = read("list_balancers", lambda: look_at_balancers(client))
    usage: tuple[Answer, Answer] = (None, None)
    if store and balancers:
        for _time in range(2):  # somebody may have switched one between the two lists
            _answer, compared = read("usage", lambda: compare_usage(fetch_usage(client), fetch_balancers(client)))
            usage = compared or (None, None)
            if False not in usage:
                break
    may = {"list_orders": orders, "list_store": store, "list_balancers": balancers}
    pages = {"orders": orders_pages, "store": store_pages, "balancers": balancer_pages}
    return Reading(may, pages, usage, why)


# The file


def path_of(given: str | None) -> str:
    """Return the file of the facts; by default it is beside the ledger that is used by default.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    if given is None:
        try:
            return default_file()
        except CertificatesError:
            raise CertificatesError(
                "invalid_argument",
                "There is no folder for the facts, as HOME is no absolute path: name a file as path.",
            ) from None
    path = os.path.expanduser(given)
    if not given.strip() or not is_fixed(path):
        raise CertificatesError(
            "invalid_argument",
            f"path {given!r} hangs on the current folder: write it as an absolute path, such as /srv/{os.path.basename(given.strip()) or FILE}.",
        )
    why_not = why_not_writable(path)
    if why_not:
        raise CertificatesError("invalid_argument", f"path: {why_not}")
    return path


def default_file() -> str:
    """Return where the facts are unless a file is named.

    Raises:
        CertificatesError: as `default_path`.
    """
    return os.path.join(os.path.dirname(default_path()), FILE)


def facts_before(path: str, warn: Callable[[str], object]) -> dict[str, t.Any] | None:
    """Return the facts that a file has; `None` if there is none, or it is damaged, since it is written anew."""
    if not os.path.lexists(path):
        return None
    try:
        return facts_in(read_file(path), path)
    except CertificatesError as error:
        warn(f"It is written anew: {error.message}")
        return None


def write(path: str, facts: Mapping[str, t.Any]) -> None:
    """Write the facts.

    Raises:
        CertificatesError: `not_written`.
    """
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
    except OSError as error:
        why = f"The folder {folder} cannot be made: {error.strerror}. See to the disk, and run this again."
        raise CertificatesError("not_written", why) from None
    put_in_place(path, shown(facts).encode("utf-8"), MODE)


def shown(facts: Mapping[str, t.Any] | None) -> str:
    """Return facts as they are written."""
    return "" if facts is None else json.dumps(facts, indent=2) + "\n"


def known_limit(path: str | None, warn: Callable[[str], object]) -> ChainLimit | None:
    """Return what the store is known to keep of chains, for a run that creates something.

    Args:
        path: the file, if the user named one; otherwise the usual one is read, if it is there.
        warn: is told of a usual one that cannot be read.

    Raises:
        CertificatesError: `not_found`, `invalid_argument`, about a file that the user named.
    """
    if path is not None:
        try:
            return limit_in(facts_in(read_file(path), path))
        except CertificatesError as error:
            why = f"account_facts_path: {error.message}"
            remedy = " Have the playbook check_account write it, with path, or leave the option out."
            raise CertificatesError(error.code, why + remedy if error.code == "not_found" else why) from None
    try:
        usual = default_file()
        return limit_in(facts_in(read_file(usual), usual)) if os.path.lexists(usual) else None
    except CertificatesError as error:
        if error.code != "ledger_unavailable":  # without a home there is no usual place
            warn(error.message)
        return None


# The result

MOST_TOLD = 2
"""How many of the certificates that were left have a line of their own."""


def told_of(left: list[Leftover]) -> list[str]:
    """Return what became of certificates that were left, in a few lines."""
    lines = [f"certificate {item.record.id} ({item.name}): {item.as_result()['message']}" for item in left]
    more = len(lines) - MOST_TOLD
    return [*lines[:MOST_TOLD], *([f"and {more} more certificates that were left"] if more > 0 else [])]


def failure_of(trials: list[Trial], left: list[Leftover], *, is_stopped: bool) -> dict[str, t.Any]:
    """Return `failure`, if something is left in the store, or the run was told to stop; nothing otherwise."""
    remains = [f"{trial.name}: {trial.why_left}" for trial in trials if trial.why_left]
    remains += [f"{item.name}: {item.why_kept}" for item in left if item.why_kept]
    if remains:
        message = " ".join(f"Certificate {what}" for what in remains)
        return {"failure": CertificatesError("certificate_left", message).as_failure()}
    if is_stopped:
        why = "The run was told to stop; what it had created is deleted. Run it again."
        return {"failure": CertificatesError("interrupted", why).as_failure()}
    return {}
