"""Options that several commands have, declared once: a command names what they come to."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

Command = Callable[..., None]


def expanding(makers: Mapping[type, Callable[..., Any]]) -> Callable[[Command], Command]:
    """Makes a command with a parameter of one of these types one that has the options of its maker in its place."""

    def expand(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters
        made = {name: makers[of.annotation] for name, of in own.items() if of.annotation in makers}
        options = {name: inspect.signature(maker, eval_str=True).parameters for name, maker in made.items()}

        @functools.wraps(command)
        def with_options(**given: Any) -> None:
            for name, maker in made.items():
                given[name] = maker(**{option: given.pop(option) for option in options[name]})
            command(**given)

        parameters = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, parameter in [*own.items(), *(item for each in options.values() for item in each.items())]
            if name not in made
        ]
        with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return with_options

    return expand
