//! Writes values as `JSON.stringify` does (ECMA-262, `QuoteJSONString` and `Number::toString`).

use std::ops::RangeInclusive;

/// The number of bytes or units that are examined together: the compiler makes a few vector instructions of each group.
const CHUNK: usize = 32;
/// A power of two.
const DENSE: usize = 16;
const UNITS: usize = 16;
const WIDE_UNITS: usize = 8;

/// The milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// The years that an ISO date writes with four digits.
const FOUR_DIGITS: RangeInclusive<i64> = 0..=9999;
/// The integers that a double holds exactly and that are written without an exponent: -2^53..=2^53.
const EXACT: RangeInclusive<f64> = -9_007_199_254_740_992.0..=9_007_199_254_740_992.0;

/// A string of Latin-1 bytes.
pub fn latin1(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    while !rest.is_empty() {
        let Some((plain, after)) = rest.split_at_checked(plain_len(rest)) else { break };
        out.extend_from_slice(plain);
        rest = after;
        // In text that is itself JSON the next quote is near: searching for it would cost more than copying.
        while let Some((chunk, after)) = rest.split_first_chunk::<DENSE>() {
            let Some((bytes, len)) = escaped_chunk(chunk) else { break };
            out.extend_from_slice(bytes.get(..len).unwrap_or_default());
            rest = after;
            if len == DENSE {
                break;
            }
        }
        let Some((&byte, after)) = rest.split_first() else { break };
        if byte < 0x80 {
            ascii(out, byte);
        } else {
            two_bytes(out, u16::from(byte));
        }
        rest = after;
    }
    out.push(b'"');
}

/// Marks bytes that a JSON string cannot contain and whose escape is longer than a backslash and one letter.
const RARE: u8 = 1;
/// For each byte the letter after the backslash of its escape; 0 for bytes without such an escape.
#[expect(clippy::indexing_slicing, reason = "all indices are bytes")]
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = if matches!(byte, 0x20..0x80) { 0 } else { RARE };
        byte += 1;
    }
    (table[0x08], table[0x0C]) = (b'b', b'f');
    (table[b'\t' as usize], table[b'\n' as usize], table[b'\r' as usize]) = (b't', b'n', b'r');
    (table[b'"' as usize], table[b'\\' as usize]) = (b'"', b'\\');
    table
};

/// Bytes of which many need an escape, escaped, and the number of bytes that this gives; `None` when one of them needs
/// a longer escape. Has no branch for each byte: both bytes of an escape are always written, and the second is
/// overwritten where there is no escape.
#[expect(clippy::indexing_slicing, reason = "masked, or a byte")]
fn escaped_chunk(chunk: &[u8; DENSE]) -> Option<([u8; 2 * DENSE + 1], usize)> {
    let (mut bytes, mut len, mut rare) = ([0; 2 * DENSE + 1], 0, false);
    for &byte in chunk {
        let escape = ESCAPES[usize::from(byte)];
        rare |= escape == RARE;
        let at = len & (2 * DENSE - 1);
        bytes[at] = if escape == 0 { byte } else { b'\\' };
        bytes[at + 1] = escape;
        len += 1 + usize::from(escape != 0);
    }
    (!rare).then_some((bytes, len))
}

/// A string of UTF-16LE units. A surrogate without its other half is written as an escape.
pub fn utf16(out: &mut Vec<u8>, text: &[[u8; 2]]) {
    out.push(b'"');
    let mut rest = text;
    while let Some((&unit, after)) = rest.split_first() {
        let unit = u16::from_le_bytes(unit);
        if unit < 0x80
            && let Some((chunk, after)) = rest.split_first_chunk::<UNITS>()
            && let Some(bytes) = narrowed(chunk)
        {
            out.extend_from_slice(&bytes);
            rest = after;
            continue;
        }
        if unit >= 0x800
            && let Some((chunk, after)) = rest.split_first_chunk::<WIDE_UNITS>()
            && let Some(bytes) = widened(chunk)
        {
            out.extend_from_slice(&bytes);
            rest = after;
            continue;
        }
        rest = after;
        match unit {
            0..0x80 => ascii(out, low_byte(unit)),
            0x80..0x800 => two_bytes(out, unit),
            0xD800..0xE000 => {
                let next = after.first().map(|&next| u16::from_le_bytes(next));
                if let Some(Ok(pair)) = char::decode_utf16([unit].into_iter().chain(next)).next() {
                    out.extend_from_slice(pair.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = after.get(1..).unwrap_or_default();
                } else {
                    escaped(out, unit);
                }
            }
            _ => out.extend_from_slice(&three_bytes(unit)),
        }
    }
    out.push(b'"');
}

/// An integer.
pub fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A number; `null` if it is not finite.
pub fn double(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        out.extend_from_slice(b"null");
    } else if value.fract() == 0.0 && EXACT.contains(&value) {
        // -0 becomes 0 here, as in `JSON.stringify`.
        integer(out, whole(value));
    } else {
        out.extend_from_slice(ryu_js::Buffer::new().format_finite(value).as_bytes());
    }
}

