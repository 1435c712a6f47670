//! Promises of `AccountStore`.

use futures::future::join_all;
use kit::id::Secret;

use super::{Fresh, account, user};
use crate::domain::account::Email;

pub(crate) async fn an_account_is_found_by_id_and_by_address_in_any_case(store: Fresh) {
    let ada = account("ada");

    assert!(store.create_account(&ada).await.unwrap());

    let upper = Email::parse("ADA@Example.ORG").unwrap();
    assert_eq!(store.find_account(&ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.find_account_by_email(&upper).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(store.find_account(&user("bob")).await.unwrap(), None);
}

pub(crate) async fn an_address_belongs_to_one_account(store: Fresh) {
    let ada = account("ada");
    let impostor = crate::domain::account::Account { id: user("eve"), ..ada.clone() };
    store.create_account(&ada).await.unwrap();

    assert!(!store.create_account(&impostor).await.unwrap());

    assert_eq!(store.find_account(&impostor.id).await.unwrap(), None);
    assert!(store.list_audit(&impostor.id, 10).await.unwrap().is_empty());
}

pub(crate) async fn of_many_registrations_of_one_address_one_wins(store: Fresh) {
    let rivals: Vec<_> =
        (0..10).map(|n| crate::domain::account::Account { id: user(&format!("u{n}")), ..account("ada") }).collect();

    let won = join_all(rivals.iter().map(|rival| store.create_account(rival))).await;

    assert_eq!(won.into_iter().filter(|won| *won.as_ref().unwrap()).count(), 1);
}

pub(crate) async fn a_hash_is_replaced_only_if_it_is_the_verified_one(store: Fresh) {
    let ada = account("ada");
    store.create_account(&ada).await.unwrap();
    let (verified, stronger, late) = (Secret::new("hash"), Secret::new("stronger"), Secret::new("late"));

    store.rehash(&ada.id, &verified, &stronger).await.unwrap();
    store.rehash(&ada.id, &verified, &late).await.unwrap();

    assert_eq!(store.find_account(&ada.id).await.unwrap().unwrap().password_hash, stronger);
}
