//! Which core is whose: where there are two, the stack has one and the load the other.

use std::{
    process::{Command, Stdio},
    thread::available_parallelism,
};

/// Whether cores are shared out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cores {
    apart: bool,
}

const STACK: &str = "0";
const LOAD: &str = "1";

impl Cores {
    /// Puts this program onto its core, where there are two and `taskset` (util-linux) is there.
    pub(super) fn share_out() -> Self {
        let enough = available_parallelism().is_ok_and(|cores| cores.get() >= 2);
        Self { apart: enough && put_self_on(LOAD) }
    }

    /// The core of the stack, if it has its own.
    pub(super) fn stack(self) -> Option<&'static str> {
        self.apart.then_some(STACK)
    }

    /// In words.
    pub(super) fn describe(self) -> &'static str {
        if self.apart {
            "one core for the stack, another for the load"
        } else {
            "stack and load on the same cores"
        }
    }

    /// Lets this program use all again, for work between the measurements.
    pub(super) fn take_all(self) {
        if self.apart {
            put_self_on(&format!("{STACK},{LOAD}"));
        }
    }

    /// Puts this program onto its core again.
    pub(super) fn take_own(self) {
        if self.apart {
            put_self_on(LOAD);
        }
    }
}

fn put_self_on(cores: &str) -> bool {
    let own = std::process::id().to_string();
    let mut command = Command::new("taskset");
    let status = command.args(["--all-tasks", "--cpu-list", "--pid", cores, &own]);
    status.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
