//! What crosses from the JS thread: one buffer of V8's structured clone (see [`tag`]), an array that holds in the order
//! in which they were exported
//!
//! - a small integer before records of another kind than the last: the index of their signal, or [`COMPLETE_SPANS`];
//! - an object: a record, of which the JSON is made here; a span gets the fields of the collector's schema;
//! - a string: a record that is JSON already, because a clone would not keep what `JSON.stringify` makes of it.

mod arrays;
mod exotic;
mod fields;
pub mod json;
pub mod reader;
mod span;
pub mod tag;
mod transcode;

use std::borrow::Cow;

use thiserror::Error;

use crate::{event::RecordName, signal::Signal};
use fields::Fields;
use reader::Reader;
use transcode::{Object, Transcoder};

/// The kind of spans that have all their fields.
pub const COMPLETE_SPANS: i32 = 5;

/// Output is kept until there is so much of it, so that what the buffer refers to again can be copied.
const KEPT_BYTES: usize = 1 << 20;

/// Why a value cannot be read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Fault {
    /// Not version 15.
    #[error("it is not of the expected version")]
    Version,
    /// Ends too early, or a length is beyond the end.
    #[error("it ends too early")]
    Truncated,
    /// A count or length that contradicts another, or that is too long itself.
    #[error("it contradicts itself about a length")]
    Length,
    /// What is not written by the facade.
    #[error("it holds something unexpected (tag {0})")]
    Tag(u8),
    /// A record without the kind it is of, or of a kind that does not exist.
    #[error("it holds a record of no kind")]
    Kind,
    /// A reference to nothing.
    #[error("it refers to something that is not there")]
    Reference,
    /// An object that contains itself.
    #[error("an object contains itself")]
    Cycle,
    /// Nested deeper than anything the facade writes.
    #[error("it is nested too deeply")]
    Depth,
    /// More JSON than a record may have.
    #[error("its JSON is too long")]
    TooLarge,
}

/// A record that cannot be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub fault: Fault,
    /// Which, as far as is known.
    pub name: RecordName,
    /// Its JSON has so many bytes at least.
    pub bytes: usize,
}

/// Room for so many objects of a buffer is kept for the next.
const KEPT_OBJECTS: usize = 1 << 14;

/// Reads buffers; keeps the memory for the next.
#[derive(Debug, Default)]
pub struct Decoder {
    out: Vec<u8>,
    objects: Vec<Object>,
    created_at: Vec<u8>,
}

impl Decoder {
    /// Reads a buffer and hands each record over. `created_at_ms`: when its spans were exported, in milliseconds since
    /// 1970.
    ///
    /// # Errors
    /// What is wrong with the buffer. Records before that have been handed over, the rest cannot be read.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        max_record_bytes: usize,
        created_at_ms: f64,
        take: impl FnMut(Signal, Result<&[u8], Rejected>),
    ) -> Result<(), Fault> {
        let Self { out, objects, created_at } = self;
        created_at.clear();
        json::date(created_at, created_at_ms);
        let result = Reader::new(bytes)
            .and_then(|reader| read(Transcoder::new(reader, out, objects), max_record_bytes, created_at, take));
        // One enormous record must not keep its memory.
        out.clear();
        out.shrink_to(4 * KEPT_BYTES);
        objects.clear();
        objects.shrink_to(KEPT_OBJECTS);
        result
    }
}

fn read(
    mut values: Transcoder<'_, '_>,
    max_record_bytes: usize,
    created_at: &[u8],
    mut take: impl FnMut(Signal, Result<&[u8], Rejected>),
) -> Result<(), Fault> {
    let mut kind = None;
    for _ in 0..values.begin_array()? {
        if values.reader.skips(tag::INT32)? {
            kind = Some(kind_of(values.reader.zigzag()?)?);
            continue;
        }
        let (signal, completes) = kind.ok_or(Fault::Kind)?;
        if let Some(json) = text(&mut values.reader)? {
            let too_large =
                || Rejected { fault: Fault::TooLarge, name: RecordName::of(json.as_bytes()), bytes: json.len() };
            take(signal, if json.len() > max_record_bytes { Err(too_large()) } else { Ok(json.as_bytes()) });
            continue;
        }
        let (start, mut fields) = (values.out.len(), Fields::default());
        let written = values.record(max_record_bytes, &mut fields)?.and_then(|index| {
            if completes {
                span::complete(values.out, &fields, created_at);
                values.changed(index);
            }
            values
                .out
                .get(start..)
                .filter(|json| json.len() <= max_record_bytes)
                .ok_or_else(|| values.rejected(Fault::TooLarge, start, &fields))
        });
        take(signal, written);
        if values.out.len() > KEPT_BYTES {
            values.forget(0);
        }
    }
    Ok(())
}

/// A kind's signal, and whether its records get further fields here.
fn kind_of(kind: i32) -> Result<(Signal, bool), Fault> {
    if kind == COMPLETE_SPANS {
        return Ok((Signal::Traces, false));
    }
    let signal = Signal::from_index(kind).ok_or(Fault::Kind)?;
    Ok((signal, signal == Signal::Traces))
}

/// The string that is next, if it is one.
fn text<'a>(reader: &mut Reader<'a>) -> Result<Option<Cow<'a, str>>, Fault> {
    Ok(Some(if reader.skips(tag::ONE_BYTE_STRING)? {
        let latin1 = reader.string()?;
        match str::from_utf8(latin1) {
            Ok(ascii) if ascii.is_ascii() => Cow::Borrowed(ascii),
            _ => latin1.iter().map(|&byte| char::from(byte)).collect(),
        }
    } else if reader.skips(tag::TWO_BYTE_STRING)? {
        let (units, _) = reader.string()?.as_chunks::<2>();
        let units = units.iter().map(|&unit| u16::from_le_bytes(unit));
        char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else if reader.skips(tag::UTF8_STRING)? {
        String::from_utf8_lossy(reader.string()?)
    } else {
        return Ok(None);
    }))
}
