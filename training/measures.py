"""What is measured on each shipped model: one function a model, from data to named figures."""

import argparse
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch

from interp_core.attention.compute import attention_maps
from interp_core.datasets import digit_labels, digit_picture, held_out, sample_photos
from interp_core.generated_text.cases import passage_cases
from interp_core.generated_text.passages import attribute_passages
from interp_core.heads.induction import induction_scores
from interp_core.images.pca import patch_pca
from interp_core.images.sinks import find_patch_sinks
from interp_core.images.tables import over_patches
from interp_core.models.record import LoadedModel
from training.backbone import predict
from training.probes import print_probes
from training.slot_words import slot_sentences
from training.snippets import read_snippets
from training.snips import read_requests
from training.sst2 import Example, natural, read_split
from training.tagged import Sentence, accuracy, entity_f1, tag
from training.treebank_words import read_annotated

Figures = dict[str, float]


def labels_found(model: LoadedModel, texts: Sequence[str]) -> list[str]:
    """The model's more probable label of each text."""
    return [model.labels[number] for number in predict(model.model, texts).argmax(-1).tolist()]


def share(found: Sequence[str], wanted: Sequence[str]) -> float:
    """Share of answers that are right."""
    return float(np.mean(np.array(found) == np.array(wanted)))


def _reviews(model: LoadedModel, examples: Sequence[Example]) -> float:
    wanted = [model.labels[example.label] for example in examples]
    return share(labels_found(model, [example.text for example in examples]), wanted)


def sentiment(model: LoadedModel, args: argparse.Namespace) -> Figures:
    """Accuracy on SST-2 and on product reviews; prints our own test sentences."""
    sets = {split: read_split(args.data / "sst2_glue", split) for split in ("dev", "test")}
    figures = {f"SST-2 {split} accuracy": _reviews(model, sets[split]) for split in sets}
    if args.vader is not None:
        figures["Amazon review snippets accuracy"] = _reviews(model, read_snippets(args.vader))
    typed = [Example(natural(text), label) for text, label in sets["dev"]]
    print(f"SST-2 dev in typed spelling: {_reviews(model, typed):.4f}")
    print_probes(model)
    return figures


def intents(model: LoadedModel, args: argparse.Namespace) -> Figures:
    """Accuracy on the validation requests; prints the ones it gets wrong."""
    requests = read_requests(args.data / "snips_nlu", "validation")
    found = labels_found(model, [request.text for request in requests])
    for label, request in zip(found, requests):
        if label != request.intent:
            print(f"{request.text!r} is {request.intent}, taken for {label}")
    wanted = [request.intent for request in requests]
    return {"SNIPS validation accuracy": share(found, wanted)}


def _tagged(model: LoadedModel, sentences: Sequence[Sentence]) -> tuple[list, list]:
    """Gold labels and the model's, sentence by sentence."""
    gold = [sentence.labels for sentence in sentences]
    return gold, tag(model.model, sentences, model.labels)


def slots(model: LoadedModel, args: argparse.Namespace) -> Figures:
    """F1 of whole slots, and the share of words with the right label."""
    sentences = slot_sentences(read_requests(args.data / "snips_nlu", "validation"))
    gold, found = _tagged(model, sentences)
    perfect = np.mean([list(right) == ours for right, ours in zip(gold, found)])
    print(f"requests without a wrong label: {perfect:.4f}")
    return {
        "SNIPS validation entity F1": entity_f1(gold, found),
        "SNIPS validation word accuracy": accuracy(gold, found),
    }


def pos(model: LoadedModel, args: argparse.Namespace) -> Figures:
    """Share of words with the right part of speech, on the words of the treebank and as typed."""
    folder = args.data / "ud_english_ewt"
    spaced = _tagged(model, read_annotated(folder, "test", spaced=True))
    written = _tagged(model, read_annotated(folder, "test", spaced=False))
    for label in model.labels:
        pairs = [pair for rows in zip(*spaced) for pair in zip(*rows) if pair[0] == label]
        print(f"{label}: {np.mean([right == ours for right, ours in pairs]):.3f} of {len(pairs)}")
    return {
        "UD English EWT test accuracy": accuracy(*spaced),
        "UD English EWT test accuracy as written": accuracy(*written),
    }


def digits(model: LoadedModel, args: argparse.Namespace) -> Figures:
    """Accuracy on the pictures kept back; prints which are misread, and the negatives' accuracy."""
    _, numbers = held_out()
    wanted = [str(label) for label in digit_labels()[numbers]]
    pictures = [digit_picture(number) for number in numbers]
    pixels = model.processor(images=pictures, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        found, inverted = (
            [model.labels[best] for best in model.model(values).logits.argmax(-1).tolist()]
            for values in (pixels, -pixels)
        )
    for number, label, ours in zip(numbers, wanted, found):
        if label != ours:
            print(f"picture {number} shows {label}, taken for {ours}")
    return {
        "held-out accuracy": share(found, wanted),
        "held-out accuracy, dark on light": share(inverted, wanted),
    }


def language_model(model: LoadedModel, args: argparse.Namespace) -> Figures:
    """Attention of the best heads of each kind on random tokens written twice."""
    scores = induction_scores(model, sequences=20)
    figures = {}
    for kind in ("previous_token", "induction"):
        best = scores.nlargest(4, f"{kind}_score")[["layer", "head", f"{kind}_score"]]
        print(best.to_string(index=False))
        name = f"attention of the best {kind.replace('_', '-')} head"
        figures[name] = float(best.iloc[0, 2])
    return figures | retrieved_passages(model)


def retrieved_passages(model: LoadedModel) -> Figures:
    """Shares of the built-in questions with four passages whose source is named, or denied.

    With the answers of the cases. Those that the model writes are printed beside them: it may copy
    from another passage than the one with the answer, and that one is then rightly named.
    """
    named, denied = "passage with the answer named", "warning where no passage has it"
    shares: dict[str, list[bool]] = {named: [], denied: []}
    for case in passage_cases():
        for answer in (case.answer, None):
            found = attribute_passages(model, case.question, case.passages, answer)
            support = " ".join(f"{bits:.1f}" for bits in found.support)
            print(f"{case.name}: {case.fits(found)}; {support} bits; {found.answer.text}")
            if answer is not None:
                shares[denied if case.source is None else named].append(case.fits(found))
    return {name: float(np.mean(each)) for name, each in shares.items()}


def photos(model: LoadedModel, args: argparse.Namespace) -> Figures:
    """The sink of layer 0, and how the object is found, over the sample photographs."""
    maps = [attention_maps(model, each) for each in sample_photos()]
    sinks = pd.concat([find_patch_sinks(each) for each in maps]).query("sink")
    found = patch_pca(model, sample_photos(), layer=11)
    inside = []
    for each, where in zip(maps, found.objects()):
        weights = over_patches(each, each.weights)[11, 2]
        inside.append(weights[where].sum() / weights.sum())
    print(sinks.to_string(index=False))
    return {
        "largest sink of layer 0, mean over photographs": float(sinks["share"].mean()),
        "attention of head 11.2 on the object": float(np.mean(inside)),
        "area of the object": float(np.mean([each.mean() for each in found.objects()])),
    }


MEASURES: dict[str, Callable[[LoadedModel, argparse.Namespace], Figures]] = {
    "sentiment": sentiment,
    "sentiment-lstm": sentiment,
    "intents": intents,
    "slots": slots,
    "pos": pos,
    "digits": digits,
    "language-model": language_model,
    "photos": photos,
}
