# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of a rotation, for the textfile collector of Prometheus's node_exporter. Private to softlayer.certificates.

Pure. Names follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from .._base.codes import AttentionReason
from .._base.text import make_encodable
from .._base.times import parse
from .summary import Record, read_lists

with suppress(ImportError):
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import Metric

ATTENTION: tuple[AttentionReason, ...] = t.get_args(AttentionReason)
"""Reasons for attention; each reason always has a sample, so that an alert ends if the count is zero."""
LISTENER_METRICS = {
    "not_before_timestamp_seconds": "Start of the validity of the certificate of a listener, in seconds since 1970.",
    "not_after_timestamp_seconds": "End of the validity of the certificate of a listener, in seconds since 1970.",
    "effective_not_after_timestamp_seconds": "Time from which TLS clients reject the certificate of a listener, in seconds since 1970: "
    "an intermediate certificate may expire before the certificate.",
    "renewal_due": "Whether the certificate of a listener is due for renewal (1) or not (0).",
    "served": "Whether a listener serves its certificate (1), or another certificate or no certificate (0).",
    "accepted": "Whether a TLS client accepts (1) or rejects (0) the certificate that a listener serves.",
    "revoked": "Whether the certificate that a listener serves, or an intermediate certificate, was revoked (1) or not (0).",
}
"""Help texts of the metrics of each listener, by field; times are seconds since 1970."""
TIME_SUFFIX = "_timestamp_seconds"

Labels = Mapping[str, str]
Value: t.TypeAlias = "float | None"
Samples = Iterable[tuple[Labels, Value]]


class _MetricsCollector:
    """A collector of metrics for a registry; `prometheus_client.Gauge` would write values to files if PROMETHEUS_MULTIPROC_DIR is set."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        return self._metrics


def render_metrics(result: Record, at: datetime, *, success: bool) -> str:
    """Return the content of the metrics file.

    Args:
        result: the result of `ssl_certificate_rotate`; missing lists count as empty, and null values are skipped.
        at: end of the run.
        success: whether the run completed; a run with failed items did not succeed.
    """
    listeners = _add_labels(result.get("listeners") or ())
    counts = {name: len(records) for name, records in read_lists(result).items()}
    attention: Counter[str] = Counter(dict.fromkeys(ATTENTION, 0))
    attention.update(str(item.get("reason")) for item in result.get("attention") or ())
    metrics = [
        *(_build_listener_gauge(name, documentation, listeners) for name, documentation in LISTENER_METRICS.items()),
        _build_gauge(
            "attention",
            "Number of items that need attention, by reason.",
            (({"reason": reason}, count) for reason, count in attention.items()),
        ),
        _build_gauge(
            "last_run_timestamp_seconds",
            "End of the last run, in seconds since 1970.",
            [({}, at.timestamp())],
        ),
        _build_gauge(
            "last_run_success",
            "Whether the last run completed without a failure (1) or not (0).",
            [({}, success and not counts["failed"])],
        ),
        _build_gauge(
            "last_run_items",
            "Number of items that the last run processed, skipped, or failed to process, by list.",
            (({"list": name}, count) for name, count in counts.items()),
        ),
    ]
    registry = CollectorRegistry()
    registry.register(_MetricsCollector(metrics))
    return generate_latest(registry).decode("utf-8")


def _build_gauge(name: str, documentation: str, samples: Samples) -> Metric:
    """Return a metric with samples for known values only."""
    gauge = Metric(f"softlayer_certificates_{name}", documentation, "gauge")
    for labels, value in samples:
        if value is not None:
            gauge.add_sample(gauge.name, dict(labels), float(value))
    return gauge


def _build_listener_gauge(name: str, documentation: str, listeners: Iterable[tuple[Labels, Record]]) -> Metric:
    """Return the metric of one field of all listeners."""
    field, samples = name.removesuffix(TIME_SUFFIX), []
    for labels, listener in listeners:
        value = _read_revoked(listener) if field == "revoked" else listener.get(field)
        if field != name:
            moment = parse(value)
            value = moment.timestamp() if moment else None
        samples.append((labels, value))
    return _build_gauge(name, documentation, samples)


def _read_revoked(listener: Record) -> bool | None:
    status = (listener.get("revocation") or {}).get("status")
    return None if status in {None, "unknown"} else status == "revoked"


def _add_labels(listeners: Sequence[Record]) -> list[tuple[Labels, Record]]:
    """Return the listeners with unique labels, because node_exporter rejects duplicate series.

    The labels include the UUID only for load balancers with the same name.
    """
    places = Counter((listener.get("load_balancer"), listener.get("port")) for listener in listeners)
    labelled: dict[tuple[str, ...], tuple[Labels, Record]] = {}
    for listener in listeners:
        labels = {
            "load_balancer": _format_label(listener.get("load_balancer")),
            "port": _format_label(listener.get("port")),
            "name": _format_label(
                listener.get("common_name") or next(iter(listener.get("subject_alt_names") or ()), None)
            ),
        }
        if places[listener.get("load_balancer"), listener.get("port")] > 1:
            labels["load_balancer_uuid"] = _format_label(listener.get("load_balancer_uuid"))
        labelled[tuple(labels.values())] = (labels, listener)
    return list(labelled.values())


def _format_label(value: object) -> str:
    return "" if value is None else make_encodable(str(value))
