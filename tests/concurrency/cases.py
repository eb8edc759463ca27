"""Two operations that meet, as tables tell it, and what every such table is tested for."""

from __future__ import annotations

from dataclasses import dataclass

from tests.concurrency.scene import Act, Ending, Given, meet
from tests.support.racing import unguarded
from tests.support.world import World


@dataclass(frozen=True)
class Case:
    """Two that meet: how it ends in either order, and without guards when *one* is overtaken.

    The first has checked what it checks and is stopped before it writes; then comes the other.
    ``unguarded`` is ``None`` where locks decide nothing, and no harm could come of their absence.
    """

    name: str
    given: Given
    one: Act
    other: Act
    one_first: Ending
    other_first: Ending
    unguarded: Ending | None = None

    def __str__(self) -> str:
        return self.name

    def meet_one_first(self, world: World) -> Ending:
        return meet(self.given(world), self.one, self.other)

    def meet_other_first(self, world: World) -> Ending:
        return meet(self.given(world), self.other, self.one)

    def meet_unguarded(self, world: World) -> Ending:
        """Let *one* be overtaken without locks and constraints."""
        world.is_tampered = True
        scene = self.given(world)
        with unguarded(constraints=False):
            return meet(scene, self.one, self.other)
