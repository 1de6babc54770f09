"""A loopback server that speaks the providers' wire protocols: no key, no network, no cost.

    from mirascope.sandbox import sandbox

    with sandbox() as box:
        box.reply("The Name of the Wind")
        ...  # any call: the provider's real SDK, a real socket, this reply
        print(box.requests[0].body)

Without a script it answers by rule: with a tool call that fits the tool offered, with an instance
of the JSON schema asked for, or with a sentence. `python -m mirascope.sandbox` serves other
processes.
"""

from mirascope.sandbox._protocol import Reply, ToolCall, Usage
from mirascope.sandbox._requests import ReceivedRequest
from mirascope.sandbox._sandbox import Sandbox, sandbox

__all__ = ["ReceivedRequest", "Reply", "Sandbox", "ToolCall", "Usage", "sandbox"]
