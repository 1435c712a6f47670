//! What is picked in other languages, and what is left.

use super::*;

fn found(language: &str, sentence: &str) -> Option<(ItemKind, String)> {
    find(language, sentence, |_| false).map(|found| (found.kind, sentence[found.begin..].to_owned()))
}

#[test]
fn goals_and_decisions_are_picked_in_their_own_language() {
    use ItemKind::{Decision, Goal};
    for (language, sentence, kind, picked) in [
        ("de", "Ja, ich möchte im Herbst Klavier lernen.", Goal, "ich möchte im Herbst Klavier lernen."),
        ("de", "Ich hab beschlossen, das Auto zu verkaufen.", Decision, "Ich hab beschlossen, das Auto zu verkaufen."),
        ("es", "Quiero aprender a nadar este verano.", Goal, "Quiero aprender a nadar este verano."),
        ("es", "Hoy decidí dejar el azúcar.", Decision, "Hoy decidí dejar el azúcar."),
        ("fr", "Je voudrais lire un livre par mois.", Goal, "Je voudrais lire un livre par mois."),
        ("fr", "J’ai décidé de vendre la maison.", Decision, "J’ai décidé de vendre la maison."),
        ("pt", "Quero correr dez quilômetros.", Goal, "Quero correr dez quilômetros."),
        ("pt", "Decidi também mudar de emprego.", Decision, "Decidi também mudar de emprego."),
        ("it", "Vorrei imparare il francese.", Goal, "Vorrei imparare il francese."),
        ("it", "Ho deciso di partire a maggio.", Decision, "Ho deciso di partire a maggio."),
        ("ja", "はい、来年はピアノを習いたいです。", Goal, "来年はピアノを習いたいです。"),
        ("ja", "毎晩十時に布団に入ることにしました。", Decision, "毎晩十時に布団に入ることにしました。"),
    ] {
        assert_eq!(found(language, sentence), Some((kind, picked.to_owned())), "{sentence}");
    }
}

#[test]
fn what_is_denied_supposed_said_by_others_or_a_move_in_the_talk_is_left() {
    for (language, sentence) in [
        ("de", "Ich möchte nicht umziehen."),
        ("de", "Wenn ich Zeit hätte, ich möchte reisen."),
        ("de", "Ich möchte dich etwas fragen."),
        ("de", "Er sagte, ich möchte zu viel."),
        ("es", "No quiero mudarme a Madrid."),
        ("es", "Quiero preguntarte una cosa."),
        ("es", "Si gano, quiero viajar."),
        ("es", "Quiero a mi hermana, es la mejor."),
        ("fr", "Je veux bien, merci."),
        ("it", "Voglio bene a mia madre."),
        ("de", "Ich möchte bitte einen Kaffee."),
        ("fr", "Je veux savoir la réponse."),
        ("fr", "Je ne veux pas partir."),
        ("pt", "Não quero trabalhar aos domingos."),
        ("pt", "Quero saber a resposta."),
        ("it", "Non voglio traslocare."),
        ("it", "Vorrei chiederti una cosa."),
        ("ja", "もし時間があれば旅行したいです。"),
        ("ja", "友達は医者になりたいです。"),
        ("ja", "質問したいです。"),
        ("ja", "旅行したいですか。"),
        ("es", "Decidi"),
        ("ko", "한국어를 배우고 싶어요."),
    ] {
        assert_eq!(found(language, sentence), None, "{sentence}");
    }
}

#[test]
fn quoted_speech_is_left_in_any_language() {
    assert!(find("es", "Quiero aprender a nadar.", |_| true).is_none());
    assert!(find("ja", "来年はピアノを習いたいです。", |_| true).is_none());
}

#[test]
fn every_phrase_is_in_lower_case() {
    for book in BOOKS {
        for (_, phrase) in book.phrases {
            assert_eq!(*phrase, phrase.to_lowercase(), "{}", book.language);
        }
    }
}
