//! The binary forms of PostgreSQL's types as JSON. Numbers stay numbers, moments become texts as RFC 3339 has them.

use crate::kinds::request::RequestError;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::error::Error;
use std::net::{Ipv4Addr, Ipv6Addr};
use tokio_postgres::types::{FromSql, Kind, Type};
use tokio_postgres::{Row, Statement};

/// Seconds from 1970 to 2000, from which PostgreSQL counts.
const EPOCH: i64 = 946_684_800;
/// What stands for "no end" in a moment.
const FOREVER: i64 = i64::MAX;

/// Says so where a statement gives a type that cannot be read here.
pub fn readable(statement: &Statement) -> Result<(), RequestError> {
    match statement.columns().iter().find(|column| !is_known(column.type_())) {
        None => Ok(()),
        Some(column) => Err(RequestError::Invalid(format!(
            "soak cannot read the type `{}` of the column `{}`: cast it, as in `{}::text`",
            column.type_().name(),
            column.name(),
            column.name()
        ))),
    }
}

fn is_known(ty: &Type) -> bool {
    match ty.kind() {
        Kind::Array(member) | Kind::Domain(member) => is_known(member),
        Kind::Enum(_) => true,
        Kind::Simple | Kind::Pseudo => matches!(
            *ty,
            Type::BOOL
                | Type::INT2
                | Type::INT4
                | Type::INT8
                | Type::OID
                | Type::XID
                | Type::REGCLASS
                | Type::FLOAT4
                | Type::FLOAT8
                | Type::NUMERIC
                | Type::MONEY
                | Type::TEXT
                | Type::VARCHAR
                | Type::BPCHAR
                | Type::CHAR
                | Type::NAME
                | Type::XML
                | Type::UNKNOWN
                | Type::CSTRING
                | Type::JSON
                | Type::JSONB
                | Type::UUID
                | Type::BYTEA
                | Type::TIMESTAMP
                | Type::TIMESTAMPTZ
                | Type::DATE
                | Type::TIME
                | Type::INTERVAL
                | Type::INET
                | Type::CIDR
                | Type::VOID
        ),
        _ => false,
    }
}

/// A row as an object.
pub fn row(row: &Row) -> Value {
    let cell =
        |index| row.try_get::<_, Option<Cell>>(index).ok().flatten().map_or(Value::Null, |cell| cell.0);
    let members =
        row.columns().iter().enumerate().map(|(index, column)| (column.name().to_owned(), cell(index)));
    Value::Object(members.collect())
}

struct Cell(Value);

type Failure = Box<dyn Error + Sync + Send>;

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Cell, Failure> {
        Ok(Cell(match ty.kind() {
            Kind::Array(_) => {
                let items: Vec<Option<Cell>> = Vec::from_sql(ty, raw)?;
                items.into_iter().map(|item| item.map_or(Value::Null, |cell| cell.0)).collect()
            }
            Kind::Domain(of) => Cell::from_sql(of, raw)?.0,
            Kind::Enum(_) => text(raw)?,
            _ => simple(ty, raw)?,
        }))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn text(raw: &[u8]) -> Result<Value, Failure> {
    Ok(std::str::from_utf8(raw)?.into())
}

fn simple(ty: &Type, raw: &[u8]) -> Result<Value, Failure> {
    Ok(match *ty {
        Type::BOOL => bool::from_sql(ty, raw)?.into(),
        Type::INT2 => i16::from_be_bytes(raw.try_into()?).into(),
        Type::INT4 => i32::from_be_bytes(raw.try_into()?).into(),
        Type::INT8 => i64::from_be_bytes(raw.try_into()?).into(),
        Type::OID | Type::XID | Type::REGCLASS => u32::from_be_bytes(raw.try_into()?).into(),
        Type::FLOAT4 => float(f32::from_be_bytes(raw.try_into()?).to_string())?,
        Type::FLOAT8 => float(f64::from_be_bytes(raw.try_into()?).to_string())?,
        Type::NUMERIC => float(numeric(raw)?)?,
        // Hundredths, in the currency of the server.
        Type::MONEY => (i64::from_be_bytes(raw.try_into()?) as f64 / 100.0).into(),
        Type::JSON => serde_json::from_slice(raw)?,
        // The first byte is the version of the form.
        Type::JSONB => serde_json::from_slice(raw.get(1..).ok_or("too short")?)?,
        Type::UUID => uuid::Uuid::from_slice(raw)?.to_string().into(),
        Type::BYTEA => {
            let digits: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{digits}").into()
        }
        Type::TIMESTAMP | Type::TIMESTAMPTZ => {
            moment(*ty == Type::TIMESTAMPTZ, i64::from_be_bytes(raw.try_into()?))?
        }
        Type::DATE => date(i32::from_be_bytes(raw.try_into()?))?,
        Type::TIME => {
            let since_midnight = SignedDuration::from_micros(i64::from_be_bytes(raw.try_into()?));
            jiff::civil::Time::midnight().checked_add(since_midnight)?.to_string().into()
        }
        Type::INTERVAL => interval(raw)?.into(),
        Type::INET | Type::CIDR => network(raw)?.into(),
        Type::VOID => Value::Null,
        _ => text(raw)?,
    })
}

/// A number from its digits: whole where it is, a text where JSON has no number for it.
fn float(digits: String) -> Result<Value, Failure> {
    if let Ok(whole) = digits.parse::<i64>() {
        return Ok(whole.into());
    }
    let number = serde_json::Number::from_f64(digits.parse()?);
    Ok(number.map_or(Value::String(digits), Value::Number))
}

/// The digits of a numeric: groups of four, the place of the first one, the sign, and how many stand behind the point.
fn numeric(raw: &[u8]) -> Result<String, Failure> {
    let word = |at: usize| -> Result<i16, Failure> {
        Ok(i16::from_be_bytes(raw.get(at..at + 2).ok_or("too short")?.try_into()?))
    };
    let (groups, weight, sign, scale) = (word(0)?, word(2)?, word(4)? as u16, word(6)?.max(0) as usize);
    match sign {
        0xC000 => return Ok("NaN".into()),
        0xD000 => return Ok("inf".into()),
        0xF000 => return Ok("-inf".into()),
        _ => {}
    }
    let group = |place: i16| -> Result<i16, Failure> {
        let index = weight - place;
        if (0..groups).contains(&index) { word(8 + 2 * index as usize) } else { Ok(0) }
    };
    let mut digits = String::from(if sign == 0x4000 { "-" } else { "" });
    digits.push_str(&group(weight.max(0))?.to_string());
    for place in (0..weight.max(0)).rev() {
        digits.push_str(&format!("{:04}", group(place)?));
    }
    let mut fraction = String::new();
    for place in 1..=scale.div_ceil(4) {
        fraction.push_str(&format!("{:04}", group(-(place as i16))?));
    }
    fraction.truncate(scale);
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        digits.push('.');
        digits.push_str(fraction);
    }
    Ok(digits)
}

