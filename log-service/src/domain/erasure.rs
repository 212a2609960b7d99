use api::id::UserId;

use super::{Invalid, filter::pattern};

/// What stands where a message named an erased user.
pub const BLANK: &str = "[erased]";
/// Characters of the ids that we give. A shorter one would be found within other words, and erasing cannot be undone.
const ID_CHARS: usize = 13;

/// What all records that name the user match: ids stand in messages and fields as they are, whatever is around them.
pub fn pattern_of(user: &UserId) -> Result<String, Invalid> {
    if user.as_str().len() < ID_CHARS {
        return Err(Invalid::new("user", format!("an id of ours has {ID_CHARS} characters")));
    }
    Ok(pattern(user.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_too_short_to_be_ours_erases_nothing() {
        assert_eq!(pattern_of(&UserId::try_from("3f9k2m7q0x1ab").unwrap()).unwrap(), "%3f9k2m7q0x1ab%");
        assert!(pattern_of(&UserId::try_from("3f9k2m7q0x1a").unwrap()).is_err());
        assert!(pattern_of(&UserId::try_from("1").unwrap()).is_err());
    }
}
