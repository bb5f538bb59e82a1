use edge_token_broker::base::cbor::{Cbor, Value, of_slice, to_vec};
use minicbor::{Decoder, Encoder};
use proptest::prelude::*;

/// A tree as it is.
#[derive(Clone, Debug, PartialEq)]
struct Tree(Value);

impl Cbor for Tree {
    fn to_value(&self) -> Value {
        self.0.clone()
    }

    fn of_value(value: Value) -> Option<Self> {
        Some(Self(value))
    }
}

fn trees() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (any::<u64>(), 0..64_u32).prop_map(|(number, bits)| Value::Whole(number >> bits)),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        any::<String>().prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 64, 30, |inner| {
        proptest::collection::vec(inner, 0..30).prop_map(Value::List)
    })
}

fn by_minicbor(value: &Value, to: &mut Encoder<Vec<u8>>) {
    match value {
        Value::Whole(number) => drop(to.u64(*number).unwrap()),
        Value::Bytes(bytes) => drop(to.bytes(bytes).unwrap()),
        Value::Text(text) => drop(to.str(text).unwrap()),
        Value::Bool(value) => drop(to.bool(*value).unwrap()),
        Value::Null => drop(to.null().unwrap()),
        Value::List(items) => {
            to.array(items.len() as u64).unwrap();
            for item in items {
                by_minicbor(item, to);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_tree_has_the_bytes_of_the_crate_minicbor_and_is_read_again(value in trees()) {
        let bytes = to_vec(&Tree(value.clone()));
        let mut encoder = Encoder::new(Vec::new());
        by_minicbor(&value, &mut encoder);
        prop_assert_eq!(&bytes, &encoder.into_writer());
        prop_assert_eq!(of_slice::<Tree>(&bytes), Some(Tree(value)));
        for end in 0..bytes.len() {
            prop_assert_eq!(of_slice::<Tree>(&bytes[..end]), None, "cut off at {}", end);
        }
    }

    #[test]
    fn any_bytes_are_read_as_minicbor_reads_them(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Some(Tree(Value::Whole(number))) = of_slice(&bytes) {
            prop_assert_eq!(Decoder::new(&bytes).u64().ok(), Some(number));
        }
        if let Some(Tree(Value::Text(text))) = of_slice(&bytes) {
            prop_assert_eq!(Decoder::new(&bytes).str().ok(), Some(text.as_str()));
        }
    }
}
