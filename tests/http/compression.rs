//! Compressed bodies.

use std::io::Read;

use flate2::read::GzDecoder;
use mastra_native_exporter::protocol::answer::Outcome;

use crate::{
    BODY, connect, failed, invalid, refused, send, send_body,
    server::{Request, Server, answer},
};

fn decompressed(request: &Request) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(&request.body[..]).read_to_end(&mut plain).unwrap();
    plain
}

#[tokio::test]
async fn a_compressed_body_says_so_and_decompresses_to_the_same_json() {
    let large = format!(r#"{{"spans":[{}{{}}]}}"#, r#"{"name":"call"},"#.repeat(100_000));
    for body in [BODY, large.as_str(), r#"{"spans":[]}"#] {
        let server = Server::start([answer("200 OK"), answer("200 OK")]).await;
        let transport = connect(&server.url());
        for _ in 0..2 {
            assert_eq!(send_body(&transport, body.as_bytes(), true).await, Outcome::Delivered);
        }
        for request in server.requests() {
            assert_eq!(request.header("content-encoding"), ["gzip"]);
            assert_eq!(request.header("content-type"), ["application/json"]);
            assert_eq!(request.header("content-length"), [request.body.len().to_string()]);
            assert!(request.header("transfer-encoding").is_empty());
            assert!(decompressed(&request) == body.as_bytes());
            assert!(body.len() < 1000 || request.body.len() < body.len() / 20);
        }
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn a_plain_body_has_no_encoding() {
    let server = Server::start([answer("200 OK")]).await;
    send(&connect(&server.url())).await;
    assert!(server.requests()[0].header("content-encoding").is_empty());
}

#[tokio::test]
async fn only_a_compressed_body_can_be_refused_for_its_compression() {
    for (status, compressed, plain) in [
        ("400 Bad Request", Outcome::Uncompressed, invalid("400 Bad Request")),
        ("415 Unsupported Media Type", Outcome::Uncompressed, refused("415 Unsupported Media Type")),
        ("404 Not Found", refused("404 Not Found"), refused("404 Not Found")),
        ("413 Payload Too Large", Outcome::Split, Outcome::Split),
        ("401 Unauthorized", Outcome::AuthRejected(401), Outcome::AuthRejected(401)),
        ("503 Service Unavailable", failed("503 Service Unavailable"), failed("503 Service Unavailable")),
    ] {
        let server = Server::start(vec![answer(status); 2]).await;
        let transport = connect(&server.url());
        assert_eq!(send_body(&transport, BODY.as_bytes(), true).await, compressed, "{status}");
        assert_eq!(send_body(&transport, BODY.as_bytes(), false).await, plain, "{status}");
        assert_eq!(server.requests().len(), 2, "{status}: the engine sends it again, not the client");
    }
}

#[tokio::test]
async fn a_redirected_body_stays_compressed() {
    let server = Server::start([answer("307 Redirect\r\nlocation: /moved"), answer("200 OK")]).await;
    let outcome = send_body(&connect(&server.url()), BODY.as_bytes(), true).await;
    assert_eq!(outcome, Outcome::Delivered);
    let moved = &server.requests()[1];
    assert_eq!((moved.line.as_str(), moved.header("content-encoding")), ("POST /moved HTTP/1.1", vec!["gzip"]));
    assert_eq!(decompressed(moved), BODY.as_bytes());
}
