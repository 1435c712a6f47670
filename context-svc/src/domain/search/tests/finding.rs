//! What is found, and in which order.

use super::*;

#[tokio::test]
async fn a_message_is_found_by_the_stems_of_its_words() {
    let memory = Memory::new().await;
    memory.hears("c1", vec![user("I went running with my dog."), user("The weather is fine.")]).await;
    memory.hears("c2", vec![user("Ich habe die alten Häuser in Lübeck gesehen, und sie waren schön.")]).await;

    assert_eq!(memory.messages("did I run?").await[0], "I went running with my dog.");
    assert_eq!(memory.messages("Haus").await, ["Ich habe die alten Häuser in Lübeck gesehen, und sie waren schön."]);
    assert_eq!(memory.messages("Luebeck").await, [""; 0]);
    assert_eq!(memory.messages("lubeck").await.len(), 1);
    assert_eq!(memory.messages("?!").await, [""; 0]);
}

#[tokio::test]
async fn chinese_is_found_by_pairs_of_characters() {
    let memory = Memory::new().await;
    memory.hears("c1", vec![user("我打算明年去北京学习书法。我很喜欢茶。")]).await;
    memory.hears("c2", vec![user("今天天气很好。")]).await;

    for query in ["书法", "去北京", "茶"] {
        let hits = memory.finds(query, messages()).await;
        assert_eq!(texts(&hits), ["我打算明年去北京学习书法。我很喜欢茶。"], "{query}");
    }
    assert_eq!(memory.finds("茶", messages()).await[0].evidence[0].quote, "我很喜欢茶。");
}

#[tokio::test]
async fn an_answer_is_found_by_the_question_before_it() {
    let memory = Memory::new().await;
    let asked = by(Role::Assistant, "", "When is the wedding of your sister?");
    memory.hears("c1", vec![asked, user("In May, at the lake.")]).await;
    memory.hears("c2", vec![user("I like soup.")]).await;

    let hits = memory.finds("wedding", messages()).await;

    assert_eq!(texts(&hits), ["When is the wedding of your sister?", "In May, at the lake."]);
    assert_eq!(hits[1].evidence[0].quote, "In May, at the lake.");
    assert!(hits[0].score > hits[1].score && hits[0].score <= 1.0, "{hits:?}");
}

#[tokio::test]
async fn who_is_named_comes_before_who_is_not() {
    let memory = Memory::new().await;
    let said = |name: &str, text: &str| by(Role::User, name, text);
    memory.hears("c1", vec![said("Ben", "Painting pictures is what Anna told me about.")]).await;
    memory.hears("c2", vec![said("Anna", "I was painting pictures all week long in the garden.")]).await;

    let found = memory.messages("What did Anna paint?").await;

    assert_eq!(found[0], "I was painting pictures all week long in the garden.");
    assert_eq!(memory.messages("anna").await.len(), 2, "a name is a word of what its bearer says");
}

#[tokio::test]
async fn what_was_said_at_the_time_that_is_named_comes_first() {
    let memory = Memory::new().await;
    memory.hears("a", vec![on(2, "We painted the kitchen.")]).await;
    memory.hears("b", vec![on(60, "We painted the kitchen.")]).await;

    let first = |hits: Vec<Hit>| hits[0].evidence[0].conversation_id.to_string();

    assert_eq!(first(memory.finds("What did we paint in March 2031?", messages()).await), "a");
    assert_eq!(first(memory.finds("What did we paint in April?", messages()).await), "b");
    assert_eq!(first(memory.finds("What did we paint?", messages()).await), "b", "of equals the one said last");
}

#[tokio::test]
async fn equals_come_in_one_order_whatever_was_said_first() {
    let memory = Memory::new().await;
    for id in ["b", "c", "a"] {
        memory.hears(id, vec![user("I like tea.")]).await;
    }

    let hits = memory.finds("tea", messages()).await;

    let order: Vec<_> = hits.iter().map(|hit| hit.evidence[0].conversation_id.to_string()).collect();
    assert_eq!(order, ["a", "b", "c"]);
}

#[tokio::test]
async fn instructions_and_tools_are_not_found() {
    let memory = Memory::new().await;
    let silent = [by(Role::System, "", "Speak of herons."), by(Role::Tool, "", "heron: a bird")];
    memory
        .hears("c1", silent.into_iter().chain([user("A heron!"), by(Role::Assistant, "", "Herons are shy.")]).collect())
        .await;

    assert_eq!(memory.messages("heron").await, ["A heron!", "Herons are shy."]);
}

