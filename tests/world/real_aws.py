"""Runs commands of the real AWS CLI: `[[word, …], …]` on standard input, `[[status, stdout], …]` on standard output.

To be run by the interpreter that has awscli. Each command runs in a fork, because starting the CLI takes longer than
most of them.
"""

import json
import os
import sys
import tempfile

from awscli.clidriver import create_clidriver

DRIVER = create_clidriver()
for service in ("sts", "iam", "s3"):  # so that its forks find loaded what they need
    DRIVER.session.create_client(service)


def run(words):
    with tempfile.TemporaryFile() as printed, open(os.devnull, "wb") as nowhere:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            try:
                status = DRIVER.main(words)
            except SystemExit as end:
                status = end.code
            sys.stdout.flush()
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed.seek(0)
        return [status, printed.read().decode()]


if __name__ == "__main__":
    sys.stdout.write(json.dumps([run(words) for words in json.load(sys.stdin)]))
