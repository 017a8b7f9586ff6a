# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nobody foresaw in a filter. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import wraps

from ansible.errors import AnsibleError, AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError, unforeseen
from jinja2 import TemplateError

P = t.ParamSpec("P")
R = t.TypeVar("R")


def quoting_nothing(function: Callable[P, R]) -> Callable[P, R]:
    """Return a filter whose errors that nobody foresaw are told without their text, which may quote a private key or a passphrase; its own with it."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (AnsibleError, TemplateError):  # something undefined, for example
            raise
        except CertificatesError as error:
            raise AnsibleFilterError(f"{function.__name__}: {error.message}") from None
        except Exception as error:
            if isinstance(error, TypeError) and t.cast(t.Any, error.__traceback__).tb_next is None:
                raise  # it has no such argument, or lacks one
            raise AnsibleFilterError(f"{function.__name__}: {unforeseen(error).message}") from None

    return called
