//! The hub by hand-made events: what each client is shown, in which order, whatever the bus does.

mod stage;

use api::{Nick, event::ChannelChange, id::UserId};
use proptest::prelude::*;

use self::stage::Stage;
use super::{Ask, Attach};

#[test]
fn what_is_said_reaches_everyone_once_and_its_author_as_the_reply() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    stage.sends(alice, 1, "hello");
    stage.entry(alice, 1, "hello");
    stage.sees(alice, &["201 sent #x 1 9x-1"]);
    stage.sees(bob, &["100 msg #x 1 1970-01-01T00:00:00.000Z alice :hello"]);
}

#[test]
fn the_other_connections_of_the_author_are_shown_it() {
    let mut stage = Stage::new();
    let [alice] = stage.in_channel(["alice"]);
    let other = stage.connects("alice");
    stage.joins(other);
    stage.forget_shown();
    stage.sends(alice, 1, "hello");
    stage.sees(alice, &["201 sent #x 1 9x-1"]);
    stage.sees(other, &["100 msg #x 1 1970-01-01T00:00:00.000Z alice :hello"]);
}

#[test]
fn a_hole_is_waited_for_then_asked_for_once() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    stage.entry(alice, 2, "two");
    stage.sees(bob, &[]);
    assert_eq!(stage.asks(), []);
    stage.passes(21);
    assert_eq!(stage.asks(), [Ask::Entries(stage.channel(), 0)]);
    stage.passes(100);
    assert_eq!(stage.asks(), [], "one question in flight");
    stage.entry(alice, 1, "one");
    let told = ["one", "two"].map(|text| format!(":{text}"));
    let lines = stage.lines(bob);
    assert!(
        lines.iter().zip(&told).all(|(line, text)| line.ends_with(text)) && lines.len() == 2,
        "{lines:?}"
    );
}

#[test]
fn a_reply_comes_in_its_entrys_place() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    stage.sends(alice, 2, "second");
    stage.sees(alice, &[]);
    stage.entry(bob, 1, "first");
    stage.sees(alice, &["100 msg #x 1 1970-01-01T00:00:00.000Z bob :first", "201 sent #x 2 9x-2"]);
}

#[test]
fn a_reply_does_not_wait_for_ever() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    stage.sends(alice, 2, "second");
    stage.passes(1001);
    stage.asks();
    stage.sees(alice, &["201 sent #x 2 9x-2"]);
    stage.entry(bob, 1, "first");
    stage.sees(alice, &["100 msg #x 1 1970-01-01T00:00:00.000Z bob :first"]);
}

#[test]
fn an_entry_that_heals_before_its_reply_is_not_shown_twice() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    let send = stage.begins(alice);
    stage.entry(alice, 1, "hello");
    stage.sees(alice, &[]);
    stage.sees(bob, &["100 msg #x 1 1970-01-01T00:00:00.000Z alice :hello"]);
    stage.stored(send, 1, "hello");
    stage.sees(alice, &["201 sent #x 1 9x-1"]);
    stage.sees(bob, &[]);
}

#[test]
fn what_was_answered_503_and_is_stored_after_all_is_shown_to_its_author() {
    let mut stage = Stage::new();
    let [alice] = stage.in_channel(["alice"]);
    let send = stage.begins(alice);
    stage.given_up(send);
    stage.sees(alice, &["503 unavailable messages :messages is not available, try again"]);
    stage.entry(alice, 1, "hello");
    stage.sees(alice, &["100 msg #x 1 1970-01-01T00:00:00.000Z alice :hello"]);

    let send = stage.begins(alice);
    stage.entry(alice, 2, "again");
    stage.sees(alice, &[]);
    stage.given_up(send);
    let told = [
        "503 unavailable messages :messages is not available, try again",
        "100 msg #x 2 1970-01-01T00:00:00.000Z alice :again",
    ];
    stage.sees(alice, &told);
}

#[test]
fn a_message_waits_for_its_senders_join() {
    let mut stage = Stage::new();
    let [bob] = stage.in_channel(["bob"]);
    let carol = stage.person("carol", 1);
    let version = stage.version() + 1;
    stage.entry_of(&carol, 1, "hi", Some(version));
    stage.sees(bob, &[]);
    let join = stage.join_of(&carol);
    stage.event(version, Some(&carol), None, join);
    stage.sees(bob, &["100 join #x carol", "100 msg #x 1 1970-01-01T00:00:00.000Z carol :hi"]);
}

#[test]
fn a_message_that_waits_for_a_version_has_it_asked_for() {
    let mut stage = Stage::new();
    let [_bob] = stage.in_channel(["bob"]);
    let carol = stage.person("carol", 1);
    let version = stage.version();
    stage.entry_of(&carol, 1, "hi", Some(version + 1));
    stage.passes(21);
    assert_eq!(stage.asks(), [Ask::ChannelEvents(stage.channel(), version)]);
}

