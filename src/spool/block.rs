//! Records as they cross between engine and spool: numbers without a gap, and their JSON in one piece.

use std::ops::Range;

/// Records of one signal whose numbers follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The number of the first.
    pub first: u64,
    /// When the first was exported, in milliseconds since 1970.
    pub wall_ms: u64,
    /// The length of each.
    pub lengths: Vec<u32>,
    /// Their JSON, one after the other.
    pub json: Vec<u8>,
}

impl Block {
    /// A block of one record.
    #[must_use]
    pub fn of(first: u64, wall_ms: u64, json: &[u8]) -> Self {
        let mut block = Self { first, wall_ms, ..Self::default() };
        block.push(json);
        block
    }

    /// Adds the record with the next number.
    pub fn push(&mut self, json: &[u8]) {
        // `maxRecordBytes` is far below.
        self.lengths.push(u32::try_from(json.len()).unwrap_or(u32::MAX));
        self.json.extend_from_slice(json);
    }

    /// The numbers of its records.
    #[must_use]
    pub fn numbers(&self) -> Range<u64> {
        self.first..self.first + self.lengths.len() as u64
    }

    /// The JSON of each record.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.lengths.iter().map(move |&length| {
            let end = start + length as usize;
            let record = self.json.get(start..end).unwrap_or_default();
            start = end;
            record
        })
    }
}
