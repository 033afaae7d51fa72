"""What `make bench` writes down: every figure, with what is wanted of it, also of a measurement that failed."""

import json

from click.testing import CliRunner

import bench.__main__ as all_of_them
from bench import report
from bench.measured import measured


def test_figures_of_a_process_come_back_with_its_status_and_are_printed(capfd):
    assert measured("tests.bench.small") == {
        "status": 3,
        "figures": [
            {"group": "Small", "name": "nothing wanted", "value": 1.0, "unit": "ms", "note": "best 0.5"},
            {"group": "Small", "name": "at most", "value": 2.0, "unit": "MB", "at most": 2.0, "met": True},
            {"group": "Small", "name": "at least", "value": 7.9, "unit": "x", "at least": 8.0, "met": False},
        ],
    }
    printed = capfd.readouterr().out.splitlines()
    assert [line.split()[-1] for line in printed if "target" in line] == ["met", "MISSED"]


def test_one_that_fails_neither_stops_the_others_nor_takes_what_they_have_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ends = {"bench.walk": 1, "bench.map": 0}
    monkeypatch.setattr(all_of_them, "measured", lambda module: {"status": ends[module], "figures": []})
    ran = CliRunner().invoke(all_of_them.main, ["walk", "map"])
    written = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert ran.exit_code == 1
    assert "see above: walk" in ran.output
    assert list(written["measurements"]) == ["walk", "map"]
    assert set(written["machine"]) == {"processor", "python", "streamlit", "load before"}


def test_where_the_system_does_not_name_its_processor_the_run_is_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "Path", lambda _: tmp_path / "cpuinfo")
    assert " x " in report.machine()["processor"]
