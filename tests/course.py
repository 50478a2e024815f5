"""The net of the course's program, as the slides give it: the other side of our model files."""

from torch import Tensor, nn


class CourseFCNet(nn.Module):
    """Slides, last part: two linear layers named fc1 and fc2 with a ReLU between."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.relu(self.fc1(x)))
