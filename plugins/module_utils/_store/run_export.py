# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module `ssl_certificate_export`. Private to softlayer.certificates."""

from __future__ import annotations

import os
import threading
import typing as t
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from .._base.action import build_items_failure
from .._base.codes import ExportOutcome
from .._base.errors import CertificatesError
from .._base.files import PrivateFolder, is_fixed
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES
from .._base.module import Module
from .._base.options import ArgumentSpec, build_concurrency_options
from .._base.progress import count_calls
from .._base.times import now
from .._softlayer.client import Client, connect
from .._softlayer.options import build_api_options, build_selection_options
from .._softlayer.store import fetch_visible, fetch_with_private_key
from .._softlayer.values import check_ids
from .._x509.keys import MAX_PASSPHRASE_LENGTH, PrivateKey, list_key_texts
from .plan_export import (
    ExportAction,
    ExportOptions,
    build_content,
    check_key,
    collect_bundle,
    compare,
    find_leftover_keys,
    plan_exports,
)

SELECTIONS = ("certificate_ids", "common_names", "all")
SPEC = (
    build_api_options()
    + build_selection_options().select("common_names")
    + build_concurrency_options()
    + ArgumentSpec(
        options={
            "certificate_ids": {"type": "list", "elements": "int", "limits": True},
            "all": {"type": "bool"},
            "dest": {"type": "path", "required": True},
            "passphrase": {"type": "str", "no_log": True},
            "include_expired": {"type": "bool", "default": False},
        },
        mutually_exclusive=[SELECTIONS],
        required_one_of=[SELECTIONS],
    )
)
LIBRARIES = (*API_LIBRARIES, *CERTIFICATE_LIBRARIES)


def run(module: Module) -> dict[str, t.Any]:
    """Export the selected certificates and return the result of the module."""
    params = module.params
    check_params(params)
    options = ExportOptions(params["certificate_ids"], params["common_names"], params["include_expired"])
    folder = PrivateFolder(params["dest"])
    client = connect(module, params["concurrency"], module.stop_on_signals())
    listing, at = fetch_visible(client), now()
    planned = [
        compare_with_directory(action, folder, params["passphrase"]) for action in plan_exports(listing, options, at)
    ]
    for name in find_leftover_keys(planned, folder.list_names()):
        module.warn(
            f"{folder.format_path(name)} is a leftover file: an earlier export wrote another number of certificates with the same name, and exports do not "
            "update the file anymore. Check that nothing uses the file, and delete the key together with its certificate files."
        )
    simulated = [action.simulate() for action in planned]
    done = simulated if module.check_mode else carry_out(module, client, planned, folder)
    try:
        folder.check_place()
    except CertificatesError as error:
        lost = [
            action
            if action.outcome == "failed"
            else action.mark_failed("not_written", {"error": error.message}, is_changed=action.outcome == "exported")
            for action in done
        ]
        result = as_result(lost, client, folder, at)
        return {**result, "failure": error.build_failure()}
    return as_result(done, client, folder, at)


