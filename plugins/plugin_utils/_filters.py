# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decorators and library checks for filters. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import wraps

from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import (
    CertificatesError,
    convert_unexpected_error,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.libraries import (
    CERTIFICATE_LIBRARIES,
    require_libraries,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import HAS_TEMPLATE_MARKS, make_plain
from jinja2 import TemplateError

P = t.ParamSpec("P")
R = t.TypeVar("R")


def hide_error_texts(function: Callable[P, R]) -> Callable[P, R]:
    """Return a filter without the texts of unexpected errors, which may contain secrets."""

    @wraps(function)
    def call_filter(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (AnsibleError, TemplateError):  # something undefined, for example
            raise
        except CertificatesError as error:
            raise AnsibleFilterError(f"{function.__name__}: {error.message}") from None
        except Exception as error:
            if isinstance(error, TypeError) and t.cast(t.Any, error.__traceback__).tb_next is None:
                raise  # it has no such argument, or lacks one
            raise AnsibleFilterError(f"{function.__name__}: {convert_unexpected_error(error).message}") from None

    return call_filter


def convert_variables(function: Callable[P, R]) -> Callable[P, R]:
    """Return a filter with plain input values and a result that Ansible never evaluates as a template."""

    @hide_error_texts
    @wraps(function)
    def call_filter(*args: P.args, **kwargs: P.kwargs) -> R:
        result: t.Any = function(*map(make_plain, args), **{name: make_plain(value) for name, value in kwargs.items()})
        # Where templates are marked, none of what Python put together is one, and to go through a large result would take long.
        return t.cast(R, result if HAS_TEMPLATE_MARKS else wrap_var(result))

    return call_filter


def require_certificate_libraries(who: str) -> None:
    """Check that the libraries for certificates are installed and new enough.

    Args:
        who: the beginning of the error message, such as `The filter key_matches`.

    Raises:
        AnsibleFilterError: for a missing or old library.
    """
    try:
        require_libraries(CERTIFICATE_LIBRARIES, who, "on the control node")
    except CertificatesError as error:
        raise AnsibleFilterError(error.message) from None
