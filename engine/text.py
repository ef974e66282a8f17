"""Text for people: rows as lines in columns, and what is too long made short."""


def shortened(text, most):
    """`text`, or its beginning and its end with the number of characters that are left out between them.

    >>> shortened("x" * 1000, 8)
    'xxxx ... (992 characters left out) ... xxxx'
    """
    text, half = str(text), most // 2
    return text if len(text) <= most else f"{text[:half]} ... ({len(text) - 2 * half} characters left out) ... {text[-half:]}"


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
