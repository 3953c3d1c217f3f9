//! A plan as JSON, for other programs. Times are seconds.

use super::{Count, Plan, Step, TouchKind};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The version of this form.
const VERSION: u32 = 1;

/// A plan as JSON.
pub fn json(plan: &Plan) -> Value {
    let params = plan
        .params
        .iter()
        .map(|(name, value, given)| json!({ "name": name, "value": value, "given": given }));
    json!({
        "version": VERSION,
        "scenario": plan.title,
        "file": plan.file,
        "params": params.collect::<Vec<_>>(),
        "duration": seconds(plan.duration),
        "duration_max": seconds(plan.duration_max),
        "iterations": iterations(plan),
        "touches": touches(plan),
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "steps_left_out": plan.steps_left_out,
    })
}

fn seconds(duration: Option<Duration>) -> Value {
    duration.map_or(Value::Null, |duration| duration.as_secs_f64().into())
}

/// The number where it is known, in all and by name, and beside it what is known of the others.
fn iterations(plan: &Plan) -> Value {
    let by_name = |counts: &[(String, Count)]| -> Map<String, Value> {
        counts.iter().map(|(name, count)| (name.clone(), known(*count))).collect()
    };
    let bounds = plan.sent.loads.iter().map(|(name, count)| (name.clone(), bounds(*count)));
    json!({
        "total": known(plan.sent.total),
        "loads": by_name(&plan.sent.loads),
        "actions": by_name(&plan.sent.actions),
        "bounds": bounds.collect::<Map<_, _>>(),
    })
}

fn known(count: Count) -> Value {
    count.known().map_or(Value::Null, Value::from)
}

fn bounds(count: Count) -> Value {
    json!({ "least": count.least, "most": count.most, "expected": count.expected })
}

fn touches(plan: &Plan) -> Value {
    let mut touches = Map::new();
    for kind in TouchKind::ALL {
        let things = plan.touches.things.iter().filter(|touch| touch.kind == kind);
        let things = things.map(|touch| json!({ "what": touch.what, "by": touch.by, "line": touch.line }));
        touches.insert(kind.name().to_string(), things.collect());
    }
    let faults = plan.touches.faults.iter().map(|fault| {
        json!({
            "target": fault.target,
            "verb": fault.verb,
            "text": fault.text,
            "undo": fault.undo,
            "harm": fault.harm,
            "line": fault.line,
        })
    });
    touches.insert("faults".to_string(), faults.collect());
    Value::Object(touches)
}

fn step(step: &Step) -> Value {
    let mut object = Map::new();
    object.insert("kind".into(), step.kind.name().into());
    object.insert("text".into(), step.text.clone().into());
    object.insert("line".into(), step.line.into());
    if let Some(file) = &step.file {
        object.insert("file".into(), file.clone().into());
    }
    object.insert("start".into(), seconds(Some(step.start)));
    object.insert("end".into(), seconds(Some(step.end)));
    object.insert("longest".into(), seconds(step.longest));
    if step.background {
        object.insert("background".into(), true.into());
    }
    if let Some(passes) = step.passes {
        object.insert("passes".into(), known(passes));
    }
    if let Some(count) = step.iterations {
        object.insert("iterations".into(), known(count));
    }
    if let Some(undo) = &step.undo {
        object.insert("undo".into(), undo.clone().into());
    }
    if !step.steps.is_empty() {
        object.insert("steps".into(), step.steps.iter().map(self::step).collect());
    }
    Value::Object(object)
}
