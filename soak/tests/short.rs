//! A soak of some seconds: a few rooms of each kind, faults, and kills.

use std::process::Command;

/// How many posts; some hundreds in a quick run.
fn posts() -> &'static str {
    if std::env::var("PARLOUR_TEST").is_ok_and(|mode| mode == "quick") { "600" } else { "2000" }
}

/// Fault F4. Fault F7. Fault F8. Fault F10. Fault F12. Fault F13. Fault F25.
/// Invariant I1. Invariant I2. Invariant I3. Invariant I4. Invariant I5. Invariant I6. Invariant I7. Invariant I8.
/// Invariant I9.
#[test]
fn nothing_is_lost_doubled_out_of_order_or_missed_while_everything_breaks() {
    let output = Command::new(env!("CARGO_BIN_EXE_soak"))
        .args(["--posts", posts(), "--length", "100", "--seed", "11"])
        // The relay stays: one that is down is tried again after a minute.
        .args(["--kill-every", "400", "--relay-every", "0"])
        .output()
        .expect("the soak can be run");

    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaints}");
    assert!(
        said.contains("PASSED: 0 lost, 0 doubled, 0 out of order, 0 undetected gaps"),
        "{said}"
    );
    // It did what it is there for.
    for nothing in ["program killed 0 times", " 0 rooms read", "; 0 tries without"] {
        assert!(!said.contains(nothing), "{said}");
    }
}

#[test]
fn what_it_cannot_do_it_says_in_one_line() {
    for (arguments, what) in [
        (["--programs", "/nowhere"], "/nowhere/parlour is missing"),
        (["--for", "soon"], "not a time such as 90s, 10m or 2h"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_soak")).args(arguments).output();
        let output = output.expect("the soak can be run");

        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(what), "{said}");
    }
}
