//! What must hold for whoever asks: tried with many people, channels and lists.

use api::{
    AccountName, ChannelName, ErrorCode, Nick, Person, Timestamp,
    auth::{Actor, Scope, Scopes},
    channels::{Channel, HistoryPolicy, ListEntry, Member},
    id::{ChannelId, ListEntryId, UserId},
    mask::Mask,
    mode::{Modes, Role, Roles},
};
use proptest::prelude::*;

use super::*;
use crate::domain::lists::Lists;

const NOW: Timestamp = Timestamp(1_000_000);
const LIMITS: JoinLimits = JoinLimits { members: 1000, channels_each: 10 };

fn actor(id: &str, account: Option<&str>, operator: bool) -> Actor {
    let scopes = Scopes::ordinary();
    Actor {
        person: Person {
            id: UserId::try_from(id).unwrap(),
            nick: Nick::try_from("bob").unwrap(),
            user_version: 1,
        },
        account: account.map(|name| AccountName::try_from(name).unwrap()),
        session: None,
        scopes: if operator { scopes.with(Scope::Operator) } else { scopes },
        username: "b".to_owned(),
        host: "host.cloak".to_owned(),
        since: 0,
    }
}

fn member(actor: &Actor, roles: Roles) -> Member {
    Member {
        person: actor.person.clone(),
        account: actor.account.clone(),
        roles,
        username: actor.username.clone(),
        host: actor.host.clone(),
        joined_at: NOW,
    }
}

fn channel(modes: Modes, founder: Option<&str>, member_count: u64) -> Channel {
    Channel {
        id: ChannelId::try_from("1c").unwrap(),
        name: ChannelName::try_from("#c").unwrap(),
        version: 1,
        topic: None,
        modes,
        member_count,
        created_at: NOW,
        founder: founder.map(|name| AccountName::try_from(name).unwrap()),
        history: HistoryPolicy::default(),
        floor: 0,
    }
}

fn entry(mask: &str, expires_at: Option<Timestamp>) -> ListEntry {
    ListEntry {
        id: ListEntryId::try_from("1e").unwrap(),
        mask: Mask::try_from(mask).unwrap(),
        reason: None,
        by: actor("1x", None, false).person,
        at: NOW,
        expires_at,
    }
}

