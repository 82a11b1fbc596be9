//! When a job will be done, from what its hosts can tell and how fast it goes as a whole.
//!
//! An estimate of what is known now: the next hold or the next slow host may change it. Where nobody can say, there is none.

use comeback_engine::diagnosis::clock::WallTime;
use comeback_engine::outlook::Outlook;

use crate::settling_rate::SettlingRate;

/// Seconds to the end: the latest host's end, and no sooner than the job as a whole gets through the URLs that may be asked now.
///
/// `None` where some host never answered and nothing is being settled either, so that nobody can say.
#[must_use]
pub fn eta_s(outlook: &Outlook, rate: &SettlingRate, now: WallTime) -> Option<u64> {
    let Outlook { last_end, open_urls, unpaced_urls } = *outlook;
    let by_rate_ms = rate.ms_for(open_urls.max(unpaced_urls));
    if unpaced_urls > 0 && by_rate_ms.is_none() {
        return None;
    }
    let by_hosts_ms = last_end.map_or(0, |end| end.since_ms(now));
    let bound_ms = by_rate_ms.filter(|_| unpaced_urls > 0 || rate.is_settled());
    Some(by_hosts_ms.max(bound_ms.unwrap_or(0)).div_ceil(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime(1_000_000);

    /// Ten URLs a second.
    fn steady() -> SettlingRate {
        let mut rate = SettlingRate::default();
        (0..=10).for_each(|second| rate.observe(second * 1_000, second * 10));
        rate
    }

    #[test]
    fn a_held_host_sets_the_end_of_a_job_that_is_done_otherwise() {
        let outlook = Outlook { last_end: Some(NOW.plus_ms(600_500)), open_urls: 0, unpaced_urls: 0 };
        assert_eq!(eta_s(&outlook, &SettlingRate::default(), NOW), Some(601));
        assert_eq!(eta_s(&outlook, &steady(), NOW.plus_ms(600_000)), Some(1), "it comes nearer without any commit");
    }

    #[test]
    fn the_job_as_a_whole_is_no_faster_than_it_was() {
        let outlook = Outlook { last_end: Some(NOW.plus_ms(2_000)), open_urls: 1_000, unpaced_urls: 0 };
        assert_eq!(eta_s(&outlook, &steady(), NOW), Some(100));
        assert_eq!(eta_s(&outlook, &SettlingRate::default(), NOW), Some(2));
    }

    #[test]
    fn nobody_can_say_where_a_host_never_answered_and_nothing_is_settled() {
        let outlook = Outlook { last_end: Some(NOW.plus_ms(2_000)), open_urls: 7, unpaced_urls: 7 };
        assert_eq!(eta_s(&outlook, &SettlingRate::default(), NOW), None);
        assert_eq!(eta_s(&outlook, &steady(), NOW), Some(2));
    }

    /// A job that began with one request to each host was said to take ten times as long as it did.
    #[test]
    fn the_first_seconds_bound_nothing_that_hosts_can_tell() {
        let mut rate = SettlingRate::default();
        (0..=3).for_each(|second| rate.observe(second * 1_000, second));
        let outlook = Outlook { last_end: Some(NOW.plus_ms(9_000)), open_urls: 500, unpaced_urls: 0 };
        assert_eq!(eta_s(&outlook, &rate, NOW), Some(9));
        assert_eq!(eta_s(&Outlook { unpaced_urls: 10, ..outlook }, &rate, NOW), Some(500));
    }

    #[test]
    fn nothing_left_takes_no_time() {
        assert_eq!(eta_s(&Outlook::default(), &SettlingRate::default(), NOW), Some(0));
    }
}
