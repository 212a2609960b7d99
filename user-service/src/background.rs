//! What goes on by itself: leases, housekeeping, keys, and what other replicas did.

use kit::{Kit, Result};

use crate::{
    app::App,
    domain::{bans::Target, lease::Terms},
    keyring::{self, Keyring},
    store::housekeeping::Kept,
    work,
};

/// Starts all of it.
pub(crate) fn start(app: &App, kit: &Kit) {
    let on = app.clone();
    kit.tasks.keep("leases", move || leases(on.clone()));
    let on = app.clone();
    kit.tasks.keep("housekeeping", move || housekeeping(on.clone()));
    let on = app.clone();
    kit.tasks.keep("follow", move || follow(on.clone()));
    let on = app.clone();
    kit.tasks.keep("tasks", move || work::turn(on.clone()));
}

impl App {
    pub(crate) fn lease_terms(&self) -> Terms {
        Terms {
            lapse: self.config.lease.get(),
            drain: self.config.drain.get(),
            // Three looks at the leases that did not happen: this service was away.
            silence: self.config.lease_check.get() * 3,
        }
    }

    /// Takes over what all replicas agree on: keys, network bans, revocations.
    pub(crate) async fn look(&self) -> Result<()> {
        let _one = self.looking.lock().await;
        let now = self.now();
        self.store.rotate_keys_if_due(now, self.config.key_rotation.get(), keyring::fresh).await?;
        self.keyring.store(std::sync::Arc::new(Keyring::load(&self.store.signing_keys().await?)?));
        let bans = self.store.bans(now, None, "", i64::from(self.config.network_bans)).await?;
        self.bans.store(std::sync::Arc::new(
            bans.iter().filter_map(|ban| Target::parse(&ban.target).ok()).collect(),
        ));
        let mut cursor = 0;
        loop {
            let page = self.store.revocations(cursor).await?;
            for item in page.items {
                match item.grant {
                    Some(grant) => self.verifier.revoke_grant(grant, api::Timestamp(item.before)),
                    None => self.verifier.revoke(item.user, api::Timestamp(item.before)),
                }
            }
            page.renamed.into_iter().for_each(|person| self.verifier.rename(person));
            if page.cursor <= cursor {
                return Ok(());
            }
            cursor = page.cursor;
        }
    }
}

async fn leases(app: App) {
    tokio::time::sleep(app.config.lease_check.get()).await;
    match app.store.check_leases(app.lease_terms(), app.now()).await {
        Ok(0) => {}
        Ok(lapsed) => {
            tracing::warn!(lapsed, "gateways have not renewed their leases: their sessions end");
            app.work.notify_one();
        }
        Err(error) => tracing::warn!(cause = %error, "could not look at the leases, will again"),
    }
}

async fn housekeeping(app: App) {
    tokio::time::sleep(app.config.housekeeping.get()).await;
    let now = app.now();
    let kept =
        Kept { events: app.config.events_kept.get(), former_nicks: app.config.former_nicks_kept.get() };
    let freed = app.store.free_guests(now).await;
    if freed.as_ref().is_ok_and(|&freed| freed > 0) {
        app.work.notify_one();
    }
    match app.store.let_idle_go(now.minus(app.config.always_on_idle.get()), now).await {
        Ok(told) => app.announce(&told, None),
        Err(error) => tracing::warn!(cause = %error, "could not let idle accounts go, will again"),
    }
    if let Err(error) = freed.map(drop).and(app.store.forget_old(now, kept).await.map(drop)) {
        tracing::warn!(cause = %error, "could not tidy up, will again");
    }
}

async fn follow(app: App) {
    tokio::time::sleep(app.config.follow.get()).await;
    if let Err(failure) = app.look().await {
        tracing::warn!(cause = ?failure, "could not look at keys, bans and revocations, will again");
    }
}
