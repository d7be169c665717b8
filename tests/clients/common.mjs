// What do the clients written in JavaScript share? The server they start, what they ask it, and how they count.
//
// Every client asks the same things: what must work is one list here, how a client says it is the client's file.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

const root = process.env.PROJECT ?? fail("PROJECT, the folder of the checkout, is not set: run .ci/clients");

/** The server over the shipped recording. */
export const command = process.env.SERVER ?? fail("SERVER, the binary, is not set: run .ci/clients");
export const args = ["--import", `${root}/examples/recordings/bank.ndjson.gz`];

/** What `tools/list` must be. */
export const golden = JSON.parse(readFileSync(`${root}/tools.json`, "utf8")).tools;

/** What is asked beyond the examples; `python.py` reads it too. */
export const asked = JSON.parse(readFileSync(`${import.meta.dirname}/asked.json`, "utf8"));

export const sample = (name) => asked.samples[name] ?? fail(`no sample of ${name}: add one to asked.json`);

/** Required arguments of a listed prompt. */
export const promptArguments = (prompt) =>
  Object.fromEntries((prompt.arguments ?? []).filter((a) => a.required).map((a) => [a.name, sample(a.name)]));

/** A listed template as the URI of something in the recording. */
export const filled = (template) =>
  template.uriTemplate.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(sample(name)));

/** The call that a tool comes with. */
export const example = (tool) => tool._meta.example;

/** The arguments of a call of `asked.json`. */
export function given({ arguments: args, batch }) {
  const event = (_, i) => ({
    event_id: `client-${i}`,
    timestamp: -1_000_000 + i,
    event_type: "client_event",
    session_id: "clients",
    data: { note: "héllo ✓", deep: { list: [1, 2.5, null, true] } },
  });
  return batch ? { events: Array.from({ length: batch }, event) } : args;
}

/** Fails unless a structured answer says what was expected, key by key. */
export const says = (answer, expected) => Object.entries(expected).forEach(([key, value]) => same(answer[key], value));

/** How many different events the pages of a question hold, followed by their cursors to the end. */
export async function paged(call) {
  const seen = new Set();
  let cursor;
  do {
    const page = await call({ ...asked.paged.arguments, cursor });
    page.events.forEach((event) => seen.add(event.event_id));
    cursor = page.next_cursor;
  } while (cursor);
  return seen.size;
}

/** Counts what held. */
export class Tally {
  #name;
  #passed = 0;
  #failed = 0;

  constructor(name) {
    this.#name = name;
  }

  /** One thing that must hold: `claim` does not throw and does not give back false. Its value, if it held. */
  async check(label, claim) {
    try {
      const value = await claim();
      if (value === false) throw new Error("does not hold");
      this.#passed += 1;
      return value;
    } catch (error) {
      this.#failed += 1;
      console.error(`${this.#name}: ${label}: ${error?.message ?? error}`);
    }
  }

  /** Prints the line that CI counts, and leaves. */
  end() {
    console.log(`${this.#name}: ${this.#passed} passed, ${this.#failed} failed`);
    process.exit(this.#failed === 0 && this.#passed > 0 ? 0 : 1);
  }
}

/** Fails unless both are the same JSON. */
export function same(got, expected) {
  if (!isDeepStrictEqual(got, expected)) {
    throw new Error(`got ${JSON.stringify(got).slice(0, 200)}, expected ${JSON.stringify(expected).slice(0, 200)}`);
  }
}

/** Fails unless the result is an answer in both channels. */
export function answered(result) {
  if (result.isError) throw new Error(`refused: ${result.content[0].text}`);
  if (!result.content[0].text || typeof result.structuredContent !== "object") throw new Error("a channel is empty");
  return result.structuredContent;
}

/** Whether an error says that there is no such resource: -32602, or -32002 before 2026-07-28. */
export const noResource = (error) => error.code === -32602 || error.code === -32002;

/** Fails unless the result is a refusal that says `told`, in the text alone. */
export function refused(result, told) {
  const text = result.content[0].text;
  return result.isError === true && result.structuredContent === undefined && text.includes(told);
}

function fail(message) {
  throw new Error(message);
}
