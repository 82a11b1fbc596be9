//! The layers against each other, and each against nonsense.

use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use super::*;

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn of_file(text: &str) -> Result<InForce, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(CONFIG_FILE_NAME), text).unwrap();
    load(None, dir.path(), [], &FlagValues::default())
}

fn of_variable(name: &str, value: &str) -> Result<InForce, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    load(None, dir.path(), variables(&[(name, value)]), &FlagValues::default())
}

fn message(error: &ConfigError) -> String {
    format!("{error} / {}", error.hint().unwrap_or_default())
}

#[test]
fn without_layers_the_defaults_are_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let in_force = load(None, dir.path(), [], &FlagValues::default()).unwrap();
    assert_eq!(in_force.settings, Settings::default());
    assert!(Key::ALL.iter().all(|key| *in_force.origin(*key) == Origin::Default));
}

#[test]
fn a_higher_layer_wins_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(CONFIG_FILE_NAME), "# ours\npatience = \"1m\"\nattempts = 2\ndelay = \"1s\"\n").unwrap();
    let environment = variables(&[("COMEBACK_PATIENCE", "2m"), ("COMEBACK_ATTEMPTS", "3"), ("HOME", "/")]);
    let flags = FlagValues { patience: Some("3m".into()), strict: true, ..FlagValues::default() };
    let in_force = load(None, dir.path(), environment, &flags).unwrap();
    assert_eq!(in_force.settings.patience_ms, 180_000);
    assert_eq!(in_force.settings.attempts, 3);
    assert_eq!(in_force.settings.delay_ms, Some(1_000));
    assert!(in_force.settings.strict);
    let origins = [Key::Patience, Key::Attempts, Key::Delay, Key::Timeout].map(|key| in_force.origin(key).to_string());
    assert_eq!(origins, ["--patience", "COMEBACK_ATTEMPTS", "comeback.toml:4", "default"]);
}

#[test]
fn a_list_of_a_higher_layer_replaces_the_lower_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(CONFIG_FILE_NAME), "ignore_robots = [\"a.example\", \"b.example\"]\nheader = [\"A: 1\"]\n")
        .unwrap();
    let flags = FlagValues { ignore_robots: vec!["127.*".into()], ..FlagValues::default() };
    let in_force = load(None, dir.path(), [], &flags).unwrap();
    assert_eq!(in_force.settings.ignore_robots, ["127.*"]);
    assert_eq!(in_force.settings.headers, [("A".to_owned(), "1".to_owned())]);
}

#[test]
fn every_key_can_be_set_in_every_layer() {
    let values = [
        ("patience", "\"1s\""),
        ("attempts", "1"),
        ("concurrency", "0x10"),
        ("per_host", "2"),
        ("delay", "\"0s\""),
        ("timeout", "\"1h\""),
        ("deadline", "\"1ms\""),
        ("body_max", "\"1GiB\""),
        ("header", "[\"A: b, c\"]"),
        ("user_agent", "\"x/1\""),
        ("contact", "\"me@a.example\""),
        ("ignore_robots", "[\"*\", \"[::1]\"]"),
        ("expect", "[\"bytes>=1\", \"regex:a,b\"]"),
        ("memory", "\"16MiB\""),
        ("compress", "\"zstd\""),
        ("file_max", "\"64KiB\""),
        ("strict", "true"),
        ("partitions", "4_096"),
    ];
    assert_eq!(values.map(|(name, _)| name), Key::ALL.map(Key::name));
    let text: String = values.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    let in_force = of_file(&text).unwrap();
    assert!(Key::ALL.iter().all(|key| *in_force.origin(*key) != Origin::Default));
    assert_eq!(in_force.settings.concurrency, 16);
    assert_eq!(in_force.settings.partitions, 4_096);
    let pairs =
        [("COMEBACK_HEADER", "A: b, c\nD: e"), ("COMEBACK_IGNORE_ROBOTS", "a.example, b.example,"), ("COMEBACK_STRICT", "true")];
    let dir = tempfile::tempdir().unwrap();
    let in_force = load(None, dir.path(), variables(&pairs), &FlagValues::default()).unwrap();
    assert_eq!(in_force.settings.headers.len(), 2);
    assert_eq!(in_force.settings.ignore_robots, ["a.example", "b.example"]);
}

#[test]
fn an_unknown_key_points_at_its_line_and_at_its_neighbour() {
    let error = of_file("attempts = 2\n\npatiense = \"1m\"\n").unwrap_err();
    assert_eq!(message(&error), "comeback.toml:3: unknown key `patiense` / did you mean `patience`?");
    let error = of_file("[servers]\na = 1\n").unwrap_err();
    assert_eq!(message(&error), "comeback.toml:1: unknown key `servers` / `comeback config` lists every key");
}

#[test]
fn an_unknown_variable_is_an_error_and_a_foreign_one_is_not() {
    let error = of_variable("COMEBACK_PATIENSE", "1m").unwrap_err();
    assert_eq!(message(&error), "COMEBACK_PATIENSE: unknown key `COMEBACK_PATIENSE` / did you mean `COMEBACK_PATIENCE`?");
    assert!(of_variable("COMEBACK_TEST_SEED", "7").is_ok());
    assert!(of_variable("COMEBACKS", "7").is_ok());
}

