//! The size of what is uploaded.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::Failure;

/// The size of the file in MB.
///
/// # Errors
/// When it is not there.
pub(crate) fn size(file: &Path) -> Result<f64, Failure> {
    let about = fs::metadata(file).map_err(|cause| format!("{}: {cause}", file.display()))?;
    Ok(megabytes(about.len()))
}

/// The size of the zip file with the program in it, as it is uploaded, in MB; none where neither
/// `python3` nor `zip` is there to make one.
///
/// # Errors
/// When `scratch` cannot be written.
pub(crate) fn zipped_size(program: &Path, scratch: &Path) -> Result<Option<f64>, Failure> {
    let staged = scratch.join("package");
    fs::create_dir_all(&staged)?;
    fs::copy(program, staged.join("bootstrap"))?;
    zipped_folder(&staged, scratch)
}

/// The size of the zip file with what is in the folder, in MB; none where neither `python3` nor `zip` is
/// there to make one.
///
/// # Errors
/// When `scratch` cannot be written.
pub(crate) fn zipped_folder(folder: &Path, scratch: &Path) -> Result<Option<f64>, Failure> {
    let zip = scratch.join("package.zip");
    let name = zip.display().to_string();
    let tools: [&[&str]; 2] =
        [&["python3", "-m", "zipfile", "-c", &name, "."], &["zip", "-q", "-r", &name, "."]];
    for tool in tools {
        let mut command = Command::new(tool[0]);
        command.args(&tool[1..]).current_dir(folder).stdin(Stdio::null());
        let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if done.is_ok_and(|status| status.success()) {
            let bytes = fs::metadata(&zip)?.len();
            fs::remove_file(&zip)?;
            return Ok(Some(megabytes(bytes)));
        }
    }
    Ok(None)
}

#[allow(clippy::cast_precision_loss, reason = "no file here is 2^53 bytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
