# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of two containers that ask for the same email one gets it, or neither: where the ledger stays, and where it does not."""

from __future__ import annotations

import pytest

from tests.e2e.image.places import Place, in_one_line, summary
from tests.e2e.image.test_users import ONE_USER, USERS
from tests.support.long import LONG, only_long

pytest_plugins = ["tests.support.postgresql"]

LEDGER = {"SOFTLAYER_CERTIFICATES_LEDGER_URL": "sqlite:////ledger/ledger.sqlite3"}
REQUESTED = "This run: 1 requested."
SKIPPED = "This run: 1 skipped."
LAYERED = "a volume whose changes are stored only in this container"
REFUSED = "will be lost with this container, so the next run would request the same emails again"


@pytest.mark.parametrize("user", ONE_USER)
def test_without_a_ledger_nothing_is_sent(place: Place, user: str) -> None:
    done = place.run("ansible-playbook", "resend.yml", user=user)
    assert done.returncode != 0
    assert REFUSED in in_one_line(done.stdout)
    assert place.sends() == 0


@pytest.mark.parametrize(
    ("option", "why"),
    [
        pytest.param("--volume=/ledger", "an unnamed volume", marks=only_long),
        pytest.param("--tmpfs=/ledger", "which is in the memory of this container", marks=only_long),
        pytest.param("--volume={folder}:/ledger:O", LAYERED, marks=only_long),
        pytest.param("--volume=layered:/ledger:O", LAYERED, marks=only_long),
    ],
)
def test_nor_with_one_on_a_volume_that_goes(place: Place, option: str, why: str) -> None:
    done = place.run("ansible-playbook", "resend.yml", env=LEDGER, options=[option.format(folder=place.folder)])
    assert f"will be lost with /ledger, {why}" in in_one_line(done.stdout)
    assert place.sends() == 0


@only_long
@pytest.mark.parametrize("user", USERS)
def test_a_volume_with_a_name_stays(place: Place, user: str) -> None:
    options = [f"--volume=ledger-of-{user.partition(':')[0]}:/ledger:U"]
    runs = [place.run("ansible-playbook", "resend.yml", user=user, env=LEDGER, options=options) for _ in range(2)]
    assert [summary(done) for done in runs] == [REQUESTED, SKIPPED]
    assert place.sends() == 1


def test_a_database_is_shared_by_all(place: Place, postgresql_url: str) -> None:
    env = {"SOFTLAYER_CERTIFICATES_LEDGER_URL": postgresql_url}
    users = ("0", "1000680000:0") if LONG else ("1000680000:0",)
    runs = [place.run("ansible-playbook", "resend.yml", user=user, env=env) for user in users]
    assert [summary(done) for done in runs] == [REQUESTED, SKIPPED][: len(users)]
    assert place.sends() == 1
