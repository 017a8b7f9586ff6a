# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All words with which results say why: failure codes, reasons, outcomes, states. Private to softlayer.certificates.

Users' playbooks compare them, so they never change. What each means, and what to do about it, is told here once, below the type that has it
first, as `word: meaning | what to do`. `docs/reasons.py` makes the guide to reasons of that.
"""

from __future__ import annotations

import typing as t

Ineligibility = t.Literal["pending", "canceled", "expired", "unknown_status"]
"""Why no certificate is available for an order.

pending: The authority has not approved the order. | Wait, or find its approval email.
canceled: The order was canceled or rejected. | Nothing; leave it out.
unknown_status: This release does not know the order's status. | Report it, with ``status_name`` of ``ssl_order_info``.
"""
InStore = t.Literal["already_imported", "superseded"]
"""Why an order no longer needs a certificate.

already_imported: The store holds this certificate. | Nothing.
superseded: The store, a source or the secret has a newer one that may stand in for it. | Nothing; to use the old one, ``force: true``.
"""
Untrusted = t.Literal["untrusted", "chain_incomplete"]
"""Why a certificate is not accepted as trusted.

untrusted: Its chain leads to no root that clients know, or a key in it is too short for them. | Use an authority that clients trust; for your
    own, set ``trusted_ca_path``.
chain_incomplete: An issuer, which ``message`` names, is missing: an intermediate certificate, or a root that nobody knows (staging, your own
    authority). | Add it to the chain (``intermediate_path``), or trust it (``trusted_ca_path``).
"""
HeldBack = t.Literal["names_not_covered", "organization_differs", "key_type_not_offered", Untrusted]
"""Why a newer certificate is not put in the place of the present one, until a person does something about it.

names_not_covered: It lacks names that the present one has. | Have it issued with all names. If they may go, ``adopt`` it once.
organization_differs: It names another organization, or none, as those of ACME authorities. | ``adopt`` it once; renewals then go by
    themselves.
key_type_not_offered: Its key is of another type, and load balancers have cipher suites for RSA keys only, unless others are chosen. | Have an
    RSA key made: ``certbot renew --cert-name NAME --key-type rsa --force-renewal``.
"""
OwnObstacle = t.Literal[HeldBack, "expired", "not_yet_valid"]
ObstacleReason = t.Literal[OwnObstacle, "revoked"]
"""Why a certificate must not take the place of another one; only modules with the option `check_revocation` know what was revoked.

expired: The order, the certificate, or an issuer on its path (``ends_by``) has ended, or ends before what it would replace. | Have the
    client renew it; for an issuer, import it again with today's chain.
not_yet_valid: It begins in the future, and clients refuse it until then. | Wait, or correct the clock.
revoked: Its authority has revoked it, or an issuer of it. | Have it issued anew; for an issuer, import it with the authority's chain of today.
"""

EmailOutcome = t.Literal["requested", "skipped", "failed"]
EmailReason = t.Literal[
    Ineligibility,
    InStore,
    "cooldown",
    "recipient_not_allowed",
    "recipient_changed",
    "changed_meanwhile",
    "not_found",
    "refused",
    "retired",
    "rate_limited",
    "api_error",
    "outcome_unknown",
]
"""Why `ssl_fulfillment_email` did not request an email.

cooldown: The email was requested within ``min_interval_hours``. | Look into the mailbox, also into spam. ``next_allowed_at`` says when it
    may be requested again.
recipient_not_allowed: ``allowed_recipients`` has not this address, or it is not exactly one. | Allow it, or correct it in the order.
recipient_changed: The address is another one than was listed or approved. Nothing was sent. | Find out who changed it; run check mode again.
not_found: It is not there, or the API user may not see it; or a pattern matches nothing. | ``message`` says what is missing, and what there is.
refused: The API, or the store, says no. | ``message`` quotes it. A certificate without common name: have it issued with one.
retired: The API has no such method or product any more. | Ask the authority, or use Secrets Manager.
rate_limited: The API's limit did not clear within ``retries``; nothing was done. | Run it later, with a lower ``concurrency``.
api_error: The API reported an error, or the run ended before it came to this. | Read ``message``; run it again.
outcome_unknown: No answer came: it may have been done. | Run it again: it looks first. For an email, look into the mailbox; ``force: true``
    requests it again.
"""

MissingReason = t.Literal[Untrusted, "waiting_for_email", "no_public_key", "not_found"]
"""Why `ssl_fulfillment_email_info` did not find a certificate.

waiting_for_email: No message with a valid certificate has come. | Wait an hour; then check ``approver_email``, folder and ``max_age_days``.
no_public_key: The API does not return the order's CSR. | Look for it by ``csr_paths``, or import it by hand.
"""
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
"""Why `ssl_fulfillment_email_info` took no certificate from a message.

