//! The secrets folder: each service's own signing key and everybody's public half.

use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use api::auth::ServiceName;
use ed25519_dalek::{
    SigningKey, VerifyingKey,
    pkcs8::{
        DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, spki::der::pem::LineEnding,
    },
};
use jsonwebtoken::{DecodingKey, EncodingKey};

/// A service's own key, and the public keys of all.
pub struct Keys {
    name: ServiceName,
    own: EncodingKey,
    public: HashMap<ServiceName, DecodingKey>,
}

/// The secrets folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error("could not use {path} in the secrets folder")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} holds no Ed25519 key in PEM")]
    NotAKey { path: PathBuf },
    #[error("{path} is missing: this process cannot sign as {name}")]
    NoKey { path: PathBuf, name: ServiceName },
    #[error("could not make a key: {0}")]
    Encode(String),
}

impl Keys {
    /// Opens the folder, making what is missing in it.
    pub fn open(dir: &Path, name: ServiceName) -> Result<Self, SecretsError> {
        init_all(dir)?;
        let own_path = dir.join(format!("{name}.key"));
        if !own_path.exists() {
            return Err(SecretsError::NoKey { path: own_path, name });
        }
        let own = signing_key(&own_path)?;
        let mut public = HashMap::new();
        for other in ServiceName::ALL {
            let path = dir.join(format!("{other}.pub"));
            let text = read(&path)?;
            let key = VerifyingKey::from_public_key_pem(&text).map_err(|_| SecretsError::NotAKey { path })?;
            public.insert(other, DecodingKey::from_ed_der(key.as_bytes()));
        }
        Ok(Self { name, own: encoding_key(&own)?, public })
    }

    /// Whose keys these are.
    pub fn name(&self) -> ServiceName {
        self.name
    }

    pub(crate) fn own(&self) -> &EncodingKey {
        &self.own
    }

    pub(crate) fn public(&self, name: ServiceName) -> Option<&DecodingKey> {
        self.public.get(&name)
    }
}

/// Makes the folder and every key that is missing. Several processes may do so at once: the first wins, all use its keys.
/// A service whose public key is there, but not its private one, lives elsewhere and gets no new key.
pub fn init_all(dir: &Path) -> Result<(), SecretsError> {
    make_private_dir(dir).map_err(|source| SecretsError::File { path: dir.into(), source })?;
    ServiceName::ALL.into_iter().try_for_each(|name| init(dir, name))
}

/// Makes a folder for each service in `dir`, with its own key and the public ones of all: for processes that are not to read
/// each other's.
pub fn init_apart(dir: &Path) -> Result<(), SecretsError> {
    let folder = |name: ServiceName| dir.join(name.as_str());
    for name in ServiceName::ALL {
        make_private_dir(&folder(name))
            .map_err(|source| SecretsError::File { path: folder(name), source })?;
        init(&folder(name), name)?;
    }
    for name in ServiceName::ALL {
        let file = format!("{name}.pub");
        let public = read(&folder(name).join(&file))?;
        for other in ServiceName::ALL {
            publish(&folder(other).join(&file), public.as_bytes())?;
        }
    }
    Ok(())
}

/// Makes one service's pair of keys, as far as it is missing.
fn init(dir: &Path, name: ServiceName) -> Result<(), SecretsError> {
    let (key, public) = (dir.join(format!("{name}.key")), dir.join(format!("{name}.pub")));
    if !key.exists() && !public.exists() {
        let fresh = SigningKey::from_bytes(&rand::random());
        let pem = fresh.to_pkcs8_pem(LineEnding::LF).map_err(|e| SecretsError::Encode(e.to_string()))?;
        publish(&key, pem.as_bytes())?;
    }
    if !public.exists() {
        let pem = signing_key(&key)?
            .verifying_key()
            .to_public_key_pem(LineEnding::LF)
            .map_err(|e| SecretsError::Encode(e.to_string()))?;
        publish(&public, pem.as_bytes())?;
    }
    Ok(())
}

/// Puts a whole file in place, or leaves the one that came first: nobody ever reads half a key.
pub fn publish(path: &Path, content: &[u8]) -> Result<(), SecretsError> {
    let fail = |source| SecretsError::File { path: path.into(), source };
    let draft = path.with_extension(format!("new-{:016x}", rand::random::<u64>()));
    let mut file = private_file(&draft).map_err(fail)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(fail)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(fail)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(fail(error)),
        _ => Ok(()),
    }
}

fn signing_key(path: &Path) -> Result<SigningKey, SecretsError> {
    SigningKey::from_pkcs8_pem(&read(path)?).map_err(|_| SecretsError::NotAKey { path: path.into() })
}

fn encoding_key(key: &SigningKey) -> Result<EncodingKey, SecretsError> {
    let der = key.to_pkcs8_der().map_err(|e| SecretsError::Encode(e.to_string()))?;
    Ok(EncodingKey::from_ed_der(der.as_bytes()))
}

fn read(path: &Path) -> Result<String, SecretsError> {
    fs::read_to_string(path).map_err(|source| SecretsError::File { path: path.into(), source })
}

/// A folder for its owner's eyes only.
pub fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// A new file for its owner's eyes only.
pub(crate) fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_that_start_at_once_agree_on_the_keys() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = dir.path().join("secrets");
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| init_all(&secrets).unwrap());
            }
        });
        for name in ServiceName::ALL {
            let key = signing_key(&secrets.join(format!("{name}.key"))).unwrap();
            let public = fs::read_to_string(secrets.join(format!("{name}.pub"))).unwrap();
            assert_eq!(VerifyingKey::from_public_key_pem(&public).unwrap(), key.verifying_key());
        }
        assert_eq!(fs::read_dir(&secrets).unwrap().count(), 10, "drafts are left behind");
    }

    #[cfg(unix)]
    #[test]
    fn only_their_owner_can_read_the_keys() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let secrets = dir.path().join("secrets");
        init_all(&secrets).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&secrets), mode(&secrets.join("users.key"))), (0o700, 0o600));
    }

    #[test]
    fn services_that_live_apart_know_each_other_and_only_their_own_key() {
        let dir = tempfile::tempdir().unwrap();
        init_apart(dir.path()).unwrap();
        let before = fs::read_to_string(dir.path().join("users/users.key")).unwrap();
        init_apart(dir.path()).unwrap();
        assert_eq!(before, fs::read_to_string(dir.path().join("users/users.key")).unwrap(), "made once");
        for name in ServiceName::ALL {
            let folder = dir.path().join(name.as_str());
            assert!(Keys::open(&folder, name).is_ok());
            let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name());
            let keys: Vec<_> = files.filter(|file| file.to_string_lossy().ends_with(".key")).collect();
            assert_eq!(keys, [format!("{name}.key").as_str()]);
            let same = |other: ServiceName| fs::read(dir.path().join(format!("{other}/{name}.pub"))).unwrap();
            assert!(ServiceName::ALL.into_iter().all(|other| same(other) == same(name)));
        }
    }

    #[test]
    fn a_service_that_lives_elsewhere_gets_no_new_key() {
        let dir = tempfile::tempdir().unwrap();
        init_all(dir.path()).unwrap();
        fs::remove_file(dir.path().join("logs.key")).unwrap();
        assert!(Keys::open(dir.path(), ServiceName::Users).is_ok());
        assert!(!dir.path().join("logs.key").exists());
        assert!(matches!(Keys::open(dir.path(), ServiceName::Logs), Err(SecretsError::NoKey { .. })));
    }
}
