//! What a run touches: processes, commands, ports, addresses, files, permits, and each fault with its end.
//!
//! What only the run knows stands in braces, as the scenario writes it.

mod collect;

pub(super) use collect::touches;

/// What a run touches, and what it does to it.
#[derive(Debug, Default)]
pub struct Touches {
    /// Each thing once.
    pub things: Vec<Touch>,
    /// Each place that does harm, or overrides a state.
    pub faults: Vec<Fault>,
}

/// A thing that is touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// How it is touched.
    pub kind: TouchKind,
    /// What it is.
    pub what: String,
    /// Whose it is or what for: a target, a metric, a statement.
    pub by: String,
    /// Where that stands, from 1.
    pub line: u32,
}

/// How a thing is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TouchKind {
    /// A program that is started, or one that runs already and is told things.
    Process,
    /// A command that is run once, or again and again by a probe or a metric.
    Command,
    /// A host of soak's own network, with its address.
    Host,
    /// An address that soak listens on.
    Listen,
    /// An address that soak connects to.
    Connect,
    /// A file or folder that soak writes.
    Write,
    /// A file that soak reads.
    Read,
    /// A secret that is needed.
    Secret,
    /// What the file allows.
    Permit,
    /// What soak must be allowed to do by the machine.
    Privilege,
}

impl TouchKind {
    /// All of them, in the order in which they are told.
    pub const ALL: [TouchKind; 10] = [
        TouchKind::Process,
        TouchKind::Command,
        TouchKind::Host,
        TouchKind::Listen,
        TouchKind::Connect,
        TouchKind::Write,
        TouchKind::Read,
        TouchKind::Secret,
        TouchKind::Permit,
        TouchKind::Privilege,
    ];

    /// What it is called in JSON.
    pub fn name(self) -> &'static str {
        match self {
            TouchKind::Process => "processes",
            TouchKind::Command => "commands",
            TouchKind::Host => "hosts",
            TouchKind::Listen => "listens",
            TouchKind::Connect => "connects",
            TouchKind::Write => "writes",
            TouchKind::Read => "reads",
            TouchKind::Secret => "secrets",
            TouchKind::Permit => "permits",
            TouchKind::Privilege => "privileges",
        }
    }
}

/// A place in the scenario that does harm or overrides a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The target.
    pub target: String,
    /// The verb.
    pub verb: String,
    /// All of what it is told.
    pub text: String,
    /// How it is undone.
    pub undo: String,
    /// Whether it does harm; what only sets a state right does not.
    pub harm: bool,
    /// Where it stands, from 1.
    pub line: u32,
}
