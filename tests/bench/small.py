"""A measurement that takes no time: one figure for each case, and the status that its name asks for."""

from bench.report import figure, title

if __name__ == "__main__":
    title("Small")
    figure("nothing wanted", 1.0, "ms", note="best 0.5")
    figure("at most", 2.0, "MB", target=2.0)
    figure("at least", 7.9, "x", target=8.0, at_least=True)
    raise SystemExit(3)