#[test]
fn a_newer_nick_is_shown_before_what_it_said_and_only_once() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    let mut renamed = stage.who(alice);
    renamed.nick = Nick::try_from("alicia").unwrap();
    renamed.user_version += 1;
    stage.entry_of(&renamed, 1, "hi", None);
    stage.sees(bob, &["100 nick alice alicia", "100 msg #x 1 1970-01-01T00:00:00.000Z alicia :hi"]);
    stage.renamed(&renamed, "alice", None);
    stage.sees(bob, &[]);
}

#[test]
fn an_older_nick_is_shown_as_what_it_is_now() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    let before = stage.who(alice);
    let mut renamed = before.clone();
    renamed.nick = Nick::try_from("alicia").unwrap();
    renamed.user_version += 1;
    stage.renamed(&renamed, "alice", None);
    stage.entry_of(&before, 1, "hi", None);
    stage.sees(bob, &["100 nick alice alicia", "100 msg #x 1 1970-01-01T00:00:00.000Z alicia :hi"]);
}

#[test]
fn the_session_that_renames_gets_no_event() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    let mut renamed = stage.who(alice);
    renamed.nick = Nick::try_from("alicia").unwrap();
    renamed.user_version += 1;
    stage.renamed(&renamed, "alice", Some(alice));
    stage.sees(alice, &[]);
    stage.sees(bob, &["100 nick alice alicia"]);
    assert_eq!(stage.actor(alice).person.nick.as_str(), "alicia");
}

#[test]
fn one_ending_shows_one_quit() {
    let mut stage = Stage::new();
    let [bob] = stage.in_channel(["bob"]);
    let other = stage.another_channel();
    stage.joins_other(bob, &other);
    let carol = stage.person("carol", 1);
    stage.forget_shown();
    stage.quits(&carol, &[stage.channel(), other.clone()]);
    stage.sees(bob, &["100 quit carol :gone"]);
}

#[test]
fn whoever_is_removed_sees_that_and_nothing_more() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    let user = stage.who(bob);
    stage.begins_change(alice);
    stage.answered(alice, stage.version() + 1, ChannelChange::Kicked { user, reason: None });
    stage.ends_change(alice);
    stage.entry(alice, 1, "so");
    stage.sees(bob, &["100 kick #x alice bob :"]);
    stage.sees(alice, &["100 msg #x 1 1970-01-01T00:00:00.000Z alice :so"]);
    assert!(stage.state.clients[&bob].client.memberships().is_empty());
}

#[test]
fn a_change_whose_answer_is_lost_is_shown_to_its_author() {
    let mut stage = Stage::new();
    let [alice] = stage.in_channel(["alice"]);
    let by = stage.who(alice);
    let version = stage.version();
    stage.begins_change(alice);
    stage.event(version + 1, Some(&by), Some(alice), ChannelChange::Topic { topic: None });
    stage.sees(alice, &[]);
    stage.ends_change(alice);
    stage.sees(alice, &["100 topic #x alice :"]);
    stage.event(version + 2, Some(&by), Some(alice), ChannelChange::Topic { topic: None });
    stage.sees(alice, &["100 topic #x alice :"]);
}

#[test]
fn a_change_is_not_shown_beside_its_answer_whichever_comes_first() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    let by = stage.who(alice);
    let version = stage.version();
    stage.begins_change(alice);
    stage.event(version + 1, Some(&by), Some(alice), ChannelChange::Topic { topic: None });
    stage.answered(alice, version + 1, ChannelChange::Topic { topic: None });
    stage.ends_change(alice);
    stage.begins_change(alice);
    stage.answered(alice, version + 3, ChannelChange::Topic { topic: None });
    stage.ends_change(alice);
    stage.event(version + 2, None, None, ChannelChange::Topic { topic: None });
    stage.sees(alice, &["100 topic #x - :"]);
    stage.sees(bob, &["100 topic #x alice :", "100 topic #x - :", "100 topic #x alice :"]);
}

#[test]
fn a_channel_without_a_member_here_is_forgotten() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    stage.closes(alice);
    assert!(stage.state.channels.contains_key(&stage.channel()));
    stage.closes(bob);
    assert!(
        stage.state.channels.is_empty() && stage.state.people.is_empty() && stage.state.due.next().is_none()
    );
}

#[test]
fn a_join_is_answered_when_the_replica_is_there() {
    let mut stage = Stage::new();
    let alice = stage.connects("alice");
    stage.asks_to_join(alice, Attach::Live);
    stage.sees(alice, &[]);
    assert_eq!(stage.asks(), [Ask::Load(stage.channel())]);
    stage.loads(41);
    stage.sees(alice, &["200 joined #x 1 41"]);
}

