import pytest
import torch

from adaptive_moe.callbacks.heat_map import COLOURS, colours, heat_map
from adaptive_moe.callbacks.load_history import COLUMNS, LoadHistory


def test_colours_go_from_dark_to_bright_and_are_cut_at_the_ends() -> None:
    shown = colours(torch.tensor([-1.0, 0.0, 0.125, 0.5, 1.0, 9.0])).float()
    assert torch.equal(shown[[0, 1, 3, 4, 5]], COLOURS[[0, 0, 2, 4, 4]])
    torch.testing.assert_close(shown[2], COLOURS[:2].mean(0), atol=0.51, rtol=0)
    assert (shown[1:5].sum(1).diff() > 0).all()


def test_a_heat_map_has_a_rectangle_for_each_value() -> None:
    image = heat_map(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    height, width = image.shape[0] // 2, image.shape[1] // 2
    assert height >= 8
    assert image.dtype == torch.uint8
    dark, bright = COLOURS[0].byte(), COLOURS[-1].byte()
    assert (image[:height, :width] == dark).all()
    assert (image[height:, :width] == bright).all()
    assert (image[:height, width:] == bright).all()


@pytest.mark.parametrize("logs", [1, 255, 256, 1000])
def test_a_history_of_any_length_is_one_image_of_relative_loads(logs: int) -> None:
    history = LoadHistory()
    for log in range(logs):
        history.add(torch.tensor([[1.0, 1.0], [0.0, 4.0 + log]]))
    columns = torch.stack(history.columns, -1)
    assert 1 <= columns.shape[-1] < COLUMNS
    assert columns.shape[-1] * history.each + len(history.waiting) == logs
    assert (columns == torch.tensor([[1, 1], [0, 2]]).unsqueeze(-1)).all()
    assert history.image(0).shape[2] == 3


def test_neighbours_are_merged_in_time_and_a_checkpoint_goes_on() -> None:
    history, restored = LoadHistory(), LoadHistory()
    for log in range(COLUMNS + 1):
        history.add(torch.tensor([[float(log), 1.0]]))
    assert float(history.columns[0][0, 0]) == 0.5  # 0 of a mean of 0.5, then 1 of a mean of 1
    restored.load_state_dict(history.state_dict())
    for each in (history, restored):
        each.add(torch.ones(1, 2))
    assert torch.equal(torch.stack(history.columns), torch.stack(restored.columns))
    assert history.each == restored.each == 2
