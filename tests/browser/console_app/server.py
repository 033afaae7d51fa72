"""Serves the page as `app.server` serves the app's, and writes a launch address into the file `LAUNCH_FILE`."""

import os
from pathlib import Path

from app.server import application
from app.serving.launch import LAUNCH

app = application(Path(__file__).with_name("frame.py"))
Path(os.environ["LAUNCH_FILE"]).write_text(LAUNCH.new_path(), encoding="utf-8")
