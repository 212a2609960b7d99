//! The certificate of the TLS ports: a pair of PEM files, read again on SIGHUP without dropping anyone.

mod client;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use arc_swap::ArcSwap;
use kit::{Tasks, config::Common};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::{certificate::client::AnyClient, config::Config};

/// What a self-signed pair is made out to: whoever reaches the server by another name has a pair made for it.
const SELF_SIGNED_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

pub(crate) struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    config: ArcSwap<ServerConfig>,
}

impl Certificate {
    /// The pair that the settings name, or one of our own in the secrets folder, made if it is not there.
    pub(crate) fn open(config: &Config, common: &Common) -> anyhow::Result<Arc<Self>> {
        let [chain, key] = match (&config.tls_certificate, &config.tls_key) {
            (Some(chain), Some(key)) => [chain.clone(), key.clone()],
            (None, None) => {
                let pair = own_pair(&common.secrets_dir())?;
                [pair.clone(), pair]
            }
            _ => {
                anyhow::bail!("gateway.tls_certificate and gateway.tls_key belong together: set both or none")
            }
        };
        let config = ArcSwap::from_pointee(read(&chain, &key)?);
        Ok(Arc::new(Self { chain, key, config }))
    }

    /// For a connection that begins now.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Reads the files again. If that fails the pair stays as it was. Says which file, and whether it was read.
    pub(crate) fn reload(&self) -> (&Path, bool) {
        let read = read(&self.chain, &self.key);
        let is_read = read.is_ok();
        match read {
            Ok(config) => {
                self.config.store(Arc::new(config));
                tracing::info!(file = %self.chain.display(), "the TLS certificate was read again");
            }
            Err(error) => tracing::error!("the TLS certificate stays as it was: {error:#}"),
        }
        (&self.chain, is_read)
    }

    /// Reloads at each SIGHUP, where there is such a thing.
    pub(crate) fn reload_on_hangup(self: &Arc<Self>, tasks: &Tasks) -> io::Result<()> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let mut hangups = signal(SignalKind::hangup())?;
            let certificate = self.clone();
            tasks.spawn("certificate", async move {
                while hangups.recv().await.is_some() {
                    certificate.reload();
                }
            });
        }
        #[cfg(not(unix))]
        let _ = tasks;
        Ok(())
    }
}

fn read(chain: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let cannot = |path: &Path| format!("could not read {}", path.display());
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(|found| found.collect::<Result<Vec<_>, _>>())
        .with_context(|| cannot(chain))?;
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| cannot(key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(AnyClient::new(&provider))
        .with_single_cert(certificates, private)
        .with_context(|| format!("{} and {} are no pair", chain.display(), key.display()))
}

/// Our own pair in the secrets folder, made if it is not there. One file, so that processes that start at once agree on both halves.
pub(crate) fn own_pair(secrets: &Path) -> anyhow::Result<PathBuf> {
    let path = secrets.join("tls.pem");
    if !path.exists() {
        let names = SELF_SIGNED_NAMES.map(str::to_owned).to_vec();
        let made = rcgen::generate_simple_self_signed(names).context("could not make a TLS certificate")?;
        kit::secrets::publish(&path, (made.cert.pem() + &made.signing_key.serialize_pem()).as_bytes())?;
    }
    Ok(path)
}
