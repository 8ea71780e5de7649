//! Checks that what a page names exists: links, anchors, commands, paths, items of the code.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use regex_lite::Regex;
use serde_json::Value;

use super::page::{Generated, Named, Page};
use super::{Finding, SKIPPED, SOURCE, list};

/// Endings of files that a page names without their folder.
const OURS: [&str; 4] = ["rs", "toml", "lua", "md"];

/// Everything that can be named.
pub struct Names<'a> {
    root: &'a Path,
    cli: clap::Command,
    /// The targets of each package, as kind and name.
    packages: HashMap<String, HashSet<(String, String)>>,
    /// All files, from the root.
    files: Vec<String>,
    /// The Rust files among them, with their contents.
    sources: Vec<(String, String)>,
}

impl<'a> Names<'a> {
    /// Collects what there is at `root`. `cli` is what `cargo xtask` understands.
    ///
    /// # Errors
    /// When cargo does not list the packages, or a source cannot be read.
    pub fn read(root: &'a Path, cli: &clap::Command) -> Result<Self> {
        let mut files = Vec::new();
        list(root, Path::new(""), &mut files)?;
        let files: Vec<_> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
        let mut sources = Vec::new();
        for file in files.iter().filter(|file| ending(file) == Some("rs")) {
            let text = fs::read_to_string(root.join(file));
            sources.push((file.clone(), text.with_context(|| format!("cannot read {file}"))?));
        }
        let mut packages = packages(root, None)?;
        // Those outside the workspace.
        for manifest in files.iter().filter(|file| file.ends_with("/Cargo.toml")) {
            let text = fs::read_to_string(root.join(manifest)).unwrap_or_default();
            if text.contains("[workspace]") {
                packages.extend(self::packages(root, Some(manifest))?);
            }
        }
        Ok(Self { root, cli: cli.clone(), packages, files, sources })
    }

    /// Finds what `page` names but does not exist. `pages` are all pages.
    pub fn findings(&self, page: &Page, pages: &[Page]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut find = |Named { line, .. }: &Named, what: Option<String>| {
            findings.extend(what.map(|what| Finding {
                path: page.path.clone(),
                line: *line,
                what,
            }));
        };
        for link in &page.links {
            find(link, self.dead_link(page, &link.text, pages));
        }
        for include in &page.includes {
            find(include, self.dead_include(page, &include.text));
        }
        for command in page.blocks.iter().flat_map(|block| block.commands().collect::<Vec<_>>()) {
            find(&command, self.unknown_command(&command.text));
        }
        for Generated { command, .. } in &page.generated {
            find(command, self.unknown_command(&command.text));
        }
        for span in &page.spans {
            let text = &span.text;
            find(span, self.unknown_command(text));
            find(span, self.dead_path(text).then(|| format!("there is no `{text}`")));
            let why = || format!("no item `{text}` is in the code");
            find(span, self.unknown_item(text).then(why));
        }
        findings
    }

    fn dead_link(&self, page: &Page, link: &str, pages: &[Page]) -> Option<String> {
        if link.contains("://") || link.starts_with("mailto:") {
            return None;
        }
        let (path, heading) = link.split_once('#').map_or((link, None), |(a, b)| (a, Some(b)));
        let folder = page.path.parent().unwrap_or(Path::new(""));
        let path = if path.is_empty() { page.path.clone() } else { normal(&folder.join(path)) };
        if !self.root.join(&path).exists() {
            return Some(format!(
                "the link `{link}` leads to {}, which does not exist",
                path.display()
            ));
        }
        let in_book = |path: &Path| path.starts_with(SOURCE);
        if in_book(&page.path) && !in_book(&path) {
            let why = "which is not part of the book: name it in backticks";
            return Some(format!("the link `{link}` leads to {}, {why}", path.display()));
        }
        let page = pages.iter().find(|page| page.path == path)?;
        let heading = heading.filter(|heading| !page.headings.iter().any(|it| it == heading))?;
        Some(format!(
            "the link `{link}` names a heading that {} does not have: #{heading}",
            path.display()
        ))
    }

