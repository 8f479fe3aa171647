"""Every scenario, over the scripted store and over the stores of the package."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from identity_graph import MemoryStore, SqliteStore
from scenario_player import Disagreement, all_scenarios, injects, play

SCENARIOS = list(all_scenarios())
FOR_ALL_STORES = [(file, scenario) for file, scenario in SCENARIOS if not injects(scenario)]


def _names(scenarios: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [f"{file}: {scenario['name']}" for file, scenario in scenarios]


@pytest.mark.parametrize(("file", "scenario"), SCENARIOS, ids=_names(SCENARIOS))
def test_scripted_store(file: str, scenario: dict[str, Any]) -> None:
    play(file, scenario)


@pytest.mark.parametrize(("file", "scenario"), FOR_ALL_STORES, ids=_names(FOR_ALL_STORES))
def test_dict(file: str, scenario: dict[str, Any]) -> None:
    play(file, scenario, MemoryStore())


@pytest.mark.parametrize(("file", "scenario"), FOR_ALL_STORES, ids=_names(FOR_ALL_STORES))
def test_sqlite(file: str, scenario: dict[str, Any], tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "rows.db") as store:
        play(file, scenario, store)


def test_there_are_scenarios() -> None:
    assert SCENARIOS, "no scenario was found"
    assert FOR_ALL_STORES, "no scenario is for all stores"


@pytest.mark.parametrize("word", ["ok", "calls", "rows"])
def test_a_disagreement_names_file_scenario_and_step(word: str) -> None:
    visit = {"call": "visit", "ec-id": "a1", "entry": {"now": 1_790_000_000}}
    right = {
        "ok": {"outcome": "created"},
        "calls": {"get": 1, "put": 1},
        "rows": {"a1": {"has": {"v": 1}}},
    }
    play("file.json", {"name": "a visit", "steps": [{**visit, "expect": right}]})
    wrong = copy.deepcopy(right)
    wrong[word] = {"ok": {"outcome": "revived"}, "calls": {"get": 1}, "rows": {"a1": None}}[word]
    with pytest.raises(Disagreement, match=r"^file\.json: a visit: step 1, call visit: "):
        play("file.json", {"name": "a visit", "steps": [{**visit, "expect": wrong}]})
