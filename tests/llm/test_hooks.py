"""What happens around tools: hooks, pauses, limits, and what the model is told of faults."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mirascope import llm
from mirascope.sandbox import Reply, Sandbox, ToolCall

from .faces import Face

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


def delete(path: str) -> str:
    """Delete a file."""
    done.append(path)
    return f"deleted {path}"


def divide(by: int) -> float:
    """Divide by a number."""
    return 1 / by


done: list[str] = []


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    done.clear()


def results(box: Sandbox, at: int = -1) -> list[str]:
    return [m["content"] for m in box.requests[at].body["messages"] if m["role"] == "tool"]


def two(box: Sandbox) -> None:
    box.reply(
        [ToolCall("delete", {"path": "a"}, id="1"), ToolCall("delete", {"path": "b"}, id="2")]
    )
    box.reply("Done.")


async def test_faults_go_back_to_the_model(face: Face, box: Sandbox) -> None:
    box.reply(
        [
            ToolCall("divide", {"by": 0}),
            ToolCall("divide", {"by": "x"}),
            ToolCall("divide", {}),
            ToolCall("divide", '{"by": '),
            ToolCall("burn", {}),
            ToolCall("divide", {"by": 4}),
        ]
    )
    box.reply("Sorry.")
    assert await face.get(face.model().chain("Go", tools=[divide]).text()) == "Sorry."
    zero, text, missing, broken, unknown, fine = results(box)
    assert zero == "Error: ZeroDivisionError: division by zero"
    assert text.startswith("Error: the arguments do not fit `divide`: by: Input should be a valid")
    assert missing == "Error: the arguments do not fit `divide`: by: Field required"
    assert broken.startswith("Error: the arguments of `divide` are not valid JSON: ")
    assert unknown == 'Error: tool "burn" does not exist. Available: "divide"'
    assert fine == "0.25"


async def test_faults_in_streams(face: Face, box: Sandbox) -> None:
    box.reply([ToolCall("divide", {}), ToolCall("burn", {}), ToolCall("divide", '{"by": ')])
    box.reply("Sorry.")
    assert await face.items(face.model().chain("Go", tools=[divide])) == ["Sorry."]
    assert [text.partition(":")[0] for text in results(box)] == ["Error"] * 3


async def test_hooks_see_each_call(face: Face, box: Sandbox) -> None:
    seen: list[tuple[Any, ...]] = []

    def before(tool: Any, call: Any) -> None:
        seen.append(("before", tool and tool.name, call.name, call.arguments, list(done)))

    def after(tool: Any, call: Any, result: Any) -> None:
        seen.append(("after", tool.name, call.tool_call_id, result.output))

    box.reply([ToolCall("delete", {"path": "a"}, id="1"), ToolCall("burn", {}, id="2")])
    box.reply("Done.")
    chain = face.model().chain("Go", tools=[delete], before_call=before, after_call=after)
    await face.get(chain.text())
    assert seen == [
        ("before", "delete", "delete", {"path": "a"}, []),
        ("before", None, "burn", {}, []),
        ("after", "delete", "1", "deleted a"),
    ]


async def test_async_hooks(face: Face, box: Sandbox) -> None:
    seen: list[str] = []

    async def before(tool: Any, call: Any) -> None:
        seen.append(call.name)

    async def after(tool: Any, call: Any, result: Any) -> None:
        seen.append(result.output)

    two(box)
    if not face.is_async:
        with pytest.raises(TypeError, match="`before_call` is async"):
            face.model().chain("Go", tools=[delete], before_call=before)
        return
    chain = face.model().chain("Go", tools=[delete], before_call=before, after_call=after)
    await face.get(chain.text())
    assert seen == ["delete", "delete", "deleted a", "deleted b"]


async def test_a_cancelled_call(face: Face, box: Sandbox) -> None:
    def before(tool: Any, call: Any) -> None:
        if call.arguments["path"] == "a":
            raise llm.CancelToolCall("not that one")

    two(box)
    chain = face.model().chain("Go", tools=[delete], before_call=before)
    assert await face.get(chain.text()) == "Done."
    assert results(box) == ["Cancelled: not that one", "deleted b"]
    assert done == ["b"]


async def test_a_hook_that_fails(face: Face, box: Sandbox) -> None:
    def before(tool: Any, call: Any) -> None:
        if call.arguments["path"] == "b":
            raise RuntimeError("no")

    two(box)
    with pytest.raises(RuntimeError, match="no"):
        await face.get(face.model().chain("Go", tools=[delete], before_call=before).text())
    assert done == []


class Approval:
    """Stops the calls that nobody has approved."""

    def __init__(self) -> None:
        self.approved: set[str] = {"a"}

    def __call__(self, tool: Any, call: Any) -> None:
        if call.arguments["path"] not in self.approved:
            raise llm.PauseChain("ask")


async def test_a_pause(face: Face, box: Sandbox) -> None:
    two(box)
    approval = Approval()
    chain = face.model().chain("Go", tools=[delete], before_call=approval)
    for _ in range(2):
        with pytest.raises(llm.PauseChain, match="ask") as caught:
            await face.get(chain.text())
        pause = caught.value
        assert pause.tool_call is not None
        assert pause.tool_call.arguments == {"path": "b"}
        assert [result.output for result in pause.tool_results] == ["deleted a"]
        assert done == ["a"]
    approval.approved.add("b")
    assert await face.get(chain.text()) == "Done."
    assert results(box) == ["deleted a", "deleted b"]
    assert done == ["a", "b"]


async def test_going_on_after_a_pause_elsewhere(face: Face, box: Sandbox) -> None:
    two(box)
    chain = face.model().chain("Go", tools=[delete], before_call=Approval())
    with pytest.raises(llm.PauseChain) as caught:
        await face.get(chain.text())
    model = face.model("anthropic/claude-haiku-4-5")
    chain = model.chain(messages=caught.value.messages, tools=[delete])
    assert await face.get(chain.text()) == "Done."
    assert done == ["a", "b"]
    assert len(box.requests) == 2


async def test_a_conversation_is_resumed_in_another_process(face: Face, box: Sandbox) -> None:
    two(box)
    conversation = face.model().conversation(tools=[delete], before_call=Approval())
    with pytest.raises(llm.PauseChain):
        await face.get(conversation.chain("Go").text())
    data = json.loads(json.dumps(conversation.to_dict()))
    done.clear()
    conversation = face.conversation_type.from_dict(data, tools=[delete])
    assert await face.get(conversation.chain().text()) == "Done."
    assert done == ["a", "b"]  # what was not sent to the model yet is not in the conversation


async def test_a_tool_may_pause(face: Face, box: Sandbox) -> None:
    ready: list[bool] = []

    def wait(path: str) -> str:
        """Wait."""
        if not ready:
            raise llm.PauseChain
        return "ready"

    box.reply([ToolCall("wait", {"path": "x"}), ToolCall("delete", {"path": "a"})])
    box.reply("Done.")
    chain = face.model().chain("Go", tools=[wait, delete])
    with pytest.raises(llm.PauseChain):
        await face.items(chain)
    ready.append(True)
    assert "".join(await face.items(chain)) == "Done."
    assert done == ["a"]


@pytest.mark.parametrize("limit", [None, 3])
async def test_the_limit(face: Face, box: Sandbox, limit: int | None) -> None:
    box.reply_always(ToolCall("delete", {"path": "a"}))
    chain = face.model().chain("Go", tools=[delete], chain_limit=limit)
    with pytest.raises(ValueError, match=rf"^Chain limit of {limit or 10} exceeded\."):
        await face.get(chain.text())
    assert len(box.requests) == (limit or 10)
    assert len(done) == len(box.requests) - 1


async def test_no_limit(face: Face, box: Sandbox) -> None:
    box.reply(ToolCall("delete", {"path": "a"}), times=12)
    box.reply("Done.")
    chain = face.model().chain("Go", tools=[delete], chain_limit=0)
    assert await face.get(chain.text()) == "Done."


async def test_options_of_the_conversation(face: Face, box: Sandbox) -> None:
    seen: list[str] = []
    box.reply_always(ToolCall("delete", {"path": "a"}))
    conversation = face.model().conversation(
        tools=[delete], after_call=lambda *given: seen.append(given[2].output), chain_limit=2
    )
    with pytest.raises(llm.ChainLimitError, match="2"):
        await face.get(conversation.chain("Go").text())
    assert seen == ["deleted a"]
    with pytest.raises(llm.ChainLimitError, match="3"):
        await face.get(conversation.chain("Go", chain_limit=3).text())


async def test_hooks_of_a_function(face: Face, box: Sandbox) -> None:
    @llm.call("openai", "gpt-4o-mini", tools=[delete])
    @face.function
    def ask(question: str) -> Any:
        return question

    two(box)
    approval = Approval()
    chain = llm.chain(ask, before_call=approval)("Go")
    with pytest.raises(llm.PauseChain):
        await face.get(chain.text())
    approval.approved.add("b")
    assert await face.get(chain.text()) == "Done."
    with pytest.raises(TypeError, match=r"needs a function that `llm\.call` made"):
        llm.chain(delete)


async def test_what_tools_may_give(face: Face, box: Sandbox) -> None:
    def thing() -> object:
        """Give something odd."""
        return {"odd": Approval}

    def picture() -> llm.ToolOutput:
        """Give a picture."""
        return llm.ToolOutput("a picture", [llm.Attachment(content=PNG)])

    box.reply([ToolCall("thing", {}), ToolCall("picture", {})])
    box.reply("Done.")
    model = face.model("anthropic/claude-haiku-4-5")
    assert await face.get(model.chain("Go", tools=[thing, picture]).text()) == "Done."
    odd, shown = box.requests[-1].body["messages"][-1]["content"]
    assert "Approval" in str(odd["content"])
    assert [part["type"] for part in shown["content"]] == ["text", "image"]


async def test_a_space_between_turns(face: Face, box: Sandbox) -> None:
    call = ToolCall("delete", {"path": "a"})
    box.reply(Reply(text="One", tool_calls=[call]))
    box.reply(Reply(text="two ", tool_calls=[call]))
    box.reply("three")
    chain = face.model().chain("Go", tools=[delete])
    assert "".join(await face.items(chain)) == "One two three"
    assert await face.get(chain.text()) == "One two three"
