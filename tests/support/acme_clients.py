# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ACME clients that people have, from the system's packages: certbot, lego and acme.sh, each with folders of a test's own.

They prove nothing to anybody: their authority is Pebble, which takes every challenge for done. Needs no pytest.
"""

from __future__ import annotations

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.support import servers
from tests.support.pebble import Pebble

SECONDS = 300
EMAIL = "hostmaster@example.com"
SYSTEM_PATH = f"/usr/local/bin:/usr/bin:/bin:{os.defpath}"
"""The clients are the system's, and so is the Python that some of them run on."""


@dataclass(frozen=True)
class Ran:
    """A run of a client: its exit code, and all that it printed."""

    code: int
    output: str


@dataclass(frozen=True)
class Client(ABC):
    """A client that asks an authority, and keeps what it gets in a folder.

    Attributes:
        pebble: the authority.
        folder: of the client alone; it is made with the first certificate.
    """

    command: ClassVar[str]
    pebble: Pebble
    folder: Path

    @property
    @abstractmethod
    def source(self) -> Path:
        """The folder that the certificates are in, as the role's sources name it."""

    def issue(self, *names: str, key_type: str = "ec", hook: str | None = None, may_fail: bool = False) -> Ran:
        """Get the first certificate for these names; the key is `ec` or `rsa`. The client remembers the hook, if it can."""
        return self.run(*self._issue(names, key_type, hook), may_fail=may_fail)

    def renew(self, *names: str, key_type: str = "ec", hook: str | None = None, options: Sequence[str] = ()) -> Ran:
        """Get another certificate for names that there is one for already, however long that is valid; with more options of the client."""
        return self.run(*self._renew(names, key_type, hook), *options)

    def run(self, *arguments: str, may_fail: bool = False) -> Ran:
        """Run it with any arguments."""
        self._webroot.mkdir(parents=True, exist_ok=True)
        process = subprocess.run(
            [self.command, *arguments],
            cwd=self.folder,
            env={
                "PATH": SYSTEM_PATH,
                "HOME": str(self.folder),
                "LC_ALL": "C.UTF-8",
                **self._environment(),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if process.returncode and not may_fail:
            raise AssertionError(f"{self.command} {' '.join(arguments)}: {process.stdout}{self.pebble.log()}")
        return Ran(process.returncode, process.stdout)

    @abstractmethod
    def _issue(self, names: Sequence[str], key_type: str, hook: str | None) -> list[str]: ...

    @abstractmethod
    def _renew(self, names: Sequence[str], key_type: str, hook: str | None) -> list[str]: ...

    def _environment(self) -> dict[str, str]:
        return {}

    @property
    def _webroot(self) -> Path:
        return self.folder / "webroot"


class Certbot(Client):
    """EFF's certbot."""

    command = "certbot"

    @property
    def home(self) -> Path:
        """What is `/etc/letsencrypt` elsewhere."""
        return self.folder / "etc/letsencrypt"

    @property
    def source(self) -> Path:
        return self.home / "live"

    @property
    def deploy_hooks(self) -> Path:
        """Programs in this folder run after each renewal."""
        path = self.home / "renewal-hooks/deploy"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _issue(self, names: Sequence[str], key_type: str, hook: str | None) -> list[str]:
        return [
            "certonly",
            *self._usual,
            *("--server", self.pebble.url, "--agree-tos", "--email", EMAIL, "--no-eff-email"),
            *("--webroot", "--webroot-path", str(self._webroot)),
            *("--key-type", {"ec": "ecdsa"}.get(key_type, key_type)),
            *(["--deploy-hook", hook] if hook else []),
            *(f"--domain={name}" for name in names),
        ]

    def _renew(self, names: Sequence[str], key_type: str, hook: str | None) -> list[str]:
        return [
            "renew",
            *self._usual,
            *("--force-renewal", "--no-random-sleep-on-renew"),
            *(["--deploy-hook", hook] if hook else []),
            *(["--cert-name", names[0]] if names else []),
        ]

    @property
    def _usual(self) -> list[str]:
        return ["--non-interactive", *(f"--{name}-dir={path}" for name, path in self.folders.items())]

    @property
    def folders(self) -> dict[str, Path]:
        """Where it keeps all that it keeps."""
        return {"config": self.home, "work": self.folder / "work", "logs": self.folder / "logs"}

    def _environment(self) -> dict[str, str]:
        return {"REQUESTS_CA_BUNDLE": str(self.pebble.ca_path)}


class Lego(Client):
    """The client lego, which is written in Go."""

    command = "lego"

    @property
    def source(self) -> Path:
        return self.folder / ".lego/certificates"

    def _issue(self, names: Sequence[str], key_type: str, hook: str | None) -> list[str]:
        return [*self._usual(names, key_type), "run", *(["--run-hook", hook] if hook else [])]

    def _renew(self, names: Sequence[str], key_type: str, hook: str | None) -> list[str]:
        due = ("--days", "36500", "--no-random-sleep")
        return [*self._usual(names, key_type), "renew", *due, *(["--renew-hook", hook] if hook else [])]

    def _usual(self, names: Sequence[str], key_type: str) -> list[str]:
        return [
            *("--server", self.pebble.url, "--accept-tos", "--email", EMAIL),
            *("--path", str(self.folder / ".lego"), "--http", "--http.webroot", str(self._webroot)),
            *("--key-type", {"ec": "ec256", "rsa": "rsa2048"}[key_type]),
            *(f"--domains={name}" for name in names),
        ]

    def _environment(self) -> dict[str, str]:
        return {"LEGO_CA_CERTIFICATES": str(self.pebble.ca_path)}


class AcmeSh(Client):
    """acme.sh, which is a shell script."""

    command = "acme.sh"

    @property
    def source(self) -> Path:
        return self.folder / ".acme.sh"

    def _issue(self, names: Sequence[str], key_type: str, hook: str | None) -> list[str]:
        return [
            *("--issue", "--home", str(self.source)),
            *("--server", self.pebble.url, "--ca-bundle", str(self.pebble.ca_path), "--accountemail", EMAIL),
            *("--webroot", str(self._webroot), "--keylength", {"ec": "ec-256", "rsa": "2048"}[key_type]),
            *(["--reloadcmd", hook] if hook else []),
            *(word for name in names for word in ("--domain", name)),
        ]

    def _renew(self, names: Sequence[str], key_type: str, hook: str | None) -> list[str]:
        """It knows no other hook than that of the first certificate."""
        ecc = ["--ecc"] if key_type == "ec" else []
        return ["--renew", "--home", str(self.source), "--force", "--domain", names[0], *ecc]


def reason_to_skip(*clients: type[Client]) -> str | None:
    """Why there is no certificate to be had with these clients; None if there is one."""
    missing = [name for name in ("pebble", *(client.command for client in clients)) if not servers.find(name)]
    return f"not installed: {', '.join(missing)}" if missing else None
