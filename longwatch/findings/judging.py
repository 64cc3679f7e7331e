"""Whether an act of a person is possible on a finding as it is now, and what it makes of it."""

from __future__ import annotations

from datetime import date

from longwatch.findings.finding import Severity
from longwatch.findings.life import ActRequest, FindingChange, KnownFinding, Refusal
from longwatch.findings.states import PERSONS_ACTS, Act, FindingState, state_after

LONGEST_TEXT = 10_000
LONGEST_NAME = 200

NEEDS_TEXT = frozenset({Act.COMMENT, Act.ANSWER, Act.WAIVE, Act.FALSE_POSITIVE, Act.REOPEN})


def judge(request: ActRequest, known: KnownFinding | None, today: date, act_id: str) -> FindingChange | Refusal:
    """The history line that the act writes, or why it cannot be.

    Refused, in this order:

    1. no finding of the study has the fingerprint;
    2. it changed since the person looked: another version;
    3. the act needs words (comment, answer, waive, false positive, reopen) and has none, or more than 10,000
       characters; a waiver has no last day, or one before today; a name is blank or not one line;
    4. the state does not allow the act (`states.MOVES`);
    5. a `reject` cannot be waived: it stops the run whoever vouches for it. The study file may lower the rule's
       severity with a reason, which every report prints;
    6. nothing would change: it is open already, or has that assignee.
    """
    if request.act not in PERSONS_ACTS:
        raise TypeError(f"{request.act} is not an act of a person")
    if known is None:
        return Refusal(request.fingerprint, "", "", "no finding of this study has this fingerprint")

    def refused(reason: str) -> Refusal:
        return Refusal(request.fingerprint, known.finding.rule_id, known.finding.record_key, reason)

    if request.version != known.version:
        return refused(
            f"it changed meanwhile: you saw version {request.version}, now it is version {known.version} "
            f"({known.state.value}, changed {known.changed_at:%Y-%m-%d %H:%M:%S} UTC)"
        )
    text, assignee = request.text.strip(), known.assignee
    wrong = _wrong_words(request, text, today)
    if wrong:
        return refused(wrong)
    after = state_after(request.act, known.state)
    if after is None:
        return refused(_not_possible(request.act, known.state))
    if request.act is Act.WAIVE and known.finding.severity is Severity.REJECT:
        return refused("a reject cannot be waived; the study file may lower the rule's severity with a reason")
    if request.act is Act.ASSIGN:
        assignee = request.assignee.strip() if request.assignee is not None else None
        if assignee == known.assignee:
            return refused(f"it is assigned to {assignee} already" if assignee else "nobody has it already")
    until = request.until if request.act is Act.WAIVE else None
    return FindingChange(request.fingerprint, known.version, request.act, after, text, until, assignee, act_id)


def _wrong_words(request: ActRequest, text: str, today: date) -> str:
    if request.act in NEEDS_TEXT and not text:
        return f"{_NOUNS[request.act]} needs words"
    if len(text) > LONGEST_TEXT:
        return f"the words are longer than {LONGEST_TEXT:,} characters"
    if request.act is Act.WAIVE and request.until is None:
        return "a waiver needs its last day"
    if request.act is Act.WAIVE and request.until is not None and request.until < today:
        return f"the waiver's last day, {request.until.isoformat()}, is over"
    if request.act is Act.ASSIGN and request.assignee is not None:
        name = request.assignee.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            return f"the name is blank, not one line, or longer than {LONGEST_NAME} characters"
    return ""


_NOUNS = {
    Act.COMMENT: "a comment",
    Act.ANSWER: "an answer",
    Act.WAIVE: "a waiver",
    Act.FALSE_POSITIVE: "a false positive",
    Act.REOPEN: "opening it again",
}


def _not_possible(act: Act, state: FindingState) -> str:
    if act is Act.OPEN and state is FindingState.OPEN:
        return "it is open already"
    return f"it is {state.value}; {_STATES_SAY.get(act, 'this act is not possible then')}"


_STATES_SAY = {
    Act.OPEN: "reopen it, with a reason",
    Act.ANSWER: "reopen it first, with a reason",
    Act.WAIVE: "reopen it first, with a reason",
    Act.FALSE_POSITIVE: "reopen it first, with a reason",
    Act.REOPEN: "only what was answered, set aside or fixed can be opened again",
}
