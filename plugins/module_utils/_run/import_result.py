# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of `ssl_certificate_import`: results, the diff, and `failure`. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .._api.client import Client
from .._errors import CertificatesError
from .._names import named
from .._plan.imports import Creation, Failure, ImportAction, Present, Removal, Unchanged, Update
from .._text import some_of
from .._times import iso


def as_result(
    planned: Sequence[ImportAction], done: Sequence[ImportAction], client: Client, *, single: bool
) -> dict[str, t.Any]:
    """Return the module's result, with `failure` if a certificate failed."""
    certificates = [step.as_result() for step in done]
    result: dict[str, t.Any] = {
        "changed": any(step.changes_something for step in done),
        "certificates": certificates,
        "api_calls": client.api_calls,
        "diff": [as_diff(step) for step in map(as_shown, planned, done) if step.changes_something],
    }
    if single:
        result["certificate"] = certificates[0]
    failures = [(position, step) for position, step in enumerate(done) if isinstance(step, Failure)]
    if failures:
        result["failure"] = as_failure(failures, len(done), stopped=client.stop.is_set())
    return result


def as_failure(failures: Sequence[tuple[int, Failure]], count: int, *, stopped: bool) -> dict[str, t.Any]:
    """Return `failure` for the certificates that failed."""
    _position, first = failures[0]
    if count == 1:
        return CertificatesError("interrupted" if stopped else first.reason, first.message).as_failure()
    said = [f"item {position} ({name_of(step)}): {step.reason}: {step.message}" for position, step in failures]
    return CertificatesError(
        "interrupted" if stopped else "certificates_failed",
        f"{'The run was told to stop. ' if stopped else ''}{len(failures)} of {count} certificates failed: "
        f"{some_of(said, 5, '; ', '; ')}",
        items=[{"item": position, "reason": step.reason, "message": step.message} for position, step in failures],
    ).as_failure()


def name_of(step: ImportAction) -> str:
    """Return a certificate's name in messages."""
    return step.about.name or "unknown name"


def as_shown(planned: ImportAction, done: ImportAction) -> ImportAction:
    """Return what the diff shows for a certificate: the plan, unless another run has stored it meanwhile."""
    return done if isinstance(planned, Creation) and isinstance(done, Unchanged | Update) else planned


def as_diff(step: ImportAction) -> dict[str, t.Any]:
    """Return the plan for one certificate in the form of Ansible's diffs: public facts only."""
    certificate = step.about.certificate
    public = (
        {
            **named(certificate.common_name, certificate.shown_name),
            "fingerprint_sha256": certificate.fingerprint_sha256,
            "not_after": iso(certificate.not_after),
        }
        if certificate
        else {"common_name": name_of(step)}
    )
    known = {"id": step.about.id, **public}
    before: dict[str, t.Any] = {} if isinstance(step, Creation) else dict(known)
    after: dict[str, t.Any] = {} if isinstance(step, Removal) else dict(known)
    if isinstance(step, Creation | Update):
        after["state"] = step.message
    if isinstance(step, Update) and "notes" in step.changes:
        before["notes"], after["notes"] = step.record.notes, step.about.notes
    superseded = step.superseded if isinstance(step, Present) else ()
    removed = [old.id for old in superseded if old.removed]
    if removed:
        before["superseded"], after["superseded"] = removed, []
    return {"before_header": name_of(step), "after_header": name_of(step), "before": before, "after": after}
