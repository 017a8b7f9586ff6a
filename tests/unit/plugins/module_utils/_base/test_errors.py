# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import (
    CertificatesError,
    convert_unexpected_error,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.messages import (
    describe_unexpected_error as said,
)


def test_it_is_data_and_text() -> None:
    error = CertificatesError("not_found", "There is no such order.", order_id=7)
    assert str(error) == "There is no such order."
    assert error.build_failure() == {
        "code": "not_found",
        "message": "There is no such order.",
        "details": {"order_id": 7},
    }


def caught(path: str, source: str, **variables: object) -> BaseException:
    """What a program that lies there raises."""
    with pytest.raises(BaseException) as raised:
        exec(compile(source, path, "exec"), variables)
    return raised.value


PACKED = (
    "/tmp/ansible_x_payload.zip/ansible_collections/softlayer/certificates/plugins/module_utils/_softlayer/client.py"
)


def test_an_unexpected_error_is_reported_by_type_and_place() -> None:
    """Also from the archive as which Ansible sends a module; nothing is told of files of others, nor what the error says."""
    error = caught(PACKED, "def ask():\n    int(given)\n\nask()", given="s3same-0pen")
    failure = convert_unexpected_error(error, "Look there. ")
    places = ["module_utils/_softlayer/client.py, line 4 (<module>)", "module_utils/_softlayer/client.py, line 2 (ask)"]
    assert (failure.code, failure.details) == ("internal_error", {"type": "ValueError", "place": places})
    assert failure.message == said("ValueError", places[1], "Look there. ")


def test_a_place_that_came_back_a_thousand_times_is_reported_once() -> None:
    error = caught(PACKED, "def ask():\n    ask()\n\nask()")
    details = convert_unexpected_error(error).details
    assert details["type"] == "RecursionError"
    assert len(details["place"]) == 2
