"""What of a conversation is sent: whole turns alone, whatever a killed process left."""

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from models.langchain_chat import whole_turns


def wants(*names: str, text: str = "") -> AIMessage:
    calls = [{"name": "show", "args": {}, "id": name, "type": "tool_call"} for name in names]
    return AIMessage(text, tool_calls=calls)


def gave(name: str) -> ToolMessage:
    return ToolMessage("{}", tool_call_id=name)


def shown(messages: list[BaseMessage]) -> list[str]:
    return [f"{one.type}:{one.text}" for one in whole_turns(messages)]


def test_a_whole_turn_stays_as_it_is() -> None:
    whole: list[BaseMessage] = [HumanMessage("q"), wants("c0", "c1"), gave("c1"), gave("c0"), AIMessage("a")]
    assert whole_turns(whole) == whole


def test_calls_without_all_of_their_results_are_taken_back_with_the_results_they_have() -> None:
    assert shown([HumanMessage("q"), wants("c0", "c1"), gave("c0"), HumanMessage("again")]) == [
        "human:q",
        "human:again",
    ]


def test_what_was_said_beside_such_calls_stays() -> None:
    assert shown([HumanMessage("q"), wants("c0", text="I look."), HumanMessage("again")]) == [
        "human:q", "ai:I look.", "human:again",
    ]  # fmt: skip


def test_a_result_is_of_the_call_right_before_it_even_where_ids_come_again() -> None:
    messages = [HumanMessage("q"), wants("c0"), HumanMessage("again"), wants("c0"), gave("c0"), AIMessage("a")]
    assert shown(messages) == ["human:q", "human:again", "ai:", "tool:{}", "ai:a"]


def test_a_result_without_a_call_is_left_out() -> None:
    assert shown([HumanMessage("q"), gave("c9")]) == ["human:q"]
