use std::pin::Pin;

use api::{Door, ErrorCode};

use super::stage::Stage;

/// One way to get one error at one door.
pub struct Provocation {
    pub code: ErrorCode,
    pub door: Door,
    /// What it is called there, if not by status and code.
    pub says: Option<&'static str>,
    /// Gives status and code as they came: `403 banned`.
    pub provoke: Provoke,
}

pub type Provoke = for<'a> fn(&'a Stage) -> Pin<Box<dyn Future<Output = String> + 'a>>;

impl Provocation {
    pub fn name(&self) -> String {
        format!("{} at {:?}", self.code, self.door)
    }

    pub fn expected(&self) -> String {
        self.says.map_or_else(|| format!("{} {}", self.code.status(), self.code), str::to_owned)
    }
}

/// Lines of `Code: |stage| what gives status and code`; `Code says "word":` where it is called otherwise.
macro_rules! provocations {
    ($door:ident: $($code:ident $(says $says:literal)?: |$stage:ident| $body:expr;)*) => {
        pub fn table() -> Vec<$crate::doors::table::Provocation> {
            vec![$($crate::doors::table::Provocation {
                code: api::ErrorCode::$code,
                door: api::Door::$door,
                says: [$($says,)?].first().copied(),
                provoke: |$stage: &$crate::doors::stage::Stage| Box::pin(async move { $body }),
            }),*]
        }
    };
}
pub(super) use provocations;
