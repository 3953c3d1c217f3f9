//! The undo journal and the guardian that carries it out when a run dies.
