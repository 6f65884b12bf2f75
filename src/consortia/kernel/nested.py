"""Calls within a call: what the members decided, carried out under an authority's name.

A module that has decided something (a proposal that passed) has the machine carry it out: messages of other
modules, in order and atomically together. Whatever one of them meets undoes these calls alone; the call that
asked goes on, and says what happened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consortia.base.codec import Malformed, Record, from_value
from consortia.base.refusals import Refused
from consortia.kernel import refusals as codes
from consortia.kernel.application import Application, Bound
from consortia.kernel.block import OK
from consortia.kernel.context import Alarm, Context, Ran, Signer

Bind = Callable[[str, Mapping[str, Any]], tuple[Bound, Record]]
"""Finds a method and reads its message; raises Refused."""

POSITION_SHIFT = 32
"""A nested call's place is its own, from 1, above that of the call it stands in: so ids never meet."""


@dataclass(frozen=True, slots=True)
class Nested:
    """The one way in which an application's messages are carried out inside others (`context.Calls`)."""

    app: Application
    alarm: Alarm
    unborn: frozenset[str] = frozenset()
    """Methods that the versions in force do not have yet."""

    def read(self, authority: str, method: str, arguments: Mapping[str, Any]) -> tuple[Record, int]:
        """The message that a method would be given, and its static cost; raises Refused."""
        bound, message = self._bind(authority, method, arguments)
        return message, bound.method.cost_of(message)

    def may_pause(self, method: str) -> bool:
        """Whether there is such a method and it may be paused."""
        bound = self.app.methods.get(method)
        return bound is not None and bound.method.pausable

    def check_stopped(self, ctx: Context, signer: Signer, method: str) -> None:
        """Raise Refused where a call of the method by `signer` is stopped now."""
        bound, outer = self.app.methods.get(method), ctx.signer
        ctx.signer = signer
        try:
            if bound is not None:
                self.app.check_stopped(ctx, bound)
        finally:
            ctx.signer = outer

    def name(self, event: Record) -> str:
        """The full name of an event, as it stands in receipts."""
        return self.app.events[type(event)]

    def read_as(self, roles: frozenset[str], method: str, arguments: Mapping[str, Any]) -> int:
        """The static cost of a message that a key with these roles may sign; raises Refused."""
        bound, message = self._signed(roles, method, arguments)
        return bound.method.cost_of(message)

    def run(self, ctx: Context, authority: str, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> Ran:
        """Carry out the calls in order, atomically together; a refusal undoes these calls alone."""
        signer = Signer(b"", b"", "", frozenset({authority}))
        return self._run(ctx, signer, calls, lambda method, values: self._bind(authority, method, values))

    def run_as(self, ctx: Context, signer: Signer, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> Ran:
        """As `run`, but for calls that `signer` might have signed itself, by its roles."""
        roles = signer.roles
        return self._run(ctx, signer, calls, lambda method, values: self._signed(roles, method, values))

    def _run(
        self, ctx: Context, signer: Signer, calls: Sequence[tuple[str, Mapping[str, Any]]], bind: Bind
    ) -> Ran:
        outer, place, told = ctx.signer, ctx.call, len(ctx.events)
        ctx.signer = signer
        ctx.state.begin()
        code, position = OK, 0
        try:
            for position, (method, arguments) in enumerate(calls):
                ctx.call = place | (position + 1) << POSITION_SHIFT
                bound, message = bind(method, arguments)
                self.app.check_stopped(ctx, bound)
                bound.method.handler(ctx, message, bound.module.ports)
        except Refused as refused:
            code = refused.code
        except Exception as error:  # noqa: BLE001 (whatever a handler meets, the block goes on; the alarm tells)
            self.alarm(ctx.transaction, error)
            code = codes.INTERNAL.code
        finally:
            ctx.signer, ctx.call = outer, place
        events = tuple(ctx.events[told:])
        if code == OK:
            ctx.state.commit()
            return Ran(OK, len(calls), events)
        ctx.state.rollback()
        del ctx.events[told:]
        return Ran(code, position, events)

    def _bind(self, authority: str, method: str, arguments: Mapping[str, Any]) -> tuple[Bound, Record]:
        bound = self._found(method)
        if bound.method.authority != authority:
            raise Refused(codes.WRONG_ROLE, f"{method} is not for {authority}")
        return bound, self._message(bound, arguments)

    def _signed(
        self, roles: frozenset[str], method: str, arguments: Mapping[str, Any]
    ) -> tuple[Bound, Record]:
        bound = self._found(method)
        if bound.method.roles.isdisjoint(roles):
            raise Refused(codes.WRONG_ROLE, method)
        return bound, self._message(bound, arguments)

    def _found(self, method: str) -> Bound:
        bound = self.app.methods.get(method)
        if bound is None or method in self.unborn:
            raise Refused(codes.UNKNOWN_METHOD, method)
        return bound

    def _message(self, bound: Bound, arguments: Mapping[str, Any]) -> Record:
        try:
            return from_value(bound.method.message, arguments)
        except Malformed as error:
            raise Refused(codes.BAD_ARGUMENTS, f"{bound.name}: {error}") from None
