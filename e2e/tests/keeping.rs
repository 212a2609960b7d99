//! What an operator does with a network's databases: they move to another engine, are backed up and put back, and people find
//! everything as it was.

#[path = "keeping/backup.rs"]
mod backup;
#[path = "keeping/life.rs"]
mod life;
#[path = "keeping/moving.rs"]
mod moving;
