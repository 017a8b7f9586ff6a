# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files are lost when a container or a job ends. Private to softlayer.certificates.

If the ledger is lost with its run, the next run does not remember the emails and would send them again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

MARKS = ("/run/.containerenv", "/.dockerenv")
"""Files that Podman and CRI-O, and Docker, create in each container."""
IN_MEMORY = {"tmpfs", "ramfs"}
LAYERED = {"overlay", "fuse.fuse-overlayfs"}
"""File systems of a volume with the option `O`, which AWX's settings suggest: writes go to a layer of the container's own.
Only the top of the layers is such a place. A folder below it is shared by a machine that is itself a container."""
ANONYMOUS = re.compile(r"/volumes/[0-9a-f]{64}/_data(/|$)")
"""The path of an unnamed Podman or Docker volume: each new container gets a new one."""
EMPTY_DIR = "/kubernetes.io~empty-dir/"
"""The path of a Kubernetes volume that is lost with its pod."""
ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """A mount point of this system."""

    point: str
    """The folder that it is mounted on."""
    root: str
    """The folder of its file system that appears there."""
    kind: str
    """The type of its file system."""


def parse_mounts(text: str) -> list[Mount]:
    """Return the mounts in `/proc/self/mountinfo`; later ones cover earlier ones (proc_pid_mountinfo(5))."""
    mounts = []
    for line in text.splitlines():
        place, _separator, source = line.partition(" - ")
        fields = place.split(" ")
        if len(fields) > 4 and source:
            mounts.append(Mount(_unescaped(fields[4]), _unescaped(fields[3]), source.split(" ")[0]))
    return mounts


def why_lost(path: str, mounts: Iterable[Mount], job_folders: Iterable[str], in_container: bool) -> str | None:
    """Describe what a file is lost with; `None` if it stays, as far as can be seen.

    Args:
        path: absolute, without symbolic links.
        mounts: as `parse_mounts` returns them.
        job_folders: folders that AWX creates for a job and deletes after it, without symbolic links.
        in_container: whether this is a container; outside of one, all other places are the user's own choice.
    """
    if any(_is_below(path, folder) for folder in job_folders):
        return "the folder of this AWX job"
    if not in_container:
        return None
    above = [mount for mount in mounts if _is_below(path, mount.point)]
    mount = max(reversed(above), key=lambda mount: len(mount.point), default=None)
    if mount is None or mount.point == "/":
        return "this container"
    if mount.kind in IN_MEMORY:
        return f"{mount.point}, which is kept in this container's memory"
    if mount.kind in LAYERED and mount.root == "/":
        return f"{mount.point}, a volume whose changes this container keeps to itself"
    if ANONYMOUS.search(mount.root):
        return f"{mount.point}, a volume without a name"
    return f"{mount.point}, a volume of this pod" if EMPTY_DIR in mount.root else None


def find_why_lost(path: str) -> str | None:
    """Look at this system and return `why_lost` for a file that may not exist yet."""
    try:
        mounts = parse_mounts(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:  # not Linux
        mounts = []
    has_mark = "KUBERNETES_SERVICE_HOST" in os.environ or any(map(os.path.exists, MARKS))
    return why_lost(os.path.realpath(path), mounts, _job_folders(os.environ), has_mark or has_layered_root(mounts))


def has_layered_root(mounts: Iterable[Mount]) -> bool:
    """Return whether this system's root consists of layers, like that of a container without a mark."""
    return [mount.kind in LAYERED for mount in mounts if mount.point == "/"][-1:] == [True]


def _job_folders(environ: Mapping[str, str]) -> list[str]:
    """Return AWX's folder for a job, and where ansible-runner mounts it in a container.

    The variable that names the latter names its folder of artifacts.
    """
    folder = environ.get("AWX_PRIVATE_DATA_DIR")
    inside = environ.get("AWX_ISOLATED_DATA_DIR", "").partition("/artifacts/")[0]
    return [os.path.realpath(name) for name in (folder, inside) if name] if folder else []


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _unescaped(field: str) -> str:
    return ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)
