"""What-if: a plan played on the real engine with a virtual clock, before it is put in force.

`live` keeps one instance in memory from its first step to its last; `questions` finds the answers
the plan's conditions read; `walk` plays every tier and answer once; `runs` plays many times with
people who take their time, seeded, so that the same parameters give the same figures.

Pure, as all of the engine floor: no database, no clock, and no chance but ``random.Random(seed)``.
"""
