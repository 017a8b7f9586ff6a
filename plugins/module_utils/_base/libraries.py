# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The required Python libraries, and the message if one is missing or too old. Private to softlayer.certificates.

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
"""The oldest tested release, by name on the package index."""
IMPORT_NAMES = {
    "Jinja2": "jinja2",
    "SQLAlchemy": "sqlalchemy",
    "ibm-secrets-manager-sdk": "ibm_secrets_manager_sdk",
    "imap-tools": "imap_tools",
    "prometheus-client": "prometheus_client",
}
"""Libraries whose import name differs from their name on the index."""
INSTALL_NAMES = {"psycopg": "psycopg[binary]"}
"""Libraries that are installed under another name: here with the C library that they need."""

DOWNLOAD_LIBRARIES = ("requests", "urllib3")
"""Needed to read lists of revoked certificates."""
API_LIBRARIES = ("SoftLayer", *DOWNLOAD_LIBRARIES)
"""Needed to call the API."""
CERTIFICATE_LIBRARIES = ("idna", "cryptography")
"""Needed to read certificates and compare names."""
LEDGER_LIBRARIES = ("SQLAlchemy",)
"""Needed for the ledger, without the driver of a database server."""
IMAP_LIBRARIES = ("imap-tools",)
"""Needed to read a mailbox on a mail server."""
SECRETS_MANAGER_LIBRARIES = ("ibm-secrets-manager-sdk", "requests", "urllib3")
"""Needed to call IBM Cloud Secrets Manager."""
REPORT_LIBRARIES = (*CERTIFICATE_LIBRARIES, "Jinja2")
"""Needed for a report."""
METRICS_LIBRARIES = ("prometheus-client",)
"""Needed for the metrics file of a rotation."""


def require_libraries(names: tuple[str, ...], who: str, where: str, *, loads: bool = True) -> None:
    """Check that Python libraries are installed and new enough; the error names all of them.

    Args:
        names: the libraries, as in `MIN_VERSIONS`.
        who: the subject of the sentence: `The filter key_matches`.
        where: the host and the Python: `on the control node`.
        loads: whether to import them, because they are always used; otherwise, only whether they exist is checked.

    Raises:
        CertificatesError: `missing_library`.
    """
    lacking = {name: why for name in names if (why := _why_unusable(name, loads=loads)) is not None}
    if not lacking:
        return
    described = [f"{name} {MIN_VERSIONS[name]} or later{why}" for name, why in lacking.items()]
    install = " ".join(f"'{INSTALL_NAMES.get(name, name)}>={MIN_VERSIONS[name]}'" for name in lacking)
    before_last = ", and " if len(described) > 2 else " and "
    what = (
        f"library {described[0]}"
        if len(described) == 1
        else f"libraries {', '.join(described[:-1])}{before_last}{described[-1]}"
    )
    raise CertificatesError(
        "missing_library", f"{who} needs the Python {what}, {where}: pip install {install}", libraries=list(lacking)
    )


def _why_unusable(name: str, *, loads: bool) -> str | None:
    """Return a note about a library that cannot be used, empty if it is missing; `None` if it can be used."""
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
