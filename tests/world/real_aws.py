"""Runs commands of the real AWS CLI in one process of its own: `[[word, …], …]` on stdin, `[[status, stdout], …]` out.

To be run by the interpreter that has awscli. A start takes half a second, a command in it a tenth of that.
"""

import contextlib
import io
import json
import sys

from awscli.clidriver import create_clidriver

DRIVER = create_clidriver()


def run(words):
    printed = io.TextIOWrapper(io.BytesIO(), write_through=True)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        try:
            status = DRIVER.main(words)
        except SystemExit as end:
            status = end.code
    return [status, printed.buffer.getvalue().decode()]


if __name__ == "__main__":
    sys.stdout.write(json.dumps([run(words) for words in json.load(sys.stdin)]))
