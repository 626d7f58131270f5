"""Tasks that a network is trained for: one class each in a file of its own, found by its name in `TASKS`."""

from augkit.train.tasks.task import TASKS, Evaluation, Loss, Task, read_task, task_for

__all__ = ["TASKS", "Evaluation", "Loss", "Task", "read_task", "task_for"]
