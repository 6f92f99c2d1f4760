//! Names, as the search for people compares them.

use std::collections::BTreeSet;

/// By how many of its words a name is found.
const WORDS: usize = 4;

/// The most characters that are compared, which bounds the length of a key.
pub const MAX_COMPARED: usize = 100;

/// A text as the search compares it: lower case, one space between words, none around them.
pub fn folded(text: &str) -> String {
    cut(&words(text))
}

/// What a name is found by: itself, folded, from each of its first words on. So "Alice Smith" is
/// found by "ali", by "smi" and by "alice s".
pub fn beginnings(name: &str) -> BTreeSet<String> {
    let words = words(name);
    (0..words.len().min(WORDS)).map(|first| cut(&words[first..])).collect()
}

fn words(text: &str) -> Vec<String> {
    // One character at a time, since how a whole word is lowered depends on where it ends, and the
    // search knows beginnings alone.
    text.split_whitespace()
        .map(|word| word.chars().flat_map(char::to_lowercase).collect())
        .collect()
}

fn cut(words: &[String]) -> String {
    words.join(" ").chars().take(MAX_COMPARED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_white_space_do_not_matter() {
        assert_eq!(folded("  Alice\u{a0}\n SMITH "), "alice smith");
        assert_eq!(folded("ÉMILE"), "émile");
        assert!(folded("ΟΔΟΣ").starts_with(&folded("ΟΔΟΣ")));
        assert!(folded("ΟΔΟΣ Α").starts_with(&folded("ΟΔΟΣ")));
    }

    /// Mission D12.
    #[test]
    fn a_name_is_found_from_each_of_its_first_four_words_on() {
        let found = |name: &str| beginnings(name).into_iter().collect::<Vec<_>>();
        assert_eq!(found("Alice Smith"), ["alice smith", "smith"]);
        assert_eq!(found("a b c d e f"), ["a b c d e f", "b c d e f", "c d e f", "d e f"]);
        assert_eq!(found("Anna Anna"), ["anna", "anna anna"]);
        assert!(found(" \n ").is_empty());
    }

    #[test]
    fn what_is_compared_has_at_most_a_hundred_characters() {
        assert_eq!(folded(&"É".repeat(200)).chars().count(), MAX_COMPARED);
        assert!(beginnings(&"x ".repeat(5_000)).iter().all(|b| b.chars().count() <= MAX_COMPARED));
    }
}
