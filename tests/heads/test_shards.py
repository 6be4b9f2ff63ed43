"""Parts of a corpus that are counted apart merge to the table of the whole."""

import random

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core import corpus
from interp_core.heads import resume, statistics
from interp_core.heads.resume import run_corpus
from interp_core.heads.room import batch_room
from interp_core.heads.shards import Shard, merge_shards
from interp_core.inputs.batching import BatchRoom, plan_batches
from tests.heads.test_resume import MANY, file_of
from tests.heads.test_statistics import compare


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    for module in (statistics, resume):
        monkeypatch.setattr(module, "CHUNK", 4)


def counted(model, path, out, **options):
    return list(run_corpus(model, ic.open_corpus(path), out, **options))[-1]


def shards(model, path, folder, count, **options):
    """The files of all parts."""
    found = []
    for number in range(1, count + 1):
        found.append(folder / f"part-{number}-of-{count}.parquet")
        counted(model, path, found[-1], shard=Shard(number, count), **options)
    return found


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_parts_merged_in_any_order_are_the_whole(tiny_model, tmp_path, family):
    model = tiny_model(family)
    lines = [*MANY[:5], "", *MANY[5:], b"\xff\xff"]
    path = file_of(tmp_path, lines)
    whole = counted(model, path, tmp_path / "whole.parquet")
    parts = shards(model, path, tmp_path, 3)
    merged = []
    for seed in range(3):
        random.Random(seed).shuffle(parts)
        state = merge_shards(parts, tmp_path / "merged.parquet")
        merged.append(ic.HeadStatistics.load(tmp_path / "merged.parquet"))
        compare(merged[-1], whole.statistics, 1e-9)
        assert (state.rows, state.texts) == (whole.rows, whole.texts) == (len(lines), len(MANY))
        assert state.skipped == whole.skipped
    for each in merged[1:]:
        compare(each, merged[0], 0)


def test_a_part_without_a_text_belongs_to_the_whole_and_is_no_table(tiny_model, tmp_path):
    model, path = tiny_model("bert"), file_of(tmp_path, [*MANY[:4], "", "", "", " "])
    parts = shards(model, path, tmp_path, 3)  # the second has only empty lines, the third none
    for part in parts[1:]:
        with pytest.raises(ic.BadInput, match="without one text"):
            ic.HeadStatistics.load(part)
    state = merge_shards(parts, tmp_path / "merged.parquet")
    assert (state.rows, state.texts, state.skipped.total) == (8, 4, 4)
    with pytest.raises(ic.BadInput, match="these are missing: 2"):
        merge_shards([parts[0], parts[2]], tmp_path / "other.parquet")
    assert not (tmp_path / "other.parquet").exists()


def test_what_does_not_belong_together_is_not_merged(tiny_model, tmp_path):
    bert, path = tiny_model("bert"), file_of(tmp_path, MANY)
    one, two = shards(bert, path, tmp_path, 2)
    for name in ("model", "limit"):
        (tmp_path / name).mkdir()
    other = shards(tiny_model("gpt2"), path, tmp_path / "model", 2)[1]
    fewer = shards(bert, path, tmp_path / "limit", 2, limit=9)[1]
    third = shards(bert, path, tmp_path, 3)[1]
    whole = tmp_path / "whole.parquet"
    counted(bert, path, whole)
    for parts, word in (
        ([one, other], "another model than"),
        ([one, fewer], "another limit than"),
        ([one, third], "another number of parts than"),
        ([one, two, one], "given twice"),
        ([one], "missing: 2"),
        ([whole], "no part of a corpus"),
        ([path], "not a file of head statistics"),
        ([], "nothing to merge"),
    ):
        with pytest.raises(ic.BadInput, match=word):
            merge_shards(parts, tmp_path / "merged.parquet")


