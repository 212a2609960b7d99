//! `MODE`: letters and their arguments to changes and back (RFC 2812 §3.1.5 and §3.2.3; which letters take arguments is what
//! `CHANMODES` and `PREFIX` say, <https://modern.ircdocs.horse/#chanmodes-parameter>).

use thiserror::Error;

use super::Line;

/// How a letter takes an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Type A: adds to a list, removes from it, and shows it without an argument.
    List,
    /// Type B: an argument always. Without one when unset it is accepted, as clients do not know the old key.
    Setting,
    /// Type C: an argument when set.
    SettingWhenSet,
    /// Type D: no argument.
    Flag,
    /// Of `PREFIX`: always somebody's nick.
    Member,
}

/// Which letter is of which class; a letter stands in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letters<'a> {
    pub list: &'a str,
    pub setting: &'a str,
    pub setting_when_set: &'a str,
    pub flag: &'a str,
    pub member: &'a str,
}

/// One letter of a `MODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    pub add: bool,
    pub class: Class,
    pub letter: char,
    pub arg: Option<&'a str>,
}

/// One letter that means nothing. The others are not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ModeError {
    /// 472, or 501 for a user's.
    #[error("{0} is no mode")]
    Unknown(char),
    /// 461 or 696.
    #[error("{} needs an argument", .0.letter)]
    MissingArg(Change<'static>),
}

impl Letters<'_> {
    pub fn class(&self, letter: char) -> Option<Class> {
        let Letters { list, setting, setting_when_set, flag, member } = self;
        let classes = [
            (list, Class::List),
            (setting, Class::Setting),
            (setting_when_set, Class::SettingWhenSet),
            (flag, Class::Flag),
            (member, Class::Member),
        ];
        classes.into_iter().find(|(letters, _)| letters.contains(letter)).map(|(_, class)| class)
    }

    /// The changes of `modes`, in their order, each with its argument of `args`. Without a sign a letter is added. What is
    /// left of `args` in the end is ignored.
    pub fn changes<'a>(
        &self,
        modes: &'a str,
        args: &'a [&'a str],
    ) -> impl Iterator<Item = Result<Change<'a>, ModeError>> {
        let mut add = true;
        let mut args = args.iter().copied();
        modes.chars().filter_map(move |letter| match letter {
            '+' | '-' => {
                add = letter == '+';
                None
            }
            letter => Some(self.change(add, letter, &mut args)),
        })
    }

    fn change<'a>(
        &self,
        add: bool,
        letter: char,
        args: &mut impl Iterator<Item = &'a str>,
    ) -> Result<Change<'a>, ModeError> {
        let class = self.class(letter).ok_or(ModeError::Unknown(letter))?;
        let arg = if class.takes_arg(add) { args.next() } else { None };
        if arg.is_none() && class.needs_arg(add) {
            return Err(ModeError::MissingArg(Change { add, class, letter, arg: None }));
        }
        Ok(Change { add, class, letter, arg })
    }
}

impl Class {
    fn takes_arg(self, add: bool) -> bool {
        match self {
            Class::List | Class::Setting | Class::Member => true,
            Class::SettingWhenSet => add,
            Class::Flag => false,
        }
    }

    fn needs_arg(self, add: bool) -> bool {
        match self {
            Class::Member => true,
            Class::Setting | Class::SettingWhenSet => add,
            Class::List | Class::Flag => false,
        }
    }
}

impl Change<'_> {
    fn sign(&self) -> char {
        if self.add { '+' } else { '-' }
    }
}

/// Goes on with `changes` in the shortest form, `+ov-b alice bob eve!*@*`; a lone `+` if there are none, as in 324.
pub fn write<'a>(mut line: Line<'a>, changes: &[Change<'_>]) -> Line<'a> {
    let signed = changes.iter().scan(None, |last, change| {
        let sign = Some(change.sign()).filter(|sign| last.replace(*sign) != Some(*sign));
        Some(sign.into_iter().chain([change.letter]))
    });
    line.letters(changes.is_empty().then_some('+').into_iter().chain(signed.flatten()));
    line.params(changes.iter().filter_map(|change| change.arg))
}

/// How many of the first changes one line can take that has so many bytes [`left`](Line::left), at most `most`; at least
/// one if there are any, so that who sends the rest in further lines comes to an end.
pub fn fitting(changes: &[Change<'_>], left: usize, most: usize) -> usize {
    let ends = changes.iter().scan((" ".len(), None), |(end, last), change| {
        let is_new = last.replace(change.add) != Some(change.add);
        *end += 1 + usize::from(is_new) + change.arg.map_or(0, |arg| " ".len() + arg.len().max(1));
        Some(*end)
    });
    ends.take(most).take_while(|&end| end <= left).count().max(1).min(changes.len())
}
