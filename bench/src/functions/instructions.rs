//! How many instructions a post takes, counted by valgrind: the same on a busy machine.

use std::{fs, path::Path, process::Command};

use super::process::{Function, Recipe};
use crate::Failure;

/// Whether valgrind is there.
pub(super) fn can_be_counted() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The instructions of one event more: those of a run with twice as many, less those of a run with
/// so many, a share for each.
///
/// # Errors
/// When the function does not answer `status`.
#[allow(clippy::cast_precision_loss, reason = "a few hundred events")]
pub(super) async fn of_an_event(
    recipe: &Recipe,
    scratch: &Path,
    events: usize,
    event: impl Fn() -> Result<String, Failure>,
    status: Option<u16>,
) -> Result<f64, Failure> {
    let few = counted(recipe, scratch, events, &event, status).await?;
    let many = counted(recipe, scratch, events * 2, &event, status).await?;
    Ok((many - few) / events as f64)
}

async fn counted(
    recipe: &Recipe,
    scratch: &Path,
    events: usize,
    event: &impl Fn() -> Result<String, Failure>,
    status: Option<u16>,
) -> Result<f64, Failure> {
    let out = scratch.join("callgrind.out");
    let mut recipe = recipe.clone();
    let out_option = format!("--callgrind-out-file={}", out.display());
    let valgrind = ["valgrind", "-q", "--tool=callgrind", &out_option].map(Into::into);
    recipe.command.splice(..0, valgrind);
    recipe.environment.insert("PATH".into(), std::env::var("PATH").unwrap_or_default());
    let mut function = Function::start(&recipe).await?;
    for _ in 0..events {
        function.answer(event()?, status).await?;
    }
    function.terminate().await?;
    total(&fs::read_to_string(&out)?)
}

/// The sum at the end of what callgrind writes.
fn total(out: &str) -> Result<f64, Failure> {
    let line = out.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(line.ok_or("callgrind wrote no totals")?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read() {
        assert_eq!(total("events: Ir\nsummary: 9\n\ntotals: 1200\n").unwrap(), 1200.0);
        assert!(total("events: Ir\n").is_err());
    }
}
