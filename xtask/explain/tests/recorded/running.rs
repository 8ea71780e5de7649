//! A program that runs: what it says, what it is told, and its end.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes; what reaches it has hung.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait before looking again at what nobody tells of.
const A_MOMENT: Duration = Duration::from_millis(5);

/// What a program has said so far, and how many of its two outputs are at their end.
type Said = Arc<(Mutex<(String, usize)>, Condvar)>;

/// A program that is ended, with all that it started, when this is dropped.
pub struct Running {
    child: Child,
    told: Option<ChildStdin>,
    said: Said,
    /// Up to where what it said was looked at.
    read: usize,
}

impl Running {
    /// Starts a program.
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = Said::default();
        listen(child.stdout.take().unwrap(), &said);
        listen(child.stderr.take().unwrap(), &said);
        let told = child.stdin.take();
        Self { child, told, said, read: 0 }
    }

    /// Waits until it says this, behind what it was waited for before.
    pub fn until(&mut self, words: &str) -> &mut Self {
        let (text, changed) = &*self.said;
        let mut text = text.lock().unwrap();
        let began = Instant::now();
        loop {
            if let Some(at) = text.0[self.read..].find(words) {
                self.read += at + words.len();
                break;
            }
            assert!(began.elapsed() < PATIENCE, "expected {words:?}: {}", text.0);
            text = changed.wait_timeout(text, Duration::from_millis(100)).unwrap().0;
        }
        drop(text);
        self
    }

    /// Tells it something.
    pub fn say(&mut self, words: &str) -> &mut Self {
        self.told.as_mut().unwrap().write_all(words.as_bytes()).unwrap();
        self
    }

    /// Tells it that there is no more.
    pub fn say_no_more(&mut self) -> &mut Self {
        self.told = None;
        self
    }

    /// Waits for its end. Returns whether it ended well, and what it said.
    pub fn end(mut self) -> (bool, String) {
        let mut code = None;
        self.wait_until("it ends", |running| {
            code = running.child.try_wait().unwrap();
            code.is_some() && running.said.0.lock().unwrap().1 == 2
        });
        (code.unwrap().success(), self.text())
    }

    /// Waits for its end, which is a good one.
    pub fn ends_well(self) -> String {
        let (is_well, said) = self.end();
        assert!(is_well, "{said}");
        said
    }

    fn text(&self) -> String {
        self.said.0.lock().unwrap().0.clone()
    }

    pub fn wait_until(&mut self, what: &str, mut is: impl FnMut(&mut Self) -> bool) {
        let said = Arc::clone(&self.said);
        wait_until(|| is(self))
            .unwrap_or_else(|| panic!("{what}: never. {}", said.0.lock().unwrap().0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `timeout` is the first of a group, in which all are that it started.
        let group = format!("-{}", self.child.id());
        _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        _ = self.child.wait();
    }
}

/// Looks again and again, until something is so or patience is at its end.
pub fn wait_until(mut is: impl FnMut() -> bool) -> Option<()> {
    let began = Instant::now();
    while !is() {
        thread::sleep(A_MOMENT);
        if began.elapsed() > PATIENCE {
            return None;
        }
    }
    Some(())
}

fn listen(mut from: impl Read + Send + 'static, said: &Said) {
    let said = Arc::clone(said);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(len @ 1..) = from.read(&mut buffer) {
            said.0.lock().unwrap().0.push_str(&String::from_utf8_lossy(&buffer[..len]));
            said.1.notify_all();
        }
        said.0.lock().unwrap().1 += 1;
    });
}
