//! Each fault that must be survived and each thing that always holds is named by a test, and `docs/proof.md` says by
//! which: `UPDATE_PROOF=1 cargo test -p local --test proof`.

mod naming;

use std::fs;

use naming::{completed, named, root, test_name, tests_by_row};

/// How many there are of each.
const ROWS: [(&str, char, u32); 2] = [("Fault", 'F', 26), ("Invariant", 'I', 12)];

#[test]
fn each_fault_and_each_invariant_is_shown_by_a_test_and_the_table_says_by_which() {
    let tests =
        tests_by_row(|line| [named(line, "Fault", "F"), named(line, "Invariant", "I")].concat());
    let path = root().join("docs/proof.md");
    let table = fs::read_to_string(&path).expect("the tables");

    let in_table = |row: &str| table.contains(&format!("\n| {row} |"));
    for (word, letter, last) in ROWS {
        for row in (1..=last).map(|number| format!("{letter}{number}")) {
            assert!(tests.contains_key(&row), "no test names {word} {row}");
            assert!(in_table(&row), "docs/proof.md has no row {row}");
        }
    }
    for row in tests.keys() {
        assert!(in_table(row), "a test names {row}, which docs/proof.md does not have");
    }

    let expected = completed(&table, &tests);
    if std::env::var_os("UPDATE_PROOF").is_some() {
        fs::write(&path, expected).expect("a place to write");
    } else {
        assert!(
            table == expected,
            "docs/proof.md is old: UPDATE_PROOF=1 cargo test -p local --test proof"
        );
    }
}

#[test]
fn faults_and_invariants_are_named_in_comments_alone() {
    assert_eq!(named("/// Fault F8. Invariant I1. Fault F12: two.", "Fault", "F"), ["F8", "F12"]);
    assert_eq!(
        named("/// Fault F8. Invariant I1. Invariant I12.", "Invariant", "I"),
        ["I1", "I12"]
    );
    assert_eq!(named("let text = \"Fault F8\";", "Fault", "F"), Vec::<String>::new());
    assert_eq!(test_name("fn it_holds() {").as_deref(), Some("it_holds"));
}
