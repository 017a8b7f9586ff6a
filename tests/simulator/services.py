# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's methods, on plain data: no transport, no masks, no paging.

Which methods there are, and what they take and give, says ``metadata``; here is what they do. The getter of a relation
follows from its service's ``getObject``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from . import dates, errors, orders, store
from .calls import Call
from .errors import ApiFault
from .metadata import ACCOUNT, CERTIFICATE, ENTRY, REQUEST, SIGNATURES, Datatype, Row, Signature, value_of
from .users import MANAGE, VIEW, User
from .world import World


@dataclass(frozen=True)
class Context:
    """What a method works on."""

    world: World
    user: User
    identifier: Any


Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Method:
    """What a method does, and the permission that it needs."""

    signature: Signature
    function: Callable[..., Any]
    permission: str | None

    def invoke(self, context: Context, arguments: tuple[Any, ...]) -> Any:
        """Check the permission and call, holding the world's lock; a missing permission reads as *not found*."""
        if self.permission is not None and self.permission not in context.user.permissions:
            raise self._unseen(context, arguments)
        if context.identifier is None and not self.signature.is_static:
            raise errors.missing_identifier()
        if len(arguments) < self.signature.parameters:
            raise errors.bad_request()
        return self.function(context, *arguments[: self.signature.parameters])

    def _unseen(self, context: Context, arguments: tuple[Any, ...]) -> ApiFault:
        if self.signature.service.startswith("SoftLayer_Network_LBaaS_"):
            return errors.balancer_not_found(context.identifier or next(iter(arguments), None))
        return errors.object_not_found(context.identifier or context.world.account["id"])


_METHODS: dict[str, Method] = {}


def find(call: Call) -> Method:
    """The method that a call means, or the API's fault."""
    service = SIGNATURES.get(call.service)
    if service is None:
        raise errors.unknown_service()
    signature = service.get(call.method)
    if signature is None:
        raise errors.unknown_method(call.method)
    found = _METHODS.get(str(signature)) or _getter(signature)
    if found is None:
        raise errors.not_implemented(str(signature))
    return found


def _getter(signature: Signature) -> Method | None:
    """What reads a relation: of the object that ``getObject`` gives. Certificates are for who manages them."""
    of = _METHODS.get(f"{signature.service}::getObject")
    if of is None or not signature.relation:
        return None
    get = of.function
    permission = MANAGE if signature.gives is CERTIFICATE else of.permission
    return Method(signature, lambda context: value_of(get(context), signature.relation), permission)


def method(datatype: Datatype, name: str, *, permission: str | None = VIEW) -> Callable[[Function], Function]:
    """Let a function be what a method does."""

    def register(function: Function) -> Function:
        signature = SIGNATURES[datatype.name][name]
        _METHODS[str(signature)] = Method(signature, function, permission)
        return function

    return register


def number(value: Any) -> int | None:
    """An id as a number: clients send it as text, too."""
    return int(value) if str(value).isdecimal() else None


# SoftLayer_Account


@method(ACCOUNT, "getObject")
def _account(context: Context) -> Row:
    """The account of the user; its id is what ``getSslCertificateRequests`` asks for."""
    if context.identifier is not None and number(context.identifier) != context.world.account["id"]:
        raise errors.object_not_found(context.identifier)
    manages = MANAGE in context.user.permissions
    return {
        **context.world.account,
        "securityCertificates": lambda _row: _stored(context) if manages else [],
    }


def _stored(context: Context) -> list[Row]:
    world, listed = context.world, []
    for record in world.certificates.values():
        late = world.unlisted.get(record["id"], 0)
        world.unlisted[record["id"]] = max(late - 1, 0)
        listed += [record] if not late else []
    return listed


@method(ACCOUNT, "getValidSecurityCertificateEntries")
def _valid_entries(context: Context) -> list[Row]:
    """What a user without the manage permission may see: nothing but the properties of an entry."""
    shared, moment = ENTRY.local & CERTIFICATE.local, dates.now()
    return [
        {"certificateId": record["id"], **{name: record[name] for name in shared if name in record}}
        for record in _stored(context)
        if record["validityEnd"] >= moment
    ]


# SoftLayer_Security_Certificate_Request


@method(REQUEST, "getSslCertificateRequests")
def _requests(context: Context, account_id: Any) -> list[Row]:
    """All orders of the account."""
    if number(account_id) != context.world.account["id"]:
        raise errors.object_not_found(account_id)
    return [order.row for order in context.world.orders.values()]


def _order(context: Context) -> orders.Order:
    order = context.world.orders.get(number(context.identifier) or 0)
    if order is None:
        raise errors.object_not_found(context.identifier)
    return order


@method(REQUEST, "getObject")
def _request(context: Context) -> Row:
    return _order(context).row


@method(REQUEST, "resendEmail", permission=MANAGE)
def _resend_email(context: Context, email_type: Any) -> bool:
    """Have the authority send one of its emails again; false = it was not asked for."""
    order = _order(context)
    if email_type != "FulfillmentEmail":
        raise errors.not_implemented(str(email_type))
    if order.status not in orders.ISSUED:
        return False
    context.world.send_fulfillment(order, context.user.username)
    return True


# SoftLayer_Security_Certificate


def _record(context: Context) -> Row:
    record = context.world.certificates.get(number(context.identifier) or 0)
    if record is None:
        raise errors.object_not_found(context.identifier)
    return record


def _template(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise errors.bad_request()
    return value


@method(CERTIFICATE, "getObject", permission=MANAGE)
def _certificate(context: Context) -> Row:
    return _record(context)


@method(CERTIFICATE, "findByCommonName", permission=MANAGE)
def _find_by_common_name(context: Context, common_name: Any) -> list[Row]:
    wanted = str(common_name).casefold()
    return [record for record in _stored(context) if str(record["commonName"] or "").casefold() == wanted]


@method(CERTIFICATE, "createObject", permission=MANAGE)
def _create(context: Context, template: Any) -> Row:
    """Nothing stops the same certificate from being created twice."""
    record = context.world.add_certificate(_template(template))
    if context.world.settings.tell_given_chain:
        return {**record, "intermediateCertificate": _template(template).get("intermediateCertificate")}
    return record


@method(CERTIFICATE, "editObject", permission=MANAGE)
def _edit(context: Context, template: Any) -> bool:
    record = _record(context)
    store.edit(record, _template(template), keeps_request=context.world.settings.refuse_used_csr)
    store.cut_chain(record, context.world.settings.kept_chain)
    return True


@method(CERTIFICATE, "deleteObject", permission=MANAGE)
def _delete(context: Context) -> bool:
    record = _record(context)
    store.check_deletable(record)
    if context.world.settings.only_say_deleted:
        return True
    del context.world.certificates[record["id"]]
    return True
