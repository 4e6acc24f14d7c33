//! The code that was probably meant.

/// The nearest of `known`, if it is near enough to have been meant.
pub(crate) fn nearest<'k>(typed: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let typed: Vec<char> = typed.chars().take(64).flat_map(char::to_lowercase).collect();
    let (distance, best) = known.map(|code| (distance(&typed, code), code)).min_by_key(|(distance, _)| *distance)?;
    (distance * 3 <= typed.len().max(4)).then_some(best)
}

/// Levenshtein's distance, one row at a time.
fn distance(typed: &[char], code: &str) -> usize {
    let mut row: Vec<usize> = (0..=typed.len()).collect();
    for (line, wanted) in code.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, given) in typed.iter().enumerate() {
            let replaced = diagonal + usize::from(*given != wanted);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[typed.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KNOWN: [&str; 3] = ["expired", "expires-soon", "key-mismatch"];

    #[test]
    fn slips_are_understood() {
        assert_eq!(nearest("expird", KNOWN.into_iter()), Some("expired"));
        assert_eq!(nearest("KEY_MISMATCH", KNOWN.into_iter()), Some("key-mismatch"));
        assert_eq!(nearest("expire-soon", KNOWN.into_iter()), Some("expires-soon"));
    }

    #[test]
    fn other_words_are_not() {
        assert_eq!(nearest("banana", KNOWN.into_iter()), None);
        assert_eq!(nearest("", KNOWN.into_iter()), None);
    }
}
