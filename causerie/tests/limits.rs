//! docs/operations.md lists every limit: this fails when one has no test that goes to it and one further.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Each limit as docs/operations.md names it, and the test that shows what fits and that one more does not. For a time: that what
/// is within it goes through and what is beyond does not.
const PROVEN: &[(&str, &str)] = &[
    ("http.body_limit", "a_body_is_as_long_as_its_limit_and_no_longer"),
    ("http.concurrency", "so_many_requests_are_at_work_and_one_more_is_refused"),
    ("http.body_stall", "a_body_that_stops_coming_is_given_up"),
    ("http.concurrency_of_services", "strangers_do_not_take_the_places_of_services"),
    ("http.connections", "so_many_connections_are_served_and_one_more_waits_for_its_turn"),
    ("http.connections_per_address", "one_address_has_its_connections_and_services_have_theirs"),
    ("http.first_request", "who_says_nothing_is_shown_the_door_and_who_spoke_is_not"),
    ("http.header_timeout", "headers_take_as_long_as_their_limit_and_no_longer"),
    ("http.request_timeout", "an_answer_takes_as_long_as_its_limit_and_no_longer"),
    ("gateway.limits.channels", "a_connection_is_in_so_many_channels"),
    ("gateway.limits.command_burst", "a_burst_is_answered_and_what_is_more_is_too_fast"),
    ("gateway.limits.commands_per_second", "a_burst_passes_one_more_waits"),
    ("gateway.limits.connections", "an_address_has_its_places_and_all_have_theirs"),
    ("gateway.limits.connections_per_address", "an_address_has_so_many_connections"),
    ("gateway.limits.irc_silence", "who_says_nothing_is_asked_and_then_gone"),
    ("gateway.limits.login_attempts", "failed_logins_have_an_end"),
    ("gateway.limits.login_pause", "who_failed_to_log_in_tries_again_after_the_pause_and_not_before"),
    ("gateway.limits.registration_time", "who_says_nothing_is_sent_away_who_has_a_nick_stays"),
    ("gateway.limits.send_queue", "who_does_not_read_is_closed_and_the_others_are_not"),
    ("gateway.limits.send_wait", "what_comes_too_fast_for_too_long_is_told_to_come_back_and_overload_ends"),
    ("gateway.limits.waiting_sends", "so_many_sends_wait_and_one_more_is_told_to_come_back"),
    ("users.api_tokens_of_account", "there_are_so_many_network_bans_and_api_tokens_and_no_more"),
    ("users.certificates_of_account", "a_certificate_logs_in_until_it_is_taken_away"),
    ("users.hashes_at_once", "so_many_are_hashed_at_once_and_one_more_waits"),
    ("users.hashes_waiting", "more_than_may_wait_are_refused_at_once"),
    ("users.network_bans", "there_are_so_many_network_bans_and_api_tokens_and_no_more"),
    ("users.sessions_of_user", "one_account_opens_so_many_sessions_and_no_more"),
    ("users.logins_from_address.burst", "failed_logins_are_counted_for_the_address_whatever_account"),
    ("users.logins_from_address.every", "so_many_at_once_then_one_each_so_often"),
    ("users.logins_of_account.burst", "failed_logins_are_counted_for_the_account_whoever_tries"),
    ("users.logins_of_account.every", "so_many_at_once_then_one_each_so_often"),
    ("users.newcomers_from_address.burst", "newcomers_from_one_address_are_counted"),
    ("users.newcomers_from_address.every", "so_many_at_once_then_one_each_so_often"),
    ("channels.max_channels_each", "members_and_list_entries_and_registrations"),
    ("channels.max_invitation", "what_modes_history_and_patterns_may_be"),
    ("channels.max_invitations", "so_many_invitations_stand_and_one_withdrawn_makes_room"),
    ("channels.max_list_entries", "members_and_list_entries_and_registrations"),
    ("channels.max_members", "members_and_list_entries_and_registrations"),
    ("channels.max_registered_each", "members_and_list_entries_and_registrations"),
    ("channels.writes_of_person.burst", "a_person_changes_channels_no_faster_than_anybody_types"),
    ("channels.writes_of_person.every", "so_many_at_once_then_one_each_so_often"),
    ("messages.catch_up_within", "a_request_waits_so_long_for_our_copy_to_catch_up"),
    ("messages.copies", "copies_of_channels_are_bounded"),
    ("messages.queue", "the_writer_answers_everybody_and_refuses_past_its_queue"),
    ("messages.resume_entries", "a_stream_is_resumed_from_so_far_back_and_no_further"),
    ("messages.streams", "streams_are_bounded_and_given_back"),
    ("messages.streams_each", "streams_are_bounded_and_given_back"),
    ("messages.transaction", "so_many_messages_share_a_transaction_and_one_more_goes_into_the_next"),
    ("messages.writes_of_person.burst", "a_person_writes_so_much_by_rest_and_a_gateway_sends_for_many"),
    ("messages.writes_of_person.every", "so_many_at_once_then_one_each_so_often"),
    ("logs.keep_bytes", "retention_goes_by_age_records_and_bytes"),
    ("logs.keep_records", "retention_goes_by_age_records_and_bytes"),
    ("logs.streams", "as_many_streams_as_the_limit_are_open_at_once"),
    // Limits that are no settings.
    ("line of the line protocol", "a_line_has_8192_bytes"),
    ("line of IRC", "each_part_has_a_limit_of_its_own"),
    ("targets of a line of IRC", "a_line_has_so_many_targets_and_no_more"),
    ("mode changes of a line of IRC", "a_line_changes_so_many_modes_and_no_more"),
    ("people of ISON, USERHOST", "a_line_asks_about_so_many_people_and_no_more"),
    ("nicks that a connection watches (MONITOR)", "a_connection_watches_a_hundred_nicks_and_no_more"),
    ("keys of metadata that a connection hears of", "a_connection_hears_of_fifty_keys_and_no_more"),
    ("keys of metadata of a person or a channel", "so_many_keys_of_so_many_bytes_and_no_more"),
    ("key of metadata, value of metadata", "values_are_one_line_of_some_length"),
    ("people of one lookup of metadata", "what_is_too_much_is_refused"),
    ("people of a WHO with a mask", "so_many_people_who_match_are_told_of_and_no_more"),
    (
        "lines of a channel, people who wrote, shown to an account that comes back",
        "so_many_lines_of_what_was_missed_are_shown_and_no_more",
    ),
    ("label of IRC", "a_label_is_as_long_as_its_limit_and_no_longer"),
    ("user name, real name of IRC", "names_are_cut_where_others_would_have_to"),
    ("text of a message", "texts_are_as_long_as_their_limit_and_no_longer"),
    ("topic, reason, away text, label", "texts_are_as_long_as_their_limit_and_no_longer"),
    ("nick, account name", "names_are_as_long_as_their_limit_and_no_longer"),
    ("channel name", "names_are_as_long_as_their_limit_and_no_longer"),
    ("channel key", "what_modes_history_and_patterns_may_be"),
    ("mask", "a_mask_is_as_long_as_its_limit_and_no_longer"),
    ("password", "length_is_bounded_on_both_sides"),
    ("page of a list", "pages_batches_and_heads"),
    ("batch between services", "batches_and_pages_are_bounded_at_n_and_not_before"),
    ("heads asked for at once", "pages_batches_and_heads"),
    ("reaction", "texts_reactions_and_keys_end_at_their_limits"),
    // The entries looked at; of the people named: all_are_counted_and_the_first_are_named.
    ("reactions of a message", "of_reactions_so_many_are_looked_at_and_no_more"),
    ("messages of one /history", "the_search_has_an_end"),
    ("idempotency key", "texts_reactions_and_keys_end_at_their_limits"),
    ("access token", "a_token_is_good_for_its_time_and_no_longer"),
    ("service's own token", "a_service_token_lives_a_minute_and_is_reused"),
    ("log record", "a_message_may_be_as_long_as_the_limit_and_no_longer"),
    ("text that logs are searched for", "the_text_may_be_as_long_as_the_limit_and_no_longer"),
    ("search through logs", "a_search_looks_through_its_windows_and_no_further"),
    ("step of a log stream", "a_reader_looks_through_a_window_and_then_the_rest"),
    ("step of retention in logs", "retention_takes_a_chunk_and_then_the_rest"),
    ("step of an erasure in logs", "an_erasure_takes_a_chunk_and_then_the_rest"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Rows of the tables: the first three cells.
fn rows(page: &str) -> impl Iterator<Item = [String; 3]> {
    page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split('|').map(|cell| cell.trim().replace('`', ""));
        Some([cells.next()?, cells.next()?, cells.next()?])
    })
}

