//! `MODE`: one line may change flags, roles and lists, each of which is a command of its own.

use api::{
    ErrorCode,
    channels::ListKind,
    mode::{MAX_KEY_BYTES, Role},
};
use proto::irc::{
    Params,
    mode::{Change, Class, ModeError},
};

use super::{is_channel, missing, one};
use crate::{
    command::{Command, Refusal},
    dialect::{
        Commands,
        irc::{Word, events::MAX_MODES, isupport::MODES},
    },
};

pub(crate) fn mode(params: &Params<'_>) -> Commands {
    let (target, modes, args) = (params[0], params.get(1).copied(), params.get(2..).unwrap_or_default());
    if !is_channel(target) {
        let changes = modes.map(str::to_owned);
        return one(Command::Irc(Word::UserMode { nick: target.to_owned(), changes }));
    }
    let Some(modes) = modes.filter(|modes| !modes.is_empty()) else {
        return one(Command::Mode { channel: Some(target.to_owned()), changes: Vec::new() });
    };
    let mut reading = Reading { channel: target, commands: Commands::new(), flags: Flags::default() };
    for change in MODES.changes(modes, args).take(MAX_MODES) {
        reading.take(change);
    }
    reading.end_flags();
    reading.commands
}

struct Reading<'a> {
    channel: &'a str,
    commands: Commands,
    flags: Flags,
}

/// Neighbouring changes that are made together, as `Command::Mode` takes them.
#[derive(Default)]
struct Flags {
    letters: String,
    values: Vec<String>,
}

impl Reading<'_> {
    fn take(&mut self, change: Result<Change<'_>, ModeError>) {
        match change {
            Ok(change) => match self.check(&change) {
                Ok(()) => self.change(&change),
                Err(refusal) => self.push(Err(refusal)),
            },
            Err(ModeError::Unknown(letter)) => {
                let refusal = Refusal::new(ErrorCode::InvalidMode).channel(self.channel);
                self.push(Err(refusal.what(letter).detail("there is no such mode")));
            }
            Err(ModeError::MissingArg(change)) => {
                let refusal = match change.class {
                    Class::Member => missing("nick"),
                    _ => self.wrong(&change, "the mode needs a value"),
                };
                self.push(Err(refusal));
            }
        }
    }

    fn change(&mut self, change: &Change<'_>) {
        let channel = self.channel.to_owned();
        let command = match (change.class, list(change.letter), role(change.letter), change.arg) {
            (Class::List, Some(list), _, None) => Command::Bans { channel, list },
            (Class::List, Some(list), _, Some(mask)) if change.add => {
                Command::Ban { channel, list, mask: mask.to_owned() }
            }
            (Class::List, Some(list), _, Some(mask)) => {
                Command::Unban { channel, list, mask: mask.to_owned() }
            }
            (Class::Member, _, Some(role), Some(nick)) => {
                Command::Role { channel, nick: nick.to_owned(), role, set: change.add }
            }
            _ => return self.flags.add(change),
        };
        self.push(Ok(command));
    }

    /// What can be known to be wrong without asking anybody: 696.
    fn check(&self, change: &Change<'_>) -> Result<(), Refusal> {
        let Some(value) = change.arg.filter(|_| change.add) else { return Ok(()) };
        let is_good = match change.letter {
            'k' => is_key(value),
            'l' | 'w' => value.parse::<u32>().is_ok_and(|number| number > 0),
            _ => true,
        };
        if is_good { Ok(()) } else { Err(self.wrong(change, "that value is not allowed")) }
    }

    fn wrong(&self, change: &Change<'_>, detail: &str) -> Refusal {
        let sign = if change.add { '+' } else { '-' };
        // A key is not repeated where others could read it, nor what could not stand in a line.
        let value = change.arg.filter(|_| change.letter != 'k').unwrap_or("*");
        let refusal = Refusal::new(ErrorCode::InvalidMode).channel(self.channel).value(value);
        refusal.what(format!("{sign}{}", change.letter)).detail(detail)
    }

    fn push(&mut self, command: Result<Command, Refusal>) {
        self.end_flags();
        self.commands.push(command);
    }

    fn end_flags(&mut self) {
        let Flags { letters, values } = std::mem::take(&mut self.flags);
        if !letters.is_empty() {
            let changes = std::iter::once(letters).chain(values).collect();
            self.commands.push(Ok(Command::Mode { channel: Some(self.channel.to_owned()), changes }));
        }
    }
}

impl Flags {
    fn add(&mut self, change: &Change<'_>) {
        self.letters.push(if change.add { '+' } else { '-' });
        self.letters.push(change.letter);
        match change.letter {
            // What a client thinks the key is does not matter for taking it away.
            'k' if !change.add => self.values.push("*".to_owned()),
            _ => self.values.extend(change.arg.map(str::to_owned)),
        }
    }
}

