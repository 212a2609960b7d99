//! Columns that hold texts with rules: checked when they are read, as they were when they were written.

use std::{error::Error, ops::Deref};

use sqlx::{Database, Decode, Type, error::BoxDynError};

/// A column whose text is a `T`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<T>(pub T);

impl<T> Deref for Checked<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Checked<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<DB: Database, T> Type<DB> for Checked<T>
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <String as Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <String as Type<DB>>::compatible(ty)
    }
}

impl<'r, DB: Database, T> Decode<'r, DB> for Checked<T>
where
    String: Decode<'r, DB>,
    T: TryFrom<String>,
    T::Error: Error + Send + Sync + 'static,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(T::try_from(String::decode(value)?)?))
    }
}
