//! Which passwords are good enough.

use std::collections::HashSet;

use crate::config::PasswordRules;

use api::{
    AccountName,
    users::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS},
};

/// Different characters of a password: `aaaaaaaa` and `abababab` are guessed first.
const MIN_DISTINCT_CHARS: usize = 5;

/// What is tried first by whoever guesses; only those that the other rules let pass. Compared in lower case.
const COMMON: &[&str] = &[
    "000000001",
    "0123456789",
    "123456789",
    "1234567890",
    "12345678",
    "987654321",
    "9876543210",
    "123123123",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "1qaz2wsx3edc",
    "a1b2c3d4",
    "abcd1234",
    "abcdefgh",
    "abcdefghi",
    "abc12345",
    "administrator",
    "admin1234",
    "admin12345",
    "asdfasdf",
    "asdfghjk",
    "asdfghjkl",
    "asdf1234",
    "baseball",
    "basketball",
    "bailey123",
    "changeme",
    "changeme123",
    "computer",
    "dragon123",
    "football",
    "football1",
    "formula1",
    "iloveyou",
    "iloveyou1",
    "jennifer",
    "jordan23",
    "letmein1",
    "letmein123",
    "liverpool",
    "master123",
    "michelle",
    "monkey123",
    "passw0rd",
    "passwort",
    "password",
    "password!",
    "password0",
    "password1",
    "password12",
    "password123",
    "password1234",
    "pa55word",
    "p@ssw0rd",
    "p@ssword",
    "princess",
    "princess1",
    "q1w2e3r4",
    "q1w2e3r4t5",
    "qazwsxedc",
    "qwer1234",
    "qwertyui",
    "qwertyuiop",
    "qwerty12",
    "qwerty123",
    "qwerty1234",
    "qwertz123",
    "samantha",
    "starwars",
    "sunshine",
    "sunshine1",
    "superman",
    "superman1",
    "test1234",
    "testtest1",
    "trustno1",
    "trustno1!",
    "welcome1",
    "welcome123",
    "whatever",
    "whatever1",
    "zaq12wsx",
    "zxcvbnm1",
    "zxcvbnm123",
    "causerie1",
    "secret123",
    "azertyui",
    "azertyuiop",
    "azerty123",
];

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Weak {
    #[error("a password has at least {MIN_PASSWORD_CHARS} characters")]
    TooShort,
    #[error("a password has at most {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    #[error("a password has at least {MIN_DISTINCT_CHARS} different characters")]
    TooUniform,
    #[error("that password is among the first that anybody would try")]
    Common,
    #[error("a password is not made of the account's name")]
    Name,
}

pub(crate) fn check(rules: PasswordRules, password: &str, name: &AccountName) -> Result<(), Weak> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(Weak::TooLong);
    }
    match rules {
        PasswordRules::Strict => check_strictly(password, name),
        PasswordRules::None => Ok(()),
    }
}

fn check_strictly(password: &str, name: &AccountName) -> Result<(), Weak> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(Weak::TooShort);
    }
    if password.chars().collect::<HashSet<_>>().len() < MIN_DISTINCT_CHARS {
        return Err(Weak::TooUniform);
    }
    let lower = password.to_lowercase();
    if COMMON.contains(&lower.as_str()) {
        return Err(Weak::Common);
    }
    // The name itself, twice, or with some digits: what is left must be a password's length without it.
    let rest = lower.replace(&name.as_str().to_lowercase(), "");
    if rest.len() < lower.len() && rest.chars().filter(|c| !c.is_ascii_digit()).count() < 4 {
        return Err(Weak::Name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strictly(password: &str, name: &AccountName) -> Result<(), Weak> {
        check(PasswordRules::Strict, password, name)
    }

    #[test]
    fn what_anybody_would_try_first_is_refused() {
        let alice = AccountName::try_from("alice").unwrap();
        for (password, verdict) in [
            ("abcdefg", Err(Weak::TooShort)),
            ("abcdefgx", Ok(())),
            ("aaaabbbb", Err(Weak::TooUniform)),
            ("abcdabcd", Err(Weak::TooUniform)),
            ("PassWord1", Err(Weak::Common)),
            ("Alice1987", Err(Weak::Name)),
            ("alicealice", Err(Weak::Name)),
            ("alice has a cat", Ok(())),
            ("correct horse battery", Ok(())),
            ("пароль-кошки", Ok(())),
        ] {
            assert_eq!(strictly(password, &alice), verdict, "{password}");
        }
    }

    #[test]
    fn length_is_bounded_on_both_sides() {
        let alice = AccountName::try_from("alice").unwrap();
        let of = |bytes: usize| "abcdefgh".chars().cycle().take(bytes).collect::<String>();
        assert_eq!(strictly(&of(MIN_PASSWORD_CHARS - 1), &alice), Err(Weak::TooShort));
        assert_eq!(strictly(&of(MIN_PASSWORD_CHARS).replace("gh", "zy"), &alice), Ok(()));
        assert_eq!(strictly(&of(MAX_PASSWORD_BYTES), &alice), Ok(()));
        assert_eq!(strictly(&of(MAX_PASSWORD_BYTES + 1), &alice), Err(Weak::TooLong));
    }

    #[test]
    fn no_entry_of_the_list_is_idle() {
        let nobody = AccountName::try_from("nobody").unwrap();
        for password in COMMON {
            let verdict = strictly(password, &nobody);
            assert!(verdict.is_err(), "{password}");
        }
    }

    #[test]
    fn without_rules_any_password_will_do_that_is_not_too_long() {
        let alice = "alice".try_into().unwrap();
        let any = |password: &str| check(PasswordRules::None, password, &alice);
        assert_eq!((any("bar"), any("alice")), (Ok(()), Ok(())));
        assert_eq!(any(&"x".repeat(MAX_PASSWORD_BYTES + 1)), Err(Weak::TooLong));
    }
}
