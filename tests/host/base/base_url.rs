use edge_token_broker::base::base_url::{BaseUrl, BaseUrlFault, TargetFault};
use edge_token_broker::base::limits::{TARGET_MAX_BYTES, URL_MAX_BYTES};
use edge_token_broker::base::origin::Origin;

const GRAPH: &str = "https://graph.microsoft.com/v1.0";

fn base(text: &str) -> BaseUrl {
    BaseUrl::parse(text).unwrap()
}

/// The target's URL.
fn resolved(text: &str, path: &str, query: &str) -> String {
    base(text).resolve(path, query).unwrap().url().to_owned()
}

fn fault(path: &str) -> TargetFault {
    base(GRAPH).resolve(path, "").unwrap_err()
}

#[test]
fn a_base_is_an_origin_with_a_path() {
    let (plain, slash) = (base(GRAPH), base("https://graph.microsoft.com/v1.0/"));
    assert_eq!(plain, slash, "one slash at the end does not count");
    assert_eq!(plain.origin(), &Origin::parse("https://graph.microsoft.com").unwrap());
    assert_eq!(base("HTTPS://Graph.Microsoft.com:443/V1.0").origin(), plain.origin());
    for fine in
        ["https://a", "https://a/", "https://a:8443/x", "http://127.0.0.1:1/x", "http://[::1]:2"]
    {
        assert!(BaseUrl::parse(fine).is_ok(), "{fine}");
    }
    assert_eq!(resolved("https://A.example/Case/", "/b", ""), "https://a.example/Case/b");
    assert_eq!(resolved("https://a//", "/b", ""), "https://a//b", "a second slash does");
    assert_eq!(resolved("https://a/x{y}", "/b", ""), "https://a/x%7By%7D/b");
}

#[test]
fn anything_else_is_no_base() {
    for text in [
        "",
        "/",
        "graph.microsoft.com",
        "//graph.microsoft.com",
        "https:graph.microsoft.com",
        "https:///v1.0",
        "https://user@graph.microsoft.com/v1.0",
        "https://user:pass@graph.microsoft.com",
        "https://a?",
        "https://a/?q",
        "https://a/b#c",
        "https://a#",
        "https://a:0x50/b",
        "https://192.0.2.1./b",
        "https://a:/b/:80?",
        "https://a\\b",
        "https://é.example",
        "ftp://a",
        " https://a",
    ] {
        assert_eq!(BaseUrl::parse(text), Err(BaseUrlFault::NotABase), "{text}");
    }
    let long = format!("https://a/{}", "b".repeat(URL_MAX_BYTES));
    assert_eq!(BaseUrl::parse(&long), Err(BaseUrlFault::NotABase));
    assert_eq!(BaseUrl::parse("http://a/b"), Err(BaseUrlFault::InsecureHttp));
    for (text, fault) in [
        ("https://a/b/../c", TargetFault::DotSegment),
        ("https://a/%2e%2E/c", TargetFault::DotSegment),
        ("https://a/b\\c", TargetFault::Unencoded),
        ("https://a/b c", TargetFault::Unencoded),
        ("https://a/é", TargetFault::Unencoded),
        ("https://a/100%", TargetFault::Percent),
        ("https://a/%ff", TargetFault::NotText),
    ] {
        assert_eq!(BaseUrl::parse(text), Err(BaseUrlFault::Path(fault)), "{text}");
    }
}

#[test]
fn a_target_is_below_its_base() {
    let target = base(GRAPH).resolve("/users/a/messages", "$top=5").unwrap();
    assert_eq!(target.url(), "https://graph.microsoft.com/v1.0/users/a/messages?$top=5");
    assert_eq!(target.path(), "/users/a/messages");
}

#[test]
fn without_a_path_the_target_is_the_base_itself() {
    for (text, path, url, below) in [
        (GRAPH, "", GRAPH, ""),
        (GRAPH, "/", "https://graph.microsoft.com/v1.0/", "/"),
        ("https://a.example", "", "https://a.example/", "/"),
        ("https://a.example", "/", "https://a.example/", "/"),
        ("http://localhost:80/", "", "http://localhost/", "/"),
    ] {
        let target = base(text).resolve(path, "").unwrap();
        assert_eq!((target.url(), target.path()), (url, below), "{text} {path}");
    }
    assert_eq!(resolved(GRAPH, "", "a=b"), "https://graph.microsoft.com/v1.0?a=b");
}