    fn dead_include(&self, page: &Page, include: &str) -> Option<String> {
        let (path, anchor) = include.split_once(':').map_or((include, None), |(a, b)| (a, Some(b)));
        let path = normal(&page.path.parent().unwrap_or(Path::new("")).join(path));
        let Ok(text) = fs::read_to_string(self.root.join(&path)) else {
            return Some(format!("it includes {}, which does not exist", path.display()));
        };
        let anchor = anchor?;
        if anchor.contains(|letter: char| letter.is_ascii_digit() || letter == ':') {
            return Some(format!("it includes lines by number, `{include}`: name an anchor"));
        }
        let has = |mark: &str| {
            text.lines().any(|line| line.trim_end().ends_with(&format!("{mark}: {anchor}")))
        };
        let complete = has("ANCHOR") && has("ANCHOR_END");
        (!complete).then(|| {
            format!("it includes the anchor `{anchor}`, which {} does not have", path.display())
        })
    }

    fn unknown_command(&self, line: &str) -> Option<String> {
        let words = shlex::split(line).unwrap_or_default();
        let stops =
            |word: &String| ["|", "||", "&&", ";", ">", "2>&1", "&"].contains(&word.as_str());
        words.split(stops).find_map(|words| {
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            let what = match words[..] {
                ["cargo", "xtask", ref args @ ..] => self.refused_by_xtask(args),
                ["cargo", "run" | "test" | "bench" | "build" | "check" | "doc", ref args @ ..] => {
                    self.unknown_target(args)
                }
                ["-p" | "--bin", ..] => self.unknown_target(&words),
                _ => None,
            };
            what.map(|what| format!("the command `{line}` does not exist: {what}"))
        })
    }

    /// Says why `cargo xtask` would not take these words. A word in capitals stands for any value.
    fn refused_by_xtask(&self, args: &[&str]) -> Option<String> {
        let args = args.iter().filter(|arg| !["...", "…"].contains(arg));
        let error = self.cli.clone().try_get_matches_from(["xtask"].iter().chain(args)).err()?;
        let placeholder = match error.get(ContextKind::InvalidValue) {
            Some(ContextValue::String(value)) => is_placeholder(value),
            _ => false,
        };
        let fine = match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::MissingSubcommand
            | ErrorKind::MissingRequiredArgument => true,
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => placeholder,
            _ => false,
        };
        let words = error.to_string();
        let first = words.lines().next().unwrap_or_default();
        (!fine).then(|| first.trim_start_matches("error: ").to_owned())
    }

    /// Names the package or the target that cargo would not find.
    fn unknown_target(&self, args: &[&str]) -> Option<String> {
        let args = args.iter().take_while(|arg| **arg != "--");
        let mut args = args.flat_map(|arg| match arg.split_once('=') {
            Some((option, value)) if option.starts_with("--") => vec![option, value],
            _ => vec![*arg],
        });
        let mut package = None;
        while let Some(option) = args.next() {
            let mut value = || args.next().filter(|value| !is_placeholder(value));
            match option {
                "-p" | "--package" => {
                    let Some(name) = value() else { continue };
                    let Some(targets) = self.packages.get(name) else {
                        return Some(format!("there is no package {name}"));
                    };
                    package = Some((name, targets));
                }
                "--bin" | "--test" | "--bench" | "--example" => {
                    let Some(name) = value() else { continue };
                    let target = (option.trim_start_matches('-').to_owned(), name.to_owned());
                    let known = match package {
                        Some((_, targets)) => targets.contains(&target),
                        None => self.packages.values().any(|targets| targets.contains(&target)),
                    };
                    let of = package.map_or(String::new(), |(package, _)| format!(" in {package}"));
                    if !known {
                        return Some(format!("there is no {} {name}{of}", target.0));
                    }
                }
                "--manifest-path" => {
                    let path = value()?;
                    let gone = !self.root.join(path).is_file();
                    return gone.then(|| format!("there is no {path}"));
                }
                _ => {}
            }
        }
        None
    }

    fn dead_path(&self, span: &str) -> bool {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
        if !span.chars().all(fits) || span.starts_with('/') {
            return false;
        }
        let is_ours = ending(span).is_some_and(|ending| OURS.contains(&ending));
        let (first, rest) = span.split_once('/').unwrap_or((span, ""));
        let is_top =
            !rest.is_empty() && self.root.join(first).is_dir() && !SKIPPED.contains(&first);
        let exists = self.root.join(span).exists()
            || self.files.iter().any(|file| file.ends_with(&format!("/{span}")));
        (is_ours || is_top) && !exists
    }

    /// Returns whether a path such as `ctr::Sealer::seal` leads nowhere. It leads to a file that
    /// defines its last name, if each name in front is that of the file, of a folder above it, or
    /// of a type in it.
    fn unknown_item(&self, span: &str) -> bool {
        let span = span.trim_end_matches("()").trim_end_matches('!');
        let parts: Vec<_> = span.split("::").collect();
        let is_word = |part: &&str| {
            part.starts_with(|it: char| it.is_alphabetic() || it == '_')
                && part.chars().all(|it| it.is_alphanumeric() || it == '_')
        };
        let Some((last, [first, inner @ ..])) = parts.split_last() else { return false };
        if !parts.iter().all(is_word) || ["std", "core", "alloc"].contains(first) {
            return false;
        }
        let outer = [first].into_iter().chain(inner).map(|name| Some((*name, holder(name)?)));
        let (Some(item), Some(outer)) = (item(last), outer.collect::<Option<Vec<_>>>()) else {
            return false;
        };
        let leads_to = |(file, text): &(String, String)| {
            let is_in = |(name, holder): &(&str, Regex)| {
                file.split(['/', '.']).any(|part| part == *name) || holder.is_match(text)
            };
            item.is_match(text) && outer.iter().all(is_in)
        };
        !self.sources.iter().any(leads_to)
    }
}

