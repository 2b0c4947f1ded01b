"""What is left of each task after every later one."""

from __future__ import annotations

from collections.abc import Sequence

from lava_ed.viz.plot import Plot
from lava_ed.viz.style import COLUMN, TEXT, below, figure, grid, name_in_figure, whole_numbers


def task_plot(accuracies: Sequence[Sequence[float | None]], title: str) -> Plot:
    """Accuracy on each task, and the mean over those seen, against the tasks learned.

    `accuracies[i][j]` is the accuracy on task j after task i; None where it was not tried.
    """
    result, (ax,) = figure(COLUMN, 3.0)
    tasks = len(accuracies)
    for j in range(tasks):
        at = [i for i in range(tasks) if accuracies[i][j] is not None]
        values = [100 * float(accuracies[i][j] or 0) for i in at]
        ax.plot([i + 1 for i in at], values, "o-", markersize=3, alpha=0.6, label=f"task {j + 1}")
    seen = [[x for x in row if x is not None] for row in accuracies]
    means = [100 * sum(row) / len(row) for row in seen]
    ax.plot(range(1, tasks + 1), means, "k--", label="mean of the tasks learned")
    ax.set(xlabel="tasks learned", ylabel="accuracy, %")
    ax.set_title(name_in_figure(title, 40), loc="left", fontsize=TEXT)
    whole_numbers(ax.xaxis)
    grid(ax)
    below(ax, TEXT)
    alt = f"Accuracy on {tasks} tasks learned in turn: {means[0]:.1f} %, in the end {means[-1]:.1f} %."
    return Plot("tasks", "Tasks", result, alt)
