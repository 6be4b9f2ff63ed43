"""Attention maps cost little more than the forward pass they come from."""

import gc
import statistics
import time

import pytest
import torch

import interp_core as ic

TOKENS = 128
ROUNDS = 25
MOST = 1.25  # the goal is 1.1; the rest is room for a busy machine
SERIES = 3


def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ratio_of_medians(ours, bare):
    """Interleaved, so that what slows the machine for a while slows both."""
    pairs = [(seconds(ours), seconds(bare)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(column) for column in zip(*pairs))
    return mine / theirs, theirs


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_maps_cost_at_most_a_quarter_more_than_the_bare_pass(encoder, one_thread):
    text = "the " * (TOKENS - 2)
    batch = encoder.tokenizer(text, return_tensors="pt")
    assert batch["input_ids"].shape[1] == TOKENS

    @torch.inference_mode()
    def bare():
        encoder.model(**batch, output_attentions=True)

    def ours():
        ic.attention_maps(encoder, text)

    ours(), bare()
    gc.collect()
    measured = []
    for _ in range(SERIES):  # a noisy series is tried again, a slow function stays slow
        ratio, base = ratio_of_medians(ours, bare)
        measured.append(ratio)
        print(f"attention_maps / bare pass at {TOKENS} tokens: {ratio:.3f} of {1000 * base:.1f} ms")
        if ratio <= MOST:
            break
    assert min(measured) <= MOST, measured
