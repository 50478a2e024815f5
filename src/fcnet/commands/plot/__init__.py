"""``fcnet plot``: ``run`` finds the runs, ``one`` draws a run, ``beside`` several, ``albums`` writes the figures."""

from fcnet.commands.plot.albums import Album, album
from fcnet.commands.plot.one import draw_metrics
from fcnet.commands.plot.run import run_plot, run_plot_augment

__all__ = ["Album", "album", "draw_metrics", "run_plot", "run_plot_augment"]
