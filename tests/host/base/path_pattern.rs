use edge_token_broker::base::limits::{PATTERN_MAX_BYTES, PATTERN_SEGMENTS_MAX, TARGET_MAX_BYTES};
use edge_token_broker::base::path_pattern::{PathPattern, PatternFault};

fn matches(pattern: &str, path: &str) -> bool {
    PathPattern::parse(pattern).unwrap().matches(path)
}

#[track_caller]
fn assert_only(pattern: &str, matching: &[&str], others: &[&str]) {
    for path in matching {
        assert!(matches(pattern, path), "{pattern} {path}");
    }
    for path in others {
        assert!(!matches(pattern, path), "{pattern} {path}");
    }
}

#[test]
fn text_is_the_whole_segment() {
    for pattern in ["users/me", "/users/me"] {
        assert_only(
            pattern,
            &["/users/me"],
            &[
                "",
                "/",
                "/users",
                "/users/",
                "/users/me/",
                "/users/me2",
                "/users/m",
                "/Users/me",
                "//users/me",
            ],
        );
    }
    assert_only("users/", &["/users/"], &["/users", "/users//"]);
    assert_only("a//b", &["/a//b"], &["/a/b", "/a///b"]);
}

#[test]
fn one_asterisk_is_one_segment() {
    assert_only(
        "users/*",
        &["/users/a", "/users/a@b.c", "/users/*", "/users/a%20b", "/users/100%25"],
        &["/users", "/users/", "/users//", "/users/a/", "/users/a/messages"],
    );
    assert_only("*", &["/a"], &["", "/", "//", "/a/b"]);
    assert_only(
        "users/*/messages",
        &["/users/a/messages"],
        &["/users//messages", "/users/messages"],
    );
}

#[test]
fn two_asterisks_are_any_number_of_segments() {
    assert_only("**", &["", "/", "/a", "//", "/a/b/", "/a%2Fb"], &[]);
    assert_only("me/**", &["/me", "/me/", "/me/a", "/me//a/b"], &["", "/m", "/men", "/a/me"]);
    assert_only(
        "**/photo",
        &["/photo", "/a/photo", "//photo"],
        &["/photo/", "/aphoto", "/photo/a"],
    );
    assert_only("a/**/b/*/c", &["/a/b/x/c", "/a/b/b/x/c", "/a/x/b/b/c"], &["/a/b/c", "/a/b/x/c/d"]);
    assert_only("**/a/**/a", &["/a/a", "/x/a/y/a"], &["/a", "/x/a/y"]);
    assert_only("**/*", &["/a", "/a/b"], &["", "/", "/a/"]);
}

#[test]
fn the_base_itself_is_a_slash() {
    assert_only("/", &["", "/"], &["/a", "//"]);
}

#[test]
fn both_sides_are_decoded() {
    assert_only("a b/{x}", &["/a%20b/%7Bx%7D", "/%61%20b/%7bx%7d"], &["/a%2520b/%7Bx%7D"]);
    assert_only("a%20b", &["/a%20b"], &["/a%2520b"]);
    assert_only("données", &["/donn%C3%A9es"], &["/donn%E9es"]);
    assert_only("%2A/%2a%2A", &["/*/**", "/%2A/*%2a"], &["/a/b"]);
    assert_only("projects/a%2Fb/issues", &["/projects/a%2fb/issues"], &["/projects/a/b/issues"]);
    assert_only("projects/a/b", &["/projects/a/b"], &["/projects/a%2Fb"]);
}

/// The ids of GitLab's projects have a slash in them.
#[test]
fn an_encoded_slash_is_a_part_of_its_segment() {
    for segment in ["group%2Fproject", "a%5cb", "a%252fb", "%2f"] {
        let path = format!("/projects/{segment}");
        assert!(matches("projects/*", &path), "{path}");
        assert!(!matches("projects/*/*", &path), "{path}");
    }
}

#[test]
fn anything_else_is_no_pattern() {
    for (text, fault) in [
        ("", PatternFault::Size),
        ("a?b", PatternFault::NotAPath),
        ("a#b", PatternFault::NotAPath),
        ("a\\b", PatternFault::NotAPath),
        ("a\nb", PatternFault::NotAPath),
        ("a\u{85}b", PatternFault::NotAPath),
        ("a%", PatternFault::NotAPath),
        ("a%2", PatternFault::NotAPath),
        ("users/a*", PatternFault::PartOfSegment),
        ("***", PatternFault::PartOfSegment),
        ("*.json", PatternFault::PartOfSegment),
        (".", PatternFault::DotSegment),
        ("a/../b", PatternFault::DotSegment),
        ("a/%2e%2E", PatternFault::DotSegment),
    ] {
        assert_eq!(PathPattern::parse(text), Err(fault), "{text}");
    }
    let long = "a".repeat(PATTERN_MAX_BYTES);
    assert!(PathPattern::parse(&long).is_ok());
    assert_eq!(PathPattern::parse(&format!("{long}a")), Err(PatternFault::Size));
    let many = "/a".repeat(PATTERN_SEGMENTS_MAX);
    assert!(PathPattern::parse(&many).is_ok());
    assert_eq!(PathPattern::parse(&format!("{many}/a")), Err(PatternFault::Size));
}

/// The number of comparisons is at most that of the segments multiplied: half a million. With a `**` that is
/// tried again in each place of the one before it, the number would have dozens of digits.
#[test]
fn many_asterisks_take_no_longer_on_a_long_path() {
    let path = "/a".repeat(TARGET_MAX_BYTES / 2);
    let pattern = format!("{}b", "**/a/".repeat(PATTERN_SEGMENTS_MAX / 2 - 1));
    assert!(!matches(&pattern, &path));
    let pattern = format!("**{}/b", "/a".repeat(PATTERN_SEGMENTS_MAX - 2));
    assert!(!matches(&pattern, &path));
    assert!(!matches(&format!("{}b", "**/".repeat(PATTERN_SEGMENTS_MAX - 1)), &path));
}

#[test]
fn a_pattern_is_shown_as_it_can_be_written() {
    for (written, shown) in [
        ("users/*", "/users/*"),
        ("/me/**", "/me/**"),
        ("/", "/"),
        ("**", "/**"),
        ("a//b/", "/a//b/"),
        ("%75sers/%2a/50%25/a%2Fb/%20", "/users/%2A/50%25/a%2Fb/%20"),
        ("zähler", "/z%C3%A4hler"),
        ("a'b;c=(1)@$!", "/a'b;c=(1)@$!"),
    ] {
        let pattern = PathPattern::parse(written).unwrap();
        assert_eq!(pattern.to_string(), shown);
        assert_eq!(PathPattern::parse(shown), Ok(pattern));
    }
}
