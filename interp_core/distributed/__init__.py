"""Work on blocks of rows by several processes: head statistics, predictions, attention lifts.

Whoever reads the rows hands out blocks and keeps what comes back, by number and on disk; an engine
has the workers. `ray_engine` is the one for clusters.
"""