/// What precedes a definition.
const DEFINED: &str = r"(?m)^\s*(?:pub(?:\([^)]*\))?\s+)?(?:(?:const|async|unsafe)\s+)*";

/// Matches where an item of this name is defined, a variant or a field.
fn item(name: &str) -> Option<Regex> {
    let member = if name.starts_with(char::is_uppercase) { r"\s*(?:[,({=]|$)" } else { r":\s" };
    let kinds = "fn|struct|enum|union|trait|type|const|static|mod|macro_rules!";
    Regex::new(&format!(r"{DEFINED}(?:(?:{kinds})\s+{name}\b|{name}{member})")).ok()
}

/// Matches where a type or a module of this name has its items.
fn holder(name: &str) -> Option<Regex> {
    let kinds = "(?:struct|enum|union|trait|type)";
    let holders = format!(r"{kinds}\s+{name}\b|mod\s+{name}\s*\{{|impl\b[^{{\n]*\b{name}\b");
    Regex::new(&format!("{DEFINED}(?:{holders})")).ok()
}

/// Whether a word stands for a value, such as `STAGE` or `HOST:PORT`.
fn is_placeholder(word: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    word.contains(|letter: char| letter.is_ascii_uppercase()) && !word.contains(is_plain)
}

/// Returns what follows the last dot of a file's name.
fn ending(path: &str) -> Option<&str> {
    Path::new(path).extension()?.to_str()
}

/// Takes `.` and `..` out of a path.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if normal.parent().is_some() => _ = normal.pop(),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// Lists the packages of a manifest with their targets.
fn packages(
    root: &Path,
    manifest: Option<&String>,
) -> Result<HashMap<String, HashSet<(String, String)>>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .args(manifest.map(|manifest| format!("--manifest-path={manifest}")))
        .current_dir(root)
        .output()
        .context("cannot run cargo")?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().context("cargo names no packages")?;
    let package = |package: &Value| {
        let targets = package["targets"].as_array().into_iter().flatten();
        let target = |target: &Value| (of(&target["kind"][0]), of(&target["name"]));
        (of(&package["name"]), targets.map(target).collect())
    };
    Ok(packages.iter().map(package).collect())
}
