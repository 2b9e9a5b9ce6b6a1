"""The benchmarks of bin/bench, one module each; `measure` holds what they share."""
