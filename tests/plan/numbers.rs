//! Small scenarios and what their plans must say.
