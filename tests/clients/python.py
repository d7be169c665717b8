"""Does the Python SDK work against the server, unchanged, in every way it agrees on a protocol version?

It holds every structured answer against the tool's output schema (`jsonschema`), strictly.
"""

import asyncio
import json
import os
import pathlib
import re
import sys
from urllib.parse import quote

from mcp import Client, MCPError, StdioServerParameters
from mcp.types import ResourceTemplateReference

PROJECT = pathlib.Path(os.environ["PROJECT"])
GOLDEN = json.loads((PROJECT / "tools.json").read_text())["tools"]
ASKED = json.loads((pathlib.Path(__file__).parent / "asked.json").read_text())
SERVER = StdioServerParameters(
    command=os.environ["SERVER"],
    args=["--import", str(PROJECT / "examples/recordings/bank.ndjson.gz")],
)
MODES = ["legacy", "auto", "2026-07-28"]


class Tally:
    """Counts what held."""

    def __init__(self):
        self.passed = self.failed = 0
        self.mode = ""

    async def check(self, label, claim):
        """One thing that must hold: `claim` does not raise and does not give back False. Its value, if it held."""
        try:
            value = await claim
            if value is False:
                raise AssertionError("does not hold")
            self.passed += 1
            return value
        except Exception as error:  # whatever a client stumbles over is a failure of this one claim
            self.failed += 1
            print(f"python: {self.mode}: {label}: {error!r}"[:600], file=sys.stderr)


def example(tool):
    """The call that a tool comes with."""
    return tool["_meta"]["example"]


def given(asked):
    """The arguments of a call of asked.json."""
    if "batch" not in asked:
        return asked["arguments"]
    data = {"note": "h\u00e9llo \u2713", "deep": {"list": [1, 2.5, None, True]}}
    event = {"event_type": "client_event", "session_id": "clients", "data": data}
    own = lambda n: {"event_id": f"client-{n}", "timestamp": -1_000_000 + n}
    return {"events": [event | own(n) for n in range(asked["batch"])]}


async def answered(client, tool, arguments):
    """The structured content of a call that must work."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    assert result.content[0].text
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def says(client, asked):
    answer = await answered(client, asked["tool"], given(asked))
    for key, value in asked["says"].items():
        assert answer[key] == value, (key, answer[key])


async def refused(client, asked):
    result = await client.call_tool(asked["tool"], asked["arguments"])
    told = result.content[0].text
    return result.is_error and result.structured_content is None and asked["told"] in told


async def fails(request, *codes):
    """Whether a request is answered by a protocol error with one of these codes."""
    try:
        await request
    except MCPError as error:
        return error.error.code in codes
    return False


async def all_pages(client):
    seen, cursor = set(), None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = await answered(client, "query_events", ASKED["paged"]["arguments"] | more)
        seen |= {event["event_id"] for event in page["events"]}
        cursor = page.get("next_cursor")
        if not cursor:
            return len(seen) == ASKED["paged"]["events"]


async def listed(client):
    tools = (await client.list_tools()).tools
    return [tool.name for tool in tools] == [tool["name"] for tool in GOLDEN]


async def digits_survive(client):
    """Python keeps all digits of a nanosecond timestamp."""
    event = await answered(client, "get_event_by_id", {"event_id": "evt-1882"})
    return event["timestamp"] == -576460751549549418


async def talk(tally, client):
    check = tally.check
    await check("tools/list", listed(client))
    for tool in GOLDEN:
        await check(f"example of {tool['name']}", answered(client, tool["name"], example(tool)))
    for asked in ASKED["calls"]:
        await check(f"{asked['tool']}, {asked['says']}", says(client, asked))
    for asked in ASKED["refusals"]:
        await check(f"refusal of {asked['arguments']}", refused(client, asked))
    await check("unknown tool", fails(client.call_tool("nope", {}), -32602))
    await check("all pages", all_pages(client))
    await check("all digits of a timestamp", digits_survive(client))
    if client.server_capabilities.resources:
        await talk_of_resources(check, client)
    if client.server_capabilities.prompts:
        await talk_of_prompts(check, client)
    if client.server_capabilities.completions:
        await check("completion of a pid", completes(client))


async def read(client, uri):
    return len((await client.read_resource(uri)).contents[0].text) > 0


async def talk_of_resources(check, client):
    uris = [str(resource.uri) for resource in (await client.list_resources()).resources]
    templates = (await client.list_resource_templates()).resource_templates
    for template in templates:
        fill = lambda variable: quote(ASKED["samples"][variable[1]], safe="")
        uris.append(re.sub(r"\{(\w+)\}", fill, template.uri_template))
    assert templates and len(uris) > len(templates), "something to read"
    for uri in uris:
        await check(f"read {uri}", read(client, uri))
    await check("unknown resource", fails(read(client, "elixirscope://nothing"), -32602, -32002))


async def prompted(client, prompt):
    required = [argument.name for argument in prompt.arguments or [] if argument.required]
    got = await client.get_prompt(prompt.name, {name: ASKED["samples"][name] for name in required})
    return len(got.messages[0].content.text) > 0


async def talk_of_prompts(check, client):
    prompts = (await client.list_prompts()).prompts
    assert prompts, "something to prompt with"
    for prompt in prompts:
        await check(f"prompt {prompt.name}", prompted(client, prompt))


async def completes(client):
    templates = (await client.list_resource_templates()).resource_templates
    template = next(template for template in templates if "{pid}" in template.uri_template)
    ref = ResourceTemplateReference(type="ref/resource", uri=template.uri_template)
    values = (await client.complete(ref, {"name": "pid", "value": "0.12"})).completion.values
    return bool(values) and all("0.12" in value for value in values)


async def session(mode, tally):
    async with Client(SERVER, mode=mode) as client:
        await talk(tally, client)


async def main():
    tally = Tally()
    for mode in MODES:
        tally.mode = mode
        await tally.check("the whole session", session(mode, tally))
    print(f"python: {tally.passed} passed, {tally.failed} failed")
    sys.exit(tally.failed > 0 or tally.passed == 0)


asyncio.run(main())
