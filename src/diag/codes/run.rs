//! R00xx: what a run finds out.

use super::Code;

/// The codes of runs.
pub const CODES: &[Code] = &[
    Code {
        code: "R0001",
        title: "an expectation was missed",
        explanation: "The system did not do what an `expect` or a `require` asks of it. The run fails; after a missed \
            `require` it also stops and cleans up. The message tells what was asked and the value that decided it; \
            the place tells in which phase and pass that was and which faults were in force. The report holds every \
            such judgement, and how long each `within` that was met took, which says whether a longer deadline \
            would have helped.",
        bad: "expect \"Queue recovery\": queue == 0 within 1s",
        good: "expect \"Queue recovery\": queue == 0 within 10m",
    },
    Code {
        code: "R0002",
        title: "something wanted did not hold",
        explanation: "A `want` was missed: a warning. The run still passes, unless it is run with --strict.",
        bad: "want \"CPU headroom\": machine.cpu < 1% always",
        good: "want \"CPU headroom\": machine.cpu < 70% always tolerate 30s",
    },
    Code {
        code: "R0003",
        title: "an expectation came to no verdict",
        explanation: "What an expectation is about was never measured: nothing ended in its window, a file was not \
            there, a load fell behind, the run ended first. Nothing was proven, so the run does not pass: it is \
            inconclusive. (A `want` without a verdict is a warning.)",
        bad: "expect p95(api.latency) < 100ms",
        good: "load browse at 50/s for 1m\nexpect p95(browse.latency) < 100ms",
    },
];
