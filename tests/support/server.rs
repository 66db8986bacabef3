//! A server over real sockets whose answers are bytes: one script for all its connections, one entry a request.
//!
//! A request beyond the script is recorded like any other and answered 500, so that a surplus request is noticed.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

const SURPLUS: &[u8] = b"HTTP/1.1 500 Surplus\r\ncontent-length: 0\r\n\r\n";

/// The server's reaction to a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes; the connection stays.
    Bytes(Vec<u8>),
    /// These bytes, then an orderly end of the connection.
    Close(Vec<u8>),
    /// These bytes, then a reset.
    Reset(Vec<u8>),
    /// These bytes, then nothing, while the connection stays until the client leaves it.
    Silence(Vec<u8>),
    /// These bytes, then the second ones again and again until the client leaves.
    Endless(Vec<u8>, Vec<u8>),
    /// As a proxy that was asked to CONNECT: from now on everything goes to this address and back.
    Tunnel(SocketAddr),
}

/// A complete answer without a body. `head`: status and further header lines.
pub fn answer(head: &str) -> Answer {
    Answer::Bytes(bytes(head, b""))
}

/// A complete answer as bytes. `head`: status and further header lines.
pub fn bytes(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A request as it was read.
#[derive(Clone, Debug)]
pub struct Request {
    pub line: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// All values of a header, one after the other.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect()
    }
}

#[derive(Default)]
struct State {
    script: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    left: Notify,
    /// Connections, by number, that clients have left while the server was silent.
    left_in_silence: Mutex<Vec<usize>>,
}

/// A listening server; gone when its runtime is.
pub struct Server {
    pub address: SocketAddr,
    state: Arc<State>,
}

impl Server {
    pub async fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        Self::listen(script, None).await
    }

    /// A server that speaks TLS.
    pub async fn start_tls(config: ServerConfig, script: impl IntoIterator<Item = Answer>) -> Self {
        Self::listen(script, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(script: impl IntoIterator<Item = Answer>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        state.script.lock().unwrap().extend(script);
        let known = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (Arc::clone(&known), tls.clone());
                let number = state.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    // A client that goes away ends its connection and no test.
                    let _ = match tls {
                        None => serve(stream, number, &state).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, number, &state).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self { address, state }
    }

    /// Adds to the script. For answers that contain the address of the server.
    pub fn then(&self, answer: Answer) {
        self.state.script.lock().unwrap().push_back(answer);
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Waits until a client has left a connection that was closed or went silent.
    pub async fn left(&self) {
        self.state.left.notified().await;
    }

    /// Waits until this number of connections was left by clients while the server was silent; returns their numbers.
    pub async fn left_in_silence(&self, count: usize) -> Vec<usize> {
        loop {
            let left = self.state.left_in_silence.lock().unwrap().clone();
            if left.len() >= count {
                return left;
            }
            self.left().await;
        }
    }

    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }
}

/// A stream that can be reset.
trait Resettable {
    fn reset_on_drop(&self) -> io::Result<()>;
}

impl Resettable for TcpStream {
    fn reset_on_drop(&self) -> io::Result<()> {
        self.set_zero_linger()
    }
}

impl Resettable for TlsStream<TcpStream> {
    fn reset_on_drop(&self) -> io::Result<()> {
        self.get_ref().0.set_zero_linger()
    }
}

async fn serve<S>(mut stream: S, number: usize, state: &State) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Resettable + Unpin,
{
    while let Some(request) = read_request(&mut stream).await? {
        state.requests.lock().unwrap().push(request);
        let answer = state.script.lock().unwrap().pop_front();
        match answer.unwrap_or_else(|| Answer::Bytes(SURPLUS.to_vec())) {
            Answer::Bytes(bytes) => stream.write_all(&bytes).await?,
            Answer::Close(bytes) => {
                stream.write_all(&bytes).await?;
                stream.shutdown().await?;
                stream.read_to_end(&mut Vec::new()).await?;
                state.left.notify_one();
                return Ok(());
            }
            Answer::Reset(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.reset_on_drop();
            }
            Answer::Silence(bytes) => {
                stream.write_all(&bytes).await?;
                // Until the client leaves.
                let ended = stream.read_to_end(&mut Vec::new()).await;
                state.left_in_silence.lock().unwrap().push(number);
                state.left.notify_one();
                return ended.map(drop);
            }
            Answer::Endless(head, part) => {
                stream.write_all(&head).await?;
                loop {
                    stream.write_all(&part).await?;
                }
            }
            Answer::Tunnel(address) => {
                let mut target = TcpStream::connect(address).await?;
                stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
                return copy_bidirectional(&mut stream, &mut target).await.map(drop);
            }
        }
    }
    Ok(())
}

/// The next request; `None` when the client has closed.
async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        head.extend(byte);
    }
    // Latin-1, as headers are.
    let head: String = head.into_iter().map(char::from).collect();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request { line, headers, body }))
}
