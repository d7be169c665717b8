//! Is another's change gone by what was written, and was that worked out from what had been read?

use crate::analysis::found::WorkedOut;
use crate::analysis::terms;
use crate::analysis::value::diff::diff;
use crate::analysis::value::path::Path;
use crate::analysis::value::{Kind as Form, Value, brief, is_cut};

/// Seconds since 1970 look like this: what goes up by one in them may be a clock.
const CLOCK: f64 = 1e9;

/// A text or number that short may be the same by chance.
const TELLING: usize = 3;

/// How it shows that a change is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// A number, which was replaced by another.
    Number,
    /// What another had added is not among what was there before and the writer's own.
    Added,
    /// It was written back as it had been read.
    Reverted,
}

/// A part of a value that another changed, and what was then written there.
#[derive(Clone, Debug)]
pub(super) struct Clash {
    /// Empty: the whole value.
    pub(super) path: String,
    pub(super) how: How,
    /// What was read there.
    pub(super) read: String,
    /// What the other made of it.
    pub(super) now: String,
    pub(super) written: String,
}

/// What stands at a path.
pub(super) fn at<'v, 'a>(value: &'v Value<'a>, path: &str) -> Option<&'v Value<'a>> {
    if path.is_empty() { Some(value) } else { Path::read(path).ok()?.find(value) }
}

/// The number at a path.
pub(super) fn number_at(text: &str, path: &str) -> Option<f64> {
    number(at(&Value::read(text), path)?)
}

fn number(value: &Value<'_>) -> Option<f64> {
    if value.kind == Form::Number { value.text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

/// The changes of another, from what was read to what it wrote, that are gone by what was written after it.
pub(super) fn clashes(read: &str, other: &str, written: &str) -> Vec<Clash> {
    let values = [read, other, written].map(Value::read);
    let [read, other, written] = &values;
    let mut found = Vec::new();
    for change in diff(read, other).iter().filter(|change| !change.is_cut) {
        let after = at(written, &change.path);
        let how = match (change.from, change.to, after) {
            (Some(seen), Some(_), Some(after)) if seen.text == after.text => {
                let is_own = read.text != written.text;
                (is_own && is_telling(seen)).then_some(How::Reverted)
            }
            (Some(seen), Some(now), Some(after)) if number(seen).and(number(now)).and(number(after)).is_some() => {
                Some(How::Number)
            }
            (Some(seen), Some(now), Some(after)) => is_added(seen, now, after).then_some(How::Added),
            // What the other put into a map that was not empty, and the writer put something else into.
            (None, Some(_), None) => is_extended(read, written).then_some(How::Added),
            _ => None,
        };
        let text = |value: Option<&Value<'_>>| value.map_or("(absent)", |value| value.text).to_owned();
        if let Some(how) = how {
            let (read, now, written) = (text(change.from), text(change.to), text(after));
            found.push(Clash { path: change.path.clone(), how, read, now, written });
        }
    }
    found
}

/// Whether nobody writes it by chance as it was.
fn is_telling(value: &Value<'_>) -> bool {
    match &value.kind {
        Form::Atom(_) => false,
        Form::Number | Form::Text => value.text.len() >= TELLING && !is_cut(value.text),
        Form::Map(_, entries) => !entries.is_empty() && !is_cut(value.text),
        Form::Tuple(items) | Form::List(items) => !items.is_empty() && !is_cut(value.text),
        _ => true,
    }
}

/// Whether a list has all it had and more, and nothing of what the other had put into it.
fn is_added(seen: &Value<'_>, now: &Value<'_>, after: &Value<'_>) -> bool {
    let own = |list: &Value<'_>| {
        let (seen, list) = (texts(seen)?, texts(list)?);
        if seen.is_empty() || list.len() <= seen.len() {
            return None;
        }
        let own = list.strip_prefix(&*seen).or_else(|| list.strip_suffix(&*seen))?;
        Some(own.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>())
    };
    let (Some(others), Some(own)) = (own(now), own(after)) else { return false };
    let is_known = |list: &Value<'_>| !is_cut(list.text);
    is_known(seen) && is_known(now) && is_known(after) && others.iter().all(|item| !own.contains(item))
}

fn texts<'a>(list: &Value<'a>) -> Option<Vec<&'a str>> {
    Some(list.list()?.iter().map(|item| item.text).collect())
}

/// Whether a map has all it had and more.
fn is_extended(read: &Value<'_>, written: &Value<'_>) -> bool {
    let (Form::Map(None, had), Form::Map(None, has)) = (&read.kind, &written.kind) else { return false };
    let stays = |(key, value): &(Value<'_>, Value<'_>)| {
        has.iter().any(|(of, now)| of.text == key.text && now.text == value.text)
    };
    !had.is_empty() && has.len() > had.len() && had.iter().all(stays) && !is_cut(written.text)
}

/// A number that was read, and what was written instead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Whether the call around both was given the difference, and whether it was given what was written.
    pub(super) is_given: (bool, bool),
    /// Whether another call between them made what was written: of what was read, or of something else.
    pub(super) made: Option<bool>,
}

impl Step {
    pub(super) fn new(from: f64, to: f64, given: &[String]) -> Self {
        let by = plain((to - from).abs());
        // A float has a point.
        let is_in =
            |number: &str| given.iter().any(|one| terms::has(one, number) || terms::has(one, &format!("{number}.0")));
        let to_text = plain(to);
        Self { from, to, is_given: (is_in(&by), is_in(&to_text)), made: None }
    }

    fn by(self) -> f64 {
        self.to - self.from
    }
}

/// A number as Elixir writes it.
fn plain(number: f64) -> String {
    rounded(number).to_string()
}

/// Sums of floats end in noise.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1e9).round() / 1e9
}

