//! Groups in which everyone gives to somebody who does not know from whom, until a date.

use super::time::Timestamp;

/// A group, as the application's server described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The application's own id: any string of 1 to 128 bytes.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// From when on receivers may know who gave.
    pub reveal_at: Timestamp,
    /// Whether it was drawn who gives to whom.
    pub raffled: bool,
}

impl Group {
    /// Whether receivers may know who gave.
    pub fn is_revealed(&self, now: Timestamp) -> bool {
        self.reveal_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mission E4.
    #[test]
    fn a_group_is_revealed_from_its_date_on() {
        let date = Timestamp::from_millis(1_000);
        let group = Group { id: "g".into(), name: "G".into(), reveal_at: date, raffled: true };
        assert!(!group.is_revealed(date.plus_millis(-1)));
        assert!(group.is_revealed(date));
    }
}
