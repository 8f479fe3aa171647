"""Plays `scenarios/*.json`, whose format is `scenarios/README.md`, through the package."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import identity_graph as ig
from identity_graph import Graph, GraphError, Item, Snapshot, Store
from scenario_store import Fault, OwnStore, ScriptedStore

FOLDER = Path(__file__).parents[3] / "scenarios"
_SHORT_ID = re.compile("[a-f][0-9]")
_ABSENT = object()


class Disagreement(AssertionError):
    """What came is not what a scenario expects."""


def all_scenarios() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each scenario with the file that it stands in."""
    for path in sorted(FOLDER.glob("*.json")):
        for scenario in json.loads(path.read_text("utf-8"))["scenarios"]:
            yield path.name, _repeated(scenario)


def injects(scenario: dict[str, Any]) -> bool:
    """Whether only the scripted store can play it."""
    steps = scenario["steps"]
    placed = [*scenario.get("rows", {}).values(), *(step for step in steps if "put" in step)]
    return (
        "hands-over" in scenario
        or any("faults" in step for step in steps)
        or any(row.get("metadata", "") is None for row in placed)
    )


def play(file: str, scenario: dict[str, Any], own: Store | None = None) -> None:
    """Plays a scenario over the scripted store, or over an empty store of its own."""
    player = _Player(scenario, own)
    for number, step in enumerate(scenario["steps"], 1):
        kind = next(kind for kind in ("call", "put", "delete") if kind in step)
        try:
            player.step(step)
        except Disagreement as error:
            where = f"{file}: {scenario['name']}: step {number}, {kind} {step[kind]}"
            raise Disagreement(f"{where}: {error}") from error.__cause__


class _Player:
    def __init__(self, scenario: dict[str, Any], own: Store | None) -> None:
        self._scripted = ScriptedStore(scenario.get("hands-over", False)) if own is None else None
        self._store: ScriptedStore | OwnStore
        if self._scripted is not None:
            self._store = self._scripted
        else:
            assert own is not None
            self._store = OwnStore(own, set(_keys(scenario)))
        for name, row in scenario.get("rows", {}).items():
            self._put(name, row)
        if self._scripted is not None:
            self._scripted.first = dict(self._scripted.rows)
        self._graph = Graph(self._scripted or own, _policy(scenario.get("policy")))  # type: ignore[arg-type]
        self._snapshots: dict[str, Snapshot] = {}
        # The key that each snapshot was read from.
        self._key_of: dict[str, str] = {}
        self._before: dict[str, Item] = {}

    def step(self, step: dict[str, Any]) -> None:
        if "put" in step:
            self._put(step["put"], step)
        elif "delete" in step:
            self._store.remove(_id(step["delete"]))
        else:
            self._call(step)

    def _put(self, name: str, row: dict[str, Any]) -> None:
        text = row["text"] if "text" in row else _compact(row["body"])
        metadata = row.get("metadata", _ABSENT)
        if metadata is _ABSENT:
            metadata = ""
        elif metadata is not None:
            metadata = _compact(metadata)
        self._store.place(_id(name), text.encode(), metadata)

    def _call(self, step: dict[str, Any]) -> None:
        faults = [self._fault(fault) for fault in step.get("faults", ())]
        self._before = self._store.rows.copy()
        if self._scripted is not None:
            self._scripted.start_call(faults)
        expected = step["expect"]
        try:
            came = {"ok": self._operation(step)}
        except GraphError as error:
            came = {"error": _shown_error(error)}
        calls = self._scripted.calls if self._scripted is not None else None
        for word in ("ok", "error"):
            if word in expected:
                _compare(word, expected[word], came.get(word, came))
        if "calls" in expected and calls is not None and calls != expected["calls"]:
            raise Disagreement(f"calls: expected {expected['calls']}, came {calls}")
        self._compare_rows(expected.get("rows", {}))
        for number, fault in enumerate(faults, 1):
            if not fault.came_to_pass:
                raise Disagreement(f"fault {number} never came to pass")

    def _fault(self, fault: dict[str, Any]) -> Fault:
        key = _id(fault["ec-id"]) if "ec-id" in fault else None
        before = [lambda step=step: self.step(step) for step in fault.get("before", ())]
        return Fault(fault["at"], key, fault.get("nth", 1), before, fault.get("fault"))

    def _operation(self, step: dict[str, Any]) -> Any:
        call = step["call"]
        if call == "default-policy":
            return _shown(ig.default_policy())
        if call == "trusted-server-policy":
            return _shown(ig.trusted_server_policy())
        if call in ("open", "open-with"):
            store = self._scripted or self._store.store  # type: ignore[union-attr]
            with Graph(store, _policy(step.get("policy")) if call == "open-with" else None):
                return None
        on: Any = self._snapshots[step["on"]] if "on" in step else self._graph
        method = getattr(on, call.replace("-", "_"))
        if call == "entry":
            return _shown(method)
        if call == "generation":
            item = self._before.get(self._key_of[step["on"]])
            return "current" if item is not None and item.generation == method else "other"
        answer = method(**_arguments(step))
        if call == "get":
            if answer is None:
                return None
            if "as" in step:
                self._snapshots[step["as"]] = answer
                self._key_of[step["as"]] = _id(step["ec-id"])
            return _shown(answer.entry)
        if call == "sync-partner-ids":
            return [_shown_mapping(outcome) for outcome in answer]
        return _shown(answer)

    def _compare_rows(self, expected: dict[str, Any]) -> None:
        now = self._store.rows
        named = {_id(name): (name, row) for name, row in expected.items()}
        for key in (self._before.keys() | now.keys()) - named.keys():
            before, after = self._before.get(key), now.get(key)
            if _content(before) != _content(after):
                raise Disagreement("a row that is not named has changed")
        for key, (name, row) in named.items():
            self._compare_row(f"row {name}", row, now.get(key), key)

    def _compare_row(self, name: str, row: dict[str, Any] | None, item: Item | None, key: str) -> None:
        if row is None or item is None:
            if (row is None) != (item is None):
                raise Disagreement(f"{name}: expected {_or_no(row)}, came {_or_no(item)}")
            return
        text = item.body.decode()
        if "text" in row and text != row["text"]:
            raise Disagreement(f"{name}: expected {row['text']}, came {text}")
        if "body" in row and not _equal(row["body"], json.loads(text)):
            raise Disagreement(f"{name}: expected {_compact(row['body'])}, came {text}")
        if "has" in row:
            _compare(name, row["has"], json.loads(text))
        if "metadata" in row:
            _compare(f"{name}, metadata", row["metadata"], json.loads(item.metadata or "null"))
        if "lifetime" in row and self._scripted is not None:
            lifetime = self._scripted.lifetimes.get(key)
            if lifetime != row["lifetime"]:
                raise Disagreement(f"{name}: expected a lifetime of {row['lifetime']}, came {lifetime}")


