//! The format in which records cross from the JS thread: one buffer of V8's structured clone (see [`tag`]) with one
//! flat array. The array spells out the records in the order in which they were exported. `undefined` is a mark and
//! never a value.
//!
//! ```text
//! buffer    (kind | record | text)*
//! kind      number                     of the records that follow: the index of their signal, or COMPLETE_SPANS
//! record    undefined members
//! members   (string value)* undefined
//! value     null, true, false, number, string
//!           undefined members          object
//!           undefined number value*    array with this number of values
//!           undefined true number      Date, in milliseconds since 1970
//!           undefined false text       any value
//! text      string                     what `JSON.stringify` has made
//! ```
//!
//! A record is text when it has a `toJSON` of its own or very many values. A value is text when it is nested too deeply. Other JSON is made here, and spans that are no text get the further fields of the collector's schema.

mod fields;
mod json;
mod reader;
mod span;
pub mod tag;
mod transcode;

use std::borrow::Cow;

use thiserror::Error;

use crate::{event::RecordName, signal::Signal};
use fields::{Field, Fields};
use reader::Reader;
use transcode::Transcoder;

/// The kind of spans that have all fields of the collector's schema.
const COMPLETE_SPANS: i32 = 5;

/// Memory of this size is kept for the JSON of the next record.
const KEPT_BYTES: usize = 4 << 20;

/// Why a buffer or a value cannot be read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Fault {
    /// The version is not 15.
    #[error("it is not of the expected version")]
    Version,
    /// The buffer ends too early, or a length is beyond its end.
    #[error("it ends too early")]
    Truncated,
    /// A length contradicts another one, or is impossible.
    #[error("it contradicts itself about a length")]
    Length,
    /// The tag is one that the facade does not write.
    #[error("it holds something unexpected (tag {0})")]
    Tag(u8),
    /// A record has no kind before it, or the kind does not exist.
    #[error("it holds a record of no kind")]
    Kind,
    /// The nesting is deeper than anything the facade writes.
    #[error("it is nested too deeply")]
    Depth,
    /// The JSON is longer than a record may be.
    #[error("its JSON is too long")]
    TooLarge,
}

/// A record that cannot be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The cause.
    pub fault: Fault,
    /// What identifies the record, as far as is known.
    pub name: RecordName,
    /// The length of its JSON in bytes, as far as it was made.
    pub bytes: usize,
}

impl Rejected {
    /// Describes a record by the part of its JSON that was made.
    fn new(fault: Fault, json: &[u8], fields: &Fields) -> Self {
        let text = |field| serde_json::from_slice(json.get(fields.get(field)?)?).ok();
        let span_id = text(Field::SpanId).or_else(|| text(Field::Id));
        let name = RecordName { span_id, trace_id: text(Field::TraceId), name: text(Field::Name) };
        Self { fault, name, bytes: json.len() }
    }
}

/// Reads buffers, and keeps the memory for the next buffer.
#[derive(Debug, Default)]
pub struct Decoder {
    out: Vec<u8>,
    created_at: Vec<u8>,
}

impl Decoder {
    /// Reads a buffer and hands each record over. `created_at_ms`: when its spans were exported, in milliseconds since
    /// 1970.
    ///
    /// # Errors
    /// The fault of the buffer. The records before it have been handed over; the rest cannot be read.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        max_record_bytes: usize,
        created_at_ms: f64,
        take: impl FnMut(Signal, Result<&[u8], Rejected>),
    ) -> Result<(), Fault> {
        let Self { out, created_at } = self;
        created_at.clear();
        json::date(created_at, created_at_ms);
        let result = Reader::new(bytes)
            .and_then(|reader| read(Transcoder::new(reader, out), max_record_bytes, created_at, take));
        // The memory of one enormous record is not kept.
        out.clear();
        out.shrink_to(KEPT_BYTES);
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
    let length = values.reader.begin_array()?;
    loop {
        let tag = values.reader.tag()?;
        if tag == tag::ARRAY_END {
            return values.reader.end_array(length);
        }
        if tag == tag::INT32 {
            kind = Some(kind_of(values.reader.zigzag()?)?);
            continue;
        }
        let (signal, completes) = kind.ok_or(Fault::Kind)?;
        values.out.clear();
        if tag != tag::UNDEFINED {
            let json = text(tag, &mut values.reader)?;
            let json = json.as_bytes();
            let too_large = || Rejected { fault: Fault::TooLarge, name: RecordName::of(json), bytes: json.len() };
            take(signal, if json.len() > max_record_bytes { Err(too_large()) } else { Ok(json) });
            continue;
        }
        let mut fields = Fields::default();
        let written = values.record(max_record_bytes, &mut fields)?.and_then(|()| {
            if completes {
                span::complete(values.out, &fields, created_at);
            }
            let json = values.out.as_slice();
            if json.len() > max_record_bytes { Err(Rejected::new(Fault::TooLarge, json, &fields)) } else { Ok(json) }
        });
        take(signal, written);
    }
}

/// The signal of a kind, and whether its records get further fields here.
fn kind_of(kind: i32) -> Result<(Signal, bool), Fault> {
    if kind == COMPLETE_SPANS {
        return Ok((Signal::Traces, false));
    }
    let signal = Signal::from_index(kind).ok_or(Fault::Kind)?;
    Ok((signal, signal == Signal::Traces))
}

/// The string whose tag has been read.
fn text<'a>(tag: u8, reader: &mut Reader<'a>) -> Result<Cow<'a, str>, Fault> {
    Ok(match tag {
        tag::ONE_BYTE_STRING => {
            let latin1 = reader.string()?;
            match str::from_utf8(latin1) {
                Ok(ascii) if ascii.is_ascii() => Cow::Borrowed(ascii),
                _ => latin1.iter().map(|&byte| char::from(byte)).collect(),
            }
        }
        tag::TWO_BYTE_STRING => {
            let (units, _) = reader.string()?.as_chunks::<2>();
            let units = units.iter().map(|&unit| u16::from_le_bytes(unit));
            char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        tag::UTF8_STRING => String::from_utf8_lossy(reader.string()?),
        other => return Err(Fault::Tag(other)),
    })
}
