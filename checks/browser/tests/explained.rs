//! The page of a connection out of a capture, in a real browser.

mod common;

use anyhow::{Result, ensure};
use browser_checks::{Conditions, PHONE, Tab};
use transcript::{Event, EventKind, Outcome, Role};

use crate::common::Open;

/// Everything that can be opened, opened.
const OPEN_ALL: &str =
    "document.querySelectorAll('details').forEach(it => { it.name = ''; it.open = true })";

/// A session between the programs of part 5, as `cargo xtask explain --json` tells it.
fn explained() -> Vec<Event> {
    saved(include_str!("../../../xtask/render/tests/explained.jsonl"))
}

/// The same with no key log.
fn eavesdropped() -> Vec<Event> {
    saved(include_str!("../../../xtask/render/tests/eavesdropped.jsonl"))
}

/// The same with a check that fails, which may come of a changed byte.
fn failed() -> Vec<Event> {
    let mut events = explained();
    for event in &mut events {
        if let EventKind::Check { of: Some(Role::Client), what, outcome, .. } = &mut event.kind
            && what == "Finished"
        {
            *outcome = Outcome::Fails;
        }
    }
    events
}

fn saved(lines: &str) -> Vec<Event> {
    lines.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

/// The rows that are lit up: those with another background than the page's.
fn lit(tab: &Tab) -> Result<Vec<String>> {
    tab.ask(
        "[...document.querySelectorAll('.exchange')]
           .filter(it => getComputedStyle(it).backgroundColor !== 'rgba(0, 0, 0, 0)')
           .map(it => it.querySelector('h3').textContent.split(',')[0])",
    )
}

/// The text of the element that has the keyboard.
fn focused(tab: &Tab) -> Result<String> {
    tab.ask("document.activeElement.textContent")
}

/// Presses the Tab key until an element has the keyboard whose text contains this.
fn tab_to(tab: &Tab, wanted: &str) -> Result<()> {
    for _ in 0..200 {
        tab.tab.press_key("Tab")?;
        if focused(tab)?.contains(wanted) {
            return Ok(());
        }
    }
    anyhow::bail!("Tab never got to {wanted:?}")
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn a_key_lights_up_what_is_under_it_and_a_record_leads_back_by_keyboard_alone() -> Result<()> {
    // Nothing of it takes a script.
    let conditions = Conditions { no_javascript: true, ..Default::default() };
    let page = Open::new(&explained(), conditions)?;
    let (tab, own) = (&page.tab, page.url.as_str());
    assert_eq!(lit(tab)?, [""; 0]);
    tab_to(tab, "server_handshake_traffic_secret 4 records")?;
    tab.tab.press_key("Enter")?;
    let under = ["EncryptedExtensions", "Certificate", "CertificateVerify", "Finished"];
    assert_eq!(lit(tab)?, under);
    let bar = "[...document.querySelectorAll('.lit')].filter(it => it.checkVisibility()).map(it => it.innerText)";
    let lit_bar = ["Lit up: server_handshake_traffic_secret, 4 records"];
    assert_eq!(tab.ask::<Vec<String>>(bar)?, lit_bar);
    // From the key to a row under it, with all of it still lit.
    tab_to(tab, "CertificateVerify")?;
    tab.tab.press_key("Enter")?;
    assert_eq!(lit(tab)?, under);
    let hash: String = tab.ask("location.hash")?;
    assert_eq!(
        tab.ask::<String>("document.querySelector(':target h3').innerText.split(',')[0]")?,
        "CertificateVerify"
    );
    ensure!(hash.starts_with("#row-"), "{hash}");
    // And from a record of another key back to that.
    tab.ask::<bool>("([...document.querySelectorAll('.opened a')].at(-1).focus(), true)")?;
    let key = focused(tab)?;
    assert_eq!(key, "server_application_traffic_secret_0");
    tab.tab.press_key("Enter")?;
    let open =
        "[...document.querySelectorAll('.key[open] b:first-of-type')].map(it => it.innerText)";
    assert_eq!(tab.ask::<Vec<String>>(open)?[0], key);
    assert_eq!(lit(tab)?, ["data", "Alert close_notify"]);
    // Fields are reached as ever.
    tab.tab.press_key("Tab")?;
    tab_to(tab, "type1 B")?;
    tab.tab.press_key(" ")?;
    let why: String = tab.ask("document.activeElement.parentElement.lastElementChild.innerText")?;
    ensure!(why.contains("What protects it"), "{why}");
    ensure!(
        tab.requests().iter().all(|it| it.split('#').next() == Some(own)),
        "{:?}",
        tab.requests()
    );
    assert_eq!(tab.messages(), Vec::<String>::new());
    Ok(())
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn its_text_stands_out_also_where_a_key_is_lit() -> Result<()> {
    for events in [failed(), eavesdropped()] {
        let tab = Open::new(&events, Conditions::default())?.tab;
        for dark in [false, true] {
            tab.prefer(dark)?;
            let (_, faint) = tab.faint("body", "style")?;
            assert_eq!(faint, Vec::<String>::new(), "dark: {dark}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn it_is_no_wider_than_a_phone_and_a_failed_check_is_in_sight_first() -> Result<()> {
    for events in [failed(), eavesdropped()] {
        let conditions = Conditions { phone: true, ..Default::default() };
        let tab = Open::new(&events, conditions)?.tab;
        for open in ["0", OPEN_ALL] {
            let widths: (u32, u32) =
                tab.ask(&format!("({open}, [document.documentElement.scrollWidth, innerWidth])"))?;
            assert_eq!(widths, (PHONE.0, PHONE.0));
        }
    }
    let tab = Open::new(&failed(), Conditions { phone: true, ..Default::default() })?.tab;
    let alarm: (String, f64, f64, String) = tab.ask(
        "(it => [it.innerText.split('\\n')[0], it.getBoundingClientRect().top, it.getBoundingClientRect().bottom,
                 document.elementFromPoint(180, 60).closest('section').className])(document.querySelector('.alarm'))",
    )?;
    let (said, top, bottom, first) = alarm;
    assert_eq!((said.as_str(), first.as_str()), ("1 check FAILS", "alarm"));
    ensure!(top < 100. && bottom < f64::from(PHONE.1), "{top} {bottom}");
    Ok(())
}

#[test]
#[ignore = "needs Chromium, which .ci/run installs"]
fn without_javascript_and_on_paper_all_of_it_is_there() -> Result<()> {
    let conditions = Conditions { no_javascript: true, ..Default::default() };
    let tab = Open::new(&explained(), conditions)?.tab;
    let text: String = tab.ask("document.body.innerText")?;
    let said = [
        "Finished of the server OK",
        "In the clear: anyone on the path can read it",
        "as its record 0",
        "GET /transfer?to=bob&amount=100",
        "no key log has it",
    ];
    for said in said {
        ensure!(text.contains(said), "{said:?} is missing");
    }
    // What is under a key is told on paper, where nobody can select it.
    let is_seen = "document.querySelector('.under').checkVisibility()";
    assert!(!tab.ask::<bool>(is_seen)?);
    tab.as_printed()?;
    assert!(tab.ask::<bool>(is_seen)?);
    Ok(())
}
