"""The real kubectl for tests: one world's kubeconfig, and a call that says what went wrong."""

import json
import os
import select
import shutil
import subprocess
import termios

from tests.waiting import SECONDS, eventually

KUBECTL = shutil.which("kubectl")


class Kubectl:
    """Runs kubectl as the learner of one world."""

    def __init__(self, simulation, world, directory):
        (directory / "ca.pem").write_bytes(simulation.ca_pem)
        cluster = {"server": f"{simulation.kubernetes_url}/k8s/{world.path}", "certificate-authority": "ca.pem"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "irsa",
            "clusters": [{"name": "irsa", "cluster": cluster}],
            "users": [{"name": "learner", "user": {"token": world.admin_token}}],
            "contexts": [{"name": "irsa", "context": {"cluster": "irsa", "user": "learner"}}],
        }
        (directory / "config").write_text(json.dumps(config))
        self.directory = directory
        self.path = f"/k8s/{world.path}"
        self.environment = {
            **os.environ,
            "KUBECONFIG": str(directory / "config"),
            "HOME": str(directory),
            "KUBECTL_EXTERNAL_DIFF": "diff -u",
        }

    def run(self, *words, given=None, **environment):
        """The finished process, its streams as text."""
        return subprocess.run(
            [KUBECTL, *words],
            env={**self.environment, **environment},
            cwd=self.directory,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def __call__(self, *words, given=None, status=0, **environment):
        """What it printed: its output, or else its errors."""
        done = self.run(*words, given=given, **environment)
        assert done.returncode == status, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout if status == 0 or done.stdout else done.stderr

    def typed(self, words, keys):
        """Runs it at a terminal. `keys`: what is awaited on the screen, and what is then pressed, in turn.

        Returns the exit status and all that the screen showed.
        """
        main, other = os.openpty()
        with subprocess.Popen(
            [KUBECTL, *words], env=self.environment, stdin=other, stdout=other, stderr=other, start_new_session=True
        ) as process:
            os.close(other)
            shown = seen = b""
            if keys:  # what is pressed before kubectl has the terminal is edited by the terminal itself
                eventually(lambda: not termios.tcgetattr(main)[3] & termios.ICANON)
            for awaited, pressed in keys:
                while awaited not in seen and select.select([main], [], [], SECONDS)[0]:
                    data = os.read(main, 4096)
                    shown, seen = shown + data, seen + data
                if awaited not in seen:
                    process.kill()
                    break
                seen = seen[seen.index(awaited) + len(awaited) :]
                os.write(main, pressed)
            try:
                while data := os.read(main, 4096):
                    shown += data
            except OSError:
                pass  # the other end is closed
            os.close(main)
            return process.wait(60), shown