/// A number is a bound, as are the settings that say so.
fn is_bound([name, default, what]: &[String; 3]) -> bool {
    let says_so = ["at most", "ongest", "at once", "How long a request", "then one every"];
    let is_named = name.contains(".limits.") || name.contains(".max_");
    default.parse::<u64>().is_ok() || is_named || says_so.iter().any(|words| what.contains(words))
}

/// Names that say "at once" and bound nothing.
const NO_BOUNDS: [&str; 1] = ["users.registration"];

fn limits() -> BTreeSet<String> {
    let page = fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let (_, settings) = page.split_once("## Settings").unwrap();
    let (settings, others) = settings.split_once("## Limits that are no settings").unwrap();
    let (others, _) = others.split_once("\n## ").unwrap();
    let bounds = rows(settings).filter(is_bound).map(|[name, ..]| name);
    let others = rows(others).map(|[name, ..]| name).filter(|name| name != "limit");
    bounds.chain(others).filter(|name| !NO_BOUNDS.contains(&name.as_str())).collect()
}

/// The names of all tests of the workspace.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && !name.starts_with("target") {
                folders.push(path);
            } else if name.ends_with(".rs") {
                names.extend(tests_of(&path));
            }
        }
    }
    names
}

/// Functions under `#[test]` and its like, and those that a contract lists for several engines.
fn tests_of(path: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let named = |line: &str| {
        let (_, rest) = line.split_once("fn ")?;
        rest.split_once('(').map(|(name, _)| name.to_owned())
    };
    let is_listed = |name: &str| lines.contains(&name);
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = named(line) else { continue };
        let before = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        let is_marked = before.into_iter().any(|line| line.starts_with("#[test]") || line.contains("::test"));
        if is_marked || is_listed(&name) {
            found.push(name);
        }
    }
    found
}

#[test]
fn every_limit_has_a_test_at_n_and_at_one_more() {
    let (limits, tests) = (limits(), tests());
    let proven: BTreeMap<_, _> = PROVEN.iter().copied().collect();
    assert_eq!(proven.len(), PROVEN.len(), "a limit stands here twice");
    let mut wrong = Vec::new();
    for limit in &limits {
        match proven.get(limit.as_str()) {
            None => wrong.push(format!("{limit} has no test")),
            Some(test) if !tests.contains(*test) => wrong.push(format!("{limit}: there is no test {test}")),
            Some(_) => {}
        }
    }
    wrong.extend(
        proven
            .keys()
            .filter(|limit| !limits.contains(**limit))
            .map(|limit| format!("docs/operations.md knows no limit {limit}")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
