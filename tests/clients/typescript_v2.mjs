// Does the TypeScript client v2 work against the server, unchanged, in every way it agrees on a protocol version?

import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

import { Tally } from "./common.mjs";
import { talk } from "./talk.mjs";

const tally = new Tally("typescript-v2");
for (const mode of ["legacy", "auto", { pin: "2026-07-28" }]) {
  const about = { name: "typescript-v2", version: "1.0.0" };
  const client = new Client(about, { versionNegotiation: { mode } });
  await talk(tally, `${mode.pin ?? mode}: `, client, StdioClientTransport);
}
tally.end();
