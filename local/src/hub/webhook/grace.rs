//! Who leaves and is back at once never left: a page that is loaded again, a phone that changes its network.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::News;
use crate::hub::user::UserId;

/// What was left: a channel, or a presence channel by one of its members.
type Left = (String, Option<UserId>);

/// Holds back that somebody left until the time of grace is over.
pub(super) struct Grace {
    time: Duration,
    /// Until when each is held back.
    held: HashMap<Left, Instant>,
    /// The same in their order, and also those that were withdrawn since.
    due: VecDeque<(Instant, Left)>,
}

impl Grace {
    pub(super) fn new(time: Duration) -> Self {
        Self { time, held: HashMap::new(), due: VecDeque::new() }
    }

    /// What there is to tell at once.
    pub(super) fn pass(&mut self, news: News, now: Instant) -> Option<News> {
        match &news {
            News::ChannelVacated { channel } => self.hold((channel.clone(), None), now),
            News::MemberRemoved { channel, user_id } => {
                self.hold((channel.clone(), Some(user_id.clone())), now)
            }
            News::ChannelOccupied { channel } => self.unless_back((channel.clone(), None), news),
            News::MemberAdded { channel, user_id } => {
                self.unless_back((channel.clone(), Some(user_id.clone())), news)
            }
            _ => Some(news),
        }
    }

    fn hold(&mut self, left: Left, now: Instant) -> Option<News> {
        let until = now + self.time;
        self.held.insert(left.clone(), until);
        self.due.push_back((until, left));
        None
    }

    fn unless_back(&mut self, left: Left, news: News) -> Option<News> {
        self.held.remove(&left).is_none().then_some(news)
    }

    /// When there is more to tell, unless somebody comes back.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.front().map(|(until, _)| *until)
    }

    /// One of those who left and did not come back in time.
    pub(super) fn expired(&mut self, now: Instant) -> Option<News> {
        while let Some((until, left)) = self.due.pop_front_if(|(until, _)| *until <= now) {
            // Whoever came back and left again is held until later.
            if self.held.get(&left) == Some(&until) {
                self.held.remove(&left);
                let (channel, user) = left;
                return Some(match user {
                    Some(user_id) => News::MemberRemoved { channel, user_id },
                    None => News::ChannelVacated { channel },
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(3);
    const SECOND: Duration = Duration::from_secs(1);

    fn occupied() -> News {
        News::ChannelOccupied { channel: "room".into() }
    }

    fn vacated() -> News {
        News::ChannelVacated { channel: "room".into() }
    }

    fn added(user: &str) -> News {
        News::MemberAdded { channel: "room".into(), user_id: UserId::parse(user).unwrap() }
    }

    fn removed(user: &str) -> News {
        News::MemberRemoved { channel: "room".into(), user_id: UserId::parse(user).unwrap() }
    }

    #[test]
    fn who_leaves_has_left_after_the_time_of_grace() {
        let (mut grace, start) = (Grace::new(GRACE), Instant::now());
        assert_eq!(grace.pass(occupied(), start), Some(occupied()));
        assert_eq!(grace.pass(vacated(), start), None);
        assert_eq!(grace.next(), Some(start + GRACE));
        assert_eq!(grace.expired(start + 2 * SECOND), None);
        assert_eq!(grace.expired(start + GRACE), Some(vacated()));
        assert_eq!((grace.expired(start + GRACE), grace.next()), (None, None));
    }

    #[test]
    fn who_is_back_in_time_never_left() {
        let (mut grace, start) = (Grace::new(GRACE), Instant::now());
        grace.pass(vacated(), start);
        grace.pass(removed("a"), start);
        grace.pass(removed("b"), start);
        assert_eq!(grace.pass(occupied(), start + SECOND), None);
        assert_eq!(grace.pass(added("a"), start + SECOND), None);
        assert_eq!(grace.expired(start + GRACE), Some(removed("b")));
        assert_eq!(grace.expired(start + GRACE), None);
    }

    #[test]
    fn who_leaves_again_has_the_whole_time_again() {
        let (mut grace, start) = (Grace::new(GRACE), Instant::now());
        grace.pass(vacated(), start);
        grace.pass(occupied(), start + SECOND);
        grace.pass(vacated(), start + 2 * SECOND);
        assert_eq!(grace.expired(start + GRACE), None);
        assert_eq!(grace.expired(start + 2 * SECOND + GRACE), Some(vacated()));
    }

    #[test]
    fn who_comes_back_later_is_new() {
        let (mut grace, start) = (Grace::new(GRACE), Instant::now());
        grace.pass(removed("a"), start);
        assert_eq!(grace.expired(start + GRACE), Some(removed("a")));
        assert_eq!(grace.pass(added("a"), start + GRACE), Some(added("a")));
    }
}
