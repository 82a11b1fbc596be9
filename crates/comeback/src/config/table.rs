//! What is in force, as a table for people.

use comeback_driver::settings::Settings;
use comeback_driver::settings::quantity::{show_duration, show_size};

use super::{InForce, Key};

/// Fields whose names contain one of these carry credentials.
const SECRET_PARTS: [&str; 8] = ["auth", "cookie", "key", "password", "secret", "session", "signature", "token"];

/// Key, value and origin, in columns.
pub(super) fn render(in_force: &InForce) -> String {
    let mut rows = vec![("key".to_owned(), "value".to_owned(), "origin".to_owned())];
    for key in Key::ALL {
        let mut values = shown(key, &in_force.settings).into_iter();
        let first = values.next().unwrap_or_else(|| "-".to_owned());
        rows.push((key.name().to_owned(), first, in_force.origin(key).to_string()));
        rows.extend(values.map(|value| (String::new(), value, String::new())));
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
        Key::Header => settings.headers.iter().map(|(name, value)| format!("{name}: {}", redacted(name, value))).collect(),
        Key::UserAgent => vec![settings.user_agent.clone()],
        Key::Contact => settings.contact.iter().cloned().collect(),
        Key::IgnoreRobots => settings.ignore_robots.clone(),
        Key::Memory => vec![show_size(settings.memory_bytes)],
        Key::Compress => vec![settings.compress.word().to_owned()],
        Key::Strict => vec![settings.strict.to_string()],
        Key::Partitions => vec![settings.partitions.to_string()],
    }
}

fn redacted<'a>(name: &str, value: &'a str) -> &'a str {
    let name = name.to_ascii_lowercase();
    if SECRET_PARTS.iter().any(|part| name.contains(part)) { "(not shown)" } else { value }
}
