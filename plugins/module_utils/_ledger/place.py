# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locate the ledger, and detect storage that is lost with a container or a job. Private to softlayer.certificates.

The location must not depend on the current directory, because runs with different ledgers could send duplicate emails. SQLAlchemy is
imported only for URLs that need it, because the import takes long.
"""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .._base.errors import CertificatesError
from .._base.files import find_state_folder, find_state_home, is_fixed
from .._base.options import ArgumentSpec, read_environment
from .._base.secrets import find_secrets, hide_secrets

if t.TYPE_CHECKING:
    import sqlalchemy as sa

REMEDY = (
    "Set ledger_url, or the environment variable SOFTLAYER_CERTIFICATES_LEDGER_URL, to a URL with an "
    "absolute path, such as sqlite:////var/lib/certificates/ledger.sqlite3 (four slashes)."
)
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
"""The SQLAlchemy drivers of PostgreSQL URL schemes."""
AMBIGUOUS_LOGIN = re.compile(r"://[^@/]*:[^@]*[?/\s][\w.-]+=[^@]*@")
"""A URL whose login could be misread as parameters or as a database name."""
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
PLAIN_URL = re.compile(r"sqlite:///([\w./-]+)", re.ASCII)
"""A SQLite URL without percent-encoding and parameters."""
CONTAINER_MARKS = ("/run/.containerenv", "/.dockerenv")
"""Files that Podman, CRI-O, and Docker create in each container."""
MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}
LAYERED_FILE_SYSTEMS = {"overlay", "fuse.fuse-overlayfs"}
"""File systems of volumes with the Podman option `O`, which the settings of AWX suggest. A container loses changes to their root directory."""
ANONYMOUS_VOLUME = re.compile(r"/volumes/[0-9a-f]{64}/_data(/|$)")
"""The path of an unnamed Podman or Docker volume, which each container creates again."""
EMPTY_DIR_VOLUME = "/kubernetes.io~empty-dir/"
"""Part of the path of a Kubernetes volume that is deleted with its pod."""
ESCAPE = re.compile(r"\\([0-7]{3})")


def build_ledger_options() -> ArgumentSpec:
    """Return the options of modules that use the ledger."""
    return ArgumentSpec(
        {
            "ledger_url": {
                "type": "str",
                "fallback": (read_environment, ["SOFTLAYER_CERTIFICATES_LEDGER_URL"]),
                "limits": True,
            }
        }
    )


def find_default_path() -> str:
    """Return the path of the SQLite file in the user's state directory.

    Raises:
        CertificatesError: `ledger_unavailable` if the path depends on the current directory.
    """
    state = find_state_home()
    if not is_fixed(state):
        raise CertificatesError(
            "ledger_unavailable",
            f"Cannot choose a path for the ledger: {state!r} depends on the current directory. Set HOME or XDG_STATE_HOME to an absolute "
            f"path. {REMEDY}",
        )
    return os.path.join(find_state_folder(), "ledger.sqlite3")


def find_ledger_directory(url: str | None) -> str | None:
    """Return the directory for cached files: that of a SQLite ledger, or else of the default path; `None` without a valid path."""
    with suppress(CertificatesError):
        given = normalize_url(url)
        plain = PLAIN_URL.fullmatch(given) if given and is_plain_url(given) else None
        return os.path.dirname(plain[1] if plain else find_default_path())
    return None


def normalize_url(given: str | None) -> str | None:
    """Return the URL of the ledger without surrounding spaces; `None` if it is empty.

    Raises:
        CertificatesError: `ledger_unavailable` if the URL contains control characters.
    """
    url = (given or "").strip()
    if CONTROL_CHARACTER.search(url):
        raise CertificatesError(
            "ledger_unavailable",
            "ledger_url, or the environment variable SOFTLAYER_CERTIFICATES_LEDGER_URL, contains a line break, a tab, or another control "
            "character. Write the URL on one line. Nothing is sent or stored without the ledger.",
        )
    return url or None


def check_ledger_url(url: str | None) -> None:
    """Reject an invalid location of the ledger without accessing the ledger.

    Raises:
        CertificatesError: `ledger_unavailable`.
    """
    url = normalize_url(url)
    if url is None:
        find_default_path()
    elif not is_plain_url(url):
        parse_ledger_url(url)


def check_optional_ledger_url(url: str | None) -> None:
    """Check the location of the ledger only if a URL is set."""
    if normalize_url(url):
        check_ledger_url(url)


def is_plain_url(url: str) -> bool:
    """Return whether a URL is certainly a valid SQLite URL; `parse_ledger_url` checks all other URLs."""
    plain = PLAIN_URL.fullmatch(url)
    return plain is not None and is_fixed(plain[1])


def parse_ledger_url(url: str | None) -> sa.URL:
    """Return the URL of the ledger without accessing the ledger.

    Args:
        url: the SQLAlchemy URL of a SQLite file or a PostgreSQL database; by default, `find_default_path`.

    Raises:
        CertificatesError: `ledger_unavailable`.
    """
    import sqlalchemy as sa

    url = normalize_url(url)
    if url is None:
        return sa.URL.create("sqlite", database=find_default_path())
    parsed = _parse_url(url)
    path = parsed.database
    if parsed.get_backend_name() != "sqlite":
        return parsed
    if not path or path == ":memory:" or path.startswith("file:"):
        raise make_unavailable_error(
            parsed,
            "the URL must contain the path of a file, without file:, because a ledger in memory is lost at the end of the run. Set "
            "ledger_url to a URL such as sqlite:////var/lib/certificates/ledger.sqlite3 (four slashes)",
        )
    if not is_fixed(path):
        raise CertificatesError(
            "ledger_unavailable",
            f"The path {path} of the ledger depends on the current directory or contains an unexpanded variable, so another run would use "
            f"another ledger. {REMEDY}",
            ledger=path,
        )
    return parsed


def _parse_url(url: str) -> sa.URL:
    import sqlalchemy as sa
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        raise make_url_error() from None
    driver = DRIVERS.get(parsed.drivername, parsed.drivername)
    backend = driver.partition("+")[0]
    if backend not in {"sqlite", "postgresql"} or "uri" in parsed.query or "mode" in parsed.query:
        raise make_url_error()
    # If the wrong @ ends the login, host or database would contain a part of the password, and messages name both.
    if backend == "postgresql" and (
        AMBIGUOUS_LOGIN.search(url) or re.search("[@=]", f"{parsed.host} {parsed.database}")
    ):
        raise make_url_error()
    return parsed.set(drivername=driver)


def make_url_error() -> CertificatesError:
    """Return the error for an invalid URL."""
    return CertificatesError(
        "ledger_unavailable",
        "ledger_url must be the SQLAlchemy URL of a SQLite file (sqlite:////var/lib/certificates/ledger.sqlite3) or of a PostgreSQL "
        "database (postgresql://user@host/database). Percent-encode all characters of the user name and password except letters and "
        "digits. Nothing is sent or stored without the ledger.",
    )


def make_unavailable_error(url: sa.URL, why: str) -> CertificatesError:
    """Return the error for an unusable ledger. Passwords in the reason are masked."""
    why = hide_secrets(why, set(find_secrets(url.render_as_string(hide_password=False))))
    is_file = url.get_backend_name() == "sqlite"
    where = describe_ledger(url)
    check = (
        "ledger_url, and the permissions and free space of the ledger directory"
        if is_file
        else "ledger_url and the database server"
    )
    return CertificatesError(
        "ledger_unavailable",
        f"Cannot use the ledger {where}: {why.rstrip('.')}. Nothing is sent or stored without the ledger. Check {check}.",
        ledger=where,
    )


def describe_ledger(url: sa.URL) -> str:
    """Return the location of a ledger for messages, without user name and password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    return f"{url.database} on {url.host or 'this host'}"


