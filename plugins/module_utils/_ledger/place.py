# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a ledger may be. Private to softlayer.certificates.

It must not hang on the current folder: two runs in two folders would have two memories, and send twice.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

from .._errors import CertificatesError
from .._secrets import masked, secrets_in

with suppress(ImportError):
    import sqlalchemy as sa
    from sqlalchemy.exc import ArgumentError

DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
"""What stands for the PostgreSQL driver that this collection asks for."""
AMBIGUOUS = re.compile(r"://[^@/]*:[^@]*[?/\s][\w.-]+=[^@]*@")
"""A login that would end among a URL's parameters, or among what stands for the database."""
REMEDY = (
    "Set ledger_url, or the environment variable SOFTLAYER_CERTIFICATES_LEDGER_URL, to an absolute path such as "
    "sqlite:////var/lib/certificates/ledger.sqlite3 (four slashes)."
)


def find_place(url: str | None) -> sa.URL:
    """Return where the ledger is, as far as that can be told without looking.

    Args:
        url: SQLAlchemy URL of a SQLite file or a PostgreSQL database; `None` or nothing for `default_path`.

    Raises:
        CertificatesError: `ledger_unavailable`.
    """
    if not url:
        return sa.URL.create("sqlite", database=default_path())
    parsed = _parse_url(url)
    path = parsed.database
    if parsed.get_backend_name() != "sqlite":
        return parsed
    if not path or path == ":memory:" or path.startswith("file:"):
        raise unavailable(parsed, "a ledger in memory forgets what was sent; name a file")
    if not is_fixed(path):
        absolute = os.path.realpath(os.path.expanduser(path))
        raise CertificatesError(
            "ledger_unavailable",
            f"The ledger {path} hangs on the current folder, or on a name that is not replaced, so that another run would have another one. "
            f"Write ledger_url with an absolute path: sqlite:///{absolute} (four slashes).",
            ledger=path,
        )
    return parsed


def default_path() -> str:
    """Return the SQLite file under the user's state directory (XDG Base Directory Specification).

    Raises:
        CertificatesError: `ledger_unavailable`, there is no such directory, or it hangs on the current folder.
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
    """Return whether a path means the same in every run; `/proc/self/cwd` is the current folder of each."""
    return os.path.isabs(path) and not os.path.normpath(path).startswith(("/proc/", "//proc/"))


def _parse_url(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        raise no_such_ledger() from None
    driver = DRIVERS.get(parsed.drivername, parsed.drivername)
    backend = driver.partition("+")[0]
    if backend not in {"sqlite", "postgresql"} or "uri" in parsed.query or "mode" in parsed.query:
        raise no_such_ledger()
    # What stands in front of another @ than its owner meant would be half of a password, and host and database are named in messages.
    if backend == "postgresql" and (AMBIGUOUS.search(url) or re.search("[@=]", f"{parsed.host} {parsed.database}")):
        raise no_such_ledger()
    return parsed.set(drivername=driver)


def no_such_ledger() -> CertificatesError:
    """Return the error that says what a URL must look like."""
    return CertificatesError(
        "ledger_unavailable",
        "ledger_url is no SQLAlchemy URL of a SQLite file (sqlite:////var/lib/certificates/ledger.sqlite3) "
        "or a PostgreSQL database (postgresql://user@host/database); in its user and password, all but letters and digits is "
        "percent-encoded. Nothing is sent or stored without one.",
    )


def unavailable(url: sa.URL, why: str) -> CertificatesError:
    """Return the error that says why a ledger cannot be used; a driver may quote the URL."""
    why = masked(why, set(secrets_in(url.render_as_string(hide_password=False))))
    if url.get_backend_name() == "sqlite":
        where, check = url.database or "in memory", "ledger_url, its folder's permissions and free space"
    else:
        where, check = f"{url.database} on {url.host or 'this machine'}", "ledger_url and the database server"
    return CertificatesError(
        "ledger_unavailable",
        f"The ledger {where} cannot be used: {why.rstrip('.')}. Nothing is sent or stored without it; check {check}.",
        ledger=where,
    )
