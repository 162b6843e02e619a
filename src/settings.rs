//! Settings by name: what options take from JSON and say of themselves in it. A table of names instead of a program for
//! each struct, which is what a derived reader is: a tenth of the code that a page loads.

use serde_json::Value;

use crate::error::{Error, Result};

/// Something that JSON can set.
pub trait Setting {
    /// Takes a value; of an object only the members that are given. `name` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Param`] for an unknown member or a value of the wrong kind; members before it may be set.
    fn set(&mut self, name: &str, value: &Value) -> Result<()>;

    /// Its value as it is.
    fn value(&self) -> Value;

    /// A value over the defaults.
    ///
    /// # Errors
    /// Those of [`Setting::set`].
    fn read(name: &str, value: &Value) -> Result<Self>
    where
        Self: Default,
    {
        let mut all = Self::default();
        all.set(name, value)?;
        Ok(all)
    }
}

/// A struct whose fields are settings of the same names.
macro_rules! settings {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::settings::Setting for $type {
            fn set(&mut self, name: &str, value: &serde_json::Value) -> $crate::error::Result<()> {
                let Self { $($field),+ } = self;
                $crate::settings::set_members(name, &mut [$((stringify!($field), $field)),+], value)
            }

            fn value(&self) -> serde_json::Value {
                let Self { $($field),+ } = self;
                $crate::settings::members(&[$((stringify!($field), $field)),+])
            }
        }
    };
}
pub(crate) use settings;

/// An enum of which a text chooses.
macro_rules! choices {
    ($type:ident { $($choice:ident = $name:literal),+ $(,)? }) => {
        impl $crate::settings::Setting for $type {
            fn set(&mut self, name: &str, value: &serde_json::Value) -> $crate::error::Result<()> {
                const NAMES: &[&str] = &[$($name),+];
                const CHOICES: &[$type] = &[$($type::$choice),+];
                *self = CHOICES[$crate::settings::chosen(name, NAMES, value)?];
                Ok(())
            }

            fn value(&self) -> serde_json::Value {
                match self { $($type::$choice => $name.into()),+ }
            }
        }
    };
}
pub(crate) use choices;

/// See [`settings!`].
pub(crate) fn set_members(name: &str, members: &mut [(&str, &mut dyn Setting)], value: &Value) -> Result<()> {
    let Value::Object(given) = value else { return Err(wrong(name, "an object", value)) };
    for (key, value) in given {
        let path = format!("{name}.{key}");
        let Some((_, member)) = members.iter_mut().find(|(known, _)| known == key) else {
            let known: Vec<&str> = members.iter().map(|(known, _)| *known).collect();
            let others = if known.is_empty() {
                "there are none".to_string()
            } else {
                format!("known are {}", known.join(", "))
            };
            return Err(Error::param(&path, format!("is not known; {others}")));
        };
        member.set(&path, value)?;
    }
    Ok(())
}

/// Sets members that all have to be given.
///
/// # Errors
/// Those of [`Setting::set`], and [`Error::Param`] for a member that is missing.
pub(crate) fn set_all(name: &str, members: &mut [(&str, &mut dyn Setting)], value: &Value) -> Result<()> {
    set_members(name, members, value)?;
    match members.iter().find(|(member, _)| value.get(member).is_none()) {
        Some((member, _)) => Err(Error::param(&format!("{name}.{member}"), "is missing")),
        None => Ok(()),
    }
}

/// See [`settings!`].
pub(crate) fn members(members: &[(&str, &dyn Setting)]) -> Value {
    Value::Object(members.iter().map(|(name, member)| ((*name).to_string(), member.value())).collect())
}

/// See [`choices!`].
pub(crate) fn chosen(name: &str, names: &[&str], value: &Value) -> Result<usize> {
    let text = value.as_str();
    let found = names.iter().position(|known| Some(*known) == text);
    found.ok_or_else(|| wrong(name, &format!("one of {}", names.join(", ")), value))
}

/// The error for a value of another kind than is wanted.
pub fn wrong(name: &str, wanted: &str, value: &Value) -> Error {
    let got = match value {
        Value::Null => "null".to_string(),
        Value::Bool(given) => given.to_string(),
        Value::Number(given) => given.to_string(),
        Value::String(given) => format!("\"{given}\""),
        Value::Array(_) => "a list".to_string(),
        Value::Object(_) => "an object".to_string(),
    };
    Error::param(name, format!("must be {wanted}, is {got}"))
}

/// What JSON has a kind of value for.
macro_rules! plain {
    ($($type:ty: $read:ident, $wanted:literal;)+) => {$(
        impl Setting for $type {
            fn set(&mut self, name: &str, value: &Value) -> Result<()> {
                *self = value.$read().ok_or_else(|| wrong(name, $wanted, value))?;
                Ok(())
            }

            fn value(&self) -> Value {
                (*self).into()
            }
        }
    )+};
}

plain! {
    bool: as_bool, "true or false";
    u64: as_u64, "a whole number of 0 or more";
    f64: as_f64, "a number";
}