fn roles() -> impl Strategy<Value = Roles> {
    (0..32_i16).prop_map(Roles::from_bits)
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

fn modes() -> impl Strategy<Value = Modes> {
    (any::<[bool; 6]>(), prop::option::of(Just("key".to_owned())), prop::option::of(1..5_u32)).prop_map(
        |([invite_only, moderated, no_external, topic_locked, secret, registered_only], key, limit)| Modes {
            no_ctcp: false,
            invite_only,
            moderated,
            no_external,
            topic_locked,
            secret,
            registered_only,
            keyed: key.is_some(),
            key,
            limit,
            slow_seconds: None,
        },
    )
}

/// Some masks match `bob!b@host.cloak` of the account bob, some do not, some have expired.
fn entries() -> impl Strategy<Value = Vec<ListEntry>> {
    let mask = prop::sample::select(vec![
        "*!*@*",
        "bob",
        "alice",
        "*!*@host.*",
        "*!*@elsewhere",
        "~account:bob",
        "~a:x",
    ]);
    let expires = prop::option::of(prop::sample::select(vec![Timestamp(1), NOW, Timestamp(2_000_000)]));
    prop::collection::vec((mask, expires).prop_map(|(mask, expires)| entry(mask, expires)), 0..4)
}

fn lists() -> impl Strategy<Value = Lists> {
    (entries(), entries(), entries()).prop_map(|(bans, excepts, invite_masks)| Lists {
        bans,
        excepts,
        invite_masks,
    })
}

fn highest(roles: Roles) -> u8 {
    Role::ALL.iter().position(|&role| roles.contains(role)).map_or(0, |at| 5 - at as u8)
}

proptest! {
    #[test]
    fn nobody_acts_against_those_above_them(
        (mine, theirs) in (roles(), roles()), role in role(), set: bool, modes in modes(),
    ) {
        let (me, you) = (actor("1me", None, false), actor("1you", None, false));
        let (me_in, you_in) = (member(&me, mine), member(&you, theirs));
        let asker = Asker { actor: &me, member: Some(&me_in) };
        let channel = channel(modes, None, 2);
        if highest(mine) < highest(theirs) {
            prop_assert!(may_kick(&asker, Some(&you_in), &channel).is_err());
            prop_assert!(may_set_role(&asker, Some(&you_in), role, set, &channel).is_err());
        }
        // And nobody gives what they do not stand above, but for operators, who make equals.
        if may_set_role(&asker, Some(&you_in), role, true, &channel).is_ok() {
            let rank = 5 - role as u8;
            prop_assert!(highest(mine) > rank || role == Role::Op && mine.at_least(Role::Op));
        }
    }

    #[test]
    fn more_of_a_role_never_means_less_of_a_right(lower in roles(), raise in role(), modes in modes()) {
        let me = actor("1me", None, false);
        let (low, high) = (member(&me, lower), member(&me, lower.with(raise)));
        let channel = channel(modes, None, 2);
        for rule in [may_see, may_see_members, may_see_bans, may_see_inside, may_see_metadata, may_part, may_set_topic, may_set_modes,
            may_set_metadata, may_change_lists, may_invite, may_rename, may_set_history]
        {
            if rule(&Asker { actor: &me, member: Some(&low) }, &channel).is_ok() {
                prop_assert_eq!(rule(&Asker { actor: &me, member: Some(&high) }, &channel), Ok(()));
            }
        }
    }

    #[test]
    fn a_secret_channel_answers_strangers_as_one_that_is_not_there(
        modes in modes(), account in prop::option::of(Just("bob")), role in role(), set: bool, theirs in roles(),
    ) {
        let (me, you) = (actor("1me", account, false), actor("1you", None, false));
        let you_in = member(&you, theirs);
        let channel = channel(Modes { secret: true, ..modes }, Some("alice"), 2);
        let asker = Asker { actor: &me, member: None };
        let none = Err(ErrorCode::NoSuchChannel);
        for rule in [may_see, may_see_members, may_see_bans, may_see_inside, may_see_metadata, may_part, may_set_topic, may_set_modes,
            may_set_metadata, may_change_lists, may_invite, may_rename, may_set_history, may_unregister]
        {
            prop_assert_eq!(rule(&asker, &channel), none);
        }
        for target in [None, Some(&you_in)] {
            prop_assert_eq!(may_kick(&asker, target, &channel), none);
            prop_assert_eq!(may_set_role(&asker, target, role, set, &channel), none);
        }
    }

    #[test]
    fn who_is_not_in_has_no_right_but_to_join(modes in modes(), role in role(), set: bool) {
        let me = actor("1me", None, false);
        let channel = channel(Modes { secret: false, ..modes }, None, 2);
        let asker = Asker { actor: &me, member: None };
        for rule in [may_see_members, may_see_bans, may_see_inside, may_part, may_set_topic, may_set_modes, may_set_metadata,
            may_change_lists, may_invite, may_rename, may_set_history, may_unregister]
        {
            prop_assert_eq!(rule(&asker, &channel), Err(ErrorCode::NotAMember));
        }
        prop_assert_eq!(may_kick(&asker, None, &channel), Err(ErrorCode::NotAMember));
        prop_assert_eq!(may_set_role(&asker, None, role, set, &channel), Err(ErrorCode::NotAMember));
    }

    #[test]
    fn an_operator_of_the_network_sees_and_kicks_but_rules_no_channel(modes in modes(), theirs in roles(), role in role()) {
        let (me, you) = (actor("1me", None, true), actor("1you", None, false));
        let you_in = member(&you, theirs);
        let channel = channel(modes, Some("alice"), 2);
        let asker = Asker { actor: &me, member: None };
        for rule in [may_see, may_see_members, may_see_bans, may_see_inside, may_unregister] {
            prop_assert_eq!(rule(&asker, &channel), Ok(()));
        }
        prop_assert_eq!(may_kick(&asker, Some(&you_in), &channel), Ok(()));
        prop_assert_eq!(may_set_modes(&asker, &channel), Err(ErrorCode::NotAMember));
        prop_assert_eq!(may_set_role(&asker, Some(&you_in), role, true, &channel), Err(ErrorCode::NotAMember));
    }

    #[test]
    fn a_join_is_refused_for_the_first_reason_there_is(
        modes in modes(), lists in lists(), invited: bool, key: bool, count in 0..6_u64, channels in 8..12_usize,
        account: bool, founder in prop::option::of(prop::sample::select(vec!["bob", "alice"])),
    ) {
        let me = actor("1me", account.then_some("bob"), false);
        let channel = channel(modes.clone(), founder, count);
        let door = AtTheDoor { actor: &me, key: key.then_some("key"), invited, channels };

        // Told again, without any of the rules' own words.
        let hits = |list: &[ListEntry]| list.iter().any(|entry| {
            let names = match entry.mask.as_str() {
                "*!*@*" | "bob!*@*" | "*!*@host.*" => true,
                "~account:bob" => account,
                _ => false,
            };
            names && entry.expires_at.is_none_or(|at| at.0 > NOW.0)
        });
        let owner = account && founder == Some("bob");
        let reasons = [
            (!owner && hits(&lists.bans) && !hits(&lists.excepts), ErrorCode::Banned),
            (!owner && modes.registered_only && !account, ErrorCode::RegisteredOnly),
            (!owner && modes.invite_only && !invited && !hits(&lists.invite_masks), ErrorCode::InviteOnly),
            (!owner && modes.key.is_some() && !key && !invited, ErrorCode::BadKey),
            (!owner && !invited && modes.limit.is_some_and(|limit| count >= u64::from(limit)), ErrorCode::ChannelFull),
            (channels >= 10, ErrorCode::TooManyChannels),
        ];
        let first = reasons.into_iter().find(|(applies, _)| *applies).map(|(_, code)| code);
        prop_assert_eq!(may_join(&door, &channel, &lists, LIMITS, NOW).err(), first);
    }
}

#[test]
fn own_roles_may_be_laid_down_but_not_the_founders() {
    let me = actor("1me", None, false);
    let all = Role::ALL.into_iter().collect();
    let me_in = member(&me, all);
    let asker = Asker { actor: &me, member: Some(&me_in) };
    let channel = channel(Modes::default(), None, 1);
    for role in [Role::Admin, Role::Op, Role::HalfOp, Role::Voice] {
        assert_eq!(may_set_role(&asker, Some(&me_in), role, false, &channel), Ok(()));
    }
    assert_eq!(may_set_role(&asker, Some(&me_in), Role::Founder, false, &channel), Err(ErrorCode::Forbidden));
}

#[test]
fn where_an_invitation_opens_the_door_it_takes_a_half_operator() {
    let me = actor("1me", None, false);
    let may = |modes: Modes, roles: Roles| {
        let me_in = member(&me, roles);
        may_invite(&Asker { actor: &me, member: Some(&me_in) }, &channel(modes, None, 1))
    };
    assert_eq!(may(Modes { moderated: true, ..Modes::default() }, Roles::NONE), Ok(()));
    let closed = [
        Modes { invite_only: true, ..Modes::default() },
        Modes { key: Some("key".to_owned()), ..Modes::default() },
        Modes { limit: Some(1), ..Modes::default() },
    ];
    for modes in closed {
        assert_eq!(may(modes.clone(), Roles::NONE.with(Role::Voice)), Err(ErrorCode::NotAnOperator));
        assert_eq!(may(modes, Roles::NONE.with(Role::HalfOp)), Ok(()));
    }
}

#[test]
fn a_half_operator_kicks_only_those_below() {
    let (me, you) = (actor("1me", None, false), actor("1you", None, false));
    let me_in = member(&me, Roles::NONE.with(Role::HalfOp));
    let asker = Asker { actor: &me, member: Some(&me_in) };
    let channel = channel(Modes::default(), None, 2);
    let may = |role: Role| may_kick(&asker, Some(&member(&you, Roles::NONE.with(role))), &channel);
    assert_eq!(may(Role::Voice), Ok(()));
    assert_eq!(may(Role::HalfOp), Err(ErrorCode::NotAnOperator));
    assert_eq!(may_kick(&asker, None, &channel), Err(ErrorCode::NotInChannel));
}
