use std::pin::Pin;

use api::{Door, ErrorCode};

use super::stage::Stage;

/// One way to get one error at one door.
pub struct Provocation {
    pub code: ErrorCode,
    pub door: Door,
    /// Gives status and code as they came: `403 banned`.
    pub provoke: Provoke,
}

pub type Provoke = for<'a> fn(&'a Stage) -> Pin<Box<dyn Future<Output = String> + 'a>>;

impl Provocation {
    pub fn name(&self) -> String {
        format!("{} at {:?}", self.code, self.door)
    }
}

/// Lines of `Code: |stage| what gives status and code`.
macro_rules! provocations {
    ($door:ident: $($code:ident: |$stage:ident| $body:expr;)*) => {
        pub fn table() -> Vec<$crate::doors::table::Provocation> {
            vec![$($crate::doors::table::Provocation {
                code: api::ErrorCode::$code,
                door: api::Door::$door,
                provoke: |$stage: &$crate::doors::stage::Stage| Box::pin(async move { $body }),
            }),*]
        }
    };
}
pub(super) use provocations;
