//! The other reader: `v8_valueserializer` makes a tree, and `serde_json` writes it. Only types that the inputs contain are
//! supported.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use v8_valueserializer::{Heap, HeapValue, PropertyKey, StringValue, Value, ValueDeserializer};

/// A value with the heap it refers to.
struct Node<'a>(&'a Value, &'a Heap);

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value, heap) = self;
        match value {
            Value::I32(number) => serializer.serialize_i32(*number),
            Value::U32(number) => serializer.serialize_u32(*number),
            Value::Double(number) => serializer.serialize_f64(*number),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::String(text) => serializer.serialize_str(&text.to_string()),
            Value::HeapReference(reference) => match reference.open(heap) {
                HeapValue::Object(object) => {
                    let mut map = serializer.serialize_map(None)?;
                    for (key, value) in &object.properties {
                        if !matches!(value, Value::Undefined) {
                            map.serialize_entry(&name(key), &Node(value, heap))?;
                        }
                    }
                    map.end()
                }
                HeapValue::DenseArray(array) => {
                    let mut seq = serializer.serialize_seq(Some(array.elements.len()))?;
                    for value in &array.elements {
                        seq.serialize_element(&Node(value.as_ref().unwrap_or(&Value::Null), heap))?;
                    }
                    seq.end()
                }
                HeapValue::Date(date) => serializer.serialize_i64(date.ms_since_epoch().unwrap_or_default()),
                _ => serializer.serialize_unit(),
            },
            _ => serializer.serialize_unit(),
        }
    }
}

fn name(key: &PropertyKey) -> String {
    match key {
        PropertyKey::String(StringValue::OneByte(text)) => text.as_str().into_owned(),
        PropertyKey::String(text) => text.to_string().into_owned(),
        PropertyKey::I32(number) => number.to_string(),
        PropertyKey::U32(number) => number.to_string(),
        PropertyKey::Double(number) => number.to_string(),
    }
}

/// The JSON of a whole buffer.
pub fn json(bytes: &[u8]) -> Vec<u8> {
    let (value, heap) = ValueDeserializer::default().read(bytes).expect("a buffer");
    serde_json::to_vec(&Node(&value, &heap)).expect("JSON")
}