/// Why a written number is taken to be worked out from the read one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Basis {
    /// Always so much more, from several numbers.
    Steps(f64),
    /// The difference is what the call around was given.
    Given,
    /// A call between them made one of the other.
    Made,
    /// So much more; all had read the same, so that it may be what is to be written whatever was read.
    Alone(f64),
}

/// Why what was written is taken to be worked out from what was read; `basis`: of numbers.
pub(super) fn worked_out(basis: Option<Basis>, clash: &Clash) -> WorkedOut {
    match (basis, clash.how) {
        (Some(Basis::Steps(by)), _) => WorkedOut::Steps { by: rounded(by) },
        (Some(Basis::Given), _) => WorkedOut::Given,
        (Some(Basis::Made), _) => WorkedOut::Made,
        (Some(Basis::Alone(by)), _) => WorkedOut::Alone { by: rounded(by), all_read: brief::cut(&clash.read, 40) },
        (None, How::Reverted) => WorkedOut::Reverted { read: brief::cut(&clash.read, 60) },
        (None, _) => WorkedOut::Added,
    }
}

/// What some steps between the same two functions have in common; `None`: they may have nothing to do with what was read.
pub(super) fn basis(steps: &[Step]) -> Option<Basis> {
    let first = steps.first()?;
    let is_near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    let is_even = steps.iter().all(|step| is_near(step.by(), first.by()));
    let is_one = steps.iter().all(|step| is_near(step.from, first.from));
    let is_set = |step: &Step| step.from != 0.0 && step.is_given.1 && !step.is_given.0;
    if is_near(first.by(), 0.0) || steps.iter().any(|step| step.made == Some(false) || is_set(step)) {
        return None;
    }
    if steps.iter().all(|step| step.made == Some(true)) {
        return Some(Basis::Made);
    }
    // From nothing the sum and what is added are the same.
    let is_given = steps.iter().all(|step| step.is_given.0);
    if is_given && steps.iter().any(|step| step.from != 0.0) {
        return Some(Basis::Given);
    }
    if !is_even || first.from >= CLOCK {
        return None;
    }
    if !is_one {
        return Some(Basis::Steps(first.by()));
    }
    (is_given || is_near(first.by().abs(), 1.0)).then_some(Basis::Alone(first.by()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hows(read: &str, other: &str, written: &str) -> Vec<(String, How)> {
        clashes(read, other, written).into_iter().map(|clash| (clash.path, clash.how)).collect()
    }

    #[test]
    fn a_change_is_gone_when_it_is_not_in_what_was_written() {
        let of = |path: &str, how| vec![(path.to_owned(), how)];
        assert_eq!(hows("0", "1", "1"), of("", How::Number));
        assert_eq!(
            hows("%{left: 5, name: \"tea\"}", "%{left: 4, name: \"tea\"}", "%{left: 3, name: \"tea\"}").len(),
            1
        );
        assert_eq!(hows("[1]", "[2, 1]", "[3, 1]"), of("", How::Added));
        assert_eq!(hows("%{l: [1]}", "%{l: [1, 2]}", "%{l: [1, 3]}"), of("l", How::Added));
        assert_eq!(hows("%{a: 1}", "%{a: 1, b: 2}", "%{a: 1, c: 3}"), of("b", How::Added));
        let (read, other) = ("%{cart: \"tea\", name: \"Ann\"}", "%{cart: \"milk\", name: \"Ann\"}");
        assert_eq!(hows(read, other, "%{cart: \"tea\", name: \"Bob\"}"), of("cart", How::Reverted));
    }

    #[test]
    fn a_change_that_may_be_kept_or_was_not_there_is_not_gone() {
        for (read, other, written) in [
            ("0", "0", "1"),
            ("nil", "\"page\"", "\"page\""),
            ("[]", "[1]", "[2]"),
            ("%{}", "%{a: 1}", "%{b: 1}"),
            ("[1]", "[2, 1]", "[2, 1]"),
            ("[1]", "[2, 1]", "[3, 2, 1]"),
            ("false", "true", "true"),
            // Its own report, by chance as it was.
            ("%{at: :a, up: true}", "%{at: :b, up: false}", "%{at: :c, up: true}"),
            ("{:truncated, 5000, \"x\"}", "1", "2"),
        ] {
            assert_eq!(hows(read, other, written), [], "{read} {other} {written}");
        }
    }

    #[test]
    fn a_number_is_worked_out_from_another_when_their_difference_means_something() {
        let of = |steps: &[(f64, f64, &str)]| {
            let steps: Vec<Step> =
                steps.iter().map(|(from, to, given)| Step::new(*from, *to, &[(*given).to_owned()])).collect();
            basis(&steps)
        };
        assert_eq!(of(&[(0.0, 1.0, ":home"), (1.0, 2.0, ":home")]), Some(Basis::Steps(1.0)));
        assert_eq!(of(&[(0.0, 1.0, ":home"), (0.0, 1.0, ":home")]), Some(Basis::Alone(1.0)));
        assert_eq!(of(&[(100.0, 98.0, "2"), (98.0, 93.0, "5")]), Some(Basis::Given));
        assert_eq!(of(&[(0.0, 10.0, "10")]), Some(Basis::Alone(10.0)));
        // It was given what it wrote.
        assert_eq!(of(&[(1.0, 5.0, "5"), (1.0, 5.0, "5")]), None);
        assert_eq!(of(&[(0.0, 7.0, ":home")]), None);
        assert_eq!(of(&[(3.0, 5.0, ":a"), (5.0, 6.0, ":a")]), None);
        // A clock.
        assert_eq!(of(&[(1.7e9, 1.7e9 + 1.0, ":a"), (1.7e9 + 1.0, 1.7e9 + 2.0, ":a")]), None);
    }
}
