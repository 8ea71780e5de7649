//! A tab of a real browser, which can be asked what it shows and what it logged.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use headless_chrome::protocol::cdp::types::{Event as Said, Method};
use headless_chrome::protocol::cdp::{Emulation, Network, Page as Pages};
use headless_chrome::{Browser, LaunchOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Width and height of a window on a desk.
pub const DESKTOP: (u32, u32) = (1360, 900);
/// Width and height of a telephone's screen.
pub const PHONE: (u32, u32) = (360, 740);

/// A script that measures how light the background of an element's text is, from 0 to 1, and lists
/// the texts in it that contrast with their background by less than 4.5 to 1, with their ratio and
/// opacity. WCAG 2.2, success criterion 1.4.3.
const FAINT: &str = r"((within, skipped) => {
    document.querySelectorAll('details').forEach(it => { it.name = ''; it.open = true });
    const parts = color => color.match(/[\d.]+/g).map(Number);
    const light = color => parts(color).slice(0, 3)
        .map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const behind = it => {
        for (; it; it = it.parentElement) {
            const color = getComputedStyle(it).backgroundColor;
            if ((parts(color)[3] ?? 1) === 1) return color;
        }
        return 'rgb(255, 255, 255)';
    };
    const faint = new Set();
    for (const it of within.querySelectorAll('*')) {
        const own = [...it.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!own || !it.checkVisibility() || it.closest(skipped)) continue;
        const style = getComputedStyle(it);
        const [a, b] = [light(style.color), light(behind(it))].sort((a, b) => b - a);
        const ratio = (a + .05) / (b + .05);
        if (ratio < 4.5 || style.opacity !== '1')
            faint.add(`${it.tagName} ${it.className}: ${ratio.toFixed(2)} ${style.opacity}`);
    }
    return [light(behind(within)), [...faint]];
})";

/// Longer than a page takes to load.
const PATIENCE: Duration = Duration::from_secs(30);

/// The kind of reader, and of browser.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions {
    /// On a telephone, with a finger.
    pub phone: bool,
    /// Where dark pages are preferred.
    pub dark: bool,
    /// Where pages run no script.
    pub no_javascript: bool,
}

/// A tab of a browser of its own, which ends with it.
pub struct Tab {
    /// The driver's.
    pub tab: Arc<headless_chrome::Tab>,
    requests: Arc<Mutex<Vec<String>>>,
    messages: Arc<Mutex<Vec<String>>>,
    loads: Receiver<()>,
    _browser: Browser,
}

impl Tab {
    /// An empty tab.
    ///
    /// # Errors
    /// When there is no Chromium, or it does not start.
    pub fn new(conditions: Conditions) -> Result<Self> {
        let options = LaunchOptions::default_builder()
            .path(Some(chromium()?))
            // Chromium's sandbox does not work as root, which CI is.
            .sandbox(false)
            .window_size(Some(DESKTOP))
            // Tests may build the site while a tab waits.
            .idle_browser_timeout(10 * PATIENCE)
            .build()?;
        let browser = Browser::new(options)?;
        let tab = browser.new_tab()?;
        let (requests, messages) = <(Arc<Mutex<Vec<_>>>, Arc<Mutex<Vec<_>>>)>::default();
        let (told, said) = (requests.clone(), messages.clone());
        let (loaded, loads) = mpsc::channel();
        tab.add_event_listener(Arc::new(move |event: &Said| {
            let push = |list: &Mutex<Vec<String>>, what| whole(list).push(what);
            match event {
                Said::NetworkRequestWillBeSent(event) => {
                    push(&told, event.params.request.url.clone());
                }
                // Nobody waits any more once the tab is gone.
                Said::PageLoadEventFired(_) => _ = loaded.send(()),
                Said::LogEntryAdded(event) => push(&said, format!("{:?}", event.params.entry)),
                Said::RuntimeConsoleAPICalled(event) => push(&said, format!("{:?}", event.params)),
                Said::RuntimeExceptionThrown(event) => push(&said, format!("{:?}", event.params)),
                _ => {}
            }
        }))?;
        tab.enable_log()?.enable_runtime()?;
        let it = Self { tab, requests, messages, loads, _browser: browser };
        let Conditions { phone, dark, no_javascript } = conditions;
        let (width, height) = if phone { PHONE } else { DESKTOP };
        it.call::<Network::Enable>(json!({}))?;
        it.resize(width, height)?;
        it.prefer(dark)?;
        it.call::<Emulation::SetScriptExecutionDisabled>(json!({ "value": no_javascript }))?;
        Ok(it)
    }

