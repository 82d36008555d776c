"""Voronoi polygons of random points in the rectangle [0, aspect] x [0, 1]."""

import numpy as np
from scipy.spatial import Voronoi


def bounded_polygons(points: np.ndarray, aspect: float) -> list[np.ndarray]:
    """Cells that tile the rectangle exactly.

    The points are mirrored at the four sides, which makes every cell of an original point end there.

    Args:
        points: (N, 2) float64 x, y, N >= 1, inside of the rectangle.
        aspect: width over height.

    Returns:
        N arrays (V, 2) of vertices in order, not closed.
    """
    x, y = points[:, 0], points[:, 1]
    mirrored = [points]
    mirrored += [np.column_stack(pair) for pair in ((-x, y), (2 * aspect - x, y), (x, -y), (x, 2 - y))]
    diagram = Voronoi(np.concatenate(mirrored))
    regions = (diagram.regions[diagram.point_region[index]] for index in range(len(points)))
    return [np.clip(_by_angle(diagram.vertices[region]), 0, [aspect, 1]) for region in regions]


def published_polygons(points: np.ndarray, aspect: float) -> list[np.ndarray]:
    """Cells closed the way the published imagery's are.

    A missing vertex of an infinite cell is put at a distance of twice the extent of the points, the
    vertices are sorted by angle, and the polygon is cut with the rectangle. Needs 3 points or more.

    Returns:
        N arrays (V, 2) of vertices, the first repeated at the end.
    """
    from shapely.geometry import Polygon, box

    diagram = Voronoi(points)
    vertices = list(diagram.vertices)
    regions = [[v for v in diagram.regions[region] if v >= 0] for region in diagram.point_region]
    centre = points.mean(axis=0)
    distance = 2 * np.ptp(points)
    for pair, ridge in zip(diagram.ridge_points, diagram.ridge_vertices, strict=True):
        if min(ridge) >= 0:
            continue
        tangent = points[pair[1]] - points[pair[0]]
        tangent = tangent / np.linalg.norm(tangent)
        normal = np.array([-tangent[1], tangent[0]])
        outward = np.sign(np.dot(points[pair].mean(axis=0) - centre, normal)) * normal
        for point in pair:
            regions[point].append(len(vertices))
        vertices.append(diagram.vertices[max(ridge)] + outward * distance)
    rectangle = box(0, 0, aspect, 1)
    corners = np.array(vertices)
    cells = (Polygon(_by_angle(corners[region])).intersection(rectangle) for region in regions)
    return [np.array(cell.exterior.coords) for cell in cells]


def _by_angle(polygon: np.ndarray) -> np.ndarray:
    offset = polygon - polygon.mean(axis=0)
    return polygon[np.argsort(np.arctan2(offset[:, 1], offset[:, 0]))]
