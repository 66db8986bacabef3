//! Which servers are trusted.

use std::sync::Arc;

use mastra_native_exporter::protocol::answer::Outcome;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use crate::{
    BODY, HttpTransport, TOKEN, cause, connect_with, send,
    server::{Server, answer},
};

/// A private certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// The files that a server needs to show a certificate of this authority for `name`.
    fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        server_config(leaf.der(), &key)
    }

    pub async fn start(&self) -> Server {
        Server::start_tls(self.server("localhost", |_| {}), vec![answer("200 OK"); 2]).await
    }
}

/// The files that a server needs to show this certificate. The key need not be that of the certificate.
fn server_config(certificate: &CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = ring::default_provider().key_provider.load_private_key(key).unwrap();
    let shown = CertifiedKey::new(vec![certificate.clone()], key);
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)))
}

fn connect(server: &Server, trusted_pem: &str) -> HttpTransport {
    let url = format!("https://localhost:{}", server.address.port());
    connect_with(TOKEN, &url, trusted_pem).unwrap()
}

#[tokio::test]
async fn a_server_of_a_trusted_private_authority_gets_the_records_over_one_connection() {
    let authority = Authority::new("private");
    let server = authority.start().await;
    let transport = connect(&server, &authority.pem);
    for _ in 0..2 {
        assert_eq!(send(&transport).await, Outcome::Delivered);
    }
    assert_eq!(server.connections(), 1);
    let requests = server.requests();
    assert_eq!(requests[0].header("authorization"), [format!("Bearer {TOKEN}")]);
    assert_eq!(requests[1].body, BODY.as_bytes());
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_gets_nothing() {
    // The last authority has the name of the real one, but another key.
    for (trusted, expected) in [
        (String::new(), "UnknownIssuer"),
        (Authority::new("other").pem, "UnknownIssuer"),
        (Authority::new("unknown").pem, "BadSignature"),
    ] {
        let server = Authority::new("unknown").start().await;
        let cause = cause(&connect(&server, &trusted)).await;
        assert!(cause.contains(&format!("invalid peer certificate: {expected}")), "{cause}");
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_or_time_is_refused() {
    let authority = Authority::new("private");
    let expired = authority.server("localhost", |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let early = authority.server("localhost", |params| {
        params.not_before = rcgen::date_time_ymd(2999, 1, 1);
    });
    let other_name = authority.server("other.example", |_| {});
    let common_name =
        authority.server("other.example", |params| params.distinguished_name.push(DnType::CommonName, "localhost"));
    let cases = [
        (expired, "expired"),
        (early, "not valid yet"),
        (other_name, "not valid for name"),
        (common_name, "not valid for name"),
    ];
    for (config, expected) in cases {
        let server = Server::start_tls(config, []).await;
        let cause = cause(&connect(&server, &authority.pem)).await;
        assert!(cause.contains("certificate") && cause.contains(expected), "{cause}");
        assert!(server.requests().is_empty());
    }
}

/// A server with a self-signed certificate, and the certificate.
async fn start_self_signed(change: impl FnOnce(&mut CertificateParams), answers: usize) -> (Server, String) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let server = Server::start_tls(server_config(certificate.der(), &key), vec![answer("200 OK"); answers]).await;
    (server, certificate.pem())
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_if_it_is_listed_itself() {
    for is_ca in [IsCa::Ca(BasicConstraints::Unconstrained), IsCa::ExplicitNoCa, IsCa::NoCa] {
        let (server, pem) = start_self_signed(|params| params.is_ca = is_ca, 1).await;
        assert_eq!(send(&connect(&server, &pem)).await, Outcome::Delivered, "{is_ca:?}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_marked_as_a_ca_is_refused_for_any_other_reason() {
    let (server, _) = start_self_signed(|_| {}, 0).await;
    // A certificate with the same names and another key.
    let (_, like_it) = start_self_signed(|_| {}, 0).await;
    for other in [String::new(), like_it, Authority::new("other").pem] {
        let cause = cause(&connect(&server, &other)).await;
        assert!(cause.contains("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))"), "{cause}");
    }
    let (expired, expired_pem) = start_self_signed(
        |params| {
            params.not_before = rcgen::date_time_ymd(2019, 1, 1);
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        },
        0,
    )
    .await;
    let (early, early_pem) = start_self_signed(|params| params.not_before = rcgen::date_time_ymd(2999, 1, 1), 0).await;
    let (elsewhere, elsewhere_pem) = start_self_signed(
        |params| params.subject_alt_names = vec![SanType::DnsName("other.example".try_into().unwrap())],
        0,
    )
    .await;
    let refused = [
        (expired, expired_pem, "expired"),
        (early, early_pem, "not valid yet"),
        (elsewhere, elsewhere_pem, "not valid for name"),
    ];
    for (server, pem, expected) in refused {
        let cause = cause(&connect(&server, &pem)).await;
        assert!(cause.contains("certificate") && cause.contains(expected), "{cause}");
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn who_has_a_listed_certificate_without_its_key_gets_nothing() {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let server = Server::start_tls(server_config(certificate.der(), &KeyPair::generate().unwrap()), []).await;
    let cause = cause(&connect(&server, &certificate.pem())).await;
    assert!(cause.contains("BadSignature"), "{cause}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_listed_certificate_vouches_for_no_other() {
    // The server shows a listed certificate whose authority is not listed. It is not trusted, as in Node.
    let authority = Authority::new("unlisted");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &authority.issuer).unwrap();
    let server = Server::start_tls(server_config(leaf.der(), &key), []).await;
    let cause = cause(&connect(&server, &leaf.pem())).await;
    assert!(cause.contains("UnknownIssuer"), "{cause}");
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_passed_over() {
    let section = |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----");
    let good = Authority::new("private");
    let server = Server::start_tls(good.server("localhost", |_| {}), vec![answer("200 OK"); 20]).await;
    for bad in [
        section("AAAA"),
        section(""),
        section("this is not base64!"),
        section("bm90IGEgY2VydGlmaWNhdGU="),
        "-----BEGIN CERTIFICATE---\nAAAA\n".to_owned(),
        "-----END CERTIFICATE-----".to_owned(),
        "# a comment, and a key:\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----".to_owned(),
        "\0\u{feff}".to_owned(),
    ] {
        for bundle in [format!("{bad}\n{}", good.pem), format!("{}\n{bad}", good.pem)] {
            let outcome = send(&connect(&server, &bundle)).await;
            assert_eq!(outcome, Outcome::Delivered, "{bad:?}");
        }
    }
}

#[tokio::test]
async fn line_ends_and_cut_off_certificates_at_the_end_do_not_matter() {
    let good = Authority::new("private");
    let other = Authority::new("other").pem;
    let server = Server::start_tls(good.server("localhost", |_| {}), vec![answer("200 OK"); 20]).await;
    for bundle in [
        good.pem.replace('\n', "\r\n"),
        good.pem.trim_end().to_owned(),
        format!("{other}{}", good.pem),
        format!("{}{}", good.pem, &other[..other.len() / 2]),
    ] {
        assert_eq!(send(&connect(&server, &bundle)).await, Outcome::Delivered, "{bundle}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_a_failed_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = connect_with(TOKEN, &format!("https://{}", listener.local_addr().unwrap()), "").unwrap();
    let answering = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        socket
    };
    let (outcome, _socket) = tokio::join!(send(&plain), answering);
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
}
