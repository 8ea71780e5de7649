//! `cargo xtask certificates show`: a chain, any chain, field by field, and what a client would say to it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr as _;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use certificates::{Roots, ServerName, Verifier, server_name};
use clap::{Args, ValueEnum as _};
use messages::Span;
use messages::x509::{Certificate, Says, moment};
use pki_types::CertificateDer;
use pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use transcript::lines::{BAD, DIM, GOOD, HEADING, hex, span_style, width, wrapped_to};
use transcript::visible;
use x509_cert::der::DateTime;
use xtask::{WrongArgument, print};
use zeroize::Zeroizing;

use crate::chain::{Examined, Finding, For, Step};
use crate::make::{self, LOCALHOST, ROOTS, SERVER_CHAIN};

/// The longest file that is read, in bytes.
const MAX_FILE_LEN: u64 = 4 * 1024 * 1024;

/// Columns of the name of a field, and of the word for what was looked at.
const LABEL: usize = 24;
const WORD: usize = 11;

/// The most certificates beside the path whose numbers are shown.
const NUMBERED: usize = 8;

/// The first byte of a certificate in DER: that of a SEQUENCE.
const SEQUENCE: u8 = 0x30;

/// Options of `cargo xtask certificates show`.
#[derive(Args, Debug)]
pub struct ShowOptions {
    /// The chain, the server's certificate first: PEM, or one certificate in DER [default: that of the stages' server]
    file: Option<PathBuf>,

    /// The certificates that the client trusts for themselves, in PEM [default: those of the stages' client]
    #[arg(long, value_name = "FILE.pem")]
    roots: Option<PathBuf>,

    /// The name that the client asks for
    #[arg(long, value_name = "NAME", default_value = LOCALHOST, value_parser = server_name)]
    name: ServerName<'static>,

    /// What the chain is for [default: a server of part4-cert if its key is RSA, else TLS 1.3]
    #[arg(long = "for", value_name = "USE", value_enum)]
    for_whom: Option<For>,

    /// The day on which it asks [default: now]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    time: Option<Duration>,

    /// Show every byte, and what it says
    #[arg(long, conflicts_with = "json")]
    detail: bool,

    /// As JSON: an object
    #[arg(long)]
    json: bool,
}

/// Shows a chain. The exit code is 0 whatever a client would say: it was shown.
///
/// # Errors
/// When a file cannot be read, or has no certificate in it.
pub fn command(options: &ShowOptions) -> Result<ExitCode> {
    if options.file.is_none() || options.roots.is_none() {
        make::if_needed()?;
    }
    let made = |name: &str| make::relative(&make::folder().join(name));
    let file = options.file.clone().unwrap_or_else(|| made(SERVER_CHAIN));
    let chain = read(&file)?;
    if chain.iter().all(|der| Certificate::decode(der).is_err()) {
        let error = chain.first().and_then(|der| Certificate::decode(der).err());
        let why = error.map(|error| format!(": {error}")).unwrap_or_default();
        let wrong = format!("{}: what is in it is no certificate{why}", file.display());
        return Err(WrongArgument(wrong).into());
    }
    let roots = options.roots.clone().unwrap_or_else(|| made(ROOTS));
    let trusted = Roots::from_der(read(&roots)?);
    let trusted =
        trusted.map_err(|error| WrongArgument(format!("{}: {error}", roots.display())))?;
    let verifier = Verifier { roots: trusted, name: options.name.clone() };
    let now = options.time.unwrap_or(SystemTime::UNIX_EPOCH.elapsed()?);
    let leaf = chain.first().and_then(|der| Certificate::decode(der).ok());
    let for_whom = options.for_whom.or(leaf.as_ref().map(For::of)).unwrap_or(For::Part4Cert);
    let shown = Shown {
        file: &file,
        roots: options.roots.as_deref(),
        chain: &chain,
        verifier: &verifier,
        for_whom,
        now,
        examined: Examined::new_for(for_whom, &chain, &verifier, now),
    };
    if options.json {
        return print(&(serde_json::to_string_pretty(&shown.json())? + "\n"));
    }
    print(&shown.text(options.detail))
}

