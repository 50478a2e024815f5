"""The numbers of a comparison as tables of words."""

from fcnet.report.facts import Rows
from fcnet.report.headline import Headline
from fcnet.report.language import Words
from fcnet.results.compare.comparison import Comparison
from fcnet.results.compare.report import p_text
from fcnet.results.compare.statistics import Paired, Summary
from fcnet.system.text import short

LONGEST = 60  # columns of a name in a table

Table = tuple[list[str], Rows]  # header and rows


class Numbers:
    """The numbers of a comparison in a language.

    Args:
        found: the comparison.
        words: of the language.
    """

    def __init__(self, found: Comparison, words: Words) -> None:
        self._found, self._words = found, words
        self._share = found.metric == "accuracy"

    def headline(self) -> Headline:
        """Return the mean of the best group."""
        found, words = self._found, self._words
        one = (max if self._share else min)(found.groups, key=lambda one: one.metric.mean)
        value = self._with_sd(one.metric)
        told = {"split": words(f"split_{found.asked.split}"), "metric": words(found.metric), "n": one.metric.n}
        key = "headline_group" if one.metric.n == 1 else "headline_groups" if len(found.groups) > 1 else "headline_runs"
        what = words(key, group=short(one.group.name, LONGEST), groups=len(found.groups), **told)
        return Headline(words("percent", value=value) if self._share else value, what)

    def groups(self) -> Table:
        """Return the table of groups."""
        words, name = self._words, self._words(self._found.metric)
        axis = words("share_unit", name=name) if self._share else words("loss_unit", unit=self._found.unit)
        header = ["group", "runs", "mean_sd", "interval", "min", "max", "time"]
        heads = [words(key) for key in header]
        heads[2] = f"{axis}{words('colon')}{heads[2]}"
        rows = []
        for one in self._found.groups:
            metric = one.metric
            rows.append(
                [
                    short(one.group.name, LONGEST),
                    str(metric.n),
                    self._with_sd(metric),
                    self._interval(metric.low, metric.high, signed=False),
                    self._number(metric.min),
                    self._number(metric.max),
                    words.duration(one.seconds.mean),
                ]
            )
        return heads, rows

    def differences(self) -> Table:
        """Return the table of differences; an empty one if there are no pairs to compare."""
        words = self._words
        found = [(one.group.name, one.difference) for one in self._found.groups if one.difference is not None]
        if max((one.n for _, one in found), default=0) < 2:
            return [], []
        last = words("difference") if self._share else words("difference_loss", unit=self._found.unit)
        heads = [words("group"), words("pairs"), last, words("interval"), words("p_value"), words("holm")]
        return heads, [[short(name, LONGEST), *self._difference(one)] for name, one in found]

    def _difference(self, one: Paired) -> list[str]:
        mean = self._words("dash") if one.mean is None else self._number(one.mean, signed=True)
        interval = self._interval(one.low, one.high, signed=True)
        tests = [self._words("dash") if p is None else p_text(p) for p in (one.p, one.holm)]
        return [str(one.n), mean, interval, *tests]

    def _number(self, value: float, signed: bool = False) -> str:
        value, digits = (100 * value, 2) if self._share else (value, 4)
        return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"

    def _with_sd(self, found: Summary) -> str:
        mean = self._number(found.mean)
        return mean if found.sd is None else f"{mean} ± {self._number(found.sd)}"

    def _interval(self, low: float | None, high: float | None, signed: bool) -> str:
        if low is None or high is None:
            return self._words("dash")
        return self._words("from_to", low=self._number(low, signed), high=self._number(high, signed))
