# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refuse a command line with which a playbook would do nothing, because Ansible reports success for such a run."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from ansible.errors import AnsibleFilterError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from jinja2 import pass_context

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
ANSIBLE_TAGS = frozenset({"all", "always", "never", "tagged", "untagged"})
"""The tags that Ansible itself defines."""


@pass_context
def check_hosts(context: Mapping[str, t.Any], hosts: str | list[str], tags: Sequence[str] = ()) -> str | list[str]:
    """Return the hosts of a play, unless `--limit`, `--tags`, or `--skip-tags` of the run do not fit its playbook.

    A playbook outside of this collection may import a playbook of the collection beside its own plays, so everything fits there.

    Args:
        context: the variables of the play.
        hosts: the pattern of the hosts, or a list of patterns.
        tags: the tags of the playbook.

    Raises:
        AnsibleFilterError: if no host matches, or a tag does not exist.
    """
    if Path(context.get("playbook_dir", "")).resolve() != PLAYBOOKS.resolve():
        return hosts
    limit = context.get("ansible_limit", "")
    given = [*context.get("ansible_run_tags", ()), *context.get("ansible_skip_tags", ())]
    why_not = find_unknown_tag(given, tags) or find_missing_hosts(
        context.get("groups", {}), hosts if isinstance(hosts, str) else ",".join(hosts), limit
    )
    if why_not:
        raise AnsibleFilterError(why_not)
    return hosts


def find_unknown_tag(given: Sequence[str], tags: Collection[str]) -> str:
    """Return a message about the first tag that does not exist, or an empty string."""
    unknown = next((tag for tag in given if tag not in ANSIBLE_TAGS and tag not in tags), None)
    if unknown is None:
        return ""
    if not tags:
        return f"The tag {unknown} does not exist: this playbook has no tags. Remove --tags and --skip-tags."
    return f"The tag {unknown} does not exist. The tags of this playbook are {', '.join(tags)}."


def find_missing_hosts(groups: Mapping[str, Sequence[str]], hosts: str, limit: str) -> str:
    """Return a message if a play would have no host, or an empty string.

    Args:
        groups: the names of the hosts of each group of the inventory.
        hosts: the pattern of the hosts of the play.
        limit: the pattern that limits them; empty for none.
    """
    if hosts == "localhost" and not limit:  # exists in each inventory
        return ""
    inventory = InventoryManager(loader=DataLoader(), parse=False)
    for group, members in groups.items():
        inventory.add_group(group)
        for member in members:
            inventory.add_host(member, group=group)
    if not inventory.get_hosts(hosts):
        return f"The inventory has no host that matches {hosts}. Correct the name, or specify the inventory with -i."
    inventory.subset(limit or None)
    return (
        ""
        if inventory.get_hosts(hosts)
        else f"This playbook runs on {hosts}, which --limit {limit} excludes. Correct or remove --limit."
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by name."""
        return {"_hosts": check_hosts}