#[tokio::test]
async fn a_statement_made_in_many_talks_is_one_hit_with_the_quotes_of_all() {
    let memory = Memory::new().await;
    for id in ["c1", "c2", "c3"] {
        memory.hears(id, vec![user("I want to swim.")]).await;
        memory.remembers(id).await;
    }

    let hits = memory.finds("swimming", all()).await;

    let items: Vec<_> = hits.iter().filter(|hit| matches!(hit.subject, Subject::Item(_))).collect();
    assert_eq!((items.len(), items[0].evidence.len()), (1, 3));
    assert_eq!(hits.len(), 4, "the messages are what was said, each time");
}

#[tokio::test]
async fn an_item_and_the_message_it_quotes_score_alike() {
    let memory = Memory::new().await;
    memory.hears("c1", vec![user("I want to swim."), user("Soup is good.")]).await;
    memory.remembers("c1").await;

    let hits = memory.finds("swim", all()).await;

    assert_eq!(hits[0].score, hits[1].score);
    assert!(matches!(hits[0].subject, Subject::Item(_)), "what was understood comes before what was said");
}

#[tokio::test]
async fn of_many_that_are_gone_the_next_take_the_places() {
    let memory = Memory::new().await;
    for number in 0..40 {
        let id = format!("c{number}");
        memory.hears(&id, vec![user("I want to swim.")]).await;
        memory.remembers(&id).await;
    }
    memory.hears("last", vec![user("I want to swim, perhaps, some day or other.")]).await;
    memory.remembers("last").await;
    let scope = Scope { messages: false, ..all() };
    let quest = Quest { query: "swim".to_owned(), scope, limit: 2, time_zone: None };

    let hits = memory.search.find(&memory.user, &quest).await.unwrap();

    assert_eq!(texts(&hits), ["I want to swim.", "I want to swim, perhaps, some day or other."]);
}

#[tokio::test]
async fn a_statement_made_again_is_found_as_it_was_said_last_where_it_fitted_best() {
    let memory = Memory::new().await;
    let answer = by(Role::Assistant, "", "To swim is good for you, swim, swim!");
    memory.hears("c1", vec![user("I want to swim."), answer]).await;
    for number in 2..30 {
        memory.hears(&format!("c{number}"), vec![on(2, "I want to swim ashore.")]).await;
    }
    let aside =
        [by(Role::Assistant, "", "How much soup, bread, cheese, salt and pepper is there?"), on(9, "I want to swim.")];
    memory
        .hears("last", aside.into_iter().chain([user("A lot of soup and bread and cheese, I guess.")]).collect())
        .await;
    for id in (1..30).map(|number| format!("c{number}")).chain(["last".to_owned()]) {
        memory.remembers(&id).await;
    }
    let scope = Scope { messages: false, ..all() };
    let finds = async |scope: Scope| {
        let quest = Quest { query: "swim".to_owned(), scope, limit: 1, time_zone: None };
        memory.search.find(&memory.user, &quest).await.unwrap()
    };

    let (found, first) = (finds(scope.clone()).await, finds(Scope { until: Some(day(2)), ..scope }).await);

    let said = |hit: &Hit| hit.evidence.iter().map(|each| each.conversation_id.to_string()).collect::<Vec<_>>();
    assert_eq!((said(&found[0]), said(&first[0])), (vec!["last".to_owned(), "c1".to_owned()], vec!["c1".to_owned()]));
    assert!(matches!(&found[0].subject, Subject::Item(item) if item.said_at == day(9)), "{found:?}");
    assert_eq!((found.len(), found[0].score), (1, first[0].score));
}

#[tokio::test]
async fn what_hangs_on_words_of_another_script_does_not_hide_them() {
    let memory = Memory::new().await;
    let korean = "5월에 TV를 사고 카페latte를 마셨다.";
    memory.hears("c1", vec![user(korean), user("İstanbul'da yaşıyorum.")]).await;
    memory.hears("c2", vec![user("날씨가 좋다.")]).await;

    for query in ["5월", "TV", "latte", "카페"] {
        assert_eq!(memory.messages(query).await[0], korean, "{query}");
    }
    assert_eq!(memory.messages("istanbul").await[0], "İstanbul'da yaşıyorum.");
}
