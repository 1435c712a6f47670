//! Which lists are plans, and where their entries begin and end.

use super::*;

fn listed(text: &str) -> Vec<&str> {
    entries(text).into_iter().map(|entry| &text[entry.begin..entry.end]).collect()
}

#[test]
fn a_list_under_a_heading_that_calls_it_a_plan_is_one() {
    for (text, plan) in [
        ("My goals for this week:\n1. Row on Tuesday\n2. Call the plumber", vec!["Row on Tuesday", "Call the plumber"]),
        (
            "Hello!\nGoals:\n- practise the harp\n- sleep before eleven\nThat is it.",
            vec!["practise the harp", "sleep before eleven"],
        ),
        ("To do today: call the plumber", vec!["call the plumber"]),
        ("My new goals for the garden: plant beans and peas", vec!["plant beans and peas"]),
        ("Goal: Drink water instead of juice.", vec!["Drink water instead of juice"]),
        ("我的目标：1. 每天走路一小时；2. 少吃甜食。", vec!["每天走路一小时", "少吃甜食"]),
    ] {
        assert_eq!(listed(text), plan, "{text}");
    }
}

#[test]
fn a_list_that_opens_a_message_is_one_if_it_recurs_or_one_is_sure() {
    for (text, plan) in [
        (
            "1. Garden: Plant beans. 2. Repeat it. 3. Water the beans every evening.",
            vec!["Plant beans", "Water the beans every evening"],
        ),
        (
            "(1) Sleep: Go to bed by ten on weekdays (6/10 confident) (2) Buy a thicker curtain Mood: a bit tired",
            vec!["Go to bed by ten on weekdays (6/10 confident)", "Buy a thicker curtain"],
        ),
        ("Cook soup twice a week (80% confident). It saves money.", vec!["Cook soup twice a week (80% confident)"]),
        ("1) After lunch, walk around the block each day", vec!["After lunch, walk around the block each day"]),
    ] {
        assert_eq!(listed(text), plan, "{text}");
    }
}

#[test]
fn what_is_no_plan_of_ones_own_is_left() {
    for text in [
        "1. Mix the flour with water. 2. Stir every 5 minutes. 3. Bake for an hour.",
        "Goal review: 1. Walk daily (done)",
        "1. Goal check-in: (1) Walk every day",
        "6-month goals: (1) Run every week (2) Save more",
        "Your goals: 1. Walk every day",
        "My goals of last month: 1. Walk every day",
        "Which is better?\n1. Run every day\n2. Swim every day",
        "1. Walk every day? 2. Swim every day?",
        "1. Do I walk enough every day",
        "The company goals:\n1. Sell more every week",
        "Yesterday it rained. 1. Walk every day",
        "1. The client walks every day",
        "I read this list: 1. Walk every day 2. Sleep more",
        "1. Run every day\n2. Swim every day\nWhich one is better?",
        "My boss' goals: 1. Sell more every week",
        "公司的目标：1. 每天开会",
        "会议目标：1. 讨论预算",
    ] {
        assert_eq!(listed(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn an_entry_ends_before_what_follows_it() {
    for (text, plan) in [
        ("1. Run 2.5 km every day 2. Rest on Sundays", vec!["Run 2.5 km every day", "Rest on Sundays"]),
        ("1. Read every night. Yesterday I read a lot. 2. Sing more", vec!["Read every night"]),
        ("2. Write a page every day (9/10 confident). 2. Eat less", vec!["Write a page every day (9/10 confident)"]),
    ] {
        assert_eq!(listed(text), plan, "{text}");
    }
}
