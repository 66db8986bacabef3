//! The fields on the first level of a record that the engine needs: for its warnings, and for the further fields of a
//! span.

use std::ops::Range;

/// The fields that were found on the first level of a record.
#[derive(Debug, Default)]
pub struct Fields {
    found: [Option<Range<usize>>; Field::ALL.len()],
}

/// A field on the first level of a record that the engine needs.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    /// `id`
    Id,
    /// `type`
    Type,
    /// `startTime`
    StartTime,
    /// `endTime`
    EndTime,
    /// `errorInfo`
    ErrorInfo,
    /// `spanId`
    SpanId,
    /// `traceId`
    TraceId,
    /// `name`
    Name,
}

impl Field {
    const ALL: [(&'static [u8], Self); 8] = [
        (br#""id""#, Self::Id),
        (br#""type""#, Self::Type),
        (br#""startTime""#, Self::StartTime),
        (br#""endTime""#, Self::EndTime),
        (br#""errorInfo""#, Self::ErrorInfo),
        (br#""spanId""#, Self::SpanId),
        (br#""traceId""#, Self::TraceId),
        (br#""name""#, Self::Name),
    ];

    /// The field whose name is this JSON string.
    #[must_use]
    pub fn of(json: &[u8]) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == json).map(|&(_, field)| field)
    }
}

impl Fields {
    /// The position of its JSON in the output.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<Range<usize>> {
        self.found.get(field as usize).cloned().flatten()
    }

    /// Notes the position of the field's JSON.
    pub fn note(&mut self, field: Field, value: Range<usize>) {
        if let Some(found) = self.found.get_mut(field as usize) {
            *found = Some(value);
        }
    }
}
