# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For tests: what steers the simulated Secrets Manager; ``tests.simulator.client.Simulator`` has one as ``secrets_manager``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Row = dict[str, Any]


class Issued(Protocol):
    """A certificate with what belongs to it, in PEM, such as ``tests.support.certificates.Issued``."""

    pem: str
    chain_pem: str
    key_pem: str


class SecretsManager:
    """Every change happens at once or, with ``after`` a call of that name (the SDK's method), right after it was answered.

    Then ``nth``, ``every``, ``times`` (1 if not given) and ``argument`` (an id or a name) select the call, as for faults.
    """

    def __init__(self, ask: Callable[..., Any], instance_url: str, iam_url: str) -> None:
        self._ask = ask
        self.instance_url = instance_url
        self.iam_url = iam_url

    def add(self, name: str, issued: Issued | None = None, secret_type: str = "imported_cert", **given: Any) -> Any:
        """A secret, past the API's checks; its metadata.

        Besides ``certificate``, ``intermediate``, ``private_key`` and ``payload``, for what is not ``issued`` or shall be
        otherwise (None: not there), all metadata can be given: ``secret_group_id``, ``labels``, ``state``, ``bundle_certs``...
        ``managed_csr=True`` has one made for the private key. A type is public_cert, imported_cert or arbitrary.
        """
        return self._change("add", {"name": name, "secret_type": secret_type}, {**_parts(issued), **given})

    def renew(self, identifier: str, issued: Issued | None = None, **given: Any) -> Any:
        """A new version of a secret of any type, as by automatic rotation; its metadata."""
        return self._change("renew", {"identifier": identifier}, {**_parts(issued), **given})

    def remove(self, identifier: str, **when: Any) -> None:
        """Delete a secret; ``after="list_secrets"`` shifts the pages that follow."""
        self._change("remove", {"identifier": identifier}, when)

    def add_group(self, name: str) -> Any:
        """A group, of which a secret's ``secret_group_id`` is the ``id``."""
        return self._change("add_group", {"name": name}, {})

    def grant(self, username: str, role: str, **when: Any) -> None:
        """Let a user have the role None, Reader, SecretsReader or Writer; first they are Writer, and the viewer is Reader."""
        self._change("grant", {"username": username, "role": role}, when)

    def token(self, username: str) -> str:
        """A token of IAM for a user, which both APIs take; IAM is not called."""
        return self._change("token", {"username": username}, {})[0]

    def expire_tokens(self, **when: Any) -> None:
        """Refuse every token that was given out so far, whatever it says of its end."""
        self._change("expire_tokens", {}, when)

    def secrets(self) -> list[Row]:
        """All secrets with their values, in the order in which they came."""
        return self._ask("GET", "secrets_manager/secrets")

    def fault(self, kind: str = "fault", **rule: Any) -> None:
        """Switch a fault on; see ``..faults.Rule``.

        ``fault`` answers with ``status``, ``code`` and ``message``; the others are those that lose, spoil or
        delay answers. ``method`` is the SDK's (``token`` for IAM's), ``argument`` the id or name of a secret.
        """
        self._ask("POST", "secrets_manager/faults", {"kind": kind, **rule})

    def clear_faults(self) -> None:
        """Switch all faults off, and forget the changes that were to come."""
        self._ask("DELETE", "secrets_manager/faults")

    def calls(self, *operations: str) -> list[Row]:
        """The log of calls, the oldest first: all, or those of these operations."""
        entries: list[Row] = self._ask("GET", "secrets_manager/calls")
        return [entry for entry in entries if not operations or entry["operation"] in operations]

    def clear_calls(self) -> None:
        """Forget all calls."""
        self._ask("DELETE", "secrets_manager/calls")

    def _change(self, name: str, given: Row, more: Row) -> Any:
        selection = {key: more.pop(key) for key in ("nth", "every", "times", "argument") if key in more}
        asked = {"after": more.pop("after", None), "selection": selection, "given": {**given, **more}}
        return self._ask("POST", f"secrets_manager/changes/{name}", asked)


def _parts(issued: Issued | None) -> Row:
    if issued is None:
        return {}
    return {"certificate": issued.pem, "intermediate": issued.chain_pem, "private_key": issued.key_pem}
