"""A field that is found anew in every time step, with a good guess of the next."""

from hpc_twin.fem.field import Field
from hpc_twin.fem.memory import Memory, fields
from hpc_twin.mesh.part import Part


class Series:
    """u_1, u_2, ...: ``now`` is the last one found. ``extrapolate`` makes it a guess of the next, 2 u_n - u_{n-1}."""

    def __init__(self, part: Part, name: str, unit: str):
        self.now, self._before = Field(part, name, unit), Field(part, name, unit)

    def extrapolate(self) -> None:
        """Overwrite ``now``, ghosts too; without scratch: b -= u, u -= b, b += u."""
        now, before = self.now.local, self._before.local
        before -= now
        now -= before
        before += now
        self.now.touched()

    def memory(self) -> Memory:
        """The last two found."""
        return fields(now=self.now, before=self._before)

    def stand(self) -> None:
        """Forget what was before ``now``: the next guess is ``now`` itself."""
        self._before.local[:] = self.now.local