/// `Date.prototype.toJSON`: `"2026-11-21T12:00:00.000Z"`; `null` if it is not finite.
pub fn date(out: &mut Vec<u8>, ms: f64) {
    if !ms.is_finite() {
        out.extend_from_slice(b"null");
        return;
    }
    let ms = whole(ms);
    let (days, ms) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let (year, month, day) = civil(days);
    out.push(b'"');
    if FOUR_DIGITS.contains(&year) {
        digits::<4>(out, year);
    } else {
        out.push(if year < 0 { b'-' } else { b'+' });
        digits::<6>(out, year.abs());
    }
    let seconds = ms / 1000;
    for (before, value) in
        [(b'-', month), (b'-', day), (b'T', seconds / 3600), (b':', seconds / 60 % 60), (b':', seconds % 60)]
    {
        out.push(before);
        digits::<2>(out, value);
    }
    out.push(b'.');
    digits::<3>(out, ms % 1000);
    out.extend_from_slice(b"Z\"");
}

/// Year, month and day of a day since 1970 in the Gregorian calendar, by eras of 400 years that begin on 1 March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn digits<const N: usize>(out: &mut Vec<u8>, value: i64) {
    let mut rest = value;
    let mut digits = [0; N];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    out.extend_from_slice(&digits);
}

/// Whether a JSON string has to escape a byte.
#[expect(clippy::needless_bitwise_bool, reason = "a branch for each comparison would not be made vector instructions")]
fn special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\') | (byte >= 0x80)
}

/// The number of bytes from the start that can be copied.
fn plain_len(text: &[u8]) -> usize {
    // In text that is itself JSON the next quote is near: a group would be examined again for each quote.
    let (head, rest) = text.split_at_checked(CHUNK).unwrap_or((text, &[]));
    let near = plain_words_len(head);
    if near < head.len() || rest.is_empty() {
        return near;
    }
    let (chunks, _) = rest.as_chunks::<CHUNK>();
    let plain = |chunk: &&[u8; CHUNK]| !chunk.iter().fold(false, |any, &byte| any | special(byte));
    let whole = CHUNK * (1 + chunks.iter().take_while(plain).count());
    whole + plain_words_len(text.get(whole..).unwrap_or_default())
}

/// The number of bytes from the start that can be copied, eight at a time: the lowest set bit of a word marks its first
/// special byte.
fn plain_words_len(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGHS: u64 = ONES << 7;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let equal = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (words, tail) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let special = (word | below(word, 0x20) | equal(word, b'"') | equal(word, b'\\')) & HIGHS;
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + tail.iter().position(|&byte| special(byte)).unwrap_or(tail.len())
}

/// Units that are all ASCII and need no escape, as bytes.
fn narrowed(units: &[[u8; 2]; UNITS]) -> Option<[u8; UNITS]> {
    let high = units.iter().fold(0, |all, unit| all | unit[1]);
    let low = units.map(|unit| unit[0]);
    let special = low.iter().fold(false, |any, &byte| any | special(byte));
    (high == 0 && !special).then_some(low)
}

/// Units that all become three bytes of UTF-8, as these bytes.
fn widened(units: &[[u8; 2]; WIDE_UNITS]) -> Option<[u8; 3 * WIDE_UNITS]> {
    let units = units.map(u16::from_le_bytes);
    if units.iter().any(|unit| matches!(unit, 0..0x800 | 0xD800..0xE000)) {
        return None;
    }
    let mut bytes = [0; 3 * WIDE_UNITS];
    let (triples, _) = bytes.as_chunks_mut::<3>();
    for (triple, unit) in triples.iter_mut().zip(units) {
        *triple = three_bytes(unit);
    }
    Some(bytes)
}

