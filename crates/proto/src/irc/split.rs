//! Texts that are longer than a line can be, and texts of several lines.

/// Bytes of the longest character in UTF-8: less room than that holds no text at all.
const MIN_PIECE: usize = 4;

/// What fits into one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    pub text: &'a str,
    /// Goes on in the line of the text that the piece before belongs to: IRCv3's `draft/multiline-concat`.
    pub joins: bool,
}

/// `text` in two: at most `max` bytes, to the end of a character, and the rest.
pub fn at_char(text: &str, max: usize) -> (&str, &str) {
    text.split_at(text.floor_char_boundary(max))
}

/// `text` in pieces of at most `max` bytes (4 if that is less), which together are `text` again; one if it is empty.
///
/// Broken after a space where one stands in the second half, as IRCv3 multiline recommends: no piece begins with the space
/// of a word that ended, and none is so short that many more would be needed. Otherwise between two characters.
pub fn pieces(text: &str, max: usize) -> impl Iterator<Item = &str> {
    let max = max.max(MIN_PIECE);
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        if text.len() <= max {
            return Some(text);
        }
        let (begun, _) = at_char(text, max);
        let end = match begun.rfind(' ') {
            Some(space) if space >= max / 2 => space + 1,
            _ => begun.len(),
        };
        let (piece, after) = text.split_at(end);
        rest = Some(after);
        Some(piece)
    })
}

/// Each line of `text` in [`pieces`]. An empty line is an empty piece; whom it is shown to is not decided here.
pub fn lines(text: &str, max: usize) -> impl Iterator<Item = Piece<'_>> {
    text.split('\n')
        .flat_map(move |line| pieces(line, max).enumerate().map(|(nth, text)| Piece { text, joins: nth > 0 }))
}
