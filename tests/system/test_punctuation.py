"""Characters that look like YAML's and are others."""

from hypothesis import given
from hypothesis import strategies as st

from fcnet.system import punctuation


def test_each_character_is_told_once_with_what_was_meant() -> None:
    assert punctuation.advice("plain, text: [1]") == ""
    assert punctuation.advice("［1，2，3］") == "write '[' instead of '［', ',' instead of '，', ']' instead of '］'"
    assert punctuation.advice("‘a’") == """write "'" instead of "‘", "'" instead of "’\""""
    assert punctuation.advice("a\u00a0\ufeff") == (
        "write a space instead of U+00A0 (no-break space), nothing instead of U+FEFF (zero width no-break space)"
    )


def test_what_was_meant() -> None:
    assert punctuation.plain("｛name：sgd，lr： ０．１｝") == "{name: sgd, lr: 0.1}"


def test_quotes_and_comments_are_left_alone() -> None:
    text = "a: '，'\nb: \"：\n：\" # ，\nc: “，”\nd: don't，\ne： 1 ＃ ：\n猫: 狗\n"
    suspects = punctuation.Suspects(text)
    assert suspects.lines == [3, 4, 5]
    assert suspects.advice(5) == "write ':' instead of '：', '#' instead of '＃'"
    assert suspects.meant({3, 4, 5}) == 'a: \'，\'\nb: "：\n：" # ，\nc: "，"\nd: don\'t,\ne: 1 # ：\n猫: 狗\n'
    assert suspects.meant(set()) == text


@given(st.text("a\n'\"#＃：，“”‘ \u3000[]", max_size=40))
def test_lines_stay_lines(text: str) -> None:
    suspects = punctuation.Suspects(text)
    assert suspects.meant(set(suspects.lines)).count("\n") == text.count("\n")
    assert punctuation.advice(punctuation.plain(text)) == ""
