//! The promises, as stories on the outside of the services.

mod bad_input;
mod chaos;
mod chat;
mod correct;
mod data;
mod disk;
mod doctor;
mod erase;
mod isolation;
mod kill;
mod logout;
mod metrics;
mod once;
mod outage;
mod queue;
mod restart;
mod rolling;
mod startup;
mod summary;
mod trace;
mod two;
