# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of `ssl_certificate_rotate`. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from .._base.errors import CertificatesError
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES, IMAP_LIBRARIES, SECRETS_MANAGER_LIBRARIES
from .._base.module import Module
from .._base.options import ArgumentSpec, build_concurrency_options
from .._ledger.place import build_ledger_options
from .._orders.options import MAILBOXES, build_mailbox_options, find_mailbox_count_error, why_unusable
from .._probe.endpoint import Endpoint
from .._probe.revocation import SPEC as REVOCATION_SPEC
from .._probe.run import add_expected_certificates, read_endpoints
from .._replacement.roots import read_known_issuers, read_trusted_roots
from .._secrets_manager.settings import build_secrets_source_options
from .._softlayer.options import build_api_options
from .._sources.source import CLIENTS, KEY_DIR_OPTION, MAIL, PATH_OPTION, Source
from .._x509.certificate import Certificate
from .._x509.options import build_certificate_options
from .approved import Approval
from .attention import REASONS
from .plan_adopt import Adoption
from .plan_deploy import ListenerSelection
from .plan_import import SourceOptions
from .run_deploy import SPEC as DEPLOY_SPEC
from .switch import MAX_WAIT, check_ledger
from .target import Target

PHASES = ("import", "deploy", "verify", "clean_up")
MAX_DAYS = 36_500
"""Maximum value of options with a number of days."""
REPORT = "report"
"""A phase that only the role `ssl_rotation` runs, after the phases of the module."""
SPEC = (
    build_api_options()
    + build_ledger_options()
    + build_concurrency_options()
    + build_certificate_options().select("privatekey_passphrase", "intermediate_path", "trusted_ca_path")
    + REVOCATION_SPEC
    + DEPLOY_SPEC.select("common_names", "load_balancers", "max_listeners", "verify_timeout", "rollback")
    + ArgumentSpec(
        options={
            "sources": {
                "type": "list",
                "elements": "dict",
                "options": {
                    **{name: {"type": "path"} for name in (PATH_OPTION, *CLIENTS)},
                    "mail": {"type": "dict", "options": dict(build_mailbox_options().options)},
                    "privatekey_dir": {"type": "path", "no_log": False},
                    "secrets_manager": {
                        "type": "dict",
                        "options": dict(build_secrets_source_options().options),
                        "no_log": False,
                    },
                },
            },
            "phases": {
                "type": "list",
                "elements": "str",
                "choices": [*PHASES, REPORT],
                "default": list(PHASES),
                "limits": True,
            },
            "import_new": {"type": "bool", "default": False},
            "trust": {"type": "str", "choices": ["require", "warn"], "default": "require"},
            "deploy_concurrency": {"type": "int", "default": 4, "range": (1, 64)},
            "balancer_wait_timeout": {"type": "float", "default": 900, "range": (0, MAX_WAIT)},
            "remove_superseded": {"type": "bool", "default": False},
            "remove_superseded_after_days": {"type": "float", "default": 0, "range": (0, MAX_DAYS), "limits": True},
            "remove_unverified": {"type": "bool", "default": False},
            "remove_expired_after_days": {"type": "float", "range": (0, MAX_DAYS), "limits": True},
            "require_same_key": {"type": "bool", "default": False},
            "endpoints": {"type": "list", "elements": "raw"},
            "approved": {"type": "dict", "limits": True},
            "adopt": {
                "type": "dict",
                "options": {
                    "common_name": {"type": "str", "required": True, "limits": True},
                    "listeners": {"type": "list", "elements": "str", "limits": True},
                },
                "limits": True,
            },
            "gather_certificates": {"type": "bool", "default": True},
            "fail_on": {
                "type": "list",
                "elements": "str",
                "choices": list(REASONS),
                "default": ["expired", "expiring", "not_yet_valid", "unusable", "revoked", "held_back"],
            },
        },
    )
)


