//! Reading one row of the active segment, by arrival.

use super::Active;
use crate::event::Role;
use crate::index::Field;
use crate::index::dictionary::{Dictionary, Numbers};
use crate::segment::rows::Rows;

impl Rows for Active {
    fn timestamp(&self, row: usize) -> i64 {
        self.timestamps[row]
    }

    fn seq(&self, row: usize) -> u64 {
        self.base_seq + u64::from(self.seqs[row])
    }

    fn wall_time(&self, row: usize) -> Option<i64> {
        self.wall_times[row]
    }

    fn duration(&self, row: usize) -> Option<i64> {
        self.durations[row]
    }

    fn arity(&self, row: usize) -> Option<u8> {
        self.arities[row].checked_sub(1).map(|arity| arity as u8)
    }

    fn code(&self, field: Field, row: usize) -> Option<u16> {
        self.codes[field as usize][row].checked_sub(1)
    }

    fn roles(&self, row: usize) -> impl Iterator<Item = (Role, u16)> {
        self.role_slice(row).iter().copied()
    }

    fn stamped(&self, row: usize) -> bool {
        self.stamped.contains(row)
    }

    fn event_id(&self, row: usize) -> &str {
        let start = self.arena_start(row);
        &self.arena[start..start + usize::from(self.id_lens[row])]
    }

    fn data(&self, row: usize) -> &str {
        &self.arena[self.arena_start(row) + usize::from(self.id_lens[row])..self.ends[row] as usize]
    }

    fn dictionary(&self, field: Field) -> &Dictionary {
        &self.dictionaries[field as usize]
    }

    fn module_functions(&self) -> &Numbers {
        &self.module_functions
    }

    fn mfas(&self) -> &Numbers {
        &self.mfas
    }

    fn ast_codes(&self, prefix: &str) -> Vec<u16> {
        let dictionary = self.dictionary(Field::AstNode);
        (0..dictionary.len() as u32)
            .map(|code| code as u16)
            .filter(|code| dictionary.text(*code).starts_with(prefix))
            .collect()
    }
}
