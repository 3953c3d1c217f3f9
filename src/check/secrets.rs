//! Where a secret may stand: in a header, a URL, a body, a process's environment. Everywhere else it would be
//! seen: in a command line by every user of the machine, in a note or a name by every reader of the report.

use super::mistake;
use super::state::Checker;
use crate::lang::expr::{Expr, ExprKind};

impl Checker<'_> {
    /// Whether no secret stands in an expression; where one does, says that it must not.
    pub fn no_secret(&mut self, expr: &Expr, what: &str) -> bool {
        let Some(secret) = holds_secret(expr) else { return true };
        let name = self.scenario.secret(secret).name.clone();
        self.report(mistake::safety::secret_refused(expr.span, &name, what));
        false
    }
}

/// The first secret in an expression.
pub(super) fn holds_secret(expr: &Expr) -> Option<crate::lang::expr::SecretId> {
    let mut found = None;
    expr.walk(&mut |part| {
        if let ExprKind::Secret(secret) = part.kind {
            found.get_or_insert(secret);
        }
    });
    found
}
