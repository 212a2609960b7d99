use std::ops::Deref;

use tokio::sync::OnceCell;

use crate::town::{Plan, Town};

/// The shapes of town that a story runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    OneProcess,
    FiveProcesses,
    FiveProcessesOnPostgres,
    Scaled,
}

impl Shape {
    pub fn plan(self) -> Plan {
        let plan = match self {
            Self::OneProcess => Plan::one_process(),
            Self::FiveProcesses => Plan::five_processes(),
            Self::FiveProcessesOnPostgres => Plan::five_processes().on_postgres(),
            Self::Scaled => Plan::scaled(),
        };
        // Stories are many people at one address.
        ROOMY.iter().fold(plan, |plan, setting| plan.set(setting))
    }
}

/// Limits that a whole test binary at one address would meet. They have tests of their own.
const ROOMY: &[&str] = &[
    "gateway.limits.connections_per_address=10000",
    "gateway.limits.commands_per_second=100000",
    "gateway.limits.command_burst=100000",
    "users.newcomers_from_address={burst=100000,every=1}",
    "users.logins_from_address={burst=100000,every=1}",
    "channels.writes_of_person={burst=1000000,every=1}",
    "messages.writes_of_person={burst=1000000,every=1}",
];

static ONE: OnceCell<Town> = OnceCell::const_new();
static FIVE: OnceCell<Town> = OnceCell::const_new();
static FIVE_ON_POSTGRES: OnceCell<Town> = OnceCell::const_new();
static SCALED: OnceCell<Town> = OnceCell::const_new();

/// The town of this shape that all stories of a test binary live in. It ends with the binary.
pub async fn shared(shape: Shape) -> &'static Town {
    let cell = match shape {
        Shape::OneProcess => &ONE,
        Shape::FiveProcesses => &FIVE,
        Shape::FiveProcessesOnPostgres => &FIVE_ON_POSTGRES,
        Shape::Scaled => &SCALED,
    };
    cell.get_or_init(|| shape.plan().start()).await
}

/// A story in a town that outlives it: if it fails, what the town has printed is shown.
pub struct Scene<'a>(pub &'a Town);

impl Deref for Scene<'_> {
    type Target = Town;
    fn deref(&self) -> &Town {
        self.0
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0.last_printed());
        }
    }
}

/// Runs each story in a shared town of one process, in one of five, and in one of three gateways and two of each service. With `own`,
/// each gets a town of its own, which it may break, but for the last; with `and postgres`, also five processes on PostgreSQL.
///
/// ```
/// e2e::in_every_town! {
///     async fn a_ping_is_answered(town: &e2e::Town) {
///         town.line().await.asks("/ping hello").await.is("200 pong :hello");
///     }
/// }
/// ```
#[macro_export]
macro_rules! in_every_town {
    (@tests $get:ident [$($module:ident $shape:ident)*] $names:tt) => {
        $( $crate::in_every_town! { @module $get $module $shape $names } )*
    };
    (@module $get:ident $module:ident $shape:ident [$($(#[$meta:meta])* $name:ident)*]) => {
        mod $module {
            $(
                $(#[$meta])*
                #[tokio::test]
                async fn $name() {
                    $crate::in_every_town! { @$get $shape $name }
                }
            )*
        }
    };
    (@shared $shape:ident $name:ident) => {
        let scene = $crate::Scene($crate::shared($crate::Shape::$shape).await);
        super::$name(&scene).await;
    };
    (@own $shape:ident $name:ident) => {
        let town = $crate::Shape::$shape.plan().start().await;
        super::$name(&town).await;
    };
    (own: $($(#[$meta:meta])* async fn $name:ident($town:ident: &$t:ty) $body:block)*) => {
        $( async fn $name($town: &$t) $body )*
        $crate::in_every_town! { @tests own [one_process_alone OneProcess five_processes_alone FiveProcesses] [$($(#[$meta])* $name)*] }
    };
    (and postgres: $($(#[$meta:meta])* async fn $name:ident($town:ident: &$t:ty) $body:block)*) => {
        $( async fn $name($town: &$t) $body )*
        $crate::in_every_town! {
            @tests shared
            [one_process_on_sqlite OneProcess five_processes_on_sqlite FiveProcesses five_processes_on_postgres FiveProcessesOnPostgres scaled_on_postgres Scaled]
            [$($(#[$meta])* $name)*]
        }
    };
    ($($(#[$meta:meta])* async fn $name:ident($town:ident: &$t:ty) $body:block)*) => {
        $( async fn $name($town: &$t) $body )*
        $crate::in_every_town! { @tests shared [one_process OneProcess five_processes FiveProcesses scaled Scaled] [$($(#[$meta])* $name)*] }
    };
}
