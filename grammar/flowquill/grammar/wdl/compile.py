"""From a flow to a workflow definition."""

from __future__ import annotations

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.wdl.model import Compiled, CompileError, Connection, Target

__all__ = ["CompileError", "Compiled", "Connection", "Target", "compile_flow"]


def compile_flow(flow: tree.Flow, catalog: Catalog, target: Target = "logicapps") -> Compiled:
    """The definition of a flow. Raises CompileError where the flow cannot be written as one."""
    raise CompileError(f"The flow {flow.name.text} cannot be compiled yet; wait for the compiler.")
