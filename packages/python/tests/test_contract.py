"""The package's layouts are the component's own types, which the runtime tells."""

from __future__ import annotations

from enum import Enum
from typing import Any, cast

import pytest
from wasmtime import Engine, Module, component

from identity_graph import GraphError, StoreErrorKind, UpsertOutcome
from identity_graph import _contract as contract
from identity_graph._abi import Bool, Bytes, Enumeration, Integer, Layout, List, Record, Text, Variant
from identity_graph._component import component as shipped
from identity_graph._component import main_module

ENGINE = Engine()
TYPE = component.Component(ENGINE, shipped()).type


def _functions(items: dict[str, Any], name: str) -> dict[str, component.FuncType]:
    types = {name: item.ty for name, item in items[name].ty.exports(ENGINE).items()}
    return {name: type for name, type in types.items() if isinstance(type, component.FuncType)}


EXPORTED = _functions(cast(Any, TYPE.exports(ENGINE)), contract.IDENTITY_GRAPH)
IMPORTED = _functions(cast(Any, TYPE.imports(ENGINE)), contract.KV_CAS)

_NUMBERS = {"B": component.U8, "I": component.U32, "Q": component.U64, "q": component.S64}


def _agree(layout: Layout, own: Any) -> bool:
    """Whether a layout is that of a type of the component, names included."""
    match own:
        case component.OwnType() | component.BorrowType():
            return layout is contract.HANDLE
        case component.Bool():
            return isinstance(layout, Bool)
        case component.String():
            return isinstance(layout, Text)
        case component.ListType() if isinstance(own.element, component.U8):
            return isinstance(layout, Bytes)
        case component.ListType():
            return isinstance(layout, List) and _agree(layout._item, own.element)
        case component.RecordType():
            return isinstance(layout, Record) and _fields_agree(layout, own.fields)
        case component.EnumType():
            return isinstance(layout, Enumeration) and _names(layout._members) == own.names
        case component.OptionType():
            return _cases_agree(layout, [None, own.payload])
        case component.ResultType():
            return _cases_agree(layout, [own.ok, own.err])
        case component.VariantType():
            return _cases_agree(layout, [payload for _, payload in own.cases])
        case _:
            return isinstance(layout, Integer) and type(own) is _NUMBERS[layout.format]


def _fields_agree(record: Record, fields: list[tuple[str, Any]]) -> bool:
    return [name for name, _, _ in record._fields] == [name.replace("-", "_") for name, _ in fields] and all(
        _agree(layout, own) for (_, layout, _), (_, own) in zip(record._fields, fields, strict=True)
    )


def _cases_agree(layout: Layout, payloads: list[Any]) -> bool:
    return (
        isinstance(layout, Variant)
        and len(layout._cases) == len(payloads)
        and all(
            own is None if case is None else own is not None and _agree(case, own)
            for case, own in zip(layout._cases, payloads, strict=True)
        )
    )


def _names(members: list[Enum]) -> list[str]:
    return [member.value for member in members]


FUNCTIONS = contract.all_functions()


@pytest.mark.parametrize("function", FUNCTIONS, ids=[function.export for function in FUNCTIONS])
def test_a_function_takes_and_answers_what_the_component_says(function: contract.Function) -> None:
    own = EXPORTED[function.export.removeprefix(f"{contract.IDENTITY_GRAPH}#")]
    params = [(name.replace("self", function.params._fields[0][0]), type) for name, type in own.params]
    assert _fields_agree(function.params, params)
    assert _agree(function.result, own.result)


ANSWERS = {
    "[static]store.open": contract.OPEN_ANSWER,
    "[method]store.get": contract.GET_ANSWER,
    "[method]store.head": contract.HEAD_ANSWER,
    "[method]store.put": contract.PUT_ANSWER,
    "[method]store.delete": contract.DELETE_ANSWER,
    "[method]store.count": contract.COUNT_ANSWER,
    "[method]store.get-many": contract.GET_MANY_ANSWER,
    "[method]store.put-many": contract.PUT_MANY_ANSWER,
}


def test_a_store_answers_what_the_component_wants() -> None:
    assert IMPORTED.keys() == ANSWERS.keys()
    for name, layout in ANSWERS.items():
        assert _agree(layout, IMPORTED[name].result), name
    (_, keys) = IMPORTED["[method]store.get-many"].params[1]
    assert _agree(contract.KEYS, keys)
    (_, writes) = IMPORTED["[method]store.put-many"].params[1]
    assert _agree(contract.WRITES, writes)
    (_, write) = IMPORTED["[method]store.put"].params[1]
    assert _agree(contract.WRITE, write)


def test_the_cases_of_variants_stand_in_the_order_of_the_component() -> None:
    result = cast(component.ResultType, EXPORTED["[method]graph.upsert-partner-id"].result)
    outcomes = [name for name, _ in cast(component.VariantType, result.ok).cases]
    own = [outcome and outcome.value for outcome in contract._UPSERT_CASES]
    assert [name or "invalid" for name in own] == outcomes
    assert {name for name in own if name} == {outcome.value for outcome in UpsertOutcome}
    errors = [name for name, _ in cast(component.VariantType, result.err).cases]
    assert [error.code for error in contract._ERRORS] == errors
    assert {error.code for error in GraphError.__subclasses__()} == set(errors)
    answer = cast(component.ResultType, IMPORTED["[method]store.get"].result)
    assert [kind.value for kind in StoreErrorKind] == cast(component.EnumType, answer.err).names


def test_the_component_exports_nothing_that_the_package_does_not_know() -> None:
    assert {function.export for function in FUNCTIONS} == {
        f"{contract.IDENTITY_GRAPH}#{name}" for name in EXPORTED
    }
    module = {export.name for export in Module(ENGINE, main_module(shipped())).exports}
    assert contract.DROP_SNAPSHOT in module


def test_the_component_imports_a_store_and_nothing_else() -> None:
    assert list(TYPE.imports(ENGINE)) == [contract.KV_CAS]


def test_what_is_no_component_is_refused() -> None:
    with pytest.raises(ValueError, match="no component"):
        main_module(b"\0asm\1\0\0\0")
