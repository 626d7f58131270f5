"""Laws of keys and streams: independent, the words of the paper, and the distributions that they promise."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

import augkit as ak
from augkit.errors import ArgumentError

keys = st.builds(ak.Key, st.integers(), st.text(max_size=8), st.integers(), st.integers())


def pooled(count: int, draw: str, *arguments: object) -> np.ndarray:
    """Return the first draws of many keys' streams."""
    return np.array([getattr(ak.Key(n % 100, f"{n // 100}.jpg").stream("s"), draw)(*arguments) for n in range(count)])


@given(keys, st.text(max_size=8))
def test_a_stream_is_a_function_of_key_and_label(key: ak.Key, label: str) -> None:
    one, other = key.stream(label), ak.Stream.from_name(key.stream(label).name)
    assert [one.random() for _ in range(20)] == [other.random() for _ in range(20)]
    assert key.stream(label).uniforms(5).tolist() == key.stream(label).uniforms(5).tolist()


@given(
    st.lists(
        st.tuples(st.integers(-3, 3), st.sampled_from(["", "1", "a", "0, 1"]), st.integers(-2, 3), st.integers(0, 2)),
        unique=True,
    )
)
def test_no_two_keys_share_a_stream(tuples: list[tuple[int, str, int, int]]) -> None:
    assert len({ak.Key(*each).stream("s").random() for each in tuples}) == len(tuples)


def test_numbers_and_texts_of_numpy_make_the_same_key() -> None:
    plain, other = ak.Key(3, "a.jpg", 1, 2), ak.Key(np.int64(3), np.str_("a.jpg"), np.uint8(1), np.int32(2))  # type: ignore[arg-type]
    assert plain.stream("s").name == other.stream("s").name


def test_nothing_is_added_up() -> None:
    firsts = [ak.Key(*key).stream("s").random() for key in itertools.product(range(9), "ab", range(9), range(9))]
    assert len(set(firsts)) == len(firsts)
    assert ak.Key(0, "a", 1).stream("s").random() != ak.Key(1, "a", 0).stream("s").random()
    assert ak.Key(0, "a", 0, 1).stream("s").random() != ak.Key(0, "a", 1, 0).stream("s").random()


def test_labels_and_children_are_streams_of_their_own() -> None:
    key = ak.Key(0, "a")
    parent = key.stream("a")
    names = [key.stream(label) for label in ("a", "b", "a#2", "a/b/c", "", "a/")] + [
        parent.child(c) for c in ("b", "a")
    ]
    assert len({stream.random() for stream in names}) == len(names)
    assert parent.child("b").random() == key.stream("a/b").random()
    before = key.stream("a")
    before.child("b").random()
    assert before.random() == key.stream("a").random()  # a child takes nothing from its parent


def test_words_are_those_of_numpys_philox() -> None:
    stream = ak.Key(3, "x").stream("label")
    counter = int.from_bytes(b"\0" * 8 + blake2b(b"label", digest_size=24, person=b"augkit label").digest(), "little")
    philox = np.random.Philox(key=int(stream.name[16:32] + stream.name[:16], 16), counter=counter)
    words = philox.random_raw(40)
    assert [stream.random() for _ in range(40)] == ((words >> np.uint64(11)) * 2.0**-53).tolist()
    assert ak.Key(3, "x").stream("label").uniforms(40).tolist() == ((words >> np.uint64(11)) * 2.0**-53).tolist()


def test_uniform_over_keys_and_within_a_stream() -> None:
    for sample in (
        pooled(20000, "random"),
        np.array([(s := ak.Key(0, "a").stream("s")).random()] + [s.random() for _ in range(20000)]),
    ):
        assert stats.kstest(sample, "uniform").pvalue > 1e-3
    assert stats.kstest(pooled(5000, "uniform", -3.0, 5.0), "uniform", (-3, 8)).pvalue > 1e-3
    assert stats.kstest(ak.Key(0, "b").stream("s").uniforms(100, 100).ravel(), "uniform").pvalue > 1e-3


def test_normal_over_keys_and_within_arrays() -> None:
    assert stats.kstest(pooled(20000, "normal", 2.0, 3.0), "norm", (2, 3)).pvalue > 1e-3
    field = ak.Key(0, "c").stream("s").normals(101, 99)
    assert stats.kstest(field.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(field.ravel()[:4999], field.ravel()[5000:])[0, 1]) < 0.06


@pytest.mark.parametrize("shape", [0.1, 0.5, 1.0, 1.3, 20.0])
def test_gamma_over_keys_and_within_a_stream(shape: float) -> None:
    assert stats.kstest(pooled(8000, "gamma", shape), "gamma", (shape,)).pvalue > 1e-3
    stream = ak.Key(0, "d").stream("s")
    assert stats.kstest([stream.gamma(shape) for _ in range(8000)], "gamma", (shape,)).pvalue > 1e-3


def test_integers_choices_and_orders_are_even() -> None:
    assert stats.chisquare(np.bincount(pooled(14000, "integers", 7), minlength=7)).pvalue > 1e-3
    weighted = np.bincount(pooled(10000, "choice", range(4), (1.0, 0.0, 2.5, 1.5)), minlength=4)
    assert weighted[1] == 0
    assert stats.chisquare(weighted[[0, 2, 3]], [2000, 5000, 3000]).pvalue > 1e-3
    orders = [tuple(order) for order in pooled(12000, "permutation", 4).tolist()]
    counts = [orders.count(order) for order in itertools.permutations(range(4))]
    assert sum(counts) == len(orders)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_a_chance_fires_as_often_as_asked() -> None:
    step, scene = ak.Maybe(0.1, ak.Mirror()), ak.Scene((8, 8))
    fired = sum(bool(step.draw(ak.Key(n // 10, f"{n % 10}.jpg").stream("Mirror"), scene)) for n in range(100_000))
    assert abs(fired / 100_000 - 0.1) <= 0.003
    for chance in (0.0, 1.0):
        assert all(
            bool(ak.Maybe(chance, ak.Mirror()).draw(ak.Key(n, "").stream("M"), scene)) == bool(chance)
            for n in range(99)
        )


def test_neighbouring_keys_are_independent() -> None:
    for axis in range(3):
        draws = [
            ak.Key(*(n if axis == k else 0 for k in range(1)), "a", *(n if axis == k else 0 for k in (1, 2)))  # type: ignore[arg-type, call-arg]
            for n in range(5000)
        ]
        values = np.array([key.stream("s").random() for key in draws])
        assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.06


def test_threads_draw_what_one_draws() -> None:
    def drawn(n: int) -> list[float]:
        stream = ak.Key(n, "t").stream("s")
        return [*(stream.random() for _ in range(30)), *stream.uniforms(7).tolist(), stream.normal()]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(drawn, range(400))) == list(map(drawn, range(400)))


@pytest.mark.parametrize("arguments", [("0", "a"), (0.5, "a"), (True, "a"), (0, 3), (0, "a", "1"), (0, "a", 0, None)])
def test_a_key_of_wrong_types_is_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(ArgumentError, match=r"Key\.\w+: must be a"):
        ak.Key(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "x", "0" * 32, "g" * 32 + ":a", "0" * 31 + ":a"])
def test_a_stream_of_no_name_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"Stream\.name"):
        ak.Stream.from_name(name)
