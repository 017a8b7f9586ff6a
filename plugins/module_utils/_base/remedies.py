# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands in messages. Private to softlayer.certificates. Pure.

A module does not know the options of the `ansible-playbook` command: `plugin_utils/_commands.py` adds the options to each command on the
control node, so that users can paste the command into a shell.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence

PLAIN_VALUE = re.compile(r"(?!@)[\w.:,*/@-]+")
"""Pattern of values that require no quotes in `-e NAME=VALUE`."""
PLAIN_NAME = re.compile(r"[\w.-]+")
"""Pattern of load balancer names that require no quotes in a list of listeners."""
ROTATE_COMMAND = "`ansible-playbook -i localhost, softlayer.certificates.rotate`"
"""The command that imports renewals and deploys them."""
DEPLOY_COMMAND = "`ansible-playbook -i localhost, softlayer.certificates.deploy`"
"""The command that deploys the best certificates in the store."""


def format_listener(load_balancer: str, uuid: str, port: int) -> str:
    """Return the name of a listener for commands, with the UUID of a load balancer whose name would require quotes."""
    return f"{load_balancer if PLAIN_NAME.fullmatch(load_balancer) else uuid}:{port}"


def adopt(common_name: str | None, listeners: Sequence[str] = (), source: str | None = None) -> str:
    """Return the command that imports and deploys a certificate from a source, by default to all listeners that serve its DNS names.

    Args:
        common_name: a DNS name of the certificate; `None` inserts a placeholder.
        listeners: the listeners, in the format of `format_listener`.
        source: the directory of the certificate; `None` for a certificate in the sources of the run.
    """
    where = "listener" if len(listeners) == 1 else "listeners"
    given = {"source": source, where: ",".join(listeners), "common_name": common_name or "NAME"}
    variables = {name: value for name, value in given.items() if value}
    words = [f"{name}={value}" for name, value in variables.items()]
    if not all(map(PLAIN_VALUE.fullmatch, variables.values())):
        words = [json.dumps(variables, ensure_ascii=False)]
    return f"`ansible-playbook -i localhost, softlayer.certificates.adopt {' '.join(f'-e {shlex.quote(word)}' for word in words)}`"


def deploy(certificate_id: int, called: str | Sequence[str], allow: Iterable[str] = ()) -> str:
    """Return the command that switches listeners to a certificate in the store.

    Args:
        certificate_id: ID of the certificate.
        called: the listener, or several, in the format of `format_listener`.
        allow: the options that override the obstacles.
    """
    pairs = [name.rpartition(":")[::2] for name in ([called] if isinstance(called, str) else called)]
    listeners = ";".join(f"load_balancer={load_balancer},port={port}" for load_balancer, port in pairs)
    accepting = "".join(f" {option}=true" for option in allow)
    options = f"certificate_id={certificate_id} listeners={listeners}{accepting}"
    return f"`ansible localhost -m softlayer.certificates.ssl_certificate_deploy -a '{options}'`"


def remove(certificate_id: int) -> str:
    """Return the command that deletes a certificate from the store."""
    return f"`ansible localhost -m softlayer.certificates.ssl_certificate_import -a 'certificate_id={certificate_id} state=absent'`"
