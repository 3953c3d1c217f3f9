//! A plan as a drawing: a lane for each step on one axis of time, phases as boxes around what is in them, faults as
//! bands through their block, loads as areas in the shape of their rate.
//!
//! It is one file that needs nothing else: no script, no font, no picture. Texts are texts; it has a title and a
//! description, and follows what the reader prefers of light and dark.

mod lanes;
mod paper;

use super::rows::{self, Scale};
use super::text::{count, takes};
use super::{Plan, StepKind};
use crate::lang::unit::format_duration;
use lanes::Lanes;
use paper::{Paper, clipped, escaped};

/// So many lanes are drawn; more are counted.
const MAX_LANES: usize = 500;
/// So many phases are told in the description.
const MAX_DESCRIBED: usize = 30;
/// The width of the drawing, in its own units, which are pixels where it is shown at its own size.
const WIDTH: f64 = 1000.0;
/// The height of what stands above the lanes.
const HEAD: f64 = 96.0;
/// The height of what stands below them.
const FOOT: f64 = 48.0;

/// Light and dark, and how each sort of thing is drawn.
const STYLE: &str = "\
svg{--paper:#fff;--ink:#1f2328;--dim:#59636e;--grid:#d8dee4;--phase:#0969da;--load:#1a7f37;--users:#8250df;--fault:#cf222e;--wait:#9a6700;\
background:var(--paper);font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;font-size:12px;direction:ltr}\
@media(prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--dim:#9198a1;--grid:#30363d;--phase:#4493f8;--load:#3fb950;--users:#ab7df8;--fault:#f85149;--wait:#d29922}}\
text{fill:var(--ink)}.paper{fill:var(--paper)}.head{font-size:18px;font-weight:600}.dim{fill:var(--dim)}.bold{font-weight:600}\
.note{fill:var(--ink);font-size:11px;paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}\
.grid{stroke:var(--grid)}.phase{fill:var(--phase);fill-opacity:.09;stroke:var(--phase);stroke-opacity:.55}\
.load{fill:var(--load);fill-opacity:.45;stroke:var(--load)}.users{fill:var(--users);fill-opacity:.4;stroke:var(--users)}\
.random{stroke-dasharray:2 2}.fault{fill:var(--fault);fill-opacity:.8}.hatch{stroke:var(--fault);stroke-width:3}.band{fill:var(--fault);fill-opacity:.1}\
.loop{stroke:var(--dim);fill:none}.again{stroke:var(--dim);stroke-opacity:.35}.wait{stroke:var(--dim);stroke-width:2}\
.due{stroke:var(--wait);stroke-dasharray:3 3;fill:none}.mark{fill:var(--wait)}.act{fill:var(--dim)}";

/// Patterns: of flaps, and of passes that are like the first.
const PATTERNS: &str = "<defs>\
<pattern id=\"flaps\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path class=\"hatch\" d=\"M1.5 0V6\"/></pattern>\
<pattern id=\"again\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path class=\"again\" d=\"M0 0V8\"/></pattern>\
</defs>";

/// A plan as a drawing.
pub fn svg(plan: &Plan) -> String {
    let all = rows::rows(plan, MAX_LANES);
    let scale = Scale::of(plan);
    let lanes = Lanes::new(&all, rows::total(plan), &scale, HEAD);
    let bottom = lanes.bottom();
    let height = bottom + FOOT + if all.left_out > 0 { 20.0 } else { 0.0 };
    let mut paper = Paper::new();
    let title = clipped(&plan.title, 90);
    paper.raw(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{}</title>\n\
         <desc id=\"desc\">{}</desc>\n<style>{STYLE}</style>\n{PATTERNS}\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        escaped(&plan.title),
        escaped(&described(plan))
    ));
    paper.text(12.0, 30.0, "head", &title);
    paper.text(12.0, 52.0, "dim", &clipped(&summary(plan), 150));
    lanes.draw(&mut paper);
    if all.left_out > 0 {
        let text = format!("{} more steps are not drawn", super::text::grouped(all.left_out));
        paper.text(12.0, bottom + 16.0, "dim", &text);
    }
    legend(&mut paper, height - 18.0);
    paper.raw("</svg>\n");
    paper.finish()
}

/// What it takes and what it sends, on a line.
fn summary(plan: &Plan) -> String {
    let mut words = takes(plan);
    if !plan.sent.loads.is_empty() {
        words.push_str(&format!(" Iterations: {}.", count(plan.sent.total)));
    }
    words
}

/// The drawing in words, for whoever does not see it.
fn described(plan: &Plan) -> String {
    let mut words = summary(plan);
    let mut phases = Vec::new();
    collect(&plan.steps, &mut phases);
    for (name, start, end) in phases.iter().take(MAX_DESCRIBED) {
        words.push_str(&format!(
            " Phase {} from {} to {}.",
            clipped(name, 60),
            format_duration(*start),
            format_duration(*end)
        ));
    }
    if phases.len() > MAX_DESCRIBED {
        words.push_str(&format!(" And {} more phases.", phases.len() - MAX_DESCRIBED));
    }
    words
}

fn collect<'a>(
    steps: &'a [super::Step],
    phases: &mut Vec<(&'a str, std::time::Duration, std::time::Duration)>,
) {
    for step in steps {
        if step.kind == StepKind::Phase {
            phases.push((&step.text, step.start, step.end));
        }
        collect(&step.steps, phases);
    }
}

/// What the sorts of things are.
fn legend(paper: &mut Paper, y: f64) {
    let box_at = |paper: &mut Paper, x: f64, class: &str| paper.rect((x, y - 10.0), (18.0, 12.0), class, "");
    let mut x = 12.0;
    for (class, words) in
        [("phase", "phase"), ("load", "load by rate"), ("users", "load by users"), ("fault", "fault")]
    {
        box_at(paper, x, class);
        paper.text(x + 24.0, y, "dim", words);
        x += 40.0 + 7.0 * words.len() as f64;
    }
    paper.raw(&format!(
        "<rect x=\"{x}\" y=\"{}\" width=\"18\" height=\"12\" fill=\"url(#flaps)\"/>\n",
        y - 10.0
    ));
    paper.text(x + 24.0, y, "dim", "faults in a loop");
    x += 152.0;
    paper.diamond(x + 4.0, y - 4.0, "");
    paper.path("due", &format!("M{} {}h22", x + 9.0, y - 4.0), "");
    paper.text(x + 38.0, y, "dim", "expected within");
    x += 152.0;
    paper.raw(&format!(
        "<rect x=\"{x}\" y=\"{}\" width=\"18\" height=\"12\" fill=\"url(#again)\"/>\n",
        y - 10.0
    ));
    paper.text(x + 24.0, y, "dim", "passes like the first");
}
