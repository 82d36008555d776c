import itertools

import pytest

from datamodules.sampling import StreamBatchSampler


def epochs(sampler, count):
    """`count` epochs as a trainer runs them: each begins where the batches so far end."""
    batches = []
    sampler.first_batch = lambda: len(batches)
    for _ in range(count):
        for batch in sampler:
            batches.append(batch)
    return batches


def test_a_resumed_stream_goes_on_where_it_stopped():
    whole = epochs(StreamBatchSampler(10, 3, seed=5), 5)
    assert len(whole) == 15
    for step in range(12):
        resumed = StreamBatchSampler(10, 3, seed=5, first_batch=lambda step=step: step)
        assert list(resumed) == whole[step : step + 3]


def test_every_permutation_is_complete_though_batches_do_not_divide_it():
    pairs = list(itertools.chain.from_iterable(epochs(StreamBatchSampler(10, 3, seed=5), 10)))
    assert [draw for _, draw in pairs] == list(range(90))
    for begin in range(0, 90, 10):
        assert sorted(index for index, _ in pairs[begin : begin + 10]) == list(range(10))
    assert pairs[0:10] != [(index, draw - 10) for index, draw in pairs[10:20]]


def test_order_depends_on_seed_and_satellite_only():
    def order(**arguments):
        return [index for index, _ in itertools.chain.from_iterable(StreamBatchSampler(64, 8, **arguments))]

    assert order(seed=1) == order(seed=1, satellite=0)
    assert order(seed=1) != order(seed=2)
    assert order(seed=1) != order(seed=1, satellite=1)


def test_a_batch_larger_than_the_dataset_wraps_around():
    sampler = StreamBatchSampler(3, 8, seed=0)
    assert len(sampler) == 1
    (batch,) = sampler
    assert len(batch) == 8
    assert sorted(index for index, _ in batch[:3]) == [0, 1, 2]


def test_replicas_share_one_stream_without_overlap():
    replicas = [StreamBatchSampler(24, 2, seed=3, replica=rank, num_replicas=3) for rank in range(3)]
    assert [len(replica) for replica in replicas] == [4, 4, 4]
    mixed = [batch for step in zip(*replicas, strict=True) for batch in step]
    assert mixed == list(StreamBatchSampler(24, 2, seed=3))


@pytest.mark.parametrize(("num_samples", "batch_size"), [(0, 1), (1, 0)])
def test_nothing_to_sample(num_samples, batch_size):
    with pytest.raises(ValueError, match="at least 1"):
        StreamBatchSampler(num_samples, batch_size, seed=0)


def test_replica_out_of_range():
    with pytest.raises(ValueError, match="replica 2 of 2"):
        StreamBatchSampler(4, 1, seed=0, replica=2, num_replicas=2)
