//! The proxies that the facade found in the environment. reqwest itself looks for none.

use reqwest::{ClientBuilder, Proxy, Url};

use crate::{config::Config, signal::Signal};

/// The message does not show the URL, which may contain a password.
#[derive(Debug, thiserror::Error)]
#[error("a proxy's URL cannot be read")]
pub struct ProxyError;

/// The schemes of proxies. The facade passes on no other (`facade/network/proxies.ts`).
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Sends the requests to each endpoint through its proxy, if it has one.
///
/// # Errors
/// [`ProxyError`] when reqwest refuses the URL of a proxy.
pub fn with_proxies(client: ClientBuilder, config: &Config) -> Result<ClientBuilder, ProxyError> {
    let url = |text: &str| {
        Url::parse(text).ok().filter(|url| SCHEMES.contains(&url.scheme()) && url.has_host()).ok_or(ProxyError)
    };
    let mut routes = Vec::new();
    for (signal, proxy) in Signal::ALL.into_iter().zip(&config.proxies) {
        if let Some(proxy) = proxy {
            routes.push((url(config.endpoints.url(signal))?.origin(), url(proxy.expose())?));
        }
    }
    let route = move |url: &Url| {
        let origin = url.origin();
        routes.iter().find(|(from, _)| *from == origin).map(|(_, proxy)| proxy.clone())
    };
    Ok(client.no_proxy().proxy(Proxy::custom(route)))
}
