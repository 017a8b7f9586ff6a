# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may call the API, and what they may do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from . import errors
from .calls import Credentials

VIEW = "SECURITY_CERTIFICATE_VIEW"
MANAGE = "SECURITY_CERTIFICATE_MANAGE"
BALANCE = "LOADBALANCER_MANAGE"
_IBM_CLOUD_USER = "apikey"


@dataclass(frozen=True)
class User:
    """A user of the account."""

    username: str
    permissions: frozenset[str]
    api_key: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)


class Users:
    """Checks credentials."""

    def __init__(self, users: Iterable[User]) -> None:
        self._users = self._seed = tuple(users)

    def __iter__(self) -> Iterator[User]:
        return iter(self._users)

    def permit(self, username: str, permissions: Iterable[str]) -> User:
        """Let a user have these permissions and no others, until ``reset``; raises KeyError for an unknown user."""
        names = frozenset(permissions)
        if unknown := names - {VIEW, MANAGE, BALANCE}:
            raise ValueError(f"no such permission: {', '.join(sorted(unknown))}")
        changed = {user.username: user for user in self._users}
        changed[username] = replace(changed[username], permissions=names)
        self._users = tuple(changed.values())
        return changed[username]

    def reset(self) -> None:
        """Let everybody have the permissions of the beginning."""
        self._users = self._seed

    def authenticate(
        self, credentials: Credentials | None, tokens: Mapping[str, tuple[str, float]] | None = None
    ) -> User:
        """The user that the credentials belong to, or the API's fault.

        The user name ``apikey`` stands for an IBM Cloud API key, which is taken by HTTP basic authentication only, on
        both transports, as is a bearer token: one of the ``tokens`` of IAM, which have a user and an end.
        """
        if credentials is not None and credentials.token is not None:
            username, end = (tokens or {}).get(credentials.token, ("", 0.0))
            if end > time.time():
                return next(user for user in self._users if user.username == username)
        elif credentials is not None:
            by_key_alone = credentials.username == _IBM_CLOUD_USER and not credentials.by_header
            for user in self._users:
                if secrets.compare_digest(user.api_key.encode(), credentials.api_key.encode()) and (
                    by_key_alone or user.username == credentials.username
                ):
                    return user
        raise errors.access_denied()
