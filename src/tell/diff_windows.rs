//! How is a difference between two sets of events told?

use crate::analysis::diff::{Difference, Kind};

/// Kinds of change, the worst first.
pub(crate) const KINDS: [Kind; 8] = [
    Kind::FailsMore,
    Kind::Slower,
    Kind::Appeared,
    Kind::Vanished,
    Kind::MoreOften,
    Kind::LessOften,
    Kind::Faster,
    Kind::FailsLess,
];

/// That a change may be chance.
pub(crate) const FEW: &str = "sure=few: fewer than 5 on a side, it may be chance";

pub(crate) const fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Appeared => "appeared",
        Kind::Vanished => "vanished",
        Kind::FailsMore => "fails more",
        Kind::FailsLess => "fails less",
        Kind::Slower => "slower",
        Kind::Faster => "faster",
        Kind::MoreOften => "more often",
        Kind::LessOften => "less often",
    }
}

/// How many changed, and how; `what` was compared (`call site`).
pub(crate) fn head(found: &Difference, what: &str) -> String {
    let Difference { changes, compared, within_noise, .. } = found;
    let counts = KINDS.into_iter().filter_map(|kind| {
        let of_kind = changes.iter().filter(|change| change.kind == kind).count();
        (of_kind > 0).then(|| format!("{of_kind} {}", heading(kind)))
    });
    let counts: Vec<String> = counts.collect();
    let told = if counts.is_empty() { "no difference".to_owned() } else { counts.join(", ") };
    format!("{told}; {within_noise} of {compared} unchanged, by {what}")
}

/// The sets in which nothing is.
pub(crate) fn empty(found: &Difference) -> impl Iterator<Item = String> {
    let sets = [("before", found.before.events), ("after", found.after.events)].into_iter();
    sets.filter(|(_, events)| *events == 0)
        .map(|(name, _)| format!("no event matches {name}: every difference is only that"))
}

/// What an event of a group that changed shows.
pub(crate) fn example(group: &str) -> String {
    format!("an example of {group}")
}
