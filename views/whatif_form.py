"""The parameters of a what-if run: as a form gives them, as an address carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import gettext as _

from services.answering_times import AnsweringTime
from services.whatif import OTHER_PACE, USUAL_PACE, Parameters, Prepared
from workflows.whatif.runs import MOST_RUNS

LEAST_RUNS: Final = 10
LONGEST: Final = 43_200
MOST_PEOPLE: Final = 500
MOST_SEED: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Filled:
    """The form: ``values`` as typed, ``errors`` in words by field, ``parameters`` where there are
    none. ``history`` is what past work says of a role, for those that past work says anything
    of."""

    values: Mapping[str, str]
    errors: Mapping[str, str]
    parameters: Parameters | None
    history: Mapping[str, AnsweringTime]


def defaults(
    prepared: Prepared, history: Mapping[str, AnsweringTime], people: Mapping[str, int]
) -> dict[str, str]:
    """What the form holds at first: of past work where there is enough, else common sense."""
    values = {"seed": "1", "runs": "1000", "returns": "15", "ordinary": "70"}
    for role in prepared.roles:
        median, p90 = USUAL_PACE.get(role, OTHER_PACE)
        known = history.get(role)
        if known is not None:
            median, p90 = known.median, max(known.p90, known.median)
        values[f"m-{role}"], values[f"p-{role}"] = str(median), str(p90)
        values[f"n-{role}"] = str(max(1, people.get(role, 1)))
    for tier in prepared.tiers:
        values[f"t-{tier.key}"] = "1"
    return values


def read(
    given: Mapping[str, str],
    prepared: Prepared,
    history: Mapping[str, AnsweringTime],
    people: Mapping[str, int],
) -> Filled:
    """The form as given over its defaults."""
    start = defaults(prepared, history, people)
    values = {name: given.get(name, value).strip() for name, value in start.items()}
    reader = _Reader(values)
    paces, counts = {}, {}
    for role in prepared.roles:
        median = reader.number(f"m-{role}", 1, LONGEST)
        p90 = reader.number(f"p-{role}", 1, LONGEST)
        if f"p-{role}" not in reader.errors and p90 < median:
            reader.errors[f"p-{role}"] = _("九成办完的时间不能短于半数办完的时间。")
        paces[role] = (median, p90)
        counts[role] = reader.number(f"n-{role}", 1, MOST_PEOPLE)
    tiers = {tier.key: reader.number(f"t-{tier.key}", 0, 1000) for tier in prepared.tiers}
    if tiers and not any(tiers.values()) and not reader.errors:
        first = prepared.tiers[0].key
        reader.errors[f"t-{first}"] = _("至少一级要大于 0。")
    parameters = Parameters(
        seed=reader.number("seed", 0, MOST_SEED),
        runs=reader.number("runs", LEAST_RUNS, MOST_RUNS),
        paces=paces,
        people=counts,
        tiers=tiers,
        returns=reader.number("returns", 0, 90),
        ordinary=reader.number("ordinary", 0, 100),
    )
    return Filled(values, reader.errors, None if reader.errors else parameters, history)


def as_arguments(parameters: Parameters) -> dict[str, Any]:
    """The parameters as an address carries them."""
    found: dict[str, Any] = {
        "seed": parameters.seed, "runs": parameters.runs, "returns": parameters.returns,
        "ordinary": parameters.ordinary,
    }  # fmt: skip
    for role, (median, p90) in parameters.paces.items():
        found |= {f"m-{role}": median, f"p-{role}": p90, f"n-{role}": parameters.people[role]}
    return found | {f"t-{key}": weight for key, weight in parameters.tiers.items()}


class _Reader:
    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.errors: dict[str, str] = {}

    def number(self, name: str, least: int, most: int) -> int:
        text = self.values[name]
        # isdecimal takes figures of other scripts too, which int reads as well.
        number = int(text) if text.isdecimal() and len(text) <= 12 else -1
        if not least <= number <= most:
            self.errors[name] = _("请填 %(least)s 到 %(most)s 的整数。", least=least, most=most)
            return least
        return number
