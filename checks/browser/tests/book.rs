//! The built book, walked through page by page in a real browser.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use browser_checks::{Conditions, PHONE, Tab};

/// Longer than a search takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The book, built once.
fn book() -> &'static Path {
    static BOOK: OnceLock<PathBuf> = OnceLock::new();
    BOOK.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let output = Command::new("mdbook")
            .arg("build")
            .arg(docs)
            .arg("--dest-dir")
            .arg(&folder)
            .output()
            .expect("mdbook");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("WARN"), "{said}");
        folder
    })
}

/// Its pages, as a reader reaches them: without the one for print, and those for other pages.
fn pages() -> Vec<PathBuf> {
    let mut folders = vec![book().to_owned()];
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let is_page = path.extension().is_some_and(|extension| extension == "html");
            if path.is_dir() {
                folders.push(path);
            } else if is_page
                && !["print.html", "toc.html", "404.html"].iter().any(|it| path.ends_with(it))
            {
                pages.push(path);
            }
        }
    }
    pages.sort();
    assert!(pages.len() > 5, "{pages:?}");
    pages
}

fn url(page: &Path) -> String {
    format!("file://{}", page.display())
}

#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn every_link_leads_somewhere_and_no_page_says_a_word() -> Result<()> {
    let tab = Tab::new(Conditions::default())?;
    let mut links: Vec<(PathBuf, String)> = Vec::new();
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for page in pages() {
        tab.open(&url(&page))?;
        let found: Vec<String> = tab.ask(
            "[...document.querySelectorAll('[href], [src]')].map(it => it.href || it.src)
               .filter(it => typeof it === 'string')",
        )?;
        links.extend(found.into_iter().map(|link| (page.clone(), link)));
        let ids =
            "[...document.querySelectorAll('[id], [name]')].flatMap(it => [it.id, it.name ?? ''])";
        names.insert(url(&page), tab.ask::<Vec<String>>(ids)?.into_iter().collect());
        let unseen: Vec<String> = tab.ask(
            "[...document.images].filter(it => !it.complete || !it.naturalWidth).map(it => it.src)",
        )?;
        ensure!(unseen.is_empty(), "{}: {unseen:?} are not seen", page.display());
        let mute = "[...document.images].filter(it => !it.alt).map(it => it.src)";
        let mute: Vec<String> = tab.ask(mute)?;
        ensure!(mute.is_empty(), "{}: {mute:?} have no words", page.display());
    }
    let mut dead = Vec::new();
    for (page, link) in links {
        let (target, name) = link.split_once('#').unwrap_or((&link, ""));
        let Some(path) = target.strip_prefix("file://") else { continue };
        let is_there = Path::new(path).is_file();
        let has_name = |names: &BTreeSet<String>| name.is_empty() || names.contains(name);
        if !is_there || !names.get(target).is_none_or(has_name) {
            dead.push(format!("{}: {link}", page.display()));
        }
    }
    assert_eq!(dead, Vec::<String>::new());
    assert_eq!(tab.messages(), Vec::<String>::new());
    let outside: Vec<_> =
        tab.requests().into_iter().filter(|url| !url.starts_with("file://")).collect();
    assert_eq!(outside, Vec::<String>::new(), "the book loads nothing from elsewhere");
    Ok(())
}

#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn no_page_is_wider_than_a_phone() -> Result<()> {
    let tab = Tab::new(Conditions { phone: true, ..Default::default() })?;
    for page in pages() {
        tab.open(&url(&page))?;
        let open = "document.querySelectorAll('details').forEach(it => it.open = true)";
        let width: (u32, u32) =
            tab.ask(&format!("({open}, [document.documentElement.scrollWidth, innerWidth])"))?;
        let wide: Vec<String> = tab.ask(
            "[...document.querySelectorAll('main *')].filter(it => it.checkVisibility()
               && !it.closest('pre, .table-wrapper') && it.getBoundingClientRect().right > innerWidth)
               .map(it => it.outerHTML.slice(0, 120))",
        )?;
        ensure!(width == (PHONE.0, PHONE.0), "{}: {width:?}, {wide:?}", page.display());
        ensure!(wide.is_empty(), "{}: {wide:?}", page.display());
    }
    Ok(())
}

/// Of code, what it is coloured by is left to mdBook.
#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn text_stands_out_in_light_and_in_dark() -> Result<()> {
    for dark in [false, true] {
        let tab = Tab::new(Conditions { dark, ..Default::default() })?;
        for page in pages() {
            tab.open(&url(&page))?;
            let (paper, faint) = tab.faint("main", "pre, svg")?;
            let name = page.display();
            ensure!((paper < 0.2) == dark, "{name}: behind its text is {paper}, dark: {dark}");
            ensure!(faint.is_empty(), "{name}, dark: {dark}: {faint:?}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn search_finds_malleability() -> Result<()> {
    let tab = Tab::new(Conditions::default())?;
    tab.open(&url(&book().join("index.html")))?;
    tab.tab.wait_for_element("#mdbook-search-toggle")?.click()?;
    tab.tab.wait_for_element("#mdbook-searchbar")?.click()?;
    tab.tab.type_str("malleability")?;
    let begun = Instant::now();
    let found = loop {
        let links = "[...document.querySelectorAll('#mdbook-searchresults a')].map(it => it.href)";
        let found: Vec<String> = tab.ask(links)?;
        if !found.is_empty() {
            break found;
        }
        ensure!(begun.elapsed() < PATIENCE, "nothing was found");
    };
    let first = found.first().context("a result")?;
    ensure!(first.contains("/part1/malleability.html"), "{found:?}");
    assert_eq!(tab.messages(), Vec::<String>::new());
    Ok(())
}

/// The pictures stay in the target directory, to be looked at.
#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn it_is_there_to_be_looked_at() -> Result<()> {
    for (phone, size) in [(false, "desktop"), (true, "phone")] {
        for (dark, scheme) in [(false, "light"), (true, "dark")] {
            let tab = Tab::new(Conditions { phone, dark, no_javascript: false })?;
            tab.open(&url(&book().join("index.html")))?;
            let name = format!("book-{size}-{scheme}.png");
            fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), tab.picture()?)?;
        }
    }
    Ok(())
}
