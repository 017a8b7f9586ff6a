# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that can be the ledger. Private to softlayer.certificates.

Their place must not depend on the current folder: runs in two folders would have two ledgers, and send twice.
"""

from __future__ import annotations

import os

from .._errors import CertificatesError

REMEDY = (
    "Set ledger_url, or the environment variable SOFTLAYER_CERTIFICATES_LEDGER_URL, to an absolute path such as "
    "sqlite:////var/lib/certificates/ledger.sqlite3 (four slashes)."
)


def default_path() -> str:
    """Return the SQLite file under the user's state directory (XDG Base Directory Specification).

    Raises:
        CertificatesError: `ledger_unavailable`, if there is no such directory or it depends on the current folder.
    """
    state = os.environ.get("XDG_STATE_HOME")
    if not state:
        home = os.path.expanduser("~")
        if os.environ.get("HOME") == "" or not is_fixed(home):
            said = (
                f"HOME is {os.environ['HOME']!r}, which hangs on the current folder"
                if "HOME" in os.environ
                else "HOME is not set"
            )
            raise CertificatesError("ledger_unavailable", f"There is no place for the ledger: {said}. {REMEDY}")
        state = os.path.join(home, ".local", "state")
    if not is_fixed(state):
        raise CertificatesError(
            "ledger_unavailable",
            f"There is no place for the ledger: XDG_STATE_HOME is {state!r}, which hangs on the current folder. Make it an absolute path. {REMEDY}",
        )
    return os.path.join(state, "softlayer.certificates", "ledger.sqlite3")


def is_fixed(path: str) -> bool:
    """Return whether a path means the same in every run; `/proc/self/cwd` is the current folder of each process."""
    return os.path.isabs(path) and not os.path.normpath(path).startswith(("/proc/", "//proc/"))
