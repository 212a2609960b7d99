//! Who may do what in a channel. Every door comes through here, so that every door answers the same.
//!
//! Order everywhere: what cannot be seen does not exist, then membership, then rank, then what is being acted on.

use api::{
    AccountName, ErrorCode, Timestamp,
    auth::Actor,
    channels::{Channel, Member},
    mode::{Role, Roles},
};

use super::{lists::Lists, modes};

/// Somebody, as a channel knows them.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    pub actor: &'a Actor,
    /// Their own membership, if they are in.
    pub member: Option<&'a Member>,
}

type Verdict = Result<(), ErrorCode>;

/// What is known of somebody who wants in.
#[derive(Debug, Clone, Copy)]
pub struct AtTheDoor<'a> {
    pub actor: &'a Actor,
    pub key: Option<&'a str>,
    /// Holds an invitation that has not expired.
    pub invited: bool,
    /// Channels they are in already.
    pub channels: usize,
}

/// Limits that a join can hit.
#[derive(Debug, Clone, Copy)]
pub struct JoinLimits {
    pub members: u64,
    pub channels_each: usize,
}

/// Operators of the network see every channel and may kick, unregister and read what its operators read. They get no other
/// right from it: in a channel they are who they are there.
fn operates_network(asker: &Asker<'_>) -> bool {
    asker.actor.is_operator()
}

/// Logged in to the account that registered the channel.
pub fn is_founder(account: Option<&AccountName>, channel: &Channel) -> bool {
    account.is_some() && account == channel.founder.as_ref()
}

/// A secret channel does not exist for those who are not in it.
pub fn may_see(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    let hidden = channel.modes.secret && asker.member.is_none() && !operates_network(asker);
    if hidden { Err(ErrorCode::NoSuchChannel) } else { Ok(()) }
}

/// For those in the channel; gives their roles.
fn inside(asker: &Asker<'_>, channel: &Channel) -> Result<Roles, ErrorCode> {
    may_see(asker, channel)?;
    asker.member.map(|member| member.roles).ok_or(ErrorCode::NotAMember)
}

/// For those who have `role` or one above it; gives their roles.
fn at_least(role: Role, asker: &Asker<'_>, channel: &Channel) -> Result<Roles, ErrorCode> {
    let roles = inside(asker, channel)?;
    if roles.at_least(role) { Ok(roles) } else { Err(ErrorCode::NotAnOperator) }
}

/// 0 for no role, 5 for a founder.
fn rank(roles: Roles) -> u8 {
    roles.highest().map_or(0, |role| 5 - role as u8)
}

/// Whether someone with `roles` may act against someone with `target`: nobody does against those above them, and
/// half-operators only against those below.
fn outranks(roles: Roles, target: Roles) -> bool {
    if roles.at_least(Role::Op) { rank(roles) >= rank(target) } else { rank(roles) > rank(target) }
}

/// Who is in, and what happened lately.
pub fn may_see_members(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    if operates_network(asker) { Ok(()) } else { inside(asker, channel).map(drop) }
}

/// Who is kept out: whoever is in sees it happen.
pub fn may_see_bans(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    may_see_members(asker, channel)
}

/// The key and the other lists.
pub fn may_see_inside(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    if operates_network(asker) { Ok(()) } else { at_least(Role::HalfOp, asker, channel).map(drop) }
}

/// Whether one who is not in may come in. The founder cannot be locked out of what they registered.
pub fn may_join(
    door: &AtTheDoor<'_>,
    channel: &Channel,
    lists: &Lists,
    limits: JoinLimits,
    now: Timestamp,
) -> Verdict {
    let modes = &channel.modes;
    if !is_founder(door.actor.account.as_ref(), channel) {
        if lists.is_banned(door.actor, now) {
            return Err(ErrorCode::Banned);
        }
        if modes.registered_only && door.actor.account.is_none() {
            return Err(ErrorCode::RegisteredOnly);
        }
        if modes.invite_only && !door.invited && !lists.is_invited(door.actor, now) {
            return Err(ErrorCode::InviteOnly);
        }
        // Whoever was invited needs no key, and there is a place for them.
        if !door.invited && modes.key.is_some() && modes.key.as_deref() != door.key {
            return Err(ErrorCode::BadKey);
        }
        if !door.invited && modes.limit.is_some_and(|limit| channel.member_count >= u64::from(limit)) {
            return Err(ErrorCode::ChannelFull);
        }
    }
    if channel.member_count >= limits.members {
        return Err(ErrorCode::ChannelFull);
    }
    may_join_one_more(door.channels, limits)
}

/// Whether somebody in `channels` may be in one more.
pub fn may_join_one_more(channels: usize, limits: JoinLimits) -> Verdict {
    if channels >= limits.channels_each { Err(ErrorCode::TooManyChannels) } else { Ok(()) }
}

