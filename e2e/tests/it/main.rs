//! The promises, as stories on the outside of the services.

mod bad_input;
mod isolation;
mod kill;
mod kill_loop;
mod logout;
mod once;
mod restart;
mod startup;