/// A key must be able to stand in a JOIN.
fn is_key(key: &str) -> bool {
    let fits = (1..=MAX_KEY_BYTES).contains(&key.len()) && !key.starts_with(':');
    fits && key.bytes().all(|byte| byte > b' ' && byte != b',' && byte != 0x7f)
}

fn list(letter: char) -> Option<ListKind> {
    ListKind::ALL.into_iter().find(|list| list.letter() == letter)
}

fn role(letter: char) -> Option<Role> {
    Role::ALL.into_iter().find(|role| role.letter() == letter)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;
    use proto::irc::Message;

    use super::*;

    /// What each letter is to do, as the page on MODE says it, one letter after the other; refusals all look alike.
    fn expected(modes: &str, args: &[String]) -> Vec<String> {
        let mut args: VecDeque<_> = args.iter().map(String::as_str).collect();
        let (mut sign, mut steps) = ('+', Vec::new());
        for letter in modes.chars() {
            if matches!(letter, '+' | '-') {
                sign = letter;
                continue;
            }
            if steps.len() == MAX_MODES {
                break;
            }
            let add = sign == '+';
            let takes = "beIkqaohv".contains(letter) || "lw".contains(letter) && add;
            let value = if takes { args.pop_front() } else { None };
            let refused = || "refused".to_owned();
            steps.push(match (letter, value) {
                ('b' | 'e' | 'I', None) => format!("?{letter}"),
                ('b' | 'e' | 'I' | 'q' | 'a' | 'o' | 'h' | 'v', Some(value)) => {
                    format!("{sign}{letter} {value}")
                }
                ('k', _) if !add => "-k".to_owned(),
                ('k', Some(key)) if !key.is_empty() && !key.contains([' ', ',', ':']) => format!("+k {key}"),
                ('l' | 'w', _) if !add => format!("-{letter}"),
                ('l' | 'w', Some(number)) if number.parse::<u32>().is_ok_and(|number| number > 0) => {
                    format!("+{letter} {number}")
                }
                ('C' | 'i' | 'm' | 'n' | 'r' | 's' | 't', _) => format!("{sign}{letter}"),
                _ => refused(),
            });
        }
        steps
    }

    /// The same of what was made of the line.
    fn found(commands: Commands) -> Vec<String> {
        let mut steps = Vec::new();
        for command in commands {
            match command {
                Err(_) => steps.push("refused".to_owned()),
                Ok(Command::Bans { list, .. }) => steps.push(format!("?{}", letter_of(list))),
                Ok(Command::Ban { list, mask, .. }) => steps.push(format!("+{} {mask}", letter_of(list))),
                Ok(Command::Unban { list, mask, .. }) => steps.push(format!("-{} {mask}", letter_of(list))),
                Ok(Command::Role { nick, role, set, .. }) => {
                    let sign = if set { '+' } else { '-' };
                    steps.push(format!("{sign}{} {nick}", role.letter()));
                }
                Ok(Command::Mode { changes, .. }) => {
                    let mut values = changes[1..].iter();
                    let letters: Vec<char> = changes[0].chars().collect();
                    for pair in letters.chunks(2) {
                        let has_value = pair[1] == 'k' || pair[0] == '+' && "lw".contains(pair[1]);
                        let value = values.next_if(has_value);
                        steps.push(match value {
                            Some(value) if pair[0] == '+' => format!("+{} {value}", pair[1]),
                            _ => format!("{}{}", pair[0], pair[1]),
                        });
                    }
                    assert!(values.next().is_none(), "{changes:?}");
                }
                Ok(command) => panic!("{}", command.name()),
            }
        }
        steps
    }

    trait NextIf: Iterator + Sized {
        fn next_if(&mut self, wanted: bool) -> Option<Self::Item> {
            if wanted { self.next() } else { None }
        }
    }
    impl<I: Iterator> NextIf for I {}

    fn letter_of(kind: ListKind) -> char {
        "beI".chars().find(|&letter| list(letter) == Some(kind)).expect("a list")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn every_letter_does_what_it_is_for_in_its_place(
            modes in "[-+-+beIklwCimnrstqaohvxz]{1,20}",
            args in prop::collection::vec("[a-z!*@]{1,6}|[0-9]{1,11}|a,b|:x", 0..14),
        ) {
            prop_assume!(args.len() < 13);
            // The last may begin with a colon; before it a word cannot.
            let mut args = args;
            let last = args.len().saturating_sub(1);
            for (at, arg) in args.iter_mut().enumerate() {
                if at < last && arg.starts_with(':') {
                    *arg = "x".to_owned();
                }
            }
            let line = match args.split_last() {
                Some((last, middle)) => format!("MODE #x {modes} {} :{last}", middle.join(" ")),
                None => format!("MODE #x {modes}"),
            };
            let message = Message::from_client(&line).expect("a message");
            prop_assert_eq!(found(mode(&message.params)), expected(&modes, &args), "{}", line);
        }
    }
}
