//! How much of each section does a budget have room for?
//!
//! The longest section gives first, a line at a time from its end; what a section wants kept goes only when nothing else
//! is left, from the last section on. Pure, so the same report is cut the same way everywhere.

/// A section as the budget sees it.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// Bytes of each line and row, with its line end.
    pub(super) lengths: Vec<usize>,
    /// How many of the first are kept as long as possible.
    pub(super) keep: usize,
    /// How many are shown.
    pub(super) shown: usize,
}

impl Measured {
    fn bytes(&self) -> usize {
        self.lengths[..self.shown].iter().sum()
    }
}

/// Takes at least `excess` bytes away, if there are as many; says whether anything was left to take.
pub(super) fn shorten(sections: &mut [Measured], excess: usize) -> bool {
    let mut bytes: Vec<usize> = sections.iter().map(Measured::bytes).collect();
    let mut taken = 0;
    let mut is_any = false;
    while taken < excess || !is_any {
        let long = |at: &usize| sections[*at].shown > sections[*at].keep;
        // Of equally long ones the last.
        let victim = (0..sections.len()).filter(long).max_by_key(|at| (bytes[*at], *at));
        let victim = victim.or_else(|| (0..sections.len()).rev().find(|at| sections[*at].shown > 0));
        let Some(at) = victim else { break };
        let section = &mut sections[at];
        section.shown -= 1;
        taken += section.lengths[section.shown];
        bytes[at] -= section.lengths[section.shown];
        is_any = true;
    }
    is_any
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(of: &[(&[usize], usize)]) -> Vec<Measured> {
        let one = |(lengths, keep): &(&[usize], usize)| Measured {
            lengths: lengths.to_vec(),
            keep: *keep,
            shown: lengths.len(),
        };
        of.iter().map(one).collect()
    }

    fn shown(sections: &[Measured]) -> Vec<usize> {
        sections.iter().map(|section| section.shown).collect()
    }

    #[test]
    fn the_longest_section_gives_first_and_kept_lines_go_last() {
        let mut parts = sections(&[(&[10, 10, 10], 1), (&[10, 10, 10, 10, 10], 1)]);
        assert!(shorten(&mut parts, 20));
        assert_eq!(shown(&parts), [3, 3]);
        assert!(shorten(&mut parts, 30));
        assert_eq!(shown(&parts), [2, 1]);
        assert!(shorten(&mut parts, 20));
        assert_eq!(shown(&parts), [1, 0], "the last section first");
        assert!(shorten(&mut parts, 1000));
        assert_eq!(shown(&parts), [0, 0]);
        assert!(!shorten(&mut parts, 1));
    }

    #[test]
    fn something_is_taken_even_when_nothing_seems_too_much() {
        let mut parts = sections(&[(&[0, 0], 1)]);
        assert!(shorten(&mut parts, 0));
        assert_eq!(shown(&parts), [1]);
    }
}
