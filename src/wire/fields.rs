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
        (b"id", Self::Id),
        (b"type", Self::Type),
        (b"startTime", Self::StartTime),
        (b"endTime", Self::EndTime),
        (b"errorInfo", Self::ErrorInfo),
        (b"spanId", Self::SpanId),
        (b"traceId", Self::TraceId),
        (b"name", Self::Name),
    ];
}

impl Fields {
    /// The position of its JSON in the output.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<Range<usize>> {
        self.found.get(field as usize).cloned().flatten()
    }

    /// Notes the position of a property's JSON.
    pub fn note(&mut self, key: &[u8], value: Range<usize>) {
        let field = Field::ALL.iter().find(|(name, _)| *name == key).map(|&(_, field)| field);
        if let Some(found) = field.and_then(|field| self.found.get_mut(field as usize)) {
            *found = Some(value);
        }
    }
}
