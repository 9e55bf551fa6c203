"""The scripted provider: plays its steps, refuses everything else, and goes through the common checks."""

import pytest
from pydantic import BaseModel, Field

from models.interface import LanguageModel
from models.scripted import Choice, Fail, Reply, ScriptedModel, ScriptMismatch
from records.analysis import ModelCall
from records.errors import ModelAnswerInvalid, ModelCannot, ModelUnavailable
from records.prompt import Message, Prompt


class Fruit(BaseModel):
    name: str
    count: int = Field(ge=1)


def ask(model: LanguageModel, prompt: Prompt, purpose: str = "read") -> Fruit:
    return model.structured(prompt, Fruit, purpose=purpose, max_output_tokens=50).value


def test_steps_are_played_in_order_and_the_prompts_are_kept(prompt: Prompt) -> None:
    with ScriptedModel(
        [Reply(Fruit(name="pear", count=2)), Reply("  A pear. "), Choice({"A": 0.9, "B": 0.1})]
    ) as model:
        assert ask(model, prompt) == Fruit(name="pear", count=2)
        assert model.write(prompt, purpose="write", max_output_tokens=9).value == "A pear."
        assert model.choose(prompt, ["A", "B"], purpose="pick").value == pytest.approx({"A": 0.9, "B": 0.1})
    assert model.prompts == [prompt, prompt, prompt]


def test_tokens_join_to_the_answer(prompt: Prompt) -> None:
    pieces: list[str] = []
    with ScriptedModel([Reply("one two three four")]) as model:
        answer = model.write(prompt, purpose="write", max_output_tokens=9, on_token=pieces.append)
    assert len(pieces) > 1
    assert "".join(pieces) == answer.value


def test_the_call_is_recorded_with_prompt_and_tokens(prompt: Prompt) -> None:
    seen: list[ModelCall] = []
    with ScriptedModel([Reply("one two")], name="script-x", on_call=seen.append) as model:
        answer = model.write(prompt, purpose="write", max_output_tokens=9)
    assert tuple(seen) == answer.calls
    call = seen[0]
    assert (call.provider, call.model, call.purpose) == ("scripted", "script-x", "write")
    assert (call.prompt, call.prompt_digest) == ("try@1", "0123456789abcdef")
    assert (call.input_tokens, call.output_tokens, call.cost_usd, call.attempts) == (4, 2, 0.0, 1)


def test_a_broken_answer_is_repaired_by_the_next_step(prompt: Prompt) -> None:
    def told(sent: Prompt) -> bool:
        return "count: Input should be greater than or equal to 1" in sent.messages[-1].content

    bad = Reply('{"name": "fig", "count": 0}')
    with ScriptedModel([bad, Reply(Fruit(name="fig", count=1), when=told)]) as model:
        answer = model.structured(prompt, Fruit, purpose="read", max_output_tokens=50)
    assert answer.value == Fruit(name="fig", count=1)
    assert [call.repaired for call in answer.calls] == [False, True]
    assert model.prompts[1].messages[:-2] == prompt.messages
    assert model.prompts[1].messages[-2] == Message("assistant", '{"name": "fig", "count": 0}')


def test_a_second_broken_answer_is_an_error_that_shows_it(prompt: Prompt) -> None:
    with (
        ScriptedModel([Reply("first"), Reply("second " * 100)]) as model,
        pytest.raises(ModelAnswerInvalid, match="second second") as caught,
    ):
        ask(model, prompt)
    assert "no Fruit" in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_an_answer_cut_off_is_repaired_with_that_reason(prompt: Prompt) -> None:
    cut = Reply('{"name": "a very lo', finish_reason="length")
    with ScriptedModel([cut, Reply(Fruit(name="fig", count=1))]) as model:
        ask(model, prompt)
    assert "cut off at 50 tokens" in model.prompts[1].messages[-1].content


def test_a_complete_answer_that_ends_at_the_limit_is_valid(prompt: Prompt) -> None:
    whole = Reply(Fruit(name="fig", count=1), finish_reason="length")
    with ScriptedModel([whole]) as model:
        assert ask(model, prompt).name == "fig"


