use proptest::prelude::*;
use proto::irc::cap::{Capability, Folding, Reply, Wanted, requested};
use proto::irc::{MAX_BODY, Message};

use crate::written;

fn reply(subcommand: &str) -> Reply<'_> {
    Reply { server: "srv", client: "*", subcommand }
}

fn plain(name: &str) -> Capability<'_> {
    Capability { name, value: None }
}

#[test]
fn a_request_is_read_from_left_to_right() {
    let wanted: Vec<_> = requested(" sasl  -echo-message - ").collect();
    let expected = [("sasl", true), ("echo-message", false), ("", false)];
    assert_eq!(wanted, expected.map(|(name, on)| Wanted { name, on }));
    assert_eq!(requested("").count(), 0);
}

#[test]
fn a_short_list_is_one_line() {
    let capabilities = [plain("batch"), Capability { name: "sasl", value: Some("PLAIN,EXTERNAL") }];
    let list = |folding| written(|out| reply("LS").list(out, folding, &capabilities));
    for folding in [Folding::OneLine, Folding::Marked, Folding::Unmarked] {
        assert_eq!(list(folding), ":srv CAP * LS :batch sasl=PLAIN,EXTERNAL\r\n");
    }
    assert_eq!(written(|out| reply("LIST").list(out, Folding::Marked, &[])), ":srv CAP * LIST :\r\n");
}

#[test]
fn a_long_list_goes_on_only_for_those_who_understand() {
    let names: Vec<String> = (0..60).map(|nth| format!("example.org/capability-{nth:02}")).collect();
    let capabilities: Vec<_> = names.iter().map(|name| plain(name)).collect();
    let list = |folding| written(|out| reply("LS").list(out, folding, &capabilities));
    let marked = list(Folding::Marked);
    let marks: Vec<_> = marked.lines().map(|line| line.starts_with(":srv CAP * LS * :")).collect();
    assert_eq!(marks, [true, true, true, false]);
    assert!(marked.starts_with(list(Folding::OneLine).replace("LS :", "LS * :").trim_end()));
    assert!(list(Folding::Unmarked).lines().all(|line| line.starts_with(":srv CAP * LS :example")));
}

#[test]
fn an_answer_is_what_was_typed() {
    let answer = |list: &str| written(|out| reply("NAK").answer(out, list));
    assert_eq!(answer("sasl  -x "), ":srv CAP * NAK :sasl  -x \r\n");
    assert_eq!(answer(""), ":srv CAP * NAK :\r\n");
    // Longer than a line with our beginning can be.
    let long = vec!["x".repeat(99); 5].join(" ");
    assert_eq!(answer(&long).lines().map(str::len).collect::<Vec<_>>(), [16 + 399, 16 + 99]);
    let endless = format!("a {} b", "x".repeat(600));
    assert_eq!(answer(&endless).lines().map(str::len).collect::<Vec<_>>(), [17, MAX_BODY, 17]);
}

proptest! {
    #[test]
    fn every_capability_is_listed_once(
        capabilities in prop::collection::vec(("[a-z/.-]{1,30}", prop::option::of("[a-z=,]{1,60}")), 0..40),
        marked in any::<bool>(),
    ) {
        let given: Vec<_> =
            capabilities.iter().map(|(name, value)| Capability { name, value: value.as_deref() }).collect();
        let folding = if marked { Folding::Marked } else { Folding::Unmarked };
        let lines = written(|out| reply("LS").list(out, folding, &given));
        let mut seen = Vec::new();
        let mut more = true;
        for line in lines.lines() {
            prop_assert!(more && line.len() <= MAX_BODY);
            let message = Message::from_server(line).expect("a message");
            more = !marked || message.params.len() == 4;
            let list = message.params.last().expect("a list");
            seen.extend(list.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
        }
        prop_assert!(!marked || !more);
        let with_value = |(name, value): &(String, Option<String>)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        };
        prop_assert_eq!(seen, capabilities.iter().map(with_value).collect::<Vec<_>>());
    }
}
