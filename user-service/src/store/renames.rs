//! Who changed their nick lately: tokens issued before say an old one, which may be somebody else's by now.

use api::{Nick, Person, Timestamp, id::UserId, users::MAX_REVOCATIONS};
use kit::db::Tx;
use sqlx::FromRow;

use super::{Store, column::Checked, execute, marks, read_all};

const PAGE: i64 = MAX_REVOCATIONS as i64;

/// One row for each person: only the newest counts.
const NOTE: &str = "insert into renames (user_id, cursor, at) values ($1, $2, $3) \
    on conflict (user_id) do update set cursor = excluded.cursor, at = excluded.at";
const AFTER: &str = "select renames.cursor, users.id, users.nick, users.version from renames \
    join users on users.id = renames.user_id where renames.cursor > $1 order by renames.cursor limit $2";

#[derive(FromRow)]
struct Row {
    cursor: i64,
    id: Checked<UserId>,
    nick: Checked<Nick>,
    version: i64,
}

/// Notes that a locked user has another nick. The number is of the same row of numbers as revocations: readers follow both at once.
pub(crate) async fn note(tx: &mut Tx, user: &UserId, now: Timestamp) -> sqlx::Result<()> {
    let cursor = marks::raise(tx, marks::REVOCATIONS).await?;
    execute!(tx, NOTE, user.as_str(), cursor, now.0).map(drop)
}

impl Store {
    /// Who changed their nick after a cursor, as they are now; and the last one's cursor, if there are more.
    pub(super) async fn renamed(&self, after: i64) -> sqlx::Result<(Vec<Person>, Option<i64>)> {
        let rows: Vec<Row> = read_all!(self.db, AFTER, after, PAGE)?;
        let more = i64::try_from(rows.len()).is_ok_and(|rows| rows == PAGE);
        let last = rows.last().filter(|_| more).map(|row| row.cursor);
        let person =
            |row: Row| Person { id: row.id.0, nick: row.nick.0, user_version: row.version.cast_unsigned() };
        Ok((rows.into_iter().map(person).collect(), last))
    }
}
