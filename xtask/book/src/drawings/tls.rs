//! The pictures of a stage whose handshake is encrypted as soon as there are keys: its messages as arrows, under the
//! keys that protect them, and the keys as a tree.

use askama::Template;
use stages::Stage;
use transcript::schedule::{DERIVED, Keys, LEVELS, Level, Secret};
use transcript::{Direction, Event, EventKind, Role, Way};

use super::{LEFT, RIGHT, WIDTH};

/// An exchange as arrows.
#[derive(Template)]
#[template(path = "ladder.svg")]
pub struct LadderView {
    stage: &'static Stage,
    bands: Vec<BandView>,
}

/// Messages in a row under the same key.
struct BandView {
    y: u32,
    /// `None` if they are not encrypted.
    key: Option<String>,
    /// Its class in the style sheet.
    class: &'static str,
    lines: Vec<LineView>,
}

/// A message, or a record of data.
struct LineView {
    from: Role,
    what: String,
}

impl LadderView {
    /// An exchange as its client tells it: in which order the events of two processes come is up to them.
    pub fn new(stage: &'static Stage, events: &[Event]) -> Self {
        let mut bands: Vec<BandView> = Vec::new();
        let mut keys = Keys::default();
        for event in events.iter().filter(|event| event.role == Role::Client) {
            let (direction, what, key) = match &event.kind {
                EventKind::Handshake(message) => {
                    let direction = match message.direction {
                        Way::Sent => Direction::ToServer,
                        Way::Received => Direction::ToClient,
                    };
                    let is_sealed = message.record.is_some();
                    let key =
                        is_sealed.then(|| keys.seal(direction, &message.step, &message.message));
                    (direction, message.step.clone(), key.flatten())
                }
                EventKind::Sent(_) | EventKind::Received(_) => {
                    let is_sent = matches!(event.kind, EventKind::Sent(_));
                    let direction = if is_sent { Direction::ToServer } else { Direction::ToClient };
                    let what = if is_sent { "request" } else { "answer" };
                    (direction, what.to_owned(), keys.current(direction).map(str::to_owned))
                }
                EventKind::Derived { label, direction: Some(direction), .. } => {
                    keys.add(*direction, label);
                    continue;
                }
                _ => continue,
            };
            if bands.last().is_none_or(|band| band.key != key) {
                let y = bands.last().map_or(44, |band| band.y + band.height() + 6);
                let is_first =
                    keys.of(direction).first().is_some_and(|it| Some(&it.name) == key.as_ref());
                let class = match (&key, is_first) {
                    (None, _) => "message",
                    (Some(_), true) => "nonce",
                    (Some(_), false) => "ciphertext",
                };
                bands.push(BandView { y, key, class, lines: Vec::new() });
            }
            if let Some(band) = bands.last_mut() {
                band.lines.push(LineView { from: Role::sender(direction), what });
            }
        }
        Self { stage, bands }
    }

    fn title(&self) -> String {
        format!("An exchange at {}", self.stage.name)
    }

    fn height(&self) -> u32 {
        self.bands.last().map_or(0, |band| band.y + band.height() + 16)
    }

    fn told(&self) -> String {
        let band = |band: &BandView| {
            let lines: Vec<_> = band
                .lines
                .iter()
                .map(|line| format!("{} sends {}", line.from, line.what))
                .collect();
            format!("{}: {}", band.words(), lines.join(", "))
        };
        self.bands.iter().map(band).collect::<Vec<_>>().join(". ")
    }
}

impl BandView {
    fn height(&self) -> u32 {
        28 + 23 * u32::try_from(self.lines.len()).unwrap_or(0)
    }

    fn words(&self) -> String {
        match &self.key {
            Some(key) => format!("encrypted, under {key}"),
            None => "in the clear".to_owned(),
        }
    }
}

impl LineView {
    /// Where its name ends, and its arrow begins.
    fn end(&self) -> u32 {
        let len = 18 + 15 * u32::try_from(self.what.len()).unwrap_or(0) / 2;
        if self.from == Role::Client { LEFT + len } else { RIGHT - len }
    }
}

/// The key schedule as a tree.
#[derive(Template)]
#[template(path = "keys.svg")]
pub struct KeysView {
    stage: &'static Stage,
    levels: Vec<LevelView>,
}

struct LevelView {
    level: &'static Level,
    y: u32,
    /// Where the one above it ends.
    before: u32,
    secrets: Vec<SecretView>,
}

struct SecretView {
    y: u32,
    secret: &'static Secret,
    /// Its class in the style sheet.
    class: &'static str,
    /// What it protected in the run.
    what: String,
}

