//! From a full active segment to an immutable one: rows sorted by time, columns packed, lists in one array.

use std::panic::resume_unwind;
use std::thread;

use super::active::{Active, distinct_pids};
use super::arena::Arena;
use super::packed::{Optional, Packed};
use super::rows::Rows;
use super::sealed::{Bytes, Sealed, SeqMap};
use crate::event::Role;
use crate::index::bitmap::Bitmap;
use crate::index::postings::Postings;
use crate::index::{Field, Index};

/// Rows from which on a second thread pays for its start, many times over.
const SHARED_ROWS: usize = 8_192;

/// Copies the live rows of a published active segment. `None` when none is live.
///
/// Reads only: queries go on meanwhile. Cost: about 0.3 us per row, shared by two threads, because the writer waits.
pub(crate) fn seal(active: &Active) -> Option<Sealed> {
    let rows: Vec<u16> = active.order.iter().copied().filter(|row| !active.is_dead(usize::from(*row))).collect();
    copy(active, &rows, Lists::All)
}

/// Which posting lists a copy gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    All,
    /// None: what is copied is read row by row, and found by no key.
    No,
}

/// Copies rows, given in the order of time. `None` when none is given.
pub(super) fn copy(active: &Active, rows: &[u16], lists: Lists) -> Option<Sealed> {
    let first_row = *rows.first()?;
    let at = |row: &u16| usize::from(*row);
    let lowest = rows.iter().map(at).min().unwrap_or(at(&first_row));
    let highest = rows.iter().map(at).max().unwrap_or(at(&first_row));
    let base_seq = active.seq(lowest);

    let ((texts, numbers), (dictionaries, (codes, postings))) = both(
        rows.len() >= SHARED_ROWS,
        || (Texts::of(active, rows), Numbers::of(active, rows, base_seq)),
        || {
            let dictionaries = active.dictionaries.each_ref().map(|dictionary| dictionary.compact(&active.hasher));
            (dictionaries, symbols(active, rows, lists))
        },
    );
    let Texts { arena, ends, role_ends, role_entries } = texts;
    let Numbers { seq_map, timestamps, wall_offsets, durations, arities, id_lens, stamped } = numbers;
    let sealed = Sealed {
        rows: rows.len(),
        base_seq,
        last_seq: active.seq(highest),
        seq_map,
        timestamps,
        wall_offsets,
        durations,
        arities,
        codes,
        postings,
        ast_sorted: match lists {
            Lists::All => dictionaries[Field::AstNode as usize].sorted(),
            Lists::No => Box::default(),
        },
        dictionaries,
        module_functions: active.module_functions.clone(),
        mfas: active.mfas.clone(),
        role_ends,
        role_entries,
        stamped,
        arena,
        ends,
        id_lens,
        bytes: Bytes::default(),
    };
    Some(sealed.measured())
}

/// Does both; `shared`: the first on a thread of its own, where the system gives one.
fn both<A: Send, B>(shared: bool, first: impl Fn() -> A + Sync, second: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("elixir-scope-seal".to_owned());
        let other = if shared { builder.spawn_scoped(scope, &first).ok() } else { None };
        let second = second();
        // A panic over there is one here: nothing is half sealed.
        let first = other.map_or_else(&first, |thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (first, second)
    })
}

/// What is copied row by row: ids and payloads, and the pids beside the subject.
struct Texts {
    arena: Arena,
    ends: Packed,
    role_ends: Packed,
    role_entries: Box<[(Role, u16)]>,
}

impl Texts {
    fn of(active: &Active, rows: &[u16]) -> Self {
        let mut arena = Arena::with_capacity(rows.iter().map(|row| active.text_range(usize::from(*row)).len()).sum());
        let mut ends = Vec::with_capacity(rows.len());
        let mut role_ends = Vec::with_capacity(rows.len());
        let mut role_entries = Vec::with_capacity(active.role_entries.len());
        let mut end = 0;
        for row in rows {
            end += active.text_range(usize::from(*row)).len();
            ends.push(end as i64);
            role_entries.extend_from_slice(active.role_slice(usize::from(*row)));
            role_ends.push(role_entries.len() as i64);
        }
        // Rows that came one after the other lie so: most of a segment is copied in long runs.
        for run in rows.chunk_by(|row, next| row.checked_add(1) == Some(*next)) {
            if let [first, .., last] | [first @ last] = run {
                let (first, last) = (usize::from(*first), usize::from(*last));
                arena.push_str(&active.arena[active.text_range(first).start..active.text_range(last).end]);
            }
        }
        Self {
            arena,
            ends: Packed::new(ends.iter().copied()),
            role_ends: Packed::new(role_ends.iter().copied()),
            role_entries: role_entries.into_boxed_slice(),
        }
    }
}

/// Columns of numbers.
struct Numbers {
    seq_map: SeqMap,
    timestamps: Packed,
    wall_offsets: Optional,
    durations: Optional,
    arities: Packed,
    id_lens: Packed,
    stamped: Option<Bitmap>,
}

impl Numbers {
    fn of(active: &Active, rows: &[u16], base_seq: u64) -> Self {
        let each = || rows.iter().map(|row| usize::from(*row));
        let wall_offset = |row: usize| Some(active.wall_times[row]?.wrapping_sub(active.timestamps[row]));
        Self {
            seq_map: seq_map(active, rows, base_seq),
            timestamps: Packed::new(each().map(|row| active.timestamps[row])),
            wall_offsets: Optional::new(rows.len(), each().map(wall_offset)),
            durations: Optional::new(rows.len(), each().map(|row| active.durations[row])),
            arities: Packed::new(each().map(|row| i64::from(active.arities[row]))),
            id_lens: Packed::new(each().map(|row| i64::from(active.id_lens[row]))),
            stamped: stamped(active, rows),
        }
    }
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
fn symbols(active: &Active, rows: &[u16], lists: Lists) -> ([Packed; Field::COUNT], [Postings; Index::COUNT]) {
    let mut postings = [const { Postings::Empty }; Index::COUNT];
    if lists == Lists::No {
        let column =
            |field: Field| rows.iter().map(move |row| i64::from(active.codes[field as usize][usize::from(*row)]));
        return (Field::ALL.map(|field| Packed::new(column(field))), postings);
    }
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
