//! The bytes that the server reads.

use bytes::Bytes;
use mastra_native_exporter::{
    protocol::{answer::Outcome, request::Body},
    signal::Signal,
    transport::Transport,
};

use crate::{
    BODY, PATH, TOKEN, connect, connect_with, send,
    server::{Server, answer},
    shown,
};

#[tokio::test]
async fn a_request_has_line_headers_and_body_as_the_collector_wants_them() {
    let server = Server::start([answer("200 OK")]).await;
    assert_eq!(send(&connect(&server.url())).await, Outcome::Delivered);
    let [request] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    assert_eq!(request.line, format!("POST {PATH} HTTP/1.1"));
    assert_eq!(request.header("authorization"), [format!("Bearer {TOKEN}")]);
    assert_eq!(request.header("content-type"), ["application/json"]);
    assert_eq!(request.header("content-length"), [BODY.len().to_string()]);
    assert_eq!(request.header("host"), [server.address.to_string()]);
    assert!(request.header("transfer-encoding").is_empty() && request.header("expect").is_empty());
    assert_eq!(request.body, BODY.as_bytes());
}

#[tokio::test]
async fn each_signal_goes_to_its_own_endpoint() {
    let server = Server::start(vec![answer("200 OK"); 5]).await;
    let transport = connect(&server.url());
    for signal in Signal::ALL {
        let body = Bytes::from_static(signal.name().as_bytes());
        let reply = transport.send(signal, Body { plain: body, gzip: None }).await;
        assert_eq!(reply.outcome, Outcome::Delivered);
    }
    let seen = server.requests().into_iter().map(|request| {
        let path = request.line.split(' ').nth(1).unwrap().to_owned();
        (path, String::from_utf8(request.body).unwrap())
    });
    let expected = Signal::ALL.map(|signal| match signal {
        Signal::Traces => (PATH.to_owned(), "traces".to_owned()),
        other => (format!("/{}", other.name()), other.name().to_owned()),
    });
    assert_eq!(seen.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_large_body_arrives_whole() {
    let server = Server::start([answer("200 OK")]).await;
    let body: Vec<u8> = (0..4 * 1024 * 1024_u32).map(|byte| byte.to_le_bytes()[0]).collect();
    let transport = connect(&server.url());
    let reply = transport.send(Signal::Logs, Body { plain: Bytes::from(body.clone()), gzip: None }).await;
    assert_eq!(reply.outcome, Outcome::Delivered);
    assert!(server.requests()[0].body == body);
}

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let statuses = ["200 OK", "503 Service Unavailable", "401 Unauthorized", "204 No Content"];
    let server = Server::start(statuses.map(answer)).await;
    let transport = connect(&server.url());
    for _ in statuses {
        send(&transport).await;
    }
    assert_eq!((server.requests().len(), server.connections()), (4, 1));
}

#[tokio::test]
async fn requests_at_the_same_time_have_connections_of_their_own() {
    let server = Server::start([answer("200 OK"), answer("200 OK")]).await;
    let transport = connect(&server.url());
    let outcomes = tokio::join!(send(&transport), send(&transport));
    assert_eq!(outcomes, (Outcome::Delivered, Outcome::Delivered));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn space_after_the_token_is_not_sent_as_fetch_does_not() {
    for (token, sent) in [("tok\n", "tok"), ("tok\r\n", "tok"), (" tok ", " tok"), ("\ttok\n\n", "\ttok")] {
        let server = Server::start([answer("200 OK")]).await;
        let transport = connect_with(token, &server.url(), "").unwrap();
        assert_eq!(send(&transport).await, Outcome::Delivered, "{token:?}");
        assert_eq!(server.requests()[0].header("authorization"), [format!("Bearer {sent}")], "{token:?}");
    }
}

#[tokio::test]
async fn a_token_is_sent_as_latin_1() {
    for token in ["t\u{e4}k", "\u{a3}\u{ff}", "\u{80}x", "a b"] {
        let server = Server::start([answer("200 OK")]).await;
        let transport = connect_with(token, &server.url(), "").unwrap();
        assert_eq!(send(&transport).await, Outcome::Delivered, "{token:?}");
        // The server reads one character a byte.
        assert_eq!(server.requests()[0].header("authorization"), [format!("Bearer {token}")]);
    }
}

#[test]
fn a_token_that_no_header_can_carry_is_refused_without_showing_it() {
    for token in [
        "s3cret\nt0ken",
        "s3cret\r\nx: t0ken",
        "s3cret\0t0ken",
        "s3cret\u{7f}t0ken",
        "s3cret\u{1b}t0ken",
        "s3cret\u{100}t0ken",
        "s3cret\u{20ac}t0ken",
        "s3cret\u{1F600}t0ken",
    ] {
        let error = connect_with(token, "http://127.0.0.1:1", "").unwrap_err();
        let shown = shown(&error);
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
        assert!(shown.contains("accessToken"), "{shown}");
    }
}

#[tokio::test]
async fn debug_of_the_transport_does_not_show_the_token() {
    let server = Server::start([answer("200 OK")]).await;
    let transport = connect(&server.url());
    let before = format!("{transport:?} {transport:#?}");
    send(&transport).await;
    for shown in [before, format!("{transport:?} {transport:#?}")] {
        assert!(shown.starts_with("HttpTransport") && !shown.contains(TOKEN), "{shown}");
    }
}
