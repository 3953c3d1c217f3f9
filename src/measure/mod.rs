//! Measurements: sources that are followed or sampled, series, windows over them, ledgers.
