"""Statistics of parts merge into those of the whole, in any order, and survive being saved."""

from itertools import permutations

import numpy as np
import pytest

import interp_core as ic
from interp_core.heads import similarity
from interp_core.heads.record import RunningMoments
from interp_core.heads.similarity import DistanceSample, in_sample, pair_distances
from interp_core.heads.tables import quantiles
from interp_core.inputs.batching import PADDED_PAIRS, plan_batches
from tests.heads.test_statistics import TEXTS, compare
from tests.tiny_tokenizers import SENTENCES

PARTS = (TEXTS[:1], TEXTS[1:4], TEXTS[4:], TEXTS[2:3])


@pytest.fixture(scope="module")
def parts(tiny_model):
    return [ic.head_statistics(tiny_model("gpt2"), texts) for texts in PARTS]


def test_merging_is_associative_and_free_of_order(parts):
    a, b, c, d = parts
    truth = a.merge(b).merge(c).merge(d)
    compare(truth, a.merge(b.merge(c.merge(d))), 1e-9)
    for order in permutations(parts):
        one, two, three, four = order
        compare(truth, one.merge(two).merge(three.merge(four)), 1e-9)


def test_two_halves_are_one_pass(tiny_model):
    """With batches of equal texts, so that only the sums differ."""
    model = tiny_model("bert")
    halves = TEXTS[:3], TEXTS[3:]
    whole = ic.head_statistics(model, TEXTS, batch_size=1)
    one, two = (ic.head_statistics(model, half, batch_size=1) for half in halves)
    compare(whole, one.merge(two), 1e-9)
    compare(whole, two.merge(one), 1e-9)


def test_moments_stay_exact_far_from_zero():
    values = 1e9 + np.random.default_rng(0).normal(size=(1000, 3))
    total = RunningMoments.of(values[:1])
    for row in values[1:]:
        total = total.merge(RunningMoments.of(row[None]))
    np.testing.assert_allclose(total.mean, values.mean(0), rtol=1e-14)
    np.testing.assert_allclose(total.deviations, values.std(0, ddof=1), rtol=1e-6)
    np.testing.assert_allclose(total.errors, values.std(0, ddof=1) / np.sqrt(1000), rtol=1e-6)


def test_missing_values_are_not_counted():
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    found = RunningMoments.of(values[:2]).merge(RunningMoments.of(values[2:]))
    assert found.count.tolist() == [2, 0]
    assert found.means[0] == 2
    assert np.isnan(found.means[1])
    assert found.deviations[0] == pytest.approx(np.sqrt(2))
    assert np.isnan(RunningMoments.of(values[:1]).errors).all()


def test_other_models_and_other_quantities_do_not_merge(tiny_model, parts):
    with pytest.raises(ic.BadInput, match="cannot be merged"):
        parts[0].merge(ic.head_statistics(tiny_model("bert"), TEXTS[:1]))
    with pytest.raises(ic.BadInput, match="cannot be merged"):
        parts[0].merge(ic.head_statistics(tiny_model("gpt2"), TEXTS[:1], quantities=[]))


def test_what_was_saved_goes_on_merging(parts, tmp_path):
    path = tmp_path / "stats.parquet"
    parts[0].merge(parts[1]).save(path)
    again = ic.HeadStatistics.load(path)
    compare(again, parts[0].merge(parts[1]), 0)
    compare(again.merge(parts[2]), parts[0].merge(parts[1]).merge(parts[2]), 1e-12)
    assert [each.name for each in tmp_path.iterdir()] == ["stats.parquet"]


def test_the_saved_file_is_a_table_for_everybody(parts, tmp_path):
    import pandas as pd

    path = tmp_path / "stats.parquet"
    parts[0].save(path)
    pd.testing.assert_frame_equal(pd.read_parquet(path), parts[0].frame)


