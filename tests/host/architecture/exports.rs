//! The Worker's handlers are the only exports: every bound Worker could call any other.

use std::fs;

use syn::{Attribute, ImplItem, Item, ItemImpl, ItemMod as Module, Type, Visibility};

use super::{crate_folder, sources};

/// The attributes that make an item an export of the wasm.
const EXPORTING: [&str; 3] = ["wasm_bindgen", "durable_object", "event"];

/// The only exports: the Worker's handlers, calls by RPC, the read for which a request waits, and the methods of
/// the Durable Objects.
const EXPORTS: [&str; 20] = [
    "AssertionLedger",
    "AssertionLedger::call",
    "AssertionLedger::new",
    "Onward",
    "Onward::abandoned",
    "Onward::answered",
    "Onward::ended",
    "Onward::failed",
    "Onward::passed",
    "Onward::rejected",
    "Pending",
    "Pending::resume",
    "TokenCoordinator",
    "TokenCoordinator::alarm",
    "TokenCoordinator::call",
    "TokenCoordinator::new",
    "call",
    "fetch",
    "scheduled",
    "start",
];

/// The names of what `items` give to JavaScript. An `extern` block takes from JavaScript.
fn exports(items: &[Item]) -> Vec<String> {
    let mut names = Vec::new();
    for item in items {
        match item {
            Item::Fn(item) if is_export(&item.attrs) => names.push(item.sig.ident.to_string()),
            Item::Struct(item) if is_export(&item.attrs) => names.push(item.ident.to_string()),
            Item::Enum(item) if is_export(&item.attrs) => names.push(item.ident.to_string()),
            Item::Impl(item) if is_export(&item.attrs) => names.extend(methods(item)),
            Item::Mod(Module { content: Some((_, items)), .. }) => names.extend(exports(items)),
            _ => {}
        }
    }
    names
}

/// Whether an attribute exports, by itself or on a condition.
fn is_export(attributes: &[Attribute]) -> bool {
    let is_one = |name: &str| EXPORTING.contains(&name);
    attributes.iter().map(|attribute| &attribute.meta).any(|meta| {
        let name = meta.path().segments.last().unwrap().ident.to_string();
        let mut tokens = meta.require_list().into_iter().flat_map(|list| list.tokens.clone());
        is_one(&name) || (name == "cfg_attr" && tokens.any(|token| is_one(&token.to_string())))
    })
}

/// The public methods of an `impl`, with the name of its type.
fn methods(item: &ItemImpl) -> impl Iterator<Item = String> {
    let Type::Path(owner) = &*item.self_ty else { panic!("an export is of a named type") };
    let owner = &owner.path.segments.last().unwrap().ident;
    item.items.iter().filter_map(move |item| match item {
        ImplItem::Fn(method) if matches!(method.vis, Visibility::Public(_)) => {
            Some(format!("{owner}::{}", method.sig.ident))
        }
        _ => None,
    })
}

fn exports_of(source: &str) -> Vec<String> {
    exports(&syn::parse_file(source).unwrap().items)
}

#[test]
fn handlers_are_the_only_exports() {
    let files = sources(&crate_folder("src"), "rs");
    let mut all: Vec<_> =
        files.iter().flat_map(|file| exports_of(&fs::read_to_string(file).unwrap())).collect();
    all.sort_unstable();
    assert_eq!(all, EXPORTS);
}

#[test]
fn an_export_is_seen_whatever_stands_between_it_and_its_attribute() {
    let source = r#"
#[wasm_bindgen]
#[must_use]
pub fn one(text: &str) -> String {
}

#[wasm_bindgen(
    js_name = two,
)]
/// Documented.
// And remarked.
#[expect(
    unused,
    reason = "a test",
)]
pub async fn two() {}

#[derive(Debug)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen::prelude::wasm_bindgen)]
pub(crate) struct Three {}

#[wasm_bindgen]
impl Three {
    #[must_use]
    pub fn four(&self) {
        if true {
            five();
        }
    }

    fn five() {}
    pub async fn six() {}
}

#[worker::event(fetch)]
async fn seven() {}

#[wasm_bindgen(raw_module = "x.mjs")]
extern "C" {
    #[wasm_bindgen(js_name = useOnce)]
    pub fn imported();
    pub type Imported;
}

mod inner {
    #[wasm_bindgen]
    pub fn eight() {}
}

impl Three {
    #[expect(unused, reason = "an event of wasm_bindgen")]
    pub fn plain(&self) {}
}
"#;
    let expected = ["one", "two", "Three", "Three::four", "Three::six", "seven", "eight"];
    assert_eq!(exports_of(source), expected);
}
