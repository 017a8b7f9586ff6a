# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands in messages. Private to softlayer.certificates. Pure.

A module knows the purpose of a command, but not how the run was started: `plugin_utils/_commands.py` completes each command on the control
node with the options of the run, so that it can be pasted into a shell.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence

PLAIN_VALUE = re.compile(r"(?!@)[\w.:,*/@-]+")
"""Values that Ansible reads unchanged in `-e NAME=VALUE`."""
PLAIN_NAME = re.compile(r"[\w.-]+")
"""Names of load balancers that need no quotes in a list of listeners."""
ROTATE = "`ansible-playbook -i localhost, softlayer.certificates.rotate`"
"""The command that imports renewals and deploys them."""
DEPLOY = "`ansible-playbook -i localhost, softlayer.certificates.deploy`"
"""The command that deploys the best certificates in the store."""


def format_listener(load_balancer: str, uuid: str, port: int) -> str:
    """Return the name of a listener in commands: with the UUID of its load balancer if its name requires quotes, which Ansible prints with backslashes."""
    return f"{load_balancer if PLAIN_NAME.fullmatch(load_balancer) else uuid}:{port}"


def adopt(common_name: str | None, listeners: Sequence[str] = (), source: str | None = None) -> str:
    """Return the command that imports a certificate from a source and deploys it to listeners; without listeners, to all that serve its DNS names.

    Args:
        common_name: a DNS name of the certificate; without one, the command contains a placeholder.
        listeners: the listeners, as `format_listener` names them.
        source: the directory of the certificate; `None` if it is in the sources of the run.
    """
    where = "listener" if len(listeners) == 1 else "listeners"
    given = {"source": source, where: ",".join(listeners), "common_name": common_name or "NAME"}
    variables = {name: value for name, value in given.items() if value}
    words = [f"{name}={value}" for name, value in variables.items()]
    if not all(map(PLAIN_VALUE.fullmatch, variables.values())):
        words = [json.dumps(variables, ensure_ascii=False)]
    return f"`ansible-playbook -i localhost, softlayer.certificates.adopt {' '.join(f'-e {shlex.quote(word)}' for word in words)}`"


def deploy(certificate_id: int, called: str, allow: Iterable[str] = ()) -> str:
    """Return the command that switches a listener to a certificate in the store.

    Args:
        certificate_id: the certificate.
        called: the listener, as `format_listener` names it.
        allow: the options that accept its obstacles.
    """
    load_balancer, _colon, port = called.rpartition(":")
    accepting = "".join(f" {option}=true" for option in allow)
    options = f"certificate_id={certificate_id} listeners=load_balancer={load_balancer},port={port}{accepting}"
    return f"`ansible localhost -m softlayer.certificates.ssl_certificate_deploy -a '{options}'`"


def remove(certificate_id: int) -> str:
    """Return the command that deletes an unused certificate from the store."""
    return f"`ansible localhost -m softlayer.certificates.ssl_certificate_import -a 'certificate_id={certificate_id} state=absent'`"
