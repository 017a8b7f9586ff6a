# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell a person by a command of theirs that a run has failed. Private to softlayer.certificates."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping

SECONDS = 60.0
"""How long a command may take: the run waits for it."""
OURS = ("SL_", "SOFTLAYER_CERTIFICATES_", "SSL_FULFILLMENT_", "IBMCLOUD_")
"""How the names of environment variables begin that may hold what the command has no need to know."""


def notify(
    command: str, sentence: str, environment: Mapping[str, str] | None = None, seconds: float = SECONDS
) -> str | None:
    """Give a sentence to a command, on its standard input; return why that failed, as a sentence, if it has.

    No shell reads the command. What it prints is not told: nobody knows what is in there.
    """
    try:
        words = shlex.split(command)
        known = {
            name: value
            for name, value in (os.environ if environment is None else environment).items()
            if not name.startswith(OURS)
        }
        with subprocess.Popen(
            words,
            env=known,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                process.communicate(f"{sentence}\n".encode(), timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # with what it has started
                raise
    except subprocess.TimeoutExpired:
        return f"And nobody was told: {words[0]} took longer than {seconds:.0f} seconds."
    except (OSError, ValueError, IndexError) as error:
        return f"And nobody was told, as the command for that cannot be run ({type(error).__name__}): correct notify_command."
    return f"And nobody was told: {words[0]} ended with status {process.returncode}." if process.returncode else None
