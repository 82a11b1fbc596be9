//! What the user may set of the engine's behaviour.

use crate::host_key::{HostKey, host_matches};
use crate::host_rule::HostRule;
use crate::ids::PartitionId;

/// How long a host may go without an accepted answer, unless set otherwise: 15 minutes.
pub const PATIENCE_MS_DEFAULT: u64 = 15 * 60 * 1000;

/// Settings of one partition's engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// Which partition this is.
    pub partition: PartitionId,
    /// How many partitions there are.
    pub partition_count: u16,
    /// How long a host may go without an accepted answer before its URLs are settled, in milliseconds.
    pub patience_ms: u64,
    /// Charged attempts for a URL, the first included.
    pub attempts_max: u32,
    /// Requests for a URL, charged or not.
    pub requests_max: u32,
    /// Requests under way at one host; reached by slow start.
    pub window_max: u32,
    /// The least gap between two requests to one host, in milliseconds.
    pub delay_ms: u64,
    /// Redirects followed for one URL.
    pub redirects_max: u8,
    /// The longest time between something to commit and its commit, in milliseconds.
    pub commit_ms: u64,
    /// Fields on every request; a seed URL's own field of the same name replaces one.
    pub headers: Vec<(String, String)>,
    /// The name that robots.txt knows us by.
    pub robots_agent: String,
    /// Host patterns whose robots.txt is neither asked nor obeyed.
    pub ignore_robots: Vec<String>,
    /// The user's pace for hosts of a pattern; a later rule is stronger than an earlier one.
    pub host_rules: Vec<HostRule>,
    /// Slots that are asked for before batches of further hosts are looked at.
    pub hosts_in_line: usize,
    /// Hosts with nothing to do that are remembered.
    pub hosts_resting_max: usize,
    /// The seed of all chance.
    pub rng_seed: u64,
}

impl EngineConfig {
    /// The defaults, for one partition.
    #[must_use]
    pub fn new(partition: PartitionId, partition_count: u16) -> Self {
        Self {
            partition,
            partition_count,
            patience_ms: PATIENCE_MS_DEFAULT,
            attempts_max: 4,
            requests_max: 32,
            window_max: 16,
            delay_ms: 0,
            redirects_max: 10,
            commit_ms: 1000,
            headers: Vec::new(),
            robots_agent: "comeback".into(),
            ignore_robots: Vec::new(),
            host_rules: Vec::new(),
            hosts_in_line: 16,
            hosts_resting_max: 64,
            rng_seed: 0,
        }
    }

    /// Whether a host's robots.txt is to be ignored.
    #[must_use]
    pub fn ignores_robots_of(&self, host: &HostKey) -> bool {
        self.ignore_robots.iter().any(|pattern| host_matches(pattern, host.host()))
    }
}
