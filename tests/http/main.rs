//! `HttpTransport` over real sockets, against a server whose answers are scripted bytes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use mastra_native_exporter::{
    config::Config,
    protocol::{answer::Outcome, request::Body},
    signal::Signal,
    transport::{HttpTransport, Transport, TransportError, tls::Trust},
};
use serde_json::{Value, json};
use tokio::time::timeout;

#[path = "../support/server.rs"]
mod server;

mod answers;
mod bystanders;
mod compression;
mod headers;
mod proxies;
mod redirects;
mod requests;
mod tls;

const TOKEN: &str = "s3cret-t0ken";
const PATH: &str = "/projects/p-41/spans";
const BODY: &str = r#"{"spans":[{"name":"\u00e4"}]}"#;

/// The configuration for a server. `more`: options besides endpoints.
fn config(url: &str, mut more: Value) -> Config {
    let endpoints = Signal::ALL.map(|signal| match signal {
        Signal::Traces => format!("{url}{PATH}"),
        other => format!("{url}/{}", other.name()),
    });
    let options = more.as_object_mut().unwrap();
    options.insert("endpoints".to_owned(), json!(endpoints));
    options.entry("accessToken").or_insert_with(|| json!(TOKEN));
    Config::from_json(&more.to_string()).unwrap()
}

/// A transport for a server. `more`: options besides endpoints, and `trustedPem`.
fn connect_as(url: &str, mut more: Value) -> Result<HttpTransport, TransportError> {
    let trust = match more.as_object_mut().unwrap().remove("trustedPem") {
        Some(Value::String(pem)) => Trust::new(pem),
        _ => Trust::default(),
    };
    HttpTransport::new(&config(url, more), &trust)
}

fn connect_with(token: &str, url: &str, trusted_pem: &str) -> Result<HttpTransport, TransportError> {
    connect_as(url, json!({ "accessToken": token, "trustedPem": trusted_pem }))
}

fn connect(url: &str) -> HttpTransport {
    connect_with(TOKEN, url, "").unwrap()
}

/// One attempt. A transport that hangs fails the test instead of stopping it.
async fn send(transport: &HttpTransport) -> Outcome {
    send_body(transport, BODY.as_bytes(), false).await
}

async fn send_body(transport: &HttpTransport, body: &[u8], compress: bool) -> Outcome {
    let body = Body { plain: Bytes::copy_from_slice(body), gzip: compress.then(Arc::default) };
    let attempt = transport.send(Signal::Traces, body);
    timeout(Duration::from_secs(20), attempt).await.expect("send returns").outcome
}

/// The error's text, its causes and its `Debug`: everything of it that a log could show.
fn shown(error: &TransportError) -> String {
    let mut shown = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        shown = format!("{shown} {cause} {cause:?}");
        source = cause.source();
    }
    shown
}

fn failed(text: &str) -> Outcome {
    Outcome::Retry { cause: format!("Request failed with status: {text}"), after: None }
}

fn refused(text: &str) -> Outcome {
    Outcome::Refused { cause: format!("Request failed with status: {text}") }
}

fn invalid(text: &str) -> Outcome {
    Outcome::Invalid { cause: format!("Request failed with status: {text}") }
}

/// Makes one attempt, which has to fail, temporarily or finally. Checks that its text contains no secret.
async fn cause(transport: &HttpTransport) -> String {
    match send(transport).await {
        Outcome::Retry { cause, after: None } | Outcome::Refused { cause } => {
            for secret in [TOKEN, "Bearer", "http://", "https://", "127.0.0.1", "p-41", "spans"] {
                assert!(!cause.contains(secret), "{secret} in: {cause}");
            }
            cause
        }
        other => panic!("{other:?}"),
    }
}
