# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building the artefact, for the tests that look at it or use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(folder: Path) -> Path:
    """Let `ansible-galaxy collection build` make the artefact, and return where it is."""
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    env = os.environ | {"HOME": str(folder)}
    subprocess.run([galaxy, "collection", "build", "--output-path", folder], cwd=ROOT, env=env, check=True)
    [artefact] = folder.glob("softlayer-certificates-*.tar.gz")
    return artefact
