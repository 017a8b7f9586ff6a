# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The required Python libraries, and the error for missing or outdated libraries. Private to softlayer.certificates.

Files that use a library import it under `suppress(ImportError)`; their entry points first call `require_libraries`.
"""

from __future__ import annotations

from importlib import import_module, metadata
from importlib.util import find_spec

from ansible.module_utils.compat.version import LooseVersion

from .errors import CertificatesError

MIN_VERSIONS = {
    "Jinja2": "3.0.0",
    "SoftLayer": "6.2.2",
    "SQLAlchemy": "2.0.30",
    "certifi": "2022.9.24",
    "cryptography": "42.0.0",
    "ibm-secrets-manager-sdk": "2.1.13",
    "idna": "3.3",
    "imap-tools": "1.11.0",
    "prometheus-client": "0.16.0",
    "psycopg": "3.1.4",
    "requests": "2.28.1",
    "urllib3": "1.26.12",
}
"""Oldest supported release of each library, by name on the package index."""
IMPORT_NAMES = {
    "Jinja2": "jinja2",
    "SQLAlchemy": "sqlalchemy",
    "ibm-secrets-manager-sdk": "ibm_secrets_manager_sdk",
    "imap-tools": "imap_tools",
    "prometheus-client": "prometheus_client",
}
"""Import names that differ from the name on the package index."""
INSTALL_NAMES = {"psycopg": "psycopg[binary]"}
"""Install names that differ from the name on the package index: `psycopg` with its C library."""

DOWNLOAD_LIBRARIES = ("requests", "urllib3")
"""Libraries for reading certificate revocation lists."""
API_LIBRARIES = ("SoftLayer", *DOWNLOAD_LIBRARIES)
"""Libraries for calling the API."""
CERTIFICATE_LIBRARIES = ("idna", "cryptography")
"""Libraries for reading certificates and comparing names."""
LEDGER_LIBRARIES = ("SQLAlchemy",)
"""Libraries for the ledger, without database drivers."""
IMAP_LIBRARIES = ("imap-tools",)
"""Libraries for reading a mailbox on an IMAP server."""
SECRETS_MANAGER_LIBRARIES = ("ibm-secrets-manager-sdk", "requests", "urllib3")
"""Libraries for calling IBM Cloud Secrets Manager."""
REPORT_LIBRARIES = (*CERTIFICATE_LIBRARIES, "Jinja2")
"""Libraries for writing a report."""
METRICS_LIBRARIES = ("prometheus-client",)
"""Libraries for writing the metrics of a rotation."""
USUAL_LIBRARIES = ("SoftLayer", "cryptography", *LEDGER_LIBRARIES, *IMAP_LIBRARIES)
"""Libraries that the roles need, which one command installs."""


def require_libraries(names: tuple[str, ...], who: str, where: str, *, loads: bool = True) -> None:
    """Raise an error that lists all missing and outdated Python libraries, if there are any.

    The command in the error also installs the other `USUAL_LIBRARIES`, so that the next module does not fail for them.

    Args:
        names: keys of `MIN_VERSIONS`.
        who: subject of the error message, such as `The filter key_matches`.
        where: host or Python interpreter, such as `on the control node`.
        loads: whether to import the libraries instead of only searching for them.

    Raises:
        CertificatesError: `missing_library`.
    """
    lacking = {name: why for name in names if (why := _why_unusable(name, loads=loads)) is not None}
    if not lacking:
        return
    described = [f"{name} {MIN_VERSIONS[name]} or later{why}" for name, why in lacking.items()]
    others = [name for name in USUAL_LIBRARIES if name not in lacking and _why_unusable(name, loads=False) is not None]
    install = " ".join(f"'{INSTALL_NAMES.get(name, name)}>={MIN_VERSIONS[name]}'" for name in (*lacking, *others))
    also = f" (other modules also need {' and '.join(others)})" if others else ""
    before_last = ", and " if len(described) > 2 else " and "
    what = (
        f"library {described[0]}"
        if len(described) == 1
        else f"libraries {', '.join(described[:-1])}{before_last}{described[-1]}"
    )
    raise CertificatesError(
        "missing_library",
        f"{who} needs the Python {what}, {where}{also}: pip install {install}",
        libraries=list(lacking),
    )


def _why_unusable(name: str, *, loads: bool) -> str | None:
    """Return a note about an outdated library, an empty note about a missing library, or `None`."""
    module = IMPORT_NAMES.get(name, name)
    try:
        if loads:
            import_module(module)
        elif find_spec(module) is None:
            return ""
    except ImportError:
        return ""
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:  # it was installed without metadata
        return None
    return f" (version {version} is installed)" if LooseVersion(version) < LooseVersion(MIN_VERSIONS[name]) else None
