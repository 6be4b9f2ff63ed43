"""Texts of our own with an exact number of tokens."""

from __future__ import annotations

from collections.abc import Callable

SENTENCES = (
    "The lighthouse keeper counted the ships that passed before breakfast and wrote them down.",
    "Her brother, who had never learned to swim, watched the tide from the kitchen window.",
    "When the storm came, the old radio was the only voice left in the house.",
    "They had promised each other that nobody would open the letter until the boat returned.",
    "A gull sat on the railing and looked at the bread as if it had paid for it.",
    "The teacher told the mechanic that his daughter had repaired the clock in her classroom.",
    "If the engine had not failed near the island, the crew would have missed the concert.",
    "The keys to the cellar hung behind the door, but the cellar itself was empty.",
    "Most visitors ask how high the tower is; very few ask who carried the stones.",
    "On Tuesday the baker brought two loaves, and on Wednesday he brought the same two back.",
    "It was not the cold that kept them awake, it was the silence between the waves.",
    "The captain thanked the harbour pilot, although neither of them had seen the rocks.",
    "Every winter the paint peels from the north wall, and every spring someone paints it again.",
    "She read the report twice because the numbers on the last page did not add up.",
    "The children built a raft out of doors, barrels and a rope that was much too short.",
    "What the guide called a shortcut led through a field of very patient cows.",
    "The doctor said that the fever would pass, and it did, though not that week.",
    "He sold the piano in order to buy a telescope, then missed the piano every night.",
    "Between the two bridges the river is slow, wide and the colour of weak tea.",
    "The committee praised the plan, changed every part of it and then forgot the date.",
    "Nobody could say whether the painting was unfinished or simply honest.",
    "In the evening the market smells of oranges, diesel and rain on warm stone.",
    "The museum keeps the first map of the coast in a drawer that no one may open.",
    "Because the train was early, the only person on the platform was a man with a cello.",
    "The engineers measured the noise again after the fans had been replaced.",
    "My neighbour grows tomatoes on the roof and gives most of them to strangers.",
    "The bank of the river gave way, and the bank in the village paid for a new one.",
    "At last the fog lifted, and the keeper saw that the ships had been waiting as well.",
    "The old dog slept through the speech, the applause and the second speech.",
    "We counted the steps on the way up, lost count, and invented a number at the top.",
)


def passage(count: Callable[[str], int], tokens: int, first: int = 0) -> str:
    """Text of exactly `tokens` tokens as `count` sees them, beginning with sentence `first`."""
    place = first % len(SENTENCES)
    words = " ".join(SENTENCES[place:] + SENTENCES[:place]).split()
    kept = 1
    while kept < len(words) and count(" ".join(words[: kept + 1])) <= tokens:
        kept += 1
    text = " ".join(words[:kept])
    while count(text) < tokens:  # the next word has too many pieces: a full stop has one
        text += "."
    if count(text) != tokens:
        raise ValueError(f"cannot write a text of {tokens} tokens")
    return text
