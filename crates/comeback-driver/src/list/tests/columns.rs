//! CSV and its relatives.

use super::*;

fn csv(text: &str) -> Vec<Item> {
    items(text.as_bytes(), ListForm::Csv)
}

fn with_column<'a>(url_column: &'a str) -> Expected<'a> {
    Expected { url_column: Some(url_column), ..of_form(ListForm::Csv) }
}

fn metas(items: &[Item]) -> Vec<Option<&str>> {
    items.iter().map(|item| seed(item).meta.as_deref()).collect()
}

/// What each bad record says.
fn refusals(items: &[Item]) -> Vec<String> {
    items.iter().filter_map(|item| item.entry.as_ref().err()).map(ToString::to_string).collect()
}

#[test]
fn the_column_of_urls_is_found_by_its_name_and_the_others_are_carried() {
    let list = csv("id,URL,note\n1,http://a.example/,x\n2, http://b.example/ ,\"y, \"\"z\"\"\"\n");
    assert_eq!(given(&list), ["http://a.example/", "http://b.example/"]);
    assert_eq!(metas(&list), [Some(r#"{"id":"1","note":"x"}"#), Some(r#"{"id":"2","note":"y, \"z\""}"#)]);
    assert_eq!(list.iter().map(|item| item.line).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn of_several_known_names_the_plainest_counts() {
    assert_eq!(given(&csv("address,link,url\nBerlin,http://b/,http://a/\n")), ["http://a/"]);
    assert_eq!(given(&csv("address,Href\nBerlin,http://b/\n")), ["http://b/"]);
}

#[test]
fn one_column_needs_no_header_and_its_commas_are_part_of_the_url() {
    assert_eq!(given(&csv("http://a/\nhttp://b/?q=1,2;3\n")), ["http://a/", "http://b/?q=1,2;3"]);
    let list = csv("url\r\nhttp://a/?q=1,2\r\n\r\nhttp://b/");
    assert_eq!(given(&list), ["http://a/?q=1,2", "http://b/"]);
    assert_eq!(metas(&list), [None, None]);
    assert_eq!(list[1].line, 4);
}

#[test]
fn semicolons_and_tabs_separate_where_there_is_no_comma() {
    assert_eq!(given(&csv("id;url\n1;http://a/?q=1,2\n")), ["http://a/?q=1,2"]);
    assert_eq!(given(&csv("id\turl\n1\thttp://a/;x\n")), ["http://a/;x"]);
    assert_eq!(given(&csv("\u{feff}\"id;x\",\"url\"\n1,http://a/\n")), ["http://a/"]);
}

#[test]
fn a_line_end_within_quotes_ends_no_record_and_lines_are_counted() {
    let list = csv("note,url\n\"one\r\ntwo\n\",http://a/\r\n\r\n\"x\",http://b/");
    assert_eq!(given(&list), ["http://a/", "http://b/"]);
    assert_eq!(list.iter().map(|item| item.line).collect::<Vec<_>>(), [2, 6]);
    assert_eq!(metas(&list)[0], Some("{\"note\":\"one\\r\\ntwo\\n\"}"));
}

#[test]
fn the_user_names_the_column_by_name_or_number_with_or_without_header() {
    let (by_name, _) = all(b"page,ref\nhttp://a/,http://b/\n", with_column("REF"));
    assert_eq!((given(&by_name), metas(&by_name)), (vec!["http://b/"], vec![Some(r#"{"page":"http://a/"}"#)]));
    let (by_number, _) = all(b"page,ref\nhttp://a/,http://b/\n", with_column("2"));
    assert_eq!(given(&by_number), ["http://b/"], "the first record is a header, since it holds no URL there");
    let (no_header, _) = all(b"7,http://a/\n8,http://b/\n", with_column("2"));
    assert_eq!((given(&no_header), metas(&no_header)[0]), (vec!["http://a/", "http://b/"], Some(r#"{"1":"7"}"#)));
    assert_eq!(no_header[0].line, 1);
}

#[test]
fn a_list_without_a_known_column_is_refused_with_its_columns() {
    let error = opened(b"id,page\n1,http://a/\n", of_form(ListForm::Csv)).err().unwrap();
    assert_eq!(error.to_string(), "list has no column named url, link, loc, href or address");
    let hint = error.hint().unwrap();
    assert_eq!(hint, "name the column of URLs with --url-column, by its name or number: 1 `id`, 2 `page`");
    for column in ["pages", "0", "3", "-1", ""] {
        let error = opened(b"id,page\n1,http://a/\n", with_column(column)).err().unwrap();
        assert_eq!(error.to_string(), format!("list has no column `{column}`"));
    }
    let wide = format!("{}\n", vec!["x".repeat(500); 900].join(","));
    let hint = opened(wide.as_bytes(), of_form(ListForm::Csv)).err().unwrap().hint().unwrap();
    assert!(hint.len() < 1_500 && hint.ends_with("and 880 more"), "{hint}");
}

#[test]
fn nonsense_is_refused_with_its_line_and_reason() {
    let list = items(
        b"id,url\n1\n2,\n3,ftp://a/\n4,http://a/?q=1,2\n5,http://a/\xff\n6,http://a/\0\n7,a b\n8,http://ok/,,\n",
        ListForm::Csv,
    );
    assert_eq!(
        refusals(&list),
        [
            "line 2: there is no URL in column 2",
            "line 3: there is no URL in column 2",
            "line 4: the scheme is ftp; only http and https are fetched",
            "line 5: the record has 3 columns, the list 2; perhaps a quote is missing",
            "line 6: the line is not UTF-8, at byte 11",
            "line 7: the line contains a NUL byte, at byte 11",
            "line 8: not a URL: relative URL without a base",
        ]
    );
    assert_eq!(seed(list.last().unwrap()).given, "http://ok/", "empty columns at the end are none");
}

#[test]
fn a_quote_that_is_never_closed_is_told() {
    let list = csv("id,url\n1,http://a/\n\"2,http://b/\n3,http://c/\n");
    assert_eq!(given(&list[..1]), ["http://a/"]);
    assert_eq!(refusals(&list), ["line 3: a quote in this record is not closed before the list ends"]);
    assert_eq!(csv("url\n\"http://a/\"").len(), 1, "a closed one at the very end is");
}

#[test]
fn an_endless_record_is_skipped_without_being_held_and_the_next_one_read() {
    let list = csv(&format!("id,url\n\"{}\",http://a/\n2,http://b/\n", "x\n".repeat(LINE_BYTES_MAX)));
    assert_eq!(
        refusals(&list),
        [format!("line 2: the record is longer than {LINE_BYTES_MAX} bytes; perhaps a quote is not closed")]
    );
    assert_eq!((list[1].line, seed(&list[1]).given.as_str()), (LINE_BYTES_MAX as u64 + 3, "http://b/"));
    let list = csv(&format!("id,url\n{}\n2,http://b/\n", ",".repeat(COLUMNS_MAX)));
    assert_eq!(refusals(&list), [format!("line 2: the record has more than {COLUMNS_MAX} columns")]);
    assert_eq!(seed(&list[1]).given, "http://b/");
}

#[test]
fn names_that_are_empty_or_taken_give_way_to_numbers() {
    let list = csv("url,,a,a\nhttp://a/,1,2,3\n");
    assert_eq!(metas(&list), [Some(r#"{"2":"1","a":"2","4":"3"}"#)]);
}

#[test]
fn an_empty_list_has_no_records() {
    for text in ["", "\n\r\n", "url\n", "\u{feff}"] {
        assert_eq!(csv(text), [], "{text:?}");
    }
}
