//! Requests through a proxy, and the secrecy of the proxy's credentials.

use mastra_native_exporter::{
    protocol::answer::Outcome,
    transport::{HttpTransport, TransportError},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    BODY, PATH, TOKEN, cause, connect_as, send,
    server::{Answer, Server, answer, bytes},
    shown,
    tls::Authority,
};

/// This host name has no address, so a request that arrives has gone through the proxy.
const ORIGIN: &str = "http://collector.invalid";
/// The header for `us3r@x:p4ss:word`, which is `us3r%40x:p4ss%3Aword` in a URL.
const CREDENTIALS: &str = "Basic dXMzckB4OnA0c3M6d29yZA==";

/// A proxy's URL with credentials.
fn with_credentials(address: &str) -> String {
    format!("http://us3r%40x:p4ss%3Aword@{address}")
}

fn assert_secret(text: &str) {
    for secret in ["us3r", "p4ss", "word@", "dXMz", TOKEN] {
        assert!(!text.contains(secret), "{secret} in: {text}");
    }
}

/// The same proxy for every endpoint.
fn proxies(proxy: &str) -> Value {
    json!([proxy, proxy, proxy, proxy, proxy])
}

fn through(url: &str, proxy: &str) -> HttpTransport {
    connect_as(url, json!({ "proxies": proxies(proxy) })).unwrap()
}

#[tokio::test]
async fn a_plain_request_goes_to_the_proxy_with_the_whole_url() {
    let proxy = Server::start(vec![answer("200 OK"); 2]).await;
    let address = proxy.address.to_string();
    for (url, credentials) in [(proxy.url(), vec![]), (with_credentials(&address), vec![CREDENTIALS])] {
        assert_eq!(send(&through(ORIGIN, &url)).await, Outcome::Delivered);
        let requests = proxy.requests();
        let request = requests.last().unwrap();
        assert_eq!(request.line, format!("POST {ORIGIN}{PATH} HTTP/1.1"));
        assert_eq!(request.header("host"), ["collector.invalid"]);
        assert_eq!(request.header("authorization"), [format!("Bearer {TOKEN}")]);
        assert_eq!(request.header("proxy-authorization"), credentials);
        assert_eq!(request.body, BODY.as_bytes());
    }
}

#[tokio::test]
async fn an_https_request_goes_through_a_tunnel_that_knows_neither_token_nor_records() {
    let authority = Authority::new("private");
    for credentials in [vec![], vec![CREDENTIALS]] {
        let collector = authority.start().await;
        let port = collector.address.port();
        let proxy = Server::start([Answer::Tunnel(collector.address)]).await;
        let address = proxy.address.to_string();
        let url = if credentials.is_empty() { proxy.url() } else { with_credentials(&address) };
        let options = json!({ "proxies": proxies(&url), "trustedPem": authority.pem });
        let transport = connect_as(&format!("https://localhost:{port}"), options).unwrap();
        for _ in 0..2 {
            assert_eq!(send(&transport).await, Outcome::Delivered);
        }
        let [connect] = &proxy.requests()[..] else { panic!("{:?}", proxy.requests()) };
        assert_eq!(connect.line, format!("CONNECT localhost:{port} HTTP/1.1"));
        assert_eq!(connect.header("proxy-authorization"), credentials);
        assert!(connect.header("authorization").is_empty());
        assert_eq!(collector.connections(), 1);
        for request in collector.requests() {
            assert_eq!(request.line, format!("POST {PATH} HTTP/1.1"));
            assert_eq!(request.header("authorization"), [format!("Bearer {TOKEN}")]);
            assert!(request.header("proxy-authorization").is_empty());
        }
    }
}

#[tokio::test]
async fn an_endpoint_without_a_proxy_is_asked_directly() {
    let collector = Server::start([answer("200 OK")]).await;
    let transport = connect_as(&collector.url(), json!({ "proxies": [null, null, null, null, null] })).unwrap();
    assert_eq!(send(&transport).await, Outcome::Delivered);
}

#[tokio::test]
async fn a_plain_proxy_that_fails_is_a_failed_attempt() {
    let proxy = Server::start([answer("407 Proxy Authentication Required"), answer("502 Bad Gateway")]).await;
    let transport = through(ORIGIN, &proxy.url());
    assert_eq!(
        send(&transport).await,
        crate::failed("407 Proxy Authentication Required"),
        "as through CONNECT: the collector has said nothing"
    );
    assert_eq!(send(&transport).await, crate::failed("502 Bad Gateway"));
}

#[tokio::test]
async fn a_proxy_that_fails_is_a_failed_attempt_that_shows_no_credentials() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = listener.local_addr().unwrap().to_string();
    drop(listener);
    for end in [
        None,
        Some(Answer::Close(bytes("407 Proxy Authentication Required", b""))),
        Some(Answer::Close(bytes("403 Forbidden", b""))),
        Some(Answer::Close(bytes("502 Bad Gateway", b""))),
        Some(Answer::Close(b"SSH-2.0-OpenSSH\r\n".into())),
        Some(Answer::Close(vec![])),
        Some(Answer::Reset(vec![])),
    ] {
        let proxy = Server::start(end.clone()).await;
        let address = if end.is_some() { proxy.address.to_string() } else { gone.clone() };
        let transport = through("https://collector.invalid", &with_credentials(&address));
        let cause = cause(&transport).await;
        assert!(cause.starts_with("Request failed: "), "{end:?}: {cause}");
        assert_secret(&cause);
    }
}

/// Proxy URLs that cannot be used.
const MALFORMED: [&str; 6] = [
    "http://us3r:p4ss@[bad",
    "http://us3r:p4ss@:0",
    "http://us3r:p4ss@host:99999",
    "ftp://us3r:p4ss@host",
    "us3r:p4ss@@",
    "http://us3r:p4ss\n@host",
];

fn refusals() -> impl Iterator<Item = TransportError> {
    MALFORMED.into_iter().filter_map(|url| connect_as(ORIGIN, json!({ "proxies": proxies(url) })).err())
}

#[test]
fn credentials_of_a_proxy_do_not_show_in_the_transport() {
    let transport = through(ORIGIN, &with_credentials("proxy.test:1"));
    assert_secret(&format!("{transport:?} {transport:#?}"));
}

#[test]
fn a_malformed_proxy_is_refused_with_a_text_that_shows_no_credentials() {
    assert!(refusals().count() >= 4);
    for error in refusals() {
        assert!(error.to_string().contains("proxy"), "{error}");
        assert_secret(&error.to_string());
    }
}

#[test]
fn a_malformed_proxy_shows_no_credentials_in_debug_and_causes_either() {
    for error in refusals() {
        assert_secret(&shown(&error));
    }
}