fn ascii(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0C => b'f',
        b'\r' => b'r',
        0..0x20 => return escaped(out, u16::from(byte)),
        _ => return out.push(byte),
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// `\uXXXX`, lower case as ECMAScript has it.
fn escaped(out: &mut Vec<u8>, unit: u16) {
    let hex = [12, 8, 4, 0]
        .map(|shift| char::from_digit(u32::from(unit >> shift & 0xF), 16).map_or(b'0', |digit| digit as u8));
    out.extend_from_slice(b"\\u");
    out.extend_from_slice(&hex);
}

fn two_bytes(out: &mut Vec<u8>, unit: u16) {
    out.extend_from_slice(&[0xC0 | low_byte(unit >> 6), 0x80 | low_byte(unit) & 0xBF]);
}

fn three_bytes(unit: u16) -> [u8; 3] {
    [0xE0 | low_byte(unit >> 12), 0x80 | low_byte(unit >> 6) & 0xBF, 0x80 | low_byte(unit) & 0xBF]
}

fn low_byte(unit: u16) -> u8 {
    unit.to_le_bytes()[0]
}

#[expect(clippy::cast_possible_truncation, reason = "whole, and within 2^53 or the range of dates")]
fn whole(value: f64) -> i64 {
    value as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output does not depend on these: what is not found to be plain is written byte by byte.
    #[test]
    fn what_can_be_copied_is_found_to_the_byte() {
        let plain = [b' ', b'!', b'#', b'[', b']', b'a', 0x7F];
        let escaped = [0, 0x1F, b'"', b'\\', 0x80, 0xC3, 0xFF];
        for len in 0..80 {
            for fill in plain {
                let mut text = vec![fill; len];
                assert_eq!((plain_len(&text), plain_words_len(&text)), (len, len));
                for at in 0..len {
                    for byte in escaped {
                        text[at] = byte;
                        assert_eq!((plain_len(&text), plain_words_len(&text)), (at, at), "{byte} at {at} of {len}");
                    }
                    text[at] = fill;
                }
            }
        }
    }

    /// A group is no less special for having several special characters.
    #[test]
    fn several_escapes_in_a_group_are_all_written() {
        for (special, count) in
            ["\"", "\\", "\n", "\u{1}", "é"].into_iter().flat_map(|text| (1..=4).map(move |count| (text, count)))
        {
            for before in 0..3 * CHUNK {
                let text = format!("{}{}{}", "x".repeat(before), special.repeat(count), "y".repeat(CHUNK));
                let expected = serde_json::to_string(&text).unwrap();
                let units: Vec<[u8; 2]> = text.encode_utf16().map(u16::to_le_bytes).collect();
                let bytes: Vec<u8> = units.iter().map(|unit| unit[0]).collect();
                let (mut narrow, mut wide) = (Vec::new(), Vec::new());
                latin1(&mut narrow, &bytes);
                utf16(&mut wide, &units);
                assert_eq!((str::from_utf8(&narrow), str::from_utf8(&wide)), (Ok(&*expected), Ok(&*expected)));
            }
        }
    }

    #[test]
    fn groups_are_written_at_once() {
        let mut chunk = [b'x'; DENSE];
        assert_eq!(escaped_chunk(&chunk).map(|(_, len)| len), Some(DENSE));
        chunk[3] = b'"';
        assert_eq!(escaped_chunk(&chunk).map(|(_, len)| len), Some(DENSE + 1));
        chunk[5] = 0x01;
        assert_eq!(escaped_chunk(&chunk).map(|(_, len)| len), None);
        assert_eq!(narrowed(&[[b'x', 0]; UNITS]), Some([b'x'; UNITS]));
        for unit in [[b'"', 0], [b'x', 1], [0x80, 0]] {
            let mut units = [[b'x', 0]; UNITS];
            units[7] = unit;
            assert_eq!(narrowed(&units), None);
        }
        assert_eq!(
            widened(&['漢' as u16; WIDE_UNITS].map(u16::to_le_bytes)).map(|bytes| bytes.len()),
            Some(3 * WIDE_UNITS)
        );
    }
}
