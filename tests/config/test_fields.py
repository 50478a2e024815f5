"""What config sections share."""

from typing import Annotated, Literal

import pytest
from pydantic import ValidationError

from fcnet.config.fields import Named, Section, named


class Circle(Section):
    name: Literal["circle"] = "circle"
    radius: float = 1.0


class Square(Section):
    name: Literal["square", "box"]


class Drawing(Section):
    shape: Annotated[Circle | Square, Named(default="circle")]


def test_a_member_is_chosen_by_name_or_default() -> None:
    assert Drawing.model_validate({"shape": {"name": "box"}}).shape == Square(name="box")
    assert Drawing.model_validate({"shape": "box"}).shape == Square(name="box")
    assert Drawing.model_validate({"shape": {"radius": 2}}).shape == Circle(radius=2)
    assert Drawing.model_validate({"shape": Circle()}).shape == Circle()


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="should be one of: circle, square, box"):
        Drawing.model_validate({"shape": {"name": "line"}})


def test_named_expands_words() -> None:
    assert named(["a", {"name": "b"}, 3]) == [{"name": "a"}, {"name": "b"}, 3]


@pytest.mark.parametrize("radius", ["1", True, float("nan"), float("inf"), None])
def test_types_are_not_converted(radius: object) -> None:
    with pytest.raises(ValidationError):
        Circle.model_validate({"radius": radius})
