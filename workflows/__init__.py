"""The engine floor: the only room that knows SpiffWorkflow.

Pure: (definition, state, command, context) in, an `Advance` out. No database,
no network, no Flask, no clock of its own.
"""
