//! Tests say in their comments what they show, by its id: which test shows what, and tables of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Where tests are, below the root.
const FOLDERS: [&str; 7] = ["bench", "functions", "local", "shared", "soak", "tests", "web"];

/// What is not ours, or not written by hand.
const NOT_OURS: [&str; 4] = ["node_modules", "dist", "target", "__pycache__"];

/// The project's folder.
pub(crate) fn root() -> PathBuf {
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

/// The ids that a line of a comment names behind a word: those that begin with one of these letters, and perhaps that
/// a dialect is meant; more ids behind a comma. What is quoted is an example and names nothing.
pub(crate) fn named(line: &str, word: &str, letters: &str) -> Vec<String> {
    let comment = ["///", "//!", "//", "/**", "*", "#"];
    if !comment.iter().any(|mark| line.trim_start().starts_with(mark)) {
        return Vec::new();
    }
    let mut rows = Vec::new();
    let line = line.replace(&format!("`{word} "), "");
    for part in line.split(&format!("{word} ")).skip(1) {
        for id in part.split(", ") {
            let digits = id.chars().skip(1).take_while(char::is_ascii_digit).count();
            if digits == 0 || !id.starts_with(|first| letters.contains(first)) {
                break;
            }
            let dialect = id[1 + digits..].starts_with(" (dialect)");
            rows.push(format!("{}{}", &id[..=digits], if dialect { " (dialect)" } else { "" }));
        }
    }
    rows
}

/// What a line calls the test that begins there, if one does.
pub(crate) fn test_name(line: &str) -> Option<String> {
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
pub(crate) fn tests_by_row(
    named: impl Fn(&str) -> Vec<String>,
) -> BTreeMap<String, BTreeSet<String>> {
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
pub(crate) fn completed(table: &str, tests: &BTreeMap<String, BTreeSet<String>>) -> String {
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
