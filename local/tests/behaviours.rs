//! `docs/behaviours.md` has a row for each thing that Parlour must do. This test holds each row to having a
//! test that names it, and writes which: `UPDATE_BEHAVIOURS=1 cargo test -p local --test behaviours`.

mod naming;

use std::fs;

use naming::{completed, named, root, test_name, tests_by_row};

/// How many rows each part of the table has at least: none may be dropped.
const ROWS: [(char, u32); 5] = [('A', 16), ('B', 34), ('C', 14), ('D', 22), ('E', 14)];

/// The rows that are about a system's own paths or keys, and so need a test of the dialect as well.
const IN_DIALECT: &str = "A8 A9 A10 A11 A13 B11 B12 B13 B14 B15 B16 B20 B21 C1 C3 C4 C5 C6 C9 C12 C13 C14 \
                          D18 D19 D20 D21 D22 E9 E11 E12";

#[test]
fn each_behaviour_is_shown_by_a_test_and_the_table_says_by_which() {
    let tests = tests_by_row(|line| named(line, "Mission", "ABCDE"));
    let path = root().join("docs/behaviours.md");
    let table = fs::read_to_string(&path).expect("the table");

    let in_table = |row: &str| table.contains(&format!("\n| {row} |"));
    let wanted =
        ROWS.iter().flat_map(|(part, rows)| (1..=*rows).map(move |n| format!("{part}{n}")));
    let in_dialect = IN_DIALECT.split_whitespace().map(|row| format!("{row} (dialect)"));
    for row in wanted.chain(in_dialect) {
        assert!(tests.contains_key(&row), "no test names Mission {row}");
        assert!(in_table(&row), "docs/behaviours.md has no row {row}");
    }
    for row in tests.keys() {
        assert!(
            in_table(row),
            "a test names Mission {row}, which docs/behaviours.md does not have"
        );
    }

    let expected = completed(&table, &tests);
    if std::env::var_os("UPDATE_BEHAVIOURS").is_some() {
        fs::write(&path, expected).expect("a place to write");
    } else {
        assert!(
            table == expected,
            "docs/behaviours.md is old: UPDATE_BEHAVIOURS=1 cargo test -p local --test behaviours"
        );
    }
}

#[test]
fn a_row_is_named_in_comments_alone_and_each_by_its_id() {
    let rows = |line| named(line, "Mission", "ABCDE");
    assert_eq!(rows("/// Mission A8 (dialect). Mission B2."), ["A8 (dialect)", "B2"]);
    assert_eq!(rows("  /** Mission D1, D2, E10: two panes. */"), ["D1", "D2", "E10"]);
    assert_eq!(rows("let text = \"Mission A8\";"), Vec::<String>::new());
    assert_eq!(rows("/// Mission impossible"), Vec::<String>::new());
    assert_eq!(test_name("async fn it_works() {").as_deref(), Some("it_works"));
    assert_eq!(test_name("  test('it works', async () => {").as_deref(), Some("it works"));
}
