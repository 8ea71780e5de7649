//! The protocol that two ends of a connection speak.

use std::io;
use std::net::{TcpListener, TcpStream};

use anyhow::{Context, Result};
use clap::builder::{
    PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser, ValueParserFactory,
};
use demo_keys::SealerAndOpener;
use stages::{STAGES, Stage};

use crate::end::{Channel, End, Ends, Tcp};

/// A protocol that two ends speak.
#[derive(Clone, Copy, Debug)]
pub enum Protocol {
    Plain,
    Gathered,
    Stage(&'static Stage),
    #[cfg(feature = "peers")]
    Rustls,
}

impl Protocol {
    /// All of them: the stages are those with records.
    fn all() -> impl Iterator<Item = Self> {
        let stages = STAGES.iter().copied().filter(|stage| stage.has_records()).map(Self::Stage);
        let all = [Self::Plain, Self::Gathered].into_iter().chain(stages);
        #[cfg(feature = "peers")]
        let all = all.chain([Self::Rustls]);
        all
    }

    /// Its name on the command line, and what that stands for.
    fn value(self) -> PossibleValue {
        let (name, what) = match self {
            Self::Plain => ("plain", "TCP, each write as it comes"),
            Self::Gathered => ("gathered", "TCP, writes gathered up to 256 KiB"),
            Self::Stage(stage) => (stage.short_name(), stage.title),
            #[cfg(feature = "peers")]
            Self::Rustls => ("rustls", "TLS 1.3 with `TLS_AES_256_GCM_SHA384`"),
        };
        PossibleValue::new(name).help(what)
    }

    /// Makes a connection over loopback: returns the connecting end, then the accepting one.
    pub fn connect(self) -> Result<Ends> {
        let (here, there) = loopback()?;
        Ok(match self {
            Self::Plain => (Box::new(Tcp::plain(here)), Box::new(Tcp::plain(there))),
            Self::Gathered => (Box::new(Tcp::gathered(here)), Box::new(Tcp::gathered(there))),
            Self::Stage(stage) => {
                let end = |stream| -> Result<Box<dyn End>> {
                    Ok(Box::new(Channel::new(stream, stage.header(), sealer_and_opener(stage)?)?))
                };
                (end(here)?, end(there)?)
            }
            #[cfg(feature = "peers")]
            Self::Rustls => crate::tls::connect(here, there)?,
        })
    }
}

impl ValueParserFactory for Protocol {
    type Parser = ValueParser;

    fn value_parser() -> ValueParser {
        let named = |name: String| {
            Self::all().find(|protocol| protocol.value().matches(&name, false)).context("unknown")
        };
        PossibleValuesParser::new(Self::all().map(Self::value)).try_map(named).into()
    }
}

fn loopback() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let here = TcpStream::connect(listener.local_addr()?)?;
    let (there, _) = listener.accept()?;
    for stream in [&here, &there] {
        stream.set_nodelay(true)?;
    }
    Ok((here, there))
}

/// Makes a sealer and an opener, as at the start of a connection.
pub fn sealer_and_opener(stage: &Stage) -> Result<SealerAndOpener> {
    demo_keys::sealer_and_opener(stage).with_context(|| format!("{stage:?} has no demo keys"))
}
