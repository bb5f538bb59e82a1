//! The sorted map does what the standard library's does.

use std::collections::BTreeMap;

use edge_token_broker::base::sorted_map::SortedMap;
use proptest::prelude::*;

proptest! {
    #[test]
    fn it_is_the_map_of_the_standard_library(steps in prop::collection::vec((0..4, 0_u8..20), 0..60)) {
        let (mut sorted, mut tree) = (SortedMap::default(), BTreeMap::new());
        for (at, (action, key)) in steps.into_iter().enumerate() {
            match action {
                0 => prop_assert_eq!(sorted.remove(&key), tree.remove(&key)),
                1 => {
                    sorted.retain(|value| *value % 3 != 0);
                    tree.retain(|_, value| *value % 3 != 0);
                }
                _ => {
                    sorted.insert(key, at);
                    tree.insert(key, at);
                }
            }
            prop_assert_eq!(sorted.get(&key), tree.get(&key));
            prop_assert_eq!(sorted.contains_key(&key), tree.contains_key(&key));
            prop_assert_eq!(sorted.len(), tree.len());
            prop_assert!(sorted.values().eq(tree.values()));
        }
    }
}

#[test]
fn a_value_can_be_changed_in_its_place() {
    let mut sorted = SortedMap::new();
    assert!(sorted.is_empty());
    sorted.insert("reports".to_owned(), 1);
    *sorted.get_mut("reports").unwrap() += 1;
    assert_eq!(sorted.get("reports"), Some(&2));
    sorted.clear();
    assert!(sorted.is_empty());
}
