//! I5: no RPC waits for a model. The handlers cannot even name one.

use super::Violation;
use crate::source::{Tree, mentions};

/// The providers, and the port through which a worker has a conversation processed by one.
const MODELS: [&str; 3] = ["crate::llm", "crate::domain::model::Processor", "crate::domain::model::processing"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let handlers = tree.rust.iter().filter(|file| file.is_in("grpc"));
    let mut violations = Vec::new();
    for file in handlers {
        let named = mentions(file).into_iter().filter(|mention| MODELS.iter().any(|model| mention.starts_with(model)));
        violations.extend(named.map(|mention| {
            let problem = format!("names `{}`: a handler commits a job and returns", mention.written());
            Violation::new(&file.path, mention.line, "I5", problem)
        }));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_that_reaches_for_the_model_is_reported() {
        let tree = Tree::of([("context-svc/src/grpc/extraction.rs", "use crate::llm::Provider;")]);

        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn the_worker_may() {
        let tree = Tree::of([("context-svc/src/queue/worker.rs", "use crate::llm::Provider;")]);

        assert!(check(&tree).is_empty());
    }
}
