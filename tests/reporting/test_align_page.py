"""What the page of an aligned model says of its rewards and of its variety."""

import pytest

from polymath.reporting.align.sections import align_sections
from polymath.reporting.align.spoken import before_of, spoken_of

WORDS = "river stone lamp cloud paper field window garden engine letter".split()


def replies(role, step, texts_of, reward_of, prompts=30, copies=3):
    """Rows of schema REPLY; `texts_of(prompt, copy)` and `reward_of(prompt, copy)`."""
    return [
        {
            "model": role, "role": role, "step": step, "prompts": "held out", "id": f"s/{number}", "source": "s",
            "prompt": f"prompt {number}", "copy": copy, "reply": texts_of(number, copy), "tokens": 4, "ended": True,
            "rewards": [{"name": "check", "value": reward_of(number, copy)}], "reward": reward_of(number, copy),
        }
        for number in range(prompts)
        for copy in range(copies)
    ]  # fmt: skip


def varied(number, copy):
    return " ".join(WORDS[(number + copy * 3 + place * (copy + 1)) % 10] for place in range(4))


def monotonous(number, copy):
    return "river stone lamp cloud"


START = replies("start", 0, varied, lambda number, copy: 0.1 * copy + 0.001 * number)


def page(aligned):
    sections, notices = align_sections(START + aligned)
    return {section.id: str(section.html) for section in sections}, notices


def test_best_of_n_is_the_mean_over_prompts_of_the_best_reply():
    before = before_of(spoken_of(START + replies("aligned", 4, varied, lambda number, copy: 0.5)))
    assert before.start.reward == pytest.approx(0.1 + 0.001 * 14.5)
    assert before.against(max).first == pytest.approx(0.2 + 0.001 * 14.5)
    assert before.against(max).difference == pytest.approx(0.5 - before.against(max).first)


def test_a_model_that_beats_best_of_n_and_varies_as_before_needs_no_look():
    sections, notices = page(replies("aligned", 4, varied, lambda number, copy: 0.5 + 0.001 * number))
    assert notices == []
    assert "better" in sections["rewards"]
    assert "the best of 3 of the starting model" in sections["rewards"]
    assert "prompt 0" in sections["replies"]


def test_a_model_that_does_not_beat_best_of_n_is_told():
    _, notices = page(replies("aligned", 4, varied, lambda number, copy: 0.15 + 0.001 * number))
    assert len(notices) == 1
    assert "does not beat the simple baseline: the best of 3 replies" in notices[0]


def test_a_loss_of_variety_is_told_with_its_numbers():
    sections, notices = page(replies("aligned", 4, monotonous, lambda number, copy: 0.5 + 0.001 * number))
    assert len(notices) == 1
    assert "vary less than before: self-BLEU of a prompt's replies" in notices[0]
    assert "distinct-2" in sections["variety"]


def test_without_rewards_or_replies_the_page_says_so():
    silent = [{**row, "rewards": [], "reward": None} for row in START + replies("aligned", 4, varied, lambda number, copy: 0.0)]
    sections, notices = align_sections(silent, "No reward model was there.")
    assert notices == ["No reward model was there."]
    assert "no baseline to hold the model against" in str(sections[0].html)
    assert align_sections([])[1][0].startswith("No replies were drawn")
