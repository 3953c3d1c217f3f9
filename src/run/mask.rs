//! Keeps secrets out of every event.

use crate::event::{Event, EventKind};
use crate::lang::mask::Mask;

/// Members of an event whose value is one of a few words of soak's own.
const FIXED: [&str; 5] = ["event", "verdict", "evidence", "stage", "demand"];

/// The event without any secret in any of its texts.
pub fn event(mask: &Mask, event: Event) -> Event {
    if mask.is_empty() {
        return event;
    }
    let masked = serde_json::to_value(&event.kind).and_then(|mut json| {
        hide(mask, &mut json);
        serde_json::from_value(json)
    });
    let kind = masked.unwrap_or_else(|_| EventKind::Noticed {
        line: None,
        text: "what happened here cannot be shown without showing a secret".into(),
    });
    Event { kind, ..event }
}

fn hide(mask: &Mask, json: &mut serde_json::Value) {
    match json {
        serde_json::Value::String(text) => *text = mask.text(text),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| hide(mask, item)),
        serde_json::Value::Object(members) => members
            .iter_mut()
            .filter(|(name, _)| !FIXED.contains(&name.as_str()))
            .for_each(|(_, value)| hide(mask, value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Command, Stage};

    fn note(text: &str) -> Event {
        Event::new(1.0, EventKind::Note { line: 3, text: text.into() })
    }

    #[test]
    fn no_secret_is_left_in_any_text() {
        let mask = Mask::new(["abc".to_owned(), "abcdef".to_owned(), String::new()]);
        assert_eq!(super::event(&mask, note("x abcdef y abc z")), note("x *** y *** z"));
        let command = Command {
            line: 1,
            command: "curl -H abcdef".into(),
            took: 0.0,
            code: None,
            failed: Some("abc".into()),
        };
        let masked = super::event(&mask, Event::new(0.0, EventKind::Command(command)));
        assert!(!format!("{masked:?}").contains("abc"));
    }

    #[test]
    fn a_secret_that_is_a_word_of_an_event_leaves_the_event_whole() {
        let mask = Mask::new(["story".to_owned(), "a\"b".to_owned()]);
        let event = Event::new(0.0, EventKind::StageStarted { stage: Stage::Story });
        assert_eq!(super::event(&mask, event.clone()), event);
        assert_eq!(super::event(&mask, note("a story a\"b")), note("a *** ***"));
    }
}
