//! What targets are asked at and what they ask, where the file fixes it.

use super::scenario::{Argued, Scenario, Target};
use crate::lang::expr::TargetId;
use crate::lang::signature::Accepts;
use crate::source::Span;

/// A setting that is one text, known before the run.
pub(super) fn text_of(target: &Target, setting: &str) -> Option<(String, Span)> {
    let Some(Argued::Value(value)) = target.setting(setting)?.values.first() else { return None };
    Some((value.constant()?.as_text()?.to_string(), value.span))
}

/// The URL that a client asks.
pub(super) fn url_of(target: &Target) -> Option<(String, Span)> {
    target.settings.iter().find_map(|setting| {
        let url = matches!(setting.parameter.values.first(), Some(Accepts::Url(_)));
        let Some(Argued::Value(value)) = setting.values.first().filter(|_| url) else { return None };
        Some((value.constant()?.as_text()?.to_string(), value.span))
    })
}

/// `host:port` in a URL.
pub(super) fn authority(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let whole = rest.split(['/', '?', '#']).next()?;
    Some(whole.rsplit_once('@').map_or(whole, |(_, behind)| behind))
}

/// `host:port` of whom a client asks.
pub(super) fn asked_by(client: &Target) -> Option<String> {
    match url_of(client) {
        Some((url, _)) => authority(&url).map(plain),
        None => text_of(client, "address").map(|(address, _)| plain(&address)),
    }
}

/// The links that listen at an address of their own, with their ids, and that address with where it stands.
pub(super) fn proxies(scenario: &Scenario) -> impl Iterator<Item = (TargetId, &Target, (String, Span))> {
    scenario.numbered_targets().filter_map(|(id, link)| Some((id, link, text_of(link, "listen")?)))
}

/// `host:port` at which a process answers, by what tells that it is ready.
pub(super) fn answers_at(process: &Target) -> Option<String> {
    let Argued::Probe(probe, expr) = process.setting("ready")?.values.first()? else { return None };
    let text = expr.constant()?.as_text()?;
    match *probe {
        "http" => authority(text).map(plain),
        "tcp" => Some(plain(text)),
        _ => None,
    }
}

/// An address in one of its spellings.
fn plain(authority: &str) -> String {
    match authority.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => authority.to_string(),
    }
}
