//! The keys of objects, which a buffer names once.

use super::{Fault, fields::Field, string::Text};

/// Between two keys of a shape.
const SEPARATOR: u8 = 0;
/// The limit on the JSON of keys whose memory is kept for the next buffer.
const KEPT_BYTES: usize = 256 << 10;

/// A key of a shape.
#[derive(Debug)]
pub struct Key {
    start: usize,
    end: usize,
    /// The field of this name, for records.
    pub field: Option<Field>,
}

/// The shapes of a buffer. Shape 0 has no keys; the others are counted from 1.
#[derive(Debug, Default)]
pub struct Shapes {
    /// All keys as JSON, each with a colon.
    json: Vec<u8>,
    keys: Vec<Key>,
    /// For each shape the number of keys up to its last.
    ends: Vec<usize>,
}

impl Shapes {
    /// Forgets all shapes. Their memory is kept for the next buffer, unless there are very many.
    pub fn clear(&mut self) {
        if self.json.capacity() > KEPT_BYTES {
            *self = Self::default();
        }
        self.json.clear();
        self.keys.clear();
        self.ends.clear();
    }

    /// Adds the next shape.
    ///
    /// # Errors
    /// [`Fault::Tag`] when the text is UTF-8.
    pub fn add(&mut self, text: Text<'_>) -> Result<(), Fault> {
        let mut rest = Some(text);
        while let Some(text) = rest {
            let (key, after) = text.split_once(SEPARATOR);
            let start = self.json.len();
            key.write(&mut self.json)?;
            let field = self.json.get(start..).and_then(Field::of);
            self.json.push(b':');
            self.keys.push(Key { start, end: self.json.len(), field });
            rest = after;
        }
        self.ends.push(self.keys.len());
        Ok(())
    }

    /// The keys of a shape.
    ///
    /// # Errors
    /// [`Fault::Shape`] when there is no such shape.
    pub fn keys(&self, shape: usize) -> Result<&[Key], Fault> {
        let Some(index) = shape.checked_sub(1) else { return Ok(&[]) };
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let keys = start.zip(self.ends.get(index)).and_then(|(start, &end)| self.keys.get(start..end));
        keys.ok_or(Fault::Shape)
    }

    /// A key as JSON, with a colon.
    #[must_use]
    pub fn json(&self, key: &Key) -> &[u8] {
        self.json.get(key.start..key.end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_very_many_keys_is_not_kept() {
        for (count, kept) in [(1, true), (KEPT_BYTES, false)] {
            let mut shapes = Shapes::default();
            for _ in 0..count {
                assert_eq!(shapes.add(Text::OneByte(b"k")), Ok(()));
            }
            shapes.clear();
            let capacities = [shapes.json.capacity(), shapes.keys.capacity(), shapes.ends.capacity()];
            assert_eq!(capacities.map(|capacity| capacity > 0), [kept; 3]);
            assert_eq!(shapes.keys(1).err(), Some(Fault::Shape));
        }
    }
}
