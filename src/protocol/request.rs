//! A request to the collector: its URL, its headers, and the frame around its records.

use std::{
    char::TryFromCharError,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use reqwest::Url;

use crate::signal::Signal;

/// Says that the exporter takes part in the quota contract (peer: `OBSERVABILITY_CAPABILITIES_HEADER`).
pub const CAPABILITIES: (&str, &str) = ("x-mastra-observability-capabilities", "quota-pause-v1");

/// Where each signal goes, by [`Signal::index`].
#[derive(Clone, Debug)]
pub struct Endpoints([Endpoint; Signal::ALL.len()]);

#[derive(Clone, Debug)]
struct Endpoint {
    url: String,
    /// For people: without credentials, query and fragment.
    shown: String,
    /// Scheme, host and port; `None` of a text that is no URL.
    origin: Option<String>,
}

impl Endpoint {
    fn new(url: String) -> Self {
        let Ok(mut parsed) = Url::parse(&url) else {
            return Self { url, shown: "an address that is no URL".to_owned(), origin: None };
        };
        let origin = parsed.origin();
        // A URL with an opaque origin shares it with no other URL.
        let origin = if origin.is_tuple() { origin.ascii_serialization() } else { url.clone() };
        // Both fail only for URLs that cannot have credentials.
        let _ = parsed.set_username("");
        let _ = parsed.set_password(None);
        parsed.set_query(None);
        parsed.set_fragment(None);
        Self { url, shown: parsed.into(), origin: Some(origin) }
    }
}

impl Endpoints {
    /// `urls` are in the order of [`Signal::ALL`].
    #[must_use]
    pub fn new(urls: [String; Signal::ALL.len()]) -> Self {
        Self(urls.map(Endpoint::new))
    }

    /// Whether two signals go to the same server: a pause that the server asks for in an answer to one also holds for
    /// the other.
    #[must_use]
    pub fn share_origin(&self, one: Signal, other: Signal) -> bool {
        self.of(one).origin == self.of(other).origin
    }

    /// The publish URL of a signal for people: without credentials, query and fragment.
    #[must_use]
    pub fn shown(&self, signal: Signal) -> &str {
        &self.of(signal).shown
    }

    /// The publish URL of a signal.
    #[must_use]
    pub fn url(&self, signal: Signal) -> &str {
        &self.of(signal).url
    }

    fn of(&self, signal: Signal) -> &Endpoint {
        let Self([traces, logs, metrics, scores, feedback]) = self;
        match signal {
            Signal::Traces => traces,
            Signal::Logs => logs,
            Signal::Metrics => metrics,
            Signal::Scores => scores,
            Signal::Feedback => feedback,
        }
    }
}

/// The value of `Authorization` as `fetch` forms it (peer): Latin-1, without a line break at the end, as a token read
/// from a file may have one.
///
/// # Errors
/// The token has a character beyond Latin-1.
pub fn bearer(token: &str) -> Result<Vec<u8>, TryFromCharError> {
    format!("Bearer {token}").trim_end().chars().map(u8::try_from).collect()
}

/// The key of the record array in a body.
const fn key(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "spans",
        other => other.name(),
    }
}

/// The bytes of [`begin`] and [`END`] together.
#[must_use]
pub const fn frame_len(signal: Signal) -> usize {
    r#"{"":[]}"#.len() + key(signal).len()
}

/// What a request carries.
#[derive(Clone, Debug)]
pub struct Body {
    /// The JSON text.
    pub plain: Bytes,
    /// The JSON text is to be compressed. The compressed form is kept here for the next attempt.
    pub gzip: Option<Arc<OnceLock<Bytes>>>,
}

/// Begins the JSON text of a request; the JSON texts of the records follow, with commas between, then [`END`].
pub fn begin(signal: Signal, text: &mut Vec<u8>) {
    for part in [b"{\"", key(signal).as_bytes(), b"\":["] {
        text.extend_from_slice(part);
    }
}

/// Ends the JSON text of a request.
pub const END: &[u8] = b"]}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_frames_its_records() {
        for (signal, text) in [(Signal::Traces, r#"{"spans":[1,2]}"#), (Signal::Scores, r#"{"scores":[1,2]}"#)] {
            let mut body = Vec::new();
            begin(signal, &mut body);
            body.extend_from_slice(&[b"1,2", END].concat());
            assert_eq!(body, text.as_bytes());
            assert_eq!(body.len(), frame_len(signal) + "1,2".len());
        }
    }

    #[test]
    fn a_token_is_sent_as_latin_1() {
        assert_eq!(bearer("tök en\r\n"), Ok(b"Bearer t\xF6k en".to_vec()));
        assert!(bearer("漢").is_err());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let urls =
            ["https://a.dev/x/spans", "https://a.dev/y", "http://a.dev/", "https://a.dev:444/", "https://A.dev:443/"];
        let endpoints = Endpoints::new(urls.map(str::to_owned));
        let shared = Signal::ALL.map(|signal| endpoints.share_origin(Signal::Traces, signal));
        assert_eq!(shared, [true, true, false, false, true]);
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        let urls = ["https://user:s3cret@a.dev/x/spans?key=s3cret#s3cret", "grpc://s3cret@b", "s3cret", "", "http://c"];
        let endpoints = Endpoints::new(urls.map(str::to_owned));
        let shown = Signal::ALL.map(|signal| endpoints.shown(signal));
        let none = "an address that is no URL";
        assert_eq!(shown, ["https://a.dev/x/spans", "grpc://b", none, none, "http://c/"]);
    }

    #[test]
    fn each_signal_has_its_url() {
        let endpoints = Endpoints::new(Signal::ALL.map(|signal| format!("/{}", signal.name())));
        for signal in Signal::ALL {
            assert_eq!(endpoints.url(signal), format!("/{}", signal.name()));
        }
    }
}
