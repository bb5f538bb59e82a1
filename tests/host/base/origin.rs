//! An origin is one that a real parser of URLs leaves as it is.

use edge_token_broker::base::origin::Origin;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use url::Url;

/// Names, addresses of both kinds, and what is nearly one.
fn host() -> impl Strategy<Value = String> {
    let label =
        select(vec!["a", "xn--bcher-kva", "0", "1", "127", "255", "0x7f", "01", "256", "a_b", ""]);
    let group = select(vec!["0", "0", "0", "1", "a0", "00", "0db8", ":", "", "127.0.0.1"]);
    let v6 = vec(group, 1..10).prop_map(|groups| format!("[{}]", groups.join(":")));
    let eight =
        vec(select(vec!["0", "0", "1"]), 8).prop_map(|groups| format!("[{}]", groups.join(":")));
    prop_oneof![2 => vec(label, 1..6).prop_map(|labels| labels.join(".")), 2 => v6, 1 => eight]
}

/// The shortest text of an IPv6 address, as the parser writes it, and others.
fn rewritten(host: &str) -> Vec<String> {
    let shortest = Url::parse(&format!("https://{host}")).ok();
    let shortest = shortest.and_then(|url| url.host_str().map(str::to_owned));
    let rows = [
        (":0:0:", "::"),
        (":0:", "::"),
        ("[0:", "[::"),
        (":0]", "::]"),
        ("[0:0:", "[::"),
        (":0:0]", "::]"),
    ];
    let others = rows.map(|(row, colons)| host.replacen(row, colons, 1));
    shortest.into_iter().chain(others).chain([host.to_owned()]).collect()
}

proptest! {
    #[test]
    fn an_origin_is_what_a_parser_makes_of_it(host in host(), port in select(vec!["", ":443", ":8443", ":080"])) {
        for host in rewritten(&host) {
            let text = format!("https://{host}{port}");
            let (origin, url) = (Origin::parse(&text), Url::parse(&text));
            if let (Ok(origin), Ok(url)) = (&origin, &url) {
                prop_assert_eq!(origin.as_str(), url.origin().ascii_serialization());
            }
            let is_address = host.starts_with('[');
            if let (true, Ok(url)) = (is_address, &url) {
                let is_normalized = url.host_str() == Some(&host);
                prop_assert_eq!(origin.is_ok(), is_normalized, "{}", text);
            }
        }
    }
}
