from training.datasets.splits import split_of


def test_splits_are_about_ten_percent_each_and_stay_as_they_are() -> None:
    found = [split_of(f"s1_{i}") for i in range(2000)]
    assert 150 < found.count("test") < 250
    assert 150 < found.count("validation") < 250
    assert [split_of(name) for name in ("s1_bbaf2n", "s1_bbaf3s", "s1_bbaf4p")] == PINNED


def test_the_continuous_take_is_unseen_and_the_lists_are_not() -> None:
    assert split_of("1114_3_15") == "test"
    assert {split_of(f"1114_2_0{take}") for take in range(1, 6)} == {"train"}


PINNED = ["train", "train", "validation"]
