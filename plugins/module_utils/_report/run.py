# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module `ssl_certificate_report`, from its options to its result. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .._base.errors import CertificatesError
from .._base.files import replace_file, resolve_path, why_unwritable
from .._base.libraries import CERTIFICATE_LIBRARIES, METRICS_LIBRARIES, REPORT_LIBRARIES
from .._base.module import Module
from .._base.options import ArgumentSpec
from .._base.text import make_encodable
from .._base.times import now
from .metrics import render_metrics
from .report import RESULTS_REMEDY, Kind, check_records, merge_words, render_files
from .rotation import ROTATION_KIND

SPEC = ArgumentSpec(
    options={
        "results": {"type": "dict"},
        "path": {"type": "path"},
        "metrics_path": {"type": "path"},
        "language": {"type": "str", "choices": ["en", "de"], "default": "en"},
        "state": {"type": "str", "choices": ["present", "checked"], "default": "present"},
        "page": {"type": "dict"},
    },
)
ENDINGS = ("html", "json", "csv")
REPORT_MODE, METRICS_MODE = 0o640, 0o644
"""File modes: only the group may read the report; all users may read the metrics, because node_exporter runs as another user."""
PAGE_KEYS = ("template", "css", "script", "words")
"""The valid keys of `page`."""


def list_libraries(params: Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the Python libraries for a run with these options."""
    of_report = REPORT_LIBRARIES if params["path"] else ()
    return (*of_report, *((*METRICS_LIBRARIES, *CERTIFICATE_LIBRARIES) if params["metrics_path"] else ()))


def run(module: Module, orders: Kind) -> dict[str, t.Any]:
    """Return the module's result; `orders` is the kind of report for SSL orders."""
    params = module.params
    results, params["results"] = params["results"] or {}, None  # they would be in the result, as its invocation
    page, params["page"] = params["page"], None
    page_path, metrics = (resolve_path(params[name]) if params[name] else None for name in ("path", "metrics_path"))
    if not (page_path or metrics):
        raise CertificatesError("invalid_argument", "No file to write. Set path, metrics_path, or both.")
    files = list_files(page_path)
    if metrics in files.values():
        raise CertificatesError(
            "invalid_argument",
            f"metrics_path must not be {metrics}, a file of the report. Set metrics_path to another file.",
        )
    unknown = sorted(map(str, (page or {}).keys() - {*PAGE_KEYS}))
    if unknown:
        raise CertificatesError(
            "invalid_argument", f"Unknown keys in page: {', '.join(unknown)}. Valid keys are {', '.join(PAGE_KEYS)}."
        )
    for name, path in (*(("path", path) for path in files.values()), ("metrics_path", metrics)):
        if path and (why_not := why_unwritable(path)):
            raise CertificatesError("not_found", f"{name}: {why_not}")
    paths = [*files.values(), *([metrics] if metrics else [])]
    result = {"changed": False, "paths": paths}
    if params["state"] == "checked":
        for folder in map(os.path.dirname, paths):
            disk = os.statvfs(folder)
            if disk.f_blocks and not disk.f_bfree:
                raise CertificatesError(
                    "not_written",
                    f"Cannot write to the directory {make_encodable(folder)}: the disk is full. Free some space, or set another path.",
                )
        return result
    is_of_orders, at = "orders" in results, now()
    kind = orders if is_of_orders else ROTATION_KIND
    check_results(results, kind)
    if is_of_orders:
        if not files:
            why = "Cannot write metrics of SSL orders: only rotations have metrics. Set path to write a report instead."
            raise CertificatesError("invalid_argument", why)
        result["paths"] = [*files.values()]
    before = {ending: read_text(path) for ending, path in files.items()}
    counted, texts = "", dict[str, str]()
    with report_malformed_results():
        if metrics and not is_of_orders:
            counted = render_metrics(results, at, success="listeners" in results and "failure" not in results)
        if files and (is_of_orders or "listeners" in results):
            words = merge_words(page["words"], kind.schema.rows)
            report = kind.build(results, words, at, before["json"])
            texts = render_files(kind.schema, report, words, params["language"], page)
    if metrics and counted and not module.check_mode:
        replace_file(metrics, counted.encode(), METRICS_MODE)
    if not texts:
        return result  # a run without a list of listeners keeps the last report
    written = [ending for ending in files if texts[ending] != before[ending]]
    for ending in written if not module.check_mode else ():
        replace_file(files[ending], texts[ending].encode(), REPORT_MODE)
    result["changed"] = bool(written)
    if not module._diff:  # no content without need
        return result
    header = dict.fromkeys(("before_header", "after_header"), files["csv"])
    return {**result, "diff": [{**header, "before": before["csv"] or "", "after": texts["csv"]}]}


@contextmanager
def report_malformed_results() -> Iterator[None]:
    """Convert errors of malformed results in the context.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    try:
        yield
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else type(error).__name__
        raise CertificatesError(
            "invalid_argument",
            f"results does not have the form that the modules return ({what}). {RESULTS_REMEDY}",
        ) from None


def list_files(path: str | None) -> dict[str, str]:
    """Return the paths of the files of a report by their file name extensions.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    if not path:
        return {}
    if not path.endswith(".html"):
        raise CertificatesError("invalid_argument", f"path must end with .html, but is {path}.")
    return {ending: f"{path.removesuffix('html')}{ending}" for ending in ENDINGS}


def check_results(results: Mapping[str, t.Any], kind: Kind) -> None:
    """Raise an error for results that no module returned.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    unknown = sorted(results.keys() - {*kind.parts})
    if "orders" in results and unknown:
        said = f"Unknown keys in results of orders: {', '.join(unknown)}. Valid keys are {', '.join(kind.parts)}."
        raise CertificatesError("invalid_argument", said)
    if not results.keys() & {"orders", "listeners", "failure", "msg"}:
        raise CertificatesError(
            "invalid_argument",
            f"results is not a result of ssl_certificate_rotate and contains no orders. {RESULTS_REMEDY}",
        )
    check_records(kind.schema, results)


def read_text(path: str) -> str | None:
    """Return the text of a file, or `None` for an unreadable file."""
    try:
        return Path(path).read_bytes().decode()  # with its line ends, as CSV has other ones
    except (OSError, ValueError):
        return None
