//! Keeps secrets out of everything that is written down.

use crate::event::Event;

/// What stands in place of a secret.
const MASKED: &str = "***";

/// The secrets of a run, as they may stand in a text.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// Longest first, so that a secret that is part of another leaves nothing of the other behind.
    secrets: Vec<String>,
}

impl Mask {
    /// A mask for these values; an empty one hides nothing.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Mask {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        secrets.sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
        secrets.dedup();
        Mask { secrets }
    }

    /// The text without any secret.
    pub fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASKED))
    }

    /// The event without any secret in any of its texts.
    pub fn event(&self, event: Event) -> Event {
        if self.secrets.is_empty() {
            return event;
        }
        let Ok(mut json) = serde_json::to_value(&event.kind) else { return event };
        // The name of the variant is the tag, which says what the event is and is no text of the run.
        let tag = json.get("event").cloned();
        self.json(&mut json);
        if let (Some(tag), Some(object)) = (tag, json.as_object_mut()) {
            object.insert("event".into(), tag);
        }
        match serde_json::from_value(json) {
            Ok(kind) => Event { kind, ..event },
            // A secret that is also a fixed word of an event (a verdict) was masked; the words carry no secret.
            Err(_) => event,
        }
    }

    fn json(&self, json: &mut serde_json::Value) {
        match json {
            serde_json::Value::String(text) => *text = self.text(text),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            serde_json::Value::Object(members) => members.values_mut().for_each(|value| self.json(value)),
            _ => {}
        }
    }
}
