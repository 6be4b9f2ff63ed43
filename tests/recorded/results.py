"""Every public function that computes numbers, called with small inputs on the built-in models.

`python -m tests.recorded.results` compares all of them with `results.json` and says what differs;
with `--write` it writes the table anew, which is right only when a number was meant to change.
The test suite compares those that are not declared `slow`. The cases of the language model are
passed over where it is not installed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import interp_core as ic
from tests.recorded.digest import ABSOLUTE, differences, digest

TABLE = Path(__file__).with_name("results.json")
TEXT = "The plot is not bad at all."
PAIR = "The acting is wonderful."
TEXTS = (TEXT, PAIR, "A dull, lifeless film that nobody needs.", "I was moved to tears.")
WRITES = "The capital of France is Paris. The capital of Italy is"
CASES: dict[str, Callable[[], Any]] = {}
SLOW: set[str] = set()
WITHIN: dict[str, float] = {}  # how far numbers may lie from the recorded ones


def case(
    function: Callable[[], Any] | None = None, *, slow: bool = False, within: float = ABSOLUTE
) -> Any:
    """Enter a function under its name."""
    if function is None:
        return lambda one: case(one, slow=slow, within=within)
    CASES[function.__name__], WITHIN[function.__name__] = function, within
    if slow:
        SLOW.add(function.__name__)
    return function


load = cache(ic.load_model)


# Attention


@cache
def maps() -> Any:
    return ic.attention_maps(load("sentiment"), TEXT)


@case
def attention_maps() -> Any:
    one = maps()
    return one, one.row(5), one.head(2, 4), one.without_special(), one.by_word()


@case
def attention_maps_of_a_pair() -> Any:
    return ic.attention_maps(load("encoder"), TEXT, PAIR)


@case
def norm_weighted_attention() -> Any:
    return ic.norm_weighted_attention(load("sentiment"), TEXT)


@case
def attention_rollout() -> Any:
    return [ic.attention_rollout(maps(), fuse=how) for how in ("mean", "max", "min")]


@case
def attention_flow() -> Any:
    return ic.attention_flow(maps(), 0)


@case
def head_summaries() -> Any:
    return ic.head_summaries(maps())


@case
def attention_tables() -> Any:
    one, two = maps(), ic.attention_maps(load("encoder"), TEXT)
    return (
        ic.attention_table(one, 2, [1, 4]),
        ic.layer_table(one, one.weights.mean(1)[:, 5]),
        ic.difference_table(one.head(1, 1), one.tokens, two.head(1, 1), two.tokens),
    )


# Attribution


@cache
def attribution(method: str, **options: Any) -> Any:
    return ic.attribute(load("sentiment"), TEXT, method=method, **options)


def method_case(method: str, **options: Any) -> None:
    def run() -> Any:
        found = attribution(method, **options)
        return found, found.by_word()

    run.__name__ = f"attribute_{method}"
    case(run, slow=method in ("shapley_sampling", "kernel_shap", "lime", "gradient_shap"))


for name in (
    "saliency",
    "input_x_gradient",
    "deeplift",
    "gradient_shap",
    "occlusion",
    "leave_one_out",
    "shapley_sampling",
    "kernel_shap",
    "lime",
    "attention_relevance",
    "rollout",
    "raw_attention",
    "integrated_gradients",
):
    method_case(name)


@case(slow=True)
def attribute_baselines() -> Any:
    model = load("sentiment")
    names = ic.available_baselines(model.tokenizer)
    return names, [ic.attribute(model, PAIR, method="occlusion", baseline=name) for name in names]


@case
def attribute_other_targets() -> Any:
    return (
        ic.attribute(load("sentiment"), TEXT, method="saliency", target="negative"),
        ic.attribute(load("sentiment"), TEXT, method="saliency", contrast="negative"),
        ic.attribute(load("pos"), TEXT, method="saliency", position=2),
        ic.attribute(load("slots"), "Play jazz by Miles Davis", method="saliency", position=3),
        ic.attribute(load("sentiment"), TEXT, method="saliency", text_pair=PAIR),
        ic.attribute(load("sentiment-lstm"), TEXT, method="integrated_gradients"),
    )


@case
def zero_shot() -> Any:
    return ic.zero_shot(load("encoder"), TEXT, ["film", "cookery"], method="saliency")


@case
def layer_conductance() -> Any:
    found = ic.layer_conductance(load("sentiment"), TEXT, evaluations=12)
    return found, found.to_frame()


@case
def faithfulness() -> Any:
    model, found = load("sentiment"), attribution("occlusion")
    return [ic.faithfulness(model, found, mode=mode, rankings=3) for mode in ("delete", "mask")]


@case(slow=True)
def sanity_check() -> Any:
    return ic.sanity_check(load("sentiment"), attribution("saliency"), trials=2).similarity


@case(slow=True)
def robustness() -> Any:
    model, found = load("sentiment"), attribution("input_x_gradient")
    return (
        ic.infidelity(model, found, samples=40),
        ic.sensitivity(model, found, samples=2),
    )


@case
def many_texts() -> Any:
    found = list(ic.attribute_many(load("sentiment"), TEXTS, method="saliency"))
    return ic.word_table(found)


@case
def attribution_tables() -> Any:
    one, two = attribution("saliency"), attribution("occlusion")
    other = ic.attribute(load("sentiment"), "The plot is bad.", method="occlusion")
    return ic.method_table([one, two]), ic.edit_table(two, other)


@case
def predict_texts() -> Any:
    return [ic.predict_texts(load(name), TEXTS) for name in ("sentiment", "sentiment-lstm")]


# Language: on the installed language model


@case(slow=True)
def next_tokens() -> Any:
    model = load("language-model")
    return ic.next_tokens(model, WRITES), ic.surprisal(model, WRITES)


@case(slow=True)
def logit_lens() -> Any:
    found = ic.logit_lens(load("language-model"), WRITES, k=3)
    return found.to_frame(), found.error, ic.answer_path(found, 5)


@case(slow=True)
def logit_attribution() -> Any:
    found = ic.logit_attribution(load("language-model"), WRITES, target=" Rome", contrast=" Paris")
    return found, ic.logit_map(found)


@case(slow=True)
def generate() -> Any:
    model = load("language-model")
    found = ic.generate(model, WRITES, tokens=3)
    drawn = ic.generate(model, WRITES, tokens=3, temperature=1.0, seed=7)
    parts = (ic.step_table(found, 1), ic.reading_heads(found, 1), ic.tokens_read(found, 1, 2, 3))
    return found.to_frame(), found.text, drawn.text, *parts


@case(slow=True)
def induction() -> Any:
    model = load("language-model")
    text = ic.repeated_sequence(model, 12, 3)
    heads = ic.induction_scores(model, period=12, sequences=2)
    return text, ic.written_twice(model, text), ic.copy_surprisal(model, text), heads


# Vectors and their pictures


@cache
def words() -> Any:
    table = ic.sample_table("word_groups")
    vectors = ic.token_vectors(load("encoder"), list(table.iloc[:, 0])[:120], pooling="mean")
    return ic.with_columns(vectors, table.head(120))


@cache
def layers() -> Any:
    texts = list(ic.sentences()[:24])
    return ic.token_vectors(load("encoder"), texts, layer="all", pooling="mean")


def every_layer() -> list:
    return [ic.at_layer(layers(), number) for number in (0, 3, 6)]


@case
def token_vectors() -> Any:
    poolings = ("mean", "first", "model", None)
    return [ic.token_vectors(load("encoder"), TEXTS, pooling=how) for how in poolings], words()


@case
def word_vectors() -> Any:
    return ic.word_vectors(load("encoder"), [TEXTS[0], TEXTS[2]], ["plot", "film"], layer=4)


@case
def vocabulary_vectors() -> Any:
    found = ic.vocabulary_vectors(load("encoder"), limit=3000)
    part = ic.vocabulary_part(found, contains="ing", ranks=(0, 3000))
    return found, part, ic.length_table(found)


@case
def neighbours() -> Any:
    near = [ic.find_neighbours(words(), k=8, metric=metric) for metric in ("cosine", "euclidean")]
    return near, ic.nearest_neighbours(words(), 5, k=6)


@case
def project_pca() -> Any:
    found = ic.project(words(), method="pca", dimensions=3)
    coordinates = found.coordinates
    return (
        found,
        found.reliability,
        ic.judged(found, words(), k=8),
        ic.point_table(words(), found),
        ic.trustworthiness(words(), coordinates, k=8),
        ic.continuity(words(), coordinates, k=8),
    )


# Hundreds of steps enlarge a last digit that another processor rounds otherwise.
ITERATED = 0.1


def _summary(quality: Any) -> tuple[float, ...]:
    return quality.trustworthiness, quality.continuity, quality.kept, quality.chance


@case(within=ITERATED)
def project_tsne() -> Any:
    return _summary(ic.project(words(), method="tsne", seed=1, perplexity=10.0).quality)


@case(slow=True, within=ITERATED)
def project_umap() -> Any:
    return _summary(ic.project(words(), method="umap", seed=1, neighbours=8).quality)


@case(slow=True)
def pictures_of_layers() -> Any:
    parts = every_layer()
    pictures = ic.project_layers(parts, method="pca", quality=False)
    drawn = [aligned.coordinates for _, aligned in pictures]
    near = [ic.find_neighbours(part, k=5) for part in parts]
    return (
        ic.points_by_layer(parts, pictures),
        ic.path_frame(drawn, 3),
        ic.compare_pictures(dict(zip("abc", drawn)), k=5),
        ic.align_chain(drawn),
        ic.align(drawn[0], drawn[1]),
        ic.pair_table(parts[0], drawn[:2], near[:2]),
    )


@case(within=ITERATED)
def over_seeds() -> Any:
    return ic.over_seeds(words(), seeds=(0, 1), method="tsne", perplexity=8.0)[1]


@case
def clusters() -> Any:
    found = ic.clusters(words(), count=6)
    density = ic.clusters(words(), method="hdbscan", min_size=5)
    return found, density, ic.cluster_summary(found), ic.doubtful(found)


@case
def suspects() -> Any:
    vectors = words()
    labels = list(vectors.frame.iloc[:, -1])
    knn = ic.find_neighbours(vectors, k=10)
    return (
        ic.label_conflicts(vectors, labels, k=10),
        ic.outliers(vectors, k=10, knn=knn),
        ic.hubs(vectors, knn),
        ic.geometry(vectors),
        ic.agreement_by_layer([vectors, vectors], vectors.frame.columns[-1], k=5),
    )


@case
def words_of_groups() -> Any:
    table = ic.sample_table("requests").head(400)
    texts, labels = list(table.iloc[:, 0]), list(table.iloc[:, 1])
    return (
        ic.apart_words(texts, labels),
        ic.common_words(texts),
        ic.word_conflicts(texts, labels),
        ic.line_table("a\nb\n"),
        ic.text_rows(table, table.columns[0]),
        ic.label_names(table.iloc[:, 1]),
    )


# Statistics of heads


@cache
def statistics(model: str = "sentiment") -> Any:
    return ic.head_statistics(load(model), list(TEXTS))


@case
def head_statistics() -> Any:
    found = statistics()
    frame = found.frame
    return (
        frame,
        found.identity,
        found.distances,
        found.groups(),
        found.order(),
        found.map(),
        ic.profile_frame(found, 2, 3),
        ic.statistic_table(frame, "entropy", "mass"),
        ic.head_likeness(found),
        ic.head_distances(found),
        ic.role_labels(frame),
        ic.heads_between(frame, entropy=(0.5, 1.5)),
        ic.role_table(),
    )


@case
def corpus_statistics() -> Any:
    rows = list(ic.sentences()[:40])
    states = list(ic.stream_statistics(load("encoder"), rows, batch_size=8))
    texts = ic.readable_texts(load("encoder"), rows, 5)
    return (
        states[-1].statistics.frame,
        len(states),
        texts,
        ic.corpus_statistics(load("encoder"), rows, until=16).frame,
    )


@case
def head_importance() -> Any:
    model, texts, targets = load("sentiment"), list(TEXTS), [1, 1, 0, 1]
    gradient = ic.head_importance(model, texts, targets)
    ablation = ic.head_importance(model, texts[:2], targets[:2], method="ablation")
    joined = ic.with_importance(statistics().frame, gradient)
    curve = ic.pruning_curve(model, texts, {"gradient": gradient}, targets, steps=3, orders=1)
    return gradient, ablation, joined["importance"], curve


@case
def compare_heads() -> Any:
    one, two = statistics(), statistics("encoder")
    return ic.compare_heads(one, two, "entropy"), ic.compare_depths(one, two, "entropy")


@case
def typical() -> Any:
    model = load("sentiment")
    return (
        ic.typical_texts(model, TEXTS, statistics(), 2, 3),
        ic.typical_tokens(model, TEXTS, 2, 3, most=4),
    )


# Images


@cache
def digits() -> list:
    return ic.held_out_digits(3)


@case
def images() -> Any:
    model = load("digits")
    seen = ic.attention_maps(model, digits()[0])
    return (
        digits(),
        ic.digit_picture(7),
        ic.sample_photo("flower"),
        seen,
        ic.patch_summaries(seen),
        ic.patch_table(seen, seen.weights[1, 2], (0, 1)),
        ic.image_vectors(model, digits()),
        ic.image_head_statistics(model, digits()),
        ic.digit_vectors(model, ic.digit_table().head(12)),
    )


@case
def attribute_image() -> Any:
    names = ("integrated_gradients", "saliency", "occlusion", "attention_rollout")
    found = [ic.attribute_image(load("digits"), digits()[1], method=name) for name in names]
    return found, ic.pixel_table(found[0], side=4)


# Two classifiers


@case
def comparison() -> Any:
    both = {name: load(name) for name in ("sentiment", "sentiment-lstm")}
    scores = {name: ic.attribute(one, TEXT, method="occlusion") for name, one in both.items()}
    slopes = {name: ic.attribute(one, TEXT, method="saliency") for name, one in both.items()}
    reach = {
        name: ic.word_reach(one, TEXT, (12, 15), target=1, distances=(0, 4))
        for name, one in both.items()
    }
    return (
        ic.compare_words(scores, slopes),
        ic.compare_reach(reach),
        ic.negation_probes(),
        ic.mcnemar([True] * 9 + [False] * 3, [False] * 8 + [True] * 4),
    )


@case(slow=True)
def probes() -> Any:
    found = {name: ic.probe(load(name)) for name in ("sentiment", "sentiment-lstm")}
    return found["sentiment"], ic.compare_probes(found)


# Files


@case
def files(folder: Path | None = None) -> Any:
    import io

    table = ic.read_table(io.BytesIO(b"text,label\ngood,1\nbad,0\n"), kind="csv")
    vectors = ic.make_vectors(np.arange(12.0).reshape(4, 3), pd.DataFrame({"text": list("abcd")}))
    kinds = {kind: sorted(ic.dump_vectors(vectors, kind)) for kind in ("tsv", "npy", "safetensors")}
    corpus = ic.sample_corpus()
    return table, vectors, kinds, ic.first_texts(corpus, 4)


@case
def weights() -> Any:
    return [ic.weights_digest(load(name)) for name in ("encoder", "sentiment", "digits", "pos")]


def main(write: bool) -> int:
    """Compute everything; write the table, or say what differs from it."""
    recorded = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}
    found, wrong = {}, 0
    for name, run in CASES.items():
        began = time.perf_counter()
        try:
            found[name] = digest(run())
        except ic.ModelNotFound as error:
            print(f"{name}: passed over: {error}")
            continue
        took = time.perf_counter() - began
        told = (
            []
            if write
            else differences(found[name], recorded.get(name, {"": "no record"}), WITHIN[name])
        )
        wrong += bool(told)
        print(f"{name}: {len(found[name])} parts, {took:.1f} s", *told[:5], sep="\n    ")
    if write:
        lines = (f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in found.items())
        TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
