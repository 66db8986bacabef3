//! The outcome of each answer, and of no answer.

use std::time::Duration;

use mastra_native_exporter::{clock, protocol::answer::Outcome};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};

use crate::{
    cause, connect, failed, invalid, refused, send,
    server::{Answer, Server, answer, bytes},
};

/// The part of an answer's body that is read.
const CAP: usize = 64 * 1024;

#[tokio::test]
async fn each_status_is_judged_by_whether_another_attempt_may_help() {
    for (status, expected) in [
        ("200 OK", Outcome::Delivered),
        ("201 Created", Outcome::Delivered),
        ("202 Accepted", Outcome::Delivered),
        ("204 No Content", Outcome::Delivered),
        ("304 Not Modified", refused("304 Not Modified")),
        ("400 Bad Request", invalid("400 Bad Request")),
        ("422 Unprocessable Entity", invalid("422 Unprocessable Entity")),
        ("401 Unauthorized", Outcome::AuthRejected(401)),
        ("403 Forbidden", Outcome::AuthRejected(403)),
        ("404 Not Found", refused("404 Not Found")),
        ("407 Proxy Authentication Required", failed("407 Proxy Authentication Required")),
        ("408 Request Timeout", failed("408 Request Timeout")),
        ("413 Payload Too Large", Outcome::Split),
        (
            "429 Too Many Requests",
            Outcome::TooMany { cause: "Request failed with status: 429 Too Many Requests".to_owned(), after: None },
        ),
        ("500 Internal Server Error", failed("500 Internal Server Error")),
        ("503 Service Unavailable", failed("503 Service Unavailable")),
    ] {
        let server = Server::start([answer(status)]).await;
        assert_eq!(send(&connect(&server.url())).await, expected, "{status}");
        assert_eq!(server.requests().len(), 1, "{status}: the engine decides on another attempt, not the client");
    }
}

#[tokio::test]
async fn a_long_reason_phrase_is_cut() {
    let server = Server::start([answer(&format!("503 {}", "x".repeat(100_000)))]).await;
    let cause = cause(&connect(&server.url())).await;
    assert!(cause.starts_with("Request failed with status: 503 xxx") && cause.len() < 500, "{} bytes", cause.len());
}

#[tokio::test]
async fn an_address_that_no_request_can_go_to_is_refused_at_once() {
    for url in ["null", "ftp://localhost"] {
        assert!(matches!(send(&connect(url)).await, Outcome::Refused { .. }), "{url}");
    }
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let mut both = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".to_vec();
    both.extend(bytes("202 Accepted", b""));
    let server = Server::start([Answer::Bytes(both)]).await;
    assert_eq!(send(&connect(&server.url())).await, Outcome::Delivered);
}

#[tokio::test]
async fn nobody_listening_is_a_failed_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let cause = cause(&connect(&url)).await;
    assert!(cause.starts_with("Request failed: ") && cause.contains("refused"), "{cause}");
}

#[tokio::test]
async fn an_unknown_host_is_a_failed_attempt() {
    // A label of 64 characters: the resolver refuses it without asking anyone.
    let cause = cause(&connect(&format!("http://{}.invalid", "x".repeat(64)))).await;
    assert!(cause.contains("dns error"), "{cause}");
}

