//! The one error of the crate, and its stable codes.

/// What went wrong, where, and what would be right.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Input that cannot be read. `line` counts from 1.
    #[error("line {line}: {why}")]
    Parse {
        /// The line of the input, counted from 1.
        line: usize,
        /// What is wrong there, and what would be right.
        why: String,
    },
    /// Columns that do not make a series.
    #[error("row {at}: {why}")]
    Series {
        /// The row, counted from 0.
        at: usize,
        /// What is wrong there, and what would be right.
        why: String,
    },
    /// Fewer points than a detector needs.
    #[error("too short: {needed} points are needed, {got} were given")]
    TooShort {
        /// Points needed.
        needed: usize,
        /// Points given.
        got: usize,
    },
    /// A setting or detector parameter out of its range, or unknown.
    #[error("{name}: {why}")]
    Param {
        /// The parameter.
        name: String,
        /// What is wrong with it, and what would be right.
        why: String,
    },
    /// A detector name that the registry does not list.
    #[error("unknown detector \"{name}\"; known are: {known}")]
    UnknownDetector {
        /// The name that was asked for.
        name: String,
        /// The names that are listed, separated by commas.
        known: String,
    },
    /// A weight file or card that cannot be used.
    #[error("{file}: {why}")]
    Weights {
        /// The file or detector the weights are for.
        file: String,
        /// The first check that failed.
        why: String,
    },
    /// Arithmetic that left the finite numbers.
    #[error("numeric: {0}")]
    Numeric(String),
    /// The chart could not be drawn.
    #[error("draw: {0}")]
    Draw(String),
}

impl Error {
    /// The stable name of the kind of error, as JavaScript sees it.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Parse { .. } => "parse",
            Error::Series { .. } => "series",
            Error::TooShort { .. } => "too-short",
            Error::Param { .. } => "param",
            Error::UnknownDetector { .. } => "unknown-detector",
            Error::Weights { .. } => "weights",
            Error::Numeric(_) => "numeric",
            Error::Draw(_) => "draw",
        }
    }

    /// A parameter error, for `Params::check`.
    pub fn param(name: &str, why: impl Into<String>) -> Error {
        Error::Param { name: name.to_string(), why: why.into() }
    }

    /// A weights error.
    pub fn weights(file: &str, why: impl Into<String>) -> Error {
        Error::Weights { file: file.to_string(), why: why.into() }
    }
}

/// `std::result::Result` with the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
