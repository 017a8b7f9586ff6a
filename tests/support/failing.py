# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is expected of the one exception of the collection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError


@contextmanager
def fails(code: str, *words: str) -> Iterator[pytest.ExceptionInfo[CertificatesError]]:
    """What is done within raises an error with this code, and with these words in its message."""
    with pytest.raises(CertificatesError) as caught:
        yield caught
    assert caught.value.code == code, caught.value.message
    for word in words:
        assert word in caught.value.message
