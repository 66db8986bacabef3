//! A set of record numbers, kept as ranges that neither touch nor overlap.

use std::{collections::BTreeMap, ops::Range};

/// See the module. Empty ranges change nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// Start to end, exclusive.
    ranges: BTreeMap<u64, u64>,
    count: u64,
}

impl Ranges {
    /// How many numbers are in it.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether no number is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds numbers; those that are in it already stay in it.
    pub fn insert(&mut self, range: Range<u64>) {
        let Range { mut start, mut end } = range;
        if start >= end {
            return;
        }
        self.count += end - start;
        // Joins it with each range that touches it: the last one that starts at or before its end, until none is left.
        while let Some((&other_start, &other_end)) = self.ranges.range(..=end).next_back() {
            if other_end < start {
                break;
            }
            self.ranges.remove(&other_start);
            self.count -= overlap(&(start..end), &(other_start..other_end));
            start = start.min(other_start);
            end = end.max(other_end);
        }
        self.ranges.insert(start, end);
    }

    /// Takes numbers out; returns those that were in it.
    pub fn remove(&mut self, range: &Range<u64>) -> Vec<Range<u64>> {
        let taken = self.within(range);
        for part in &taken {
            let Some((&start, &end)) = self.ranges.range(..=part.start).next_back() else { continue };
            self.ranges.remove(&start);
            if start < part.start {
                self.ranges.insert(start, part.start);
            }
            if part.end < end {
                self.ranges.insert(part.end, end);
            }
            self.count -= part.end - part.start;
        }
        taken
    }

    /// Which of these numbers are in it.
    #[must_use]
    pub fn within(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let before = self.ranges.range(..range.start).next_back();
        let from = self.ranges.range(range.start..range.end.max(range.start));
        let parts = before.into_iter().chain(from).map(|(&start, &end)| start.max(range.start)..end.min(range.end));
        parts.filter(|part| part.start < part.end).collect()
    }

    /// The first of them.
    #[must_use]
    pub fn first(&self) -> Option<Range<u64>> {
        self.iter().next()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> {
        self.ranges.iter().map(|(&start, &end)| start..end)
    }
}

/// How many numbers of ranges.
#[must_use]
pub fn count(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> u64 {
    one.end.min(other.end).saturating_sub(one.start.max(other.start))
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "ranges are what is compared")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn does_what_a_set_of_numbers_does() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..500 {
            let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
            for _ in 0..40 {
                let start = random.u64(0..60);
                let range = start..start + random.u64(0..20);
                let taken: Vec<u64> = if random.bool() {
                    ranges.insert(range.clone());
                    set.extend(range.clone());
                    continue;
                } else {
                    ranges.remove(&range).into_iter().flatten().collect()
                };
                let expected: Vec<u64> = set.extract_if(range.clone(), |_| true).collect();
                assert_eq!(taken, expected);
                assert!(ranges.iter().flatten().eq(set.iter().copied()));
                assert_eq!((ranges.count(), ranges.is_empty()), (set.len() as u64, set.is_empty()));
                let part = start / 2..start;
                assert!(ranges.within(&part).into_iter().flatten().eq(set.range(part).copied()));
            }
            let parts: Vec<_> = ranges.iter().collect();
            assert!(parts.windows(2).all(|pair| pair[0].end < pair[1].start), "ranges that touch are one");
        }
    }

    #[test]
    fn the_largest_number() {
        let mut ranges = Ranges::default();
        ranges.insert(u64::MAX - 1..u64::MAX);
        assert_eq!(ranges.within(&(0..u64::MAX)), [u64::MAX - 1..u64::MAX]);
        assert_eq!(count(&ranges.remove(&(0..u64::MAX))), 1);
    }
}
