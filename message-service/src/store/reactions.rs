//! The reactions under a message.

use api::Person;
use kit::db::on;

use super::{
    Result, Store,
    history::number,
    row::{REACTION, UNREACTION, decode, nick_or_stone},
};
use crate::domain::reactions::Given;

// By position, as the index of what is about an entry has them.
const GIVEN: &str = "select e.seq, e.kind, e.text, u.id, s.nick, s.user_version from entries as e
    join speakers as s on s.n = e.author join users as u on u.n = s.person
    where e.conversation = $1 and e.of_seq = $2 and e.kind in ($3, $4) order by e.n limit $5";

type Row = (i64, i16, String, String, Option<String>, i64);

impl Store {
    /// Reactions to an entry and those taken back, in their order; the first `most`: the work stays bounded.
    pub async fn reactions(&self, conversation: i64, of: u64, most: u32) -> Result<Vec<Given>> {
        let rows: Vec<Row> = on!(self.db.read(), pool => {
            let query = sqlx::query_as(GIVEN).bind(conversation).bind(number(of)).bind(REACTION).bind(UNREACTION);
            query.bind(i64::from(most)).fetch_all(pool).await
        })?;
        rows.into_iter().map(given).collect()
    }
}

fn given((seq, kind, emoji, id, nick, version): Row) -> Result<Given> {
    let by = Person {
        id: id.try_into().map_err(decode)?,
        nick: nick_or_stone(nick)?,
        user_version: version as u64,
    };
    Ok(Given { seq: seq as u64, by, emoji, back: kind == UNREACTION })
}