/// Reads the certificates of a file. Whatever else is in it, such as a private key, is passed over.
fn read(path: &Path) -> Result<Vec<Vec<u8>>, WrongArgument> {
    let name = path.display();
    let cannot = |error| WrongArgument(format!("cannot read {name}: {error}"));
    let mut bytes = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(cannot)?;
    file.take(MAX_FILE_LEN + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > MAX_FILE_LEN {
        return Err(WrongArgument(format!("{name} is longer than {MAX_FILE_LEN} bytes")));
    }
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![bytes.to_vec()]);
    }
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes)
        .map(|certificate| certificate.map(|it| it.as_ref().to_vec()))
        .collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(WrongArgument(format!(
            "{name}: there is no certificate in it: nothing between BEGIN CERTIFICATE and END CERTIFICATE, and no DER"
        ))),
        // What is wrong may be in a private key, of which nothing is to be shown.
        Err(_) => Err(WrongArgument(format!("{name}: it is no PEM that can be read"))),
    }
}

/// All there is to show.
struct Shown<'c> {
    file: &'c Path,
    /// The file of the roots, if one was named.
    roots: Option<&'c Path>,
    chain: &'c [Vec<u8>],
    verifier: &'c Verifier,
    for_whom: For,
    now: Duration,
    examined: Examined<'c>,
}