pub fn may_part(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    inside(asker, channel).map(drop)
}

pub fn may_set_topic(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    let roles = inside(asker, channel)?;
    if channel.modes.topic_locked && !roles.at_least(Role::HalfOp) {
        return Err(ErrorCode::NotAnOperator);
    }
    Ok(())
}

/// What is said of the channel, for programs to show: like its topic, but of one that is closed to some only for those who are in.
pub fn may_see_metadata(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    if modes::is_closed(&channel.modes) { may_see_members(asker, channel) } else { may_see(asker, channel) }
}

pub fn may_set_metadata(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    at_least(Role::Op, asker, channel).map(drop)
}

pub fn may_set_modes(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    at_least(Role::Op, asker, channel).map(drop)
}

/// Bans, exceptions and invite masks.
pub fn may_change_lists(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    at_least(Role::HalfOp, asker, channel).map(drop)
}

/// Members may invite, but only half-operators and above to where an invitation opens the door.
pub fn may_invite(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    let roles = inside(asker, channel)?;
    let modes = &channel.modes;
    let opens = modes.invite_only || modes.key.is_some() || modes.limit.is_some();
    if opens && !roles.at_least(Role::HalfOp) {
        return Err(ErrorCode::NotAnOperator);
    }
    Ok(())
}

/// `target` is none if that person is not in the channel.
pub fn may_kick(asker: &Asker<'_>, target: Option<&Member>, channel: &Channel) -> Verdict {
    if operates_network(asker) {
        return target.map(drop).ok_or(ErrorCode::NotInChannel);
    }
    let roles = at_least(Role::HalfOp, asker, channel)?;
    let target = target.ok_or(ErrorCode::NotInChannel)?;
    if asker.actor.id() == &target.person.id || outranks(roles, target.roles) {
        Ok(())
    } else {
        Err(ErrorCode::NotAnOperator)
    }
}

/// The lowest role that gives and takes `role`; none: it comes with the registration alone.
fn giver_of(role: Role) -> Option<Role> {
    match role {
        Role::Founder => None,
        Role::Admin => Some(Role::Founder),
        Role::Op | Role::HalfOp => Some(Role::Op),
        Role::Voice => Some(Role::HalfOp),
    }
}

/// Giving or taking `role`. Own roles may always be laid down, but for the founder's.
pub fn may_set_role(
    asker: &Asker<'_>,
    target: Option<&Member>,
    role: Role,
    set: bool,
    channel: &Channel,
) -> Verdict {
    let roles = inside(asker, channel)?;
    let own = target.is_some_and(|target| &target.person.id == asker.actor.id());
    if own && !set && role != Role::Founder {
        return Ok(());
    }
    let giver = giver_of(role).ok_or(ErrorCode::Forbidden);
    if !roles.at_least(giver.unwrap_or(Role::Op)) {
        return Err(ErrorCode::NotAnOperator);
    }
    let target = target.ok_or(ErrorCode::NotInChannel)?;
    giver?;
    if own || outranks(roles, target.roles) { Ok(()) } else { Err(ErrorCode::NotAnOperator) }
}

/// Registering a channel that people are in is for its operators; one that nobody is in is free to take.
pub fn may_register(asker: &Asker<'_>, channel: &Channel, registered: usize, limit: usize) -> Verdict {
    if asker.actor.account.is_none() {
        return Err(ErrorCode::Forbidden);
    }
    if channel.founder.is_some() {
        return Err(ErrorCode::ChannelExists);
    }
    if channel.member_count > 0 {
        let member = asker.member.ok_or(ErrorCode::ChannelExists)?;
        if !member.roles.at_least(Role::Op) {
            return Err(ErrorCode::NotAnOperator);
        }
    }
    if registered >= limit { Err(ErrorCode::TooManyChannels) } else { Ok(()) }
}

/// For the founder by account, in or not, and operators of the network.
pub fn may_unregister(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    if operates_network(asker) || is_founder(asker.actor.account.as_ref(), channel) {
        return Ok(());
    }
    inside(asker, channel)?;
    Err(ErrorCode::NotAnOperator)
}

/// A registered channel is renamed by its founder, another by its operators.
pub fn may_rename(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    if channel.founder.is_none() {
        return at_least(Role::Op, asker, channel).map(drop);
    }
    if is_founder(asker.actor.account.as_ref(), channel) {
        return Ok(());
    }
    inside(asker, channel)?;
    Err(ErrorCode::NotAnOperator)
}

/// How long history is kept: for the founder by account, in or not, and admins.
pub fn may_set_history(asker: &Asker<'_>, channel: &Channel) -> Verdict {
    if is_founder(asker.actor.account.as_ref(), channel) {
        return Ok(());
    }
    at_least(Role::Admin, asker, channel).map(drop)
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
