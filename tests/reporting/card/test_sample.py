import numpy as np
import pyarrow as pa

from polymath.reporting.card.sample import Draw, by_value, luck


def test_luck_depends_on_the_shard_and_the_row_alone():
    assert luck("a-00000", 5).tolist() == luck("a-00000", 9)[:5].tolist()
    assert luck("a-00000", 5).tolist() != luck("b-00000", 5).tolist()
    many = luck("a-00000", 10_000)
    assert 0 <= many.min() < many.max() < 1
    assert abs(many.mean() - 0.5) < 0.02


def test_a_draw_gives_the_same_rows_whatever_the_shards_order():
    def drawn(order: list[int]) -> list[tuple[int, int]]:
        draw = Draw(4)
        for shard in order:
            draw.offer("x", shard, np.arange(100), luck(f"s-{shard:05d}", 100))
        return [(row.shard, row.row) for row in draw.drawn("x")]

    assert drawn([0, 1, 2]) == drawn([2, 0, 1])
    assert len(drawn([0, 1, 2])) == 4


def test_labels_take_turns():
    draw = Draw(2)
    draw.offer("many", 0, np.arange(50), np.linspace(0.1, 0.9, 50))
    draw.offer("few", 1, np.array([7]), np.array([0.5]))
    assert [(row.shard, row.row) for row in draw.in_turn(3)] == [(0, 0), (1, 7), (0, 1)]


def test_nothing_offered_is_nothing_drawn():
    draw = Draw(0)
    draw.offer("x", 0, np.arange(3), np.zeros(3))
    Draw(3).offer("x", 0, np.arange(0), np.zeros(0))
    assert draw.labels == []
    assert draw.drawn("x") == []


def test_values_come_in_order_with_their_rows_and_nulls_as_nothing():
    plain = pa.chunked_array([["b", None], ["a", "b"]])
    coded = plain.dictionary_encode()
    for column in (plain, coded):
        assert [(name, rows.tolist()) for name, rows in by_value(column)] == [("", [1]), ("a", [2]), ("b", [0, 3])]
    assert list(by_value(pa.chunked_array([], pa.string()))) == []
