//! Passwords for what the Compose stack runs beside our own processes, and where each finds its own.

use std::path::Path;

use anyhow::Context;
use api::auth::ServiceName;
use kit::secrets::{init_apart, make_private_dir, publish};

/// The user of all databases, and of NATS: each has a password of its own.
const USER: &str = "causerie";

/// Makes a folder in `dir` for every container of docker-compose.yml: the keys, what a PostgreSQL for each service and NATS are
/// started with, and the addresses by which the services come in there. What is there stays.
pub(crate) fn init(dir: &Path) -> anyhow::Result<()> {
    init_apart(dir)?;
    let nats = password(&dir.join("nats"))?;
    let accounts = format!("authorization {{ user: {USER}, password: \"{nats}\" }}\nmonitor_port: 8222\n");
    publish(&dir.join("nats/nats.conf"), accounts.as_bytes())?;
    for name in ServiceName::ALL {
        let own = dir.join(name.as_str());
        publish(&own.join("nats.url"), format!("nats://{USER}:{nats}@nats:4222").as_bytes())?;
        if name == ServiceName::Gateway {
            continue;
        }
        let host = format!("{name}-database");
        let password = password(&dir.join(&host))?;
        publish(&own.join("database.url"), format!("postgres://{USER}:{password}@{host}/{USER}").as_bytes())?;
    }
    gateway::init(&dir.join(ServiceName::Gateway.as_str()))
}

/// The password in this folder, made if there is none yet.
fn password(dir: &Path) -> anyhow::Result<String> {
    make_private_dir(dir).with_context(|| format!("could not make {}", dir.display()))?;
    let path = dir.join("password");
    // As good as a key of 128 bits, and a word in every file that it stands in.
    let fresh = format!("{:032x}", rand::random::<u128>());
    publish(&path, fresh.as_bytes())?;
    std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_finds_what_they_need_and_nothing_changes_when_it_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let read = |path: &str| std::fs::read_to_string(dir.path().join(path)).unwrap();
        let made = || {
            init(dir.path()).unwrap();
            ["users/database.url", "logs/database.url", "gateway/nats.url", "nats/nats.conf"].map(read)
        };
        let first = made();
        let password = read("users-database/password");
        assert_eq!(first[0], format!("postgres://causerie:{password}@users-database/causerie"));
        assert_ne!(first[1], first[0].replace("users", "logs"), "each has its own");
        assert_eq!(first[2], format!("nats://causerie:{}@nats:4222", read("nats/password")));
        assert_eq!(first, made());
        assert!(!dir.path().join("gateway/database.url").exists());
    }
}
