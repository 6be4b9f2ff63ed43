"""Blocks that workers do in any order give the table of one process, whoever is killed."""

import json

import pytest

import interp_core as ic
from interp_core.distributed import blocks, corpus
from interp_core.distributed.capacity import check_room
from interp_core.distributed.corpus import run_corpus_on
from interp_core.heads import resume, statistics
from interp_core.heads.resume import run_corpus
from interp_core.heads.shards import Shard, merge_shards
from tests.distributed.engines import Here
from tests.heads.test_resume import MANY, file_of
from tests.heads.test_statistics import compare


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    for module in (statistics, resume, corpus):
        monkeypatch.setattr(module, "CHUNK", 2)


LINES = [*MANY[:3], "", b"\xff\xff", "word " * 200, *MANY[3:], "", "   "]


def last(states):
    return list(states)[-1]


def on(engine, path, out, **options):
    return last(run_corpus_on(engine, ic.open_corpus(path), out, **options))


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_any_order_of_results_gives_the_table_of_one_process(tiny_model, tmp_path, family):
    model, path = tiny_model(family), file_of(tmp_path, LINES)
    whole = last(run_corpus(model, ic.open_corpus(path), tmp_path / "whole.parquet"))
    first = None
    for seed, workers in enumerate((1, 2, 5)):
        out = tmp_path / f"{workers}.parquet"
        engine = Here(model, workers, seed)
        state = on(engine, path, out)
        assert engine.submitted == list(range(13))
        assert (state.rows, state.texts) == (whole.rows, whole.texts) == (25, 20)
        assert state.skipped == whole.skipped
        compare(ic.HeadStatistics.load(out), whole.statistics, 1e-9)
        first = first or state.statistics
        compare(state.statistics, first, 0)
        assert {each.name for each in tmp_path.iterdir() if each.name.startswith(out.name)} == {
            out.name
        }


@pytest.mark.parametrize("lives", [0, 1, 4, 9, 12])
def test_killed_at_any_block_it_goes_on_and_counts_nothing_twice(tiny_model, tmp_path, lives):
    model, path, out = tiny_model("gpt2"), file_of(tmp_path, LINES), tmp_path / "out.parquet"
    whole = on(Here(model), path, tmp_path / "whole.parquet")
    with pytest.raises(KeyboardInterrupt):
        on(Here(model, seed=lives, lives=lives), path, out, every=0)
    assert not out.exists()
    again = Here(model, workers=3, seed=lives + 1)
    state = on(again, path, out)
    compare(state.statistics, whole.statistics, 0)
    assert state.skipped == whole.skipped
    assert len(again.submitted) == 13 - lives  # what was sent back is not done again
    assert not (tmp_path / "out.parquet.blocks").exists()


def test_what_is_kept_of_another_pass_or_broken_is_done_again(tiny_model, tmp_path):
    model, path, out = tiny_model("bert"), file_of(tmp_path, MANY), tmp_path / "out.parquet"
    whole = on(Here(model), path, tmp_path / "whole.parquet")
    folder = tmp_path / "out.parquet.blocks"
    folder.mkdir()
    (folder / "00000001.json").write_text("{")
    (folder / "00000002.json").write_text(json.dumps({"source": {}, "result": {}}))
    engine = Here(model)
    compare(on(engine, path, out).statistics, whole.statistics, 0)
    assert engine.submitted == list(range(10))
    # And an unfinished pass of another model is refused, as without an engine.
    with pytest.raises(KeyboardInterrupt):
        on(Here(model, lives=5), path, out, every=0)
    with pytest.raises(ic.BadInput, match="belongs to another"):
        on(Here(tiny_model("gpt2")), path, out)
    on(Here(tiny_model("gpt2")), path, out, restart=True)


def test_one_process_goes_on_with_what_workers_began(tiny_model, tmp_path):
    model, path, out = tiny_model("bert"), file_of(tmp_path, MANY), tmp_path / "out.parquet"
    whole = last(run_corpus(model, ic.open_corpus(path), tmp_path / "whole.parquet"))
    with pytest.raises(KeyboardInterrupt):
        on(Here(model, workers=1, seed=3, lives=8), path, out, every=0)
    states = list(run_corpus(model, ic.open_corpus(path), out))
    assert 0 < states[0].rows < len(MANY)
    compare(states[-1].statistics, whole.statistics, 1e-9)


def test_parts_that_workers_count_merge_too(tiny_model, tmp_path):
    model, path = tiny_model("bert"), file_of(tmp_path, LINES)
    whole = last(run_corpus(model, ic.open_corpus(path), tmp_path / "whole.parquet"))
    parts = [tmp_path / f"{number}.parquet" for number in (2, 1)]
    for number, part in zip((2, 1), parts):
        on(Here(model), path, part, shard=Shard(number, 2))
    merged = merge_shards(parts, tmp_path / "merged.parquet")
    compare(merged.statistics, whole.statistics, 1e-9)
    assert merged.skipped == whole.skipped


def test_a_slow_block_does_not_let_the_others_fill_the_memory(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "AHEAD", 4)
    kept = blocks.KeptBlocks(tmp_path / "kept", {}, lambda result: {"result": result}, dict)
    slow, order, most = _SlowFirst(), [], 0
    for step in blocks.in_order(slow, lambda model, value: value, _numbered(30), kept):
        order += [] if step is None else [step]
        most = max(most, len(kept.held))
    assert order == [(number, 10 * number) for number in range(30)]
    assert most <= 4


def _numbered(count):
    return ((number, (10 * number,)) for number in range(count))


class _SlowFirst(Here):
    """Sends block 0 back when nothing else moves."""

    def __init__(self):
        super().__init__(None, workers=2, rate=1)

    def finished(self, seconds):
        if not self.waiting:
            return []
        self.waiting.sort(key=lambda each: each[0] == 0)
        number, work, given = self.waiting.pop(0)
        return [blocks.Finished(number, work(self.model, *given))]


@pytest.mark.parametrize(
    ("nodes", "actors", "gpus", "word"),
    [
        ([{"CPU": 2}], 3, 0, "room for 2 actors"),
        ([{"CPU": 8}], 1, 1, "has no GPUs"),
        ([{"CPU": 8, "GPU": 1}, {"CPU": 8, "GPU": 1}], 1, 2, "room for 0 actors"),
        ([{"CPU": 8, "GPU": 3}], 2, 2, "room for 1 actors"),
        ([{"CPU": 8, "GPU": 1}], 3, 0.5, "room for 2 actors"),
        ([{"CPU": 1, "GPU": 4}], 2, 1, "room for 1 actors"),
        ([], 1, 0, "room for 0 actors"),
        ([{"CPU": 8}], 0, 0, "At least one actor"),
        ([{"CPU": 8, "GPU": 8}], 1, 1.5, "whole number"),
        ([{"CPU": 8, "GPU": 8}], 1, -1, "whole number"),
        ([{"CPU": 8, "GPU": 8}], 1, float("nan"), "whole number"),
    ],
)
def test_a_cluster_without_what_is_asked_for_is_refused_in_words(nodes, actors, gpus, word):
    with pytest.raises(ic.BadInput, match=word):
        check_room(nodes, actors, gpus, local=False)


def test_a_cluster_with_what_is_asked_for_is_taken():
    check_room([{"CPU": 4}, {"CPU": 4}], 8, 0, local=False)
    check_room([{"CPU": 4, "GPU": 2}, {"CPU": 4, "GPU": 2}], 4, 1, local=False)
    check_room([{"CPU": 8, "GPU": 1}], 4, 0.25, local=False)
