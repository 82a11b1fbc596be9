//! The known name that a misspelt one most likely means.

/// Names further apart than this are not taken for misspellings of each other.
const DISTANCE_MAX: usize = 3;

/// Longer names are compared with nothing.
const NAME_BYTES_MAX: usize = 64;

/// The nearest of the names, if one is near enough for its length.
#[must_use]
pub fn nearest(name: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let reach = DISTANCE_MAX.min(name.chars().count().div_ceil(3));
    let scored = known.into_iter().map(|known| (distance(name, &known), known));
    scored.filter(|(distance, _)| *distance <= reach).min().map(|(_, known)| known)
}

/// Insertions, deletions and replacements that lead from one to the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, character) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, candidate) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *candidate);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(name: &str) -> Option<String> {
        nearest(name, ["patience", "per_host", "delay"].map(String::from))
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        assert_eq!(near("patiense").as_deref(), Some("patience"));
        assert_eq!(near("per-host").as_deref(), Some("per_host"));
        assert_eq!(near("dela").as_deref(), Some("delay"));
    }

    #[test]
    fn another_word_is_not() {
        assert_eq!(near("colour"), None);
        assert_eq!(near(""), None);
        assert_eq!(near(&"patience".repeat(100_000)), None);
    }
}
