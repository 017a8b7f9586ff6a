# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's methods, on plain data: no transport, no masks, no paging."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography import x509

from . import dates, errors, orders, store
from .calls import Call
from .datatypes import ACCOUNT, CERTIFICATE, CERTIFICATE_ENTRY, REQUEST, STATUS, Datatype, Row
from .users import MANAGE, VIEW, User
from .world import World

_PREFIXES = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")


@dataclass(frozen=True)
class Context:
    """What a method works on."""

    world: World
    user: User
    identifier: Any


Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Method:
    """A method: ``returns`` is the datatype of the row or rows it gives, None for a plain value.

    It takes so many ``parameters``. ``filter_root`` is the property that an object filter starts with, empty if it
    starts at the datatype itself.
    """

    function: Callable[..., Any]
    parameters: int
    permission: str
    returns: Datatype | None
    filter_root: str

    def invoke(self, context: Context, arguments: tuple[Any, ...]) -> Any:
        """Check the permission and call, holding the world's lock; a missing permission reads as *not found*."""
        if self.permission not in context.user.permissions:
            raise errors.object_not_found(context.identifier or context.world.account["id"])
        if len(arguments) < self.parameters:
            raise errors.bad_request()
        return self.function(context, *arguments[: self.parameters])


_METHODS: dict[str, dict[str, Method]] = {}


def find(call: Call) -> Method:
    """The method that a call means, or the API's fault."""
    service = _METHODS.get(call.service)
    if service is None:
        raise errors.unknown_service()
    if call.method not in service:
        raise errors.unknown_method(call.method)
    return service[call.method]


def _method(
    service: str, name: str, *, permission: str = VIEW, returns: Datatype | None = None, filter_root: str = ""
) -> Callable[[Function], Function]:
    """Register a function as a method of a service."""

    def register(function: Function) -> Function:
        parameters = len(inspect.signature(function).parameters) - 1
        _METHODS.setdefault(service, {})[name] = Method(function, parameters, permission, returns, filter_root)
        return function

    return register


def _number(value: Any) -> int | None:
    """An id as a number: clients send it as text, too."""
    return int(value) if str(value).isdecimal() else None


# SoftLayer_Account


@_method(ACCOUNT.name, "getObject", returns=ACCOUNT)
def _account(context: Context) -> Row:
    """The account of the user; its id is what ``getSslCertificateRequests`` asks for."""
    if context.identifier is not None and _number(context.identifier) != context.world.account["id"]:
        raise errors.object_not_found(context.identifier)
    manages = MANAGE in context.user.permissions
    return {**context.world.account, "securityCertificates": _stored(context) if manages else []}


def _list_of_account(name: str, *, permission: str, returns: Datatype) -> Callable[[Function], Function]:
    """Register ``SoftLayer_Account::getX``, whose filters start with the property ``x``."""
    method = f"get{name[0].upper()}{name[1:]}"
    return _method(ACCOUNT.name, method, permission=permission, returns=returns, filter_root=name)


@_list_of_account("securityCertificates", permission=MANAGE, returns=CERTIFICATE)
def _stored(context: Context) -> list[Row]:
    return list(context.world.certificates.values())


@_list_of_account("validSecurityCertificates", permission=MANAGE, returns=CERTIFICATE)
def _valid(context: Context) -> list[Row]:
    moment = dates.now()
    return [record for record in _stored(context) if record["validityEnd"] >= moment]


@_list_of_account("expiredSecurityCertificates", permission=MANAGE, returns=CERTIFICATE)
def _expired(context: Context) -> list[Row]:
    moment = dates.now()
    return [record for record in _stored(context) if record["validityEnd"] < moment]


@_list_of_account("validSecurityCertificateEntries", permission=VIEW, returns=CERTIFICATE_ENTRY)
def _valid_entries(context: Context) -> list[Row]:
    """What a user without the manage permission may see: no secret part."""
    return _valid(context)


# SoftLayer_Security_Certificate_Request


@_method(REQUEST.name, "getSslCertificateRequests", returns=REQUEST)
def _requests(context: Context, account_id: Any) -> list[Row]:
    """All orders of the account."""
    if _number(account_id) != context.world.account["id"]:
        raise errors.object_not_found(account_id)
    return [order.row for order in context.world.orders.values()]


