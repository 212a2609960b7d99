//! Where errors are provoked: one ordinary town for most, towns with a tight limit for some, each started when first needed.

use api::auth::ServiceName;
use e2e::{Channels, Fault, Line, Plan, Rest, Shape, Town, Users, fresh, fresh_channel, segment};
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, OnceCell},
    task::JoinSet,
};

pub const PASSWORD: &str = "correct horse battery";

#[derive(Default)]
pub struct Stage {
    ordinary: OnceCell<Town>,
    operator: OnceCell<Rest>,
    closed: OnceCell<Town>,
    hasty: OnceCell<Town>,
    narrow: OnceCell<Town>,
    broken: OnceCell<Town>,
    open: OnceCell<Town>,
    impatient: OnceCell<Town>,
    busy: OnceCell<(Town, Rest)>,
    /// The hanging requests hold their places for one provocation at a time.
    pub busy_turn: Mutex<()>,
}

impl Stage {
    /// One process that can be told to fail.
    pub async fn town(&self) -> &Town {
        self.ordinary.get_or_init(|| Shape::OneProcess.plan().with_faults().start()).await
    }

    /// Where nobody can register.
    pub async fn closed(&self) -> &Town {
        let plan = || Plan::one_process().set("users.registration=closed");
        self.closed.get_or_init(|| plan().start()).await
    }

    /// Where one may type one line a second, and fail to log in once.
    pub async fn hasty(&self) -> &Town {
        let plan = || {
            Plan::one_process()
                .set("gateway.limits.commands_per_second=1")
                .set("gateway.limits.command_burst=3")
                .set("users.logins_of_account={burst=1,every=600}")
        };
        self.hasty.get_or_init(|| plan().start()).await
    }

    /// Where an address has one connection.
    pub async fn narrow(&self) -> &Town {
        let plan = || {
            Plan::one_process()
                .set("gateway.limits.connections_per_address=1")
                .set("http.uncounted=[]")
                .set("http.connections_per_address=0")
        };
        self.narrow.get_or_init(|| plan().start()).await
    }

    /// Where message-service has gone for good.
    pub async fn broken(&self) -> &Town {
        let start = async || {
            let town = Town::five_processes().await;
            town.kill9(e2e::Messages);
            town
        };
        self.broken.get_or_init(start).await
    }

    /// Where lines are taken from everywhere, not only from this machine.
    pub async fn open(&self) -> &Town {
        self.open.get_or_init(|| Plan::one_process().open_to_all().start()).await
    }

    /// Where an answer may take half a second.
    pub async fn impatient(&self) -> &Town {
        let plan = || Plan::one_process().with_faults().set("http.request_timeout=500ms");
        self.impatient.get_or_init(|| plan().start()).await
    }

    /// Where user-service does three things at once, and a guest.
    pub async fn busy(&self) -> &(Town, Rest) {
        let start = async || {
            let plan = Plan::five_processes().with_faults();
            let town = plan
                .set_for(Users, &format!("http.concurrency={BUSY_AT}"))
                .set_for(Users, "http.concurrency_of_services=0");
            let town = town.start().await;
            let guest = town.rest().guest("asker").await;
            (town, guest)
        };
        self.busy.get_or_init(start).await
    }

    pub fn printed(&self) -> String {
        self.ordinary.get().map(Town::last_printed).unwrap_or_default()
    }

    /// An operator of the ordinary town.
    pub async fn operator(&self) -> &Rest {
        let make = async || self.town().await.operator("boss", PASSWORD).await;
        self.operator.get_or_init(make).await
    }

    pub async fn person(&self) -> Line {
        self.town().await.person(&fresh("person")).await
    }

    pub async fn guest(&self) -> Rest {
        self.town().await.rest().guest(&fresh("guest")).await
    }

    pub async fn account(&self) -> (String, Rest) {
        let name = fresh("account");
        let rest = self.town().await.rest().account(&name, PASSWORD).await;
        (name, rest)
    }

    /// A channel with these modes, and its operator.
    pub async fn channel(&self, modes: Value) -> (String, Rest) {
        let (channel, operator) = (fresh_channel("doors"), self.guest().await);
        operator.joins(&channel).await.ok();
        let path = format!("/v1/channels/{}/modes", segment(&channel));
        operator.patch(Channels, &path, &modes).await.ok();
        (channel, operator)
    }

    /// A suspended account's name.
    pub async fn suspended(&self) -> String {
        let (name, _) = self.account().await;
        let path = format!("/v1/accounts/{name}/suspension");
        self.operator().await.put(Users, &path, &json!({ "reason": "spam" })).await.ok();
        name
    }

    /// A nick that is banned from the network.
    pub async fn banned_nick(&self) -> String {
        let nick = fresh("banned");
        let ban = json!({ "target": format!("{nick}!*@*"), "reason": "spam" });
        self.operator().await.post(Users, "/v1/network-bans", &ban).await.ok();
        nick
    }

    /// A personal API token that may only read.
    pub async fn reading_token(&self) -> String {
        let (_, rest) = self.account().await;
        let wanted = json!({ "label": "reader", "scopes": "read channels" });
        let made = rest.post(Users, "/v1/accounts/me/api-tokens", &wanted).await;
        made.ok().body["secret"].as_str().expect("a secret").to_owned()
    }
}

/// Requests that user-service of the busy town does at once.
const BUSY_AT: usize = 3;

/// Keeps user-service busy until what is asked is refused.
pub async fn while_busy(town: &Town, guest: &Rest, mut ask: impl AsyncFnMut() -> String) -> String {
    let mut hanging = JoinSet::new();
    for _ in 0..BUSY_AT {
        town.arms(Users, "/v1/users/hanging", Fault::Hang).await;
        let guest = guest.clone();
        // One that finds no place, because somebody else has it for a moment, comes again.
        hanging.spawn(
            async move { while guest.get(Users, "/v1/users/hanging").await.code() == "overloaded" {} },
        );
    }
    let refused = async || {
        let verdict = ask().await;
        (!verdict.starts_with("200")).then_some(verdict)
    };
    // The set's end is that of the requests.
    e2e::until("user-service is busy", e2e::WITHIN, refused).await
}

/// The service whose next request for `path` panics.
pub async fn panics_at(town: &Town, service: ServiceName, path: &str) {
    town.arms(service, path, Fault::Panic).await;
}
