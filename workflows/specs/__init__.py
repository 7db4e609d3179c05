"""Our own SpiffWorkflow task specs, event definitions, parser and spec store.

SpiffWorkflow reads the diagrams and gives the vocabulary (specs, tasks, task states,
workflows); what its specs do while running is replaced: no prediction of future tasks, one
shared scope of data instead of a copy a task, joins that count tokens by flow, FEEL instead of
Python.
"""
