# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put pip into the virtual environment that runs this: ansible-test's bootstrap, less the download.

It is the pip that Python brings along, whatever version ansible-test asks for: that installs its requirements as well. It is unpacked
once, beside this file; the twenty environments that ansible-test makes only point there.
"""

from __future__ import annotations

import ensurepip
import sys
import sysconfig
import zipfile
from pathlib import Path

UNPACKED = Path(__file__).parent / f"pip-{sys.version_info.major}.{sys.version_info.minor}"
FOLDERS = (
    Path(ensurepip.__file__).parent / "_bundled",
    Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/usr/share/python-wheels"),
)

if not UNPACKED.exists():
    wheel = next(wheel for folder in FOLDERS for wheel in folder.glob("pip-*.whl"))
    new = UNPACKED.with_name(f"{UNPACKED.name}.new")
    zipfile.ZipFile(wheel).extractall(new)
    new.rename(UNPACKED)  # what exists is complete
Path(sysconfig.get_path("purelib"), "pip.pth").write_text(f"{UNPACKED}\n", encoding="utf-8")
