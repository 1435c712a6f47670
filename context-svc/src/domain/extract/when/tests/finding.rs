use super::*;

#[test]
fn the_words_of_a_time_are_found_in_a_sentence() {
    for (text, phrase) in [
        ("I will call the clinic tomorrow at 9am.", "tomorrow at 9am"),
        ("By next month I want to have a bicycle.", "By next month"),
        ("My goal is to finish the online course in two months.", "in two months"),
        ("I want to fix it before Friday.", "before Friday"),
        ("Anyway, I have decided to apply on Monday.", "on Monday"),
        ("My goal: save €1,250.75 by 31/08/2025.", "by 31/08/2025"),
        ("My goal }}] {to ship} :: version 2 :: in June ]]{{.", "in June"),
        ("I'd like to be fluent by the end of next year, honestly", "by the end of next year"),
        ("Tomorrow I decide; by the end of the year I move.", "by the end of the year"),
        ("The talk was put off to next Friday.", "next Friday"),
        ("Ich will am 5.6. fertig sein.", "am 5.6."),
        ("Ich werde morgen um halb drei in der Nacht den Mond fotografieren.", "morgen um halb drei in der Nacht"),
        ("Ich möchte bis Weihnachten fünf Kilo abnehmen.", "bis Weihnachten"),
        ("Am 3. März 2026 will ich fertig sein.", "Am 3. März 2026"),
        ("Quero parar de fumar até o fim do ano.", "até o fim do ano"),
        ("Amanhã vou marcar uma consulta.", "Amanhã"),
        ("来年の三月までに日本語能力試験に合格したいです。", "来年の三月までに"),
        ("我打算明天早上九点去报名学开车。", "明天早上九点"),
        ("体检我已经决定下个月再做。", "下个月"),
        ("Je veux arrêter de fumer d'ici la fin de l'année.", "d'ici la fin de l'année"),
        ("Quiero aprender a nadar antes de agosto.", "antes de agosto"),
        ("Voglio finire la tesi entro giugno.", "entro giugno"),
    ] {
        assert_eq!(find(text), Some(phrase), "{text}");
    }
}

#[test]
fn what_is_no_due_is_not_found() {
    for text in [
        "Some day I want to learn the cello.",
        "I'll do it soon, or later.",
        "Last week I sold the car, and yesterday I bought another.",
        "Two years ago I was in Rome.",
        "When I was twenty I ran marathons.",
        "I go swimming every Friday at 10.",
        "I go swimming on Sundays and every second Monday.",
        "I work from Monday to Friday.",
        "We have met since March.",
        "I want to meditate three times a week.",
        "I want to walk 30 minutes a day for two weeks.",
        "I want to run 10 km in under 50 min, not 15.",
        "In ten minutes I run 2 km.",
        "I may march on, but the sun sat on Mars.",
        "We live on the 2nd floor at 9 euros a day.",
        "I was born in the second half of the week.",
        "Meine Schwester kommt jeden Montag um 10 Uhr.",
        "Ich laufe montags und mittwochs.",
        "Irgendwann möchte ich segeln. Gestern war ich krank.",
        "Ich arbeite von Montag bis Freitag.",
        "我每天早上六点起床，每周五去游泳。",
        "昨天我去跑步了，以后再说。",
        "早一点睡比较好。",
        "はい、毎朝三十分勉強することに決めました。",
        "Cours de yoga tous les lundis, et je cours le lundi.",
        "Today is Sunday and I am bored.",
        "今天是星期天，我很无聊。",
        "This may help at first.",
        "Take Friday-Sunday off.",
        "I want to be asleep by 11pm and up at 7:30.",
        "Rome was not built in a day, and I give it a 7/10.",
        "It is open 24/7.",
        "The mean was 3.6.",
        "J'ai été en retard.",
        "Los lunes nado.",
        "Ogni giorno cammino. Il lunedì nuoto.",
        "Toda segunda-feira eu corro.",
        "",
        "…",
    ] {
        assert_eq!(find(text), None, "{text}");
    }
}

#[test]
fn one_time_is_found_beside_what_comes_again() {
    assert_eq!(find("I swim every Friday, and by June I want to dive."), Some("by June"));
    assert_eq!(find("Ich laufe jeden Tag, bis Ende August will ich 10 km schaffen."), Some("bis Ende August"));
    assert_eq!(find("我每天跑步，年底之前想跑马拉松。"), Some("年底之前"));
}

#[test]
fn what_only_another_language_makes_a_time_is_none() {
    assert_eq!(find("in 31. bis"), None);
}