@dataclass(frozen=True)
class RotationOptions:
    """The parsed options of a rotation; attributes without a docstring are options of the module."""

    phases: frozenset[str]
    """The phases to run, without `REPORT`."""
    sources: Sequence[Source]
    """The sources to read certificates from."""
    intermediates: Sequence[Certificate]
    """Additional intermediate certificates, from `intermediate_path`."""
    approved: Approval | None
    """The approved preview that limits the run; `None` without a limit."""
    endpoints: Sequence[Endpoint]
    """The endpoints to verify, each with an expected certificate."""
    adopt: Adoption | None
    """The certificate to adopt; `None` for a rotation."""
    common_names: Sequence[str] | None
    load_balancers: Sequence[str] | None
    import_new: bool
    trust: str
    max_listeners: int
    deploy_concurrency: int
    balancer_wait_timeout: float
    verify_timeout: float
    remove_superseded: bool
    remove_superseded_after_days: float
    remove_unverified: bool
    remove_expired_after_days: float | None
    require_same_key: bool
    ledger_url: str | None
    fail_on: Sequence[str]
    gather_certificates: bool
    is_check_mode: bool

    @property
    def source_options(self) -> SourceOptions:
        """The options for the selection of imports."""
        names = [self.adopt.common_name] if self.adopt else self.common_names
        return SourceOptions(
            names, self.import_new or self.adopt is not None, is_trust_required=self.trust == "require"
        )

    @property
    def selection(self) -> ListenerSelection:
        """The criteria of `common_names` and `load_balancers` for listeners."""
        return ListenerSelection(None if self.adopt else self.common_names, self.load_balancers)

    @property
    def is_removing(self) -> bool:
        """Whether the run deletes replaced or expired certificates."""
        return "clean_up" in self.phases and (self.remove_superseded or self.remove_expired_after_days is not None)

    @property
    def is_checking_listeners(self) -> bool:
        """Whether the run reports about the certificates that listeners serve."""
        return bool({"deploy", "verify"} & self.phases)

    @property
    def is_probing_listeners(self) -> bool:
        """Whether the run probes listeners."""
        return self.is_checking_listeners or self.is_removing

    def is_about(self, target: Target) -> bool:
        """Return whether a problem of a listener fails the run; with `approved`, only listeners of the preview do."""
        return self.approved is None or self.approved.has_listener(str(target.load_balancer_uuid), target.port)


def list_libraries(params: Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the names of the Python libraries that the options require."""
    sources = params["sources"] or ()
    reads_mail = any(given["mail"] and given["mail"]["imap"] for given in sources)
    reads_secrets = any(given["secrets_manager"] is not None for given in sources)
    optional = (*(IMAP_LIBRARIES if reads_mail else ()), *(SECRETS_MANAGER_LIBRARIES if reads_secrets else ()))
    return tuple(dict.fromkeys((*API_LIBRARIES, *CERTIFICATE_LIBRARIES, *optional)))


def read_options(module: Module) -> RotationOptions:
    """Return the options, after checks that an argument specification cannot express.

    Raises:
        CertificatesError: `invalid_argument`, `not_found`, `missing_library`.
    """
    params = module.params
    if not {"import", REPORT} & set(params["phases"]):
        params["sources"] = None  # nothing is asked of them, and their folders may be those of another machine
    if "import" in params["phases"] and not params["sources"]:
        raise CertificatesError(
            "invalid_argument",
            'sources must not be empty. Specify a source, such as [{"certbot": "/etc/letsencrypt"}].',
        )
    if params["adopt"] and not {"import", "deploy"} <= set(params["phases"]):
        raise CertificatesError(
            "invalid_argument", "adopt requires the phases import and deploy. Add the missing phase, or remove adopt."
        )
    sources = [read_source(position, given) for position, given in enumerate(params["sources"] or ())]
    if params["trusted_ca_path"] is not None:
        read_trusted_roots(params["trusted_ca_path"])
    if {"import", "deploy"} & set(params["phases"]):
        check_ledger(module)
    given = {field.name: params[field.name] for field in fields(RotationOptions) if field.name in params}
    given |= {
        "phases": frozenset(params["phases"]) - {REPORT},
        "sources": sources,
        "approved": None if params["approved"] is None else Approval.parse(params["approved"]),
        "adopt": None
        if params["adopt"] is None
        else Adoption(**params["adopt"], load_balancers=params["load_balancers"]),
        "intermediates": read_known_issuers(params["intermediate_path"]),
        "endpoints": add_expected_certificates(read_endpoints(params["endpoints"])),
    }
    return RotationOptions(**given, is_check_mode=module.check_mode)


def read_source(position: int, given: Mapping[str, t.Any]) -> Source:
    """Return a source; errors name its position in `sources`.

    Raises:
        CertificatesError: errors of `Source.of`; `invalid_argument`.
    """
    try:
        source, why_not = Source.of(given), None
        if source.kind == MAIL:
            named = find_mailbox_count_error(given["mail"])
            why_not = f"mail must specify the mailbox by one of {', '.join(MAILBOXES)}{named}" if named else None
            why_not = why_not or why_unusable(given["mail"])
        elif given[KEY_DIR_OPTION] is not None:
            why_not = f"{KEY_DIR_OPTION} can be used only with mail, because {source.kind} keeps keys next to certificates. Remove {KEY_DIR_OPTION}."
        if why_not:
            raise CertificatesError("invalid_argument", why_not)
    except CertificatesError as error:
        raise CertificatesError(error.code, f"sources[{position}]: {error.message}", **error.details) from None
    return source
