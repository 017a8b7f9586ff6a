# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception."""

from __future__ import annotations

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError


def test_it_is_data_and_text() -> None:
    error = CertificatesError("not_found", "There is no such order.", order_id=7)
    assert str(error) == "There is no such order."
    assert error.as_failure() == {
        "code": "not_found",
        "message": "There is no such order.",
        "details": {"order_id": 7},
    }
