//! docs/benchmarks.md, of which some parts are written by this program, between their marks.

use std::{fs, path::Path};

use crate::Failure;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks.md");

/// Writes what stands between the marks of a part.
///
/// # Errors
/// When the page cannot be read or written, or has lost its marks.
pub(crate) fn write(part: &str, content: &str) -> Result<(), Failure> {
    let page = Path::new(PAGE);
    let text = fs::read_to_string(page)?;
    fs::write(page, between_marks(&text, part, content)?)?;
    Ok(())
}

fn between_marks(page: &str, part: &str, content: &str) -> Result<String, Failure> {
    let begin = format!("<!-- {part}: begin, written by bin/bench {part} --docs -->");
    let end = format!("<!-- {part}: end -->");
    let lost = || format!("docs/benchmarks.md has lost its marks of {part}");
    let (before, rest) = page.split_once(&begin).ok_or_else(lost)?;
    let (_, after) = rest.split_once(&end).ok_or_else(lost)?;
    Ok(format!("{before}{begin}\n\n{content}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let (begin, end) = ("<!-- a: begin, written by bin/bench a --docs -->", "<!-- a: end -->");
        let page = format!("x\n{begin}\nold\n{end}\nz\n");
        let written = between_marks(&page, "a", "new\n").unwrap();
        assert_eq!(written, format!("x\n{begin}\n\nnew\n\n{end}\nz\n"));
        assert!(between_marks(&page, "b", "new").is_err());
    }
}
