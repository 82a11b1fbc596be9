//! A plan as text: what a job would ask of whom, for the one who is about to start it.
//!
//! What holds for every host is said once; below a host stands only what is different there.

use comeback_driver::dry_run::{Fault, Plan};
use comeback_driver::settings::Settings;
use comeback_driver::settings::quantity::show_duration;
use comeback_engine::host_key::{HostKey, host_matches};
use comeback_engine::secret_field::shown_value;
use comeback_report::figures::{count, counted, plain};

/// Hosts that are shown; of the others, the sum.
pub const HOSTS_SHOWN_MAX: usize = 20;

/// The narrowest column of counts.
const COUNT_WIDTH_MIN: usize = 6;

/// Renders a plan under the settings that it was made with.
#[must_use]
pub fn render(plan: &Plan, settings: &Settings) -> String {
    let hosts = plan.hosts.len() as u64;
    let more = if plan.urls_elsewhere > 0 { "more than " } else { "" };
    let mut lines = vec![
        format!(
            "{} of {more}{} would be asked. Nothing was asked or written.",
            counted(plan.urls, "URL"),
            counted(hosts, "host")
        ),
        String::new(),
        format!("Every host: {}", courtesy(settings, None).join(", ")),
        "Every request:".to_owned(),
        format!("  User-Agent: {}", settings.user_agent_field()),
    ];
    lines.extend(field_lines(&settings.headers).map(|line| format!("  {line}")));
    if !settings.expect.is_empty() {
        lines.push("Every page must meet:".to_owned());
        lines.extend(settings.expect.iter().map(|rule| format!("  {}", rule.text())));
    }
    if hosts > 0 {
        lines.push(String::new());
        lines.extend(host_lines(plan, settings));
    }
    let notes: Vec<String> = notes(plan).chain(idle_patterns(plan, settings)).collect();
    if !notes.is_empty() {
        lines.push(String::new());
        lines.extend(notes);
    }
    lines.into_iter().map(|line| format!("{}\n", plain(&line))).collect()
}

fn host_lines(plan: &Plan, settings: &Settings) -> Vec<String> {
    let mut hosts: Vec<(&HostKey, u64)> = plan.hosts.iter().map(|(host, urls)| (host, *urls)).collect();
    hosts.sort_by_key(|(_, urls)| std::cmp::Reverse(*urls));
    let width = hosts.first().map_or(0, |(_, urls)| count(*urls).len()).max(COUNT_WIDTH_MIN);
    let (shown, rest) = hosts.split_at(hosts.len().min(HOSTS_SHOWN_MAX));
    let mut lines = vec![format!("{:>width$}  host", "URLs")];
    for (host, urls) in shown {
        lines.push(format!("{:>width$}  {host}", count(*urls)));
        lines.extend(differences(host.host(), settings).into_iter().map(|line| format!("{:width$}    {line}", "")));
    }
    let (rest_hosts, rest_urls) = (rest.len() as u64, rest.iter().map(|(_, urls)| urls).sum::<u64>() + plan.urls_elsewhere);
    if plan.urls_elsewhere > 0 {
        lines.push(format!("{:>width$}  further hosts, more than {}", count(rest_urls), count(rest_hosts)));
    } else if rest_hosts > 0 {
        lines.push(format!("{:>width$}  {}", count(rest_urls), counted(rest_hosts, "further host")));
    }
    lines
}

/// What is different at a host, one line each.
fn differences(host: &str, settings: &Settings) -> Vec<String> {
    let (here, elsewhere) = (courtesy(settings, Some(host)), courtesy(settings, None));
    let ways: Vec<String> = here.into_iter().filter(|way| !elsewhere.contains(way)).collect();
    let mut lines: Vec<String> = if ways.is_empty() { Vec::new() } else { vec![ways.join(", ")] };
    lines.extend(field_lines(&settings.host_fields(host)));
    let expected = settings.expectations_of(host);
    match expected {
        _ if expected == settings.expect => {}
        [] => lines.push("pages may be anything".to_owned()),
        rules => lines.extend(rules.iter().map(|rule| format!("pages must meet {}", rule.text()))),
    }
    lines
}

/// How a host is treated; without a host, how one is of which nothing is said.
fn courtesy(settings: &Settings, host: Option<&str>) -> Vec<String> {
    let rules = || host.into_iter().flat_map(|host| settings.rules_of(host));
    let delay_ms = rules().filter_map(|rule| rule.delay_ms).last().or(settings.delay_ms);
    let window = rules().filter_map(|rule| rule.per_host).last().unwrap_or(settings.per_host);
    let robots = if host.is_some_and(|host| settings.ignores_robots_of(host)) { "not asked" } else { "asked first" };
    let delay = delay_ms.filter(|ms| *ms > 0).map_or_else(|| "no".to_owned(), show_duration);
    let mut ways = vec![
        format!("robots.txt {robots}"),
        if delay == "no" { "no fixed delay".to_owned() } else { format!("{delay} between requests") },
        format!("at most {window} at once"),
    ];
    if host.is_some_and(|host| settings.keeps_cookies_of(host)) {
        ways.push("cookies kept".to_owned());
    }
    ways
}

