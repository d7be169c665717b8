//! What kinds of trouble are there, and which is gravest?

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Deadlock,
    LostUpdate,
    Crash,
    HttpError,
    RestartStorm,
    SupervisorGaveUp,
    StalePid,
    CallTimeout,
    MailboxGrowth,
    NeverAnswered,
    UnmetDemand,
    DeliveredTwice,
    MonitorLeak,
    LostAtRestart,
    Orphan,
    DeadLetter,
    HotLoop,
    SwallowedException,
    RepeatedException,
    TerminateSkipped,
    IgnoredMessage,
    StateGrowth,
    Stampede,
    DurationOutlier,
    LateReply,
    RepeatedCalls,
    Gap,
}

impl Kind {
    /// Every kind, gravest first.
    pub(crate) const ALL: [Self; 27] = [
        Self::Deadlock,
        Self::LostUpdate,
        Self::Crash,
        Self::HttpError,
        Self::RestartStorm,
        Self::SupervisorGaveUp,
        Self::StalePid,
        Self::CallTimeout,
        Self::MailboxGrowth,
        Self::NeverAnswered,
        Self::UnmetDemand,
        Self::DeliveredTwice,
        Self::MonitorLeak,
        Self::LostAtRestart,
        Self::Orphan,
        Self::DeadLetter,
        Self::HotLoop,
        Self::SwallowedException,
        Self::RepeatedException,
        Self::TerminateSkipped,
        Self::IgnoredMessage,
        Self::StateGrowth,
        Self::Stampede,
        Self::DurationOutlier,
        Self::LateReply,
        Self::RepeatedCalls,
        Self::Gap,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Deadlock => "deadlock",
            Self::LostUpdate => "lost_update",
            Self::Crash => "crash",
            Self::HttpError => "http_error",
            Self::RestartStorm => "restart_storm",
            Self::SupervisorGaveUp => "supervisor_gave_up",
            Self::StalePid => "stale_pid",
            Self::CallTimeout => "call_timeout",
            Self::MailboxGrowth => "mailbox_growth",
            Self::NeverAnswered => "never_answered",
            Self::UnmetDemand => "unmet_demand",
            Self::DeliveredTwice => "delivered_twice",
            Self::MonitorLeak => "monitor_leak",
            Self::LostAtRestart => "lost_at_restart",
            Self::Orphan => "orphan",
            Self::DeadLetter => "dead_letter",
            Self::HotLoop => "hot_loop",
            Self::SwallowedException => "swallowed_exception",
            Self::RepeatedException => "repeated_exception",
            Self::TerminateSkipped => "terminate_skipped",
            Self::IgnoredMessage => "ignored_message",
            Self::StateGrowth => "state_growth",
            Self::Stampede => "stampede",
            Self::DurationOutlier => "duration_outlier",
            Self::LateReply => "late_reply",
            Self::RepeatedCalls => "repeated_calls",
            Self::Gap => "gap",
        }
    }

    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
