// What does a client of the TypeScript SDKs, v1 or v2, do with the server? Everything in `common.mjs`, over stdio.

import * as ask from "./common.mjs";

/** Starts the server under `client` and asks everything; `era` stands before each label. */
export async function talk(tally, era, client, StdioClientTransport) {
  const check = (label, claim) => tally.check(era + label, claim);
  const call = (name, args) => client.callTool({ name, arguments: args });
  const transport = new StdioClientTransport({ command: ask.command, args: ask.args, stderr: "ignore" });

  await check("connect", () => client.connect(transport));
  await check("server", () => client.getServerVersion().name === "elixir-scope-storage");
  await check("instructions", () => client.getInstructions().includes("Start with overview"));

  await check("tools/list", async () => ask.same(names(await client.listTools()), names({ tools: ask.golden })));
  for (const tool of ask.golden) {
    await check(`example of ${tool.name}`, async () => ask.answered(await call(tool.name, ask.example(tool))));
  }
  for (const asked of ask.asked.calls) {
    await check(`${asked.tool}, ${JSON.stringify(asked.says)}`, async () => {
      ask.says(ask.answered(await call(asked.tool, ask.given(asked))), asked.says);
    });
  }
  for (const { tool, arguments: args, told } of ask.asked.refusals) {
    await check(`refusal of ${JSON.stringify(args)}`, async () => ask.refused(await call(tool, args), told));
  }
  await check("unknown tool", () => call("nope", {}).then(() => false, (error) => error.code === -32602));
  await check("all pages", async () => {
    ask.same(await ask.paged(async (args) => ask.answered(await call("query_events", args))), ask.asked.paged.events);
  });
  await check("50 calls at once", async () => {
    const calls = Array.from({ length: 50 }, (_, n) => call("query_events", { limit: n }));
    const returned = (await Promise.all(calls)).map((result) => ask.answered(result).returned);
    ask.same(returned.filter((count, n) => count > n), []);
  });

  const { resources, prompts, completions } = client.getServerCapabilities();
  if (resources) await talkOfResources(check, client);
  if (prompts) await talkOfPrompts(check, client);
  if (completions) await talkOfCompletions(check, client);

  await check("close", () => client.close());
}

const names = (list) => list.tools.map((tool) => tool.name);

async function talkOfResources(check, client) {
  const listed = (await check("resources/list", () => client.listResources()))?.resources ?? [];
  const templates = (await check("templates/list", () => client.listResourceTemplates()))?.resourceTemplates ?? [];
  await check("something to read", () => listed.length > 0 && templates.length > 0);
  for (const uri of [...listed.map((resource) => resource.uri), ...templates.map(ask.filled)]) {
    await check(`read ${uri}`, async () => {
      new URL(uri);
      return (await client.readResource({ uri })).contents[0].text.length > 0;
    });
  }
  const missing = { uri: "elixirscope://nothing" };
  await check("unknown resource", () => client.readResource(missing).then(() => false, ask.noResource));
}

async function talkOfPrompts(check, client) {
  const listed = (await check("prompts/list", () => client.listPrompts()))?.prompts ?? [];
  await check("something to prompt with", () => listed.length > 0);
  for (const prompt of listed) {
    await check(`prompt ${prompt.name}`, async () => {
      const got = await client.getPrompt({ name: prompt.name, arguments: ask.promptArguments(prompt) });
      return got.messages[0].content.text.length > 0;
    });
  }
}

async function talkOfCompletions(check, client) {
  const { resourceTemplates } = await client.listResourceTemplates();
  const withPid = resourceTemplates.find((template) => template.uriTemplate.includes("{pid}"));
  await check("completion of a pid", async () => {
    const ref = { type: "ref/resource", uri: withPid.uriTemplate };
    const { completion } = await client.complete({ ref, argument: { name: "pid", value: "0.12" } });
    return completion.values.length > 0 && completion.values.every((value) => value.includes("0.12"));
  });
}
