"""When output is due, counted in steps so that no rounding can lose or double a frame."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Rings every ``every`` steps; ``Clock.of(interval, dt)`` takes times."""

    every: int

    @classmethod
    def of(cls, interval: float, dt: float) -> "Clock":
        """Clock that rings each ``interval`` ms at steps of ``dt`` ms."""
        return cls(max(1, round(interval / dt)))

    def rings(self, step: int) -> bool:
        """Whether output is due after ``step`` steps."""
        return step % self.every == 0