impl Setting for f32 {
    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        let mut wide = 0.0_f64;
        wide.set(name, value)?;
        *self = wide as f32;
        Ok(())
    }

    fn value(&self) -> Value {
        (*self).into()
    }
}

impl Setting for usize {
    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        let mut whole = 0_u64;
        whole.set(name, value)?;
        *self = whole.try_into().map_err(|_| wrong(name, "a smaller number", value))?;
        Ok(())
    }

    fn value(&self) -> Value {
        (*self).into()
    }
}

impl Setting for String {
    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        *self = value.as_str().ok_or_else(|| wrong(name, "a text", value))?.to_string();
        Ok(())
    }

    fn value(&self) -> Value {
        self.as_str().into()
    }
}

/// Null is none.
impl<T: Setting + Default> Setting for Option<T> {
    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        if value.is_null() {
            *self = None;
            return Ok(());
        }
        self.get_or_insert_default().set(name, value)
    }

    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Null, Setting::value)
    }
}

impl Setting for Vec<String> {
    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        let Value::Array(given) = value else { return Err(wrong(name, "a list of texts", value)) };
        self.clear();
        for value in given {
            self.push(value.as_str().ok_or_else(|| wrong(name, "a list of texts", value))?.to_string());
        }
        Ok(())
    }

    fn value(&self) -> Value {
        self.iter().map(String::as_str).collect()
    }
}

/// An object of texts.
impl Setting for Vec<(String, String)> {
    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        let Value::Object(given) = value else { return Err(wrong(name, "an object of texts", value)) };
        self.clear();
        for (key, value) in given {
            let text = value.as_str().ok_or_else(|| wrong(&format!("{name}.{key}"), "a text", value))?;
            self.push((key.clone(), text.to_string()));
        }
        Ok(())
    }

    fn value(&self) -> Value {
        Value::Object(self.iter().map(|(key, text)| (key.clone(), text.as_str().into())).collect())
    }
}

/// What is read later, by whom it concerns.
impl Setting for Value {
    fn set(&mut self, _: &str, value: &Value) -> Result<()> {
        self.clone_from(value);
        Ok(())
    }

    fn value(&self) -> Value {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Clone, Copy, PartialEq, Default)]
    enum Shape {
        #[default]
        Round,
        TwoSided,
    }
    choices!(Shape { Round = "round", TwoSided = "two-sided" });

    #[derive(Debug, Clone, PartialEq, Default)]
    struct Inner {
        part: f64,
        shape: Shape,
    }
    settings!(Inner { part, shape });

    #[derive(Debug, Clone, PartialEq, Default)]
    struct Outer {
        name: String,
        window: Option<usize>,
        seed: u64,
        on: bool,
        members: Option<Vec<String>>,
        only: Vec<(String, String)>,
        inner: Inner,
        rest: Value,
    }
    settings!(Outer { name, window, seed, on, members, only, inner, rest });

    #[test]
    fn what_is_said_can_be_set() {
        let given = json!({
            "name": "a", "window": 7, "seed": 1_u64 << 40, "on": true, "members": ["x", "y"], "only": { "host": "b" },
            "inner": { "part": 0.25, "shape": "two-sided" }, "rest": { "any": [1, 2] },
        });
        let mut outer = Outer::read("o", &given).unwrap();
        assert_eq!(outer.value(), given);
        assert_eq!(outer.inner, Inner { part: 0.25, shape: Shape::TwoSided });
        outer.set("o", &json!({ "inner": { "part": 2 }, "window": null })).unwrap();
        assert_eq!(outer.inner, Inner { part: 2.0, shape: Shape::TwoSided });
        assert_eq!((outer.window, outer.name.as_str()), (None, "a"));
    }

    #[test]
    fn an_error_says_where_what_and_what_would_be_right() {
        let cases = [
            (json!(5), "o: must be an object, is 5"),
            (
                json!({ "naem": 1 }),
                "o.naem: is not known; known are name, window, seed, on, members, only, inner, rest",
            ),
            (json!({ "name": null }), "o.name: must be a text, is null"),
            (json!({ "window": -3 }), "o.window: must be a whole number of 0 or more, is -3"),
            (json!({ "window": 2.5 }), "o.window: must be a whole number of 0 or more, is 2.5"),
            (json!({ "on": "yes" }), "o.on: must be true or false, is \"yes\""),
            (json!({ "members": ["x", 1] }), "o.members: must be a list of texts, is 1"),
            (json!({ "only": { "host": {} } }), "o.only.host: must be a text, is an object"),
            (json!({ "inner": { "part": [] } }), "o.inner.part: must be a number, is a list"),
            (
                json!({ "inner": { "shape": "flat" } }),
                "o.inner.shape: must be one of round, two-sided, is \"flat\"",
            ),
        ];
        for (given, want) in cases {
            assert_eq!(Outer::read("o", &given).unwrap_err().to_string(), want);
        }
    }
}
