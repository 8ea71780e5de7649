//! The site, walked through page by page in a real browser: the way in, the pages of the runs, the book.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use browser_checks::{Conditions, Tab};

/// Longer than a search takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Widths of a window on a desk, of a tablet and of a telephone, and a height.
const SIZES: [(u32, u32); 3] = [(1280, 900), (768, 1024), (380, 740)];

/// Width of a sheet of A4, at 96 pixels an inch.
const SHEET: (u32, u32) = (794, 1123);

/// A script that opens everything that can be opened, and lists the elements in `main` which extend
/// beyond the window and cannot be scrolled to, or can but without any sign of it.
const CUT: &str = r"(() => {
    document.querySelectorAll('details').forEach(it => { it.name = ''; it.open = true });
    const of = it => getComputedStyle(it);
    const scrolls = it => it && (it.scrollWidth > it.clientWidth + 1 && /auto|scroll/.test(of(it).overflowX));
    const scroller = it => { for (; it; it = it.parentElement) if (scrolls(it)) return it; };
    const hidden = it => { for (; it; it = it.parentElement) if (of(it).clipPath !== 'none') return true; };
    const cut = new Set();
    for (const it of document.querySelectorAll('main *')) {
        if (!it.checkVisibility() || it.closest('svg') && it.tagName !== 'svg' || hidden(it)) continue;
        const box = it.getBoundingClientRect();
        const by = scroller(it);
        if (by) {
            if (it === by && !of(it).backgroundImage.includes('gradient')) cut.add('no sign: ' + it.outerHTML.slice(0, 90));
        } else if (box.width && (box.right > innerWidth + 1 || box.left < -1)) {
            cut.add('cut: ' + it.outerHTML.slice(0, 90));
        }
    }
    const width = document.documentElement.scrollWidth;
    if (width > innerWidth) cut.add(`the page is ${width} wide`);
    return [...cut];
})()";

/// A script that lists the lines of a transcript, and the tables of attacks, that are wider than their place.
const WIDE: &str =
    "[...document.querySelectorAll('.transcript .line, .matrix .table-wrapper, .scroll')]
    .filter(it => {
        const box = it.closest('.transcript') ?? it;
        return it.classList.contains('line')
            ? [...it.querySelectorAll('*')].some(part => part.getBoundingClientRect().right
                > box.getBoundingClientRect().right + 1)
            : it.scrollWidth > it.clientWidth + 1;
    }).map(it => it.innerText.slice(0, 90))";

/// A script that lists the cells which do not stand beside the name of their column, where a row is a card.
const ASTRAY: &str =
    "[...document.querySelectorAll('.rows:not(.matrix) td > *')].filter(it => innerWidth < 500
    && it.checkVisibility() && it.tagName !== 'BR'
    && it.getBoundingClientRect().left < it.parentElement.getBoundingClientRect().left + 90)
    .map(it => it.parentElement.innerText.slice(0, 90))";

/// The site, built once.
fn site() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    SITE.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().expect("the workspace");
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--package=xtask", "--", "site"])
            .current_dir(&root)
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        root.join("target/site")
    })
}

/// Its pages, as a reader reaches them: without those for print, for other pages, and for missing
/// ones.
fn pages() -> Vec<PathBuf> {
    let mut folders = vec![site().to_owned()];
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
    assert!(pages.len() > 30, "{pages:?}");
    pages
}

/// The pages whose look is checked: all but those of attacks, which have one form in common, and of these one in
/// twenty-four.
fn pages_to_look_at() -> Vec<PathBuf> {
    let is_attack = |page: &PathBuf| page.starts_with(site().join("attacks"));
    let (attacks, others): (Vec<_>, Vec<_>) = pages().into_iter().partition(is_attack);
    assert!(attacks.len() > 50, "{attacks:?}");
    others.into_iter().chain(attacks.into_iter().step_by(24)).collect()
}

fn url(page: &Path) -> String {
    format!("file://{}", page.display())
}

