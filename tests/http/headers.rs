//! The head of an answer besides its status: reason phrase, `Retry-After`, quota.

use std::time::Duration;

use httpdate::fmt_http_date;
use mastra_native_exporter::{clock, protocol::answer::Outcome, transport::HttpTransport};
use serde_json::json;

use crate::{
    connect, connect_as, failed, invalid, refused, send,
    server::{Answer, Server, answer},
};

fn with_quota(url: &str) -> HttpTransport {
    connect_as(url, json!({ "quotaPause": true })).unwrap()
}

/// The pause that a 503 with these header lines asks for.
async fn wait(status: &str, headers: &str) -> Option<Duration> {
    let server = Server::start([answer(&format!("{status}{headers}"))]).await;
    match send(&connect(&server.url())).await {
        Outcome::Retry { after, .. } | Outcome::TooMany { after, .. } => after,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn retry_after_in_seconds_is_a_wait_of_up_to_300_seconds() {
    for status in ["408 Request Timeout", "425 Too Early", "429 Too Many Requests", "503 Service Unavailable", "500 No"]
    {
        for (text, seconds) in
            [("7", 7), ("0", 0), ("007", 7), ("300", 300), ("301", 300), ("18446744073709551615", 300)]
        {
            let asked = wait(status, &format!("\r\nretry-after: {text}")).await;
            assert_eq!(asked, Some(Duration::from_secs(seconds)), "{status} {text}");
        }
    }
    assert_eq!(wait("503 Service Unavailable", "").await, None);
}

#[tokio::test]
async fn retry_after_as_a_date_is_the_wait_until_then() {
    let now = clock::wall_now();
    let date = |seconds| fmt_http_date(now + Duration::from_secs(seconds));
    // The pause is only about this long, because dates have whole seconds and the clock goes on.
    let soon = wait("503 No", &format!("\r\nretry-after: {}", date(250))).await.unwrap();
    assert!((200..=250).contains(&soon.as_secs()), "{soon:?}");
    let late = wait("503 No", &format!("\r\nRetry-After: {}", date(100_000))).await;
    assert_eq!(late, Some(Duration::from_secs(300)));
    for past in ["Wed, 21 Oct 2015 07:28:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        let asked = wait("503 No", &format!("\r\nretry-after: {past}")).await;
        assert_eq!(asked, Some(Duration::ZERO), "{past}");
    }
}

#[tokio::test]
async fn a_retry_after_that_is_neither_is_no_wait() {
    for garbage in ["", "soon", "-1", "1.5", "1e3", "0x10", "7 s", "7, 8", "Wed, 99 Oct 2015 07:28:00 GMT", "\u{e4}"] {
        let asked = wait("503 No", &format!("\r\nretry-after: {garbage}")).await;
        assert_eq!(asked, None, "{garbage:?}");
    }
}

#[tokio::test]
async fn retry_after_matters_only_where_another_attempt_may_help() {
    for (status, expected) in [("200 OK", Outcome::Delivered), ("400 Bad Request", invalid("400 Bad Request"))] {
        let server = Server::start([answer(&format!("{status}\r\nretry-after: 60"))]).await;
        assert_eq!(send(&connect(&server.url())).await, expected);
    }
}

#[tokio::test]
async fn an_error_names_the_phrase_of_the_wire() {
    for (line, text) in [
        ("503 Service Unavailable", "503 Service Unavailable"),
        ("503 Please come back", "503 Please come back"),
        ("502 bad gateway", "502 bad gateway"),
        ("599 Custom", "599 Custom"),
        // `statusText` of fetch is empty in this case, and the peer's text ends in a space.
        ("503 ", "503 "),
        ("503", "503 "),
        ("599 ", "599 "),
    ] {
        let server = Server::start([answer(line)]).await;
        assert_eq!(send(&connect(&server.url())).await, failed(text), "{line:?}");
    }
    for (line, text) in
        [("405 ", "405 "), ("404 Nothing here", "404 Nothing here"), ("418 I'm a teapot", "418 I'm a teapot")]
    {
        let server = Server::start([answer(line)]).await;
        assert_eq!(send(&connect(&server.url())).await, refused(text), "{line:?}");
    }
}

#[tokio::test]
async fn the_capability_is_announced_only_by_who_has_it() {
    for (transport, expected) in [(with_quota as fn(&str) -> _, vec!["quota-pause-v1"]), (connect, vec![])] {
        let server = Server::start([answer("200 OK")]).await;
        send(&transport(&server.url())).await;
        assert_eq!(server.requests()[0].header("x-mastra-observability-capabilities"), expected);
    }
}

#[tokio::test]
async fn quota_answers_pause_only_who_knows_them() {
    const DISABLED: &str = "\r\nx-mastra-observability: disabled";
    let waits = |seconds| format!("\r\nX-Mastra-Observability-Retry-After: {seconds}");
    let probe = |seconds| Outcome::QuotaExhausted { probe_after: Duration::from_secs(seconds) };
    let kept = |status: &str, outcome: &Outcome| (format!("{status}{DISABLED}"), outcome.clone(), outcome.clone());
    // (answer, under the contract, without it)
    for (head, with, without) in [
        ("402 Payment Required".to_owned(), probe(300), refused("402 Payment Required")),
        (format!("402 Payment Required{}", waits("45")), probe(45), refused("402 Payment Required")),
        (format!("200 OK{DISABLED}"), probe(300), Outcome::Delivered),
        (format!("202 Accepted{DISABLED}{}", waits("45")), probe(45), Outcome::Delivered),
        (format!("503 No{DISABLED}{}\r\nretry-after: 9", waits("45")), probe(45), wait_of(9)),
        (format!("413 Large{DISABLED}"), probe(300), Outcome::Split),
        (format!("200 OK{}", waits("45")), Outcome::Delivered, Outcome::Delivered),
        ("200 OK\r\nx-mastra-observability: enabled".to_owned(), Outcome::Delivered, Outcome::Delivered),
        kept("401 Unauthorized", &Outcome::AuthRejected(401)),
        kept("403 Forbidden", &Outcome::AuthRejected(403)),
    ] {
        let server = Server::start(vec![answer(&head); 2]).await;
        assert_eq!(send(&with_quota(&server.url())).await, with, "{head}");
        assert_eq!(send(&connect(&server.url())).await, without, "{head}");
    }
}

fn wait_of(seconds: u64) -> Outcome {
    let cause = "Request failed with status: 503 No".to_owned();
    Outcome::Retry { cause, after: Some(Duration::from_secs(seconds)) }
}

#[tokio::test]
async fn only_digits_put_a_probe_off() {
    for (text, seconds) in [
        ("1", 1),
        ("007", 7),
        ("2147483", 2_147_483),
        ("2147484", 2_147_483),
        ("99999999999999999999999", 2_147_483),
        ("", 300),
        ("0", 300),
        ("-5", 300),
        ("+5", 300),
        ("5.5", 300),
        ("5 s", 300),
        ("soon", 300),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 300),
        ("\u{b2}", 300),
    ] {
        let head = format!("402 No\r\nx-mastra-observability-retry-after: {text}");
        let server = Server::start([answer(&head)]).await;
        let expected = Outcome::QuotaExhausted { probe_after: Duration::from_secs(seconds) };
        assert_eq!(send(&with_quota(&server.url())).await, expected, "{text:?}");
    }
}

#[tokio::test]
async fn a_head_is_judged_even_if_its_body_stalls() {
    let head = "HTTP/1.1 402 No\r\nx-mastra-observability-retry-after: 45\r\ncontent-length: 9\r\n\r\n";
    let server = Server::start([Answer::Silence(head.into())]).await;
    let expected = Outcome::QuotaExhausted { probe_after: Duration::from_secs(45) };
    assert_eq!(send(&with_quota(&server.url())).await, expected);
}