/// The bug: `error: --patience: patience: ...`, the same name twice.
#[test]
fn a_bad_value_names_its_place_whatever_the_layer() {
    let file = of_file("\npatience = \"10\"\n").unwrap_err();
    let hint = "a duration is an integer with ms, s, m or h, such as 500ms, 5s, 10m, 1h";
    assert_eq!(message(&file), format!("comeback.toml:2: patience: `10` is not a duration / {hint}"));
    let variable = of_variable("COMEBACK_PATIENCE", "10").unwrap_err();
    assert_eq!(message(&variable), format!("COMEBACK_PATIENCE: `10` is not a duration / {hint}"));
    let flags = FlagValues { patience: Some("10".into()), ..FlagValues::default() };
    let flag = load(None, Path::new("/nonexistent"), [], &flags).unwrap_err();
    assert_eq!(message(&flag), format!("--patience: `10` is not a duration / {hint}"));
}

#[test]
fn nonsense_in_a_file_is_an_error_with_its_line() {
    for text in [
        "patience = 10",
        "patience = [\"1m\"]",
        "attempts = \"4\"",
        "attempts = 4.0",
        "attempts = 0",
        "attempts = -1",
        "attempts = 33",
        "attempts = 99999999999999999999999999999999999999999999",
        "strict = \"yes\"",
        "strict = 1",
        "header = \"A: b\"",
        "header = [1]",
        "header = [\"no colon\"]",
        "header = [\"Host: x\"]",
        "header = [\"A: b\\r\\nC: d\"]",
        "user_agent = \"\"",
        "user_agent = \"a\\nb\"",
        "contact = \"a) evil (b\"",
        "ignore_robots = [\"http://a.example/\"]",
        "ignore_robots = [\"a.example:80\"]",
        "ignore_robots = [\"\"]",
        "expect = [\"basket\"]",
        "expect = [\"regex:(\"]",
        "body_max = \"0KiB\"",
        "memory = \"1MiB\"",
        "file_max = \"1KiB\"",
        "timeout = \"0s\"",
        "compress = \"GZIP\"",
        "partitions = 65536",
        "patience = ",
        "= 1",
        "strict = true\nstrict = true",
        "\0",
    ] {
        let error = of_file(text).unwrap_err().to_string();
        assert!(error.starts_with("comeback.toml:1: ") || error.starts_with("comeback.toml:2: "), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{error:?}");
    }
}

#[test]
fn nonsense_in_a_variable_is_an_error_with_its_name() {
    for (name, value) in [
        ("COMEBACK_ATTEMPTS", "four"),
        ("COMEBACK_ATTEMPTS", "+4"),
        ("COMEBACK_ATTEMPTS", ""),
        ("COMEBACK_STRICT", "1"),
        ("COMEBACK_PATIENCE", ""),
        ("COMEBACK_MEMORY", "256MB"),
        ("COMEBACK_", "x"),
    ] {
        let error = of_variable(name, value).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    }
    let raw = [(OsString::from("COMEBACK_CONTACT"), OsString::from_vec(vec![0xff]))];
    let error = load(None, Path::new("/nonexistent"), raw, &FlagValues::default()).unwrap_err();
    assert_eq!(error.to_string(), "COMEBACK_CONTACT: the value is not UTF-8");
}

#[test]
fn a_file_that_was_named_must_exist_and_be_readable() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent.toml");
    for path in [absent.as_path(), dir.path()] {
        let error = load(Some(path), dir.path(), [], &FlagValues::default()).unwrap_err();
        assert!(matches!(error, ConfigError::Io { .. }), "{error}");
    }
    let long = dir.path().join("long.toml");
    fs::write(&long, "#".repeat(usize::try_from(CONFIG_BYTES_MAX).unwrap() + 1)).unwrap();
    let error = load(Some(&long), dir.path(), [], &FlagValues::default()).unwrap_err();
    assert!(matches!(error, ConfigError::TooLong { .. }), "{error}");
    let bytes = dir.path().join("bytes.toml");
    fs::write(&bytes, [0xff, 0xfe]).unwrap();
    assert!(load(Some(&bytes), dir.path(), [], &FlagValues::default()).is_err());
}

#[test]
fn the_table_tells_origins_and_keeps_secrets() {
    let in_force =
        of_file("contact = \"me@a.example\"\nheader = [\"Authorization: Bearer abc\", \"Accept: text/html\"]\n").unwrap();
    let table = in_force.table();
    assert!(!table.contains("abc"), "{table}");
    let words = |key: &str| table.lines().find(|line| line.starts_with(key)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(words("patience"), ["patience", "15m", "default"]);
    assert_eq!(words("contact"), ["contact", "me@a.example", "comeback.toml:1"]);
    assert_eq!(words("deadline"), ["deadline", "-", "default"]);
    assert!(table.contains("Authorization: (not shown)") && table.contains("Accept: text/html"), "{table}");
}
