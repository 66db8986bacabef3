//! The text of an answer, beside its meaning.

use serde::Deserialize;

use super::answer::Outcome;

/// The limit on the part of an answer's text that is quoted in messages.
const MAX_TEXT_CHARS: usize = 200;
/// A token that is shorter is removed only where it stands alone. Parts of words are not the token, and without them an
/// answer could not be read.
const MIN_PART_BYTES: usize = 8;

/// The outcome of a request, and what the collector said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The meaning of the answer.
    pub outcome: Outcome,
    /// The text of the answer; `None` when there was no answer.
    pub said: Option<Said>,
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, said: None }
    }
}

/// The parts of an answer that a message quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Status code.
    pub status: u16,
    /// The beginning of its body, on one line and without control characters; empty when there is none.
    pub text: String,
    /// The records of an accepted request that the collector has not stored.
    pub refused: Option<Refused>,
}

/// Records that the collector has accepted but not stored; see [`Said::refused`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// The number of records.
    pub count: u64,
    /// Why the first of them was not stored; empty when the collector does not say.
    pub reason: String,
}

impl Said {
    /// Reads the beginning of an answer's body. `secret` is removed from its texts.
    #[must_use]
    pub fn new(status: u16, body: &[u8], secret: &str) -> Self {
        let refused = if (200..300).contains(&status) { refused(body, secret) } else { None };
        Self { status, text: shown(&String::from_utf8_lossy(body), secret), refused }
    }
}

/// The answers that report refused records: `{"refused": 5, "reason": "..."}` of the collector of this repository, and
/// `partialSuccess` of OTLP/HTTP, where counts may be strings.
#[derive(Deserialize)]
struct Partial {
    #[serde(default)]
    refused: Count,
    #[serde(default)]
    reason: String,
    #[serde(default, rename = "partialSuccess")]
    otlp: Otlp,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Otlp {
    rejected_spans: Count,
    rejected_log_records: Count,
    rejected_data_points: Count,
    error_message: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Number(u64),
    Text(String),
}

impl Default for Count {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl Count {
    fn get(&self) -> u64 {
        match self {
            Self::Number(count) => *count,
            Self::Text(text) => text.parse().unwrap_or(0),
        }
    }
}

fn refused(body: &[u8], secret: &str) -> Option<Refused> {
    let Partial { refused, reason, otlp } = serde_json::from_slice(body).ok()?;
    let rejected = [&otlp.rejected_spans, &otlp.rejected_log_records, &otlp.rejected_data_points];
    let count = rejected.into_iter().map(Count::get).fold(refused.get(), u64::saturating_add);
    let reason = if reason.is_empty() { otlp.error_message } else { reason };
    (count > 0).then(|| Refused { count, reason: shown(&reason, secret) })
}

fn shown(text: &str, secret: &str) -> String {
    let text = without(text, secret);
    let printable = text.trim().chars().map(|char| if char.is_control() { ' ' } else { char });
    printable.take(MAX_TEXT_CHARS).collect()
}

/// The text with `[redacted]` in place of the secret, because a server may send back what it received.
#[must_use]
pub fn without(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    if secret.len() >= MIN_PART_BYTES {
        return text.replace(secret, "[redacted]");
    }
    let (mut kept, mut from) = (String::with_capacity(text.len()), 0);
    for (at, found) in text.match_indices(secret) {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        if !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric) {
            kept.push_str(&text[from..at]);
            kept.push_str("[redacted]");
            from = at + found.len();
        }
    }
    kept + &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_quoted_on_one_line_and_without_the_token() {
        let said = Said::new(503, b"  try\x1b[31m later,\nBearer s3cret\0 \xff", "s3cret");
        assert_eq!(said.text, "try [31m later, Bearer [redacted]  \u{fffd}");
        assert_eq!(Said::new(500, "\u{e4}".repeat(300).as_bytes(), "").text.chars().count(), 200);
    }

    #[test]
    fn a_token_is_not_shown_in_part() {
        let body = format!("{}s3cret-token", "x".repeat(195));
        assert_eq!(Said::new(500, body.as_bytes(), "s3cret-token").text, format!("{}[reda", "x".repeat(195)));
    }

    #[test]
    fn a_short_token_is_removed_where_it_stands_alone() {
        for (token, body, expected) in [
            ("t", "try later, not t", "try later, not [redacted]"),
            ("t", "Bearer t", "Bearer [redacted]"),
            ("t", r#"{"authorization":"Bearer t"}"#, r#"{"authorization":"Bearer [redacted]"}"#),
            ("t", "t t", "[redacted] [redacted]"),
            ("s3cret", "s3cret: the s3crets of token=s3cret", "[redacted]: the s3crets of token=[redacted]"),
            ("\u{e4}", "B\u{e4}r \u{e4}", "B\u{e4}r [redacted]"),
            ("12345678", "a12345678b", "a[redacted]b"),
            ("--", "a -- b ---", "a [redacted] b [redacted]-"),
        ] {
            assert_eq!(Said::new(500, body.as_bytes(), token).text, expected, "{token}");
        }
    }

    #[test]
    fn the_reason_of_refused_records_does_not_show_the_token() {
        for body in [
            r#"{"refused":1,"reason":"no project of s3cret-token"}"#,
            r#"{"partialSuccess":{"rejectedSpans":1,"errorMessage":"no project of s3cret-token"}}"#,
        ] {
            let refused = Said::new(200, body.as_bytes(), "s3cret-token").refused;
            assert_eq!(refused.map(|refused| refused.reason).as_deref(), Some("no project of [redacted]"), "{body}");
        }
    }

    #[test]
    fn partial_success() {
        let refused = |count, reason: &str| Some(Refused { count, reason: reason.to_owned() });
        for (body, expected) in [
            (r#"{"stored":3,"refused":2,"reason":"no traceId"}"#, refused(2, "no traceId")),
            (r#"{"refused":5}"#, refused(5, "")),
            (r#"{"partialSuccess":{"rejectedSpans":"4","errorMessage":"too old"}}"#, refused(4, "too old")),
            (r#"{"partialSuccess":{"rejectedLogRecords":1}}"#, refused(1, "")),
            (r#"{"partialSuccess":{}}"#, None),
            (r#"{"refused":0}"#, None),
            (r#"{"refused":"many"}"#, None),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(Said::new(200, body.as_bytes(), "").refused, expected, "{body}");
        }
        assert_eq!(Said::new(400, br#"{"refused":5}"#, "").refused, None);
    }
}
