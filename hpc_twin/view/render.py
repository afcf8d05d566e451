"""One view as pixels: a plotter that is set up once and then fed values."""

from typing import Any

import numpy as np
import pyvista as pv

from hpc_twin.view.geometry import View

NEVER = "#d9d9d9"
MARGIN = 1.04
LIFT = 0.003


class Panel:
    """Draws nodal values on a view, off-screen. ``levels`` draws isolines there. Close it, or use it in a ``with``.

    cyclic   the values are angles from -pi to pi, which are one
    opacity  of the surface; what is laid on it is not transparent
    also     (n, 3) points that shall be in the picture, too
    """

    def __init__(
        self,
        view: View,
        size: tuple[int, int],
        colours,
        limits: tuple[float, float],
        levels=None,
        cyclic=False,
        opacity: float = 1.0,
        also: np.ndarray | None = None,
    ):
        self._view, self._levels, self._cyclic = view, levels, cyclic
        self._mesh = view.surface.copy()
        self._mesh["values"] = np.zeros(self._mesh.n_points)
        self._plotter = _plotter(size)
        limits = limits if np.isfinite(limits).all() else (0.0, 1.0)  # nothing to show
        actor = self._plotter.add_mesh(
            self._mesh, scalars="values", cmap=colours, clim=limits, nan_color=NEVER, show_scalar_bar=False,
            interpolate_before_map=not cyclic, ambient=0.5, diffuse=0.58, specular=0.08, specular_power=20,
            line_width=8, opacity=opacity, n_colors=getattr(colours, "N", 256), copy_mesh=False,
        )  # fmt: skip
        actor.prop.interpolation = "Phong"
        self._light()
        self._look(size, np.zeros((0, 3)) if also is None else also)
        if view.outlined:
            edges = view.surface.extract_feature_edges(30)
            self._plotter.add_mesh(edges, color="#333333", line_width=1.5)

    def image(self, nodal: np.ndarray) -> np.ndarray:
        """(height, width, 3) uint8 picture of these nodal values."""
        self._mesh["values"] = self._on_surface(nodal)
        if self._levels is not None:
            self._draw_lines()
        self._plotter.render()
        return np.asarray(self._plotter.screenshot(return_img=True))

    def with_lines(self, lines: pv.PolyData, name: str, colours, limits: tuple[float, float]) -> np.ndarray:
        """Picture of the bare surface under ``lines``, which are coloured by their values ``name``."""
        self.lay(lines, scalars=name, cmap=colours, clim=limits)
        return self.image(np.zeros(self._view.weights.shape[1]))

    def lay(self, things: pv.PolyData, **words: Any) -> None:
        """Put ``things`` before the surface, unlit, for all pictures to come."""
        if things.n_points:
            self._plotter.add_mesh(things, show_scalar_bar=False, lighting=False, reset_camera=False, **words)
            self._plotter.renderer.ResetCameraClippingRange()  # they may lie far before the surface

    def close(self) -> None:
        """Free the window."""
        self._plotter.close()

    def __enter__(self) -> "Panel":
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def _on_surface(self, nodal: np.ndarray) -> np.ndarray:
        if not self._cyclic:
            return self._view.values(nodal)
        return np.arctan2(self._view.values(np.sin(nodal)), self._view.values(np.cos(nodal)))

    def _draw_lines(self) -> None:
        lines = self._mesh.contour(self._levels, scalars="values") if self._mesh.n_faces else None
        if lines is not None and lines.n_points:
            lines.points += LIFT * self._mesh.length * self._view.frame[2]  # before the surface, not within it
            self._plotter.add_mesh(lines, color="#202020", line_width=1.6, name="isolines", show_scalar_bar=False)

    def _light(self) -> None:
        """A lamp at the viewer's upper left and a weaker one at the right, so that shapes are read."""
        for place, strength in (((-0.35, 0.5, 1.0), 0.8), ((0.9, -0.3, 0.9), 0.35)):
            lamp = pv.Light(position=place, intensity=strength, light_type="camera light")
            self._plotter.add_light(lamp)

    def _look(self, size: tuple[int, int], also: np.ndarray) -> None:
        frame = self._view.frame
        local = np.vstack((self._view.surface.points, also)) @ frame.T
        low, high = local.min(axis=0), local.max(axis=0)
        centre = (low + high) / 2 @ frame
        half = (high - low) / 2
        camera = self._plotter.camera
        camera.focal_point, camera.position = centre, centre + frame[2] * 4 * max(half)
        camera.up, camera.parallel_projection = frame[1], True
        camera.parallel_scale = MARGIN * max(half[1], half[0] * size[1] / size[0], 1e-9)
        self._plotter.renderer.ResetCameraClippingRange()


def _plotter(size: tuple[int, int]) -> Any:
    """An off-screen window that has rendered once: VTK complains of a missing X server before it does without one."""
    with pv.vtk_verbosity("off"):
        plotter: Any = pv.Plotter(off_screen=True, window_size=list(size), lighting=None)
        plotter.set_background("white")
        plotter.enable_anti_aliasing("ssaa")
        plotter.show(auto_close=False)
    return plotter
