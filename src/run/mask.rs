//! Keeps secrets out of everything that is written down.

use crate::event::{Event, EventKind};

/// What stands in place of a secret.
const MASKED: &str = "***";

/// Members of an event whose value is one of a few words of soak's own.
const FIXED: [&str; 5] = ["event", "verdict", "evidence", "stage", "demand"];

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
        let masked = serde_json::to_value(&event.kind).and_then(|mut json| {
            self.json(&mut json);
            serde_json::from_value(json)
        });
        let kind = masked.unwrap_or_else(|_| EventKind::Noticed {
            line: None,
            text: "what happened here cannot be shown without showing a secret".into(),
        });
        Event { kind, ..event }
    }

    fn json(&self, json: &mut serde_json::Value) {
        match json {
            serde_json::Value::String(text) => *text = self.text(text),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            serde_json::Value::Object(members) => members
                .iter_mut()
                .filter(|(name, _)| !FIXED.contains(&name.as_str()))
                .for_each(|(_, value)| self.json(value)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Command, Stage};

    fn note(text: &str) -> Event {
        Event { at: 1.0, kind: EventKind::Note { line: 3, text: text.into() } }
    }

    #[test]
    fn no_secret_is_left_in_any_text() {
        let mask = Mask::new(["abc".to_owned(), "abcdef".to_owned(), String::new()]);
        assert_eq!(mask.event(note("x abcdef y abc z")), note("x *** y *** z"));
        let command = Command {
            line: 1,
            command: "curl -H abcdef".into(),
            took: 0.0,
            code: None,
            failed: Some("abc".into()),
        };
        let masked = mask.event(Event { at: 0.0, kind: EventKind::Command(command) });
        assert!(!format!("{masked:?}").contains("abc"));
    }

    #[test]
    fn a_secret_that_is_a_word_of_an_event_leaves_the_event_whole() {
        let mask = Mask::new(["story".to_owned(), "a\"b".to_owned()]);
        let event = Event { at: 0.0, kind: EventKind::StageStarted { stage: Stage::Story } };
        assert_eq!(mask.event(event.clone()), event);
        assert_eq!(mask.event(note("a story a\"b")), note("a *** ***"));
    }
}