/// A page's path in the site.
fn name(page: &Path) -> String {
    page.strip_prefix(site()).unwrap_or(page).display().to_string()
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
            // A run's page has a link for each stage, and shows those of the stages that are in it.
            "(document.querySelectorAll('details').forEach(it => it.open = true),
              [...document.querySelectorAll('[href], [src]')]
               .filter(it => it.closest('li')?.checkVisibility() ?? true)
               .map(it => it.href || it.src).filter(it => typeof it === 'string'))",
        )?;
        links.extend(found.into_iter().map(|link| (page.clone(), link)));
        let ids =
            "[...document.querySelectorAll('[id], [name]')].flatMap(it => [it.id, it.name ?? ''])";
        names.insert(url(&page), tab.ask::<Vec<String>>(ids)?.into_iter().collect());
        let unseen: Vec<String> = tab.ask(
            "[...document.images].filter(it => !it.complete || !it.naturalWidth).map(it => it.src)",
        )?;
        ensure!(unseen.is_empty(), "{}: {unseen:?} are not seen", name(&page));
        let mute = "[...document.querySelectorAll('img, svg[role=img]')]
             .filter(it => !it.alt && !it.ariaLabel).map(it => it.outerHTML.slice(0, 90))";
        let mute: Vec<String> = tab.ask(mute)?;
        ensure!(mute.is_empty(), "{}: {mute:?} have no words", name(&page));
    }
    let mut dead = Vec::new();
    for (page, link) in links {
        let (target, anchor) = link.split_once('#').unwrap_or((&link, ""));
        let Some(path) = target.strip_prefix("file://") else { continue };
        // Only what is inside the folder counts, so that it can be put anywhere.
        let is_there = Path::new(path).is_file() && Path::new(path).starts_with(site());
        let has_name = |names: &BTreeSet<String>| anchor.is_empty() || names.contains(anchor);
        if !is_there || !names.get(target).is_none_or(has_name) {
            dead.push(format!("{}: {link}", name(&page)));
        }
    }
    assert_eq!(dead, Vec::<String>::new());
    assert_eq!(tab.messages(), Vec::<String>::new());
    let outside: Vec<_> =
        tab.requests().into_iter().filter(|url| !url.starts_with("file://")).collect();
    assert_eq!(outside, Vec::<String>::new(), "the site loads nothing from elsewhere");
    Ok(())
}

