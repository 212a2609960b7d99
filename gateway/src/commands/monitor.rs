//! Watching nicks.

use api::{Nick, auth::ServiceName};

use crate::{
    command::{Answer, Asked, Outcome},
    dialect::irc::{Monitor, Told},
    session::Session,
};

pub(super) async fn monitor(session: &mut Session, what: Monitor) -> Answer {
    let (hub, client) = (&session.gateway.hub, session.client.id);
    let told = match what {
        Monitor::Add(nicks) => return add(session, &parsed(&nicks)).await,
        Monitor::Remove(nicks) => {
            hub.unwatch(client, Some(&parsed(&nicks)));
            Told::Nothing
        }
        Monitor::Clear => {
            hub.unwatch(client, None);
            Told::Nothing
        }
        Monitor::List => Told::Watches(hub.watches(client)),
        Monitor::Status => {
            let presences = hub.presences(client, &hub.watches(client));
            Told::Presences { presences, rejected: Vec::new() }
        }
    };
    Ok(Outcome::Irc(told))
}

/// Masks and whatever else is no nick are nobody's: nothing is ever heard of them.
fn parsed(nicks: &[String]) -> Vec<Nick> {
    nicks.iter().filter_map(|nick| Nick::try_from(nick.as_str()).ok()).collect()
}

async fn add(session: &mut Session, nicks: &[Nick]) -> Answer {
    let (hub, client) = (&session.gateway.hub, session.client.id);
    // Before the question: what happens between is heard.
    let rejected = hub.watch(client, nicks);
    let accepted: Vec<Nick> = nicks.iter().filter(|nick| !rejected.contains(nick)).cloned().collect();
    let named = accepted.iter().map(ToString::to_string).collect();
    match session.gateway.users.wearers(named).await.of(ServiceName::Users) {
        Ok(found) => hub.wearers(&accepted, &found, Some(client)),
        Err(refusal) => {
            hub.unwatch(client, Some(&accepted));
            return Err(refusal);
        }
    }
    let presences = hub.presences(client, &accepted);
    Ok(Outcome::Irc(Told::Presences { presences, rejected }))
}