@pytest.mark.parametrize("written", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", ""])
def test_what_is_no_part_is_refused(written):
    with pytest.raises(ic.BadInput, match="is no part"):
        Shard.read(written)


def test_a_stopped_part_goes_on_and_no_other_part_continues_it(tiny_model, tmp_path):
    model, path, out = tiny_model("bert"), file_of(tmp_path, MANY), tmp_path / "part.parquet"
    undisturbed = counted(model, path, tmp_path / "u.parquet", shard=Shard(2, 2))
    for state in run_corpus(model, ic.open_corpus(path), out, every=0, shard=Shard(2, 2)):
        if state.texts >= 6:
            break  # as if killed
    with pytest.raises(ic.BadInput, match="belongs to another"):
        counted(model, path, out, shard=Shard(1, 2))
    states = list(run_corpus(model, ic.open_corpus(path), out, shard=Shard(2, 2)))
    assert states[0].rows == 4
    compare(states[-1].statistics, undisturbed.statistics, 0)


def test_the_command_counts_parts_and_merges_them(tiny, tmp_path, capsys):
    path, model = file_of(tmp_path, [*MANY, " "]), str(tiny("bert"))
    parts = [str(tmp_path / f"{number}.parquet") for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        arguments = [model, str(path), "--shard", f"{number}/2", "--out", part, "--quiet"]
        assert corpus.main(arguments) == 0
    out = str(tmp_path / "merged.parquet")
    assert corpus.main(["merge", parts[1], parts[0], "--out", out]) == 0
    told = capsys.readouterr().out
    assert "20 texts" in told
    assert "line 21: empty" in told
    assert corpus.main(["merge", parts[1], "--out", out]) == 2
    assert corpus.main([model, str(path), "--shard", "3/2", "--out", out]) == 2
    assert corpus.main([model, str(path), "--out", "s3://bucket/x"]) == 2
    told = capsys.readouterr().err
    assert "missing: 1" in told
    assert "is no part" in told
    assert "not the address" in told


def test_another_number_format_is_another_pass(tiny, tmp_path, capsys):
    path, out = file_of(tmp_path, MANY[:8]), tmp_path / "out.parquet"
    model = ic.load_model(str(tiny("bert")))
    for state in run_corpus(model, ic.open_corpus(path), out, every=0):
        if state.texts >= 6:
            break
    arguments = [str(tiny("bert")), str(path), "--out", str(out), "--device", "cpu"]
    assert corpus.main([*arguments, "--dtype", "bfloat16"]) == 2
    assert "belongs to another" in capsys.readouterr().err
    assert corpus.main([*arguments, "--dtype", "bfloat16", "--restart"]) == 0
    assert corpus.main([*arguments, "--device", "nowhere"]) == 2


def test_batches_grow_with_the_free_memory_and_stay_as_they_are_without_a_gpu(tiny_model):
    model = tiny_model("bert")
    assert batch_room(model) == BatchRoom()
    rooms = [batch_room(model, lambda device, free=free: free) for free in (0, 2**26, 2**34)]
    assert rooms[0] == BatchRoom(512, 1, 1)
    assert rooms[0].pairs < rooms[1].pairs < rooms[2].pairs
    assert rooms[1].tokens < rooms[2].tokens
    lengths = list(np.random.default_rng(0).integers(3, 60, 300))
    for room in rooms:
        batches = list(plan_batches(lengths, room=room))
        assert sorted(place for batch in batches for place in batch) == list(range(300))
        for batch in batches:
            longest = max(lengths[place] for place in batch)
            assert len(batch) == 1 or room.holds(len(batch), longest)
    assert list(plan_batches(lengths, 8)) == list(plan_batches(lengths, room=BatchRoom(8)))
    half = ic.load_model(str(model.name), dtype="bfloat16")
    assert batch_room(half, lambda _: 2**26).tokens > rooms[1].tokens


def test_a_batch_that_does_not_fit_is_measured_in_halves(tiny_model, monkeypatch):
    model, real = tiny_model("gpt2"), statistics.measure
    monkeypatch.setattr(statistics, "CHUNK", 512)
    truth = ic.head_statistics(model, MANY)

    def small(plan, batch, *others):
        if len(batch.rows) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(plan, batch, *others)

    monkeypatch.setattr(statistics, "measure", small)
    compare(ic.head_statistics(model, MANY), truth, 1e-4)
    monkeypatch.setattr(statistics, "measure", lambda *_: small(None, _Large()))
    with pytest.raises(ic.ModelTooLarge, match="does not fit into the free memory"):
        ic.head_statistics(model, MANY)


class _Large:
    rows = range(4)
