//! Why a model brought no answer: the stable reasons, which stand on jobs and in metrics.

/// The key is wrong, missing, or not allowed to ask this model.
pub const UNAUTHENTICATED: &str = "MODEL_UNAUTHENTICATED";
/// The server has no such model, or no such API at this address.
pub const NOT_FOUND: &str = "MODEL_NOT_FOUND";
/// Too many calls of late, says the provider.
pub const RATE_LIMITED: &str = "MODEL_RATE_LIMITED";
/// The provider has more to do than it can.
pub const OVERLOADED: &str = "MODEL_OVERLOADED";
/// The account with the provider has no money left.
pub const QUOTA_EXHAUSTED: &str = "MODEL_QUOTA_EXHAUSTED";
/// What was asked does not fit the model. Less of it may.
pub const CONTEXT_TOO_LONG: &str = "MODEL_CONTEXT_TOO_LONG";
/// The server did not take the request, for a reason that we do not know.
pub const REQUEST_REFUSED: &str = "MODEL_REQUEST_REFUSED";
/// No connection, or one that broke.
pub const UNREACHABLE: &str = "MODEL_UNREACHABLE";
/// The server took too long.
pub const TIMEOUT: &str = "MODEL_TIMEOUT";
/// The server failed.
pub const SERVER_ERROR: &str = "MODEL_SERVER_ERROR";
/// What came is not what the API promises: a page of some proxy, or far too much.
pub const ANSWER_UNREADABLE: &str = "MODEL_ANSWER_UNREADABLE";
/// The tokens of this minute are spent. Ours: the provider was not asked.
pub const TOKENS_PER_MINUTE: &str = "MODEL_TOKENS_PER_MINUTE";
/// The provider failed every call of late. Ours: it was not asked.
pub const CIRCUIT_OPEN: &str = "MODEL_CIRCUIT_OPEN";
/// Whoever asked did not wait for the answer.
pub const NO_ANSWER: &str = "NO_ANSWER";

/// All of them.
pub const ALL: &[&str] = &[
    UNAUTHENTICATED,
    NOT_FOUND,
    RATE_LIMITED,
    OVERLOADED,
    QUOTA_EXHAUSTED,
    CONTEXT_TOO_LONG,
    REQUEST_REFUSED,
    UNREACHABLE,
    TIMEOUT,
    SERVER_ERROR,
    ANSWER_UNREADABLE,
    TOKENS_PER_MINUTE,
    CIRCUIT_OPEN,
    NO_ANSWER,
];
