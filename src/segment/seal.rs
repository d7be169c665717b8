//! From a full active segment to an immutable one: rows sorted by time, columns packed, lists in one array.

use super::active::{Active, distinct_pids};
use super::arena::Arena;
use super::packed::{Optional, Packed};
use super::rows::Rows;
use super::sealed::{Bytes, Sealed, SeqMap};
use crate::index::bitmap::Bitmap;
use crate::index::postings::Postings;
use crate::index::{Field, Index};

/// Copies the live rows of a published active segment. `None` when none is live.
///
/// Reads only: queries go on meanwhile. Cost: about 0.5 us per row.
pub(crate) fn seal(active: &Active) -> Option<Sealed> {
    let rows: Vec<u16> = active.order.iter().copied().filter(|row| !active.is_dead(usize::from(*row))).collect();
    let first_row = *rows.first()?;
    let at = |row: &u16| usize::from(*row);
    let numbers = |column: fn(&Active, usize) -> i64| Packed::new(rows.iter().map(move |row| column(active, at(row))));

    let lowest = rows.iter().map(at).min().unwrap_or(at(&first_row));
    let highest = rows.iter().map(at).max().unwrap_or(at(&first_row));
    let base_seq = active.seq(lowest);

    let bytes = |row: &u16| active.event_id(at(row)).len() + active.data(at(row)).len();
    let mut arena = Arena::with_capacity(rows.iter().map(bytes).sum());
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

    let (codes, postings) = symbols(active, &rows);
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
        codes,
        postings,
        ast_sorted: dictionaries[Field::AstNode as usize].sorted(),
        dictionaries,
        module_functions: active.module_functions.clone(),
        mfas: active.mfas.clone(),
        role_ends: Packed::new(role_ends.iter().copied()),
        role_entries: role_entries.into_boxed_slice(),
        stamped: stamped(active, &rows),
        arena,
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

/// The column by rank.
fn by_rank(column: &[u16], rows: &[u16]) -> Vec<u16> {
    rows.iter().map(|row| column[usize::from(*row)]).collect()
}

/// Columns of symbols and the posting lists over them, each column read once.
fn symbols(active: &Active, rows: &[u16]) -> ([Packed; Field::COUNT], [Postings; Index::COUNT]) {
    let mut postings = [const { Postings::Empty }; Index::COUNT];
    let packed = Field::ALL.map(|field| {
        let column = by_rank(&active.codes[field as usize], rows);
        if let Some(index) = Index::ALL.into_iter().find(|index| index.field() == Some(field)) {
            postings[index as usize] = Postings::of_column(active.dictionary(field).len(), &column);
        }
        Packed::new(column.iter().map(|code| i64::from(*code)))
    });
    let arities = active.arities.iter().max().map_or(0, |arity| usize::from(*arity));
    let other = [
        (Index::Arity, arities, &active.arities),
        (Index::ModuleFunction, active.module_functions.keys().len(), &active.pairs),
        (Index::Mfa, active.mfas.keys().len(), &active.mfa_codes),
    ];
    for (index, codes, column) in other {
        postings[index as usize] = Postings::of_column(codes, &by_rank(column, rows));
    }
    // The process index lists the pids of every role.
    let mut pids = Vec::with_capacity(rows.len() + active.role_entries.len());
    for (rank, row) in rows.iter().enumerate() {
        let row = usize::from(*row);
        let distinct = distinct_pids(active.code(Field::Pid, row), active.role_slice(row));
        pids.extend(distinct.map(|code| (code, rank as u16)));
    }
    postings[Index::Process as usize] = Postings::of_pairs(active.dictionary(Field::Pid).len(), rows.len(), &pids);
    (packed, postings)
}
