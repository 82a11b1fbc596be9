//! What the user wants for the hosts of a pattern only: their pace.
//!
//! Not here: fields, credentials and cookies for these hosts. They say nothing about whom to ask when, so they are the driver's.

use crate::config::EngineConfig;
use crate::host_key::{HostKey, host_matches};

/// The user's pace for the hosts of a pattern; what is `None` is as for any host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    /// The host pattern.
    pub pattern: String,
    /// The least gap between two requests to such a host, in milliseconds.
    pub delay_ms: Option<u64>,
    /// Requests under way at such a host; reached by slow start.
    pub window_max: Option<u32>,
}

impl EngineConfig {
    /// The user's gap for a host, in milliseconds.
    #[must_use]
    pub fn delay_ms_of(&self, host: &HostKey) -> u64 {
        self.rules_of(host).filter_map(|rule| rule.delay_ms).last().unwrap_or(self.delay_ms)
    }

    /// The widest window of a host.
    #[must_use]
    pub fn window_max_of(&self, host: &HostKey) -> u32 {
        self.rules_of(host).filter_map(|rule| rule.window_max).last().unwrap_or(self.window_max)
    }

    /// The rules that a host matches, in their order: what a later one says replaces what an earlier one said.
    fn rules_of(&self, host: &HostKey) -> impl Iterator<Item = &HostRule> {
        self.host_rules.iter().filter(|rule| host_matches(&rule.pattern, host.host()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PartitionId;

    #[test]
    fn the_last_rule_that_speaks_of_it_wins() {
        let rule = |pattern: &str, delay_ms, window_max| HostRule { pattern: pattern.into(), delay_ms, window_max };
        let host_rules = vec![
            rule("*.example.org", Some(2_000), Some(2)),
            rule("a.example.org", Some(0), None),
            rule("other.example", Some(7), Some(7)),
        ];
        let config = EngineConfig { delay_ms: 10, host_rules, ..EngineConfig::new(PartitionId(0), 1) };
        let of = |host: &str| {
            let host = HostKey::of(&format!("http://{host}:8080/").parse().unwrap()).unwrap();
            (config.delay_ms_of(&host), config.window_max_of(&host))
        };
        assert_eq!(of("A.example.org"), (0, 2));
        assert_eq!(of("b.example.org"), (2_000, 2));
        assert_eq!(of("example.org"), (10, 16));
    }
}