impl Shown<'_> {
    /// For a terminal, styled with escape codes.
    fn text(&self, detail: bool) -> String {
        let count = match self.chain.len() {
            1 => "one certificate".to_owned(),
            count => format!("{count} certificates"),
        };
        let mut text = format!("{}: {count}\n\n", path(self.file));
        self.picture(&mut text);
        let mut explained = HashSet::new();
        for (index, der) in self.chain.iter().enumerate() {
            let number = index + 1;
            match Certificate::decode(der) {
                Ok(certificate) => {
                    let [issuer, subject] =
                        [&certificate.issuer, &certificate.subject].map(|it| visible(&it.text));
                    let title = format!("certificate {number}: what {issuer} says about {subject}");
                    let title = textwrap::fill(&title, wrapped_to(width()));
                    _ = writeln!(text, "\n{HEADING}{title}{HEADING:#}");
                    fields(der, &certificate, &mut explained, &mut text);
                }
                Err(error) => {
                    let title = format!("certificate {number}: it cannot be read: {error}");
                    _ = writeln!(text, "\n{HEADING}{title}{HEADING:#}");
                }
            }
            if detail {
                text.push('\n');
                for span in &Certificate::explain(der).spans {
                    bytes(der, span, 0, &mut text);
                }
            }
        }
        self.checks(&mut text);
        text
    }

    /// Who signs whom, the root above.
    fn picture(&self, text: &mut String) {
        let path = &self.examined.path;
        let [viewer, side] = self.for_whom.sides();
        let names = path.iter().map(|step| visible(&step.certificate.subject.text).chars().count());
        let longest = names.max().unwrap_or(0);
        if let Some(last) = path.last()
            && last.number.is_some()
        {
            let issuer = visible(&last.certificate.issuer.text);
            _ = writeln!(
                text,
                "  {BAD}{issuer:<longest$}{BAD:#}  neither a root of the {viewer} nor sent"
            );
            _ = writeln!(text, "    │ is said to have signed");
        }
        for (index, step) in path.iter().enumerate().rev() {
            let what = match step.number {
                None => format!("a root: the {viewer} has it, and trusts it for itself"),
                Some(1) => format!("certificate 1: the {side}"),
                Some(number) => format!("certificate {number}"),
            };
            let subject = visible(&step.certificate.subject.text);
            _ = writeln!(text, "  {HEADING}{subject:<longest$}{HEADING:#}  {what}");
            if let Some(below) = index.checked_sub(1) {
                let findings = &self.examined.findings;
                let is_bad = |it: &Finding| {
                    it.step == Some(below) && it.what == SIGNATURE && it.refused.is_some()
                };
                if findings.iter().any(is_bad) {
                    _ = writeln!(text, "    {BAD}╎ has not signed, or not as it should{BAD:#}");
                } else {
                    _ = writeln!(text, "    │ signed");
                }
            }
        }
        let is_unused = |number: &usize| !path.iter().any(|step| step.number == Some(*number));
        let unused: Vec<_> = (1..=self.chain.len()).filter(is_unused).collect();
        let numbers: Vec<_> = unused.iter().take(NUMBERED).map(usize::to_string).collect();
        if !numbers.is_empty() {
            let more = unused.len() - numbers.len();
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            _ = writeln!(
                text,
                "\n  not part of the path: certificate {}{more}",
                numbers.join(", ")
            );
        }
    }

    /// What the other side checks, and what it says in the end.
    fn checks(&self, text: &mut String) {
        let [viewer, side] = self.for_whom.sides();
        let name = visible(&self.verifier.name.to_str());
        let who = match self.for_whom {
            For::Part4Cert => format!("a client of {name}"),
            For::Tls13 => format!("a client of {name} at TLS 1.3"),
            For::Tls13Client => "a server at TLS 1.3".to_owned(),
        };
        let roots = self.roots.map_or("the stages' root".to_owned(), path);
        let now = moment(self.now);
        let title = format!("what {who} with {roots} finds at {now}");
        let title = textwrap::fill(&title, wrapped_to(width()));
        _ = writeln!(text, "\n{HEADING}{title}{HEADING:#}");
        let mut about = None;
        for finding in &self.examined.findings {
            if about != Some(finding.step) {
                about = Some(finding.step);
                let step = finding.step.and_then(|at| self.examined.path.get(at));
                let subject = step.map_or("the chain".to_owned(), subject);
                _ = writeln!(text, "  {HEADING}{subject}{HEADING:#}");
            }
            let (style, sign, said) = match &finding.refused {
                None => (GOOD, '✓', finding.found.clone()),
                Some((check, why)) => (BAD, '✗', format!("{check}: {why}")),
            };
            let first = format!("    {style}{sign} {:<WORD$}{style:#}", finding.what);
            let indent = " ".repeat(6 + WORD);
            let wrapped = wrapped_to(width()).initial_indent(&first).subsequent_indent(&indent);
            _ = writeln!(text, "{}", textwrap::fill(&visible(&said), wrapped));
        }
        let (style, verdict) = match &self.examined.verdict {
            Ok(()) => {
                let why = format!(
                    "it goes on, and checks whether the {side} has signed with the private key"
                );
                (GOOD, format!("✓ the {viewer} believes this chain: {why}"))
            }
            Err((check, why)) => {
                (BAD, format!("✗ the {viewer} refuses this chain by {check}: {why}"))
            }
        };
        let verdict = textwrap::fill(&visible(&verdict), wrapped_to(width()));
        _ = writeln!(text, "\n{style}{verdict}{style:#}");
        _ = writeln!(
            text,
            "more: --detail, --time 2040-01-01, --name bank.example, --roots FILE.pem"
        );
        _ = writeln!(text, "next: cargo xtask certificates matrix");
    }

    fn json(&self) -> Value {
        let certificates: Vec<_> = self.chain.iter().map(|der| json_of(der)).collect();
        let checks: Vec<_> = self
            .examined
            .findings
            .iter()
            .map(|finding| {
                let step = finding.step.and_then(|at| self.examined.path.get(at));
                let (check, why) = finding.refused.clone().unzip();
                json!({
                    "about": step.map(|step| &step.certificate.subject.text),
                    "what": finding.what,
                    "found": finding.found,
                    "refused_by": check,
                    "why": why,
                })
            })
            .collect();
        let path: Vec<_> =
            self.examined.path.iter().map(|step| &step.certificate.subject.text).collect();
        let (check, why) = self.examined.verdict.clone().err().unzip();
        let name = (self.for_whom != For::Tls13Client).then(|| self.verifier.name.to_str());
        json!({
            "for": self.for_whom.to_possible_value().map(|it| it.get_name().to_owned()),
            "name": name,
            "time": moment(self.now),
            "certificates": certificates,
            "path": path,
            "checks": checks,
            "refused_by": check,
            "why": why,
        })
    }
}

/// The word for a signature among the findings.
const SIGNATURE: &str = "signature";

fn subject(step: &Step<'_>) -> String {
    let subject = visible(&step.certificate.subject.text);
    step.number.map_or_else(
        || format!("{subject}, a root"),
        |number| format!("{subject}, certificate {number}"),
    )
}

fn path(path: &Path) -> String {
    visible(&path.display().to_string())
}