link_only: The message has only a link. | Download the certificate into ``ssl_fulfillment_certificate_dir``.
approval_request: The authority waits until a person approves the order. | Approve it.
no_matching_key: Its certificates are for other keys. | Nothing; if you expected it, look for it by its own key or CSR.
no_certificate: The message has none. | Nothing.
encrypted: The message is encrypted, or has a PKCS#12 file. | Decrypt it, and save its content as files.
unsupported_attachment: A file in it cannot be read (``winmail.dat``, ``.msg``, tar, 7-Zip, RAR, an office document). | Save the certificate by
    hand into ``ssl_fulfillment_certificate_dir``.
unreadable: The mail server does not give it, or the user may not read the file. | ``message`` says why; give the user the right to read it.
too_large: It is larger than a certificate would be. | Raise ``max_message_bytes`` if you trust it, or remove it.
malformed: It is damaged or half written, or the ``acme.json`` of Traefik 1. | Get it from its source again.
"""

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
"""Why `ssl_certificate_import` failed for a certificate.

invalid_pem: It cannot be read: damaged, something else, or encrypted in an unsupported way. | Get it again. ``message`` has the command for
    another encryption.
key_mismatch: The private key is that of another certificate. | Use the key of its CSR.
csr_mismatch: The CSR is for another key. | Give the right one, or none.
order_mismatch: It is not the certificate of ``order_id``. | Leave that out if it was reissued with another key.
chain_invalid: The intermediate certificates did not issue it, or one has expired. | Get those that the authority publishes.
chain_cut: The store has kept fewer intermediate certificates than clients need. Nothing is switched to it. | Use a
    :ref:`chain with one <ansible_collections.softlayer.certificates.docsite.guide_lets_encrypt.chains>`.
bad_passphrase: The passphrase is missing or wrong. | Set ``privatekey_passphrase`` or ``pkcs12_passphrase``.
in_use: A service uses it, or the API does not say whether one does, or one of ``endpoints`` serves or names it. | Give that service another
    certificate first, or name another one there.
ambiguous: Several fit equally well, or it has changed meanwhile. | Name it by its id, or leave one in the sources; run it again.
"""

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
"""Why `ssl_certificate_export` did not write a certificate to the folder.

no_permission: The API user may not do this. | Grant ``SECURITY_CERTIFICATE_MANAGE``, or the role in Secrets Manager that ``message`` names.
no_private_key: The store gives no private key. | Grant ``SECURITY_CERTIFICATE_MANAGE``, or import it anew, with its key.
not_ours: A file of its name is a link, or another user's. | Move it away, or choose another folder.
not_written: The disk is full, read only or broken, or the folder was replaced. | See to it; run it again.
"""

SecretOutcome = t.Literal["created", "updated", "unchanged", "failed"]
SecretReason = t.Literal[
    OwnObstacle,
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
"""Why `secrets_manager_certificate` failed for a certificate.

other_type: The secret of this name is no imported certificate. | Give another name.
managed_csr: Secrets Manager has made this secret's key itself. | Give another name, or import its certificate in the console.
not_active: The secret is not issued yet, suspended or destroyed. | Look at it in the console.
locked: Another run is changing the same, or this one has lost its turn. Nothing was done. | Run it later. ``message`` says what happened.
"""

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
"""Why `ssl_certificate_deploy` did not switch a listener, or what is to be said about one that it did.

not_https: Only HTTPS listeners have a certificate. | Name the HTTPS listener.
balancer_busy: The load balancer was not ACTIVE in time. | Run it later; nothing is sent twice.
balancer_error: The load balancer is in ERROR, or is being deleted. | See to it in the console.
not_served: The listener, or an endpoint with ``expected``, serves something else, or completes no handshake. A listener that a switch broke
    is pointed back (``rolled_back``). | Wait some minutes, run it again; then check key type, chain and cipher suites. If a load balancer goes on
    serving something else, ``message`` has the commands that help.
not_accepted: A client refuses what is served; ``message`` has its words. Mostly an intermediate certificate is missing. | Import it again with
    its chain; for your own authority, set ``trusted_ca_path``.
not_reachable: Nobody can connect from here, so nobody knows what is served, and nothing is deleted. | Run it from a machine that can, or set
    ``remove_unseen``.
"""

NotSeen = t.Literal["unreachable", "timeout", "no_tls", "handshake_failed"]
"""Why an endpoint could not be seen to serve a certificate.

unreachable: No address accepts a connection. | Check host, port and proxy. Internal load balancers need a machine in their network.
timeout: A step, which ``message`` names, took longer than ``timeout``. | Check host, port and firewalls.
no_tls: This port does not speak TLS from the start. | Check the port.
handshake_failed: The server ended the handshake, or wants a client certificate. | Read ``message``, and the server's log.
"""
EndpointReason = t.Literal[NotSeen, "not_served", "expired", "not_yet_valid", "name_mismatch", Untrusted]
"""What is wrong with what an endpoint serves, for `ssl_endpoint_info`; of several, the first in this order is given.

