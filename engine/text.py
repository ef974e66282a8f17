"""Text for people: rows as lines in columns."""


def table(head, rows):
    """Lines of text in columns, each as wide as it must be.

    >>> print(table(("weight", "size"), [("kernel", 12), ("bias", 4)]))
    weight  size
    kernel  12
    bias    4
    """
    lines = [tuple(map(str, row)) for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