def _or_no(row: object) -> str:
    return "no row" if row is None else "a row"


def _content(item: Item | None) -> tuple[bytes, str | None] | None:
    return None if item is None else (item.body, item.metadata)


def _id(name: str) -> str:
    return f"{name[0] * 64}.user0{name[1]}" if _SHORT_ID.fullmatch(name) else name


def _keys(scenario: dict[str, Any]) -> Iterator[str]:
    """Every key that a scenario names."""
    yield from map(_id, scenario.get("rows", {}))
    for step in scenario["steps"]:
        named = [step.get(word) for word in ("ec-id", "put", "delete")]
        named += step.get("expect", {}).get("rows", {})
        named += [mapping["ec-id"] for mapping in step.get("mappings", ())]
        # What is no EC ID reaches no store.
        yield from (_id(name) for name in named if name and len(_id(name)) >= 3 and len(name) <= 256)


def _repeated(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {key: _repeated(member) for key, member in value.items()}
    return [_repeated(member) for member in value] if isinstance(value, list) else value


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _policy(given: Any) -> ig.Policy | None:
    if given is None:
        return None
    if given == "trusted-server":
        return ig.trusted_server_policy()
    changes = {name.replace("-", "_"): value for name, value in given.items()}
    if "order" in changes:
        changes["order"] = ig.Order(changes["order"])
    return dataclasses.replace(ig.default_policy(), **changes)


def _arguments(step: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Callable[[Any], Any]] = {
        "ec-id": _id,
        "now": lambda now: now,
        "entry": lambda entry: _record(ig.NewEntry, entry),
        "id": lambda id: _record(ig.PartnerUid, id),
        "ids": lambda ids: [_record(ig.PartnerUid, id) for id in ids],
        "missing": ig.IfMissing,
        "partners": lambda partners: partners,
        "partner": lambda partner: partner,
        "mappings": lambda mappings: [_record(ig.Mapping, mapping) for mapping in mappings],
    }
    return {name.replace("-", "_"): known[name](value) for name, value in step.items() if name in known}


def _record(cls: Any, given: dict[str, Any]) -> Any:
    given = {name.replace("-", "_"): value for name, value in given.items()}
    values = {}
    for field in dataclasses.fields(cls):
        value = given.pop(field.name, () if field.name == "ids" else None)
        nested = {"geo": ig.Geo, "device": ig.Device}.get(field.name)
        if nested is not None and value is not None:
            value = _record(nested, value)
        elif field.name == "ids":
            value = [_record(ig.PartnerUid, id) for id in value]
        elif field.name == "ec_id":
            value = _id(value)
        values[field.name] = value
    assert not given, f"{cls.__name__} has no {', '.join(given)}"
    return cls(**values)


def _shown(value: Any) -> Any:
    """A value of the package in the words of the contract."""
    if isinstance(value, ig.Invalid):
        return {"invalid": value.why}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name.replace("_", "-"): _shown(getattr(value, name)) for name in names}
    return [_shown(one) for one in value] if isinstance(value, tuple) else value


def _shown_mapping(outcome: ig.MappingOutcome) -> Any:
    if isinstance(outcome, GraphError):
        return {"failed": _shown_error(outcome)}
    return {"done": _shown(outcome)}


def _shown_error(error: GraphError) -> Any:
    return {error.code: error.why} if error.why else error.code


def _compare(what: str, expected: Any, came: Any) -> None:
    if not _matches(expected, came):
        raise Disagreement(f"{what}: expected {_compact(expected)}, came {_compact(came)}")


def _matches(expected: Any, came: Any) -> bool:
    """Whether what came is as expected, by the rules of the format."""
    if isinstance(expected, dict):
        if expected.keys() == {"contains"}:
            return isinstance(came, str) and expected["contains"] in came
        return isinstance(came, dict) and all(
            _matches(member, came.get(name)) for name, member in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(came, list)
            and len(expected) == len(came)
            and all(_matches(*pair) for pair in zip(expected, came, strict=True))
        )
    if isinstance(expected, str) and isinstance(came, dict):
        return list(came) == [expected]
    return _equal(expected, came)


def _equal(one: Any, other: Any) -> bool:
    """Equality that tells true from 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