def test_other_files_are_refused(parts, tmp_path):
    import pandas as pd

    text, table = tmp_path / "a.txt", tmp_path / "b.parquet"
    text.write_text("hello")
    pd.DataFrame({"a": [1]}).to_parquet(table)
    for path in (text, table, tmp_path / "missing.parquet"):
        with pytest.raises(ic.BadInput, match="not a file of head statistics"):
            ic.HeadStatistics.load(path)
    with pytest.raises(ic.BadInput, match="cannot be written"):
        parts[0].save(tmp_path / "no" / "folder.parquet")


# ------------------------------------------------------------------------------- the sample


def test_the_sample_is_the_smallest_hashes_whatever_the_order(monkeypatch):
    monkeypatch.setattr(similarity, "SAMPLE", 5)
    chance = np.random.default_rng(0)
    keys = chance.permutation(40)
    every = DistanceSample(keys, keys[:, None] * 1.0)
    parts = [DistanceSample(keys[k : k + 7], keys[k : k + 7, None] * 1.0) for k in range(0, 40, 7)]
    for order in (parts, parts[::-1]):
        total = order[0]
        for part in order[1:]:
            total = total.merge(part)
        assert total.keys.tolist() == [0, 1, 2, 3, 4]
        assert total.distances[:, 0].tolist() == [0, 1, 2, 3, 4]
    chosen = in_sample(parts[0].merge(parts[0]), every.keys)
    assert set(keys[chosen]) <= set(range(8))


def test_only_texts_that_will_be_kept_are_compared(monkeypatch):
    monkeypatch.setattr(similarity, "SAMPLE", 2)
    before = DistanceSample(np.array([3, 9]), np.zeros((2, 1)))
    assert in_sample(before, np.array([1, 5, 10, 2])).tolist() == [True, False, False, True]
    assert in_sample(before, np.array([10, 11])).tolist() == [False, False]


def test_a_sampled_corpus_keeps_the_right_distances(tiny_model, monkeypatch):
    model = tiny_model("bert")
    whole = ic.head_statistics(model, TEXTS)
    monkeypatch.setattr(similarity, "SAMPLE", 3)
    some = ic.head_statistics(model, TEXTS, batch_size=2)
    assert some.sample.keys.tolist() == whole.sample.keys[:3].tolist()
    np.testing.assert_allclose(some.sample.distances, whole.sample.distances[:3], atol=1e-6)


def test_the_distance_is_at_most_ln_2_and_reached_by_heads_that_share_nothing():
    import torch

    apart = torch.tensor([[[1.0, 0, 0]], [[0, 0.5, 0.5]], [[0, 0.5, 0.5]]])
    np.testing.assert_allclose(pair_distances(apart), [np.log(2), np.log(2), 0], atol=1e-7)


# ---------------------------------------------------------------------- batches and quantiles


def test_every_text_is_in_one_batch_and_padding_stays_under_a_tenth():
    lengths = np.random.default_rng(0).integers(2, 300, 700).tolist()
    found = list(plan_batches(lengths, 32))
    assert sorted(row for rows in found for row in rows) == list(range(700))
    for rows in found:
        longest = max(lengths[row] for row in rows)
        computed = len(rows) * longest
        assert len(rows) <= 32
        assert len(rows) == 1 or len(rows) * longest**2 <= PADDED_PAIRS
        assert sum(lengths[row] for row in rows) > 0.9 * computed
    assert len(found) < 300


def test_without_padding_batches_have_one_length():
    lengths = [3, 5, 3, 5, 4]
    for rows in plan_batches(lengths, 32, padding=False):
        assert len({lengths[row] for row in rows}) == 1


def test_quantiles_of_a_histogram_are_read_inside_the_bin():
    counts = np.zeros((1, 10), dtype=np.int64)
    counts[0, 3] = 4
    assert quantiles(counts, 1.0, (0.5,))[0, 0] == pytest.approx(0.35)
    assert quantiles(counts, 2.0, (0.25,))[0, 0] == pytest.approx(0.65)
    assert quantiles(counts, 1.0, (1.0,))[0, 0] == pytest.approx(0.4)
    assert np.isnan(quantiles(np.zeros((1, 10)), 1.0, (0.5,))[0, 0])


