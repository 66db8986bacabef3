//! Trust in servers: by the root certificates that Node trusts, parsed once for any number of exporters.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, LazyLock},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

/// Root certificates. Clones share them; they are parsed at the first use, on the engine's thread.
#[derive(Clone)]
pub struct Trust(Arc<LazyLock<Parsed, Box<dyn FnOnce() -> Parsed + Send>>>);

type Parsed = Result<ClientConfig, Error>;

impl Trust {
    /// Trusts exactly the certificates in this PEM text. Certificates that cannot be read are ignored, as Node ignores
    /// such extra certificates.
    #[must_use]
    pub fn new(pem: String) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(move || client_config(&pem)))))
    }

    /// The settings of a TLS client. A clone of them shares certificates and TLS sessions.
    ///
    /// # Errors
    /// [`Error`] when no TLS protocol version is left.
    pub fn client_config(&self) -> Parsed {
        LazyLock::force(&self.0).clone()
    }
}

impl Default for Trust {
    /// Trusts no server.
    fn default() -> Self {
        Self::new(String::new())
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Trust")
    }
}

fn client_config(pem: &str) -> Parsed {
    let listed: HashSet<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok).collect();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(listed.iter().cloned());
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let config = match WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() {
        Ok(webpki) => builder.dangerous().with_custom_certificate_verifier(Arc::new(ListedAsItself { webpki, listed })),
        // Without any certificate no server is trusted.
        Err(_) => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(config.with_no_client_auth())
}

/// webpki's rules and one of OpenSSL's: a server may show a certificate that is marked as a CA if that very certificate
/// is trusted. `openssl req -x509` marks each certificate in this way.
#[derive(Debug)]
struct ListedAsItself {
    webpki: Arc<WebPkiServerVerifier>,
    listed: HashSet<CertificateDer<'static>>,
}

impl ServerCertVerifier for ListedAsItself {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // webpki checks the dates of a certificate before it checks this mark (tests/http/tls.rs tests that).
            Err(error) if is_ca_used_as_end_entity(&error) && self.listed.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

fn is_ca_used_as_end_entity(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    matches!(cause.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_the_certificates_is_freed_when_they_are_parsed() {
        let text = 1 << 20;
        // Bytes that a set of certificates keeps while it exists.
        let kept_by = |parse: bool| {
            let mut trust = None;
            let memory = allocation_counter::measure(|| {
                let new = Trust::new("x".repeat(text));
                if parse {
                    new.client_config().unwrap();
                }
                trust = Some(new);
            });
            memory.bytes_current
        };
        assert!(kept_by(false) >= 1 << 20, "it is kept until then");
        assert!(kept_by(true) < 1 << 19);
    }
}
