"""Graphs without cycles, laid out in rows: what leads to others stands above them."""


def direct(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Edges (from, to) whose ends are not joined by a longer way."""
    after: dict[str, set[str]] = {}
    for start, end in edges:
        after.setdefault(start, set()).add(end)
    reached: dict[str, set[str]] = {}

    def reach(name: str) -> set[str]:
        if name not in reached:
            found = set(after.get(name, ()))
            reached[name] = found.union(*(reach(other) for other in found))
        return reached[name]

    return {
        (start, end)
        for start, end in edges
        if not any(end in reach(other) for other in after[start] - {end})
    }


def layers(names: set[str], edges: set[tuple[str, str]]) -> list[list[str]]:
    """Names by the longest way from one that nothing leads to."""
    level: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in level:
            level[name] = 1 + max((depth(a) for a, b in edges if b == name), default=-1)
        return level[name]

    deepest = max(map(depth, names), default=-1)
    return [sorted(name for name in names if depth(name) == row) for row in range(deepest + 1)]


def places(rows: list[list[str]], edges: set[tuple[str, str]]) -> dict[str, tuple[float, int]]:
    """Across and down of each name: a row is ordered by the mean place of what leads to it."""
    place: dict[str, tuple[float, int]] = {}
    for down, row in enumerate(rows):
        above = {name: [place[a][0] for a, b in edges if b == name and a in place] for name in row}
        mean = {name: sum(xs) / len(xs) if xs else 0.0 for name, xs in above.items()}
        for index, name in enumerate(sorted(row, key=lambda name: (mean[name], name))):
            place[name] = (index - (len(row) - 1) / 2, down)
    return place
