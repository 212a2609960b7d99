//! Many rows in one statement: arrays in PostgreSQL, rows of parameters in SQLite.

use std::sync::LazyLock;

/// Rows in a statement of SQLite. Few sizes, so that each is prepared once; the largest stays below its 32,766 parameters.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// One `insert … values (…), …` for each size.
pub(super) struct Inserts([String; SIZES.len()]);

impl Inserts {
    pub(super) fn new(insert: &str, columns: usize) -> Self {
        Self(SIZES.map(|rows| {
            // Parameters without names: sqlx asks for the name of each, which SQLite looks for among all of them.
            let row = format!("({})", vec!["?"; columns].join(", "));
            format!("{insert} values {}", vec![row; rows].join(", "))
        }))
    }
}

/// Cuts rows into as few statements as the sizes allow.
pub(super) fn cut<'a, R>(
    inserts: &'static LazyLock<Inserts>,
    rows: &'a [R],
) -> impl Iterator<Item = (&'static str, &'a [R])> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let size = SIZES.iter().position(|&size| size <= rest.len())?;
        let (chunk, after) = rest.split_at(SIZES[size]);
        rest = after;
        Some((inserts.0[size].as_str(), chunk))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    static PAIRS: LazyLock<Inserts> = LazyLock::new(|| Inserts::new("insert into t (a, b)", 2));

    #[test]
    fn rows_are_cut_into_statements_of_few_sizes() {
        let rows: Vec<usize> = (0..345).collect();
        let cuts: Vec<_> = cut(&PAIRS, &rows).map(|(_, chunk)| chunk.len()).collect();
        assert_eq!(cuts, [256, 64, 16, 4, 4, 1]);
        assert_eq!(cut(&PAIRS, &rows[..1]).next().unwrap().0, "insert into t (a, b) values (?, ?)");
        assert!(
            cut(&PAIRS, &rows[..4]).next().unwrap().0.ends_with(" values (?, ?), (?, ?), (?, ?), (?, ?)")
        );
    }
}
