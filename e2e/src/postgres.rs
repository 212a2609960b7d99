use rand::RngExt;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Databases of one town's own on the server of `CAUSERIE_TEST_POSTGRES`, dropped at the end.
pub(crate) struct Databases {
    server: String,
    prefix: String,
    /// The server goes with the town.
    is_own: bool,
}

pub(crate) const SERVICES: [&str; 4] = ["users", "channels", "messages", "logs"];

impl Databases {
    pub(crate) async fn create() -> Self {
        let server = std::env::var("CAUSERIE_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!("CAUSERIE_TEST_POSTGRES names no PostgreSQL server; `cargo xtask test` starts one")
        });
        Self::create_on(server, false).await
    }

    /// On a server that nobody else uses.
    pub(crate) async fn create_at(server: &str) -> Self {
        Self::create_on(server.to_owned(), true).await
    }

    async fn create_on(server: String, is_own: bool) -> Self {
        let prefix = format!("e2e_{:016x}", rand::rng().random::<u64>());
        let databases = Self { server, prefix, is_own };
        for service in SERVICES {
            databases.run(&format!("create database {}_{service}", databases.prefix)).await;
        }
        databases
    }

    pub(crate) fn url(&self, service: &str) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("a PostgreSQL URL ends with /database");
        format!("{server}/{}_{service}", self.prefix)
    }

    async fn run(&self, sql: &str) {
        let mut server = PgConnection::connect(&self.server).await.expect("the PostgreSQL of the tests runs");
        server.execute(AssertSqlSafe(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        if self.is_own {
            return;
        }
        // A drop may happen inside a runtime, which cannot run another on the same thread.
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let Ok(runtime) = runtime else { return };
                runtime.block_on(async {
                    for service in SERVICES {
                        self.run(&format!("drop database {}_{service} with (force)", self.prefix)).await;
                    }
                });
            });
        });
    }
}
