//! Every probability and size of a run, in one place; and the bugs that can be planted in it.

/// What may happen in a run, and how often. The defaults are those of `comeback simulate`; a scored run sets its own, without crashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Hosts in a run: 1 to this many.
    pub hosts_max: u64,
    /// URLs of a host: 1 to this many.
    pub urls_max: u64,
    /// Of 100 runs, how many have one host with more than one batch.
    pub big_host_percent: u64,
    /// Of 100 runs, in how many all hosts have one address.
    pub shared_address_percent: u64,
    /// Of 100 such runs, in how many the first hosts share a limiter too.
    pub shared_limiter_percent: u64,
    /// Crashes in a run: 0 to this many.
    pub crashes_max: u64,
    /// Of 100 commits, how many are hit by a crash or a failure of the store, while crashes are left.
    pub crash_percent: u64,
    /// How long the process is down after a crash, at most, in milliseconds.
    pub down_ms_max: u64,
    /// How long a message inside the process takes, at most, in milliseconds.
    pub message_ms_max: u64,
    /// How long a request waits for its connection, at most, in milliseconds.
    pub connect_ms_max: u64,
    /// How long a sync takes, at most, in milliseconds.
    pub sync_ms_max: u64,
    /// Partitions.
    pub partitions: u16,
    /// Slots of the governor: 1 to this many.
    pub slots_max: u64,
    /// Of 100 runs, how many have a delay of the user's.
    pub delay_percent: u64,
    /// That delay, at most, in milliseconds.
    pub delay_ms_max: u64,
    /// Of 100 runs, how many have a small retry budget.
    pub small_budget_percent: u64,
    /// Free retries in a minute of a small budget: 0 to this many.
    pub retries_free_max: u64,
    /// Patience in most runs, in milliseconds.
    pub patience_ms: u64,
    /// Of 100 runs, how many have the long patience, and servers that ask for long waits.
    pub long_patience_percent: u64,
    /// The long patience, in milliseconds.
    pub long_patience_ms: u64,
    /// Of 100 runs, how many have an engine with hardly any room: hosts are met one after the other, and put aside at once.
    pub narrow_percent: u64,
    /// Of 100 process lives, how many are asked to drain before their end.
    pub drain_percent: u64,
    /// A bug put in on purpose, to see that the checkers find it.
    pub plant: Option<Plant>,
}

impl Plant {
    /// Every planted bug.
    pub const ALL: &[Self] = &[
        Self::HoldIgnored,
        Self::HoldShortened,
        Self::ServerClockUnread,
        Self::ChallengeRetried,
        Self::UrlBlamed,
        Self::RobotsUnread,
        Self::SlotsForgotten,
        Self::RetriesUncounted,
        Self::DelayForgotten,
        Self::AnswerLost,
        Self::RowWrittenTwice,
        Self::LeftoversKept,
        Self::CommitForgotten,
    ];
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hosts_max: 12,
            urls_max: 24,
            big_host_percent: 3,
            shared_address_percent: 30,
            shared_limiter_percent: 50,
            crashes_max: 3,
            crash_percent: 10,
            down_ms_max: 5_000,
            message_ms_max: 2,
            connect_ms_max: 30,
            sync_ms_max: 40,
            partitions: 4,
            slots_max: 64,
            delay_percent: 20,
            delay_ms_max: 3_000,
            small_budget_percent: 50,
            retries_free_max: 10,
            patience_ms: 60_000,
            long_patience_percent: 30,
            long_patience_ms: 900_000,
            narrow_percent: 25,
            drain_percent: 15,
            plant: None,
        }
    }
}

/// Bugs that a program could have; each must be found by the checkers or by the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// What servers say about when to come back never reaches the engine.
    HoldIgnored,
    /// A tenth of each stated time is cut off, as a jitter would that shortens.
    HoldShortened,
    /// Dates are read by our own clock, not by the server's.
    ServerClockUnread,
    /// A challenge is taken for an overload, and asked again.
    ChallengeRetried,
    /// Each refusal is charged to its URL.
    UrlBlamed,
    /// What robots.txt says is not read.
    RobotsUnread,
    /// Slots are taken without asking the governor.
    SlotsForgotten,
    /// The governor is not told which requests are retries.
    RetriesUncounted,
    /// The user's `--delay` is not kept.
    DelayForgotten,
    /// Now and then an answer never reaches the engine.
    AnswerLost,
    /// Now and then a row is written twice.
    RowWrittenTwice,
    /// Recovery leaves rows that no commit names.
    LeftoversKept,
    /// Now and then a commit is acknowledged and never written.
    CommitForgotten,
}
