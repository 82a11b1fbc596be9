//! A file and a function end before they tell a second story.

use crate::Finding;
use crate::source::Source;
use crate::tree::{RustFile, Tree};

/// Lines of code in a file, tests, comments and blank lines apart.
pub const FILE_LINES_MAX: usize = 400;

/// Lines of code in a file of tests.
pub const TEST_FILE_LINES_MAX: usize = 800;

/// Lines of code in a function, from `fn` to its closing brace.
pub const FUNCTION_LINES_MAX: usize = 60;

/// Lines of code in a function of tests.
pub const TEST_FUNCTION_LINES_MAX: usize = 100;

/// Files and functions beyond the limits.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust.iter().flat_map(|file| whole(file).into_iter().chain(functions(file))).collect()
}

fn whole(file: &RustFile) -> Option<Finding> {
    let (lines, most) = if file.is_test {
        (file.source.code_lines(1, file.source.line_of(usize::MAX)), TEST_FILE_LINES_MAX)
    } else {
        (file.source.product_lines(), FILE_LINES_MAX)
    };
    (lines > most).then(|| Finding {
        path: file.path.clone(),
        line: 1,
        what: format!("the file has {lines} lines of code; the limit is {most}: split it by its stories"),
    })
}

fn functions(file: &RustFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, first, last) in bodies(&file.source) {
        let lines = file.source.code_lines(first, last);
        let is_test = file.is_test || file.source.is_test_line(first);
        let most = if is_test { TEST_FUNCTION_LINES_MAX } else { FUNCTION_LINES_MAX };
        if lines > most {
            let what = format!("the function {name} has {lines} lines of code; the limit is {most}");
            findings.push(Finding { path: file.path.clone(), line: first, what });
        }
    }
    findings
}

/// Each function that has a body: its name, first and last line.
fn bodies(source: &Source) -> Vec<(&str, usize, usize)> {
    let words: Vec<_> = source.words().collect();
    let mut bodies = Vec::new();
    for pair in words.windows(2).filter(|pair| pair[0].text == "fn") {
        // `fn(u8) -> u8` is a type: its bracket follows at once.
        if source.code[pair[0].end..pair[1].start].trim().is_empty()
            && let Some(open) = body(source, pair[1].end)
        {
            bodies.push((pair[1].text, source.line_of(pair[0].start), source.line_of(source.closing(open))));
        }
    }
    bodies
}

/// The brace that opens the body of a function whose name ends at `from`; `None` for a declaration.
fn body(source: &Source, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let found = at + source.code.get(at..)?.find(['(', '[', '{', ';'])?;
        match source.code.as_bytes()[found] {
            b'{' => return Some(found),
            b';' => return None,
            _ => at = source.closing(found) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(path: &str, text: &str) -> usize {
        check(&Tree::sample(path, text)).len()
    }

    #[test]
    fn a_long_function_is_refused_and_comments_are_free() {
        let body = |lines: usize| format!("fn a() -> [u8; 3] {{\n{}}}\n", "    b();\n    // why\n\n".repeat(lines));
        assert_eq!(finds("crates/a/src/a.rs", &body(FUNCTION_LINES_MAX - 2)), 0);
        assert_eq!(finds("crates/a/src/a.rs", &body(FUNCTION_LINES_MAX - 1)), 1);
        assert_eq!(finds("crates/a/tests/a.rs", &body(FUNCTION_LINES_MAX - 1)), 0);
        assert_eq!(finds("crates/a/tests/a.rs", &body(TEST_FUNCTION_LINES_MAX)), 1);
    }

    #[test]
    fn a_long_file_is_refused_and_its_tests_are_free() {
        let text =
            |lines: usize| format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "use a;\n".repeat(lines), "use b;\n".repeat(500));
        assert_eq!(finds("crates/a/src/a.rs", &text(FILE_LINES_MAX)), 0);
        assert_eq!(finds("crates/a/src/a.rs", &text(FILE_LINES_MAX + 1)), 1);
        assert_eq!(finds("crates/a/tests/a.rs", &"use a;\n".repeat(TEST_FILE_LINES_MAX + 1)), 1);
    }

    #[test]
    fn a_function_type_and_a_declaration_have_no_body() {
        let text = format!("struct A {{ b: fn(u8) -> u8 }}\ntrait C {{ fn d(&self); }}\n{}", "const E: u8 = 1;\n".repeat(70));
        assert_eq!(finds("crates/a/src/a.rs", &text), 0);
    }

    #[test]
    fn the_text_of_a_literal_is_code() {
        let text = format!("fn a() {{\n    b(\"{}\");\n}}\n", "line\n".repeat(FUNCTION_LINES_MAX));
        assert_eq!(finds("crates/a/src/a.rs", &text), 1);
    }
}
