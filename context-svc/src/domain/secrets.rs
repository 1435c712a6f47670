//! Recognises what must never enter a title, a summary or an item: card numbers, passwords and keys.
//!
//! Errs on the side of calling something a secret: a remembered sentence less is cheaper than a remembered password.

use super::extract::fold::{fold, unfolded};

/// Words after which, if a value follows, the value is a secret.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pass phrase",
    "pin code",
    "pin number",
    "my pin",
    "security code",
    "cvv",
    "cvc",
    "api key",
    "apikey",
    "api_key",
    "secret key",
    "private key",
    "access key",
    "access token",
    "auth token",
    "recovery code",
    "seed phrase",
    "social security number",
    "passwort",
    "kennwort",
    "contraseña",
    "senha",
    "mot de passe",
    "密码",
    "密碼",
    "口令",
    "验证码",
    "驗證碼",
    "パスワード",
    "暗証番号",
    "비밀번호",
    "пароль",
    "كلمة المرور",
];

/// What stands between the name of a secret and its value.
const LINKS: &[&str] =
    &["is", "was", "=", ":", "-", "are", "ist", "lautet", "es", "est", "é", "是", "为", "為", "は", "يكون", "هي"];

const KEY_PREFIXES: &[&str] = &[
    "sk-",
    "pk-",
    "sk_live_",
    "rk_live_",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
];

/// No card is written in smaller groups; other lists of numbers are.
const CARD_GROUP_MIN: usize = 3;
const CARD_DIGITS_MIN: usize = 13;
const CARD_DIGITS_MAX: usize = 19;

const KEY_CHARS_MIN: usize = 16;
const UNNAMED_KEY_CHARS_MIN: usize = 28;

/// Whether `text` gives away a secret, however it is spaced and spelled.
pub fn has_secret(text: &str) -> bool {
    let folded = fold(text);
    has_card_number(&folded) || names_a_secret(&folded) || has_key(&unfolded(text))
}

/// 13 to 19 digits, in groups or not, whose check digit is right (Luhn, ISO/IEC 7812-1).
fn has_card_number(folded: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.');
    folded.split(|c| !is_part(c)).any(|stretch| {
        let groups: Vec<&str> = stretch.split([' ', '-', '.']).filter(|group| !group.is_empty()).collect();
        (0..groups.len()).any(|from| begins_with_card(&groups[from..]))
    })
}

fn begins_with_card(groups: &[&str]) -> bool {
    let mut digits: Vec<u8> = Vec::new();
    for group in groups.iter().take_while(|group| group.len() >= CARD_GROUP_MIN) {
        if digits.len() + group.len() > CARD_DIGITS_MAX {
            return false;
        }
        digits.extend(group.bytes().map(|digit| digit - b'0'));
        if digits.len() >= CARD_DIGITS_MIN && passes_luhn(&digits) {
            return true;
        }
    }
    false
}

fn passes_luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let weigh = |(place, digit): (usize, &u8)| u32::from(if place % 2 == 1 { doubled(*digit) } else { *digit });
    digits.iter().any(|digit| *digit != 0) && digits.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

fn has_key(text: &str) -> bool {
    if text.contains("-----BEGIN") {
        return true;
    }
    let is_key_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '=' | '/' | '.');
    text.split(|c| !is_key_char(c)).any(|token| {
        let is_address = token.contains("//") || token.starts_with("www.");
        let known = KEY_PREFIXES.iter().any(|prefix| token.starts_with(prefix)) && token.len() >= KEY_CHARS_MIN;
        let digits = token.bytes().filter(u8::is_ascii_digit).count();
        let letters = token.bytes().filter(u8::is_ascii_alphabetic).count();
        let random = token.len() >= UNNAMED_KEY_CHARS_MIN && digits >= 4 && letters >= 8;
        !is_address && (known || random)
    })
}

fn names_a_secret(text: &str) -> bool {
    NAMES.iter().any(|name| text.match_indices(name).any(|(at, _)| is_given_away(&text[at + name.len()..])))
}

fn is_given_away(after_the_name: &str) -> bool {
    let rest = after_the_name.trim_start();
    LINKS.iter().any(|link| {
        let Some(value) = rest.strip_prefix(link) else {
            return false;
        };
        let is_word = link.chars().all(|c| c.is_ascii_alphabetic());
        let value_begins = !is_word || value.starts_with(|c: char| c.is_whitespace() || c == ':');
        value_begins && value.chars().any(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_passwords_and_keys_are_secrets() {
        for secret in [
            "it is 4111 1111 1111 1111, thanks",
            "5500-0000-0000-0004",
            "number 378282246310005 code 7",
            "４１１１ １１１１ １１１１ １１１１",
            "4111 1111\n\n1111  -  1111",
            "4111\u{200b}111111111111",
            "4111\u{202e}1111\u{2066}1111\u{e0031}1111",
            "use sk-\u{200b}test0123\u{200d}456789abcdef",
            "My password is swordfish",
            "passphrase: blue-tree-lamp",
            "the API key = abc",
            "我的密码是abc123",
            "use sk-test0123456789abcdef",
            "3f2a9c01bb7e4d5f86a1c2d3e4f50617",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert!(has_secret(secret), "{secret}");
        }
    }

    #[test]
    fn numbers_and_words_of_everyday_life_are_not() {
        for harmless in [
            "I want to save 1,250.75 euros by 31/08/2025",
            "call me at 030 1234567",
            "4111 1111 1111 1112 has a wrong check digit",
            "sets of 12 10 8 12 10 8 12 10 8 12 10 8",
            "I want to choose a better password manager",
            "see https://example.org/articles/2024-05-01-how-to-sleep-better-1234567",
            "I decided to take 0.5 mg, not 5 mg",
            "",
        ] {
            assert!(!has_secret(harmless), "{harmless}");
        }
    }
}