# Containers and jobs. If the ledger is lost with its run, the next one does not remember the emails and would send them again.


@dataclass(frozen=True)
class Mount:
    """A mounted file system."""

    point: str
    """The mount point."""
    root: str
    """The mounted directory of the file system."""
    kind: str
    """The type of the file system."""


def parse_mounts(text: str) -> list[Mount]:
    """Return the mounts in `/proc/self/mountinfo` (proc_pid_mountinfo(5)); later ones cover earlier ones."""
    mounts = []
    for line in text.splitlines():
        place, _separator, source = line.partition(" - ")
        fields = [ESCAPE.sub(lambda match: chr(int(match[1], 8)), field) for field in place.split(" ")]
        if len(fields) > 4 and source:
            mounts.append(Mount(fields[4], fields[3], source.split(" ")[0]))
    return mounts


def why_lost(path: str, mounts: Iterable[Mount], job_folders: Iterable[str], in_container: bool) -> str | None:
    """Return the temporary storage that contains a file; `None` if the storage is permanent, as far as known.

    Args:
        path: absolute, without symbolic links.
        mounts: as in `parse_mounts`.
        job_folders: the directories that AWX deletes after a job, without symbolic links.
        in_container: whether the system is a container; outside of containers, only `job_folders` are temporary.
    """
    if any(_is_below(path, folder) for folder in job_folders):
        return "the directory of this AWX job"
    if not in_container:
        return None
    above = [mount for mount in mounts if _is_below(path, mount.point)]
    mount = max(reversed(above), key=lambda mount: len(mount.point), default=None)
    if mount is None or mount.point == "/":
        return "this container"
    if mount.kind in MEMORY_FILE_SYSTEMS:
        return f"{mount.point}, which is in the memory of this container"
    if mount.kind in LAYERED_FILE_SYSTEMS and mount.root == "/":
        return f"{mount.point}, a volume whose changes are stored only in this container"
    if ANONYMOUS_VOLUME.search(mount.root):
        return f"{mount.point}, an unnamed volume"
    return f"{mount.point}, a volume of this pod" if EMPTY_DIR_VOLUME in mount.root else None


def find_why_lost(path: str) -> str | None:
    """Return `why_lost` for a path on this system. The file may be missing."""
    try:
        mounts = parse_mounts(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:  # not Linux
        mounts = []
    has_mark = "KUBERNETES_SERVICE_HOST" in os.environ or any(map(os.path.exists, CONTAINER_MARKS))
    # AWX's folder for a job, and where ansible-runner mounts it in a container: that is named by its folder of artifacts.
    folder = os.environ.get("AWX_PRIVATE_DATA_DIR")
    inside = os.environ.get("AWX_ISOLATED_DATA_DIR", "").partition("/artifacts/")[0]
    of_job = [os.path.realpath(name) for name in (folder, inside) if name] if folder else []
    return why_lost(os.path.realpath(path), mounts, of_job, has_mark or has_layered_root(mounts))


def has_layered_root(mounts: Iterable[Mount]) -> bool:
    """Return whether the root file system consists of layers, as in a container."""
    return [mount.kind in LAYERED_FILE_SYSTEMS for mount in mounts if mount.point == "/"][-1:] == [True]


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
