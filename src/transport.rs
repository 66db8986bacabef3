//! One request to the collector. [`Transport`] is what the engine needs; [`HttpTransport`] is the real one.

use std::{
    borrow::Cow,
    char::TryFromCharError,
    error::Error,
    future::Future,
    io::{self, Write},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hyper::ext::ReasonPhrase;
use reqwest::{
    Client, ClientBuilder, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue},
    redirect::{Attempt, Policy},
};
use rustls::InvalidMessage;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use self::{
    proxy::{ProxyError, with_proxies},
    tls::Trust,
};
use crate::{
    clock,
    config::{Config, Secret},
    protocol::{
        answer::{self, Answer, Outcome, classify},
        reply::{Reply, Said, without},
        request::{self, Body, Endpoints},
    },
    signal::Signal,
};

mod proxy;
pub mod tls;

/// The limit on the part of an answer's body that is read so that the connection can be used again.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The time limit on reading an answer's body; after it the connection is closed.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The limit on the part of an answer's body that is examined.
const MAX_SAID_BYTES: usize = 8 * 1024;
/// The longest wait for the body of an answer.
const SAID_TIMEOUT: Duration = Duration::from_secs(1);
/// The number of answers whose bodies are read at the same time; the connections of further answers are closed.
const MAX_OPEN_ANSWERS: usize = 4;
/// The limit on the header lines of an answer.
const MAX_HEADERS: usize = 1000;
/// The limit on the part of a reason phrase that is quoted in messages.
const MAX_REASON_CHARS: usize = 200;
/// The limit on redirects in a row; all of them stay within one origin.
const MAX_REDIRECTS: usize = 5;
/// An idle connection is closed before the server closes it, perhaps in the middle of a request: Node's servers do so
/// after 5 s.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Sends one body and returns the outcome. The engine sets a time limit by dropping the future.
pub trait Transport: Send + Sync + 'static {
    /// Makes one attempt.
    fn send(&self, signal: Signal, body: Body) -> impl Future<Output = Reply> + Send;
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The token has control characters. The message does not show it.
    #[error("accessToken has characters that an HTTP header cannot carry")]
    Token(#[from] InvalidHeaderValue),
    /// The token has characters beyond Latin-1. The message does not show it.
    #[error("accessToken has characters that an HTTP header cannot carry")]
    TokenCharset(#[from] TryFromCharError),
    /// No TLS protocol version is left.
    #[error("TLS setup failed: {0}")]
    Tls(#[from] rustls::Error),
    /// The facade has passed on a proxy that it should have refused.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The HTTP client refuses its settings.
    #[error("HTTP client setup failed")]
    Client,
}

/// Sends requests by keep-alive HTTP/1.1 over TCP or TLS.
#[derive(Debug)]
pub struct HttpTransport {
    client: Client,
    quota_pause: bool,
    endpoints: Endpoints,
    /// One permit for each answer whose body is being read.
    answers: Arc<Semaphore>,
    /// Whether the body of the last answer came to its end in time.
    bodies_end: AtomicBool,
    request_timeout: Duration,
    /// The text that is removed from everything that is quoted from an answer.
    token: Secret,
}

impl HttpTransport {
    /// A client for one exporter's endpoints and token.
    ///
    /// # Errors
    /// [`TransportError`] when the token cannot be sent or the client cannot be set up.
    pub fn new(config: &Config, trust: &Trust) -> Result<Self, TransportError> {
        Self::from_builder(Client::builder(), config, trust)
    }

    /// The same, from a builder that has settings of its own, such as fixed addresses for a host name.
    ///
    /// # Errors
    /// See [`HttpTransport::new`].
    pub fn from_builder(builder: ClientBuilder, config: &Config, trust: &Trust) -> Result<Self, TransportError> {
        let mut bearer = HeaderValue::from_bytes(&request::bearer(config.access_token.expose())?)?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::from_iter([
            (AUTHORIZATION, bearer),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        if config.quota_pause {
            let (name, value) = request::CAPABILITIES;
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let client = builder
            .user_agent(concat!("mastra-native-exporter/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .tls_backend_preconfigured(trust.client_config()?)
            .redirect(Policy::custom(follow_within_origin))
            .referer(false)
            .http1_only()
            .http1_max_headers(MAX_HEADERS)
            // This limit is shared by the addresses of a host name, which are tried one after the other.
            .connect_timeout(config.connect_timeout);
        let client = with_proxies(client, config)?
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .map_err(|_| TransportError::Client)?;
        Ok(Self {
            client,
            quota_pause: config.quota_pause,
            endpoints: config.endpoints.clone(),
            answers: Arc::new(Semaphore::new(MAX_OPEN_ANSWERS)),
            bodies_end: AtomicBool::new(true),
            request_timeout: config.request_timeout,
            token: config.access_token.clone(),
        })
    }
}

impl Transport for HttpTransport {
    async fn send(&self, signal: Signal, body: Body) -> Reply {
        let started = clock::now();
        let request = self.client.post(self.endpoints.url(signal));
        let compressed = body.gzip.is_some();
        let request = match body.gzip {
            None => request.body(body.plain),
            Some(kept) => match compress(kept, body.plain).await {
                Some(gzip) => request.header(CONTENT_ENCODING, "gzip").body(gzip),
                None => return Outcome::Uncompressed.into(),
            },
        };
        match request.send().await {
            Ok(response) => {
                let (outcome, status) = (self.judge(&response, compressed), response.status().as_u16());
                // The wait ends before the time limit of the request, so that the known status is still reported.
                let wait = self.request_timeout.saturating_sub(clock::now() - started) / 2;
                let text = self.finish(response, wait.min(SAID_TIMEOUT)).await;
                Reply { outcome, said: Some(Said::new(status, &text, self.token.expose())) }
            }
            // No attempt is made: a request cannot be sent to this address.
            Err(error) if error.is_builder() => Outcome::Refused { cause: describe(error) }.into(),
            Err(error) => Outcome::Retry { cause: describe(error), after: None }.into(),
        }
    }
}

impl HttpTransport {
    /// Reads the answer's body, so that the connection can be used again; returns its beginning. A body that is not
    /// complete within `wait` is read in a task of its own: a body without end must not make an accepted batch look as
    /// if it timed out. There is no wait while earlier bodies do not end.
    async fn finish(&self, mut response: Response, wait: Duration) -> Vec<u8> {
        let (mut left, mut text) = (MAX_ANSWER_BYTES, Vec::new());
        let wait = if self.bodies_end.load(Ordering::Relaxed) { wait } else { Duration::ZERO };
        let ended = timeout(wait, drain(&mut response, &mut left, &mut text)).await.is_ok();
        self.bodies_end.store(ended, Ordering::Relaxed);
        if ended {
            return text;
        }
        // Without a permit the response is dropped, which closes its connection.
        if let Ok(permit) = Arc::clone(&self.answers).try_acquire_owned() {
            tokio::spawn(async move {
                let _ = timeout(DRAIN_TIMEOUT, drain(&mut response, &mut left, &mut Vec::new())).await;
                drop(permit);
            });
        }
        text
    }

    fn judge(&self, response: &Response, compressed: bool) -> Outcome {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        classify(&Answer {
            status: response.status().as_u16(),
            reason: &reason(response, self.token.expose()),
            retry_after: header(answer::RETRY_AFTER).and_then(|text| answer::retry_after(text, clock::wall_now())),
            observability: header(answer::OBSERVABILITY),
            observability_retry_after: header(answer::OBSERVABILITY_RETRY_AFTER),
            quota_pause: self.quota_pause,
            compressed,
        })
    }
}

/// Compresses a body, or takes the compressed form of an earlier attempt.
async fn compress(kept: Arc<OnceLock<Bytes>>, plain: Bytes) -> Option<Bytes> {
    if let Some(gzip) = kept.get() {
        return Some(gzip.clone());
    }
    // Compressing 4 MiB would delay other answers, so it runs on another thread.
    let compressed = Bytes::from(spawn_blocking(move || gzip(&plain)).await.ok()?.ok()?);
    // A body has one try at a time, so nothing was kept meanwhile.
    let _ = kept.set(compressed.clone());
    Some(compressed)
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    encoder.write_all(plain)?;
    encoder.finish()
}

/// The reason phrase as it was sent, without the secret and cut to the limit. hyper keeps a phrase only when it differs
/// from the standard one.
fn reason<'a>(response: &'a Response, secret: &str) -> Cow<'a, str> {
    match response.extensions().get::<ReasonPhrase>() {
        Some(phrase) => {
            without(&String::from_utf8_lossy(phrase.as_bytes()), secret).chars().take(MAX_REASON_CHARS).collect()
        }
        None => response.status().canonical_reason().unwrap_or_default().into(),
    }
}

/// Reads at most `left` bytes of an answer's body; `text` gets its beginning. A read error changes nothing, because the
/// status is known.
async fn drain(response: &mut Response, left: &mut usize, text: &mut Vec<u8>) {
    while let Ok(Some(chunk)) = response.chunk().await {
        text.extend(chunk.iter().take(MAX_SAID_BYTES - text.len()));
        match left.checked_sub(chunk.len()) {
            Some(rest) => *left = rest,
            None => return,
        }
    }
}

/// The token goes to no other host: only redirects that keep origin, method and body are followed.
fn follow_within_origin(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let keeps_body = matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let same_origin = attempt.previous().iter().all(|url| url.origin() == attempt.url().origin());
    if keeps_body && same_origin && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// The error and its causes without the URL, which may contain secrets.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = format!("Request failed: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {}", in_words(cause));
        source = cause.source();
    }
    text
}

/// A server without TLS is a usual fault of an address, and rustls names only the byte that it did not expect.
fn in_words(cause: &(dyn Error + 'static)) -> String {
    let mut error = cause;
    // An `io::Error` has the text of the error in it, which is not its source.
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    if let Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) = error.downcast_ref() {
        "the server does not speak TLS: its address may have to begin with http://".to_owned()
    } else {
        cause.to_string()
    }
}
