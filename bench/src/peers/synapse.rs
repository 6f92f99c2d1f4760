//! Matrix's reference server, from PyPI, with a SQLite file of its own.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use super::{app::Launch, folder};
use crate::Failure;

/// The Python of the environment into which `bin/bench` installs it.
pub(super) fn python() -> Option<PathBuf> {
    let venv = folder("../../.tools/peers-synapse");
    let python = venv.join("bin/python");
    (python.exists() && venv.join("requirements.txt").exists()).then_some(python)
}

/// Its version.
pub(super) fn version(python: &Path) -> Option<String> {
    let ask =
        "import importlib.metadata as m; print('matrix-synapse', m.version('matrix-synapse'))";
    let output = Command::new(python).args(["-c", ask]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Writes its settings into the folder, and says how it is started.
///
/// # Errors
/// When they cannot be written.
pub(super) fn prepare(
    python: &Path,
    folder: &Path,
    address: SocketAddr,
) -> Result<Launch, Failure> {
    let here = fs::canonicalize(folder)?;
    let settings = here.join("homeserver.yaml");
    fs::write(&settings, self::settings(&here, address))?;
    fs::write(here.join("log.yaml"), "version: 1\nroot: {level: ERROR}\n")?;
    let arguments = ["-m", "synapse.app.homeserver", "--config-path"];
    let mut command = vec![python.into()];
    command.extend(arguments.map(Into::into));
    command.push(settings.into());
    // The keys that it signs with are made apart.
    let keys = Command::new(python)
        .args(arguments)
        .arg(here.join("homeserver.yaml"))
        .arg("--generate-keys")
        .current_dir(&here)
        .output()?;
    if !keys.status.success() {
        return Err(format!("synapse: {}", String::from_utf8_lossy(&keys.stderr).trim()).into());
    }
    Ok(Launch {
        name: "synapse".into(),
        command,
        address: Some(address),
        log: Some(here.join("log")),
        ..Launch::default()
    })
}

/// Its own settings, with the limits lifted that would refuse this load.
fn settings(folder: &Path, address: SocketAddr) -> String {
    let (folder, port) = (folder.display(), address.port());
    let open = "{per_second: 1000000, burst_count: 1000000}";
    format!(
        "server_name: localhost
pid_file: {folder}/pid
listeners:
  - {{port: {port}, tls: false, type: http, bind_addresses: ['127.0.0.1'], resources: [{{names: [client]}}]}}
database: {{name: sqlite3, args: {{database: {folder}/homeserver.db}}}}
log_config: {folder}/log.yaml
media_store_path: {folder}/media
signing_key_path: {folder}/signing.key
report_stats: false
trusted_key_servers: []
suppress_key_server_warning: true
enable_registration: true
enable_registration_without_verification: true
registration_shared_secret: bench
macaroon_secret_key: bench
form_secret: bench
bcrypt_rounds: 4
presence: {{enabled: false}}
rc_message: {open}
rc_registration: {open}
rc_login: {{address: {open}, account: {open}, failed_attempts: {open}}}
rc_joins: {{local: {open}, remote: {open}}}
rc_joins_per_room: {open}
rc_room_creation: {open}
"
    )
}