name_mismatch: The certificate is not for ``server_name``. | Check that name, or get a certificate for it.
"""

WaitingReason = t.Literal[Ineligibility, InStore, "waiting_for_email", "waiting_for_certificate", "waiting_for_key"]
"""Why the filter `certificate_files` has nothing to import for an order.

waiting_for_certificate: The folder has no certificate of the order. | Save it as ``<common_name>.crt``, ``*`` written as ``_``.
waiting_for_key: The folder has no key of the order; one of its name is another key. | Save it as ``<common_name>.key``.
"""

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
"""Why a certificate that another client keeps, with its private key, cannot be used now.

being_renewed: The client is changing the files at this moment. | Nothing. If it stays, have it renewed again.
key_missing: No private key in the source belongs to it. | Put it there, under any name. Nothing, if Secrets Manager holds the certificate
    without its key on purpose: it counts as no renewal.
certificate_missing: The folder has a key and no certificate. | Have it issued, or remove the folder.
broken_link: A link leads nowhere. | Restore the file, or have it issued again.
not_a_file: A folder, pipe or device has the name of a certificate. | Remove it.
"""
RotationReason = t.Literal[ObstacleReason, InStore, SourceReason, "new_name", "ambiguous"]
"""Why `ssl_certificate_rotate` does not import a certificate of a source.

new_name: The store has no certificate for its names. | ``adopt`` it, or set ``import_new: true``.
"""
KeptReason = t.Literal["in_use", "not_served", "not_accepted", "not_reachable", "ends_later"]
"""Why `ssl_certificate_rotate` keeps a certificate although another one may stand in for it.

ends_later: The old one is kept, as the new one ends earlier. | Nothing.
"""
AttentionReason = t.Literal[
    "expired",
    "expiring",
    "not_yet_valid",
    "unusable",
    "revoked",
    "held_back",
    "not_served",
    "not_accepted",
    "renewal_requested",
]
"""Why a listener needs a person after a rotation, the most urgent first; the choices of `fail_on`.

expiring: What is served is in its last quarter (30 days at most), and nothing renews it, or its renewal is not served. | Look at the client
    that should; see that its folder is among the sources. If it is the load balancer, ``message`` has the commands that help.
unusable: A source has the renewal, and its key or passphrase is wrong. A run fails only if what is served is due and nothing else renews
    it. | ``message`` says which file, and what to do.
held_back: A newer certificate may not stand in for it: names, organization, key type or trust. | Have it issued as the present one is, or
    ``adopt`` it once.
renewal_requested: The ACME authority wanted it renewed by now (RFC 9773), and the client has not done so. | Look at the client; ``message``
    has its command, and where the authority says why.
"""
ApprovalReason = t.Literal["not_approved", "changed_meanwhile"]
"""Why a run that is limited to what a preview showed leaves something out: it was not shown, or it is no longer as it was.

not_approved: It could be done, but the check did not show it. | Run the check again.
changed_meanwhile: The check showed it, and it cannot be done any more. | Run the check again.
"""

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
"""Codes in `failure`; if the import of a single certificate failed, the reason is used instead.

emails_failed, certificates_failed, listeners_failed, rotation_failed: Something failed. | The list in the result has a reason for each.
attention_needed: All went well, and a listener needs a person. | See its reason.
too_many_listeners: There is more to switch than ``max_listeners``. Nothing was changed. | Raise it if you expect so many.
too_many_orders: There is more to request than ``max_orders``. Nothing was sent. | Raise it if you expect so many.
invalid_argument: An option has a value that it cannot have. | ``message`` names both.
missing_credentials: User name or API key are set nowhere. | Set ``SL_USERNAME`` and ``SL_API_KEY``.
invalid_config_file: The config file cannot be read. | Correct it.
insecure_endpoint: The key would be sent over plain ``http``. | Use ``https``.
insecure_folder: Others may read or replace the folder for the keys. Nothing was written. | ``message`` has the remedy.
authentication_failed: The login was refused. | With an API key of IBM Cloud, the user name is ``apikey``.
tls_error: The server's certificate is not trusted. Nothing was sent. | Set ``ca_path`` if it is your proxy's or your own authority's.
no_answer: The API did not answer. | Run it again.
incomplete_listing: A list could not be read to its end. Nothing was done. | Run it again.
mailbox_error: The mail server refuses a command. | ``message`` quotes it.
ledger_unavailable: The ledger cannot be read or written, or its path is relative. Nothing was done. | See to the file or database.
ephemeral_ledger: The ledger would be lost with this container. Nothing was sent. | Set ``ledger_url`` to a database or a volume.
missing_library: A Python library is missing or too old. | ``message`` has the ``pip`` command.
interrupted: A signal ended the run; calls under way were finished. | Run it again: it does the rest.
internal_error: Nobody foresaw this. | Run it again, and please open an issue with ``message``.
"""
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
