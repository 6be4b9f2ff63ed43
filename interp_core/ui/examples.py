"""Sentences written for the product, each with something to see; by the model's task."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "sequence-classification": (
        "The plot is not bad at all, but the ending left me cold.",
        "I expected to hate it, and I could not stop smiling.",
        "Far from boring, it is the funniest film of the year.",
        "The acting is wonderful; the script is not.",
        "Nobody who loves music should miss this concert.",
    ),
    "causal-lm": (
        "When Mary and John went to the store, John gave a drink to",
        "The capital of France is",
        "The keys to the old cabinet",
        "red blue green red blue green red blue",
    ),
    "encoder-decoder": (
        "translate English to German: The house is wonderful.",
        "summarize: The cat slept all day, and nobody woke it.",
    ),
    "masked-lm": (
        "The doctor said that [MASK] would be late.",
        "Paris is the [MASK] of France.",
    ),
}
REQUESTS = (
    "Book a table for four at a quiet Italian place tonight.",
    "Play the newest album by Miles Davis.",
    "Will it rain in Lisbon on Sunday morning?",
    "Add this song to my summer playlist.",
    "Give the last novel I read five stars.",
    "When is the next showing of Casablanca at the Grand?",
)
NAMED = {"intents": REQUESTS, "slots": REQUESTS}  # models that read a kind of text of their own
GENERAL = (
    "The cat sat on the mat because it was tired.",
    "She went to the bank to deposit money, then sat on the bank of the river.",
    "The lawyer told the doctor that she had read his report twice.",
    "The keys that the man with the hats lost are on the table.",
)


def examples(task: str, name: str = "") -> tuple[str, ...]:
    """Example texts that suit the model, or its task; the first is what a page opens with."""
    return NAMED.get(name) or EXAMPLES.get(task, GENERAL)


def is_example(text: str) -> bool:
    """Whether the text is one of ours, which nobody misses when another model is chosen."""
    return any(text in each for each in (*EXAMPLES.values(), *NAMED.values(), GENERAL))
