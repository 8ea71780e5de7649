//! Encrypted records, those that open and those that do not.

use framing::Direction;
use transcript::event::EventKind;
use transcript::{Hex, Role};

use super::Session;
use super::check::{Findings, fails, not_made};
use super::flow::{Doubtful, State};
use super::inside::Inside;
use super::keys::{Closed, Epoch, Unsealed};

impl Session<'_> {
    /// Opens a record and tells what is in it, or why it stays closed.
    pub(super) fn sealed(
        &mut self,
        direction: Direction,
        header: &[u8],
        payload: &mut [u8],
        findings: &mut Findings,
    ) {
        let sender = Role::sender(direction);
        if self.keys.of(sender).is_empty() {
            findings.add(Role::KeyLog, self.handshake.guess(&mut self.keys));
        }
        let sealed = Hex::from(&*payload);
        if self.flows.of(sender).state == State::Behind {
            let is_sought = self.flows.of_mut(sender).may_look_behind_gap();
            let keys = self.keys.of_mut(sender);
            let found = if is_sought { keys.find(header, payload, &sealed) } else { None };
            let Some((unsealed, gap)) = found else {
                self.flows.of_mut(sender).state = State::Gap;
                return;
            };
            let Unsealed { has_moved, opened, epoch, .. } = &unsealed;
            let flow = self.flows.of_mut(sender);
            flow.state = State::Whole;
            flow.is_torn |= gap > 0 && *epoch == Epoch::Handshake;
            let least = if *has_moved { "at least " } else { "" };
            let message = format!(
                "{least}{gap} records are missing before this one: it opens under {} with number {}, which its tag proves",
                opened.key, opened.seq
            );
            findings.add(Role::KeyLog, [not_made(sender, "records", message)]);
            return self.opened(direction, payload, sealed, unsealed, findings);
        }
        match self.keys.of_mut(sender).open(header, payload, &sealed) {
            Ok(unsealed) => self.opened(direction, payload, sealed, unsealed, findings),
            Err(why) => self.closed(sender, why, sealed, findings),
        }
    }

    fn opened(
        &mut self,
        direction: Direction,
        payload: &[u8],
        sealed: Hex,
        unsealed: Unsealed,
        findings: &mut Findings,
    ) {
        let sender = Role::sender(direction);
        let flow = self.flows.of_mut(sender);
        flow.opened += 1;
        if unsealed.has_moved {
            flow.is_torn = false;
            flow.is_given_up = false;
            flow.begun = Vec::new();
        }
        if let Some(doubtful) = flow.doubtful.take() {
            if doubtful.name == unsealed.opened.key {
                findings.add(Role::KeyLog, [changed(doubtful)]);
            } else {
                findings.add(Role::KeyLog, [wrong_secret(sender, &doubtful.name)]);
            }
        }
        let content = payload.get(..unsealed.len).unwrap_or_default();
        let inside =
            Inside { kind: unsealed.kind, content, sealed: Some((sealed, unsealed.opened)) };
        self.inside(direction, inside, findings);
    }

    /// Says why a record stays closed, each reason once.
    fn closed(&mut self, sender: Role, why: Closed, sealed: Hex, findings: &mut Findings) {
        let flow = self.flows.of_mut(sender);
        match why {
            Closed::NoKeys => {
                let is_said = self.handshake.is_suite_unknown();
                if !std::mem::replace(&mut self.has_told_no_keys, true) && !is_said {
                    findings.add(
                        Role::KeyLog,
                        [not_made(None, "key log", self.handshake.why_no_keys())],
                    );
                }
            }
            Closed::NotLogged { label, epoch } => {
                if epoch == Epoch::Handshake {
                    self.handshake.tear("a record before it stays closed");
                }
                if !flow.lacking.contains(&label) {
                    let message = format!(
                        "it has no {label} for this connection: what the {sender} sends {} stays closed",
                        epoch.when()
                    );
                    flow.lacking.push(label);
                    findings.add(Role::KeyLog, [not_made(sender, "key log", message)]);
                }
            }
            Closed::BadTag { name, seq, is_proven } => {
                self.handshake.tear("a record before it does not open");
                let flow = self.flows.of_mut(sender);
                flow.is_torn |= !flow.begun.is_empty()
                    || self.keys.of(sender).epoch() == Some(Epoch::Handshake);
                flow.begun = Vec::new();
                let index = flow.data;
                let failed = Doubtful { index, seq, name, record: sealed };
                if is_proven {
                    findings.add(Role::KeyLog, [changed(failed)]);
                } else if let Some(first) = flow.doubtful.take() {
                    findings.add(Role::KeyLog, [wrong_secret(sender, &first.name)]);
                } else {
                    flow.doubtful = Some(failed);
                }
            }
            Closed::GivenUp => {
                if !std::mem::replace(&mut flow.is_given_up, true) && flow.opened > 0 {
                    let message = format!(
                        "no record that the {sender} sends opens any more: what follows is not told"
                    );
                    findings.add(Role::KeyLog, [fails(sender, "records", message)]);
                }
            }
        }
    }

    /// Tells what was in doubt when no record follows that could tell.
    pub(super) fn settle(&mut self, direction: Direction) {
        let sender = Role::sender(direction);
        if let Some(doubtful) = self.flows.of_mut(sender).doubtful.take() {
            self.tell(Role::KeyLog, wrong_secret(sender, &doubtful.name));
        }
    }
}

/// A record whose key opens others.
fn changed(record: Doubtful) -> EventKind {
    let Doubtful { index, seq, name, record } = record;
    let message = format!(
        "record {seq} under {name} does not open: its tag does not verify, and others open under the same key. It was \
         changed on its way into the capture"
    );
    EventKind::Rejected {
        index,
        step: None,
        error: "bad_tag".to_owned(),
        message,
        expected_seq: Some(seq),
        record: Some(record),
    }
}

fn wrong_secret(sender: Role, name: &str) -> EventKind {
    let message = format!(
        "the key log's secret is not that of this session: no record opens under {name}, the first on"
    );
    fails(sender, "key log", message)
}
