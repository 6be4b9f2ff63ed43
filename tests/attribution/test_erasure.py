"""Faithfulness against hand-made curves, and the texts that edits really make."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.attribution.edits import word_deletions
from tests.attribution_models import WIDTH, formula_model, headed

TEXT = "the plot is not bad at all and actors know"
DIRECTION = torch.linspace(-1.0, 1.5, WIDTH, dtype=torch.float64)


def bag(embeddings):
    return 0.1 * embeddings.sum(1) @ DIRECTION


@pytest.fixture(scope="module")
def linear():
    return formula_model(bag)


@pytest.fixture(scope="module")
def explained(linear):
    return ic.attribute(linear, TEXT, target="plus", method="leave_one_out")


def chance(model, ids):
    """softmax over [F, −F] of a bag of these tokens."""
    table = model.model.get_input_embeddings()
    value = float(bag(table(torch.as_tensor(ids))[None]))
    return 1 / (1 + np.exp(-2 * value))


def joined(groups):
    return [place for group in groups for place in group]


def ranked_words(attribution):
    words = attribution.by_word()
    order = [i for i in np.argsort(-words.scores, kind="stable") if not words.special[i]]
    return [
        [i for i, each in enumerate(attribution.word_ids) if each == words.word_ids[place]]
        for place in order
    ]


@pytest.mark.parametrize("mode", ["delete", "mask"])
def test_measures_are_the_mean_differences_worked_out_by_hand(linear, explained, mode):
    ids = explained.sequence.ids
    words = ranked_words(explained)

    def without(places):
        if mode == "delete":
            return np.delete(ids, places)
        return np.where(np.isin(np.arange(len(ids)), places), linear.tokenizer.mask_token_id, ids)

    whole = chance(linear, ids)
    drops, rests = [], []
    for fraction in (0.01, 0.05, 0.1, 0.2, 0.5):
        count = int(np.ceil(fraction * len(words) - 1e-9))
        drops.append(whole - chance(linear, without(joined(words[:count]))))
        rests.append(whole - chance(linear, without(joined(words[count:]))))
    steps = [int(np.ceil(k / 10 * len(words) - 1e-9)) for k in range(1, 11)]
    area = [whole - chance(linear, without(joined(words[:count]))) for count in steps]
    result = ic.faithfulness(linear, explained, mode=mode)
    assert result.comprehensiveness == pytest.approx(np.mean(drops), abs=1e-6)
    assert result.sufficiency == pytest.approx(np.mean(rests), abs=1e-6)
    assert result.aopc == pytest.approx(np.mean(area), abs=1e-6)
    assert result.probability == pytest.approx(whole, abs=1e-6)
    np.testing.assert_allclose(result.by_fraction["comprehensiveness"], drops, atol=1e-6)
    np.testing.assert_allclose(result.by_fraction["sufficiency"], rests, atol=1e-6)
    assert (result.mode, result.words) == (mode, len(words))
    assert result.replacement == ("mask" if mode == "mask" else None)


def test_the_logit_of_a_sum_falls_by_the_scores_of_the_words(linear, explained):
    scores = np.sort(explained.by_word().scores[~explained.by_word().special])[::-1]
    result = ic.faithfulness(linear, explained, measure="logit")
    counts = [int(np.ceil(share * len(scores) - 1e-9)) for share in (0.01, 0.05, 0.1, 0.2, 0.5)]
    assert result.comprehensiveness == pytest.approx(
        np.mean([scores[:count].sum() for count in counts]), abs=1e-5
    )
    assert result.sufficiency == pytest.approx(
        np.mean([scores[count:].sum() for count in counts]), abs=1e-5
    )
    assert "logit" in result.curve
    with pytest.raises(ic.BadInput, match="Unknown measure 'odds'"):
        ic.faithfulness(linear, explained, measure="odds")


def test_verdicts_say_on_which_side_of_random_rankings_a_figure_is(linear, explained):
    result, random = ic.faithfulness(linear, explained, rankings=2), np.array([0.1, 0.2, 0.3])
    randoms = dict.fromkeys(("comprehensiveness", "sufficiency", "aopc"), random)
    result = replace(result, **{f"random_{name}": each for name, each in randoms.items()})
    for value, higher, lower in ((0.9, "better", "worse"), (-0.9, "worse", "better")):
        found = replace(result, comprehensiveness=value, sufficiency=value, aopc=value).verdicts()
        assert found == {"comprehensiveness": higher, "sufficiency": lower, "aopc": higher}
    near = replace(result, comprehensiveness=0.3, sufficiency=0.1, aopc=0.2).verdicts()
    assert set(near.values()) == {"as good"}


def test_true_ranking_beats_random_ones_and_its_reverse_is_worst(linear, explained):
    good = ic.faithfulness(linear, explained)
    assert good.comprehensiveness > good.random_comprehensiveness.max()
    assert good.sufficiency < good.random_sufficiency.min()
    reverse = ic.faithfulness(linear, replace(explained, scores=-explained.scores))
    assert reverse.comprehensiveness < good.random_comprehensiveness.min()
    assert reverse.aopc < good.aopc


def test_curves_start_and_end_where_they_must(linear, explained):
    result = ic.faithfulness(linear, explained, rankings=4)
    frame = result.curve
    ids = explained.sequence.ids
    ends = {"deletion": (ids, ids[[0, -1]]), "insertion": (ids[[0, -1]], ids)}
    for (curve, ranking), part in frame.groupby(["curve", "ranking"]):
        assert part["fraction"].is_monotonic_increasing
        assert part["probability"].iloc[0] == pytest.approx(chance(linear, ends[curve][0]))
        assert part["probability"].iloc[-1] == pytest.approx(chance(linear, ends[curve][1]))
        assert (part["low"] <= part["probability"]).all()
        if ranking == "attribution":
            assert (part["low"] == part["high"]).all()


def test_random_rankings_repeat_with_their_seed(linear, explained):
    one, two, other = (ic.faithfulness(linear, explained, seed=seed) for seed in (0, 0, 1))
    first, again, another = (each.random_comprehensiveness for each in (one, two, other))
    np.testing.assert_allclose(first, again, atol=1e-6)
    assert not np.allclose(first, another, atol=1e-5)
    assert len(first) == 10
    assert np.ptp(one.random_comprehensiveness) > 0


def test_bands_are_one_standard_deviation_of_the_random_rankings(linear, explained):
    result = ic.faithfulness(linear, explained)
    curve = result.curve.set_index(["curve", "ranking", "fraction"])
    for row in result.by_fraction.itertuples():
        for name, spread in (
            ("deletion", row.random_comprehensiveness_std),
            ("insertion", row.random_sufficiency_std),
        ):
            point = curve.loc[(name, "random", row.fraction)]
            assert spread > 0
            assert point["high"] - point["probability"] == pytest.approx(spread)
            assert point["probability"] - point["low"] == pytest.approx(spread)


@pytest.mark.parametrize("mode", ["delete", "mask"])
@pytest.mark.parametrize("text", ["unhappiest café 😀 actors didn't", "Zoë  looks <b> again…"])
def test_edits_are_subsequences_of_the_original_ids(tiny_model, mode, text):
    for model in (tiny_model("bert-2-labels"), headed("roberta-2-labels")):
        attribution = ic.attribute(model, text, method="input_x_gradient")
        trial = word_deletions(model, attribution, mode)
        ids = attribution.sequence.ids
        for words in ([0], [1, 2], list(range(len(trial.groups)))):
            gone = np.concatenate([trial.groups[word] for word in words])
            edit = trial.edit(words).inputs
            found = edit["input_ids"][0].numpy()
            if mode == "delete":
                np.testing.assert_array_equal(found, np.delete(ids, gone))
            else:
                assert (found[gone] == model.tokenizer.mask_token_id).all()
                np.testing.assert_array_equal(np.delete(found, gone), np.delete(ids, gone))
            assert {each.shape for each in edit.values()} == {(1, len(found))}
            assert (found[[0, -1]] == ids[[0, -1]]).all()


def test_segments_of_a_pair_stay_with_their_tokens(tiny_model):
    model = tiny_model("bert-2-labels")
    attribution = ic.attribute(model, "The plot.", text_pair="Not bad.", method="saliency")
    trial = word_deletions(model, attribution, "delete")
    segments = trial.encoded.inputs["token_type_ids"][0].numpy()
    edit = trial.edit([1, 3]).inputs
    gone = np.concatenate([trial.groups[1], trial.groups[3]])
    np.testing.assert_array_equal(edit["token_type_ids"][0].numpy(), np.delete(segments, gone))


def test_read_tokens_stay_and_their_places_move(tiny_model):
    masked = tiny_model("bert-masked-lm")
    attribution = ic.attribute(masked, "The actors [MASK] at words.", evaluations=4)
    place = attribution.goal.terms[0].position
    trial = word_deletions(masked, attribution, "delete")
    edit = trial.edit(list(range(len(trial.groups))))
    moved = edit.target.terms[0].position
    assert moved < place
    assert edit.inputs["input_ids"][0, moved] == masked.tokenizer.mask_token_id
    causal = tiny_model("gpt2")
    attribution = ic.attribute(causal, "The actors look at", evaluations=4)
    trial = word_deletions(causal, attribution, "delete")
    edit = trial.edit(list(range(len(trial.groups))))
    assert edit.inputs["input_ids"][0, -1] == attribution.sequence.ids[-1]
    assert edit.target.terms[0].position == edit.inputs["input_ids"].shape[1] - 1


def test_masks_that_were_typed_stay(tiny_model):
    model = tiny_model("bert-masked-lm")
    attribution = ic.attribute(model, "The [MASK] look at [MASK] words.", evaluations=4)
    trial = word_deletions(model, attribution, "delete")
    left = trial.edit(list(range(len(trial.groups)))).inputs["input_ids"][0]
    assert (left == model.tokenizer.mask_token_id).sum() == 2


def test_words_left_out_on_either_side_of_a_mask(tiny_model):
    model = tiny_model("bert-masked-lm")
    result = ic.attribute(
        model, "actors look [MASK] at words", method="leave_one_out", target="model"
    )
    number = model.tokenizer.convert_tokens_to_ids("model")
    place = result.goal.terms[0].position
    for word in np.flatnonzero(~result.special):
        if word == place:
            assert result.scores[word] == pytest.approx(0, abs=1e-6)
            continue
        ids = np.delete(result.sequence.ids, word)
        with torch.no_grad():
            line = model.model(torch.tensor(ids)[None]).logits[0, place - (word < place)]
        assert result.scores[word] == pytest.approx(result.value - float(line[number]), abs=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "bert-5-labels",
        "bert-masked-lm",
        "gpt2",
        "t5",
        "bert-token-labels",
        "bert-answers",
        "gpt2-2-labels",
        "bert-multi-label",
        "bert-regression",
    ],
)
def test_every_task_can_be_measured(tiny_model, name):
    model = (
        headed(name)
        if name in ("bert-answers", "gpt2-2-labels", "bert-multi-label", "bert-regression")
        else tiny_model(name)
    )
    text = "The actors [MASK] at strange words." if name == "bert-masked-lm" else TEXT
    pair = {"text_pair": "The actors look at words."} if name == "bert-answers" else {}
    attribution = ic.attribute(model, text, evaluations=4, **pair)
    for mode in ("delete", "mask"):
        result = ic.faithfulness(model, attribution, rankings=2, mode=mode)
        assert np.isfinite(result.curve["probability"]).all()
        if name != "bert-regression":
            assert result.curve["probability"].between(-1e-6, 1 + 1e-6).all()
            assert np.isfinite(result.aopc)


def test_probability_of_a_contrast_is_that_among_the_two(tiny_model):
    model = tiny_model("bert-5-labels")
    attribution = ic.attribute(model, TEXT, target=1, contrast=4, evaluations=4)
    pair = torch.tensor(attribution.prediction.logits[[1, 4]]).softmax(0)
    result = ic.faithfulness(model, attribution, rankings=2)
    assert result.probability == pytest.approx(float(pair[0]), abs=1e-5)


def test_probability_of_an_answer_is_that_of_its_start_times_that_of_its_end():
    model = headed("bert-answers")
    context = "The actors look at words."
    attribution = ic.attribute(model, TEXT, text_pair=context, evaluations=4)
    start, end = attribution.goal.terms
    with torch.no_grad():
        output = model.model(**model.tokenizer(TEXT, context, return_tensors="pt"))
    chances = output.start_logits[0].softmax(0), output.end_logits[0].softmax(0)
    expected = float(chances[0][start.index] * chances[1][end.index])
    result = ic.faithfulness(model, attribution, rankings=2)
    assert result.probability == pytest.approx(expected, abs=1e-6)


def test_what_the_decoder_has_written_stays(tiny_model):
    model = tiny_model("t5")
    attribution = ic.attribute(model, TEXT, text_pair="words look", evaluations=4)
    written = torch.tensor([attribution.goal.decoder_ids])
    assert written.shape[1] == 3
    with torch.no_grad():
        batch = model.tokenizer(TEXT, return_tensors="pt")
        line = model.model(**batch, decoder_input_ids=written).logits[0, -1]
    result = ic.faithfulness(model, attribution, rankings=2)
    assert result.probability == pytest.approx(float(line.softmax(0).max()), abs=1e-6)


def test_similarity_can_be_measured(encoder):
    attribution = ic.zero_shot(encoder, "The striker scored twice.", ["sport", "food"])
    result = ic.faithfulness(encoder, attribution)
    assert result.probability == pytest.approx(attribution.value, abs=1e-5)
    assert np.isfinite(result.aopc)


def test_records_merged_into_words_give_the_same(linear, explained):
    one, two = (ic.faithfulness(linear, each) for each in (explained, explained.by_word()))
    assert one.comprehensiveness == two.comprehensiveness


def test_table_sets_each_measure_beside_random(linear, explained):
    frame = ic.faithfulness(linear, explained).to_frame()
    assert list(frame["measure"]) == ["comprehensiveness", "sufficiency", "aopc"]
    assert list(frame.columns) == ["measure", "value", "random", "random_std"]


def test_larger_fractions_remove_more_words(linear, explained):
    words = ic.faithfulness(linear, explained, fractions=(0.1, 0.3, 0.9)).by_fraction["words"]
    assert all(a < b for a, b in pairwise(words))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mode": "shuffle"}, "Unknown mode"),
        ({"fractions": ()}, "between 0 and 1"),
        ({"fractions": (0.5, 20)}, "between 0 and 1"),
        ({"rankings": 1}, "at least 2"),
    ],
)
def test_bad_options_get_a_sentence(linear, explained, options, sentence):
    with pytest.raises(ic.BadInput, match=sentence):
        ic.faithfulness(linear, explained, **options)


def test_one_word_and_strangers_get_a_sentence(linear, explained, tiny_model):
    with pytest.raises(ic.BadInput, match="at least two words"):
        ic.faithfulness(linear, ic.attribute(linear, "plot"))
    with pytest.raises(ic.BadInput, match="another model"):
        ic.faithfulness(tiny_model("gpt2"), explained)


def test_progress_can_stop(linear, explained):
    with pytest.raises(ic.Stopped):
        ic.faithfulness(linear, explained, progress=lambda done, _: done < 40)


def test_integrated_gradients_find_what_moves_the_sentiment_model(sentiment):
    texts = (
        "A gorgeous, witty and deeply moving film.",
        "The jokes are stale and the ending is a mess.",
        "I would happily watch these actors read a phone book.",
        "Two hours of my life that nobody will give back.",
    )
    ours, chance_level = [], []
    for text in texts:
        attribution = ic.attribute(sentiment, text)
        result = ic.faithfulness(sentiment, attribution, rankings=6)
        ours.append(result.comprehensiveness)
        chance_level.append(result.random_comprehensiveness.mean())
    print(f"comprehensiveness {np.mean(ours):.3f}, random rankings {np.mean(chance_level):.3f}")
    assert np.mean(ours) > np.mean(chance_level) + 0.05
