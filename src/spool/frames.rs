//! The frames of a file, and what stands between them.

use super::frame::{Frame, MARK, read};

/// What stands next in a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A frame whose checksum holds.
    Frame(Frame<'a>),
    /// Bytes that are none.
    Damaged(&'a [u8]),
}

/// The search for frames behind damage may read this many times the length of the file. Damage costs its own length twice
/// at most: once for the lengths of the records, once for the checksum. A file that somebody made on purpose could cost its
/// length for each of its marks.
const SEARCH_FACTOR: usize = 4;

/// The frames of a file, up to [`Frame::End`]. Behind what cannot be read it goes on at the next mark.
#[derive(Debug)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    /// The bytes that may still be read in vain.
    budget: usize,
}

impl<'a> Frames<'a> {
    /// `bytes`: what follows the header.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, budget: bytes.len().saturating_mul(SEARCH_FACTOR) }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        if self.bytes.is_empty() {
            return None;
        }
        if let Some((frame, rest)) = read(self.bytes, &mut self.budget) {
            self.bytes = if frame == Frame::End { &[] } else { rest };
            return Some(Found::Frame(frame));
        }
        let mut damaged = 1;
        while let Some(rest) = self.bytes.get(damaged..).filter(|rest| !rest.is_empty()) {
            match rest.iter().position(|&byte| byte == MARK[0]) {
                Some(at) if rest.get(at..).is_some_and(|rest| read(rest, &mut self.budget).is_some()) => {
                    damaged += at;
                    break;
                }
                Some(at) => damaged += at + 1,
                None => damaged = self.bytes.len(),
            }
        }
        let (damaged, rest) = self.bytes.split_at_checked(damaged).unwrap_or((self.bytes, &[]));
        self.bytes = rest;
        Some(Found::Damaged(damaged))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::frame::{CHECKED, PREFIX, RECORDS, begin_records, write_ack, write_end},
        *,
    };

    fn write_records(out: &mut Vec<u8>, first: u64, wall_ms: u64, lengths: &[u32], json: &[u8]) {
        begin_records(out, first, wall_ms, lengths, json);
        out.extend_from_slice(json);
    }

    fn two_frames() -> (Vec<u8>, usize) {
        let mut bytes = Vec::new();
        write_records(&mut bytes, 7, 99, &[1, 2], b"123");
        let second = bytes.len();
        write_ack(&mut bytes, &(3..5));
        (bytes, second)
    }

    #[test]
    fn what_is_written_is_read() {
        let (bytes, _) = two_frames();
        let found: Vec<_> = Frames::new(&bytes).collect();
        let [Found::Frame(Frame::Records(records)), Found::Frame(Frame::Ack(numbers))] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((records.numbers(), records.wall_ms, numbers), (7..9, 99, &(3..5)));
        assert_eq!(records.iter().collect::<Vec<_>>(), [b"1".as_slice(), b"23"]);
    }

    #[test]
    fn what_is_left_of_an_earlier_use_is_not_read() {
        let (mut bytes, _) = two_frames();
        let earlier = bytes.clone();
        write_end(&mut bytes);
        bytes.extend_from_slice(&earlier[5..]);
        let found: Vec<_> = Frames::new(&bytes).collect();
        assert!(matches!(
            found.as_slice(),
            [Found::Frame(Frame::Records(_)), Found::Frame(Frame::Ack(_)), Found::Frame(Frame::End)]
        ));
    }

    #[test]
    fn any_flipped_bit_costs_its_frame_and_no_other() {
        let (bytes, second) = two_frames();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let found: Vec<_> = Frames::new(&bytes).collect();
            let intact = found.iter().filter(|found| matches!(found, Found::Frame(_))).count();
            assert_eq!(intact, 1, "bit {bit}");
            let damaged: usize =
                found.iter().map(|found| if let Found::Damaged(bytes) = found { bytes.len() } else { 0 }).sum();
            assert_eq!(damaged, if bit / 8 < second { second } else { bytes.len() - second }, "bit {bit}");
        }
    }

    #[test]
    fn any_cut_costs_the_frame_it_cuts() {
        let (bytes, second) = two_frames();
        for length in 0..bytes.len() {
            let found: Vec<_> = Frames::new(&bytes[..length]).collect();
            let intact = found.iter().filter(|found| matches!(found, Found::Frame(_))).count();
            assert_eq!(intact, usize::from(length >= second), "{length}");
        }
    }

    #[test]
    fn numbers_and_lengths_that_cannot_be_are_damage() {
        for (first, lengths, json) in
            [(u64::MAX, [1, 2].as_slice(), b"123".as_slice()), (0, &[1], b"12"), (0, &[], b"")]
        {
            let mut bytes = Vec::new();
            write_records(&mut bytes, first, 0, lengths, json);
            assert_eq!(Frames::new(&bytes).next(), Some(Found::Damaged(&bytes)));
        }
    }

    #[test]
    fn a_file_full_of_marks_is_read_in_a_time_that_grows_with_its_length() {
        // Each mark begins a frame of one record whose length is right and whose checksum is not.
        const PART: usize = PREFIX + 25 + 11;
        for parts in [100, 10_000] {
            let mut bytes = Vec::new();
            for part in (0..parts).rev() {
                let json = u32::try_from(11 + part * PART).unwrap();
                bytes.extend_from_slice(&MARK);
                bytes.extend_from_slice(&(json + 25).to_le_bytes());
                bytes.extend_from_slice(&[0; 4]);
                bytes.push(RECORDS);
                bytes.extend_from_slice(&[0; 16]);
                bytes.extend_from_slice(&1_u32.to_le_bytes());
                bytes.extend_from_slice(&json.to_le_bytes());
                bytes.extend_from_slice(&[b'x'; 11]);
            }
            CHECKED.set(0);
            assert_eq!(Frames::new(&bytes).collect::<Vec<_>>(), [Found::Damaged(&bytes)]);
            assert!(CHECKED.get() <= SEARCH_FACTOR * bytes.len(), "{} of {}", CHECKED.get(), bytes.len());
        }
    }

    #[test]
    fn random_damage_never_costs_a_frame_that_it_did_not_hit() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..500 {
            let (mut bytes, mut frames) = (Vec::new(), Vec::new());
            for number in 0..random.u64(1..40) {
                let start = bytes.len();
                let lengths: Vec<u32> = (0..random.usize(1..30)).map(|_| random.u32(0..200)).collect();
                let json = vec![b'x'; lengths.iter().sum::<u32>() as usize];
                write_records(&mut bytes, number * 100, 0, &lengths, &json);
                frames.push((start..bytes.len(), number * 100));
            }
            let hits: Vec<usize> = (0..random.usize(0..60)).map(|_| random.usize(0..bytes.len())).collect();
            for &at in &hits {
                bytes[at] = random.u8(..);
            }
            let found: Vec<u64> = Frames::new(&bytes)
                .filter_map(
                    |found| if let Found::Frame(Frame::Records(records)) = found { Some(records.first) } else { None },
                )
                .collect();
            let whole = frames.iter().filter(|(range, _)| !hits.iter().any(|hit| range.contains(hit)));
            let missing: Vec<u64> = whole.map(|(_, first)| *first).filter(|first| !found.contains(first)).collect();
            assert_eq!(missing, Vec::<u64>::new());
        }
    }
}
