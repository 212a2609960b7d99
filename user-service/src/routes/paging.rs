//! Lists in pages, and lists that are asked about.

use api::{
    ErrorCode, Page,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};
use kit::{Failure, Result};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// Items of a page: 1 to 1000, 50 if absent.
    pub(super) limit: Option<u32>,
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
}

impl Paging {
    pub(super) fn limit(&self) -> Result<usize> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if (1..=MAX_LIMIT).contains(&limit) {
            return Ok(limit as usize);
        }
        Err(Failure::new(ErrorCode::InvalidParameter).detail(format!("limit is 1 to {MAX_LIMIT}")))
    }

    /// What to ask the store for: one more, to know whether there is a next page.
    pub(super) fn ask(&self) -> Result<(&str, i64)> {
        Ok((self.cursor.as_deref().unwrap_or_default(), i64::try_from(self.limit()?).unwrap_or(i64::MAX) + 1))
    }

    /// The page out of what the store gave.
    pub(super) fn page<T>(&self, mut items: Vec<T>, cursor: impl Fn(&T) -> String) -> Result<Page<T>> {
        let limit = self.limit()?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(cursor);
        Ok(Page { items, next })
    }
}

/// What is asked about at once is bounded.
pub(super) fn at_most<T>(most: usize, field: &str, asked: &[T]) -> Result<()> {
    if asked.len() <= most {
        return Ok(());
    }
    let detail = format!("at most {most} {field} at once");
    Err(Failure::new(ErrorCode::InvalidParameter).detail(&detail).field(format!("/{field}"), detail))
}