/// The fields of a certificate as its decoder tells them. What a field means is told once.
fn fields(
    der: &[u8],
    certificate: &Certificate<'_>,
    explained: &mut HashSet<&'static str>,
    text: &mut String,
) {
    let mut extensions = certificate.extensions.iter();
    let explanation = Certificate::explain(der);
    let mut spans: Vec<_> = explanation.spans.iter().rev().collect();
    while let Some(span) = spans.pop() {
        // The first of the spans that a span is made of is its tag and length.
        let inside = span.inside.get(1..).unwrap_or_default();
        let is_whole = span.len == der.len() || span.says.is_empty();
        if is_whole {
            spans.extend(inside.iter().rev());
            continue;
        }
        let mut says = span.says.clone();
        // An extension is a SEQUENCE that begins with its kind.
        let is_extension = |it: &Span| it.inside.get(1).is_some_and(|it| it.name == "extnID");
        if span.inside.first().is_some_and(is_extension)
            && let Some(extension) = extensions.next()
        {
            // All of the names, however many there are.
            if let Says::SubjectAltName(names) = &extension.says {
                says = names.join(", ") + if extension.critical { " (critical)" } else { "" };
            } else if says == span.name {
                says = format!("{} bytes", extension.value.len());
            }
        }
        let what = if explained.insert(span.what) { span.what } else { "" };
        let first = format!("  {:<LABEL$}", span.name);
        let indent = " ".repeat(2 + LABEL);
        let wrapped = wrapped_to(width()).initial_indent(&first).subsequent_indent(&indent);
        // Word by word, so that a line's end does not cut a style.
        let what = what.split_whitespace().map(|word| format!(" {DIM}{word}{DIM:#}"));
        let what: String = what.collect();
        let gap = if what.is_empty() { "" } else { " " };
        let row = textwrap::fill(&format!("{}{gap}{what}", visible(&says)), wrapped);
        _ = writeln!(text, "{row}");
    }
}

/// Every byte of a span, and what it says.
fn bytes(der: &[u8], span: &Span, depth: usize, text: &mut String) {
    let indent = " ".repeat(depth);
    let says = if span.says.is_empty() { String::new() } else { format!(" = {}", span.says) };
    let Span { name, offset, len, .. } = span;
    _ = writeln!(text, "{offset:>6} {indent}{name}, {len} B{}", visible(&says));
    for inside in &span.inside {
        bytes(der, inside, depth + 1, text);
    }
    if span.inside.is_empty() {
        let style = span_style(span);
        let room = width().saturating_sub(9 + depth) / 3;
        let content = der.get(*offset..offset + len).unwrap_or_default();
        for row in content.chunks(room.clamp(4, 16)) {
            _ = writeln!(text, "{:>6} {indent}  {style}{}{style:#}", "", hex(row));
        }
    }
}

fn json_of(der: &[u8]) -> Value {
    let certificate = match Certificate::decode(der) {
        Ok(certificate) => certificate,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    let extension = |extension: &messages::x509::Extension<'_>| {
        let says = match &extension.says {
            Says::BasicConstraints { is_ca, path_len } => {
                json!({ "ca": is_ca, "path_len": path_len })
            }
            Says::KeyUsage(usages) => json!(usages),
            Says::ExtKeyUsage(purposes) => json!(purposes),
            Says::SubjectAltName(names) => json!(names),
            Says::Other => Value::Null,
        };
        json!({ "kind": extension.kind, "critical": extension.critical, "says": says })
    };
    json!({
        "version": certificate.version,
        "serial": hex(certificate.serial).replace(' ', ""),
        "issuer": certificate.issuer.text,
        "subject": certificate.subject.text,
        "not_before": moment(certificate.not_before),
        "not_after": moment(certificate.not_after),
        "key": certificate.key_algorithm,
        "key_bits": certificate.key_bits,
        "key_curve": certificate.key_curve,
        "signature_algorithm": certificate.signature_algorithm,
        "extensions": certificate.extensions.iter().map(extension).collect::<Vec<_>>(),
        "len": der.len(),
    })
}

/// Reads a day, and returns its first moment, since 1970.
fn day(text: &str) -> Result<Duration, String> {
    let moment = DateTime::from_str(&format!("{text}T00:00:00Z"));
    let moment = moment.map_err(|_| "expected a day, such as 2040-01-01".to_owned());
    moment.map(|moment| moment.unix_duration())
}
