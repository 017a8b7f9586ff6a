# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine that the role ssl_rotation_schedule has set up, below a folder instead of `/`. Needs no pytest, and no run of Ansible."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml

from tests.support.acme_clients import Ran
from tests.support.pages import blocks_below

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATES = REPOSITORY / "roles/ssl_rotation_schedule/templates"
GUIDE, HEADING = REPOSITORY / "docs/docsite/rst/guide_lets_encrypt.rst", "Schedule the rotation"
ROTATE, RENEWED = "softlayer-certificates-rotate", "softlayer-certificates-renewed"
PLACES = {
    "credentials": "etc/softlayer-certificates",
    "rotation.yml": "etc/softlayer-certificates",
    ROTATE: "usr/local/sbin",
    RENEWED: "usr/local/sbin",
    f"{ROTATE}.service": "etc/systemd/system",
    f"{ROTATE}.timer": "etc/systemd/system",
    f"{ROTATE}.path": "etc/systemd/system",
}
"""Where each of the files belongs."""
PROGRAMS, UNITS = (ROTATE, RENEWED), tuple(name for name in PLACES if PLACES[name] == "etc/systemd/system")
WRITTEN = (*PROGRAMS, *UNITS)
"""Those that the role has templates of."""
ABSOLUTE = re.compile(r"(?<![\w./])/(?=(?:etc|opt|root|run|usr/local|var)\b)")
"""What a path begins with that is on this machine elsewhere; `/bin` is where it is."""
SECONDS = 600


def written(name: str, root: str = "", **variables: Any) -> str:
    """What the role writes into one of the files, for root and with everything below a folder."""
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    usual = {
        "__ssl_rotation_schedule_is_root": True,
        "__ssl_rotation_schedule_prefix": root,
        "__ssl_rotation_schedule_config_dir": f"{root}/etc/softlayer-certificates",
        "__ssl_rotation_schedule_state_dir": f"{root}/var/lib/softlayer-certificates",
        "__ssl_rotation_schedule_run_dir": f"{root}/run/softlayer-certificates",
        "__ssl_rotation_schedule_script_dir": f"{root}/usr/local/sbin",
        "__ssl_rotation_schedule_unit_dir": f"{root}/etc/systemd/system",
        "__ssl_rotation_schedule_written_dirs": [],
        "ansible_facts": {"user_dir": f"{root}/root"},
        "__ssl_rotation_schedule_user_state": f"{root}/root/.local/state",
        "ssl_rotation_schedule_bin": f"{root}/opt/softlayer-certificates/bin",
        "ssl_rotation_schedule_collections": "/usr/share/ansible/collections",
        "ssl_rotation_schedule_time": "03:00",
    }
    template = environment.from_string((TEMPLATES / f"{name}.j2").read_text(encoding="utf-8"))
    return template.render({**usual, **variables})


class Machine:
    """The machine: its clients' folders are where they are on others, below its own root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, place in PLACES.items():
            path = root / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name in WRITTEN:
                path.write_text(written(name, str(root)), encoding="utf-8")
            path.touch(0o600)
            path.chmod(0o755 if name in PROGRAMS else 0o600)
        self.path_of("rotation.yml").write_text(self.here(blocks_below(GUIDE, HEADING, "yaml")[0]), encoding="utf-8")
        (root / "var/lib/softlayer-certificates").mkdir(parents=True)
        (root / "opt/softlayer-certificates").mkdir(parents=True)
        (root / "opt/softlayer-certificates/bin").symlink_to(Path(sys.executable).parent)

    def here(self, text: str) -> str:
        """A text of the guide with paths of this machine."""
        return ABSOLUTE.sub(f"{self.root}/", text)

    def log_in(self, environment: Mapping[str, str]) -> None:
        """Write the credentials, and what else Ansible needs of the environment."""
        path = self.root / PLACES["credentials"] / "credentials"
        path.write_text("".join(f"{name}='{value}'\n" for name, value in environment.items()), encoding="utf-8")

    def configure(self, **variables: Any) -> None:
        """Add variables of the role to the file that the guide begins, or change them there."""
        path = self.root / PLACES["rotation.yml"] / "rotation.yml"
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        given |= {f"ssl_rotation_{name}": value for name, value in variables.items()}
        path.write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")

    def path_of(self, name: str) -> Path:
        """Where one of the files is."""
        return self.root / PLACES[name] / name

    def rotate(self, *options: str) -> Ran:
        """Run what the timer runs, and operators by hand."""
        return self.finished(self.start(ROTATE, *options))

    def start(self, name: str, *options: str, **environment: str) -> subprocess.Popen[str]:
        """Start one of the commands, in an environment with hardly anything in it, such as cron's."""
        return subprocess.Popen(
            [str(self.path_of(name)), *options],
            cwd=self.root,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finished(self, process: subprocess.Popen[str]) -> Ran:
        """Wait for the end of a command."""
        output, _ = process.communicate(timeout=SECONDS)
        return Ran(process.returncode, output)
