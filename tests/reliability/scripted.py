"""train.py, run in this process."""

import train


def script(capsys, *arguments):
    """(status, output, errors) of train.py."""
    try:
        status = train.main(list(arguments))
    except SystemExit as end:
        status = end.code
    return status, *capsys.readouterr()