def check_params(params: dict[str, t.Any]) -> None:
    """Reject invalid options that the argument specification cannot express.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    check_ids("certificate_ids", params["certificate_ids"] or ())
    if params["all"] is False:
        why = "all: false selects no certificate. Set all: true, certificate_ids, or common_names."
        raise CertificatesError("invalid_argument", why)
    if not params["dest"].strip():
        raise CertificatesError("invalid_argument", "dest must not be empty. Set dest to a directory.")
    if not is_fixed(os.path.expanduser(params["dest"])):  # another run would not find the files
        raise CertificatesError(
            "invalid_argument",
            f"dest {params['dest']!r} depends on the current directory, or contains a name that is not expanded, so another run could write to a different "
            f"directory. Set dest to an absolute path, such as {os.path.abspath(params['dest'])!r}.",
        )
    passphrase = params["passphrase"]
    if passphrase is not None and not 0 < len(passphrase.encode("utf-8")) <= MAX_PASSPHRASE_LENGTH:
        raise CertificatesError(
            "invalid_argument",
            f"passphrase must have from 1 to {MAX_PASSPHRASE_LENGTH} bytes. To export the keys without encryption, remove passphrase.",
        )


def compare_with_directory(action: ExportAction, folder: PrivateFolder, passphrase: str | None) -> ExportAction:
    """Return an export with the parts that differ from the directory."""
    if action.outcome == "failed":
        return action
    try:
        contents: dict[str, bytes | None] = {part: folder.read(name) for part, name in action.files().items()}
    except CertificatesError as error:
        return action.mark_failed_by(error)
    return compare(action, contents, passphrase)


def carry_out(
    module: Module, client: Client, planned: Sequence[ExportAction], folder: PrivateFolder
) -> list[ExportAction]:
    """Write several certificates concurrently and return the outcomes. A failure does not affect other certificates.

    Raises:
        CertificatesError: as `PrivateFolder.prepare`.
    """
    wanted = [action for action in planned if action.outcome == "exported"]
    if not wanted:
        return list(planned)
    folder.prepare()
    exporter = count_calls(Exporter(module, client, folder), len(wanted), "certificates")
    done = iter(client.call_for_each(exporter, wanted))
    return [next(done) if action.outcome == "exported" else action for action in planned]


class Exporter:
    """Write one certificate. Private keys are kept in memory only during the write."""

    def __init__(self, module: Module, client: Client, folder: PrivateFolder) -> None:
        self._module = module
        self._client = client
        self._folder = folder
        self._passphrase: str | None = module.params["passphrase"]
        self._always_hidden = frozenset(module.no_log_values)
        self._hidden: Counter[str] = Counter()  # counted, since certificates may share a key
        self._hiding = threading.Lock()

    def __call__(self, action: ExportAction) -> ExportAction:
        """Return the outcome of an export, without raising an error."""
        secrets: set[str] = set()

        def hide(text: str) -> None:
            new = list_key_texts(text.encode("utf-8", "replace")) - secrets
            secrets.update(new)
            self._hide(new, 1)

        try:
            key = self._fetch_key(action, hide) if "privatekey" in action.parts else None
            self._folder.write(build_content(action, key, self._passphrase))
        except CertificatesError as error:
            return action.mark_failed_by(error)
        finally:
            self._hide(secrets, -1)
        return action

    def _fetch_key(self, action: ExportAction, hide: Callable[[str], None]) -> PrivateKey:
        """Return the private key of a certificate.

        Raises:
            CertificatesError: as `fetch_with_private_key` and `check_key`; `api_error` if the record has changed during the run.
        """
        stored = fetch_with_private_key(self._client, t.cast(int, action.id), hide)
        if stored.record.certificate is None or collect_bundle(stored.record) != action.bundle:
            why = f"Certificate {action.id} changed during the run. Run the playbook again."
            raise CertificatesError("api_error", why)
        key = check_key(action.id, action.bundle[0], stored.private_key)
        hide(key.pem)
        return key

    def _hide(self, texts: Iterable[str], times: int) -> None:
        """Hide texts in all output, or stop hiding texts. Each call creates a new set, because other threads may use the old set."""
        with self._hiding:
            self._hidden.update(dict.fromkeys(texts, times))
            self._hidden = +self._hidden
            self._module.no_log_values = {*self._always_hidden, *self._hidden}


# The result


def as_result(done: Sequence[ExportAction], client: Client, folder: PrivateFolder, at: datetime) -> dict[str, t.Any]:
    """Return the result of the module, with `failure` if an export failed."""
    counts = {outcome: sum(action.outcome == outcome for action in done) for outcome in t.get_args(ExportOutcome)}
    result: dict[str, t.Any] = {
        "changed": counts["exported"] > 0 or any(action.is_changed for action in done),
        "certificates": [action.as_result(at, folder.format_path) for action in done],
        **{f"{outcome}_count": count for outcome, count in counts.items()},
        "api_calls": client.api_calls,
        "diff": [action.as_diff(folder.format_path) for action in done if action.outcome == "exported"],
    }
    failures = [action for action in done if action.outcome == "failed"]
    if failures:
        result["failure"] = build_items_failure(
            "certificates_failed",
            [f"{action.name}: {action.reason}: {action.message}" for action in failures],
            f"{len(done)} certificates could not be exported",
            stopped=client.stop.is_set(),
            certificates=[{"id": action.id, "reason": action.reason, "message": action.message} for action in failures],
        )
    return result
