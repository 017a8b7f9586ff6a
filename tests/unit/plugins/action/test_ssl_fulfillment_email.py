# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task that counts the emails of its play says; that it counts them: tests/outside/test_once.py."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.action.ssl_fulfillment_email import less, telling
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError


@pytest.mark.parametrize("most", [4, "4", " 4 ", 4.0, "4.0", "4.", "4e0", "0_4"])
def test_less_is_left_of_a_limit_in_whatever_form(most: object) -> None:
    assert (less(most, 3), less(most, 5)) == (1, 0)


@pytest.mark.parametrize("most", [True, "four", 4.5, "inf", [4], {}])
def test_what_is_no_number_is_left_for_the_module_to_refuse(most: object) -> None:
    assert less(most, 3) == most


def test_less_is_left_of_the_limit_that_nobody_has_set() -> None:
    assert less(None, 3) == 47


def refusal(code: Any) -> dict[str, Any]:
    """The result of a module that has failed."""
    return {"failed": True, "msg": "Raise it.", "failure": CertificatesError(code, "Raise it.").as_failure()}


@pytest.mark.parametrize(("sent", "are"), [(1, "1 was"), (3, "3 were")])
def test_a_limit_that_the_play_has_used_up_says_so(sent: int, are: str) -> None:
    said = f"Raise it. {are} requested earlier in this play, all of whose emails count."
    told = telling(refusal("too_many_orders"), sent)
    assert (told["msg"], told["failure"]["message"]) == (said, said)


def test_what_has_nothing_to_do_with_that_stays_as_it_is() -> None:
    for result, sent in ((refusal("too_many_orders"), 0), (refusal("no_answer"), 3), ({"emails": []}, 3)):
        assert telling(result, sent) == result
