//! One snapshot: what a valid one has, and the line it came as, which is what is written.

use serde::Deserialize;
use serde_json::Value;

pub struct Snapshot {
    /// As it was read.
    pub line: String,
    pub run_id: String,
}

/// What must be there; more may be.
#[derive(Deserialize)]
struct Form {
    meta: Meta,
    market_data: MarketData,
    system_state: SystemState,
}

#[derive(Deserialize)]
struct Meta {
    run_id: String,
    timestamp: String,
}

#[derive(Deserialize)]
struct MarketData {
    symbol: String,
    price: f64,
    volume: f64,
    timestamp: String,
}

#[derive(Deserialize)]
struct SystemState {
    status: String,
    memory_usage: f64,
}

impl Snapshot {
    /// Reads and validates a line; the error says what is wrong with it.
    pub fn read(line: String) -> Result<Snapshot, String> {
        let form: Form = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let (meta, market, state) = (form.meta, form.market_data, form.system_state);
        let rules = [
            (!meta.run_id.is_empty(), "the run_id is empty"),
            (!market.symbol.is_empty(), "the symbol is empty"),
            (market.price > 0.0, "the price is not above 0"),
            (market.volume >= 0.0, "the volume is below 0"),
            (!state.status.is_empty(), "the status is empty"),
            ((0.0..=100.0).contains(&state.memory_usage), "the memory usage is no percentage"),
            (is_a_time(&meta.timestamp), "its timestamp is no RFC 3339 time"),
            (is_a_time(&market.timestamp), "the timestamp of its market data is no RFC 3339 time"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, reason)) => Err(reason.to_owned()),
            None => Ok(Snapshot { line, run_id: meta.run_id }),
        }
    }

    /// The `mutate` bug: the price as a float of 32 bits would have it.
    pub fn through_a_short_float(self) -> Snapshot {
        let Ok(mut value) = serde_json::from_str::<Value>(&self.line) else { return self };
        if let Some(price) = value["market_data"]["price"].as_f64() {
            value["market_data"]["price"] = Value::from(f64::from(price as f32));
        }
        Snapshot { line: value.to_string(), ..self }
    }
}

fn is_a_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}
