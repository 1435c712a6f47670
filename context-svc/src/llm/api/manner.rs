//! How a server is asked, as far as it has shown what it does not take.

use super::endpoint::Api;
use super::reply::OutputMode;

/// A part of a request that not every server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    /// The way in which the answer is held to a form.
    OutputMode,
    /// `temperature`.
    Temperature,
    /// `max_tokens`, which newer models call `max_completion_tokens`.
    MaxTokens,
    /// `stream_options`, by which a stream ends with what it consumed.
    StreamOptions,
}

/// What goes into a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) output_mode: OutputMode,
    pub(super) has_temperature: bool,
    pub(super) has_max_completion_tokens: bool,
    pub(super) has_stream_options: bool,
}

impl Default for Manner {
    /// As one asks a server of which nothing is known.
    fn default() -> Self {
        Self {
            output_mode: OutputMode::Schema,
            has_temperature: true,
            has_max_completion_tokens: false,
            has_stream_options: true,
        }
    }
}

impl Manner {
    /// The next best manner without `feature`; `None` if there is none left.
    pub(super) fn without(self, feature: Feature, api: Api) -> Option<Self> {
        match feature {
            Feature::OutputMode => {
                let output_mode = match (api, self.output_mode) {
                    (Api::OpenAi, OutputMode::Schema) => OutputMode::JsonObjectWithSchema,
                    (Api::OpenAi, OutputMode::JsonObjectWithSchema) => OutputMode::JsonObject,
                    (Api::OpenAi, OutputMode::JsonObject) | (Api::Anthropic, OutputMode::Schema) => {
                        OutputMode::PromptOnly
                    }
                    _ => return None,
                };
                Some(Self { output_mode, ..self })
            }
            Feature::Temperature => self.has_temperature.then_some(Self { has_temperature: false, ..self }),
            Feature::MaxTokens => {
                let is_new = api == Api::OpenAi && !self.has_max_completion_tokens;
                is_new.then_some(Self { has_max_completion_tokens: true, ..self })
            }
            Feature::StreamOptions => self.has_stream_options.then_some(Self { has_stream_options: false, ..self }),
        }
    }

    /// The same for a question without a form: nothing is asked of the server then.
    pub(super) fn without_form(self) -> Self {
        Self { output_mode: OutputMode::PromptOnly, ..self }
    }

    /// What the server is known to take after both have been learnt.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            output_mode: self.output_mode.max(other.output_mode),
            has_temperature: self.has_temperature && other.has_temperature,
            has_max_completion_tokens: self.has_max_completion_tokens || other.has_max_completion_tokens,
            has_stream_options: self.has_stream_options && other.has_stream_options,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modes(api: Api) -> Vec<OutputMode> {
        let begin = Some(Manner::default());
        std::iter::successors(begin, |manner| manner.without(Feature::OutputMode, api)).map(|m| m.output_mode).collect()
    }

    #[test]
    fn an_answer_is_held_to_its_form_ever_more_loosely() {
        use OutputMode::{JsonObject, JsonObjectWithSchema, PromptOnly, Schema};

        assert_eq!(modes(Api::OpenAi), [Schema, JsonObjectWithSchema, JsonObject, PromptOnly]);
        assert_eq!(modes(Api::Anthropic), [Schema, PromptOnly]);
    }

    #[test]
    fn nothing_is_left_out_twice() {
        for feature in [Feature::Temperature, Feature::MaxTokens, Feature::StreamOptions] {
            let once = Manner::default().without(feature, Api::OpenAi).unwrap();

            assert_eq!(once.without(feature, Api::OpenAi), None, "{feature:?}");
        }
        assert_eq!(Manner::default().without(Feature::MaxTokens, Api::Anthropic), None);
    }

    #[test]
    fn what_two_calls_learnt_is_known_together() {
        let one = Manner::default().without(Feature::Temperature, Api::OpenAi).unwrap();
        let other = Manner::default().without(Feature::OutputMode, Api::OpenAi).unwrap();

        let both = one.and(other);

        assert!(!both.has_temperature);
        assert_eq!(both.output_mode, OutputMode::JsonObjectWithSchema);
    }
}
