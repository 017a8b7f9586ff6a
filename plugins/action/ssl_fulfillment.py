# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the modules of the phases of the role `ssl_fulfillment`, each with what those before it have returned: one task, which prints one line."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import MAILBOXES, ArgumentSpec
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.fulfillment import (
    selected,
    takes_what_it_requests,
    why_person_needed,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.fulfillment import (
    Run,
    facts_of,
    outcome,
    summary,
    totals,
    why_failed,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.orders import rows_in
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import OURS, OnceAction
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import MARKS_TEMPLATES

Call = Callable[[str, Mapping[str, t.Any]], Mapping[str, t.Any]]
"""Runs a module by its name, with options, and returns its result."""

SPEC = ArgumentSpec(
    {
        "phases": {"type": "list", "elements": "str"},
        "select": {"type": "dict"},
        "mail": {"type": "dict"},
        "force": {"type": "bool"},
        "wait": {"type": "bool"},
        "fail_on": {"type": "list", "elements": "str"},
    }
)
"""The options that decide what runs."""
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "ssl_order_info": ("select", "order_ids"),
    "ssl_fulfillment_email": (
        *("select", "order_ids", "allowed_recipients", "recipients", "approved", "min_interval_hours", "force"),
        *("max_orders", "ledger_url", "allow_ephemeral_ledger"),
    ),
    "ssl_fulfillment_email_info": ("trust", "trusted_ca_path", "intermediate_path", "wait_timeout"),
    "ssl_certificate_import": (
        *("privatekey_dir", "privatekey_passphrase", "intermediate_path", "trust", "trusted_ca_path"),
        *("remove_superseded", "force", "ledger_url"),
    ),
}
"""The options of the modules that are handed on as they are."""
IN_STORE_UNKNOWN = {"certificate_ids": None, "imported": None, "superseded_by": None}
"""What is known of an order's certificate if the store cannot be read."""


class ActionModule(OnceAction):
    """Runs the modules; their progress is shown on the terminal that is there when this is imported."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the modules and return what that has come to."""
        answers: list[Mapping[str, t.Any]] = []

        def call(module: str, options: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
            answers.append(self._called(module, options, task_vars or {}))
            return answers[-1]

        def simulate(module: str, options: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
            return {**self._called(module, options, task_vars or {}, check_mode=True, diff=False), "changed": False}

        is_check_mode = bool(self._task.check_mode)
        run = run_phases(self._task.args, call, simulate, waits=not is_check_mode)
        fail_on = SPEC.read({name: self._task.args[name] for name in ("fail_on",) if name in self._task.args})[
            "fail_on"
        ]
        told = told_of(run, is_check_mode, now(), fail_on or ())
        return {
            "changed": any(answer.get("changed") for answer in answers),
            **{name: all_of for name in ("diff", "warnings") if (all_of := listed(answers, name))},
            **(told if MARKS_TEMPLATES else wrap_var(told)),
        }

    def _called(
        self, module: str, options: Mapping[str, t.Any], variables: dict[str, t.Any], **task_options: bool
    ) -> dict[str, t.Any]:
        """Return the result of a module that is run as if it were the task; `module_defaults` hold of it, too."""
        task = self._task.copy()
        for name, value in task_options.items():
            setattr(task, name, value)
        task.action = f"{OURS}{module}"
        defaults = {name: value for each in task.module_defaults or () for name, value in each.items()}
        given = {**(defaults.get(f"group/{OURS}softlayer") or {}), **(defaults.get(task.action) or {})}
        templated = self._templar.template({name: given[name] for name in given if name not in options})
        task.args = {
            **{name: value for name, value in templated.items() if value != variables.get("omit")},
            **options,
        }
        loader = self._shared_loader_obj.action_loader
        action = loader.get(
            task.action if loader.has_plugin(task.action) else "ansible.legacy.normal",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return t.cast("dict[str, t.Any]", action.run(task_vars=variables))


def told_of(run: Run, is_check_mode: bool, at: datetime, fail_on: Collection[str] = ()) -> dict[str, t.Any]:
    """Return the `result` of a run, and what is `told` of it: its `failure` is `None` if nothing failed, or waits too long for a person.

    Args:
        run: what the modules returned.
        is_check_mode: whether nothing was actually done.
        at: the present instant.
        fail_on: the kinds of attention that fail a run with a report.
    """
    result = outcome(run)
    if {"collect", "import"} & set(run.asked):  # they wait for what an order lacks
        emails = {
            email["order_id"]: email for answer in (run.known, run.emails) for email in answer.get("emails") or ()
        }
        result["skipped"] = [
            _waiting(record, emails.get(record.get("order_id"), {}), at) for record in result["skipped"]
        ]
    facts = facts_of(run, result) if run.store else {}
    counted = totals(result, is_check_mode=is_check_mode)
    why = why_failed(result, rows_in(facts, at) if fail_on else (), fail_on)
    told = {
        "summary": summary(run, result, counted, is_check_mode=is_check_mode),
        "totals": counted,
        "failure": {"message": why} if why else None,
    }
    return {"result": result, "told": {**told, **facts}}


def _waiting(skipped: Mapping[str, t.Any], email: Mapping[str, t.Any], at: datetime) -> Mapping[str, t.Any]:
    """Return what is skipped with whether it needs a person, and why."""
    why = why_person_needed(skipped, email, at)
    return {**skipped, "needs_person": why is not None, "message": why or skipped["message"]}


def listed(answers: list[Mapping[str, t.Any]], name: str) -> list[t.Any]:
    """Return what modules have in their results by a name, a list or a single thing, all of it once."""
    every: list[t.Any] = []
    for part in (answer.get(name) or [] for answer in answers):
        every += [item for item in (part if isinstance(part, list) else [part]) if item not in every]
    return every


def run_phases(given: Mapping[str, t.Any], call: Call, simulate: Call, *, waits: bool) -> Run:
    """Run the modules that the phases need, in their order, and return what they returned; what cannot be done without one ends it.

    The import and the report look for emails, too, if there is a mailbox; and no email is requested that is to arrive in a mailbox that
    cannot be opened. When each email was requested is looked up for the report, and to tell which of them should have come by now.

    Args:
        given: the task's options.
        call: runs a module.
        simulate: runs one in check mode.
        waits: whether it may be waited for emails.
    """
    read = SPEC.read({name: given[name] for name in SPEC.options if name in given})
    asked, mail = read["phases"], read["mail"] or {}
    account = {name: value for name, value in (read["select"] or {}).items() if name == "account_id"}

    def handed_on(module: str) -> dict[str, t.Any]:
        return {name: given[name] for name in OPTIONS[module] if name in given}

    run = Run(asked)
    if asked != ["request"]:  # which reads them itself
        run = replace(run, listed=call("ssl_order_info", {**handed_on("ssl_order_info"), "gather_imported": True}))
        # Perhaps because of the store alone, which the report tells.
        if "orders" not in run.listed and asked == ["report"]:
            listed = call("ssl_order_info", handed_on("ssl_order_info"))
            known = [{**IN_STORE_UNKNOWN, **order} for order in listed.get("orders", ())]
            run = replace(run, listed={**listed, "orders": known} if "orders" in listed else listed)
        if "orders" not in run.listed:
            return run
    orders = run.listed.get("orders", [])
    these = {**account, "order_ids": [order["id"] for order in orders]}
    if mail and takes_what_it_requests(asked):
        mailbox = {name: mail[name] for name in MAILBOXES if name in mail}
        opened = call("ssl_fulfillment_email_info", {**mailbox, "orders": [], "open_always": True})
        if "certificates" not in opened:
            failure = {**(opened.get("failure") or {}), "message": f"{opened.get('msg')} No email was requested."}
            return replace(run, mails={**opened, "failure": failure})
    if "request" in asked:
        run = replace(
            run,
            emails=call("ssl_fulfillment_email", {**handed_on("ssl_fulfillment_email"), "on_ineligible": "skip"}),
        )
        if "emails" not in run.emails:
            return run
    if orders and ("report" in asked or (mail and "request" not in asked)):
        limits = {name: given[name] for name in ("min_interval_hours", "ledger_url") if name in given}
        if "report" not in asked:
            limits["allowed_recipients"] = ["nobody@invalid"]  # only a report tells what could be requested
        elif "allowed_recipients" in given:
            limits["allowed_recipients"] = given["allowed_recipients"]
        run = replace(
            run,
            known=simulate(
                "ssl_fulfillment_email",
                {
                    **these,
                    **limits,
                    "skip_imported": False,  # the report looks into the store by itself, and a user who may only view cannot
                    "max_orders": len(orders),
                    "allow_ephemeral_ledger": True,  # nothing is requested
                    "on_ineligible": "skip",
                },
            ),
        )
    if "collect" in asked or (mail and {"import", "report"} & {*asked}):
        waited = {"emails": run.emails["emails"]} if run.emails else {}  # others are not waited for
        options = {
            **mail,
            **handed_on("ssl_fulfillment_email_info"),
            **waited,
            "orders": selected(orders, is_forced=read["force"]),
            "wait": read["wait"] and waits and "collect" in asked,
        }
        run = replace(run, mails=call("ssl_fulfillment_email_info", options))
    is_found = "certificates" in run.mails
    if "import" in asked and (is_found or not run.mails):  # else the mailbox could not be read
        found = {"collected": run.mails["certificates"]} if is_found else {}
        folder = {} if is_found else {"certificate_dir": given["certificate_dir"]}
        options = {**handed_on("ssl_certificate_import"), **found, **folder, "orders": orders}
        run = replace(run, imported=call("ssl_certificate_import", options))
    if "report" in asked:
        if "import" in asked:  # what the store has of them now
            now_listed = call("ssl_order_info", {**these, "gather_imported": True})
            run = replace(run, listed={**run.listed, "orders": now_listed.get("orders", orders)})
        stored = call("ssl_certificate_info", {"gather_services": True})
        if "certificates" not in stored:  # perhaps because of the load balancers alone
            stored = {**call("ssl_certificate_info", {}), "unserved": stored.get("msg")}
        run = replace(run, store=stored)
    return run
