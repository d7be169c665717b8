// Does the TypeScript SDK v1 work against the server, unchanged?
//
// It is the strictest reader of `tools/list` and holds every `structuredContent` against its `outputSchema`.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

import { Tally } from "./common.mjs";
import { talk } from "./talk.mjs";

const tally = new Tally("typescript-v1");
const client = new Client({ name: "typescript-v1", version: "1.0.0" });
await talk(tally, "", client, StdioClientTransport);
tally.end();