fn moment(zoned: bool, micros: i64) -> Result<Value, Failure> {
    match micros {
        FOREVER => return Ok("infinity".into()),
        i64::MIN => return Ok("-infinity".into()),
        _ => {}
    }
    let since_1970 = micros.checked_add(EPOCH * 1_000_000).ok_or("out of range")?;
    let moment = Timestamp::from_microsecond(since_1970)?;
    Ok(if zoned { moment.to_string() } else { moment.to_zoned(TimeZone::UTC).datetime().to_string() }.into())
}

fn date(days: i32) -> Result<Value, Failure> {
    match days {
        i32::MAX => return Ok("infinity".into()),
        i32::MIN => return Ok("-infinity".into()),
        _ => {}
    }
    let midnight = Timestamp::from_second(i64::from(days) * 86_400 + EPOCH)?;
    Ok(midnight.to_zoned(TimeZone::UTC).date().to_string().into())
}

/// As ISO 8601 has it: months, days and seconds, which are not made into one another.
fn interval(raw: &[u8]) -> Result<String, Failure> {
    let [micros @ .., _, _, _, _, _, _, _, _] = raw else { return Err("too short".into()) };
    let micros = i64::from_be_bytes(micros.try_into()?);
    let days = i32::from_be_bytes(raw[8..12].try_into()?);
    let months = i32::from_be_bytes(raw[12..16].try_into()?);
    let mut text = String::from("P");
    let mut part = |amount: i32, unit: char| {
        if amount != 0 {
            text.push_str(&format!("{amount}{unit}"));
        }
    };
    part(months, 'M');
    part(days, 'D');
    if micros != 0 || (months == 0 && days == 0) {
        text.push_str(&format!("T{}S", micros as f64 / 1e6));
    }
    Ok(text)
}

/// Family, bits of the mask, whether it is a network, length, address.
fn network(raw: &[u8]) -> Result<String, Failure> {
    let [_, bits, is_network, _, address @ ..] = raw else { return Err("too short".into()) };
    let (address, whole) = match address.len() {
        4 => (Ipv4Addr::from(<[u8; 4]>::try_from(address)?).to_string(), 32),
        16 => (Ipv6Addr::from(<[u8; 16]>::try_from(address)?).to_string(), 128),
        _ => return Err("an address of another length".into()),
    };
    Ok(if *is_network == 0 && *bits == whole { address } else { format!("{address}/{bits}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric_of(words: &[i16]) -> String {
        let raw: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        numeric(&raw).unwrap()
    }

    #[test]
    fn numerics_are_read_digit_by_digit() {
        assert_eq!(numeric_of(&[0, 0, 0, 0]), "0");
        assert_eq!(numeric_of(&[1, 0, 0, 0, 7]), "7");
        assert_eq!(numeric_of(&[2, 1, 0, 0, 1, 2]), "10002");
        assert_eq!(numeric_of(&[1, 1, 0x4000, 0, 3]), "-30000");
        assert_eq!(numeric_of(&[2, 0, 0, 2, 12, 3400]), "12.34");
        assert_eq!(numeric_of(&[1, -1, 0, 4, 25]), "0.0025");
        assert_eq!(numeric_of(&[1, -2, 0, 8, 25]), "0.00000025");
        assert_eq!(numeric_of(&[1, 0, 0, 2, 5]), "5");
        assert_eq!(numeric_of(&[0, 0, 0xC000_u16 as i16, 0]), "NaN");
    }
}
