# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for what the role `ssl_rotation` computes. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._files import absolute
from ansible_collections.softlayer.certificates.plugins.module_utils._forms import (
    Option,
    in_words_of_role,
    plain,
    why_unreadable,
    words_of_role,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.checks import check_place, is_plain
from ansible_collections.softlayer.certificates.plugins.module_utils._libraries import (
    FOR_CERTIFICATES,
    FOR_LEDGER,
    require_libraries,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.approvals import (
    approved_removal,
    preview_of,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation import steps, why_refused
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation_result import (
    Rotation,
    outcome,
    what_to_remove,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.rotation_summary import summary
from ansible_collections.softlayer.certificates.plugins.module_utils._report.wording import failures
from ansible_collections.softlayer.certificates.plugins.module_utils._run.roots import roots_in
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.plugin_utils._untrusted import untrusted

Record = Mapping[str, t.Any]
Records = Sequence[Record]
FIELDS = {
    "sources": ("mails", "found", "store", "choice"),
    "import": ("imports",),
    "deploy": ("listeners",),
    "listeners": ("listeners",),
    "verify": ("seen",),
    "clean_up": ("stock", "removal", "removed"),
    "report": ("unwritten",),
}
"""What each step of a run registers. Anything else is of an earlier run: Ansible keeps it."""
BULK = {"found": "entries", "store": "certificates"}
"""Lists that nothing here looks at, and that would take long to read out of Ansible's variables."""


def rotation_refusal(
    settings: Record, unknown: Sequence[str], unread: str | None = None, known: Sequence[str] = ()
) -> str:
    """Return why the role cannot begin, or an empty text if it can.

    Args:
        settings: the role's variables, as `_role_variables` returns them.
        unknown: defined variables that have the prefix of the role's variables but are none of them.
        unread: the part of the extra variables that Ansible could not read as variables.
        known: all variables of the role.
    """
    unreadable = why_unreadable("ssl_rotation", settings["refused"], unknown, unread, plain(known))
    why_not = unreadable or why_refused(plain(settings), os.path.isdir, absolute, _why_no_roots)
    reason: str = untrusted(why_not or _why_no_ledger(plain(settings)) or "")
    return reason


def _why_no_roots(path: str) -> str | None:
    """Return why a path is not one of root certificates, in the words of the role."""
    return _why_not("trusted_ca_path", FOR_CERTIFICATES, lambda: roots_in(path))


def _why_no_ledger(settings: Record) -> str | None:
    """Return why there can be no ledger in its place, in the words of the role; it may be needed on another night only."""
    url = settings.get("ledger_url")
    if not url or is_plain(url) or not {"import", "deploy"} & set(settings["phases"]):
        return None  # it takes no library to see that
    return _why_not("ledger_url", FOR_LEDGER, lambda: check_place(url))


def _why_not(variable: str, libraries: tuple[str, ...], check: Callable[[], object]) -> str | None:
    """Return why a variable fails a check, in the words of the role."""
    try:
        require_libraries(libraries, "The role ssl_rotation", "on the controller")
        check()
    except CertificatesError as error:
        return in_words_of_role(error.message, {f"ssl_rotation_{variable}": {}}, "ssl_rotation_")
    return None


def rotation_steps(settings: Record, is_check_mode: bool = False) -> list[str]:
    """Return the steps of a run; see `steps`."""
    return steps(plain(settings), is_check_mode=is_check_mode)


def rotation_material(settings: Record, chosen: Records) -> list[dict[str, t.Any]]:
    """Return certificates of sources as options of `ssl_certificate_import`.

    Args:
        settings: the role's variables.
        chosen: those to import.
    """
    passphrase, roots = settings.get("privatekey_passphrase"), settings.get("trusted_ca_path")
    general = {"trust": settings["trust"], **({"trusted_ca_path": absolute(roots)} if roots else {})}
    items: list[dict[str, t.Any]] = untrusted([{**_material(one, passphrase), **general} for one in plain(chosen)])
    return items


def _material(entry: Record, passphrase: str | None) -> dict[str, t.Any]:
    kind = "pkcs12" if entry.get("pkcs12_path") else "privatekey"
    material = {f"{kind}_path": entry[f"{kind}_path"], **({f"{kind}_passphrase": passphrase} if passphrase else {})}
    if kind == "pkcs12":
        return material
    chain = entry["intermediate_certificate"]
    return {
        "certificate_content": entry["certificate"],
        **({"intermediate_content": chain} if chain else {}),
        **material,
    }


def rotation_expected(choice: Record, imports: Record) -> list[dict[str, t.Any]]:
    """Return the certificates that an import in check mode would create.

    Args:
        choice: the certificates to import, under `chosen`.
        imports: what `ssl_certificate_import` returned, if it was called.
    """
    done = plain(imports.get("certificates")) or ()
    new = [entry for entry, one in zip(plain(choice["chosen"]), done, strict=False) if one["outcome"] == "imported"]
    found: list[dict[str, t.Any]] = untrusted(new)
    return found


def rotation_preview(result: Record) -> dict[str, Records]:
    """Return what a run in check mode showed, for `approved` of the other filters; see `preview_of`."""
    shown: dict[str, Records] = untrusted(preview_of(plain(result)))
    return shown


def rotation_removal(
    settings: Record, registered: Record, is_check_mode: bool = False, approved: Record | None = None
) -> dict[str, Records]:
    """Return which old certificates to remove; see `what_to_remove`.

    Args:
        settings: the role's variables.
        registered: what the modules returned, by the names of the fields of `Rotation`.
        is_check_mode: whether nothing was done in fact.
        approved: what a preview showed, if the run is limited to that; see `approved_removal`.
    """
    run = Rotation(**plain(vars(_run(settings, registered, is_check_mode))))  # each record is looked at many times
    found = what_to_remove(
        run,
        rotation_expected(run.choice, run.imports) if run.imports else (),
        now(),
        deploys="deploy" in settings["phases"],
        is_check_mode=is_check_mode,
        remove_unseen=settings["remove_unseen"],
        patterns=plain(settings.get("common_names")),
    )
    if approved is not None:
        stock = (run.stock or {}).get("certificates")
        found = approved_removal(found, stock or (), plain(approved) if stock is not None else {})
    told: dict[str, Records] = untrusted(found)
    return told


def rotation_outcome(
    settings: Record,
    registered: Record,
    options: Mapping[str, Option],
    is_check_mode: bool = False,
    report: str | None = None,
    tolerated: Sequence[str] = (),
) -> dict[str, t.Any]:
    """Return what a run has done: the `result`, and what is `told` of it, in `lines`, and in `failure` if something failed.

    Args:
        settings: the role's variables.
        registered: what the modules returned, by the names of the fields of `Rotation`.
        options: all variables, as `meta/argument_specs.yml` has them.
        is_check_mode: whether nothing was done in fact.
        report: the path of the report without its extension, if one is written.
        tolerated: reasons of failures that count as skipped if something else is done.
    """
    phases = plain(settings["phases"])
    run = _run(settings, registered, is_check_mode)
    words = words_of_role(plain(options), "ssl_rotation_")
    result = outcome(run, phases, words, is_check_mode=is_check_mode, tolerated=plain(tolerated))
    lines = summary(
        result,
        phases,
        words,
        warnings=run.found.get("warnings", ()),
        removes=settings["remove_superseded"],
        is_check_mode=is_check_mode,
        report=None if run.unwritten else report or None,
    )
    failure = failures(result["failed"], words) if result["failed"] else ""
    del result["unchanged"]
    done: dict[str, t.Any] = untrusted({"result": result, "told": {"lines": lines, "failure": failure}})
    return done


def _run(settings: Record, registered: Record, is_check_mode: bool) -> Rotation:
    """Return what the modules returned in this run."""
    wanted = steps(plain(settings), is_check_mode=is_check_mode)
    names = [name for step in wanted for name in FIELDS.get(step, ())]
    return Rotation(
        **{name: _without_bulk(name, registered[name]) for name in names if _is_there(registered.get(name))}
    )


def _is_there(value: t.Any) -> bool:
    """Return whether anything was registered; of a task that was skipped, Ansible registers that."""
    return bool(value) and not (isinstance(value, Mapping) and value.get("skipped") is True)


def _without_bulk(name: str, value: t.Any) -> t.Any:
    bulk = BULK.get(name)
    return value if bulk is None else {key: [] if key == bulk else value[key] for key in value}


class FilterModule:
    """Provides the filters by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {
            "_rotation_refusal": rotation_refusal,
            "_rotation_steps": rotation_steps,
            "_rotation_material": rotation_material,
            "_rotation_expected": rotation_expected,
            "_rotation_preview": rotation_preview,
            "_rotation_removal": rotation_removal,
            "_rotation_outcome": rotation_outcome,
        }
