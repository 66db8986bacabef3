//! What an answer means.

use std::time::{Duration, SystemTime};

/// Header: the pause that the collector asks for.
pub const RETRY_AFTER: &str = "retry-after";
/// Header: `disabled` when the quota is used up.
pub const OBSERVABILITY: &str = "x-mastra-observability";
/// Header: when to ask again, in seconds.
pub const OBSERVABILITY_RETRY_AFTER: &str = "x-mastra-observability-retry-after";

/// The longest pause that a collector can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(5 * 60);
/// The wait before the first probe of a paused exporter when the collector names none (peer).
const QUOTA_PROBE_DEFAULT: Duration = Duration::from_secs(300);
/// The longest wait before a probe (peer: the longest wait of a JavaScript timer).
const QUOTA_PROBE_MAX: Duration = Duration::from_secs(2_147_483);

/// What becomes of a request. A running engine has no errors, only these outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The collector has accepted it.
    Delivered,
    /// Not delivered; another attempt may help.
    Retry {
        /// Why, in words.
        cause: String,
        /// The pause that the collector asks for, for all signals.
        after: Option<Duration>,
    },
    /// Too many requests for this signal (429): another attempt may help.
    TooMany {
        /// Why, in words.
        cause: String,
        /// The pause that the collector asks for, for this signal.
        after: Option<Duration>,
    },
    /// Too large: smaller bodies may pass.
    Split,
    /// The collector rejects the credentials (401 or 403).
    AuthRejected(u16),
    /// The quota is used up: to be asked again later, with a probe.
    QuotaExhausted {
        /// The wait before the probe.
        probe_after: Duration,
    },
    /// The collector does not accept compressed bodies: to be sent again uncompressed.
    Uncompressed,
    /// The collector cannot accept these records (400, 422): one of them may be the cause.
    Invalid {
        /// Why, in words.
        cause: String,
    },
    /// The collector will never accept it.
    Refused {
        /// Why, in words.
        cause: String,
    },
}

/// The parts of an answer that count here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// Status code.
    pub status: u16,
    /// The standard name of the status.
    pub reason: &'a str,
    /// `Retry-After`, as a wait from now.
    pub retry_after: Option<Duration>,
    /// `x-mastra-observability`.
    pub observability: Option<&'a str>,
    /// `x-mastra-observability-retry-after`.
    pub observability_retry_after: Option<&'a str>,
    /// Whether the exporter takes part in the quota contract.
    pub quota_pause: bool,
    /// Whether the body was compressed.
    pub compressed: bool,
}

/// Judges an answer. This is the one table of statuses.
#[must_use]
pub fn classify(answer: &Answer<'_>) -> Outcome {
    let &Answer { status, reason, .. } = answer;
    let disabled = answer.observability == Some("disabled");
    if answer.quota_pause && (status == 402 || disabled) && !matches!(status, 401 | 403) {
        return Outcome::QuotaExhausted { probe_after: quota_probe_after(answer.observability_retry_after) };
    }
    // The message of the peer, which users search for.
    let cause = format!("Request failed with status: {status} {reason}");
    let after = answer.retry_after.map(|after| after.min(RETRY_AFTER_MAX));
    match status {
        200..=299 => Outcome::Delivered,
        401 | 403 => Outcome::AuthRejected(status),
        413 => Outcome::Split,
        400 | 415 if answer.compressed => Outcome::Uncompressed,
        429 => Outcome::TooMany { cause, after },
        // 407: the environment names a proxy without its password. The collector itself has said nothing.
        407 | 408 | 425 | 500..=599 => Outcome::Retry { cause, after },
        400 | 422 => Outcome::Invalid { cause },
        _ => Outcome::Refused { cause },
    }
}

/// The wait that `Retry-After` asks for: seconds or an HTTP date (RFC 9110, 10.2.3). A date in the past means no wait.
#[must_use]
pub fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Some(seconds) = whole_seconds(text) {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// A number in digits; one that is too large for the type is the largest.
fn whole_seconds(text: &str) -> Option<u64> {
    let digits = text.trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Whole seconds in digits, 300 s for anything else (peer).
fn quota_probe_after(header: Option<&str>) -> Duration {
    match header.and_then(whole_seconds) {
        None | Some(0) => QUOTA_PROBE_DEFAULT,
        Some(seconds) => Duration::from_secs(seconds).min(QUOTA_PROBE_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16) -> Outcome {
        classify(&Answer { status, reason: "Reason", ..Answer::default() })
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn statuses() {
        let cause = |status| format!("Request failed with status: {status} Reason");
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(judged(status), Outcome::Delivered);
        }
        for status in [401, 403] {
            assert_eq!(judged(status), Outcome::AuthRejected(status));
        }
        for status in [407, 408, 425, 500, 502, 503, 504, 599] {
            assert_eq!(judged(status), Outcome::Retry { cause: cause(status), after: None });
        }
        for status in [301, 304, 307, 402, 404, 405, 410, 415, 431, 600] {
            assert_eq!(judged(status), Outcome::Refused { cause: cause(status) });
        }
        for status in [400, 422] {
            assert_eq!(judged(status), Outcome::Invalid { cause: cause(status) });
        }
        assert_eq!(judged(429), Outcome::TooMany { cause: cause(429), after: None });
        assert_eq!(judged(413), Outcome::Split);
    }

    #[test]
    fn a_collector_cannot_ask_for_more_than_five_minutes() {
        for (asked, kept) in [(7, 7), (300, 300), (301, 300), (u64::MAX, 300)] {
            let retry_after = Some(Duration::from_secs(asked));
            let Outcome::Retry { after, .. } = classify(&Answer { status: 503, retry_after, ..Answer::default() })
            else {
                panic!("503 is retried");
            };
            assert_eq!(after, Some(Duration::from_secs(kept)));
        }
    }

    #[test]
    fn a_compressed_body_that_is_not_understood_goes_plain() {
        for status in [400, 415] {
            let answer = Answer { status, compressed: true, ..Answer::default() };
            assert_eq!(classify(&answer), Outcome::Uncompressed);
        }
    }

    #[test]
    fn quota_is_paused_only_under_its_contract() {
        let paused = |status, observability, header| {
            let observability_retry_after = header;
            classify(&Answer {
                status,
                observability,
                observability_retry_after,
                quota_pause: true,
                ..Answer::default()
            })
        };
        let probe = |seconds| Outcome::QuotaExhausted { probe_after: Duration::from_secs(seconds) };
        assert_eq!(paused(402, None, None), probe(300));
        assert_eq!(paused(200, Some("disabled"), Some(" 45 ")), probe(45));
        assert_eq!(paused(200, Some("Disabled"), Some("45")), Outcome::Delivered);
        assert_eq!(paused(401, Some("disabled"), None), Outcome::AuthRejected(401));
        for (header, seconds) in [("", 300), ("0", 300), ("-1", 300), ("1.5", 300), ("soon", 300), ("9", 9)] {
            assert_eq!(paused(402, None, Some(header)), probe(seconds), "{header}");
        }
        assert_eq!(paused(402, None, Some("99999999999999999999999")), probe(2_147_483));
        let without = Answer { status: 200, observability: Some("disabled"), ..Answer::default() };
        assert_eq!(classify(&without), Outcome::Delivered);
    }
}
