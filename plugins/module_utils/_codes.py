# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All words with which results say why: failure codes, reasons, outcomes, states. Private to softlayer.certificates.

Users' playbooks compare them, so they never change. The guide to reasons explains each one and what to do about it.
"""

from __future__ import annotations

import typing as t

Ineligibility = t.Literal["pending", "canceled", "expired", "unknown_status"]
"""Why no certificate is available for an order."""
InStore = t.Literal["already_imported", "superseded"]
"""Why an order no longer needs a certificate."""
Untrusted = t.Literal["untrusted", "chain_incomplete"]
"""Why a certificate is not accepted as trusted."""
HeldBack = t.Literal["names_not_covered", "organization_differs", "key_type_not_offered", Untrusted]
"""Why a newer certificate is not put in the place of the present one, until a person does something about it."""
ObstacleReason = t.Literal[HeldBack, "expired", "not_yet_valid"]
"""Why a certificate must not take the place of another one."""

EmailOutcome = t.Literal["requested", "skipped", "failed"]
EmailReason = t.Literal[
    Ineligibility,
    InStore,
    "cooldown",
    "recipient_not_allowed",
    "recipient_changed",
    "not_found",
    "refused",
    "retired",
    "rate_limited",
    "api_error",
    "outcome_unknown",
]
"""Why `ssl_fulfillment_email` did not request an email."""

MissingReason = t.Literal[Untrusted, "waiting_for_email", "no_public_key", "not_found"]
"""Why `ssl_fulfillment_email_info` did not find a certificate."""
UnmatchedReason = t.Literal[
    Untrusted,
    "link_only",
    "approval_request",
    "no_matching_key",
    "no_certificate",
    "expired",
    "not_yet_valid",
    "encrypted",
    "unsupported_attachment",
    "unreadable",
    "too_large",
    "malformed",
]
"""Why `ssl_fulfillment_email_info` took no certificate from a message."""

ImportOutcome = t.Literal["imported", "updated", "unchanged", "removed", "failed"]
ImportReason = t.Literal[
    Untrusted,
    "invalid_pem",
    "key_mismatch",
    "csr_mismatch",
    "order_mismatch",
    "chain_invalid",
    "chain_cut",
    "expired",
    "not_yet_valid",
    "bad_passphrase",
    "in_use",
    "not_found",
    "ambiguous",
    "refused",
    "api_error",
    "outcome_unknown",
]
"""Why `ssl_certificate_import` failed for a certificate."""

ExportOutcome = t.Literal["exported", "unchanged", "failed"]
ExportReason = t.Literal[
    "no_permission",
    "no_private_key",
    "not_found",
    "key_mismatch",
    "invalid_pem",
    "not_ours",
    "not_written",
    "api_error",
]
"""Why `ssl_certificate_export` did not write a certificate to the folder."""

SecretOutcome = t.Literal["created", "updated", "unchanged", "failed"]
SecretReason = t.Literal[
    ObstacleReason,
    "superseded",
    "invalid_pem",
    "key_mismatch",
    "chain_invalid",
    "bad_passphrase",
    "no_private_key",
    "not_found",
    "no_permission",
    "ambiguous",
    "other_type",
    "managed_csr",
    "not_active",
    "locked",
    "refused",
    "api_error",
    "outcome_unknown",
]
"""Why `secrets_manager_certificate` failed for a certificate."""

DeployOutcome = t.Literal["switched", "unchanged", "skipped", "failed", "rolled_back"]
DeployReason = t.Literal[
    ObstacleReason,
    "not_https",
    "ambiguous",
    "not_found",
    "balancer_busy",
    "balancer_error",
    "locked",
    "not_served",
    "not_accepted",
    "not_reachable",
    "refused",
    "rate_limited",
    "api_error",
    "outcome_unknown",
]
"""Why `ssl_certificate_deploy` did not switch a listener, or what is to be said about one that it did."""

NotSeen = t.Literal["unreachable", "timeout", "no_tls", "handshake_failed"]
"""Why an endpoint could not be seen to serve a certificate."""
EndpointReason = t.Literal[NotSeen, "expired", "not_yet_valid", "name_mismatch", Untrusted]
"""What is wrong with what an endpoint serves, for `ssl_endpoint_info`; of several, the first in this order is given."""

WaitingReason = t.Literal[Ineligibility, InStore, "waiting_for_email", "waiting_for_certificate", "waiting_for_key"]
"""Why the filter `certificate_files` has nothing to import for an order."""

SourceReason = t.Literal[
    "not_active",
    "being_renewed",
    "key_missing",
    "certificate_missing",
    "broken_link",
    "unreadable",
    "not_a_file",
    "too_large",
    "malformed",
    "bad_passphrase",
]
"""Why a certificate that another client keeps, with its private key, cannot be used now."""
RotationReason = t.Literal[ObstacleReason, InStore, SourceReason, "new_name", "ambiguous"]
"""Why `ssl_certificate_rotate` does not import a certificate of a source."""
KeptReason = t.Literal["in_use", "not_served", "not_accepted", "not_reachable", "ends_later"]
"""Why `ssl_certificate_rotate` keeps a certificate although another one may stand in for it."""
AttentionReason = t.Literal[
    "expired", "expiring", "not_yet_valid", "unusable", "held_back", "not_served", "not_accepted"
]
"""Why a listener needs a person after a rotation, the most urgent first; the choices of `fail_on`."""
ApprovalReason = t.Literal["not_approved", "changed_meanwhile"]
"""Why a run that is limited to what a preview showed leaves something out: it was not shown, or it is no longer as it was."""

FailureCode = t.Literal[
    "emails_failed",
    "certificates_failed",
    "listeners_failed",
    "rotation_failed",
    "attention_needed",
    "too_many_listeners",
    "too_many_orders",
    "locked",
    "invalid_argument",
    "missing_credentials",
    "invalid_config_file",
    "insecure_endpoint",
    "insecure_folder",
    "authentication_failed",
    "unreachable",
    "tls_error",
    "rate_limited",
    "no_answer",
    "api_error",
    "not_found",
    "retired",
    "incomplete_listing",
    "mailbox_error",
    "ledger_unavailable",
    "ephemeral_ledger",
    "missing_library",
    "no_permission",
    "interrupted",
    "internal_error",
]
"""Codes in `failure`; if the import of a single certificate failed, the reason is used instead."""
Code = t.Literal[FailureCode, ImportReason, ExportReason, SecretReason, DeployReason, NotSeen, "taken"]
"""Codes of `CertificatesError`; `taken` never leaves the collection."""

State = t.Literal[
    "failed",
    "not_allowed",
    "unclear",
    "unknown_status",
    "pending",
    "requestable",
    "requested",
    "received",
    "not_served",
    "imported",
    "superseded",
    "expired",
    "canceled",
]
"""The state of an order: first what went wrong, then the steps from the order to the store, then what is over."""
Attention = t.Literal[
    "expired_in_use",
    "failed",
    "expiring",
    "switch_services",
    "unclear",
    "not_allowed",
    "untrusted",
    "chain_incomplete",
    "waiting_for_key",
    "waiting_for_certificate",
    "no_public_key",
    "pending",
    "unknown_status",
]
"""Why an order needs attention, the most urgent first."""

NO_SUCH_ORDER = (
    "There is no such order, or the API user has no permission to see it; ssl_order_info lists the orders there are."
)
