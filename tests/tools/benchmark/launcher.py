# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command and note what it took: `python -I -S launcher.py RESULT STDIN STDOUT STDERR COMMAND...`.

A process of its own, and a small one: the peak memory that the system tells of a child can be no less than that of
the process which started it, and a large parent would be measured instead.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of `ru_maxrss`."""


def main() -> int:
    """Run it, and write the result as JSON."""
    result, stdin, stdout, stderr, *command = sys.argv[1:]
    with open(stdin, "rb") as given, open(stdout, "wb") as output, open(stderr, "wb") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=given, stdout=output, stderr=errors)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    measured = {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * RSS_UNIT,
        "exit_code": process.returncode,
    }
    with open(result, "w", encoding="ascii") as file:
        json.dump(measured, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
