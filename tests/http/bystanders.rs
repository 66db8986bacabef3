//! One bad address, answer or body does not delay the others.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use mastra_native_exporter::{
    protocol::{answer::Outcome, request::Body},
    signal::Signal,
    transport::{HttpTransport, Transport, tls::Trust},
};
use reqwest::Client;
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};

use crate::{
    BODY, config, connect, send,
    server::{Answer, Server, answer},
};

#[tokio::test]
async fn four_answers_are_read_at_a_time_and_the_connections_of_others_closed() {
    let silent = Answer::Silence(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_vec());
    let server = Server::start(vec![silent; 12]).await;
    let transport = connect(&server.url());
    for _ in 0..12 {
        assert_eq!(send(&transport).await, Outcome::Delivered);
    }
    let mut left = server.left_in_silence(8).await;
    left.sort_unstable();
    assert_eq!(left, (4..12).collect::<Vec<_>>(), "the first four are read for as long as an answer may take");
}

#[tokio::test]
async fn short_answers_keep_their_connection_however_many_are_read() {
    let silent = Answer::Silence(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_vec());
    let server = Server::start([vec![silent; 4], vec![answer("200 OK"); 8]].concat()).await;
    let transport = connect(&server.url());
    for _ in 0..12 {
        assert_eq!(send(&transport).await, Outcome::Delivered);
    }
    assert_eq!(server.connections(), 5);
}

/// An address that neither accepts nor refuses connections, because its queue of connections is full.
async fn silent(address: &str) -> (tokio::net::TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(address.parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut queued = Vec::new();
    for _ in 0..2 {
        queued.push(TcpStream::connect(address).await.unwrap());
    }
    (listener, queued)
}

#[tokio::test]
async fn the_next_address_of_a_name_is_tried_when_one_is_silent() {
    let server = Server::start([answer("200 OK")]).await;
    let port = server.address.port();
    let first = format!("127.0.0.2:{port}");
    let _silent = silent(&first).await;
    let addresses = [first.parse().unwrap(), server.address];
    let builder = Client::builder().resolve_to_addrs("collector.test", &addresses);
    let config = config(&format!("http://collector.test:{port}"), json!({ "connectTimeoutMs": 1000 }));
    let transport = HttpTransport::from_builder(builder, &config, &Trust::default()).unwrap();
    assert_eq!(send(&transport).await, Outcome::Delivered);
}

#[tokio::test]
async fn no_connection_takes_longer_than_its_time_limit() {
    let address = "127.0.0.3:39871";
    let _silent = silent(address).await;
    let config = config(&format!("http://{address}"), json!({ "connectTimeoutMs": 100 }));
    let outcome = send(&HttpTransport::new(&config, &Trust::default()).unwrap()).await;
    assert!(matches!(&outcome, Outcome::Retry { cause, .. } if cause.contains("Connect")), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_with_many_header_lines_is_an_answer() {
    let head = "\r\nx-more: y".repeat(500);
    let server = Server::start([answer(&format!("200 OK{head}"))]).await;
    assert_eq!(send(&connect(&server.url())).await, Outcome::Delivered);
}

#[tokio::test]
async fn a_body_is_compressed_once_for_all_its_tries() {
    let server = Server::start(vec![answer("503 No"), answer("200 OK")]).await;
    let transport = connect(&server.url());
    let kept = Arc::new(OnceLock::new());
    for _ in 0..2 {
        let body = Body { plain: Bytes::from_static(BODY.as_bytes()), gzip: Some(Arc::clone(&kept)) };
        transport.send(Signal::Traces, body).await;
    }
    let [first, second] = &server.requests()[..] else { panic!("two requests") };
    assert_eq!((&first.body[..], &second.body[..]), (&kept.get().unwrap()[..], &kept.get().unwrap()[..]));
    let other = Arc::new(OnceLock::from(Bytes::from_static(b"kept")));
    transport.send(Signal::Traces, Body { plain: Bytes::from_static(BODY.as_bytes()), gzip: Some(other) }).await;
    assert_eq!(server.requests()[2].body, b"kept");
}