def test_a_text_cut_off_is_an_error_never_half_a_text(prompt: Prompt) -> None:
    with (
        ScriptedModel([Reply("The company did not", finish_reason="length")]) as model,
        pytest.raises(ModelAnswerInvalid, match="cut off at 4 tokens"),
    ):
        model.write(prompt, purpose="write", max_output_tokens=4)


def test_an_empty_text_is_an_error(prompt: Prompt) -> None:
    with ScriptedModel([Reply(" \n")]) as model, pytest.raises(ModelAnswerInvalid, match="wrote nothing"):
        model.write(prompt, purpose="write", max_output_tokens=4)


def test_a_failure_is_raised_as_it_is(prompt: Prompt) -> None:
    error = ModelUnavailable("down")
    with ScriptedModel([Fail(error, purpose="read")]) as model, pytest.raises(ModelUnavailable) as caught:
        ask(model, prompt)
    assert caught.value is error


def test_left_over_steps_are_a_mismatch(prompt: Prompt) -> None:
    model = ScriptedModel([Reply("a"), Reply("b")])
    model.write(prompt, purpose="write", max_output_tokens=4)
    with pytest.raises(ScriptMismatch, match="1 steps left"):
        model.close()
    model.close()


def test_a_call_beyond_the_script_is_a_mismatch(prompt: Prompt) -> None:
    with ScriptedModel([]) as model, pytest.raises(ScriptMismatch, match="no step 1"):
        model.write(prompt, purpose="write", max_output_tokens=4)


def test_another_purpose_is_a_mismatch(prompt: Prompt) -> None:
    with ScriptedModel([Reply("a", purpose="explain")]) as model, pytest.raises(ScriptMismatch, match="'explain'"):
        model.write(prompt, purpose="read", max_output_tokens=4)


def test_a_prompt_that_fails_its_predicate_is_a_mismatch(prompt: Prompt) -> None:
    step = Reply("a", when=lambda sent: "article" in sent.messages[-1].content)
    with ScriptedModel([step]) as model, pytest.raises(ScriptMismatch, match=r"Say it\."):
        model.write(prompt, purpose="read", max_output_tokens=4)


def test_the_wrong_kind_of_step_is_a_mismatch(prompt: Prompt) -> None:
    with ScriptedModel([Reply("a")]) as model, pytest.raises(ScriptMismatch, match="choose"):
        model.choose(prompt, ["A", "B"], purpose="pick")
    with ScriptedModel([Choice({"A": 1.0})]) as model, pytest.raises(ScriptMismatch, match="structured"):
        ask(model, prompt)


def test_a_mismatch_is_not_swallowed_by_code_that_expects_model_errors() -> None:
    assert not issubclass(ScriptMismatch, ModelUnavailable.__mro__[1])


def test_a_failing_block_shows_its_own_failure_not_the_unused_script() -> None:
    with pytest.raises(ZeroDivisionError), ScriptedModel([Reply("a")]):
        raise ZeroDivisionError


@pytest.mark.parametrize("choices", [[], ["A"], ["A", "A"], ["Yes", "Yesterday"], ["A", " B"], ["A", ""]])
def test_choices_that_one_token_cannot_tell_apart_are_refused(prompt: Prompt, choices: list[str]) -> None:
    with ScriptedModel([]) as model, pytest.raises(ModelCannot):
        model.choose(prompt, choices, purpose="pick")


def test_an_impossible_choice_gets_a_tiny_probability_and_a_note(prompt: Prompt) -> None:
    with ScriptedModel([Choice({"A": 1.0, "B": 0.0})]) as model:
        answer = model.choose(prompt, ["A", "B"], purpose="pick")
    assert 0 < answer.value["B"] < 2e-6
    assert sum(answer.value.values()) == pytest.approx(1.0)
    assert "'B' is not among" in (answer.calls[0].fallback or "")
