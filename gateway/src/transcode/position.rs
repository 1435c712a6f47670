//! Where in a JSON text a reader is, for errors that name a field and for a bound on the depth.

use std::cell::{Cell, RefCell};

use serde::de::Error;

use super::json::DEPTH_MAX;

/// Where reading is, or where it failed.
#[derive(Default)]
pub(super) struct Position {
    depth: Cell<usize>,
    /// From the innermost to the outermost: filled only while an error travels outwards.
    failed_at: RefCell<Vec<String>>,
}

impl Position {
    /// The path of the value that could not be read, as in the proto file: `messages[3].text`. `None` if it is the root.
    pub(super) fn path(&self) -> Option<String> {
        let steps = self.failed_at.borrow();
        let path: String = steps.iter().rev().map(String::as_str).collect();
        (!path.is_empty()).then(|| path.strip_prefix('.').map(str::to_owned).unwrap_or(path))
    }

    /// One object or list further in.
    pub(super) fn enter<E: Error>(&self) -> Result<(), E> {
        let depth = self.depth.get() + 1;
        self.depth.set(depth);
        if depth > DEPTH_MAX {
            return Err(E::custom(format_args!("nested deeper than {DEPTH_MAX}")));
        }
        Ok(())
    }

    /// And out of it again.
    pub(super) fn leave(&self) {
        self.depth.set(self.depth.get() - 1);
    }

    /// Notes a step on the way out from a failure.
    pub(super) fn failed_in(&self, step: String) {
        self.failed_at.borrow_mut().push(step);
    }
}
