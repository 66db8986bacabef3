//! What the collector does in a life.

use std::sync::Mutex;

use fastrand::Rng;
use mastra_native_exporter::protocol::answer::Outcome;

use super::{fates::Fates, thread::id_of};
use crate::support::{Answer, Call, at_once, failed, lock, ms, refused, rejected, secs};

/// What the collector does.
#[derive(Clone, Copy, Debug)]
pub enum Weather {
    Fine,
    Slow,
    Down,
    Hangs,
    /// Accepts requests, and most answers are lost.
    Deaf,
    /// Refuses larger bodies with 413.
    Narrow,
    /// Refuses some records with 422.
    Picky,
    Busy,
    Rejects,
    Refuses,
}

pub const WEATHER: [Weather; 14] = [
    Weather::Fine,
    Weather::Fine,
    Weather::Slow,
    Weather::Slow,
    Weather::Down,
    Weather::Down,
    Weather::Down,
    Weather::Hangs,
    Weather::Deaf,
    Weather::Narrow,
    Weather::Picky,
    Weather::Busy,
    Weather::Rejects,
    Weather::Refuses,
];

/// What the collector answers, and notes in `fates`.
pub fn answer(weather: Weather, random: &mut Rng, call: &Call, ids: &[u64], fates: &Mutex<Fates>) -> Answer {
    let stored = |answered| ids.iter().for_each(|&id| lock(fates).on_stored(id, answered));
    let delivered_after = |after| {
        stored(true);
        Answer::After(ms(after), Outcome::Delivered)
    };
    match weather {
        Weather::Down => failed("down"),
        Weather::Hangs => Answer::Never,
        Weather::Slow => delivered_after(random.u64(0..1500)),
        Weather::Deaf if random.u8(0..4) > 0 => {
            stored(false);
            if random.bool() { failed("connection lost") } else { Answer::Never }
        }
        Weather::Narrow if call.body.len() > 700 => at_once(Outcome::Split),
        Weather::Picky if ids.iter().any(|id| id % 7 == 0) => at_once(Outcome::Invalid { cause: "picky".to_owned() }),
        Weather::Busy if random.bool() => {
            at_once(Outcome::TooMany { cause: "busy".to_owned(), after: Some(secs(random.u64(0..5))) })
        }
        Weather::Rejects => rejected(401),
        Weather::Refuses if random.bool() => refused("no"),
        _ => delivered_after(random.u64(0..20)),
    }
}

/// The ids in a body.
pub fn ids_in(body: &str) -> Vec<u64> {
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let lists = body.as_object().unwrap().values();
    lists.flat_map(|list| list.as_array().unwrap()).map(|record| id_of(record.to_string().as_bytes())).collect()
}
