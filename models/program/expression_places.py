"""The places of all expressions in a program, found by the types of the model.

A place is a field whose type is `LeadExpression` or `EventExpression`. So a new field of such a
type is checked, and its `did()` calls are known to the rules, without another line of code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from models.program.values import ExpressionContext, ExpressionMark

Models = tuple[type[BaseModel], ...]


@dataclass(frozen=True, slots=True)
class ExpressionPlace:
    """One expression: its path in the YAML file, its text, and what it may ask about."""

    path: tuple[str | int, ...]
    source: str
    context: ExpressionContext


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the type of a field says about expressions in it."""

    context: ExpressionContext | None = None
    """The text itself is an expression."""
    models: Models = ()
    """It may be one of these models."""
    items: _Shape | None = None
    """It is a list of such values."""
    values: _Shape | None = None
    """It is a mapping of names to such values."""


@dataclass(frozen=True, slots=True)
class _FieldShape:
    attribute: str
    key: str
    """How it is written in the YAML file."""
    shape: _Shape


def expression_places(value: object, *models: type[BaseModel]) -> Iterator[ExpressionPlace]:
    """Every expression in a value of one of these models, in the order of their fields.

    The value is the model itself, or the mapping that it is read from. A mapping need not be
    valid: what has another shape is left out.
    """
    return _in_model(value, models, ())


def context_keys(context: ExpressionContext, model: type[BaseModel]) -> tuple[str, ...]:
    """The keys under which an expression of this context may stand: `lifecycle.hand_raise`."""
    return tuple(dict.fromkeys(_keys(context, (model,), "", frozenset())))


def _in_model(
    value: object, models: Models, path: tuple[str | int, ...]
) -> Iterator[ExpressionPlace]:
    own = (type(value),) if isinstance(value, BaseModel) else models
    for field in _fields(own):
        if isinstance(value, BaseModel):
            yield from _in_value(getattr(value, field.attribute), field.shape, (*path, field.key))
        elif isinstance(value, Mapping) and field.key in value:
            yield from _in_value(value[field.key], field.shape, (*path, field.key))


def _in_value(
    value: object, shape: _Shape, path: tuple[str | int, ...]
) -> Iterator[ExpressionPlace]:
    if shape.context is not None and isinstance(value, str):
        yield ExpressionPlace(path, value, shape.context)
    elif shape.items is not None and isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _in_value(item, shape.items, (*path, number))
    elif shape.values is not None and isinstance(value, Mapping):
        for name, item in value.items():
            yield from _in_value(item, shape.values, (*path, name))
    elif shape.models:
        yield from _in_model(value, shape.models, path)


def _keys(
    context: ExpressionContext, models: Models, before: str, seen: frozenset[Models]
) -> Iterator[str]:
    if models in seen:  # steps within steps have no end
        return
    for field in _fields(models):
        key, shape = before + field.key, field.shape
        while shape.items is not None or shape.values is not None:
            key, shape = (
                (f"{key}[]", shape.items) if shape.items else (f"{key}.NAME", shape.values or shape)
            )
        if shape.context == context:
            yield key
        if shape.models:
            yield from _keys(context, shape.models, f"{key}.", seen | {models})


@lru_cache(maxsize=256)
def _fields(models: Models) -> tuple[_FieldShape, ...]:
    """The fields of a model; of several models, each key once with all that it can hold."""
    found: dict[str, _FieldShape] = {}
    for model in models:
        model.model_rebuild()  # resolves types that are defined below the model
        for attribute, info in model.model_fields.items():
            key = info.alias or attribute
            shape = _shape(info.annotation, info.metadata)
            if key in found:
                shape = _merged(found[key].shape, shape)
            found[key] = _FieldShape(attribute, key, shape)
    return tuple(found.values())


def _shape(annotation: Any, metadata: Iterable[object] = ()) -> _Shape:
    for mark in metadata:
        if isinstance(mark, ExpressionMark):
            return _Shape(context=mark.context)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(arguments[0], arguments[1:])
    if origin in (Union, UnionType):
        return reduce(_merged, map(_shape, arguments))
    if origin in (tuple, list):
        return _Shape(items=_shape(arguments[0]))
    if origin is dict:
        return _Shape(values=_shape(arguments[1]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _Shape(models=(annotation,))
    return _Shape()


def _merged(one: _Shape, other: _Shape) -> _Shape:
    """What a value can hold that has one shape or the other."""
    return _Shape(
        context=one.context or other.context,
        models=tuple(dict.fromkeys((*one.models, *other.models))),
        items=_either(one.items, other.items),
        values=_either(one.values, other.values),
    )


def _either(one: _Shape | None, other: _Shape | None) -> _Shape | None:
    return _merged(one, other) if one is not None and other is not None else one or other
