//! What must be undone, as a value that another process can carry out.
