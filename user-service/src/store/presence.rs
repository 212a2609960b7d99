//! What people change about themselves: nick, away, real name and modes.

use api::{
    ErrorCode, Nick, Timestamp,
    event::{UserChange, UserEvent},
    id::{SessionId, UserId},
    users::{FormerNick, PatchUserModes},
};
use kit::Result;
use sqlx::FromRow;

use super::{
    Store,
    column::Checked,
    events, names, read_all, renames,
    sessions::remember_nick,
    users::{self, UserRow},
};

const FORMER: &str = "select nick, account, username, host, realname, until from former_nicks where nick_key = $1 and until < $2 \
    order by until desc limit $3";

#[derive(FromRow)]
struct FormerRow {
    nick: Checked<Nick>,
    account: Option<Checked<api::AccountName>>,
    username: String,
    host: String,
    realname: Option<String>,
    until: i64,
}

/// What somebody wants changed.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub nick: Option<Nick>,
    /// An empty text: back.
    pub away: Option<String>,
    /// An empty text: none.
    pub realname: Option<String>,
    pub modes: PatchUserModes,
}

impl Store {
    /// Changes what is named; no events for what is so already.
    pub async fn change(
        &self,
        id: &UserId,
        change: Change,
        session: Option<&SessionId>,
        now: Timestamp,
    ) -> Result<(UserRow, Vec<UserEvent>)> {
        let mut tx = self.db.begin().await?;
        let mut user = users::lock_present(&mut tx, id).await?;
        let mut told = Vec::new();
        if let Some(nick) = change.nick
            && nick.as_str() != user.nick.as_str()
        {
            let skeleton = nick.skeleton();
            if !names::wear(&mut tx, &skeleton, id, None).await? {
                return Err(ErrorCode::NickInUse.into());
            }
            names::take_off(&mut tx, id, &skeleton).await?;
            remember_nick(&mut tx, &user, now).await?;
            let old = std::mem::replace(&mut user.nick.0, nick);
            told.push(
                events::append(&mut tx, &mut user, now, session, UserChange::NickChanged { old }).await?,
            );
            renames::note(&mut tx, id, now).await?;
        }
        if let Some(text) = change.away {
            let text = Some(text).filter(|text| !text.is_empty());
            if text != user.away {
                user.away.clone_from(&text);
                told.push(events::append(&mut tx, &mut user, now, session, UserChange::Away { text }).await?);
            }
        }
        if let Some(text) = change.realname {
            let realname = Some(text).filter(|text| !text.is_empty());
            if realname != user.realname {
                user.realname.clone_from(&realname);
                let change = UserChange::Realname { realname };
                told.push(events::append(&mut tx, &mut user, now, session, change).await?);
            }
        }
        let modes = user.modes().patched(change.modes);
        if modes != user.modes() {
            user.set_modes(modes);
            told.push(events::append(&mut tx, &mut user, now, session, UserChange::Modes { modes }).await?);
        }
        users::save(&mut tx, &user).await?;
        tx.commit().await?;
        Ok((user, told))
    }

    /// Who had this nick lately, latest first, before a moment.
    pub async fn former_nicks(
        &self,
        nick: &Nick,
        before: Timestamp,
        limit: i64,
    ) -> sqlx::Result<Vec<FormerNick>> {
        let rows: Vec<FormerRow> = read_all!(self.db, FORMER, nick.key(), before.0, limit)?;
        let view = |row: FormerRow| FormerNick {
            nick: row.nick.0,
            account: row.account.map(|name| name.0),
            username: row.username,
            host: row.host,
            realname: row.realname,
            until: Timestamp(row.until),
        };
        Ok(rows.into_iter().map(view).collect())
    }
}
