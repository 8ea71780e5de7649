//! `mdbook-look`: gives each page of the book its look, as a preprocessor of mdBook.
//!
//! mdBook sends its context and the book as JSON, and takes the book back. Before that it calls
//! with an argument to ask whether a renderer is supported; all are.

use std::env;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::Value;
use site::look::Look;

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("supports") {
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("mdbook-look: {error:#}");
            ExitCode::from(3)
        }
    }
}

fn run() -> Result<()> {
    let input: Vec<Value> = serde_json::from_reader(io::stdin().lock())?;
    let [context, book] = <[Value; 2]>::try_from(input).ok().context("not mdBook's protocol")?;
    let root = context["root"].as_str().context("mdBook names no root")?;
    let source = context["config"]["book"]["src"].as_str().unwrap_or("src");
    let mut book = book;
    dress(&mut book, &Look::new(&Path::new(root).join(source)));
    serde_json::to_writer(io::stdout().lock(), &book)?;
    Ok(())
}

/// Applies the look to each chapter, wherever it is nested.
fn dress(value: &mut Value, look: &Look) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| dress(item, look)),
        Value::Object(fields) => {
            let path = fields.get("path").and_then(Value::as_str).map(str::to_owned);
            if let (Some(path), Some(Value::String(content))) = (path, fields.get_mut("content")) {
                *content = look.dressed(Path::new(&path), content);
            }
            fields.values_mut().for_each(|field| dress(field, look));
        }
        _ => {}
    }
}
