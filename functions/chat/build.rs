//! Builds the API's description in as it is served: without the spaces that docs/openapi.json has for its readers, and
//! that are half of it.

use std::{env, error::Error, fs, path::Path};

use serde_json::Value;

const DOCUMENT: &str = "../../docs/openapi.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    let document: Value = serde_json::from_str(&fs::read_to_string(DOCUMENT)?)?;
    let folder = env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("openapi.json"), document.to_string())?;
    Ok(())
}
