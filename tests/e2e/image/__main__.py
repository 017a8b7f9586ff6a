# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make ee`: build the execution environment, and list the orders of a simulated account in it.

The image stays, where podman keeps the images of whoever called; nothing else does.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.image.build import BASE, IMAGE, Engine
from tests.e2e.image.places import Place
from tests.simulator.client import Simulator

UNUSABLE = 3
"""The exit code that says that no execution environment can be built here; what is printed says why."""
STARTED = time.monotonic()


def main() -> int:
    """Build, list, and return the exit code; with `--check`, only find out whether that can be done here."""
    # podman cleans up after a container in a process of its own, which may still write to its storage.
    with tempfile.TemporaryDirectory(prefix="ee-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        engine = Engine(folder, own_storage="--check" in sys.argv)
        if "--check" not in sys.argv:
            return build_and_list(engine, folder)
        why_not = engine.why_not()
        print(why_not or "", end="")
        return UNUSABLE if why_not else 0


def build_and_list(engine: Engine, folder: Path) -> int:
    """What `make ee` is for."""
    tell("Making the base image by mmdebstrap, from this machine's package sources")
    engine.build_base()
    tell(f"Building execution-environment.yml on {BASE} with ansible-builder and podman")
    image = engine.build()
    tell("Listing the orders of a simulated account in it, as an arbitrary user")
    (folder / "place").mkdir()
    with Simulator.start(fleet="demo") as simulator:
        place = Place(engine, image, simulator, folder / "place")
        done = place.run("ansible-playbook", "list.yml", user="1000:0")
    sys.stdout.write(done.stdout)
    if done.returncode == 0:
        tell(f"{IMAGE} is there: podman run --rm {IMAGE} ansible-doc softlayer.certificates.ssl_order_info")
    return done.returncode


def tell(text: str) -> None:
    """Print what is done next, and the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:3.0f} s] {text}.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
