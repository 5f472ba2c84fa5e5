"""The dry run: a flow executed with made-up results, no network, within bounds."""

from flowquill.grammar.simulate.compare import Comparison, same_behaviour
from flowquill.grammar.simulate.limits import Limits, Stopped
from flowquill.grammar.simulate.mocks import MockError, Mocks, read_mocks
from flowquill.grammar.simulate.run import Run, simulate

__all__ = ["Comparison", "Limits", "MockError", "Mocks", "Run", "Stopped", "read_mocks", "same_behaviour", "simulate"]
