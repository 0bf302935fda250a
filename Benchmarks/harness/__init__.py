"""What the benchmarks of running clusters share: the load generator, the machine, and the form of a report."""
