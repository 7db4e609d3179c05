"""Where the record leaves open which of several like tokens it means: every answer, one by one.

An act is played with one answer to each question that comes up; what was asked and how many
answers there were is kept, so that the next play takes the next answer. The first answers are
the likeliest: a record that fits is mostly played once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """The answers of one play; `another` are those of the next, None after the last."""

    def __init__(self, given: Sequence[int] = ()) -> None:
        self._given = list(given)
        self._asked: list[int] = []

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, of which there is at least one."""
        if len(options) == 1:
            return options[0]
        n = len(self._asked)
        self._asked.append(len(options))
        if n == len(self._given):
            self._given.append(0)
        return options[self._given[n]]

    @property
    def open(self) -> bool:
        """Whether any question had another answer that has not been tried."""
        return any(n + 1 < most for n, most in zip(self._given, self._asked, strict=False))

    def another(self) -> Choices | None:
        """The answers to try next; None when all have been."""
        given = self._given[: len(self._asked)]
        while given:
            if given[-1] + 1 < self._asked[len(given) - 1]:
                given[-1] += 1
                return Choices(given)
            given.pop()
        return None
