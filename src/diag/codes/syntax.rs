//! E01xx: what cannot be read.

use super::Code;

/// The codes of the parser.
pub const CODES: &[Code] = &[];
