//! What a disk is declared with, told and asked.

use crate::lang::declare::{act, flag, given, keyword, positional, request, series, share, state};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, GivenResult, Kind, Parameter, Reading, Rule, Support, Verb};
use crate::lang::types::Shape::Gauge;

/// A folder and the disk it lies on.
pub static KIND: Kind = Kind {
    name: "disk",
    about: "A folder: on the disk it lies on, or on one of soak's own that is small, faulty or both.",
    settings: SETTINGS,
    one_of: &[],
    verbs: VERBS,
    readings: READINGS,
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::Ready,
};

const SETTINGS: &[Parameter] = &[
    keyword("path", &[Accepts::Path], "The folder, made where it is not there.").required(),
    keyword(
        "size",
        &[Accepts::Quantity(Dimension::SIZE)],
        "Puts a small disk of this size there, in memory, seen only by what the run starts and gone after it; no root is needed.",
    ),
    flag(
        "faulty",
        "Puts a disk over the folder, or over the one of this `size`, that can be made slow, failing, read-only or forgetful, seen only by what the run starts; it needs FUSE.",
    ),
];

const VERBS: &[Verb] = &[
    state(
        "fill",
        "fill",
        "Takes space or inodes once, until that much of them is used.",
        "data fill 90% for 1m\ndata fill inodes 95% for 1m\ndata fill 90% inodes 95% for 1m",
    )
    .takes(&[
        positional("share", &[Accepts::Share], "How full the disk gets."),
        keyword(
            "inodes",
            &[Accepts::Share],
            "How many of the files that it has room for it gets, as empty ones in a hidden folder.",
        ),
    ])
    .rules(&[Rule::AtLeastOne(&["share", "inodes"])])
    .fault(),
    state("slow", "slow", "Every read and write takes longer, of a disk that is `faulty`.", "data slow 200ms for 1m")
        .takes(&[
            positional("time", &[Accepts::Quantity(Dimension::TIME)], "How much longer.").required()
        ])
        .fault(),
    state("fail", "fail", "Reads and writes fail with EIO, of a disk that is `faulty`.", "data fail 1% for 1m")
        .takes(&[positional("share", &[Accepts::Share], "How many of them.").required()])
        .fault(),
    state(
        "readonly",
        "readonly",
        "Nothing can be written (EROFS); without `faulty`, what has a file open for writing keeps it, and a working folder on the disk then too.",
        "data readonly 10s",
    )
    .fault(),
    act("lose", "Forgets what was written and not synced, as a power cut does, of a disk that is `faulty`; names, and files made shorter, count as synced at once.", "data lose unsynced\ndata lose unsynced torn")
        .takes(&[
            flag("unsynced", "All that was written and not synced.").required(),
            flag("torn", "About half of it stays, drawn for each 512 B: what a power cut leaves of writes that are under way."),
        ])
        .fault(),
    request(
        "write",
        "Writes a file, with the folders above it, and closes it.",
        "data write \"in/1.log\" size 4KB\ndata write \"in/1.json\" json { id: 1 }\ndata write \"in/1.txt\" text \"one\" atomic",
    )
    .takes(&[
        positional("path", &[Accepts::Text], "The file, below the disk's own path.").required(),
        keyword("size", &[Accepts::Quantity(Dimension::SIZE)], "That many random bytes."),
        keyword("json", &[Accepts::Json], "A JSON document."),
        keyword("text", &[Accepts::Text], "A text, as it is."),
        flag("atomic", "Writes it beside its place under a hidden name and renames it, so that it appears whole."),
    ])
    .one_of(&[&["size", "json", "text"]])
    .gives(&[given("path", GivenResult::Text, "The file written, below the disk's own path.")]),
    request(
        "delete",
        "Deletes the files that match; none is no error.",
        "permit fault on data\ndata delete \"in/**/*.log\"",
    )
    .takes(&[positional("glob", &[Accepts::Glob], "The files, below the disk's own path.").required()])
    .fault(),
];

const READINGS: &[Reading] = &[
    share("used", "How much of the disk is used, counted as an ordinary user's programs see it."),
    series("free", Gauge, Dimension::SIZE, "How much an ordinary user's programs can still write, in bytes."),
    share("inodes", "How much of the inodes, of which each file takes one, is used."),
    series("files", Gauge, Dimension::NONE, "How many files lie below its path."),
];

const EXAMPLE: &str = r#"disk data { path "{scratch}/data"; size 100MB; faulty }
action produce {
  data write "{date()}/{seq}.log" size 4KB..64KB
}
load produce at 10/s for 10s
expect "Consumed": data.files == 0 within 1m
expect "Room left": data.used < 90%
data fill 95% for 2s
data fill inodes 95% for 2s
data readonly 2s
data slow 200ms for 2s
data fail 1% for 2s
data lose unsynced
data delete "**/*.log"
"#;
