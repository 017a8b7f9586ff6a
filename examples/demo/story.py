# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helpers of the demos: output, files, certificates of the store, and free ports."""

from __future__ import annotations

import socket
import textwrap
from collections.abc import Iterator
from pathlib import Path

import SoftLayer

from tests.simulator.client import Simulator
from tests.support.certificates import Issued

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 100
FIRST_PORT = 8443


class Failed(Exception):
    """A step of a demo failed."""


def explain(title: str, text: str) -> None:
    """Print a heading and a paragraph."""
    heading = f"=== {title} ".ljust(WIDTH, "=")
    print(f"{heading}\n{textwrap.fill(text, WIDTH)}\n", flush=True)


def show(text: str) -> None:
    """Print the content of a file, or the output of a program."""
    print(textwrap.indent(text.strip("\n"), "    ") + "\n", flush=True)


def install_collection(folder: Path) -> Path:
    """Link the collection into a directory, and return the value of `ANSIBLE_COLLECTIONS_PATH` for it."""
    link = folder / "collections/ansible_collections/softlayer/certificates"
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT)
    return folder / "collections"


def store(simulator: Simulator, issued: Issued) -> int:
    """Store a certificate through the API, and return its ID."""
    client = SoftLayer.Client(username=simulator.username, api_key=simulator.api_key, endpoint_url=simulator.rest_url)
    template = {"certificate": issued.pem, "privateKey": issued.key_pem, "intermediateCertificate": issued.chain_pem}
    return int(client.call("Security_Certificate", "createObject", template)["id"])


def free_ports() -> Iterator[int]:
    """Yield free ports of this host."""
    for port in range(FIRST_PORT, 65_536):
        try:
            socket.create_server(("", port)).close()
        except OSError:
            continue
        yield port
