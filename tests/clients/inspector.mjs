// Does the MCP Inspector's command line work against the server, and does its schema lint find nothing?
//
// One process per question, in each protocol era. With `--strict` the lint must report no error and no warning.

import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";

import * as ask from "./common.mjs";

const ERAS = { legacy: /^20(24|25)-/, auto: /^2026-07-28$/, modern: /^2026-07-28$/ };
const run = promisify(execFile);
const tally = new ask.Tally("inspector");

/** Asks one question of a fresh server; both outputs, and the exit code. */
async function inspect(era, method, ...more) {
  const inspector = ["node_modules/.bin/mcp-inspector", "--cli", ask.command, ...ask.args];
  const question = ["--protocol-era", era, "--method", method, ...more];
  const options = { maxBuffer: 64 << 20, cwd: import.meta.dirname };
  return run(process.execPath, [...inspector, ...question], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

/** The answer to a question that must work. */
async function answer(era, method, ...more) {
  const { code, stdout, stderr } = await inspect(era, method, ...more);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr.slice(-500)}`);
  return JSON.parse(stdout);
}

const callOf = (name, args) => ["tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args)];

/** Claims about one era, each with its label. */
async function claims(era) {
  const list = [];
  const claim = (label, holds) => list.push([`${era}: ${label}`, holds]);
  const about = await answer(era, "initialize");

  claim("initialize", () => about.serverInfo.name === "elixir-scope-storage" && about.instructions.length > 500);
  claim("protocol version", () => ERAS[era].test(about.protocolVersion));
  claim("tools/list --strict", async () => {
    const { code, stdout, stderr } = await inspect(era, "tools/list", "--strict");
    ask.same(JSON.parse(stdout).tools, ask.golden);
    if (code !== 0 || /error|warning|portab/i.test(stderr)) throw new Error(`exit code ${code}: ${stderr}`);
  });
  // Each call meets a fresh server: what is not in the recording is not there.
  for (const tool of ask.golden) {
    const absent = ask.asked.absent_before_it_is_stored[tool.name];
    claim(`example of ${tool.name}`, async () => {
      const call = callOf(tool.name, ask.example(tool));
      if (!absent) return void ask.answered(await answer(era, ...call));
      const { code, stdout } = await inspect(era, ...call);
      return code === 5 && ask.refused(JSON.parse(stdout), absent);
    });
  }
  claim("unknown tool", async () => (await inspect(era, ...callOf("nope", {}))).code !== 0);

  if (about.capabilities.resources) {
    const { resources } = await answer(era, "resources/list");
    const { resourceTemplates } = await answer(era, "resources/templates/list");
    claim("something to read", () => resources.length > 0 && resourceTemplates.length > 0);
    for (const uri of [...resources.map((resource) => resource.uri), ...resourceTemplates.map(ask.filled)]) {
      const read = async () => (await answer(era, "resources/read", "--uri", uri)).contents[0].text.length > 0;
      claim(`read ${uri}`, read);
    }
  }
  if (about.capabilities.prompts) {
    const { prompts } = await answer(era, "prompts/list");
    claim("something to prompt with", () => prompts.length > 0);
    for (const prompt of prompts) {
      const given = Object.entries(ask.promptArguments(prompt)).map(([name, value]) => `${name}=${value}`);
      const more = given.length > 0 ? ["--prompt-args", ...given] : [];
      claim(`prompt ${prompt.name}`, async () => {
        const got = await answer(era, "prompts/get", "--prompt-name", prompt.name, ...more);
        return got.messages[0].content.text.length > 0;
      });
    }
  }
  return list;
}

const waiting = (await Promise.all(Object.keys(ERAS).map((era) => tally.check(era, () => claims(era))))).flat();
async function work() {
  for (let next = waiting.shift(); next; next = waiting.shift()) await tally.check(...next);
}
await Promise.all(Array.from({ length: availableParallelism() }, work));
tally.end();
