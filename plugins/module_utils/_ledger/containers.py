# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files go when a container or a job ends. Private to softlayer.certificates.

A ledger that goes with its run remembers nothing: the next one would send the same emails again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

MARKS = ("/run/.containerenv", "/.dockerenv")
"""Files that Podman and CRI-O, and Docker, put into each container."""
IN_MEMORY = {"tmpfs", "ramfs"}
LAYERED = {"overlay", "fuse.fuse-overlayfs"}
"""What a volume with the option `O` is, as AWX's settings propose it: what is written there lies in a layer of the container's own.
Only the layers' top is such a place; a folder below it is shared by a machine that is a container itself."""
ANONYMOUS = re.compile(r"/volumes/[0-9a-f]{64}/_data(/|$)")
"""Where Podman and Docker keep a volume that nobody has named: each new container gets another one."""
EMPTY_DIR = "/kubernetes.io~empty-dir/"
"""Where Kubernetes keeps a volume that goes with its pod."""
ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """What a folder of this system stands for."""

    point: str
    """The folder itself."""
    root: str
    """Which folder of its file system is seen there."""
    kind: str
    """The kind of its file system."""


def parse_mounts(text: str) -> list[Mount]:
    """Return the mounts that `/proc/self/mountinfo` tells of, the later ones above the earlier (proc_pid_mountinfo(5))."""
    mounts = []
    for line in text.splitlines():
        place, _separator, source = line.partition(" - ")
        fields = place.split(" ")
        if len(fields) > 4 and source:
            mounts.append(Mount(_unescaped(fields[4]), _unescaped(fields[3]), source.split(" ")[0]))
    return mounts


def why_lost(path: str, mounts: Iterable[Mount], job_folders: Iterable[str], in_container: bool) -> str | None:
    """Return in words with what a file goes; `None` if it stays, as far as can be told.

    Args:
        path: absolute, without symbolic links.
        mounts: as `parse_mounts` returns them.
        job_folders: what AWX makes for a job and deletes after it, without symbolic links.
        in_container: whether this is a container; outside of one everything else is the user's own choice.
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
    """Look at this system and return what `why_lost` says of a file that may not exist yet."""
    try:
        mounts = parse_mounts(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:  # not Linux
        mounts = []
    has_mark = "KUBERNETES_SERVICE_HOST" in os.environ or any(map(os.path.exists, MARKS))
    return why_lost(os.path.realpath(path), mounts, _job_folders(os.environ), has_mark or has_layered_root(mounts))


def has_layered_root(mounts: Iterable[Mount]) -> bool:
    """Return whether the root of this system is made of layers, as that of a container is that has no mark."""
    return [mount.kind in LAYERED for mount in mounts if mount.point == "/"][-1:] == [True]


def _job_folders(environ: Mapping[str, str]) -> list[str]:
    """Where AWX has put a job, and where ansible-runner shows that inside of a container: what it names is the folder of artifacts there."""
    folder = environ.get("AWX_PRIVATE_DATA_DIR")
    inside = environ.get("AWX_ISOLATED_DATA_DIR", "").partition("/artifacts/")[0]
    return [os.path.realpath(name) for name in (folder, inside) if name] if folder else []


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _unescaped(field: str) -> str:
    return ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)
