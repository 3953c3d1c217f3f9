//! The names under which errors of databases are counted: one of a fixed set for each, whatever the message says.

use crate::kinds::request::RequestError;

/// The connection went away under a statement.
pub const LOST: &str = "connection lost";
/// The server ended it: an administrator, a shutdown, a crash beside it.
pub const ENDED: &str = "connection ended by the server";
/// The server has no room for another connection.
pub const FULL: &str = "too many connections";

/// Names by SQLSTATE, for what is worth telling apart.
const STATES: &[(&str, &str)] = &[
    ("0A000", "feature not supported"),
    ("22001", "value too long"),
    ("22003", "numeric value out of range"),
    ("22012", "division by zero"),
    ("22P02", "value does not fit its type"),
    ("23502", "not-null violation"),
    ("23503", "foreign key violation"),
    ("23505", "unique violation"),
    ("23514", "check violation"),
    ("23P01", "exclusion violation"),
    ("25006", "read-only transaction"),
    ("28P01", "wrong password"),
    ("3D000", "unknown database"),
    ("40001", "serialization failure"),
    ("40P01", "deadlock detected"),
    ("42501", "insufficient privilege"),
    ("42601", "syntax error"),
    ("42703", "unknown column"),
    ("42725", "ambiguous function or operator"),
    ("42804", "types do not fit"),
    ("42883", "unknown function"),
    ("42P01", "unknown table"),
    ("42P18", "the type of a value cannot be told"),
    ("42P07", "table exists already"),
    ("53100", "disk full"),
    ("53200", "out of memory"),
    ("53300", FULL),
    ("55P03", "lock not available"),
    ("57014", "statement cancelled"),
    ("57P01", ENDED),
    ("57P02", ENDED),
    ("57P03", "the server is starting up or shutting down"),
    ("57P05", ENDED),
];

/// Names by the class of an SQLSTATE, its first two characters.
const CLASSES: &[(&str, &str)] = &[
    ("08", LOST),
    ("0A", "feature not supported"),
    ("21", "cardinality violation"),
    ("22", "data exception"),
    ("23", "integrity constraint violation"),
    ("25", "invalid transaction state"),
    ("26", "invalid statement name"),
    ("28", "authorization refused"),
    ("40", "transaction rolled back"),
    ("42", "syntax error or access rule violation"),
    ("53", "insufficient resources"),
    ("54", "program limit exceeded"),
    ("55", "object not in the state that is needed"),
    ("57", "operator intervention"),
    ("58", "system error of the server"),
    ("P0", "error raised by a function"),
    ("XX", "internal error of the server"),
];

/// Numbers of MySQL and MariaDB, with the SQLSTATE that says the same more exactly than their own.
#[cfg(feature = "mysql")]
const MYSQL: &[(u16, &str)] = &[
    (1021, "53100"),
    (1022, "23505"),
    (1037, "53200"),
    (1040, "53300"),
    (1044, "42501"),
    (1045, "28P01"),
    (1048, "23502"),
    (1049, "3D000"),
    (1050, "42P07"),
    (1053, "57P01"),
    (1054, "42703"),
    (1062, "23505"),
    (1064, "42601"),
    (1142, "42501"),
    (1146, "42P01"),
    (1203, "53300"),
    (1205, "55P03"),
    (1213, "40P01"),
    (1226, "53300"),
    (1264, "22003"),
    (1305, "42883"),
    (1317, "57014"),
    (1365, "22012"),
    (1366, "22P02"),
    (1406, "22001"),
    (1451, "23503"),
    (1452, "23503"),
    (1792, "25006"),
    (1927, "57P01"),
    (1969, "57014"),
    (3024, "57014"),
    (3819, "23514"),
    (4025, "23514"),
];

/// The name of an SQLSTATE.
fn name(state: &str) -> String {
    let exact = STATES.iter().find(|(known, _)| *known == state);
    let class = || CLASSES.iter().find(|(class, _)| state.starts_with(class));
    match exact.or_else(class) {
        Some((_, name)) => (*name).to_owned(),
        // The codes of a server are a fixed set too.
        None => format!("SQLSTATE {state}"),
    }
}

/// What a server of the standard said.
pub fn stated(state: &str, message: &str) -> RequestError {
    RequestError::Stated { cause: name(state), detail: message.trim().to_owned() }
}

/// What MySQL or MariaDB said.
#[cfg(feature = "mysql")]
pub fn stated_by_mysql(code: u16, state: &str, message: &str) -> RequestError {
    let state = MYSQL.iter().find(|(known, _)| *known == code).map_or(state, |(_, state)| state);
    stated(state, message)
}

/// The connection went away under a statement.
pub fn lost(why: &dyn std::fmt::Display) -> RequestError {
    RequestError::Stated { cause: LOST.into(), detail: why.to_string() }
}

/// Why no connection was opened.
pub fn unreached(error: &std::io::Error, host: &str) -> RequestError {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::NotFound => RequestError::Refused,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => RequestError::Reset,
        ErrorKind::UnexpectedEof => RequestError::Closed,
        _ => match error.raw_os_error() {
            Some(number)
                if number == nix::errno::Errno::EMFILE as i32
                    || number == nix::errno::Errno::ENFILE as i32 =>
            {
                RequestError::Exhausted
            }
            Some(_) => RequestError::Failed(error.kind().to_string()),
            None => RequestError::NoAddress(host.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_name_of_a_fixed_set() {
        let cases = [
            (stated("23505", "duplicate key value"), "unique violation"),
            (stated("23000", "x"), "integrity constraint violation"),
            (stated("99999", "x"), "SQLSTATE 99999"),
            (stated("08006", "x"), LOST),
        ];
        for (error, wanted) in cases {
            assert_eq!(error.to_string(), wanted);
        }
        assert_eq!(stated("42601", "near \"x\"\n").in_full(), "syntax error: near \"x\"");
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn mysql_has_the_same_names() {
        let cases = [
            (stated_by_mysql(1062, "23000", "x"), "unique violation"),
            (stated_by_mysql(1213, "40001", "x"), "deadlock detected"),
            (stated_by_mysql(1040, "08004", "x"), FULL),
            (stated_by_mysql(9999, "42000", "x"), "syntax error or access rule violation"),
        ];
        for (error, wanted) in cases {
            assert_eq!(error.to_string(), wanted);
        }
    }
}
