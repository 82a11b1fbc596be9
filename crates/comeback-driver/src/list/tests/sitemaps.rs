//! Sitemaps and their indexes.

use super::*;

const OPENING: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";

fn sitemap(text: &str) -> Vec<Item> {
    items(text.as_bytes(), ListForm::Sitemap)
}

fn of_urlset(inside: &str) -> Vec<Item> {
    sitemap(&format!("{OPENING}{inside}\n</urlset>\n"))
}

/// What was read before a list ended, and why it did.
fn broken(text: &str) -> (usize, String) {
    let (items, error) = all(text.as_bytes(), of_form(ListForm::Sitemap));
    (items.len(), error.unwrap_or_else(|| panic!("{text} is read to its end")).to_string())
}

fn refused(text: &[u8]) -> String {
    opened(text, of_form(ListForm::Sitemap)).err().unwrap().to_string()
}

#[test]
fn the_place_of_each_entry_is_read_and_all_else_passed_over() {
    let list = of_urlset(
        "<url><loc>http://a/</loc><lastmod>2026-01-01</lastmod></url>\n\
        <!-- <url><loc>http://no/</loc></url> -->\n\
        <url xmlns:image=\"i\" xmlns:xhtml=\"x\"><image:image><image:loc>http://no/</image:loc></image:image>\n\
        <xhtml:link rel=\"alternate\" href=\"http://no/\"/><video:video><loc>http://no/</loc></video:video>\n\
        <image:loc>http://no/</image:loc><loc>\n  http://b/\n</loc><priority/></url>\n<other><loc>http://no/</loc></other>",
    );
    assert_eq!(given(&list), ["http://a/", "http://b/"]);
    assert_eq!(list.iter().map(|item| item.line).collect::<Vec<_>>(), [3, 7]);
    assert_eq!(seed(&list[0]).meta, None);
}

#[test]
fn a_prefix_of_the_namespace_changes_nothing() {
    let list = sitemap("<s:urlset xmlns:s='x'><s:url><s:loc>http://a/</s:loc><i:loc>http://no/</i:loc></s:url></s:urlset>");
    assert_eq!(given(&list), ["http://a/"]);
}

#[test]
fn entities_characters_and_cdata_are_resolved() {
    let list = of_urlset(
        "<url><loc>http://a/?x=1&amp;y=&#x32;&#51;</loc></url><url><loc><![CDATA[http://b/?x=1&y=2]]></loc></url>\n\
        <url><loc>http://c/?x=1&y=2</loc></url>",
    );
    assert_eq!(given(&list), ["http://a/?x=1&y=23", "http://b/?x=1&y=2", "http://c/?x=1&y=2"]);
}

#[test]
fn an_index_names_further_sitemaps() {
    let list = sitemap(
        "<sitemapindex>\n<sitemap><loc>http://a/1.xml</loc></sitemap>\n<sitemap><loc>/2.xml</loc></sitemap></sitemapindex>",
    );
    assert_eq!(list[0].entry, Ok(Entry::Sitemap("http://a/1.xml".into())));
    assert_eq!(list[1].entry.as_ref().unwrap_err().to_string(), "line 3: not a URL: relative URL without a base");
}

#[test]
fn nonsense_is_refused_with_its_line_and_reason() {
    let list = of_urlset(
        "<url><loc>/relative</loc></url>\n<url><loc>mailto:a@b</loc></url>\n<url><lastmod/></url>\n<url><loc></loc></url>\n\
        <url>\n<loc>http://a/?x=1&copy;</loc></url>\n<url><loc>http://a/&#0;</loc></url>\n<url><loc>http://ok/</loc></url>",
    );
    let refusals: Vec<_> = list.iter().filter_map(|item| item.entry.as_ref().err()).map(ToString::to_string).collect();
    assert_eq!(
        refusals,
        [
            "line 3: not a URL: relative URL without a base",
            "line 4: the scheme is mailto; only http and https are fetched",
            "line 5: <url> has no <loc>",
            "line 6: <url> has no <loc>",
            "line 8: &copy; is no entity that XML knows",
            "line 9: &#0; is no entity that XML knows",
        ]
    );
    assert_eq!(seed(list.last().unwrap()).given, "http://ok/");
}

#[test]
fn what_breaks_off_is_told_after_what_could_be_read() {
    let good = format!("{OPENING}<url><loc>http://a/</loc></url>\n");
    let said = |rest: &str| broken(&format!("{good}{rest}"));
    assert_eq!(said("<url><loc>http://b/</loc></url>\n"), (2, "line 5: the list ends before </urlset>".into()));
    assert_eq!(said("<url><loc>http://b"), (1, "line 4: the list ends before </urlset>".into()));
    assert_eq!(said("</url>"), (1, "line 4: this is not well-formed XML: </url> where </urlset> belongs".into()));
    assert_eq!(
        said("<url"),
        (1, "line 4: this is not well-formed XML: tag not closed: `>` not found before end of input".into())
    );
    assert_eq!(said("</urlset>\n<urlset>"), (1, "line 5: there is more after </urlset>".into()));
    assert_eq!(said("</urlset>\nmore"), (1, "line 4: there is more after </urlset>".into()));
    assert_eq!(said(&"<a>".repeat(100)), (1, "line 4: elements are nested deeper than 64".into()));
    assert_eq!(
        said(&format!("\n<url><!-- {} --></url>", "x".repeat(LINE_BYTES_MAX))),
        (1, format!("line 5: a tag or text of more than {LINE_BYTES_MAX} bytes begins here"))
    );
    let (items, error) =
        all(&[good.as_bytes(), b"<url><loc>http://\xff/</loc></url></urlset>"].concat(), of_form(ListForm::Sitemap));
    assert_eq!((items.len(), error.unwrap().to_string().starts_with("line 4: this is not well-formed XML: ")), (1, true));
}

#[test]
fn other_xml_is_refused_by_its_root_and_a_document_type_always() {
    assert_eq!(refused(b"\n<rss version='2.0'>"), "list:2: <rss> is not the root of a sitemap; <urlset> and <sitemapindex> are");
    assert_eq!(refused(b""), "list:1: there is no <urlset> and no <sitemapindex>");
    assert_eq!(refused(b"http://a/\n"), "list:1: there is no <urlset> and no <sitemapindex>");
    let bomb = b"<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;'>]>\n<urlset><url><loc>&c;</loc></url></urlset>";
    assert_eq!(refused(bomb), "list:2: a sitemap has no document type declaration, and none is read");
    let html = opened(b"<!doctype HTML>\n<html>", Expected::default()).err().unwrap();
    assert_eq!(html.to_string(), "list:1: <html> is not the root of a sitemap; <urlset> and <sitemapindex> are");
}

#[test]
fn a_text_sitemap_is_a_text_list() {
    let (items, _) = all(b"http://a/\nhttp://b/\n", Expected::default());
    assert_eq!(given(&items), ["http://a/", "http://b/"]);
}
