//! Redirects within one origin are followed; the token and the records go nowhere else.

use mastra_native_exporter::protocol::answer::Outcome;

use crate::{
    BODY, PATH, TOKEN, connect, refused, send,
    server::{Server, answer},
};

fn redirect(status: &str, location: &str) -> crate::server::Answer {
    answer(&format!("{status} Redirect\r\nlocation: {location}"))
}

/// Checks that the outcome has the phrase of [`redirect`], and that no other attempt was made: it would end the same way.
fn not_followed(status: &str) -> Outcome {
    refused(&format!("{status} Redirect"))
}

#[tokio::test]
async fn within_one_origin_307_and_308_are_followed_with_body_and_token() {
    for status in ["307", "308"] {
        for absolute in [false, true] {
            let server = Server::start([]).await;
            let origin = if absolute { server.url() } else { String::new() };
            server.then(redirect(status, &format!("{origin}/moved?to=here")));
            server.then(answer("200 OK"));
            assert_eq!(send(&connect(&server.url())).await, Outcome::Delivered);
            let [first, second] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
            assert_eq!(first.line, format!("POST {PATH} HTTP/1.1"));
            assert_eq!(second.line, "POST /moved?to=here HTTP/1.1");
            assert_eq!(second.header("authorization"), [format!("Bearer {TOKEN}")]);
            assert_eq!(second.header("content-type"), ["application/json"]);
            assert_eq!(second.body, BODY.as_bytes());
            assert!(second.header("referer").is_empty());
            assert_eq!(server.connections(), 1);
        }
    }
}

#[tokio::test]
async fn to_another_origin_no_redirect_is_followed() {
    for status in ["301", "302", "303", "307", "308"] {
        let other = Server::start([answer("200 OK")]).await;
        let (port, scheme_relative) = (other.address.port(), format!("//{}/x", other.address));
        for location in [
            format!("{}/x", other.url()),
            format!("http://localhost:{port}/x"),
            format!("https://127.0.0.1:{port}/x"),
            scheme_relative,
        ] {
            let server = Server::start([redirect(status, &location)]).await;
            let outcome = send(&connect(&server.url())).await;
            assert_eq!(outcome, not_followed(status), "{location}");
            assert_eq!(server.requests().len(), 1, "{status} {location}");
        }
        assert_eq!((other.connections(), other.requests().len()), (0, 0), "{status}");
    }
}

#[tokio::test]
async fn the_same_port_under_another_host_name_is_another_origin() {
    let server = Server::start([]).await;
    server.then(redirect("307", &format!("http://localhost:{}/x", server.address.port())));
    assert_eq!(send(&connect(&server.url())).await, not_followed("307"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_redirect_that_leaves_the_origin_later_is_not_followed_there() {
    let other = Server::start([answer("200 OK")]).await;
    let server = Server::start([redirect("307", "/a"), redirect("308", &other.url())]).await;
    assert_eq!(send(&connect(&server.url())).await, not_followed("308"));
    assert_eq!((server.requests().len(), other.connections()), (2, 0));
}

#[tokio::test]
async fn redirects_that_would_lose_the_body_are_not_followed_even_at_home() {
    for status in ["300", "301", "302", "303"] {
        let server = Server::start([redirect(status, "/moved"), answer("200 OK")]).await;
        assert_eq!(send(&connect(&server.url())).await, not_followed(status));
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_no_delivery() {
    for location in ["", "location: http://\r\n", "location: \u{1}\r\n", "location: mailto:a@b\r\n"] {
        let head = format!("HTTP/1.1 307 Redirect\r\n{location}content-length: 0\r\n\r\n");
        let server = Server::start([crate::server::Answer::Bytes(head.into())]).await;
        crate::cause(&connect(&server.url())).await;
        assert_eq!(server.requests().len(), 1, "{location:?}");
    }
}

#[tokio::test]
async fn a_redirect_loop_ends_after_five() {
    let server = Server::start(vec![redirect("307", PATH); 100]).await;
    assert_eq!(send(&connect(&server.url())).await, not_followed("307"));
    assert_eq!(server.requests().len(), 6, "the request and five redirects");
}