#[tokio::test]
async fn an_end_before_or_in_the_middle_of_the_head_is_a_failed_attempt() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-le".to_vec();
    for end in [Answer::Close(vec![]), Answer::Reset(vec![]), Answer::Close(half.clone()), Answer::Reset(half)] {
        let server = Server::start([end.clone(), answer("200 OK")]).await;
        let transport = connect(&server.url());
        let cause = cause(&transport).await;
        assert!(cause.starts_with("Request failed: "), "{end:?}: {cause}");
        assert_eq!(server.requests().len(), 1, "{end:?}: not sent again behind the engine's back");
        assert_eq!(send(&transport).await, Outcome::Delivered, "{end:?}: the next attempt connects anew");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_failed_attempt() {
    for garbage in
        ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 abc OK\r\n\r\n", "\0\0\0\0\0\0\0\0\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n"]
    {
        let server = Server::start([Answer::Close(garbage.into()), answer("200 OK")]).await;
        let transport = connect(&server.url());
        let cause = cause(&transport).await;
        assert!(cause.contains("invalid HTTP"), "{garbage:?}: {cause}");
        assert_eq!(send(&transport).await, Outcome::Delivered, "{garbage:?}");
    }
}

#[tokio::test]
async fn an_endless_head_is_a_failed_attempt() {
    let server = Server::start([Answer::Endless(b"HTTP/1.1 200 OK\r\n".into(), b"x-more: 1\r\n".repeat(100))]).await;
    let cause = cause(&connect(&server.url())).await;
    assert!(cause.starts_with("Request failed: "), "{cause}");
}

#[tokio::test]
async fn a_body_that_breaks_off_after_a_200_is_a_delivery() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12".to_vec();
    let bad_chunk = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n12".to_vec();
    let mut ends = vec![Answer::Close(half.clone()), Answer::Close(chunked), Answer::Close(bad_chunk)];
    // Other systems discard bytes that were received before the reset and not read yet, the 200 included.
    if cfg!(target_os = "linux") {
        ends.push(Answer::Reset(half));
    }
    for end in ends {
        let server = Server::start([end.clone(), answer("200 OK")]).await;
        let transport = connect(&server.url());
        assert_eq!(send(&transport).await, Outcome::Delivered, "{end:?}");
        assert_eq!(send(&transport).await, Outcome::Delivered, "{end:?}: the next attempt connects anew");
        assert_eq!((server.requests().len(), server.connections()), (2, 2), "{end:?}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_after_another_status_keeps_that_status() {
    let end = Answer::Close(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 10\r\n\r\n12345".into());
    let server = Server::start([end]).await;
    assert_eq!(send(&connect(&server.url())).await, Outcome::AuthRejected(403));
}

#[tokio::test]
async fn a_body_up_to_the_cap_is_read_and_the_connection_used_again() {
    const REQUESTS: usize = 50;
    for (bytes_of_body, kept) in [(CAP, true), (16 * CAP, false)] {
        let body = Answer::Bytes(bytes("200 OK", &vec![b'x'; bytes_of_body]));
        let server = Server::start(vec![body; REQUESTS]).await;
        let transport = connect(&server.url());
        for _ in 0..REQUESTS {
            assert_eq!(send(&transport).await, Outcome::Delivered);
        }
        // The transport does not wait for the end of the body, so the next request may need another connection.
        let reused = REQUESTS - server.connections();
        assert!(if kept { reused > REQUESTS / 4 } else { reused == 0 }, "{bytes_of_body} bytes: {reused} reused");
    }
}

#[tokio::test]
async fn an_endless_body_is_given_up_with_its_connection() {
    let chunk = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let until_close = b"HTTP/1.1 500 Internal Server Error\r\n\r\n".to_vec();
    let failure = failed("500 Internal Server Error");
    for (endless, expected) in [
        (Answer::Endless(chunked, chunk), Outcome::Delivered),
        (Answer::Endless(until_close, vec![b'x'; 0x1000]), failure),
    ] {
        let server = Server::start([endless, answer("200 OK")]).await;
        let transport = connect(&server.url());
        assert_eq!(send(&transport).await, expected);
        assert_eq!(send(&transport).await, Outcome::Delivered);
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_while_idle_is_not_used_again() {
    let server = Server::start([Answer::Close(bytes("200 OK", b"")), answer("200 OK")]).await;
    let transport = connect(&server.url());
    assert_eq!(send(&transport).await, Outcome::Delivered);
    server.left().await;
    assert_eq!(send(&transport).await, Outcome::Delivered);
    assert_eq!((server.requests().len(), server.connections()), (2, 2));
}

#[tokio::test]
async fn a_silent_server_is_left_to_the_engines_time_limit() {
    let server = Server::start([Answer::Silence(vec![]), answer("200 OK")]).await;
    let transport = connect(&server.url());
    assert!(timeout(Duration::from_millis(100), send(&transport)).await.is_err());
    assert_eq!(send(&transport).await, Outcome::Delivered, "on a connection of its own");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_body_that_stalls_after_a_200_is_a_delivery() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_vec();
    let server = Server::start([Answer::Silence(head)]).await;
    let transport = connect(&server.url());
    let outcome = timeout(Duration::from_secs(5), send(&transport)).await;
    assert_eq!(outcome, Ok(Outcome::Delivered));
}

#[tokio::test]
async fn a_body_that_stalls_is_read_for_5_seconds_and_given_up_with_its_connection() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_vec();
    let server = Server::start([Answer::Silence(head)]).await;
    let (transport, began) = (connect(&server.url()), clock::now());
    assert_eq!(send(&transport).await, Outcome::Delivered);
    // Real time is the subject. The upper limit leaves room for a machine that is busy.
    timeout(Duration::from_secs(30), server.left()).await.expect("the connection is closed");
    assert!(clock::now() - began >= Duration::from_secs(5));
}

#[tokio::test]
async fn a_connection_that_was_idle_for_4_seconds_is_not_used_again() {
    let server = Server::start([answer("200 OK"), answer("200 OK")]).await;
    let transport = connect(&server.url());
    assert_eq!(send(&transport).await, Outcome::Delivered);
    // Real time is the subject: a server that closes idle connections after 5 s does so in the middle of a request.
    sleep(Duration::from_millis(4100)).await;
    assert_eq!(send(&transport).await, Outcome::Delivered);
    assert_eq!(server.connections(), 2);
}
