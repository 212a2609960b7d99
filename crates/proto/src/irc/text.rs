use super::Line;

/// The text that ends a [`Line`], being written bit by bit: a list, for example. Ends the line when it is dropped.
#[derive(Debug)]
pub struct Text<'a> {
    line: Line<'a>,
    /// Where the text begins, after its `:`.
    start: usize,
}

impl<'a> Text<'a> {
    pub(super) fn begin(mut line: Line<'a>) -> Text<'a> {
        line.put_colon();
        let start = line.out.len();
        Text { line, start }
    }

    /// Appends what fits, and gives back what does not; after that nothing fits any more. A control character becomes a space, unless
    /// it stands for how a text looks or for CTCP.
    pub fn push<'t>(&mut self, text: &'t str) -> &'t str {
        self.push_without(text, is_unsafe)
    }

    /// Appends `parts` as one word, after a space if it is not the first; or nothing, and says `false`, if it does not
    /// fit. A line that has no word yet will never be able to take it.
    pub fn word(&mut self, parts: &[&str]) -> bool {
        let space = if self.is_empty() { "" } else { " " };
        let needed = parts.iter().fold(space.len(), |sum, part| sum + part.len());
        let fits = needed <= self.room();
        if fits {
            self.push(space);
            for part in parts {
                self.push(part);
            }
        }
        fits
    }

    pub fn is_empty(&self) -> bool {
        self.line.out.len() == self.start
    }

    /// Bytes that it can still take.
    pub fn room(&self) -> usize {
        self.line.left()
    }

    /// Ends the line. Dropping does the same: this reads better at the end of a chain.
    pub fn end(self) {}

    /// Bytes that are `unsafe_here` become spaces, and controls beyond ASCII no-break spaces, so that the length stays.
    pub(super) fn push_without<'t>(&mut self, text: &'t str, unsafe_here: impl Fn(u8) -> bool) -> &'t str {
        let from = self.line.out.len();
        let rest = self.line.put(text);
        let mut before = 0;
        for byte in &mut self.line.out[from..] {
            // U+0080 to U+009F in UTF-8.
            if before == 0xc2 && *byte < 0xa0 {
                *byte = 0xa0;
            } else if unsafe_here(*byte) {
                *byte = b' ';
            }
            before = *byte;
        }
        rest
    }
}

/// Would end the line, or reach a terminal as what it is there. Left are TAB, CTCP's delimiter and what clients write bold, coloured and so on with
/// (<https://modern.ircdocs.horse/formatting>).
pub(super) const fn is_unsafe(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | 0x01..=0x04 | 0x0f | 0x11 | 0x16 | 0x1d..=0x1f)
}
