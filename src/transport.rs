//! One request to the collector. [`Transport`] is what the engine needs; [`HttpTransport`] is the real one.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    Client, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, InvalidHeaderValue},
    redirect::{Attempt, Policy},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{
    config::Config,
    retry::{Outcome, classify},
    signal::Signal,
};

/// An answer's body is read to keep the connection usable, but no further than this.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Redirects followed, all within one origin.
const MAX_REDIRECTS: usize = 5;
/// An idle connection is given up before most servers and balancers (60 s and more) give it up themselves.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends one body and says what became of it. The engine puts a time limit on it by dropping the future.
pub trait Transport: Send + Sync + 'static {
    /// One attempt.
    fn send(&self, signal: Signal, body: Bytes) -> impl Future<Output = Outcome> + Send;
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The token has characters that no header may have. Its text is not shown.
    #[error("accessToken has characters that an HTTP header cannot carry")]
    Token(#[from] InvalidHeaderValue),
    /// No TLS protocol version is left.
    #[error("TLS setup failed: {0}")]
    Tls(#[from] rustls::Error),
    /// The client refuses its settings.
    #[error("HTTP client setup failed: {0}")]
    Client(#[from] reqwest::Error),
}

/// Keep-alive HTTP/1.1 over TCP or TLS.
#[derive(Debug)]
pub struct HttpTransport {
    client: Client,
    endpoints: [String; Signal::ALL.len()],
}

impl HttpTransport {
    /// A client for one exporter's endpoints, token and trusted certificates.
    ///
    /// # Errors
    /// [`TransportError`] when the token cannot be sent or the client cannot be set up.
    pub fn new(config: &Config) -> Result<Self, TransportError> {
        // A token read from a file often ends in a newline; fetch, and so the peer, trims header values too.
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", config.access_token.expose().trim()))?;
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, bearer),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        let client = Client::builder()
            .user_agent(concat!("mastra-native-exporter/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .tls_backend_preconfigured(tls_config(&config.trusted_pem)?)
            .redirect(Policy::custom(follow_within_origin))
            .referer(false)
            .http1_only()
            .no_proxy()
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()?;
        Ok(Self {
            client,
            endpoints: config.endpoints.clone(),
        })
    }
}

impl Transport for HttpTransport {
    async fn send(&self, signal: Signal, body: Bytes) -> Outcome {
        let [traces, logs, metrics, scores, feedback] = &self.endpoints;
        let url = match signal {
            Signal::Traces => traces,
            Signal::Logs => logs,
            Signal::Metrics => metrics,
            Signal::Scores => scores,
            Signal::Feedback => feedback,
        };
        match self.client.post(url).body(body).send().await {
            Ok(response) => {
                let status = response.status();
                drain(response).await;
                classify(status.as_u16(), status.canonical_reason().unwrap_or_default())
            }
            Err(error) => Outcome::Retry(describe(error)),
        }
    }
}

/// Reads the answer's body so that the connection can be used again. What it says, or that it breaks off, changes
/// nothing: the status has been given.
async fn drain(mut response: Response) {
    let mut left = MAX_ANSWER_BYTES;
    while let Ok(Some(chunk)) = response.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// The token goes to no other host: only redirects that keep origin, method and body are followed.
fn follow_within_origin(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let keeps_body = matches!(
        attempt.status(),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    );
    let same_origin = attempt
        .previous()
        .iter()
        .all(|url| url.origin() == attempt.url().origin());
    if keeps_body && same_origin && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// The error and its causes without the URL, which may hold what is nobody's business.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = format!("Request failed: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Trusts exactly the given certificates. Ones that cannot be read are passed over, as Node does with extra ones.
fn tls_config(trusted_pem: &str) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(trusted_pem.as_bytes()).filter_map(Result::ok));
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
