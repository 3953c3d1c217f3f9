//! Reports of a run that was made up.