    /// Opens a page and waits until it has loaded, with everything that it loads.
    ///
    /// # Errors
    /// When it has not loaded after a while.
    pub fn open(&self, url: &str) -> Result<()> {
        // The driver's own way of waiting takes a second per page.
        self.ask::<bool>("window.isOld = true")?;
        self.tab.navigate_to(url)?;
        // What is told first may be the page before.
        let is_there = "!window.isOld && document.readyState === 'complete'";
        while !{
            self.loads.recv_timeout(PATIENCE).with_context(|| format!("{url} did not load"))?;
            self.ask::<bool>(is_there).unwrap_or(false)
        } {}
        Ok(())
    }

    /// Returns what was requested so far, except for what a page carries in itself.
    pub fn requests(&self) -> Vec<String> {
        let requests = whole(&self.requests);
        requests.iter().filter(|url| !url.starts_with("data:")).cloned().collect()
    }

    /// Returns what was logged on the console so far.
    pub fn messages(&self) -> Vec<String> {
        whole(&self.messages).clone()
    }

    /// Returns the value of an expression.
    ///
    /// # Errors
    /// When it has none, or one of another type.
    pub fn ask<T: DeserializeOwned>(&self, expression: &str) -> Result<T> {
        let answer = self.tab.evaluate(&format!("JSON.stringify({expression})"), false)?;
        let json = answer.value.context("no answer")?;
        let json = json.as_str().with_context(|| format!("no text: {json}"))?;
        Ok(serde_json::from_str(json)?)
    }

    /// Returns how light it is behind the text of the first `within`, from 0 to 1, and which of its
    /// text is too faint to read, except for what is `skipped`. Both are selectors. Opens
    /// everything that can be opened.
    ///
    /// # Errors
    /// When there is no such element.
    pub fn faint(&self, within: &str, skipped: &str) -> Result<(f64, Vec<String>)> {
        self.ask(&format!("{FAINT}(document.querySelector('{within}'), '{skipped}')"))
    }

    /// Calls a method of the browser's protocol, whose parameters are many and mostly left out.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub fn call<M: Method + Serialize + DeserializeOwned + Debug>(
        &self,
        parameters: Value,
    ) -> Result<()> {
        self.tab.call_method(serde_json::from_value::<M>(parameters)?)?;
        Ok(())
    }

    /// Shows the page where dark pages are preferred, or light ones.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub fn prefer(&self, dark: bool) -> Result<()> {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call::<Emulation::SetEmulatedMedia>(json!({ "features": features }))
    }

    /// Shows the page as it is printed.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub fn as_printed(&self) -> Result<()> {
        self.call::<Emulation::SetEmulatedMedia>(json!({ "media": "print" }))
    }

    /// A picture of the page from its top, as PNG.
    ///
    /// # Errors
    /// When the browser makes none.
    pub fn picture(&self) -> Result<Vec<u8>> {
        let (width, height): (u32, u32) =
            self.ask("(scrollTo(0, 0), [innerWidth, document.documentElement.scrollHeight])")?;
        self.resize(width, height.min(4500))?;
        let png = Pages::CaptureScreenshotFormatOption::Png;
        self.tab.capture_screenshot(png, None, None, true)
    }

    /// Gives the window a size. One as narrow as a telephone's screen is touched with a finger.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        let mobile = width < 500;
        self.call::<Emulation::SetTouchEmulationEnabled>(json!({ "enabled": mobile }))?;
        self.call::<Emulation::SetDeviceMetricsOverride>(
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile }),
        )
    }
}

/// A list that stays complete even if a thread has panicked: a push leaves no half-written entry
/// behind.
fn whole(list: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

fn chromium() -> Result<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&paths)
        .flat_map(|dir| names.map(|name| dir.join(name)))
        .find(|path| path.is_file())
        .context("no Chromium")
}
