# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make test-long` runs, and no other run does: it sets LONG in the environment."""

from __future__ import annotations

import os

import pytest

LONG = bool(os.environ.get("LONG"))
only_long = pytest.mark.skipif(not LONG, reason="takes long: make test-long")
