//! Why an answer of a model is not taken: the stable reasons, which stand on jobs and in metrics. Those of a model that brought no
//! answer at all are [`super::api::reason`]s.

/// It is not the JSON asked for, or none of its items can be read.
pub const OUTPUT_INVALID: &str = "MODEL_OUTPUT_INVALID";
/// It was cut at the most tokens it may have, however short the piece.
pub const OUTPUT_TRUNCATED: &str = "MODEL_OUTPUT_TRUNCATED";
/// Nothing of what it proposes holds.
pub const OUTPUT_UNGROUNDED: &str = "MODEL_OUTPUT_UNGROUNDED";
/// It has neither items nor a reason for none.
pub const OUTPUT_EMPTY: &str = "MODEL_OUTPUT_EMPTY";
/// It found nothing in a long talk, and was asked once more.
pub const OUTPUT_DOUBTFUL: &str = "MODEL_OUTPUT_DOUBTFUL";
/// The model, or a filter of its provider, did not want to answer.
pub const REFUSED: &str = "MODEL_REFUSED";
/// No model is ready.
pub const NO_MODEL: &str = "NO_MODEL";

/// A member of a proposed item is not what it must be.
pub const MALFORMED: &str = "MALFORMED";
/// A proposed item is neither goal nor decision nor insight.
pub const UNKNOWN_KIND: &str = "UNKNOWN_KIND";
/// A proposed item stands in a way that there is not.
pub const UNKNOWN_STATUS: &str = "UNKNOWN_STATUS";
/// A proposed item rests on something that there is not.
pub const UNKNOWN_BASIS: &str = "UNKNOWN_BASIS";

/// All of them.
pub const ALL: &[&str] = &[
    OUTPUT_INVALID,
    OUTPUT_TRUNCATED,
    OUTPUT_UNGROUNDED,
    OUTPUT_EMPTY,
    OUTPUT_DOUBTFUL,
    REFUSED,
    NO_MODEL,
    MALFORMED,
    UNKNOWN_KIND,
    UNKNOWN_STATUS,
    UNKNOWN_BASIS,
];
