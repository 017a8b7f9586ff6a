# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the ledger is, and whether it is lost there when a container or a job ends. Private to softlayer.certificates.

Its place must not depend on the current folder: runs in two folders would have two ledgers, and send twice.
The library for databases is loaded only for a place that it alone understands: that takes a good part of a run that changes nothing.
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
"""The URL schemes that mean PostgreSQL, with the driver that this collection uses."""
AMBIGUOUS_LOGIN = re.compile(r"://[^@/]*:[^@]*[?/\s][\w.-]+=[^@]*@")
"""A login that would be read as part of a URL's parameters or of the database's name."""
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
PLAIN_URL = re.compile(r"sqlite:///([\w./-]+)", re.ASCII)
"""A SQLAlchemy URL whose database is what stands there, without anything encoded, and without parameters."""
CONTAINER_MARKS = ("/run/.containerenv", "/.dockerenv")
"""Files that Podman and CRI-O, and Docker, create in each container."""
MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}
LAYERED_FILE_SYSTEMS = {"overlay", "fuse.fuse-overlayfs"}
"""File systems of a volume with the option `O`, which AWX's settings suggest: writes go to a layer of the container's own.
Only the top of the layers is such a place. A folder below it is shared by a machine that is itself a container."""
ANONYMOUS_VOLUME = re.compile(r"/volumes/[0-9a-f]{64}/_data(/|$)")
"""The path of an unnamed Podman or Docker volume: each new container gets a new one."""
EMPTY_DIR_VOLUME = "/kubernetes.io~empty-dir/"
"""The path of a Kubernetes volume that is lost with its pod."""
ESCAPE = re.compile(r"\\([0-7]{3})")


def ledger_options() -> ArgumentSpec:
    """Return the options of the modules that record in the ledger what they send or create."""
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
    """Return the SQLite file under the user's state directory.

    Raises:
        CertificatesError: `ledger_unavailable`, if the directory depends on the current directory.
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
    """Return the directory of the ledger, for cached files; the default directory if the ledger is not a file, `None` if there is none."""
    with suppress(CertificatesError):
        given = normalize_url(url)
        plain = PLAIN_URL.fullmatch(given) if given and is_plain_url(given) else None
        return os.path.dirname(plain[1] if plain else find_default_path())
    return None


def normalize_url(given: str | None) -> str | None:
    """Return the ledger's URL without surrounding whitespace, `None` if it is empty.

    Raises:
        CertificatesError: `ledger_unavailable`, if there are control characters inside it.
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
    """Reject a ledger without a valid path or URL, without accessing it.

    Args:
        url: as `parse_ledger_url` takes it.

    Raises:
        CertificatesError: `ledger_unavailable`.
    """
    url = normalize_url(url)
    if url is None:
        find_default_path()
    elif not is_plain_url(url):
        parse_ledger_url(url)


def check_optional_ledger_url(url: str | None) -> None:
    """Call `check_ledger_url` if a URL is set, because a run that needs no ledger needs no default path."""
    if normalize_url(url):
        check_ledger_url(url)


def is_plain_url(url: str) -> bool:
    """Return whether the ledger's URL is certainly that of a file it can have; of others, `parse_ledger_url` knows."""
    plain = PLAIN_URL.fullmatch(url)
    return plain is not None and is_fixed(plain[1])


def parse_ledger_url(url: str | None) -> sa.URL:
    """Return the place of the ledger, as far as it can be found without accessing it.

    Args:
        url: SQLAlchemy URL of a SQLite file or a PostgreSQL database, as `normalize_url` takes it; `None` or nothing for `find_default_path`.

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
        raise make_unavailable_error(parsed, "a ledger in memory is lost at the end of the run. Specify a file")
    if not is_fixed(path):
        raise CertificatesError(
            "ledger_unavailable",
            f"The path {path} of the ledger depends on the current directory or contains an unexpanded variable, so another run would use "
            f"another ledger. {_suggest_absolute_path(path)}",
            ledger=path,
        )
    return parsed


def _suggest_absolute_path(path: str) -> str:
    """Return the advice to write a path as an absolute one; a general one if no URL can name the file that it means now."""
    absolute = os.path.realpath(os.path.expandvars(os.path.expanduser(path)))
    url = f"sqlite:///{absolute}"
    with suppress(CertificatesError):
        if is_fixed(absolute) and _parse_url(normalize_url(url) or "").database == absolute:
            return f"Write ledger_url with an absolute path: {url} (four slashes)."
    return REMEDY


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
    """Return the error that explains why a ledger cannot be used, without the password of a URL that the driver may quote."""
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
    """Return the place of a ledger for a message, without user and password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    return f"{url.database} on {url.host or 'this host'}"


# Containers and jobs. If the ledger is lost with its run, the next one does not remember the emails and would send them again.


@dataclass(frozen=True)
class Mount:
    """A mount point of this system."""

    point: str
    """The mount point."""
    root: str
    """The directory of the file system that is mounted."""
    kind: str
    """The type of its file system."""


def parse_mounts(text: str) -> list[Mount]:
    """Return the mounts in `/proc/self/mountinfo`; later ones cover earlier ones (proc_pid_mountinfo(5))."""
    mounts = []
    for line in text.splitlines():
        place, _separator, source = line.partition(" - ")
        fields = [ESCAPE.sub(lambda match: chr(int(match[1], 8)), field) for field in place.split(" ")]
        if len(fields) > 4 and source:
            mounts.append(Mount(fields[4], fields[3], source.split(" ")[0]))
    return mounts


def why_lost(path: str, mounts: Iterable[Mount], job_folders: Iterable[str], in_container: bool) -> str | None:
    """Return the storage with which a file is lost; `None` if it is permanent, as far as known.

    Args:
        path: absolute, without symbolic links.
        mounts: as `parse_mounts` returns them.
        job_folders: folders that AWX creates for a job and deletes after it, without symbolic links.
        in_container: whether this is a container; outside of one, all other places are the user's own choice.
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
    """Return `why_lost` on this system for a file that may not exist yet."""
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
    """Return whether this system's root consists of layers, like that of a container without a mark."""
    return [mount.kind in LAYERED_FILE_SYSTEMS for mount in mounts if mount.point == "/"][-1:] == [True]


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
