"""What an author's expression may cost, and what it may not reach."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from workflows.contract import Context
from workflows.feel import Feel, FeelError, default_feel

NOW = datetime(2026, 11, 22, 15, 2, tzinfo=UTC)
CONTEXT = Context(now=NOW)
ENDLESS = "for i in 1..100000000 return i"


@pytest.fixture(scope="module")
def feel() -> Feel:
    return Feel()


@pytest.mark.parametrize(
    "text",
    [
        ENDLESS,
        "count(for i in 1..10000, j in 1..10000 return i * j) > 0",
        f'matches("{"a" * 40}!", "^(a+)+$")',
        "{f: function(n) if n < 2 then 1 else f(n - 1) + f(n - 2), r: f(40)}.r",
    ],
)
def test_trap_a_runaway_expression_is_stopped_and_the_isolate_lives(feel: Feel, text: str) -> None:
    with pytest.raises(FeelError) as caught:
        feel.evaluate(text, {}, CONTEXT)
    assert caught.value.code == "expression_timeout"
    assert feel.evaluate("1 + 1", {}, CONTEXT) == 2


def test_the_runaway_of_a_batch_is_named(feel: Feel) -> None:
    with pytest.raises(FeelError) as caught:
        feel.evaluate_many(["1", "2", ENDLESS, "3"], {}, CONTEXT)
    assert caught.value.code == "expression_timeout"
    assert caught.value.index == 2
    assert caught.value.expression == ENDLESS
    with pytest.raises(FeelError) as caught:
        feel.conditions(["false", ENDLESS, "true"], {}, CONTEXT, until_true=True)
    assert caught.value.index == 1


def test_memory_is_limited_and_the_isolate_made_anew() -> None:
    feel = Feel(limit=30, memory=24 * 1024 * 1024)
    with pytest.raises(FeelError) as caught:
        feel.evaluate(ENDLESS, {}, CONTEXT)
    assert caught.value.code == "expression_timeout"
    assert feel.evaluate("1 + 1", {}, CONTEXT) == 2


@pytest.mark.parametrize(
    "text", ["(" * 4000 + "1" + ")" * 4000, "[" * 3000 + "]" * 3000, "-" * 5000 + "1"]
)
def test_a_deep_expression_is_an_error_not_a_crash(feel: Feel, text: str) -> None:
    try:
        feel.evaluate(text, {}, CONTEXT)
    except FeelError as err:
        assert err.code in ("expression_error", "expression_timeout")
    assert feel.evaluate("1 + 1", {}, CONTEXT) == 2


def test_a_long_expression_is_refused(feel: Feel) -> None:
    with pytest.raises(FeelError) as caught:
        feel.evaluate("1 + " * 3000 + "1", {}, CONTEXT)
    assert caught.value.code == "expression_error"


def test_variables_nested_too_deep_are_refused(feel: Feel) -> None:
    value: object = 1
    for _ in range(500):
        value = [value]
    with pytest.raises(FeelError) as caught:
        feel.evaluate("x", {"x": value}, CONTEXT)
    assert caught.value.code == "expression_error"


@pytest.mark.parametrize(
    "text",
    [
        'x.constructor.constructor("return 1")()',
        "now.constructor",
        "now.prototype",
        'upper case.constructor("return globalThis")()',
        "globalThis",
        "planroomFeel",
        "x.__proto__",
        '"".constructor',
        "[].constructor",
    ],
)
def test_javascript_is_out_of_reach(feel: Feel, text: str) -> None:
    try:
        assert feel.evaluate(text, {"x": {"a": 1}}, CONTEXT) in (None, [])
    except FeelError as err:
        assert err.code == "expression_error"


def test_an_expression_leaves_nothing_behind(feel: Feel) -> None:
    feel.evaluate('{"__proto__": {"polluted": 1}, toString: 2}', {}, CONTEXT)
    feel.evaluate("x", {"x": {"__proto__": {"polluted": 1}}}, CONTEXT)
    result = feel.evaluate_many(["y.polluted", "polluted"], {"y": {}}, CONTEXT)
    assert [r.value for r in result] == [None, None]
    assert all(r.warnings for r in result)


def test_eight_threads_share_one_isolate(feel: Feel) -> None:
    def work(n: int) -> int:
        value = feel.evaluate("n * 2 + count(xs)", {"n": n, "xs": list(range(n % 7))}, CONTEXT)
        assert isinstance(value, int)
        return value

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(400)))
    assert results == [n * 2 + n % 7 for n in range(400)]


def test_a_runaway_in_one_thread_does_not_spoil_the_others(feel: Feel) -> None:
    def work(n: int) -> object:
        if n == 3:
            with pytest.raises(FeelError):
                feel.evaluate(ENDLESS, {}, CONTEXT)
            return n
        return feel.evaluate("n", {"n": n}, CONTEXT)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(12))) == list(range(12))


def _in_child(connection: multiprocessing.connection.Connection) -> None:
    connection.send(default_feel().evaluate("n + 1", {"n": 1}, CONTEXT))
    connection.close()


def test_a_forked_child_makes_its_own_isolate() -> None:
    assert default_feel().evaluate("1", {}, CONTEXT) == 1
    method = multiprocessing.get_context("fork")
    ours, theirs = method.Pipe()
    child = method.Process(target=_in_child, args=(theirs,))
    child.start()
    try:
        assert ours.poll(30)
        assert ours.recv() == 2
        child.join(30)
        assert child.exitcode == 0
    finally:
        if child.is_alive():
            child.kill()
    assert default_feel().evaluate("2", {}, CONTEXT) == 2


def test_a_lock_held_at_the_fork_does_not_bind_the_child() -> None:
    feel = Feel()
    feel.evaluate("1", {}, CONTEXT)
    with feel._isolate._lock:
        pid = os.fork()
        if pid == 0:  # no pytest in the child: answer by exit code
            free = feel._isolate._lock.acquire(timeout=5)
            os._exit(0 if free and feel._isolate._racer is None else 1)
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