/// Nobody has to scroll to read who said what, or the attack table.
#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn nothing_is_cut_off_at_any_width() -> Result<()> {
    let [desk, tablet, phone] = SIZES;
    let mut found = Vec::new();
    // A page that loads on a desk has the contents beside it, on all that is narrower not.
    for sizes in [&[desk][..], &[tablet, phone]] {
        let tab = Tab::new(Conditions::default())?;
        for page in pages_to_look_at() {
            tab.resize(sizes[0].0, sizes[0].1)?;
            tab.open(&url(&page))?;
            for (width, height) in sizes {
                tab.resize(*width, *height)?;
                for (what, script) in [("cut", CUT), ("wide", WIDE), ("astray", ASTRAY)] {
                    let page = name(&page);
                    let told: Vec<String> = tab.ask(script)?;
                    found.extend(
                        told.into_iter().map(|it| format!("{page} at {width}: {what}: {it}")),
                    );
                }
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn text_stands_out_in_light_and_in_dark() -> Result<()> {
    let mut found = Vec::new();
    let tab = Tab::new(Conditions::default())?;
    // The book looks once, when it is opened, which of the two is wanted.
    for dark in [false, true] {
        tab.prefer(dark)?;
        for page in pages_to_look_at() {
            tab.open(&url(&page))?;
            let name = name(&page);
            let (paper, faint) = tab.faint("main", "svg")?;
            ensure!((paper < 0.2) == dark, "{name}: behind its text is {paper}, dark: {dark}");
            found.extend(faint.into_iter().map(|faint| format!("{name}, dark: {dark}: {faint}")));
        }
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

/// Fields and speakers have the same colours on every page, and none of a field's is like one of a speaker's.
#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn there_is_one_palette_and_no_field_looks_like_a_speaker() -> Result<()> {
    let colours =
        "['client', 'server', 'length-ink', 'seq-ink', 'nonce-ink', 'ciphertext-ink', 'tag-ink',
        'plaintext-ink', 'good', 'bad'].map(name => [name,
            getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()])";
    for dark in [false, true] {
        let tab = Tab::new(Conditions { dark, ..Default::default() })?;
        let mut palettes = Vec::new();
        for page in ["index.html", "runs/part2-aead.html", "book/part2/aead.html"] {
            tab.open(&url(&site().join(page)))?;
            palettes.push(
                tab.ask::<BTreeMap<String, String>>(&format!("Object.fromEntries({colours})"))?,
            );
        }
        ensure!(palettes.iter().all(|palette| *palette == palettes[0]), "{palettes:#?}");
        let speakers = ["client", "server"];
        for (field, ink) in palettes[0].iter().filter(|(name, _)| name.ends_with("-ink")) {
            for speaker in speakers {
                let [(one, strength), (other, _)] = [ink, &palettes[0][speaker]].map(|it| hue(it));
                let apart = (one - other).abs().min(360.0 - (one - other).abs());
                ensure!(
                    strength < 0.25 || apart >= 18.0,
                    "{field} {ink} is {apart} from {speaker}, dark: {dark}"
                );
            }
        }
    }
    Ok(())
}

/// A colour's hue in degrees, and how much of it there is, from 0 to 1.
fn hue(colour: &str) -> (f64, f64) {
    let part = |at| u8::from_str_radix(colour.get(at).expect("#rrggbb"), 16).expect("a colour");
    let [r, g, b] = [part(1..3), part(3..5), part(5..7)].map(f64::from);
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let range = (most - least).max(1.0);
    let sixth = if (most - r).abs() < 0.5 {
        (g - b) / range
    } else if (most - g).abs() < 0.5 {
        2.0 + (b - r) / range
    } else {
        4.0 + (r - g) / range
    };
    ((sixth * 60.0).rem_euclid(360.0), (most - least) / most.max(1.0))
}

/// With nothing but the Tab key, a reader gets to everything that can be pressed or scrolled, and
/// sees where they are.
#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn the_keyboard_reaches_everything_and_shows_where_it_is() -> Result<()> {
    let tab = Tab::new(Conditions::default())?;
    for page in ["index.html", "book/further/lab.html", "book/part2/hmac.html"] {
        tab.open(&url(&site().join(page)))?;
        let stops = "[...document.querySelectorAll('main :is(a[href], summary, [tabindex=\"0\"])')]
            .filter(it => it.checkVisibility())";
        let count: usize = tab.ask(&format!("{stops}.length"))?;
        let mut reached = BTreeSet::new();
        for _ in 0..count + 150 {
            tab.tab.press_key("Tab")?;
            let (at, outline): (i64, String) = tab.ask(&format!(
                "[{stops}.indexOf(document.activeElement), getComputedStyle(document.activeElement).outlineStyle]"
            ))?;
            if at >= 0 {
                ensure!(
                    outline != "none",
                    "{page}: stop {at} of {count} does not show that it is reached"
                );
                reached.insert(at);
            }
            if reached.len() == count {
                break;
            }
        }
        ensure!(reached.len() == count, "{page}: {} of {count} are reached", reached.len());
    }
    Ok(())
}

#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn on_paper_nothing_is_cut_off_and_the_frame_is_gone() -> Result<()> {
    let tab = Tab::new(Conditions::default())?;
    let (width, height) = SHEET;
    tab.resize(width, height)?;
    tab.as_printed()?;
    let mut found = Vec::new();
    for page in pages_to_look_at() {
        tab.open(&url(&page))?;
        let cut: Vec<String> = tab.ask(&format!(
            "{CUT}.concat([...document.querySelectorAll('main *, #mdbook-sidebar, #mdbook-menu-bar')].filter(it =>
                it.checkVisibility() && (it.id || /auto|scroll/.test(getComputedStyle(it).overflowX))
                && (it.scrollWidth > it.clientWidth + 1 || it.id.startsWith('mdbook-')) && it.clientWidth)
                .map(it => 'on paper: ' + it.outerHTML.slice(0, 90)))"
        ))?;
        found.extend(cut.into_iter().map(|cut| format!("{}: {cut}", name(&page))));
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn search_finds_malleability() -> Result<()> {
    let tab = Tab::new(Conditions::default())?;
    tab.open(&url(&site().join("book/index.html")))?;
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

/// A cell of the attack table says the same by its colour, by its sign and by its word. In a terminal's output there
/// is room for the sign alone, and the words stand below.
#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn open_and_closed_are_told_by_colour_sign_and_word() -> Result<()> {
    let tab = Tab::new(Conditions::default())?;
    let marks = [("open", "✗", "✗ open"), ("closed", "✓", "✓ closed"), ("passes", "·", "· passes")];
    for (page, within, has_words) in [
        ("index.html", "td", true),
        ("book/further/lab.html", ".matrix td", true),
        ("book/part1/open.html", "pre", false),
    ] {
        tab.open(&url(&site().join(page)))?;
        let mut colours = BTreeSet::new();
        for (class, sign, word) in marks {
            // In a transcript the same colours tell what was refused and what was not.
            let cells = format!(
                "[...document.querySelectorAll('{within} .{class}:not(.line *), {within}.{class}')]"
            );
            let words = format!("{cells}.map(it => it.innerText.replace(/\\s+/g, ' ').trim())");
            let words: BTreeSet<String> = tab.ask(&words)?;
            let signs = if has_words { None } else { Some(sign) };
            let expected: BTreeSet<_> =
                signs.into_iter().chain([word]).map(str::to_owned).collect();
            assert_eq!(words, expected, "{page}");
            let own = format!("{cells}.map(it => getComputedStyle(it).color)");
            let own: BTreeSet<String> = tab.ask(&own)?;
            assert_eq!(own.len(), 1, "{page}: {class} is {own:?}");
            colours.extend(own);
        }
        assert_eq!(colours.len(), marks.len(), "{page}: {colours:?}");
    }
    Ok(())
}

/// The pictures stay in the target directory, to be looked at: every page on a desk in light, on a telephone in dark.
#[test]
#[ignore = "needs Chromium and mdbook, which .ci/run installs"]
fn it_is_there_to_be_looked_at() -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("site");
    fs::create_dir_all(&folder)?;
    let [desk, _, phone] = SIZES;
    for ((width, height), dark) in [(desk, false), (phone, true)] {
        let tab = Tab::new(Conditions { phone: dark, dark, no_javascript: false })?;
        for page in pages_to_look_at() {
            tab.resize(width, height)?;
            tab.open(&url(&page))?;
            let page = name(&page).replace(['/', '.'], "-");
            fs::write(folder.join(format!("{page}-{width}.png")), tab.picture()?)?;
        }
    }
    Ok(())
}
