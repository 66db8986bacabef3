//! Arrays: JSON shows their elements, a clone also holds their named properties.

use super::{
    Fault, tag,
    transcode::{Key, Transcoder, expect},
};

impl Transcoder<'_, '_> {
    pub(super) fn dense_array<const WRITE: bool>(&mut self) -> Result<(), Fault> {
        let length = self.reader.varint()?;
        if length as usize > self.reader.left() {
            return Err(Fault::Truncated);
        }
        self.write::<WRITE>(|out| out.push(b'['));
        for index in 0..length {
            if WRITE && index > 0 {
                self.out.push(b',');
            }
            self.value::<WRITE>(None)?;
        }
        self.write::<WRITE>(|out| out.push(b']'));
        let count = self.properties(tag::DENSE_ARRAY_END)?;
        expect(self.reader.varint()?, count)?;
        expect(self.reader.varint()?, length)
    }

    pub(super) fn sparse_array<const WRITE: bool>(&mut self) -> Result<(), Fault> {
        let length = self.reader.varint()?;
        self.write::<WRITE>(|out| out.push(b'['));
        let (mut next, mut count) = (0, 0);
        loop {
            let tag = self.reader.tag()?;
            if tag == tag::SPARSE_ARRAY_END {
                break;
            }
            let key = self.key(tag)?;
            count += 1;
            match key {
                // Elements come first, in order; anything else is a named property.
                Key::Number(index) if (f64::from(next)..f64::from(length)).contains(&index) && index.fract() == 0.0 => {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "an integer below length"
                    )]
                    let index = index as u32;
                    self.nulls::<WRITE>(next, index)?;
                    if WRITE && index > 0 {
                        self.out.push(b',');
                    }
                    self.value::<WRITE>(None)?;
                    next = index + 1;
                }
                _ => self.value::<false>(None)?,
            }
        }
        self.nulls::<WRITE>(next, length)?;
        self.write::<WRITE>(|out| out.push(b']'));
        expect(self.reader.varint()?, count)?;
        expect(self.reader.varint()?, length)
    }

    /// The elements from one index to before another are not there.
    fn nulls<const WRITE: bool>(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        if !WRITE {
            return Ok(());
        }
        let bytes = (to - from) as usize * "null,".len();
        self.fits(bytes)?;
        for index in from..to {
            self.out.extend_from_slice(if index > 0 { b",null" } else { b"null" });
        }
        Ok(())
    }

    /// Passes over the named properties of an array; answers how many.
    fn properties(&mut self, end: u8) -> Result<u32, Fault> {
        let mut count = 0;
        loop {
            let tag = self.reader.tag()?;
            if tag == end {
                return Ok(count);
            }
            self.key(tag)?;
            self.value::<false>(None)?;
            count += 1;
        }
    }
}
