import torch

from adaptive_moe.callbacks.load_warnings import LoadWarnings, remedy
from adaptive_moe.moe import Router, Threshold, TopP

NAMES = ["layer_0", "layer_3"]
EVEN = torch.full((2, 8), 10.0)
REMEDY = remedy([Router(4, 8, Threshold(0.1))])
BIASED = remedy([Router(4, 8, Threshold(0.1), selection_bias=True)])


def with_a_dead_expert() -> torch.Tensor:
    load = EVEN.clone()
    load[1, 5] = 0
    return load


def test_an_expert_without_a_token_for_a_hundred_steps_is_told_once_with_its_layer_and_since_when() -> None:
    warnings = LoadWarnings()
    assert warnings.look(NAMES, EVEN, 10, REMEDY) == []
    assert warnings.look(NAMES, with_a_dead_expert(), 60, REMEDY) == []
    (sentence,) = warnings.look(NAMES, with_a_dead_expert(), 110, REMEDY)
    assert sentence.startswith("layer_3 has 1 dead experts of 8 (5), without a token since step 10: raise --model.")
    assert warnings.look(NAMES, with_a_dead_expert(), 160, REMEDY) == []
    assert warnings.num_dead == 1


def test_who_was_well_in_between_is_told_of_again() -> None:
    warnings = LoadWarnings()
    for step, load in enumerate([EVEN, with_a_dead_expert(), EVEN, with_a_dead_expert()]):
        warnings.look(NAMES, load, 60 * step, REMEDY)
    assert warnings.num_dead == 0
    assert len(warnings.look(NAMES, with_a_dead_expert(), 240, REMEDY)) == 1
    warnings.look(NAMES, EVEN, 250, REMEDY)
    assert warnings.num_dead == 0
    warnings.look(NAMES, with_a_dead_expert(), 300, REMEDY)
    assert len(warnings.look(NAMES, with_a_dead_expert(), 350, REMEDY)) == 1


def test_a_layer_that_has_collapsed_is_told() -> None:
    warnings = LoadWarnings()
    load = EVEN.clone()
    load[0, 2] = 1000  # nobody is idle
    assert warnings.look(NAMES, load, 0, REMEDY) == []
    (sentence,) = warnings.look(NAMES, load, 100, REMEDY)
    assert sentence.startswith(
        "layer_0 has collapsed since step 0: expert 2 takes 93% of its choices, and the load is as if 1.4 of 8"
    )


def test_many_of_a_layer_are_told_in_one_sentence_whose_remedy_is_not_in_use_already() -> None:
    warnings = LoadWarnings()
    load = torch.full((1, 64), 10.0)
    warnings.look(NAMES[:1], load, 0, BIASED)
    load[0, 20:36] = 0
    assert warnings.look(NAMES[:1], load, 50, BIASED) == []
    (sentence,) = warnings.look(NAMES[:1], load, 120, BIASED)
    assert sentence == (
        "layer_0 has 16 dead experts of 64 (20, 21, 22, 23, 24, 25, 26, 27, ...), without a token since step 0: "
        "raise the rate of ExpertLoadBalancer, or --model.aux_loss.load_balancing_weight"
    )


def test_no_remedy_is_named_that_would_be_refused() -> None:
    assert "set --model.moe.selection_bias true" in REMEDY
    assert remedy([Router(4, 8, TopP(0.6))]) == "raise --model.aux_loss.load_balancing_weight"


def test_a_run_that_continues_does_not_warn_again() -> None:
    warnings, restored = LoadWarnings(), LoadWarnings()
    for step in (0, 50, 100):
        warnings.look(NAMES, with_a_dead_expert(), step, REMEDY)
    restored.load_state_dict(warnings.state_dict())
    assert restored.num_dead == 1
    assert restored.look(NAMES, with_a_dead_expert(), 150, REMEDY) == []