def _order(context: Context) -> orders.Order:
    if context.identifier is None:
        raise errors.missing_identifier()
    order = context.world.orders.get(_number(context.identifier) or 0)
    if order is None:
        raise errors.object_not_found(context.identifier)
    return order


@_method(REQUEST.name, "getObject", returns=REQUEST)
def _request(context: Context) -> Row:
    return _order(context).row


@_method(REQUEST.name, "resendEmail", permission=MANAGE)
def _resend_email(context: Context, email_type: Any) -> bool:
    """Have the authority send one of its emails again; false = it was not asked for."""
    order = _order(context)
    if email_type == "FulfillmentEmail":
        if order.status not in orders.ISSUED:
            return False
        context.world.send_fulfillment(order, context.user.username)
    elif email_type == "ApproverEmail":
        if order.status == orders.CANCELED:
            return False
        context.world.send_approval_request(order, context.user.username)
    else:
        raise errors.invalid_value("emailType", "It is neither ApproverEmail nor FulfillmentEmail.")
    return True


@_method(REQUEST.name, "cancelSslOrder", permission=MANAGE)
def _cancel(context: Context) -> bool:
    """Cancel an order, which only a pending one can be."""
    order = _order(context)
    if order.status != orders.PENDING:
        return False
    orders.change(order, context.world.statuses, {"status": orders.CANCELED, "modifyDate": dates.now()})
    return True


@_method(REQUEST.name, "getAdministratorEmailDomains")
def _email_domains(_context: Context, common_name: Any) -> list[str]:
    """Where approval mails for a name may go: its own domain and those above it."""
    labels = str(common_name).removeprefix("*.").split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


@_method(REQUEST.name, "getAdministratorEmailPrefixes")
def _email_prefixes(_context: Context) -> list[str]:
    return list(_PREFIXES)


@_method(REQUEST.name, "validateCsr")
def _validate_csr(_context: Context, csr: Any, months: Any, _item_id: Any, _server_type: Any) -> bool:
    """Would the authority take this signing request?"""
    try:
        return bool(_number(months)) and x509.load_pem_x509_csr(str(csr).encode()).is_signature_valid
    except ValueError:
        return False


@_method(REQUEST.name, "getPreviousOrderData")
def _previous_order_data(context: Context) -> dict[str, Any]:
    """What a renewal order needs."""
    row = _order(context).row
    return {
        "renewalFlag": True,
        "orderApproverEmailAddress": row.get("approverEmailAddress"),
        "technicalContactEmailAddress": row.get("technicalContactEmailAddress"),
        "certificateSigningRequest": row.get("certificateSigningRequest"),
        "validityMonths": 12,
    }


@_method(STATUS.name, "getSslRequestStatuses", returns=STATUS)
def _statuses(context: Context) -> list[Row]:
    return context.world.statuses.documented()


# SoftLayer_Security_Certificate


def _record(context: Context) -> Row:
    if context.identifier is None:
        raise errors.missing_identifier()
    record = context.world.certificates.get(_number(context.identifier) or 0)
    if record is None:
        raise errors.object_not_found(context.identifier)
    return record


def _template(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise errors.bad_request()
    return value


@_method(CERTIFICATE.name, "getObject", permission=MANAGE, returns=CERTIFICATE)
def _certificate(context: Context) -> Row:
    return _record(context)


@_method(CERTIFICATE.name, "findByCommonName", permission=MANAGE, returns=CERTIFICATE)
def _find_by_common_name(context: Context, common_name: Any) -> list[Row]:
    wanted = str(common_name).casefold()
    return [record for record in _stored(context) if str(record["commonName"]).casefold() == wanted]


@_method(CERTIFICATE.name, "createObject", permission=MANAGE, returns=CERTIFICATE)
def _create(context: Context, template: Any) -> Row:
    """Nothing stops the same certificate from being created twice."""
    return context.world.add_certificate(_template(template))


@_method(CERTIFICATE.name, "editObject", permission=MANAGE)
def _edit(context: Context, template: Any) -> bool:
    store.edit(_record(context), _template(template))
    return True


@_method(CERTIFICATE.name, "deleteObject", permission=MANAGE)
def _delete(context: Context) -> bool:
    record = _record(context)
    store.check_deletable(record)
    del context.world.certificates[record["id"]]
    return True
