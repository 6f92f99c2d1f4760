//! `docs/behaviours.md` has a row for each thing that Parlour must do. This test holds each row to having a
//! test that names it, and writes which: `UPDATE_BEHAVIOURS=1 cargo test -p local --test behaviours`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Where tests are, below the root.
const FOLDERS: [&str; 6] = ["bench", "functions", "local", "shared", "tests", "web"];

/// What is not ours, or not written by hand.
const NOT_OURS: [&str; 4] = ["node_modules", "dist", "target", "__pycache__"];

/// How many rows each part of the table has at least: none may be dropped.
const ROWS: [(char, u32); 5] = [('A', 16), ('B', 34), ('C', 14), ('D', 22), ('E', 14)];

/// The rows that are about a system's own paths or keys, and so need a test of the dialect as well.
const IN_DIALECT: &str = "A8 A9 A10 A11 A13 B11 B12 B13 B14 B15 B16 B20 B21 C1 C3 C4 C5 C6 C9 C12 C13 C14 \
                          D18 D19 D20 D21 D22 E9 E11 E12";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a folder that may hold tests, in a fixed order.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && !NOT_OURS.contains(&name.as_str()) && !name.starts_with('.') {
            sources(&path, found);
        } else if ["rs", "ts", "mjs", "py"].iter().any(|end| name.ends_with(&format!(".{end}"))) {
            found.push(path);
        }
    }
}

/// The rows that a line of a comment names: the word, an id, and perhaps that its dialect is meant; more ids
/// behind a comma.
fn named(line: &str) -> Vec<String> {
    let comment = ["///", "//!", "//", "/**", "*", "#"];
    if !comment.iter().any(|mark| line.trim_start().starts_with(mark)) {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for part in line.split("Mission ").skip(1) {
        for id in part.split(", ") {
            let digits = id.chars().skip(1).take_while(char::is_ascii_digit).count();
            if digits == 0 || !id.starts_with(|first| ('A'..='E').contains(&first)) {
                break;
            }
            let dialect = id[1 + digits..].starts_with(" (dialect)");
            rows.push(format!("{}{}", &id[..=digits], if dialect { " (dialect)" } else { "" }));
        }
    }
    rows
}

/// What a line calls the test that begins there, if one does.
fn test_name(line: &str) -> Option<String> {
    let line = line.trim_start();
    let after = |start: &str| line.strip_prefix(start);
    let function = after("async fn ").or_else(|| after("fn ")).or_else(|| after("def "));
    if let Some(rest) = function {
        return Some(rest.split('(').next()?.to_owned());
    }
    let call = ["test(", "it(", "describe(", "await t.test("].into_iter().find_map(after)?;
    let quote = call.chars().next().filter(|quote| "'\"`".contains(*quote))?;
    Some(call[1..].split(quote).next()?.to_owned())
}

/// By row: the tests that name it, each as a link.
fn tests_by_row() -> BTreeMap<String, BTreeSet<String>> {
    let (root, mut files) = (root(), Vec::new());
    for folder in FOLDERS {
        sources(&root.join(folder), &mut files);
    }
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("text");
        let path = file.strip_prefix(&root).expect("below the root").display().to_string();
        let mut waiting = Vec::new();
        for line in text.lines() {
            waiting.extend(named(line));
            if let Some(name) = test_name(line) {
                let name = name.replace('|', "\\|").replace('_', " ");
                for row in waiting.drain(..) {
                    found.entry(row).or_default().insert(format!("[{name}](../{path})"));
                }
            }
        }
        assert!(waiting.is_empty(), "{path} names {waiting:?} behind its last test");
    }
    found
}

/// The table with its last column as it should be.
fn completed(table: &str, tests: &BTreeMap<String, BTreeSet<String>>) -> String {
    let line = |line: &str| {
        let cells: Vec<&str> = line.split(" | ").collect();
        let row = cells[0].trim_start_matches("| ");
        match tests.get(row) {
            Some(links) if line.starts_with("| ") && cells.len() >= 2 => {
                let links: Vec<&str> = links.iter().map(String::as_str).collect();
                format!(
                    "| {row} | {} | {} |\n",
                    cells[1].trim_end_matches(" |"),
                    links.join("<br>")
                )
            }
            _ => format!("{line}\n"),
        }
    };
    table.lines().map(line).collect()
}

#[test]
fn each_behaviour_is_shown_by_a_test_and_the_table_says_by_which() {
    let tests = tests_by_row();
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
    assert_eq!(named("/// Mission A8 (dialect). Mission B2."), ["A8 (dialect)", "B2"]);
    assert_eq!(named("  /** Mission D1, D2, E10: two panes. */"), ["D1", "D2", "E10"]);
    assert_eq!(named("let text = \"Mission A8\";"), Vec::<String>::new());
    assert_eq!(named("/// Mission impossible"), Vec::<String>::new());
    assert_eq!(test_name("async fn it_works() {").as_deref(), Some("it_works"));
    assert_eq!(test_name("  test('it works', async () => {").as_deref(), Some("it works"));
}
