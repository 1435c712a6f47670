//! What every backend promises, as stories. Each case is listed once, below, and runs on a store of its own.

pub(crate) mod claims;
pub(crate) mod contexts;
pub(crate) mod conversations;
pub(crate) mod enqueue;
pub(crate) mod erasures;
pub(crate) mod exports;
pub(crate) mod imports;
pub(crate) mod interleavings;
mod language;
pub(crate) mod machine;
pub(crate) mod operators;
pub(crate) mod outages;
pub(crate) mod raw_answers;
pub(crate) mod replies;
pub(crate) mod rereading;
pub(crate) mod search;
pub(crate) mod summaries;
pub(crate) mod summary_interleavings;
pub(crate) mod traces;
pub(crate) mod upkeep;
pub(crate) mod usage;
pub(crate) mod user_verdicts;
pub(crate) mod verdicts;

/// Makes a test of every case, on a fresh store from `$open().await`.
macro_rules! store_contract {
    ($open:path) => {
        $crate::store::contract::store_contract!($open, conversations:
            the_first_append_creates_the_conversation,
            seq_counts_without_gaps,
            a_repeated_client_id_is_a_duplicate_and_keeps_its_text,
            a_client_id_twice_in_one_append_is_one_message,
            twenty_parallel_appends_of_one_client_id_make_one_message,
            parallel_appends_leave_no_gap,
            two_users_may_use_the_same_id,
            a_foreign_conversation_is_not_found,
            any_text_comes_back_as_it_was,
            conversations_are_listed_last_spoken_in_first,
            equal_times_are_paged_without_loss,
            messages_are_listed_in_order_page_by_page,
            a_message_keeps_the_time_zone_it_was_said_in,
            the_zone_of_the_account_holds_until_an_append_names_one,
            the_tail_of_another_session_is_enqueued_first,
            a_clean_conversation_changes_hands_without_a_job,
            a_repeated_append_from_another_session_changes_nothing,
            a_full_queue_keeps_nobody_from_speaking,
            the_raw_tail_is_what_no_context_covers,
            a_transcript_is_what_the_job_asked_for,
            a_deleted_conversation_is_gone_with_all_that_came_of_it,
            a_deleted_id_begins_a_new_life,
            only_its_user_can_delete_a_conversation,
        );
        $crate::store::contract::store_contract!($open, enqueue:
            the_second_trigger_is_merged,
            fifty_first_triggers_make_one_job,
            users_with_the_same_id_have_jobs_of_their_own,
            an_unknown_conversation_is_an_outcome,
            without_a_word_of_the_user_there_is_no_job,
            an_answer_alone_is_not_extracted,
            what_is_extracted_is_not_extracted_again,
            a_running_job_that_covers_everything_is_enough,
            newer_messages_re_arm_a_running_job,
            every_cause_is_recorded_once,
            a_full_queue_refuses_only_new_jobs,
            an_ended_job_makes_room,
            a_disconnect_waits_and_a_logout_does_not,
            steady_disconnects_cannot_starve_a_job,
            a_trigger_does_not_cut_a_backoff_short,
            a_session_asks_for_what_it_left_dirty,
            of_a_session_those_that_fit_stay_accepted,
            a_dead_job_is_not_revived_by_a_trigger_alone,
            newer_messages_revive_a_dead_job_with_fresh_counters,
            the_backlog_is_what_no_context_covers,
            the_backlog_remembers_when_its_size_asked,
        );
        $crate::store::contract::store_contract!($open, claims:
            the_job_that_is_due_for_longest_comes_first,
            a_job_is_not_claimed_before_it_is_due,
            a_leased_job_is_not_claimed_again,
            sixteen_claims_at_once_get_different_jobs,
            a_user_at_the_cap_is_passed_over,
            an_expired_lease_comes_before_what_is_due,
            a_crowd_of_poison_jobs_keeps_no_other_waiting,
            a_renewed_lease_has_not_expired,
            a_job_that_kills_its_workers_is_poison,
            the_last_worker_of_a_poison_job_cannot_commit,
            a_verdict_ends_the_count_of_deliveries,
            a_released_job_has_its_attempt_back,
            messages_of_a_claim_have_their_bound,
        );
        $crate::store::contract::store_contract!($open, verdicts:
            a_result_is_saved_with_the_end_of_its_job,
            messages_nobody_asked_for_leave_it_dirty,
            a_result_is_saved_and_the_job_goes_on_to_what_was_asked_meanwhile,
            a_part_of_a_long_talk_is_saved_and_the_job_goes_on,
            a_late_result_of_an_older_claim_is_dropped,
            an_older_claim_of_the_same_worker_is_as_lost,
            a_result_of_another_owner_is_dropped,
            a_second_result_of_one_claim_is_dropped,
            a_result_never_goes_backwards,
            a_lost_lease_cannot_be_renewed_failed_or_released,
            a_failed_job_waits_for_its_next_attempt,
            a_job_that_gave_up_says_why,
            a_snooze_costs_no_attempt,
            a_success_clears_the_error,
            the_idle_are_found_also_without_a_job,
            the_idle_do_not_include_who_still_talks,
            the_idle_do_not_include_a_job_that_waits_runs_or_gave_up,
            silence_is_measured_by_arrival,
        );
        $crate::store::contract::store_contract!($open, operators:
            extractions_are_listed_longest_unchanged_first,
            extractions_changed_at_one_moment_are_paged_without_loss,
            a_list_of_extractions_can_be_of_one_state_user_or_age,
            what_was_never_asked_for_is_listed_only_by_that_name,
            jobs_are_counted_by_state,
            the_queue_knows_since_when_a_job_has_been_due,
            a_cancelled_job_cannot_commit,
            a_cancelled_job_leaves_the_depth_and_is_not_claimed,
            cancelling_twice_is_cancelling_once,
            only_newer_messages_revive_a_cancelled_job,
            only_a_live_job_can_be_cancelled,
            a_redriven_job_begins_anew,
            only_a_dead_or_cancelled_job_can_be_redriven,
            what_is_not_there_is_not_moved,
        );
        $crate::store::contract::store_contract!($open, contexts:
            a_context_is_its_users_alone,
            contexts_are_listed_last_spoken_in_first,
            a_context_is_replaced_as_a_whole,
            every_context_waits_for_a_summary,
            what_a_context_says_comes_back_as_it_was,
        );
        $crate::store::contract::store_contract!($open, erasures:
            what_is_erased_is_gone_for_every_reader_at_once,
            the_counts_are_what_there_was,
            of_an_erased_user_nothing_is_claimed_renewed_or_committed,
            other_users_are_untouched_by_an_erasure,
            a_repeated_request_is_the_same_erasure,
            without_an_id_a_running_erasure_is_shared_until_something_is_said,
            an_unknown_user_is_erased_of_nothing,
            a_closed_account_accepts_nothing_ever_again,
            closing_an_account_erases_whatever_its_request_id,
            an_erasure_ends_only_after_the_last_request_of_its_beginning,
            an_erasure_does_not_end_while_something_remains,
            an_abandoned_erasure_is_taken_over_when_its_lease_ends,
            every_piece_of_an_erasure_renews_its_lease,
            an_erasure_goes_in_small_pieces,
            a_new_memory_begins_as_soon_as_its_ids_are_free,
            old_erasures_are_forgotten_and_a_closed_account_stays_closed,
        );
        $crate::store::contract::store_contract!($open, exports:
            what_is_held_is_listed_by_id_whoever_speaks_meanwhile,
            a_conversation_is_held_with_its_context,
            the_messages_of_a_life_are_not_those_of_the_next,
            an_erasure_begins_another_era_in_which_nothing_is_held,
        );
        $crate::store::contract::store_contract!($open, imports:
            a_verdict_on_an_item_that_is_not_there_yet_is_taken_over,
            of_a_verdict_here_and_one_from_elsewhere_the_later_holds,
            a_verdict_on_what_is_not_held_is_not_taken_over,
            what_is_left_of_a_rejection_is_taken_over_once,
            a_closed_account_takes_nothing_over,
        );
        $crate::store::contract::store_contract!($open, outages:
            what_died_of_an_outage_is_tried_one_by_one_the_longest_dead_first,
            a_probe_that_fails_is_dead_again_and_the_next_takes_its_turn,
            after_an_outage_all_that_died_of_it_begin_anew,
            what_died_of_its_content_does_not_come_back,
            what_was_revived_otherwise_has_no_outage_behind_it,
            what_is_erased_does_not_come_back_after_an_outage,
        );
        $crate::store::contract::store_contract!($open, raw_answers:
            the_last_raw_answer_is_kept_until_a_success,
            a_raw_answer_is_for_operators_who_ask_for_it,
            a_dead_job_keeps_its_raw_answer_when_it_is_tried_again,
            a_raw_answer_is_forgotten_with_the_details_of_a_dead_job,
            a_raw_answer_goes_with_its_conversation_and_its_user,
        );
        $crate::store::contract::store_contract!($open, replies:
            a_talk_so_far_is_its_newest_messages_in_order,
            a_foreign_talk_is_not_there,
            a_reply_is_durable_and_said_once,
            what_is_only_called_a_reply_does_not_stand_for_one,
            a_reply_leaves_the_conversation_with_its_login_session,
            a_reply_does_not_come_to_a_later_life_of_its_conversation,
            a_reply_does_not_come_back_after_an_erasure,
        );
        $crate::store::contract::store_contract!($open, rereading:
            what_was_read_before_is_read_again_from_the_beginning,
            what_is_asked_for_once_is_not_asked_for_again,
            a_waiting_job_reads_everything_instead,
            a_running_job_goes_on_to_read_everything,
            a_dead_job_of_something_read_before_is_tried_anew,
            a_rereading_that_ended_badly_is_redriven_and_not_asked_for_again,
            newer_messages_are_read_with_the_rest,
            a_part_of_a_rereading_leaves_the_rest_to_be_read,
            a_full_queue_takes_no_more_rereadings,
            outdated_is_by_version_user_conversation_and_age,
            what_no_model_has_read_is_not_outdated,
            what_is_deleted_or_erased_is_not_outdated,
            what_is_read_again_is_unsummarised_again,
        );
        $crate::store::contract::store_contract!($open, search:
            a_memory_stands_still_while_nothing_happens_to_it,
            whatever_happens_to_a_conversation_moves_the_memory,
            a_rolled_up_or_forgotten_summary_moves_the_memory,
            stretches_are_read_in_the_order_asked_for,
            of_a_life_that_has_ended_nothing_is_read,
            contexts_come_with_the_claim_they_were_extracted_under,
            a_search_reads_its_user_alone,
        );
        $crate::store::contract::store_contract!($open, upkeep:
            the_details_of_an_old_done_job_are_forgotten_and_its_place_is_kept,
            a_dead_job_is_remembered_longer_and_its_reason_for_ever,
            of_a_live_job_nothing_is_forgotten,
            details_are_forgotten_in_small_steps,
            a_silent_conversation_can_be_deleted_with_all_that_came_of_it,
            what_is_dirty_or_waited_for_is_never_deleted_for_its_age,
            what_was_silent_and_is_spoken_in_again_stays,
            nothing_that_lives_is_cleaned_up,
        );
        $crate::store::contract::store_contract!($open, usage:
            what_calls_consumed_is_summed_by_user_and_for_all,
            a_call_counts_on_the_day_in_utc_on_which_it_ended,
            days_are_listed_the_latest_first_and_within_bounds,
            the_usage_of_a_job_is_that_of_its_calls_since_it_was_asked_for,
            a_deleted_conversation_is_named_by_none_of_its_calls,
            an_erasure_takes_calls_and_days_and_leaves_the_sum_of_all,
            a_call_from_before_an_erasure_counts_for_all_users_only,
            what_was_consumed_since_an_erasure_began_needs_another,
            a_closed_account_consumes_in_nobodys_name,
            old_calls_are_forgotten_in_small_steps_and_the_days_stay,
        );
        $crate::store::contract::store_contract!($open, user_verdicts:
            a_verdict_comes_back_as_it_was_given,
            the_last_verdict_on_an_item_counts_and_the_latest_is_listed_first,
            of_two_verdicts_given_at_once_one_has_to_look_again,
            what_is_not_there_cannot_be_judged,
            a_verdict_is_its_users_alone,
            an_extraction_leaves_verdicts_as_they_are,
            of_a_deleted_conversation_only_the_marks_of_rejections_stay,
            a_silent_conversation_takes_its_verdicts_along,
            an_erasure_takes_verdicts_and_marks,
            what_was_forgotten_since_an_erasure_began_needs_another,
            a_new_memory_begins_without_verdicts,
        );
        $crate::store::contract::store_contract!($open, traces:
            a_job_carries_the_trace_of_every_trigger_once,
            of_many_traces_the_newest_stay,
            a_trigger_during_the_work_is_traced_by_the_next_pass,
            a_new_job_does_not_carry_the_traces_of_the_last,
            a_session_traces_every_job_it_asks_for,
        );
        $crate::store::contract::store_contract!($open, summaries:
            a_summary_is_due_once_enough_is_unsummarised,
            users_with_enough_are_found_page_by_page_until_a_job_is_live,
            of_many_workers_one_claims_the_summary,
            a_pick_is_the_oldest_and_what_else_is_open,
            a_summary_is_saved_marked_and_ended_step_by_step,
            whoever_takes_over_finds_what_is_still_to_be_marked,
            a_summary_that_is_saved_twice_is_saved_once,
            a_lost_summary_can_be_neither_saved_nor_ended,
            what_is_extracted_again_meanwhile_stays_unsummarised,
            a_deleted_conversation_leaves_the_summary_and_its_next_life_is_not_marked,
            a_summary_of_something_deleted_since_the_pick_is_not_saved,
            a_summary_that_gave_up_waits_for_a_context_that_is_new_to_it,
            a_saved_summary_is_marked_whatever_became_of_its_job,
            a_failed_summary_waits_and_a_snooze_or_release_costs_no_attempt,
            a_summary_that_kills_its_workers_is_poison,
        );
        $crate::store::contract::store_contract!($open, summary_interleavings:
            random_interleavings_summarise_each_context_once,
        );
        $crate::store::contract::store_contract!($open, interleavings: random_interleavings_keep_every_promise);
    };
    ($open:path, $module:ident: $($case:ident),+ $(,)?) => {
        mod $module {
            $(#[tokio::test]
            async fn $case() {
                $crate::store::contract::$module::$case($open().await).await;
            })+
        }
    };
}
pub(crate) use store_contract;
