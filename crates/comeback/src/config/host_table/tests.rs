//! Tables for hosts: what they say, and nonsense in them.

use std::ffi::OsString;
use std::fs;

use comeback_driver::settings::host_rule::{Auth, HOST_RULES_MAX, HostRule};

use super::super::{CONFIG_FILE_NAME, ConfigError, FlagValues, InForce, load};

fn of_file(text: &str, variables: &[(&str, &str)]) -> Result<InForce, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(CONFIG_FILE_NAME), text).unwrap();
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    load(None, dir.path(), variables, &FlagValues::default())
}

fn message(text: &str) -> String {
    let error = of_file(text, &[]).unwrap_err();
    format!("{error} / {}", error.hint().unwrap_or_default())
}

#[test]
fn tables_become_rules_in_their_order() {
    let text = "patience = \"1m\"\n\n[[host]]\npattern = \"*.example.org\"\nheaders = [\"X-Team: data\"]\ndelay = \"2s\"\n\
        per_host = 2\ncookies = true\n\n[[host]]\npattern = \"api.example.org\"\nauth = { bearer = \"t0ken\" }\n";
    let in_force = of_file(text, &[]).unwrap();
    let first = HostRule {
        headers: vec![("X-Team".into(), "data".into())],
        delay_ms: Some(2_000),
        per_host: Some(2),
        cookies: Some(true),
        ..HostRule::of_pattern("*.example.org".into())
    };
    let second = HostRule { auth: Some(Auth::Bearer("t0ken".into())), ..HostRule::of_pattern("api.example.org".into()) };
    assert_eq!(in_force.settings.hosts, [first, second]);
    let origins: Vec<String> = in_force.host_origins().iter().map(ToString::to_string).collect();
    assert_eq!(origins, ["comeback.toml:3", "comeback.toml:10"]);
}

#[test]
fn a_secret_can_stand_in_a_variable() {
    let text = "[[host]]\npattern = \"a.example\"\nauth = { basic_env = \"SITE_LOGIN\" }\n";
    let in_force = of_file(text, &[("SITE_LOGIN", "me:secret")]).unwrap();
    assert_eq!(in_force.settings.hosts[0].auth, Some(Auth::Basic("me:secret".into())));
    let said = message(text);
    assert_eq!(said, "comeback.toml:3: the variable SITE_LOGIN is not set / put the secret there: export SITE_LOGIN=...");
    let refused = of_file(text, &[("SITE_LOGIN", "no colon")]).unwrap_err().to_string();
    assert!(refused.starts_with("comeback.toml:3: auth: ") && !refused.contains("no colon"), "{refused}");
}

#[test]
fn a_fields_value_can_stand_in_a_variable() {
    let text = "[[host]]\npattern = \"a.example\"\nheaders_env = [\"X-Api-Key: SITE_KEY\"]\nheaders = [\"X-Team: data\"]\n";
    let in_force = of_file(text, &[("SITE_KEY", "k3y")]).unwrap();
    let expected = [("X-Api-Key", "k3y"), ("X-Team", "data")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(in_force.settings.hosts[0].headers, expected);
    assert!(!in_force.table().contains("k3y"));
    let refused = of_file(text, &[("SITE_KEY", "a\r\nX-Evil: b")]).unwrap_err().to_string();
    assert!(refused.starts_with("comeback.toml:3: headers_env: the value of the header X-Api-Key"), "{refused}");
}

#[test]
fn the_table_shows_each_rule_with_its_line_and_no_secret() {
    let text = "[[host]]\npattern = \"a.example\"\nauth = { basic = \"me:hidden\" }\nheaders = [\"X-Api-Key: hidden\", \"X-Team: data\"]\n\
        delay = \"1m\"\n";
    let table = of_file(text, &[]).unwrap().table();
    let shown: Vec<Vec<&str>> =
        table.lines().skip_while(|line| !line.starts_with("host")).map(|line| line.split_whitespace().collect()).collect();
    let expected: [&[&str]; 5] = [
        &["host", "a.example", "comeback.toml:1"],
        &["headers", "X-Api-Key:", "(not", "shown)"],
        &["X-Team:", "data"],
        &["auth", "basic", "(not", "shown)"],
        &["delay", "1m"],
    ];
    assert_eq!(shown, expected, "{table}");
    assert!(!table.contains("hidden"), "{table}");
}

#[test]
fn a_fault_names_its_line_and_the_way_out() {
    let said = message("[[host]]\npattern = \"a.example\"\nheader = [\"A: b\"]\n");
    let hint = "the known ones: pattern, headers, headers_env, auth, cookies, expect, delay, per_host";
    assert_eq!(said, format!("comeback.toml:3: unknown key `header` in a table for hosts / {hint}"));
    let said = message("strict = true\n[[host]]\ndelay = \"1s\"\n");
    assert!(said.starts_with("comeback.toml:2: the table has no pattern of hosts / begin it with"), "{said}");
    let said = message("[[hosts]]\npattern = \"a.example\"\n");
    assert_eq!(said, "comeback.toml:1: unknown key `hosts` / did you mean `host`?");
    let said = message("[host]\npattern = \"a.example\"\n");
    assert!(said.contains("[[host]]"), "{said}");
}

#[test]
fn nonsense_in_a_table_is_an_error_with_its_line() {
    for line in [
        "pattern = \"http://a.example/\"",
        "pattern = 5",
        "headers = \"A: b\"",
        "headers = [\"Host: b\"]",
        "headers = [\"A: b\\r\\nC: d\"]",
        "headers_env = [\"no colon\"]",
        "headers_env = [\"X-Api-Key: NO_SUCH_VARIABLE\"]",
        "auth = \"me:secret\"",
        "auth = { }",
        "auth = { basic = \"a:b\", bearer = \"c\" }",
        "auth = { digest = \"a:b\" }",
        "auth = { basic = 5 }",
        "auth = { bearer = \"two words\" }",
        "cookies = \"yes\"",
        "expect = [\"basket\"]",
        "expect = \"contains:a\"",
        "delay = 5",
        "delay = \"5\"",
        "per_host = 0",
        "per_host = 100000",
        "delay = \"1s\"\ndelay = \"1s\"",
    ] {
        let said = message(&format!("[[host]]\n{line}\n"));
        assert!(said.starts_with("comeback.toml:2: ") || said.starts_with("comeback.toml:3: "), "{line}: {said}");
    }
    let said = message("[[host]]\npattern = \"a\"\nauth = { basic = \"a:b\" }\nheaders = [\"authorization: x\"]\n");
    assert!(said.starts_with("comeback.toml:1: auth: the headers hold"), "{said}");
}

#[test]
fn there_is_a_most_of_tables() {
    let text = "[[host]]\npattern = \"a\"\n".repeat(HOST_RULES_MAX + 1);
    assert!(message(&text).starts_with(&format!("comeback.toml:{}: there are more than", 2 * HOST_RULES_MAX + 1)));
}
