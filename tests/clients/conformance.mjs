// Does the server pass the official conformance suite, in both eras of the protocol?
//
// The suite speaks HTTP. It asks the example `conformance`: the real handler beside the tools, resources and prompts
// that the suite expects of any server. A scenario passes when none of its checks fails or warns; those that do not
// pass stand in conformance.yml with a reason, and one that stands there must not pass.

import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { parse } from "yaml";

import { Tally } from "./common.mjs";

const REVISIONS = ["2025-11-25", "2026-07-28"];
const here = import.meta.dirname;
const expected = new Set(parse(readFileSync(`${here}/conformance.yml`, "utf8")).server);
const tally = new Tally("conformance");

/** The suite's own folders are named `server-SCENARIO-TIME`. */
const scenarioOf = (folder) => folder.replace(/^server-/, "").replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, "");

/** Runs what a revision of the protocol requires of the server at `url`; the checks of each scenario. */
async function run(url, revision) {
  const results = mkdtempSync(`${tmpdir()}/conformance-`);
  const args = [`${here}/node_modules/.bin/conformance`, "server", "--url", url];
  const ended = new Promise((resolve) => {
    const options = { maxBuffer: 64 << 20 };
    execFile(process.execPath, [...args, "--requirements", revision, "-o", results], options, (...all) => resolve(all));
  });
  const [, stdout, stderr] = await ended;
  const read = (folder) => [scenarioOf(folder), JSON.parse(readFileSync(`${results}/${folder}/checks.json`, "utf8"))];
  const scenarios = new Map(readdirSync(results).map(read));
  rmSync(results, { recursive: true });
  // The exit code says that something failed, which the checks say better; without checks it is all there is.
  if (scenarios.size === 0) throw new Error(`the suite did not run: ${stdout.slice(-500)} ${stderr.slice(-500)}`);
  return scenarios;
}

/** Counts the scenarios of one run. */
async function judge(revision, scenarios) {
  for (const [scenario, checks] of scenarios) {
    const wrong = checks.filter((check) => check.status === "FAILURE" || check.status === "WARNING");
    if (wrong.length === 0 && !checks.some((check) => check.status === "SUCCESS")) {
      console.error(`conformance: ${revision} ${scenario}: nothing in it applies`);
    } else if (wrong.length > 0 && expected.has(scenario)) {
      console.error(`conformance: ${revision} ${scenario}: does not pass, as conformance.yml says`);
    } else {
      await tally.check(`${revision} ${scenario}`, () => {
        if (expected.has(scenario)) throw new Error("passes: take it out of conformance.yml");
        const told = wrong.map((check) => `\n    ${check.id}: ${check.errorMessage}`);
        if (told.length > 0) throw new Error(told.join("").slice(0, 2_000));
      });
    }
  }
}

const server = spawn(process.env.CONFORMANCE, { stdio: ["pipe", "pipe", "inherit"] });
const [url] = await new Promise((resolve) => createInterface(server.stdout).once("line", (line) => resolve([line])));
for (const revision of REVISIONS) {
  const scenarios = await tally.check(`${revision}: the suite runs`, () => run(url, revision));
  if (scenarios) await judge(revision, scenarios);
}
server.stdin.end();
tally.end();