#[test]
fn a_join_whose_replica_does_not_come_is_refused_in_time() {
    let mut stage = Stage::new();
    let alice = stage.connects("alice");
    stage.asks_to_join(alice, Attach::Live);
    stage.passes(2501);
    stage.asks();
    stage.sees(alice, &["503 unavailable channels :channels is not available, try again"]);
}

#[test]
fn what_a_snapshot_changed_is_shown_net() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    let carol = stage.person("carol", 1);
    let mut snapshot = stage.snapshot();
    snapshot.channel.version += 100;
    snapshot.members.retain(|member| member.person.nick.as_str() != "bob");
    snapshot.members.push(stage.member(&carol));
    stage.too_old(snapshot);
    stage.sees(alice, &["100 part #x bob :", "100 join #x carol"]);
    stage.sees(bob, &["100 part #x bob :"]);
}

#[test]
fn direct_messages_reach_both_and_the_authors_reply_is_theirs() {
    let mut stage = Stage::new();
    let [alice, bob] = ["alice", "bob"].map(|nick| stage.connects(nick));
    stage.direct(alice, bob, 1, "psst");
    stage.sees(alice, &["100 msg bob 1 1970-01-01T00:00:00.000Z alice :psst"]);
    stage.sees(bob, &["100 msg bob 1 1970-01-01T00:00:00.000Z alice :psst"]);
}

#[test]
fn a_direct_conversation_that_is_heard_of_in_the_middle_asks_where_it_began() {
    let mut stage = Stage::new();
    let [alice, bob] = ["alice", "bob"].map(|nick| stage.connects(nick));
    stage.direct(alice, bob, 7, "seven");
    stage.sees(bob, &[]);
    assert_eq!(stage.asks(), [Ask::DirectBase(stage.conversation())]);
    stage.direct_began(6, 7);
    assert_eq!(stage.asks(), [Ask::DirectEntries(stage.conversation(), 5)]);
    stage.direct(alice, bob, 6, "six");
    let lines = stage.lines(bob);
    assert!(lines[0].ends_with(":six") && lines[1].ends_with(":seven"), "{lines:?}");
}

#[test]
fn resuming_shows_what_is_new_after_what_was_missed() {
    let mut stage = Stage::new();
    let [alice, bob] = stage.in_channel(["alice", "bob"]);
    stage.resumes(bob, 0);
    stage.entry(alice, 1, "while reading");
    stage.sees(bob, &[]);
    assert_eq!(stage.resume_done(bob, 0), Err(1), "what came meanwhile is to be read first");
    assert_eq!(stage.resume_done(bob, 1), Ok(1));
    stage.entry(alice, 2, "new");
    stage.sees(bob, &["100 msg #x 2 1970-01-01T00:00:00.000Z alice :new"]);
}

#[test]
fn a_session_that_has_ended_closes_its_connection() {
    let mut stage = Stage::new();
    let [alice] = stage.in_channel(["alice"]);
    stage.ended(alice, "by an operator");
    assert_eq!(
        stage.state.clients[&alice].client.queue.closed(),
        Some(crate::sendq::Closed::Told("by an operator".into()))
    );
}

#[test]
fn so_many_people_who_match_are_told_of_and_no_more() {
    let mut stage = Stage::new();
    let [alice, _, _] = stage.in_channel(["alice", "bob", "carol"]);
    let by = stage.state.clients[&alice].client.actor().unwrap();
    let told = |most| stage.state.who_matches("*", most, &by).len();
    assert_eq!((told(3), told(2)), (3, 2));
}

#[test]
fn people_nobody_sees_are_not_known() {
    let mut stage = Stage::new();
    let [_alice] = stage.in_channel(["alice"]);
    let nobody = UserId::try_from("9nobody").unwrap();
    assert!(!stage.state.people.contains_key(&nobody));
}

proptest! {
    /// Whatever the bus loses, repeats and reorders, everybody is shown everything once and in order, if the owner answers.
    #[test]
    fn everything_is_shown_once_and_in_order(
        arrivals in proptest::collection::vec((1..30_u64, 0..40_u64), 1..80),
    ) {
        let mut stage = Stage::new();
        let [alice, bob] = stage.in_channel(["alice", "bob"]);
        let last = arrivals.iter().map(|(seq, _)| *seq).max().unwrap_or(0);
        let mut shown = Vec::new();
        for (seq, wait) in arrivals {
            stage.entry(alice, seq, "hello");
            stage.passes(wait);
            stage.answer_entries(alice, last);
            shown.extend(stage.seqs(bob));
        }
        for _ in 0..4 {
            stage.passes(600);
            stage.answer_entries(alice, last);
            shown.extend(stage.seqs(bob));
        }
        prop_assert_eq!(shown, (1..=last).collect::<Vec<_>>());
    }
}
