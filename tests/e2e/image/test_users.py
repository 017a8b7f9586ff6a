# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment works as whoever it is run as: root, the image's own user, and the one that OpenShift makes up."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.e2e.image.places import Place, in_one_line
from tests.simulator.client import Simulator
from tests.support.long import only_long

USERS = [
    pytest.param("0", id="root"),
    pytest.param("1000", id="user-of-the-image"),
    pytest.param("1000680000:0", id="user-of-openshift"),
]
ONE_USER = [*(pytest.param(*user.values, id=user.id, marks=only_long) for user in USERS[:-1]), USERS[-1]]
"""Of these the one that has least; in the long run all."""
UPDATE = {
    "ANSIBLE_COLLECTIONS_PATHS": "/runner/requirements_collections:~/.ansible/collections:/usr/share/ansible/collections",
    "ANSIBLE_INVENTORY_EXPORT": "True",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_VERBOSE_TO_STDERR": "True",
}
"""What AWX 24 sets for an inventory update, and nothing else that tells of collections."""


def names(sim: Simulator) -> set[str]:
    """The common names of all orders."""
    return {order["commonName"] for order in sim.orders()}


@pytest.mark.parametrize("user", ONE_USER)  # the guide has the user of the image
def test_orders_are_listed(place: Place, user: str) -> None:
    done = place.run("ansible-playbook", "list.yml", user=user)
    assert done.returncode == 0, done.stdout
    output = in_one_line(done.stdout)
    assert all(name in output for name in names(place.sim)) and "12 orders" in output


@pytest.mark.parametrize("user", ONE_USER)
def test_an_inventory_update_of_awx(place: Place, user: str) -> None:
    """Of a manual project, for which AWX installs no collection."""
    artifacts = place.folder / "artifacts"
    artifacts.mkdir()
    artifacts.chmod(0o777)
    done = place.run(
        *("ansible-inventory", "--list", "--export", "-i", "/runner/project/ssl_orders.yml"),
        *("--output", "/runner/artifacts/output.json", "--playbook-dir", "/runner/project"),
        user=user,
        env=UPDATE,
        options=[f"--volume={place.folder}:/runner"],
    )
    assert done.returncode == 0, done.stdout
    inventory = json.loads((artifacts / "output.json").read_text(encoding="utf-8"))
    hosts = inventory["_meta"]["hostvars"].values()
    assert Counter(host["ssl_order_id"] for host in hosts) == Counter(order["id"] for order in place.sim.orders())


def test_an_authority_of_the_site_is_trusted(place: Place) -> None:
    with Simulator.start(fleet="empty", tls=True) as sim:
        done = place.run(
            *("ansible", "localhost", "-m", "softlayer.certificates.ssl_order_info", "-a", "ca_path=/etc/site-ca.pem"),
            env={"SL_USERNAME": sim.username, "SL_API_KEY": sim.api_key, "SL_ENDPOINT_URL": sim.rest_url},
            options=[f"--volume={sim.ca_path}:/etc/site-ca.pem:ro"],
        )
    assert done.returncode == 0 and '"order_count": 0' in done.stdout, done.stdout
