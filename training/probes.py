"""Sentences of our own that show where the sentiment model holds and where it gives way."""

from interp_core.models.record import LoadedModel
from training.backbone import predict
from training.sst2 import Example

NEGATIVE, POSITIVE = 0, 1

PROBES = [
    Example("The film was good.", POSITIVE),
    Example("The film was not good.", NEGATIVE),
    Example("The film was bad.", NEGATIVE),
    Example("The film was not bad.", POSITIVE),
    Example("Not bad at all!", POSITIVE),
    Example("I don't like it.", NEGATIVE),
    Example("I don't dislike it.", POSITIVE),
    Example("It is never boring.", POSITIVE),
    Example("It is far from boring.", POSITIVE),
    Example("It is far from interesting.", NEGATIVE),
    Example("It is anything but dull.", POSITIVE),
    Example("There was nothing I didn't enjoy.", POSITIVE),
    Example("There was nothing I enjoyed.", NEGATIVE),
    Example("I can't recommend it enough!", POSITIVE),
    Example("I can't recommend it.", NEGATIVE),
    Example("You could not ask for a better ending.", POSITIVE),
    Example("It could have been a great film.", NEGATIVE),
    Example("I expected a masterpiece and got a mess.", NEGATIVE),
    Example("I expected a mess and got a masterpiece.", POSITIVE),
    Example("The cast is wonderful, but the story is a bore.", NEGATIVE),
    Example("The story is a bore, but the cast is wonderful.", POSITIVE),
    Example("Only the first ten minutes are any good.", NEGATIVE),
    Example("What a surprise: another sequel nobody wanted.", NEGATIVE),
    Example("The battery died after two days.", NEGATIVE),
    Example("The parcel arrived a week early.", POSITIVE),
]


def print_probes(model: LoadedModel) -> None:
    """A Markdown table of the sentences and a two-way sentiment model's answers."""
    print("| sentence | meant | answer | P(positive) |\n| --- | --- | --- | --- |")
    positive = predict(model.model, [probe.text for probe in PROBES])[:, POSITIVE].tolist()
    for (text, label), value in zip(PROBES, positive, strict=True):
        answer = model.labels[value > 0.5]
        shown = answer if answer == model.labels[label] else f"**{answer}**"
        print(f"| {text} | {model.labels[label]} | {shown} | {value:.2f} |")
