//! Which profiles this process kept a moment ago. A token tells the same thing with each request;
//! writing it down again would cost a read each time and change nothing.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::domain::{ids::SideKey, principal::Profile};

/// For so many accounts; then all are forgotten, which costs each a read.
const MOST: usize = 1_000;

/// For so long: another process may have kept something else since.
const LIFETIME: Duration = Duration::from_secs(300);

/// The profiles that were kept a moment ago. Clearing it at any time is right.
#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<SideKey, (Profile, Instant)>>);

impl Recent {
    /// Whether this very profile was kept a moment ago.
    pub(super) fn holds(&self, account: &SideKey, profile: &Profile) -> bool {
        let kept = self.lock();
        kept.get(account).is_some_and(|(kept, at)| kept == profile && at.elapsed() < LIFETIME)
    }

    /// This profile was kept now.
    pub(super) fn keep(&self, account: &SideKey, profile: &Profile) {
        let mut kept = self.lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(account.clone(), (profile.clone(), Instant::now()));
    }

    /// Something else was kept of this account.
    pub(super) fn forget(&self, account: &SideKey) {
        self.lock().remove(account);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SideKey, (Profile, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names and addresses are not for logs.
impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recent({})", self.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u128) -> SideKey {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        SideKey::parse(&URL_SAFE_NO_PAD.encode(number.to_be_bytes())).unwrap()
    }

    #[test]
    fn only_the_very_same_profile_is_known() {
        let (recent, ann) = (Recent::default(), account(1));
        let named = |name: &str| Profile { name: Some(name.into()), ..Profile::default() };
        recent.keep(&ann, &named("Ann"));
        assert!(recent.holds(&ann, &named("Ann")));
        assert!(!recent.holds(&ann, &named("Anne")));
        assert!(!recent.holds(&account(2), &named("Ann")));
        recent.forget(&ann);
        assert!(!recent.holds(&ann, &named("Ann")));
    }

    #[test]
    fn it_stays_small() {
        let recent = Recent::default();
        for number in 0..3 * MOST as u128 {
            recent.keep(&account(number), &Profile::default());
            assert!(recent.lock().len() <= MOST);
        }
    }
}