# ------------------------------------------------------------------- comparisons and examples


def test_equal_statistics_have_no_real_difference_and_a_shifted_head_has(tiny_model):
    from dataclasses import replace

    one = ic.head_statistics(tiny_model("bert"), TEXTS)
    same = ic.compare_heads(one, one, "entropy")
    np.testing.assert_allclose(same["difference"], 0, atol=1e-9)
    assert not same["real"].any()
    mean = one.moments.mean.copy()
    mean[1, 2, one.names.index("entropy")] += 5
    other = replace(one, moments=replace(one.moments, mean=mean))
    found = ic.compare_heads(one, other, "entropy")
    assert found[found["real"]][["layer", "head"]].to_numpy().tolist() == [[1, 2]]
    row = found[found["real"]].iloc[0]
    assert row["difference"] == pytest.approx(5)
    assert row["se"] == pytest.approx(np.sqrt(2) * one.frame["entropy_se"][6])
    assert row["z"] == pytest.approx(row["difference"] / row["se"])


def test_false_discoveries_are_counted_as_benjamini_and_hochberg_do():
    from scipy.stats import false_discovery_control

    from interp_core.heads.compare import discoveries

    p = np.random.default_rng(3).random(200) ** 3
    assert discoveries(p).tolist() == (false_discovery_control(p) <= 0.05).tolist()
    assert discoveries(np.array([np.nan, 1e-9])).tolist() == [False, True]


def test_models_of_other_sizes_compare_by_depth(tiny_model):
    small = ic.head_statistics(tiny_model("bert"), TEXTS)
    large = ic.head_statistics(tiny_model("albert"), TEXTS)
    table = ic.compare_depths(small, large, "confidence")
    assert table["depth"].tolist() == [0, 1, 0, 0.5, 1]
    assert table["mean"][0] == pytest.approx(small.frame["confidence"][:4].mean())
    with pytest.raises(ic.BadInput, match="depth"):
        ic.compare_heads(small, large, "confidence")
    with pytest.raises(ic.BadInput, match="no statistic"):
        ic.compare_heads(small, small, "beauty")


def test_typical_texts_are_those_nearest_to_the_mean(tiny_model):
    model = tiny_model("bert")
    statistics = ic.head_statistics(model, TEXTS)
    found = ic.typical_texts(model, [*SENTENCES, ""], statistics, 1, 2)
    assert set(found["text"]) == set(SENTENCES)
    assert found["deviation"].is_monotonic_increasing
    row = statistics.frame[(statistics.frame["layer"] == 1) & (statistics.frame["head"] == 2)]
    names = [name for name in found.columns[2:] if row[f"{name}_std"].item() > 0]
    steps = [(found[n][0] - row[n].item()) / row[f"{n}_std"].item() for n in names]
    assert found["deviation"][0] == pytest.approx(np.sqrt(np.mean(np.square(steps))), rel=1e-4)


def test_typical_tokens_get_more_than_the_even_share(tiny_model):
    model = tiny_model("gpt2")
    found = ic.typical_tokens(model, TEXTS, 0, 1, limit=5)
    assert len(found) == 5
    assert found["received"].is_monotonic_decreasing
    maps = [ic.attention_maps(model, text) for text in TEXTS]
    gets = {}
    for each in maps:
        a = each.weights[0, 1]
        n = len(a)
        for j, token in enumerate(each.tokens):
            gets.setdefault(token, []).append(a[j:, j].mean() * n)
    best = max((np.mean(v), k) for k, v in gets.items() if len(v) >= 3)
    assert found["received"][0] == pytest.approx(best[0], rel=1e-5)
    with pytest.raises(ic.BadInput):
        ic.typical_tokens(model, TEXTS, 7, 0)