#[test]
fn what_apis_have_in_their_paths_passes() {
    for path in [
        "/projects/group%2Fproject/issues",
        "/projects/a%2Fb%5Cc",
        "/users('a')/messages",
        "/users(id='a',x=1)/$value",
        "/me/drive/root:/a%20b.txt:/content",
        "/users/a@contoso.com/messages",
        "/@me",
        "//empty//segments/",
        "//evil.example/x",
        "/https://evil.example/",
        "/*/a+b/~x/!$&,;=",
        "/a;v=1/b",
        "/...",
        "/..a/.b/c..",
        "/a%2E%2Eb/.%2Ewell-known",
        "/%E2%82%AC/%F0%9F%98%80",
        "/100%25/a%253Ab",
        "/a|b[0]",
        "/%3F%23/;..",
    ] {
        assert_eq!(resolved(GRAPH, path, ""), format!("{GRAPH}{path}"));
        assert_eq!(base(GRAPH).resolve(path, "").unwrap().path(), path);
    }
}

#[test]
fn what_a_parser_would_encode_is_encoded() {
    let target =
        base("https://a.example").resolve("/{a}/\"<b>\"/`^|'", "q={'a'}<\"b\">^`|\\").unwrap();
    let path = "/%7Ba%7D/%22%3Cb%3E%22/%60%5E|'";
    assert_eq!(target.path(), path);
    assert_eq!(
        target.url(),
        format!("https://a.example{path}?q={{%27a%27}}%3C%22b%22%3E^`|\\"),
        "a query has other rules"
    );
}

#[test]
fn a_query_is_the_apis_own() {
    for query in ["a=%", "a=%ff&b=%00", "a=../..", "?", "/../x", "https://evil.example/@", "=&&"] {
        assert_eq!(resolved(GRAPH, "/a", query), format!("{GRAPH}/a?{query}"));
    }
    for query in ["a b", "a\tb", "a\nb", "é", "\0", "\x7f", "a#b"] {
        let fault = base(GRAPH).resolve("/a", query);
        assert_eq!(fault, Err(TargetFault::Unencoded), "{query:?}");
    }
}

#[test]
fn a_segment_that_leads_out_is_refused_however_it_is_written() {
    for path in [
        "/..",
        "/.",
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/../",
        "/%2e",
        "/%2E./b",
        "/.%2e",
        "/%2e%2E/b",
        "/a/%252e%252e/b",
        "/a/%25252e./b",
        "/%%32%65",
        "/..%2f",
        "/..%2F..%2fb",
        "/a%2f..",
        "/a%2f../b",
        "/a%5c..%5cb",
        "/..%5c",
        "/%5c..",
        "/a%252f..%252fb",
        "/a%255c../b",
        "/..;",
        "/..;x/b",
        "/.;/b",
        "/%2e%2e;x=1/b",
        "/..%3bx/b",
        "/..%3fx",
        "/..%23",
        "/..%253Fx",
        "/a%2f..;x%2fb",
        "//..",
        "/..//evil.example",
    ] {
        let expected =
            if path == "/%%32%65" { TargetFault::Percent } else { TargetFault::DotSegment };
        assert_eq!(fault(path), expected, "{path}");
    }
}

#[test]
fn a_character_that_parsers_read_in_different_ways_is_refused() {
    for path in [
        "\\",
        "/\\",
        "/a\\..\\b",
        "/\\evil.example",
        "/a b",
        "/ ",
        "/a\tb",
        "/a\nb",
        "/a\r\nb: c",
        "/\0",
        "/\x7f",
        "/\u{85}",
        "/é",
        "/．．/",
        "/a?b",
        "/a#b",
        "a",
        "@evil.example",
        ":443",
        ".evil.example",
        "v2",
    ] {
        assert_eq!(fault(path), TargetFault::Unencoded, "{path:?}");
    }
}

#[test]
fn an_encoding_that_is_no_text_is_refused() {
    for path in ["/%", "/a%", "/%2", "/%zz", "/%2g", "/%u002e", "/100%/b", "/%%2e"] {
        assert_eq!(fault(path), TargetFault::Percent, "{path}");
    }
    for path in [
        "/%c0%ae%c0%ae/b",
        "/%C0%AF",
        "/%c1%9c",
        "/%e0%80%ae",
        "/%f0%80%80%ae",
        "/%ff",
        "/%fe%80",
        "/%e2%82",
        "/%ed%a0%80",
        "/%00",
        "/a%00.txt",
        "/%0d%0aHost:x",
        "/%09",
        "/%1f",
        "/%7f",
        "/%c2%85",
        "/%c3/%a9",
        "/..%00/b",
        "/%25c0%25ae",
        "/%2500",
        "/%25250d",
    ] {
        assert_eq!(fault(path), TargetFault::NotText, "{path}");
    }
}

#[test]
fn path_and_query_are_bounded_together() {
    let (path, query) = (format!("/{}", "a".repeat(TARGET_MAX_BYTES - 3)), "ab");
    assert!(base(GRAPH).resolve(&path, query).is_ok());
    assert_eq!(base(GRAPH).resolve(&path, "abc"), Err(TargetFault::TooLong));
    let deep = format!("/%{}2e/", "25".repeat(TARGET_MAX_BYTES / 2 - 5));
    assert_eq!(fault(&deep), TargetFault::DotSegment, "however deep it is encoded");
}