impl KeysView {
    /// The tree of a run, in which each key says what it protected.
    pub fn new(stage: &'static Stage, events: &[Event]) -> Self {
        let ladder = LadderView::new(stage, events);
        let protected = |secret: &Secret| {
            let bands = ladder.bands.iter().filter(|band| band.key.as_deref() == Some(secret.name));
            let names: Vec<_> =
                bands.flat_map(|band| &band.lines).map(|line| line.what.as_str()).collect();
            if names.is_empty() { secret.purpose.to_owned() } else { names.join(", ") }
        };
        let (mut y, mut before) = (44, 44);
        let classes = ["length", "nonce", "ciphertext"];
        let levels = LEVELS.iter().zip(classes).map(|(level, class)| {
            let secrets = (0..).zip(level.secrets).map(|(at, secret)| SecretView {
                y: y + 58 + 46 * at,
                secret,
                class: if secret.direction.is_some() { class } else { "length" },
                what: protected(secret),
            });
            let level = LevelView { level, y, before, secrets: secrets.collect() };
            before = level.y + 32;
            y = level.end() + 36;
            level
        });
        Self { stage, levels: levels.collect() }
    }

    fn title(&self) -> String {
        format!("What is made of what at {}", self.stage.name)
    }

    fn height(&self) -> u32 {
        self.levels.last().map_or(0, |level| level.end() + 16)
    }

    fn told(&self) -> String {
        let level = |it: &LevelView| {
            let secrets = it.secrets.iter().map(|secret| {
                let Secret { label, name, .. } = secret.secret;
                format!("; with the label {label}, {name}: {}", secret.what)
            });
            format!("{} takes {}{}", it.level.name, it.level.takes, secrets.collect::<String>())
        };
        self.levels.iter().map(level).collect::<Vec<_>>().join(". ")
    }
}

impl LevelView {
    /// Where it ends.
    fn end(&self) -> u32 {
        self.secrets.last().map_or(self.y + 32, |secret| secret.y + 40)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{ToClient, ToServer};
    use stages::STAGES;
    use transcript::{HandshakeMessage, Record};

    /// A handshake as its client tells it, in short.
    fn events() -> Vec<Event> {
        let stage = *STAGES.iter().find(|stage| stage.has_types()).unwrap();
        let open =
            |step, way| EventKind::Handshake(HandshakeMessage::new(step, way, &[1, 0, 0, 0], &[]));
        let sealed = |step, way, bytes: &[u8]| {
            EventKind::Handshake(
                HandshakeMessage::new(step, way, bytes, &[]).sealed_in(Some(&[7; 40])),
            )
        };
        let key = |label: &str, direction| EventKind::Derived {
            label: label.to_owned(),
            from: String::new(),
            direction: Some(direction),
            fingerprint: None,
        };
        let record = || Record::new(stage, 0, b"hello", &[0; 22]);
        let finished = [20, 0, 0, 1, 7];
        let kinds = [
            open("ClientHello", Way::Sent),
            open("ServerHello", Way::Received),
            key("client_handshake_traffic_secret", ToServer),
            key("server_handshake_traffic_secret", ToClient),
            sealed("Certificate", Way::Received, &[11, 0, 0, 0]),
            sealed("Finished", Way::Received, &finished),
            key("client_application_traffic_secret_0", ToServer),
            key("server_application_traffic_secret_0", ToClient),
            sealed("Finished", Way::Sent, &finished),
            EventKind::Sent(record()),
            EventKind::Received(record()),
            sealed("Alert close_notify", Way::Sent, &[1, 0]),
        ];
        let event = |kind| Event { role: Role::Client, stage, kind };
        kinds.into_iter().map(event).collect()
    }

    #[test]
    fn each_message_is_an_arrow_under_its_key() {
        let events = events();
        let view = LadderView::new(events[0].stage, &events);
        assert_eq!(
            view.told(),
            "in the clear: client sends ClientHello, server sends ServerHello. \
             encrypted, under server_handshake_traffic_secret: server sends Certificate, server sends Finished. \
             encrypted, under client_handshake_traffic_secret: client sends Finished. \
             encrypted, under client_application_traffic_secret_0: client sends request. \
             encrypted, under server_application_traffic_secret_0: server sends answer. \
             encrypted, under client_application_traffic_secret_0: client sends Alert close_notify"
        );
        let classes: Vec<_> = view.bands.iter().map(|band| band.class).collect();
        assert_eq!(
            classes,
            ["message", "nonce", "nonce", "ciphertext", "ciphertext", "ciphertext"]
        );
        for pair in view.bands.windows(2) {
            assert!(pair[0].y + pair[0].height() < pair[1].y);
        }
        for line in view.bands.iter().flat_map(|band| &band.lines) {
            assert!((LEFT + 40..RIGHT - 40).contains(&line.end()), "{}", line.what);
        }
    }

    #[test]
    fn each_key_says_what_it_protected() {
        let events = events();
        let view = KeysView::new(events[0].stage, &events);
        let told = view.told();
        for said in [
            "Handshake Secret takes shared secret",
            "with the label s hs traffic, server_handshake_traffic_secret: Certificate, Finished",
            "with the label c ap traffic, client_application_traffic_secret_0: request, Alert close_notify",
            "with the label exp master, exporter_master_secret: makes keys for other uses",
        ] {
            assert!(told.contains(said), "{said}: {told}");
        }
        for pair in view.levels.windows(2) {
            assert!(pair[0].end() + 30 < pair[1].y, "an arrow has room");
        }
        assert!(view.levels.last().unwrap().end() < view.height());
    }
}
