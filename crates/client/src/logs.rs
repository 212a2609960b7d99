//! log-service, as the other services ask it. (Shipping is kit's: every process does it.)

use api::id::UserId;
use reqwest::Method;

use crate::http::{Caller, Error, Service};

#[derive(Clone)]
pub struct Logs(pub Service);

impl Logs {
    /// Forgets an erased user: records that carry the id lose what names them; may be repeated.
    pub async fn erase(&self, user: &UserId) -> Result<(), Error> {
        self.0
            .send_for_nothing(self.0.request(
                Method::DELETE,
                &format!("/v1/users/{user}/data"),
                Caller::Service,
            ))
            .await
    }
}
