"""Where each box goes: below all that it takes, near to it, and with room for the arrows that pass by.

An arrow that goes further than one row down takes a place of its own in each row between, so it passes boxes by. (Sugiyama,
Tagawa, Toda: "Methods for Visual Understanding of Hierarchical System Structures", 1981.)
"""

import dataclasses

LETTER, LINE, PAD = 7.4, 18, 12  # sizes of the text in a box, and around it
GAP_ACROSS, GAP_DOWN, MARGIN = 28, 36, 24
_SWEEPS = 6


@dataclasses.dataclass
class Place:
    """A box, or where an arrow passes by a row (`width` 0), by its middle."""

    row: int
    width: float
    height: float
    frames: tuple = ()
    x: float = 0.0
    y: float = 0.0

    @property
    def edges(self):
        """(left, top, right, bottom)"""
        return self.x - self.width / 2, self.y - self.height / 2, self.x + self.width / 2, self.y + self.height / 2


def arranged(drawing, sideways=False):
    """(Place of each box, [the points of each arrow], (width, height)). `sideways`: from left to right."""
    rows = _rows(drawing)
    places = []
    for box, row in zip(drawing.boxes, rows):
        size = max(map(len, box.lines)) * LETTER + 2 * PAD, len(box.lines) * LINE + PAD
        places.append(Place(row, *(size[::-1] if sideways else size), box.frames))
    paths = []
    for start, end in drawing.arrows:
        between = [Place(row, 0, 0, places[start].frames) for row in range(rows[start] + 1, rows[end])]
        paths.append([places[start], *between, places[end]])
    _set_across(places, paths)
    _set_down([*places, *(point for path in paths for point in path[1:-1])])
    shift = MARGIN - min(place.edges[0] for place in places + sum(paths, []))
    for place in {id(place): place for place in places + sum(paths, [])}.values():
        place.x += shift
    size = max(p.edges[2] for p in places + sum(paths, [])) + MARGIN, max(p.edges[3] for p in places) + MARGIN
    lines = [_points(path) for path in paths]
    if not sideways:
        return places, lines, size
    for place in places:
        place.x, place.y, place.width, place.height = place.y, place.x, place.height, place.width
    return places, [[(y, x) for x, y in line] for line in lines], size[::-1]


def _rows(drawing):
    rows = [0] * len(drawing.boxes)
    for start, end in sorted(drawing.arrows, key=lambda arrow: arrow[1]):  # boxes are in running order
        rows[end] = max(rows[end], rows[start] + 1)
    return rows


def _set_across(places, paths):
    """Each row in the order of what its places are joined to, as near to that as there is room."""
    joined = {}
    for path in paths:
        for one, other in zip(path, path[1:]):
            joined.setdefault(id(one), []).append(other)
            joined.setdefault(id(other), []).append(one)
    everything = {id(place): place for place in [*places, *sum(paths, [])]}.values()
    rows = [[place for place in everything if place.row == row] for row in range(max(place.row for place in everything) + 1)]
    for row in rows:
        _spread(row, [0.0] * len(row))
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = []
            for place in row:
                near = [other.x for other in joined.get(id(place), [place]) if sweep > 1 or other.row < place.row] or [place.x]
                wanted.append(sum(near) / len(near))
            order = sorted(range(len(row)), key=lambda number: wanted[number])  # stable: ties stay as they are
            row[:] = [row[number] for number in order]
            _spread(row, [wanted[number] for number in order])


def _spread(row, wanted):
    """Set x to what is wanted, moved apart where boxes would touch, and back so that the mean is what was wanted."""
    before = None
    for place, x in zip(row, wanted):
        if before is not None:
            gap = GAP_ACROSS if place.frames == before.frames else 3 * GAP_ACROSS  # room for the frame
            x = max(x, before.edges[2] + gap + place.width / 2)
        place.x, before = x, place
    shift = sum(x - place.x for place, x in zip(row, wanted)) / len(row)
    for place in row:
        place.x += shift


def _set_down(everything):
    y = MARGIN
    for row in range(max(place.row for place in everything) + 1):
        inside = [place for place in everything if place.row == row]
        height = max(place.height for place in inside)
        for place in inside:
            place.y = y + height / 2
            place.height = place.height or height  # an arrow passes the whole row straight
        y += height + GAP_DOWN


def _points(path):
    """From the lower edge of the first box, straight past the rows between, to the upper edge of the last."""
    between = [(place.x, place.edges[side]) for place in path[1:-1] for side in (1, 3)]
    return [(path[0].x, path[0].edges[3]), *between, (path[-1].x, path[-1].edges[1])]
