//! The generated parts of a document that is otherwise written by hand.

/// The document has no place for the block.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{document} has no block `<!-- generated: {name} -->` … `<!-- end: {name} -->`")]
pub(super) struct NoBlock {
    document: String,
    name: String,
}

/// `text` with what stands between the two marks of the block `name` replaced by `content`.
pub(super) fn replaced(document: &str, text: &str, name: &str, content: &str) -> Result<String, NoBlock> {
    let (begin, end) = (format!("<!-- generated: {name} -->"), format!("<!-- end: {name} -->"));
    let parts =
        text.split_once(&begin).and_then(|(before, rest)| rest.split_once(&end).map(|(_, after)| (before, after)));
    let (before, after) = parts.ok_or_else(|| NoBlock { document: document.into(), name: name.into() })?;
    Ok(format!("{before}{begin}\n{content}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_block_changes() {
        let text = "# API\n<!-- generated: rpcs -->\nold\n<!-- end: rpcs -->\nby hand\n";

        let replaced = replaced("api.md", text, "rpcs", "new\n").unwrap();

        assert_eq!(replaced, "# API\n<!-- generated: rpcs -->\nnew\n<!-- end: rpcs -->\nby hand\n");
    }

    #[test]
    fn a_document_without_the_block_is_named() {
        let error = replaced("api.md", "# API\n", "rpcs", "new\n").unwrap_err();

        assert_eq!(error.to_string(), "api.md has no block `<!-- generated: rpcs -->` … `<!-- end: rpcs -->`");
    }
}
