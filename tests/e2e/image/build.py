# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building the execution environment without a registry, and running things in it; for `make ee` and the tests.

The base image is a minimal system of what this machine is itself, Debian or Ubuntu, by mmdebstrap and from this machine's
package sources. `execution-environment.yml` is built on it as it is; what differs between base images are build arguments.
"""

from __future__ import annotations

import ast
import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
BASE = "localhost/softlayer-certificates-base:latest"
IMAGE = "localhost/softlayer-certificates-ee:latest"
SECONDS = 900
"""After which a command that does not end has failed."""
PYTHON = "/opt/python"
"""The virtual environment that all is installed into: Debian's own Python is not for pip."""
PATH = f"{PYTHON}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUILD_ARGS = {
    "EE_BASE_IMAGE": BASE,
    "PKGMGR": "/usr/bin/apt-get",
    "PYPKG": "python3",
    "PYCMD": f"{PYTHON}/bin/python3",
}
SOURCES = ("sources.list.d/debian.sources", "sources.list.d/ubuntu.sources", "sources.list")
"""Where Debian and Ubuntu keep their own package sources, below `/etc/apt`."""
TRUSTED = "/etc/ssl/certs"
ARCHIVE = "EE_BASE_ARCHIVE"
"""The environment variable that names a file in which the base image is kept from one use to the next."""
OF_PIP = ("cert", "index-url", "extra-index-url", "trusted-host")
"""What of this machine's pip configuration the build needs as well."""


class Engine:
    """Podman as this machine can run it, and the programs that call it; in a folder for their settings."""

    def __init__(self, folder: Path, *, own_storage: bool = False) -> None:
        """Args:
        folder: where the settings are written.
        own_storage: keep images and containers there as well, and not where the user has theirs.
        """
        self.folder = folder
        (folder / "containers.conf").write_text(_containers_conf(), encoding="utf-8")
        self.env = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)]),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }
        if own_storage:
            (folder / "storage.conf").write_text(_storage_conf(folder), encoding="utf-8")
            self.env["CONTAINERS_STORAGE_CONF"] = str(folder / "storage.conf")

    def run(self, *command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program that needs a container engine; what it printed is returned, unless it is shown."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(
            command, **{"env": self.env, "text": True, "timeout": SECONDS, "check": False, **streams, **options}
        )

    def run_in(self, image: str, *command: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run a command in a new container, which goes with it."""
        return self.run("podman", "run", "--rm", "--pull=never", *options, image, *command)

    def is_usable(self) -> bool:
        """Whether containers run here at all: in one that sees this machine's own programs, `true` is run."""
        system = self.folder / "system"
        for name in ("bin", "lib", "lib64"):
            if Path("/", name).is_symlink() and not (system / name).is_symlink():
                system.mkdir(exist_ok=True)
                (system / name).symlink_to(f"usr/{name}")
        if not shutil.which("podman", path=self.env["PATH"]):
            return False
        options = ("--rm", "--volume=/usr:/usr:ro", "--rootfs")
        return self.run("podman", "run", *options, system, "/usr/bin/true").returncode == 0

    def why_not(self) -> str | None:
        """Why no execution environment can be built here, whatever the collection is like; `None` if it can."""
        if not self.is_usable():
            return "no container can be run on this machine"
        try:
            self.build_base()
        except RuntimeError as error:
            return f"no base image can be made from this machine's package sources: {_last_line(str(error))}"
        download = ("pip", "download", "--quiet", "--no-deps", "--dest=/tmp", "idna")
        done = self.run_in(BASE, *download, options=[f"--volume={volume}" for volume in self._volumes()])
        if done.returncode != 0:
            return f"a container gets no Python packages on this machine: {_last_line(done.stdout)}"
        return None

    def build_base(self) -> None:
        """Make the base image; from the archive that the environment variable names, if it is there already."""
        kept = os.environ.get(ARCHIVE)
        archive = Path(kept) if kept else self.folder / "base.tar"
        if not archive.exists():
            self._make_base(archive)
        self._must("podman", "import", "--change", f"ENV PATH={PATH}", archive, BASE)
        if not kept:
            archive.unlink()

    def _make_base(self, archive: Path) -> None:
        mode = "root" if os.geteuid() == 0 else "unshare"
        self._must(
            *("mmdebstrap", f"--mode={mode}", "--variant=minbase", "--include=python3,python3-venv,ca-certificates"),
            f'--customize-hook=chroot "$1" python3 -m venv {PYTHON}',
            *(platform.freedesktop_os_release()["VERSION_CODENAME"], archive),
            *(path for path in (Path("/etc/apt", name) for name in SOURCES) if path.exists()),
        )

    def build(self) -> str:
        """Build the execution environment on it, and return its name."""
        cli = ["--network=host", "--pull=never", "--isolation=chroot", "--no-cache"]
        cli += [f"--volume={volume}" for volume in self._volumes()]
        self._must(
            *("ansible-builder", "build", "--tag", IMAGE, "--container-runtime", "podman", "--verbosity", "2"),
            *("--context", self.folder / "context"),
            *(f"--build-arg={name}={value}" for name, value in BUILD_ARGS.items()),
            f"--extra-build-cli-args={' '.join(cli)}",
            cwd=ROOT,
        )
        return IMAGE

    def _volumes(self) -> list[str]:
        """What a container needs of this machine to get Python packages: certificates, and pip's configuration."""
        pip = self.folder / "pip.conf"
        pip.write_text(_pip_conf(), encoding="utf-8")
        return [f"{here}:{there}:ro" for here, there in ((TRUSTED, TRUSTED), (pip, "/etc/pip.conf"))]

    def _must(self, *command: str | Path, **options: Any) -> str:
        done = self.run(*command, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}")
        return done.stdout


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it says nothing")


def _containers_conf() -> str:
    """Containers in this machine's own network, where the simulator is, and within the limits that it has itself."""
    limits = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
    lines = [f'  "{name}={min(hard, 4096)}:{min(hard, 4096)}",' for name, hard in _hard(limits).items()]
    return "\n".join(["[containers]", 'netns = "host"', "default_ulimits = [", *lines, "]", ""])


def _hard(limits: Mapping[str, int]) -> dict[str, int]:
    hard = {name: resource.getrlimit(limit)[1] for name, limit in limits.items()}
    return {name: 4096 if value == resource.RLIM_INFINITY else value for name, value in hard.items()}


def _storage_conf(folder: Path) -> str:
    return f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/storage"\nrunroot = "{folder}/run"\n'


def _pip_conf() -> str:
    """Where this machine gets Python packages from, as pip says it."""
    said = subprocess.run([BIN / "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    settings = {}
    for line in said.splitlines():
        name, _equals, value = line.partition("=")
        settings[name.rpartition(".")[2]] = ast.literal_eval(value)
    if not settings.get("cert", "").startswith(TRUSTED):
        settings.pop("cert", None)
    return "\n".join(["[global]", *(f"{name} = {settings[name]}" for name in OF_PIP if name in settings), ""])
