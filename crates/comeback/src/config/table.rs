//! What is in force, as a table for people.

use comeback_driver::settings::Settings;
use comeback_driver::settings::host_rule::HostRule;
use comeback_driver::settings::quantity::{show_duration, show_size};
use comeback_engine::diagnosis::expectation::Expectation;
use comeback_engine::secret_field::shown_value;

use super::{HostKey, InForce, Key};

/// Key, value and origin, in columns.
pub(super) fn render(in_force: &InForce) -> String {
    let mut rows = vec![("key".to_owned(), "value".to_owned(), "origin".to_owned())];
    let mut add = |name: String, values: Vec<String>, origin: String| {
        let mut values = values.into_iter();
        rows.push((name, values.next().unwrap_or_else(|| "-".to_owned()), origin));
        rows.extend(values.map(|value| (String::new(), value, String::new())));
    };
    for key in Key::ALL {
        add(key.name().to_owned(), shown(key, &in_force.settings), in_force.origin(key).to_string());
    }
    for (rule, origin) in in_force.settings.hosts.iter().zip(in_force.host_origins()) {
        add("host".to_owned(), vec![rule.pattern.clone()], origin.to_string());
        for (key, values) in HostKey::ALL.map(|key| (key, shown_of_rule(key, rule))) {
            if !values.is_empty() {
                add(format!("  {}", key.name()), values, String::new());
            }
        }
    }
    let width =
        |column: fn(&(String, String, String)) -> &String| rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
    let (keys, values) = (width(|row| &row.0), width(|row| &row.1).min(VALUE_WIDTH_MAX));
    let lines = rows.iter().map(|(key, value, origin)| format!("{key:keys$}  {value:values$}  {origin}"));
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A longer value pushes its origin to the right instead of widening the whole table.
const VALUE_WIDTH_MAX: usize = 60;

/// The value of a key as it would be written; several for a list, none where it is not set.
pub(super) fn shown(key: Key, settings: &Settings) -> Vec<String> {
    match key {
        Key::Patience => vec![show_duration(settings.patience_ms)],
        Key::Attempts => vec![settings.attempts.to_string()],
        Key::Concurrency => vec![settings.concurrency.to_string()],
        Key::PerHost => vec![settings.per_host.to_string()],
        Key::Delay => settings.delay_ms.map(show_duration).into_iter().collect(),
        Key::Timeout => vec![show_duration(settings.timeout_ms)],
        Key::Deadline => settings.deadline_ms.map(show_duration).into_iter().collect(),
        Key::BodyMax => vec![show_size(settings.body_bytes_max)],
        Key::Header => field_lines(&settings.headers),
        Key::UserAgent => vec![settings.user_agent.clone()],
        Key::Contact => settings.contact.iter().cloned().collect(),
        Key::IgnoreRobots => settings.ignore_robots.clone(),
        Key::Expect => rule_texts(&settings.expect),
        Key::Memory => vec![show_size(settings.memory_bytes)],
        Key::Compress => vec![settings.compress.word().to_owned()],
        Key::FileMax => vec![show_size(settings.file_bytes_max)],
        Key::Strict => vec![settings.strict.to_string()],
        Key::Partitions => vec![settings.partitions.to_string()],
    }
}

/// The value of a key of a table for hosts; none where it is not set, or is said with another key.
fn shown_of_rule(key: HostKey, rule: &HostRule) -> Vec<String> {
    match key {
        HostKey::Pattern | HostKey::HeadersEnv => Vec::new(),
        HostKey::Headers => field_lines(&rule.headers),
        HostKey::Auth => rule.auth.iter().map(|auth| format!("{} (not shown)", auth.scheme())).collect(),
        HostKey::Cookies => rule.cookies.iter().map(bool::to_string).collect(),
        HostKey::Expect => rule.expect.iter().flat_map(|rules| rule_texts(rules)).collect(),
        HostKey::Delay => rule.delay_ms.map(show_duration).into_iter().collect(),
        HostKey::PerHost => rule.per_host.iter().map(u32::to_string).collect(),
    }
}

fn rule_texts(rules: &[Expectation]) -> Vec<String> {
    rules.iter().map(|rule| rule.text().to_owned()).collect()
}

fn field_lines(fields: &[(String, String)]) -> Vec<String> {
    fields.iter().map(|(name, value)| format!("{name}: {}", shown_value(name, value))).collect()
}
