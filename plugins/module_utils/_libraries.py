# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python libraries that are needed, and what is said where one is missing or too old. Private to softlayer.certificates.

Files that use a library import it under `suppress(ImportError)`: what begins with them checks first, by `require_libraries`.
"""

from __future__ import annotations

from importlib import import_module, metadata

from ansible.module_utils.compat.version import LooseVersion

from ._errors import CertificatesError

LEAST_VERSIONS = {
    "SoftLayer": "6.2.2",
    "SQLAlchemy": "2.0.30",
    "certifi": "2022.9.24",
    "cryptography": "42.0.0",
    "idna": "3.3",
    "imap-tools": "1.11.0",
    "psycopg": "3.1.4",
    "requests": "2.28.1",
    "urllib3": "1.26.12",
}
"""By its name on the package index, the oldest release of each that is tested."""
IMPORT_NAMES = {"SQLAlchemy": "sqlalchemy", "imap-tools": "imap_tools"}
"""What is imported under another name than the index has."""
INSTALLED_AS = {"psycopg": "psycopg[binary]"}
"""What is installed under another name: with the C library that it needs."""

FOR_API = ("SoftLayer", "requests", "urllib3")
"""What calling the API needs."""
FOR_CERTIFICATES = ("idna", "cryptography")
"""What reading certificates and comparing names needs."""
FOR_LEDGER = ("SQLAlchemy",)
"""What the ledger needs, less the driver of a database server."""


def require_libraries(names: tuple[str, ...], who: str, where: str) -> None:
    """Refuse to begin where a Python library is missing or too old.

    Args:
        names: of the libraries, as in `LEAST_VERSIONS`.
        who: what needs them, as the beginning of a sentence: `The filter key_matches`.
        where: on which machine, for which Python: `on the controller`.

    Raises:
        CertificatesError: `missing_library`.
    """
    for name in names:
        least, package = LEAST_VERSIONS[name], INSTALLED_AS.get(name, name)
        if not _can_be_imported(name):
            message = f"{who} needs the Python library {name} {where}: pip install {package}."
            raise CertificatesError("missing_library", message, library=name)
        version = _installed_version(name)
        if version is not None and LooseVersion(version) < LooseVersion(least):
            message = (
                f"{who} needs the Python library {name} {least} or later {where}, which has {version}: "
                f"pip install '{package}>={least}'."
            )
            raise CertificatesError("missing_library", message, library=name, version=version, least_version=least)


def _can_be_imported(name: str) -> bool:
    try:
        import_module(IMPORT_NAMES.get(name, name))
    except ImportError:
        return False
    return True


def _installed_version(name: str) -> str | None:
    """Return a library's version; `None` where whoever installed it left nothing that says so."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