fn field_lines(fields: &[(String, String)]) -> impl Iterator<Item = String> {
    fields.iter().map(|(name, value)| format!("{name}: {}", shown_value(name, value)))
}

/// What else there is to say of the lists.
fn notes(plan: &Plan) -> impl Iterator<Item = String> {
    let said = |what: &str, number: u64| (number > 0).then(|| format!("{what}: {}", count(number)));
    let rough = "Memory does not reach to compare all URLs: duplicates may be among them.";
    let web =
        plan.web_lists_named.iter().map(|url| format!("  {url}")).chain(unnamed(plan.web_lists, plan.web_lists_named.len()));
    let faults = plan.faults.iter().map(|Fault { list, line, why }| format!("  {}:{line}: {why}", list.display()));
    let faults = faults.chain(unnamed(plan.bad_lines + plan.broken_lists, plan.faults.len()));
    said("Duplicates, dropped", plan.duplicates)
        .into_iter()
        .chain(plan.is_rough.then(|| rough.to_owned()))
        .chain(said("URLs with a method, fields or a body of their own", plan.special))
        .chain(said("Lists on the web, fetched first for more URLs", plan.web_lists))
        .chain(web)
        .chain(said("Lists that break off before their end", plan.broken_lists))
        .chain(said("Lines that cannot be used, skipped", plan.bad_lines))
        .chain(faults)
}

/// Patterns that no host of the lists matches: misspelt perhaps, or for hosts that redirects lead to.
fn idle_patterns(plan: &Plan, settings: &Settings) -> Vec<String> {
    let patterns = settings.hosts.iter().map(|rule| &rule.pattern).chain(&settings.ignore_robots);
    let matches = |pattern: &str| plan.hosts.keys().any(|host| host_matches(pattern, host.host()));
    let idle: Vec<String> = patterns.filter(|pattern| !matches(pattern)).map(|pattern| format!("  {pattern}")).collect();
    if idle.is_empty() || plan.hosts.is_empty() {
        return Vec::new();
    }
    [format!("Patterns in the settings that no host of the lists matches: {}", idle.len())].into_iter().chain(idle).collect()
}

/// How many are not named.
fn unnamed(all: u64, named: usize) -> Option<String> {
    let left = all.saturating_sub(named as u64);
    (left > 0).then(|| format!("  and {} more", count(left)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use comeback_driver::settings::host_rule::HostRule;

    use super::*;

    fn host(name: &str) -> HostKey {
        HostKey::of(&format!("http://{name}/").parse().unwrap()).unwrap()
    }

    #[test]
    fn an_empty_plan_is_still_one() {
        let text = render(&Plan::default(), &Settings::default());
        assert!(text.starts_with("0 URLs of 0 hosts would be asked. Nothing was asked or written.\n"), "{text}");
        assert!(
            !text.contains("host\n") && text.ends_with(&format!("User-Agent: {}\n", Settings::default().user_agent)),
            "{text}"
        );
    }

    #[test]
    fn a_pattern_that_matches_no_host_is_named() {
        let plan = Plan { urls: 1, hosts: [(host("a.example"), 1)].into(), ..Plan::default() };
        let rule = |pattern: &str| HostRule::of_pattern(pattern.into());
        let hosts = vec![rule("*.example"), rule("*.exmaple")];
        let settings = Settings { hosts, ignore_robots: vec!["127.*".into()], ..Settings::default() };
        let text = render(&plan, &settings);
        assert!(text.ends_with("no host of the lists matches: 2\n  *.exmaple\n  127.*\n"), "{text}");
        assert!(!render(&Plan::default(), &settings).contains("matches"), "an empty list matches nothing");
    }

    #[test]
    fn hosts_beyond_the_most_are_summed_and_no_line_is_wide() {
        let hosts = (0..30_u64).map(|number| (host(&format!("h{number}.example")), number + 1)).collect();
        let faults = vec![Fault { list: PathBuf::from("urls.txt"), line: 7, why: "not a URL:\u{1b}[2J".into() }];
        let plan = Plan { urls: 470, hosts, urls_elsewhere: 5, bad_lines: 3, faults, is_rough: true, ..Plan::default() };
        let text = render(&plan, &Settings::default());
        assert!(text.starts_with("470 URLs of more than 30 hosts would be asked."), "{text}");
        assert!(text.contains("\n    30  http://h29.example:80\n") && !text.contains("h9.example"), "{text}");
        assert!(text.contains("\n    60  further hosts, more than 10\n"), "{text}");
        assert!(text.ends_with("  urls.txt:7: not a URL:\\u{1b}[2J\n  and 2 more\n"), "{text:?}");
        assert!(text.lines().all(|line| line.chars().count() <= 79) && !text.contains('\u{1b}'), "{text}");
    }
}
