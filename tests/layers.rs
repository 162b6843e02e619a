//! The shape of the source tree: imports go one way, and each detector file has its row in the registry.
//!
//! It reads the source as text. A file may name `crate::` modules to the left of its own in [`ORDER`], and its
//! own; test modules, which stand last in a file, may name any.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anomaly_widget::detect::registry::DETECTORS;

/// The modules in the order of the flow.
const ORDER: [&str; 16] = [
    "error", "settings", "math", "series", "ingest", "prepare", "window", "score", "nn", "detect", "train",
    "decide", "pipeline", "draw", "evaluate", "wasm",
];

/// What `lib.rs` re-exports at the root, and the module each comes from.
const ROOT: [(&str, &str); 7] = [
    ("Error", "error"),
    ("Result", "error"),
    ("Series", "series"),
    ("Pipeline", "pipeline"),
    ("Report", "pipeline"),
    ("Settings", "pipeline"),
    ("Watch", "pipeline"),
];

/// Every source file with its path under `src` and its text without comments and test modules.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&src, &mut found);
    found.sort();
    let relative = |path: &Path| path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
    found.iter().map(|path| (relative(path), code(&fs::read_to_string(path).unwrap()))).collect()
}

fn code(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_tests = line == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.starts_with("mod "));
        if is_tests {
            break;
        }
        kept.push_str(line.split("//").next().unwrap());
        kept.push('\n');
    }
    kept
}

/// The modules that a text names after `crate::`, also in braces.
fn named(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if code[..at].ends_with('$') {
            continue;
        }
        let Some(inside) = rest.strip_prefix('{') else {
            names.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut first = true;
        for (i, c) in inside.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => first = true,
                c if first && c.is_alphabetic() => {
                    names.insert(word(&inside[i..]));
                    first = false;
                }
                _ => {}
            }
        }
    }
    names
}

#[test]
fn imports_go_one_way() {
    let place = |name: &str| ORDER.iter().position(|o| *o == name);
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        if file == "lib.rs" || file.starts_with("bin/") {
            continue;
        }
        let own = file.split('/').next().unwrap().trim_end_matches(".rs");
        let Some(own_place) = place(own) else {
            wrong.push(format!("{file}: `{own}` is not in the order"));
            continue;
        };
        for name in named(&code) {
            let module = ROOT.iter().find(|(item, _)| *item == name).map_or(name.as_str(), |(_, from)| from);
            match place(module) {
                Some(at) if at <= own_place => {}
                Some(_) => wrong.push(format!("{file} names crate::{name}, which comes after `{own}`")),
                None => wrong.push(format!("{file} names crate::{name}, which is not in the order")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Makes detectors of nets, whose files have the rows.
const ADAPTER: &str = "detect/reconstruction/reconstructive.rs";

#[test]
fn each_detector_file_has_its_row_and_its_name() {
    let mut files = BTreeSet::new();
    for (file, code) in sources() {
        if !file.starts_with("detect/") || file == "detect/registry.rs" {
            continue;
        }
        let stem = file.trim_end_matches("/mod.rs").trim_end_matches(".rs");
        let stem = stem.rsplit('/').next().unwrap();
        if code.contains("pub const ENTRY") {
            files.insert(stem.replace('_', "-"));
        } else if file != ADAPTER {
            assert!(!code.contains("impl Detector for"), "src/{file} implements a detector but has no ENTRY");
        }
    }
    let rows: BTreeSet<String> = DETECTORS.iter().map(|e| e.name.to_string()).collect();
    assert_eq!(rows.len(), DETECTORS.len(), "two rows have one name");
    assert_eq!(files, rows, "left: files with an ENTRY; right: rows of the registry");
}

#[test]
fn the_reader_of_this_test_reads_imports() {
    let text = "use crate::{error::{Error, Result}, math};\nlet x = crate::nn::f(); // crate::wasm\n\
                #[cfg(test)]\nmod tests {\n    use crate::wasm;\n}\n";
    let names: Vec<String> = named(&code(text)).into_iter().collect();
    assert_eq!(names, ["error", "math", "nn"]);
}
