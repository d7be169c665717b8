//! From a full active segment to an immutable one: rows sorted by time, columns packed, lists in one array.

use super::active::{Active, distinct_pids};
use super::packed::{Optional, Packed};
use super::rows::Rows;
use super::sealed::{Bytes, Sealed, SeqMap};
use crate::index::bitmap::Bitmap;
use crate::index::postings::Postings;
use crate::index::{Field, Index};

/// Copies the live rows of a published active segment. `None` when none is live.
///
/// Reads only: queries go on meanwhile. Cost: about 0.2 us per row.
pub(crate) fn seal(active: &Active) -> Option<Sealed> {
    let rows: Vec<u16> = active.order.iter().copied().filter(|row| !active.is_dead(usize::from(*row))).collect();
    let first_row = *rows.first()?;
    let at = |row: &u16| usize::from(*row);
    let numbers = |column: fn(&Active, usize) -> i64| Packed::new(rows.iter().map(move |row| column(active, at(row))));

    let lowest = rows.iter().map(at).min().unwrap_or(at(&first_row));
    let highest = rows.iter().map(at).max().unwrap_or(at(&first_row));
    let base_seq = active.seq(lowest);

    let mut arena = String::with_capacity(active.arena.len());
    let mut ends = Vec::with_capacity(rows.len());
    let mut role_ends = Vec::with_capacity(rows.len());
    let mut role_entries = Vec::with_capacity(active.role_entries.len());
    for row in &rows {
        arena.push_str(active.event_id(at(row)));
        arena.push_str(active.data(at(row)));
        ends.push(arena.len() as i64);
        role_entries.extend(active.roles(at(row)));
        role_ends.push(role_entries.len() as i64);
    }

    let dictionaries = active.dictionaries.each_ref().map(|dictionary| dictionary.compact(&active.hasher));

    let sealed = Sealed {
        rows: rows.len(),
        base_seq,
        last_seq: active.seq(highest),
        seq_map: seq_map(active, &rows, base_seq),
        timestamps: numbers(|active, row| active.timestamps[row]),
        wall_offsets: Optional::new(
            rows.len(),
            rows.iter().map(|row| active.wall_times[at(row)].map(|wall| wall.wrapping_sub(active.timestamps[at(row)]))),
        ),
        durations: Optional::new(rows.len(), rows.iter().map(|row| active.durations[at(row)])),
        arities: numbers(|active, row| i64::from(active.arities[row])),
        codes: Field::ALL.map(|field| {
            let column = &active.codes[field as usize];
            Packed::new(rows.iter().map(move |row| i64::from(column[at(row)])))
        }),
        postings: Index::ALL.map(|index| postings(active, index, &rows)),
        ast_sorted: dictionaries[Field::AstNode as usize].sorted(),
        dictionaries,
        module_functions: active.module_functions.clone(),
        mfas: active.mfas.clone(),
        role_ends: Packed::new(role_ends.iter().copied()),
        role_entries: role_entries.into_boxed_slice(),
        stamped: stamped(active, &rows),
        arena: arena.into_boxed_str(),
        ends: Packed::new(ends.iter().copied()),
        id_lens: numbers(|active, row| i64::from(active.id_lens[row])),
        bytes: Bytes::default(),
    };
    Some(sealed.measured())
}

fn seq_map(active: &Active, rows: &[u16], base_seq: u64) -> SeqMap {
    let offset = |row: &u16| active.seq(usize::from(*row)) - base_seq;
    if rows.iter().zip(0_u64..).all(|(row, rank)| offset(row) == rank) {
        return SeqMap::Dense;
    }
    let mut rank_of_row = vec![u32::MAX; active.len()];
    for (row, rank) in rows.iter().zip(0..) {
        rank_of_row[usize::from(*row)] = rank;
    }
    // Rows ascend by seq, so reading the ranks by row sorts them by seq.
    let ranks = rank_of_row.into_iter().filter(|rank| *rank != u32::MAX).map(|rank| rank as u16).collect();
    SeqMap::Sparse { offsets: Packed::new(rows.iter().map(|row| offset(row) as i64)), ranks }
}

fn stamped(active: &Active, rows: &[u16]) -> Option<Bitmap> {
    let mut stamped: Option<Bitmap> = None;
    for (rank, row) in rows.iter().enumerate() {
        if active.stamped(usize::from(*row)) {
            stamped.get_or_insert_with(|| Bitmap::new(rows.len())).insert(rank);
        }
    }
    stamped
}

fn postings(active: &Active, index: Index, rows: &[u16]) -> Postings {
    let ranked = || rows.iter().enumerate().map(|(rank, row)| (usize::from(*row), rank as u16));
    let codes = match index {
        Index::Arity => active.arities.iter().max().map_or(0, |arity| usize::from(*arity)),
        Index::ModuleFunction => active.module_functions.keys().len(),
        Index::Mfa => active.mfas.keys().len(),
        _ => index.field().map_or(0, |field| active.dictionary(field).len()),
    };
    if index == Index::Process {
        return Postings::build(codes, rows.len(), || {
            ranked().flat_map(|(row, rank)| {
                distinct_pids(active.code(Field::Pid, row), active.role_slice(row)).map(move |code| (code, rank))
            })
        });
    }
    let by_rank: Vec<Option<u16>> = ranked().map(|(row, _)| active.index_code(index, row)).collect();
    Postings::build(codes, rows.len(), || {
        by_rank.iter().enumerate().filter_map(|(rank, code)| code.map(|code| (code, rank as u16)))
    })
}
